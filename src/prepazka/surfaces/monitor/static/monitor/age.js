// Shows the age of the data in words taken from the element.
let age = "";
let since = Date.now(); // by this computer's clock, whatever time it shows

function tell() {
  const element = document.querySelector("[data-age]");
  if (!element) return;
  if (element.dataset.age !== age) { age = element.dataset.age; since = Date.now(); }
  const seconds = (Date.now() - since) / 1000;
  const { ageNow, ageSeconds, ageMinutes } = element.dataset;
  const minutes = Math.floor(seconds / 60);
  const words = seconds < 10 ? ageNow : minutes < 1 ? ageSeconds : ageMinutes.replace("N", minutes);
  if (element.textContent !== words) element.textContent = words;
}

document.addEventListener("live:updated", tell);
setInterval(tell, 5000);
tell();
