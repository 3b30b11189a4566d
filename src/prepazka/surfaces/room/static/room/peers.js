// A mesh of peer connections. In each pair the participant whose seat sorts later makes the first offer,
// with three lines in a fixed order (sound, camera, screen). Later only tracks are replaced, so that
// only the connection's path is negotiated again (perfect negotiation, ICE restarts).
// Events: "track" (seat, kind, track), "state" (seat, state), "gone" (seat).
const KINDS = ["audio", "video", "screen"];
const LATE = 15000; // ms without a connection after which the person is told
const DISCONNECTED = 3000; // ms; a shorter interruption may end by itself
const AGAIN = 8000; // ms between ICE restarts

export class Mesh extends EventTarget {
  constructor({ line, devices, seat, ice, policy }) {
    super();
    Object.assign(this, { line, devices, seat, peers: new Map() });
    this.config = { iceServers: ice, iceTransportPolicy: policy, bundlePolicy: "max-bundle" };
    this.changed = (event) => {
      for (const peer of this.peers.values()) peer.replace(event.detail.kind, event.detail.track);
    };
    devices.addEventListener("changed", this.changed);
    this.restart = () => { for (const peer of this.peers.values()) peer.restart(true); };
    addEventListener("online", this.restart);
  }

  close() {
    this.devices.removeEventListener("changed", this.changed);
    removeEventListener("online", this.restart);
    for (const seat of [...this.peers.keys()]) this.drop(seat);
  }

  // Takes the server's list of people inside; returns the new seats.
  update(people) {
    const there = new Map(people.filter((person) => person.seat !== this.seat).map((person) => [person.seat, person]));
    for (const seat of [...this.peers.keys()]) if (!there.has(seat)) this.drop(seat);
    const fresh = [...there.keys()].filter((seat) => !this.knownSeats?.has(seat));
    this.knownSeats = new Set(there.keys());
    for (const [seat, person] of there) {
      // People away for long return with another seat, so no reconnection is tried until then.
      if (person.here) this.peer(seat).here = true;
      else if (this.peers.has(seat)) this.peers.get(seat).here = false;
    }
    return fresh;
  }

  peer(seat) {
    if (!this.peers.has(seat)) this.peers.set(seat, new Peer(this, seat));
    return this.peers.get(seat);
  }

  drop(seat) {
    this.peers.get(seat)?.close();
    this.peers.delete(seat);
    this.say("gone", { seat });
  }

  take(from, kind, body) {
    this.peer(from).take(kind, body);
  }

  say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // The loudest participant now; null if nobody speaks.
  loudest() {
    let [best, level] = [null, 0.02];
    for (const [seat, peer] of this.peers) {
      const volume = peer.level();
      if (volume > level) [best, level] = [seat, volume];
    }
    return best;
  }
}

class Peer {
  constructor(mesh, seat) {
    Object.assign(this, { mesh, seat, polite: mesh.seat < seat, here: true });
    this.work = Promise.resolve();
    this.pc = new RTCPeerConnection(mesh.config);
    this.pc.onicecandidate = ({ candidate }) => candidate && this.send("ice", candidate.toJSON());
    this.pc.onnegotiationneeded = () => this.offer();
    this.pc.oniceconnectionstatechange = () => this.watch();
    this.pc.ontrack = ({ transceiver, track }) => {
      const kind = KINDS[this.pc.getTransceivers().indexOf(transceiver)];
      mesh.say("track", { seat, kind, track });
    };
    this.late = setTimeout(() => this.say("late"), LATE);
    this.say("connecting");
    if (!this.polite) {
      for (const kind of KINDS) {
        const transceiver = this.pc.addTransceiver(kind === "audio" ? "audio" : "video", { direction: "sendrecv" });
        transceiver.sender.replaceTrack(mesh.devices.tracks[kind]);
      }
    }
  }

  send(kind, body) {
    this.mesh.line.send(kind, body, this.seat);
  }

  say(state) {
    this.mesh.say("state", { seat: this.seat, state });
  }

  async offer() {
    if (this.polite && !this.pc.remoteDescription) return; // the other side makes the first offer
    try {
      this.making = true;
      await this.pc.setLocalDescription();
      this.send("sdp", this.pc.localDescription.toJSON());
    } catch (fault) {
      if (this.pc.signalingState !== "closed") console.warn("offer", fault);
    } finally {
      this.making = false;
    }
  }

  // Handled in order, because a candidate must not be processed before its description.
  take(kind, body) {
    this.work = this.work.then(() => (kind === "sdp" ? this.described(body) : this.candidate(body)))
      .catch((fault) => { if (this.pc.signalingState !== "closed") console.warn(kind, fault); });
  }

  async described(description) {
    const collision = description.type === "offer" && (this.making || this.pc.signalingState !== "stable");
    this.ignores = !this.polite && collision;
    if (this.ignores) return;
    if (description.type === "answer" && this.pc.signalingState !== "have-local-offer") return; // an outdated answer
    const first = !this.pc.remoteDescription;
    await this.pc.setRemoteDescription(description);
    if (description.type !== "offer") return;
    if (first) this.fill();
    await this.pc.setLocalDescription();
    this.send("sdp", this.pc.localDescription.toJSON());
  }

  fill() {
    this.pc.getTransceivers().forEach((transceiver, at) => {
      transceiver.direction = "sendrecv";
      transceiver.sender.replaceTrack(this.mesh.devices.tracks[KINDS[at]]);
    });
  }

  async candidate(candidate) {
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (fault) {
      if (!this.ignores) throw fault;
    }
  }

  replace(kind, track) {
    this.pc.getTransceivers()[KINDS.indexOf(kind)]?.sender.replaceTrack(track);
  }

  watch() {
    const state = this.pc.iceConnectionState;
    if (state === "connected" || state === "completed") {
      for (const timer of [this.late, this.timer]) clearTimeout(timer);
      this.timer = 0;
      this.say("connected");
    } else if ((state === "disconnected" || state === "failed") && !this.timer) {
      this.say("lost");
      clearTimeout(this.late);
      this.late = setTimeout(() => this.say("late"), LATE);
      // The offering side restarts first; the other side only if that did not help.
      const wait = (state === "failed" ? 0 : DISCONNECTED) + (this.polite ? 4000 : 0);
      this.timer = setTimeout(() => this.restart(), wait);
    }
  }

  async restart(anyway = false) {
    clearTimeout(this.timer);
    this.timer = 0;
    const state = this.pc.iceConnectionState;
    const good = state === "connected" || state === "completed";
    if (this.pc.signalingState === "closed" || (good && !anyway)) return;
    if (this.here && this.pc.remoteDescription) {
      // An unanswered offer would block all later ones.
      if (this.pc.signalingState === "have-local-offer" && !anyway) {
        await this.pc.setLocalDescription({ type: "rollback" }).catch(() => {});
      }
      this.pc.restartIce();
    }
    this.timer = setTimeout(() => this.restart(), AGAIN);
  }

  level() {
    const receiver = this.pc.getTransceivers()[0]?.receiver;
    return receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
  }

  close() {
    for (const timer of [this.late, this.timer]) clearTimeout(timer);
    this.pc.onicecandidate = this.pc.oniceconnectionstatechange = this.pc.ontrack = null;
    this.pc.close();
  }
}
