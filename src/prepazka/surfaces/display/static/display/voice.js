// Plays clips one after another, never two at once, and reports to the server when playing fails.
// play([addresses], volume) resolves when the last one has ended; it never rejects.
const STUCK = 10000; // ms; a clip lasts at most four seconds
const HUSHED = 0.01; // fraction of the volume for the test at the start
const AGAIN = 60000;
const report = document.querySelector("[data-sound]");
const touch = document.querySelector("[data-touch]");
const chime = document.querySelector("[data-chime]");
let fault = report.dataset.fault;
let turn = Promise.resolve();

export function play(addresses, volume) {
  turn = turn.then(() => inOrder(addresses, volume));
  return turn;
}

async function inOrder(addresses, volume) {
  let trouble = "";
  // All clips are fetched at once, so that there are no gaps between them.
  const sounds = addresses.map((address) => {
    const sound = new Audio(address);
    sound.preload = "auto";
    return sound;
  });
  for (const sound of sounds) {
    try {
      await playSound(sound, volume);
    } catch (error) {
      trouble = error?.name === "NotAllowedError" ? "sound_blocked" : "sound_broken";
      if (trouble === "sound_blocked") break; // the browser requires a touch first
    }
  }
  if (addresses.length) tell(trouble);
}

async function playSound(sound, volume) {
  sound.volume = volume;
  let timer = 0;
  try {
    await new Promise((done, fail) => {
      sound.addEventListener("ended", done, { once: true });
      sound.addEventListener("error", fail, { once: true });
      timer = setTimeout(fail, STUCK);
      sound.play().catch(fail);
    });
  } finally {
    clearTimeout(timer);
    sound.pause(); // a stuck clip must not start during the next one
  }
}

async function tell(trouble) {
  touch.hidden = trouble !== "sound_blocked";
  if (trouble === fault) return;
  const token = report.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    const answer = await fetch(report.dataset.report, {
      method: "POST",
      headers: { "X-CSRFToken": token },
      body: new URLSearchParams({ fault: trouble }),
    });
    if (answer.ok) fault = trouble;
  } catch {
    // The next call or test reports it again.
  }
}

function trial() {
  if (report.dataset.sound === "on") play([chime.src], HUSHED);
  else if (fault) tell("");
}

touch.addEventListener("click", () => play([chime.src], 1));
trial();
setInterval(() => { if (fault) trial(); }, AGAIN);
