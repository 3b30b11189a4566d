// Announces once that the hold ends soon, and once that it has ended. The page works without it.
const SOON = 120;
const box = document.querySelector("[data-hold]");

if (box) {
  const notice = box.querySelector("[data-hold-notice]");
  const left = Number(box.dataset.hold);
  const say = (text, after) => setTimeout(() => { notice.textContent = text; }, after * 1000);
  if (left > 0) say(box.dataset.soon, Math.max(0, left - SOON));
  say(box.dataset.over, left);
}
