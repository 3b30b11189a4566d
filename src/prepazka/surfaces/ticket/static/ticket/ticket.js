// Announces changes of state to screen readers and in the title, and vibrates on a call.
const say = document.querySelector("[data-say]");
const state = () => document.querySelector("[data-state]");
let lastState = state()?.dataset.state;

document.addEventListener("live:updated", () => {
  const now = state();
  if (!now || now.dataset.state === lastState) return;
  lastState = now.dataset.state;
  say.textContent = now.dataset.said;
  document.title = now.dataset.said;
  if (lastState.startsWith("called")) navigator.vibrate?.([300, 150, 300]);
});
