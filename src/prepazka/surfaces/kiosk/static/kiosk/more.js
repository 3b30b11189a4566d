// The button that shows that a screen continues below its edge, and scrolls there.
const button = document.querySelector("[data-more]");
const main = document.getElementById("main");
const AT_END = 8; // px
let area = null;

const left = () => area.scrollHeight - area.clientHeight - area.scrollTop;

function label() {
  const down = left() > AT_END;
  button.querySelector("[data-more-down]").hidden = !down;
  button.querySelector("[data-more-up]").hidden = down;
}

// Measured without the button, which takes height itself.
function measure() {
  button.hidden = true;
  area?.removeEventListener("scroll", label);
  area = main.querySelector(".kiosk-scroll") || main.querySelector(".kiosk-screen, .wrap");
  if (area.scrollHeight - area.clientHeight <= AT_END) return;
  (main.querySelector(".kiosk-kept") || main).append(button);
  button.hidden = false;
  area.addEventListener("scroll", label, { passive: true });
  label();
}

button.addEventListener("click", () => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const top = left() > AT_END ? area.scrollTop + area.clientHeight * 0.8 : 0;
  area.scrollTo({ top, behavior: calm ? "auto" : "smooth" });
});

addEventListener("resize", measure);
document.fonts.ready.then(measure);
const screen = document.getElementById("screen");
if (screen) new MutationObserver(measure).observe(screen, { childList: true });
measure();
