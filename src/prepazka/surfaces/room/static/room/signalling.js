// The connection to the server: an event stream that resumes where it was interrupted, and an outbox.
// Events: "state" (who is inside), "signal" (from, kind, body), "over" (reason),
// "stale" (the seat must be taken anew), "connected" (true or false).
const STALL = 25000; // ms; the stream sends something every 10 s
const PULSE = 15000;
const ANEW = 60000; // ms of silence after which a new seat is taken and all connections are made again
const FLUSH = 20;
const MOST = 64;

export class Line extends EventTarget {
  constructor({ credential, after }) {
    super();
    this.credential = credential;
    this.last = after;
    this.outbox = [];
    this.lastHeard = Date.now();
    this.open = true;
    this.connected = null;
    this.wake = () => {};
    this.hurry = () => { this.wake(); this.pulse(); };
    addEventListener("online", this.hurry);
    this.pulses = setInterval(() => this.pulse(), PULSE);
    this.read();
  }

  close() {
    this.open = false;
    clearInterval(this.pulses);
    removeEventListener("online", this.hurry);
    this.abort?.abort();
    this.wake();
  }

  say(name, detail) {
    if (this.open) this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  mark(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.say("connected", connected);
  }

  ask(what, options = {}) {
    return fetch(`/zive/schuzka/${what}`, {
      cache: "no-store", credentials: "omit", ...options,
      headers: { Authorization: `Bearer ${this.credential}`, ...options.headers },
    });
  }

  pause(ms) {
    return new Promise((done) => { this.wake = done; setTimeout(done, ms); });
  }

  async read() {
    let tries = 0;
    while (this.open) {
      if (Date.now() - this.lastHeard > ANEW) { this.say("stale"); return; }
      try {
        this.abort = new AbortController();
        const answer = await this.ask("proud", {
          headers: { "Last-Event-ID": String(this.last) }, signal: this.abort.signal,
        });
        if (answer.status === 401) { this.say("stale"); return; }
        if (answer.ok) { tries = 0; await this.listen(answer.body.getReader()); }
      } catch { /* the network; we try again below */ }
      if (!this.open) return;
      this.mark(false);
      await this.pause(Math.min(500 * 2 ** tries++, 5000) * (0.7 + Math.random() * 0.6));
    }
  }

  async listen(reader) {
    const decoder = new TextDecoder();
    const stalled = () => this.abort.abort();
    let rest = "";
    let timer = setTimeout(stalled, STALL);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(stalled, STALL);
        this.lastHeard = Date.now();
        this.mark(true);
        const frames = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = frames.pop();
        for (const frame of frames) this.take(frame);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  take(frame) {
    const fields = Object.fromEntries(frame.split("\n").map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    }));
    if (fields.id) this.last = Number(fields.id);
    if (fields.event !== "alive") this.say(fields.event, JSON.parse(fields.data));
  }

  async pulse() {
    try {
      const answer = await this.ask("tep", { method: "POST", signal: AbortSignal.timeout(8000) });
      if (answer.ok) this.credential = (await answer.json()).credential;
      if (answer.status === 401) this.say("stale");
    } catch { /* the stream notices a lost network */ }
  }

  send(kind, body, to) {
    this.outbox.push({ at: Date.now(), signal: to ? { kind, body, to } : { kind, body } });
    if (!this.flushing) this.flushing = setTimeout(() => this.flush(), FLUSH);
  }

  async flush() {
    while (this.outbox.length && this.open) {
      const part = this.outbox.slice(0, MOST);
      if (await this.post(part.map((entry) => entry.signal))) this.outbox.splice(0, part.length);
      else await new Promise((done) => setTimeout(done, 1000));
      this.outbox = this.outbox.filter((entry) => Date.now() - entry.at < ANEW);
    }
    this.flushing = 0;
  }

  // Whether the request is settled: refusals are final and not repeated.
  async post(signals) {
    try {
      const answer = await this.ask("signaly", {
        method: "POST", body: JSON.stringify({ signals }), signal: AbortSignal.timeout(8000),
      });
      return answer.status < 500 && answer.status !== 429;
    } catch {
      return false;
    }
  }
}
