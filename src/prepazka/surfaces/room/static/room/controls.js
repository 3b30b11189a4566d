// The row of buttons under the pictures, and the keys that press them.
import { announce, notice } from "./view.js";

const $ = (id) => document.getElementById(id);
const KEYS = "room-keys"; // storage key: whether single-key shortcuts are on in this browser

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
    if (event.key === "Escape" && event.target.id === "chat-text") { this.back(); return; }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (document.body.dataset.at !== "room" || !$("keys").checked || typing) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const wanted = event.key.toLowerCase();
    const button = document.querySelector(`[data-stage="room"] [data-key="${CSS.escape(wanted)}"]`);
    if (!button || button.closest("[hidden]")) return;
    event.preventDefault();
    if (button.matches("input, textarea")) { this.before = document.activeElement; button.focus(); return; }
    button.click();
    if (button.matches("summary")) button.focus(); // so that screen readers announce its name and state
  }

  // Returns the focus from the chat to where it was before.
  back() {
    const place = this.before?.matches(":not(body)") && this.before.isConnected ? this.before : null;
    (place ?? document.querySelector('[data-stage="room"] [data-title]')).focus();
  }

  raised(hand) {
    if (hand !== this.hand) announce(this.words[hand ? "hand_is_up" : "hand_is_down"]);
    this.hand = hand;
  }

  async flip(name) {
    const { devices } = this.meeting;
    const kind = name === "camera" ? "video" : "audio";
    const on = !devices.has(kind);
    const got = await devices[name](on);
    this.draw();
    if (on && !got) notice(this.words[name === "camera" ? "no_camera" : "no_microphone"]);
    else announce(this.words[`${name}_is_${on ? "on" : "off"}`]);
  }

  async share() {
    const { devices } = this.meeting;
    try {
      if (devices.has("screen")) devices.put("screen", null);
      else await devices.share();
      announce(this.words[devices.has("screen") ? "share_is_on" : "share_is_off"]);
    } catch { /* the person chose nothing */ }
    this.draw();
  }

  async silenced() {
    await this.meeting.devices.microphone(false);
    this.draw();
    notice(this.words.muted, "primary");
  }

  draw() {
    const { devices } = this.meeting;
    this.mark("microphone", devices.has("audio"), "mute_off", "mute_on");
    this.mark("camera", devices.has("video"), "camera_off", "camera_on");
    this.mark("share", devices.has("screen"), "share_off", "share_on");
    this.mark("hand", this.hand, "hand_off", "hand_on");
    const keys = $("keys").checked;
    document.body.toggleAttribute("data-keys", keys);
    for (const control of document.querySelectorAll('[data-stage="room"] [data-key]')) control.ariaKeyShortcuts = keys ? control.dataset.key.toUpperCase() : null;
  }

  mark(name, on, off_word, on_word) {
    const button = $(name);
    button.dataset.on = on;
    button.querySelector("[data-word]").textContent = this.words[on ? off_word : on_word];
  }
}
