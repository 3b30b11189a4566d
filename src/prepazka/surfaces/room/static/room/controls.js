// The row of buttons under the pictures, and the keys that press them.
import { announce, notice } from "./view.js";

const $ = (id) => document.getElementById(id);
const KEYS = "room-keys"; // whether single keys work, as this browser remembers

export class Controls {
  constructor(meeting, words) {
    Object.assign(this, { meeting, words, hand: false });
    const does = {
      microphone: () => this.flip("microphone"), camera: () => this.flip("camera"),
      share: () => this.share(), hand: () => meeting.step("ruka", { up: this.hand ? "" : "1" }),
      end: () => meeting.end(),
    };
    for (const [name, act] of Object.entries(does)) $(name)?.addEventListener("click", act);
    if (!navigator.mediaDevices?.getDisplayMedia) $("share").hidden = true; // telephones cannot
    $("keys").checked = localStorage.getItem(KEYS) !== "off";
    $("keys").addEventListener("change", () => {
      localStorage.setItem(KEYS, $("keys").checked ? "on" : "off");
      this.draw();
    });
    addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (document.body.dataset.at !== "room" || !$("keys").checked || typing) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const wanted = event.key.toLowerCase();
    const button = document.querySelector(`[data-stage="room"] [data-key="${CSS.escape(wanted)}"]`);
    if (!button || button.closest("[hidden]")) return;
    event.preventDefault();
    if (button.matches("input, textarea")) button.focus();
    else button.click();
  }

  async flip(name) {
    const { devices } = this.meeting;
    const kind = name === "camera" ? "video" : "audio";
    const on = !devices.has(kind);
    const got = await devices[name](on);
    this.draw();
    if (on && !got) notice(this.words[name === "camera" ? "no_camera" : "no_microphone"]);
  }

  async share() {
    const { devices } = this.meeting;
    try {
      if (devices.has("screen")) devices.put("screen", null);
      else await devices.share();
    } catch { /* the person chose nothing */ }
    this.draw();
  }

  async silenced() {
    await this.meeting.devices.microphone(false);
    this.draw();
    notice(this.words.muted, "primary");
    announce(this.words.muted);
  }

  draw() {
    const { devices } = this.meeting;
    this.mark("microphone", devices.has("audio"), "mute_off", "mute_on");
    this.mark("camera", devices.has("video"), "camera_off", "camera_on");
    this.mark("share", devices.has("screen"), "share_off", "share_on");
    this.mark("hand", this.hand, "hand_off", "hand_on");
    document.body.toggleAttribute("data-keys", $("keys").checked);
  }

  mark(name, on, off_word, on_word) {
    const button = $(name);
    button.dataset.on = on;
    button.querySelector("[data-word]").textContent = this.words[on ? off_word : on_word];
  }
}
