// The camera, the microphone and the screen of this browser.
// Events: "changed" (kind: audio, video, screen; track or null), "ended" (of a screen).
const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Devices extends EventTarget {
  constructor() {
    super();
    this.tracks = { audio: null, video: null, screen: null };
    this.chosen = { audio: "", video: "", output: "" };
    this.refused = {};
    this.wanted = { audio: true, video: true };
  }

  // Requests both at once, so that the browser asks once; if that fails, each of them alone.
  async open() {
    const media = navigator.mediaDevices;
    if (!media?.getUserMedia) {
      this.refused = { audio: "NotSupported", video: "NotSupported" };
      return;
    }
    try {
      const stream = await media.getUserMedia({ audio: this.wish("audio"), video: this.wish("video") });
      for (const track of stream.getTracks()) this.put(track.kind, track);
      this.refused = {};
    } catch {
      await this.get("audio");
      await this.get("video");
    }
  }

  wish(kind) {
    const id = this.chosen[kind];
    return { ...(kind === "audio" ? AUDIO : VIDEO), ...(id ? { deviceId: { exact: id } } : {}) };
  }

  async get(kind) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: this.wish(kind) });
      this.put(kind, stream.getTracks()[0]);
      delete this.refused[kind];
    } catch (fault) {
      this.refused[kind] = fault.name;
      this.put(kind, null);
    }
  }

  put(kind, track) {
    const old = this.tracks[kind];
    if (old && old !== track) { old.onended = null; old.stop(); }
    this.tracks[kind] = track;
    if (track) {
      if (kind === "audio") track.enabled = this.wanted.audio;
      track.onended = () => { // unplugged, or the sharing was stopped in the browser's own bar
        this.put(kind, null);
        this.dispatchEvent(new CustomEvent("ended", { detail: kind }));
      };
    }
    this.dispatchEvent(new CustomEvent("changed", { detail: { kind, track } }));
  }

  async choose(kind, id) {
    this.chosen[kind] = id;
    if (kind === "output" || !this.wanted[kind]) return;
    await this.get(kind);
  }

  async list() {
    const all = await navigator.mediaDevices?.enumerateDevices?.() ?? [];
    const of = (kind) => all.filter((device) => device.kind === kind && device.deviceId);
    return { audio: of("audioinput"), video: of("videoinput"), output: of("audiooutput") };
  }

  // A muted microphone stays open, so that it can be turned on again at once.
  async microphone(on) {
    this.wanted.audio = on;
    if (on && !this.tracks.audio) await this.get("audio");
    else if (this.tracks.audio) this.put("audio", this.tracks.audio);
    return this.has("audio");
  }

  // The camera is released, so that its light goes out.
  async camera(on) {
    this.wanted.video = on;
    if (on) await this.get("video");
    else this.put("video", null);
    return this.has("video");
  }

  has(kind) {
    const track = this.tracks[kind];
    return Boolean(track && track.readyState === "live" && (kind !== "audio" || this.wanted.audio));
  }

  async share() {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 10, max: 15 } }, audio: false,
    });
    const track = stream.getVideoTracks()[0];
    track.contentHint = "detail";
    this.put("screen", track);
  }

  close() {
    for (const kind of Object.keys(this.tracks)) this.put(kind, null);
  }
}

// Calls `show` with a level from 0 to 1 while the track lives; returns what ends it.
export function meter(track, show) {
  if (!track) { show(0); return () => {}; }
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    show(Math.min(1, Math.sqrt(power) * 4));
  }, 100);
  return () => { clearInterval(timer); context.close(); };
}

// Two tones through the chosen speaker.
export async function testSound(output) {
  const context = new AudioContext();
  if (output && context.setSinkId) await context.setSinkId(output).catch(() => {});
  await context.resume();
  const gain = context.createGain();
  gain.gain.value = 0.2;
  gain.connect(context.destination);
  [523, 659].forEach((frequency, at) => {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(gain);
    tone.start(context.currentTime + at * 0.4);
    tone.stop(context.currentTime + at * 0.4 + 0.35);
  });
  setTimeout(() => context.close(), 1500);
}
