// The place of picture and sound: this page, a conferencing server's window, or the telephone. Our page
// stays open beside it, announces every move, and keeps chat, participants and papers.
const $ = (id) => document.getElementById(id);
const OURS = "embedded";
const PHONE = "telephone";

export class Elsewhere {
  constructor(settings, base, move) {
    this.where = settings.where;
    this.base = base;
    this.provider = settings.provider;
    const form = $("rooms");
    if (!form) return;
    const room = $("rooms-room");
    const shown = () => { $("rooms-link").hidden = room.value !== "link"; };
    room.addEventListener("change", shown);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      move({ room: room.value, address: $("rooms-address").value });
    });
    room.value = this.provider;
    shown();
  }

  get ours() {
    return this.provider === OURS;
  }

  // Whether the meeting has moved.
  take(provider) {
    if (!provider || provider === this.provider) return false;
    this.provider = provider;
    return true;
  }

  text() {
    return this.where[this.provider] ?? "";
  }

  draw(place, seat) {
    document.body.dataset.provider = this.provider;
    $("elsewhere").hidden = this.ours || place !== "inside";
    $("elsewhere-text").textContent = this.text();
    $("elsewhere-open").hidden = $("elsewhere-stay").hidden = this.provider === PHONE;
    if ($("elsewhere-call")) $("elsewhere-call").hidden = this.provider !== PHONE;
    $("venue").href = `${this.base}mistnost/?misto=${encodeURIComponent(seat)}`;
    $("lobby-where").hidden = this.provider !== PHONE;
    $("lobby-where").textContent = this.text();
  }
}
