// Before the room: choose the camera and the microphone, see oneself, hear a sound.
import { meter, testSound } from "./devices.js";
import { announce } from "./view.js";

const $ = (id) => document.getElementById(id);

export class Check {
  constructor(devices, words) {
    Object.assign(this, { devices, words, stop: () => {} });
    $("check").hidden = false; // hidden in the page, because it needs scripts
    $("ask").addEventListener("click", () => this.tried());
    $("sound").addEventListener("click", () => testSound($("output").value));
    for (const select of document.querySelectorAll("select[data-device]")) {
      select.addEventListener("change", () => this.choose(select.dataset.device, select.value));
    }
    devices.addEventListener("changed", ({ detail }) => this.seen(detail));
    devices.addEventListener("ended", () => this.fill());
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.fill());
  }

  // Starts by itself if the person has given permission before.
  async beginIfPermitted() {
    const permissions = await Promise.all(["camera", "microphone"].map((name) =>
      navigator.permissions?.query({ name }).catch(() => null)));
    if (permissions.some((permission) => permission?.state === "granted")) await this.begin();
  }

  // After a press: announces the outcome, and moves the focus if the button has disappeared.
  async tried() {
    await this.begin();
    if ($("devices-problem").hidden) announce(this.words.devices_work);
    if (document.activeElement === document.body) ($("ask").hidden ? $("sound") : $("ask")).focus();
  }

  async begin() {
    if (this.begun) return this.begun;
    $("ask").disabled = true;
    this.begun = this.devices.open();
    await this.begun;
    this.begun = null;
    $("ask").disabled = false;
    $("chosen").hidden = false;
    $("ask").hidden = !Object.keys(this.devices.refused).length;
    await this.fill();
    this.problem();
  }

  problem() {
    const { audio, video } = this.devices.refused;
    const box = $("devices-problem");
    box.hidden = !(audio || video);
    if (box.hidden) return;
    const what = audio && video ? "no_devices" : audio ? "no_microphone" : "no_camera";
    const reason = audio ?? video;
    const how = reason === "NotAllowedError" ? this.words.denied : reason === "NotReadableError" ? this.words.busy : "";
    box.textContent = `${this.words[what]} ${how}`;
  }

  async fill() {
    const devices = await this.devices.list();
    for (const select of document.querySelectorAll("select[data-device]")) {
      const kind = select.dataset.device;
      const now = this.devices.chosen[kind] || this.devices.tracks[kind]?.getSettings().deviceId || "";
      select.replaceChildren(...devices[kind].map((device, at) =>
        new Option(device.label || `${select.dataset.word} ${at + 1}`, device.deviceId, false, device.deviceId === now)));
      select.closest("[data-choice]").hidden = devices[kind].length < (kind === "output" ? 1 : 2);
    }
  }

  async choose(kind, id) {
    await this.devices.choose(kind, id);
    for (const select of document.querySelectorAll(`select[data-device="${kind}"]`)) select.value = id;
    if (kind === "output") this.devices.dispatchEvent(new CustomEvent("output", { detail: id }));
    this.problem();
  }

  seen({ kind, track }) {
    if (kind === "video") {
      const video = $("preview");
      video.srcObject = track ? new MediaStream([track]) : null;
      $("preview-box").dataset.picture = Boolean(track);
    }
    if (kind === "audio") {
      this.stop();
      this.stop = meter(track, (level) => { $("level").value = level; });
    }
  }

  close() {
    this.stop();
    this.stop = () => {};
  }
}
