// The operators' keys in addition to the console's: / searches, arrows move, Esc goes back. Without
// this file everything can be reached by the Tab key.
const box = document.getElementById("hledat");
const keys = document.getElementById("keys-on");
const results = [...document.querySelectorAll("[data-result]")];
const places = [...document.querySelectorAll("[data-place]")];
const ways = document.querySelector("[data-ways]");

if (ways) {
  tellWay();
  if (!document.querySelector("[data-invalid]")) document.getElementById("id_name")?.focus();
}
if (box && location.search) {
  // Focuses what was just found or chosen, so that the next key acts on it.
  const moving = document.querySelector(".moving") && places[0];
  (moving || document.getElementById("chosen") || results[0])?.focus();
}

function walk(list, from, step) {
  list[Math.max(0, Math.min(list.length - 1, list.indexOf(from) + step))]?.focus();
}

// The visually nearest place in the direction of the arrow.
function nearest(from, key) {
  const here = from.getBoundingClientRect();
  const across = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowDown" || key === "ArrowRight" ? 1 : -1;
  let best = null;
  let least = Infinity;
  for (const place of places) {
    const there = place.getBoundingClientRect();
    const along = sign * (across ? there.left - here.left : there.top - here.top);
    const aside = Math.abs(across ? there.top - here.top : there.left - here.left);
    if (along > 1 && along + 4 * aside < least) [best, least] = [place, along + 4 * aside];
  }
  best?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = event.target;
  if (event.key === "Escape") return goBack(target);
  if (target === box && event.key === "/" && !box.value) return event.preventDefault();
  if (target === box && event.key === "ArrowDown" && results.length) {
    event.preventDefault();
    return results[0].focus();
  }
  if (target.closest("input:not([type=checkbox]), select, textarea")) return;
  if (results.includes(target) && /^Arrow(Up|Down)$/.test(event.key)) {
    event.preventDefault();
    return walk(results, target, event.key === "ArrowDown" ? 1 : -1);
  }
  if (places.includes(target) && event.key.startsWith("Arrow")) {
    event.preventDefault();
    return nearest(target, event.key);
  }
  if (keys ? !keys.checked : localStorage.getItem("keys") === "off") return;
  if (event.key === "/" && box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key.toLowerCase() === "v" && places.length) {
    event.preventDefault();
    places[0].focus();
  }
});

function goBack(target) {
  const open = target.closest("details[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (target.closest("input:not([type=checkbox]), select, textarea") && target.value && box) {
    target.blur();
  } else {
    document.querySelector("[data-back]")?.click();
  }
}

// Shows only the channel by which the client will be informed of the booking.
function tellWay() {
  const mail = document.getElementById("id_email");
  const phone = document.getElementById("id_phone");
  const mobile = /^(?:(?:\+|00)420)?[67]\d{8}$/;
  const show = () => {
    const number = phone.value.replace(/[\s().-]/g, "");
    let way = "spoken";
    if (mail.value.trim()) way = "email";
    else if (mobile.test(number) && ways.querySelector("[data-way=sms]")) way = "sms";
    else if (/^(?:\+|00)(?!420)/.test(number)) way = "";  // only the server knows foreign numbers
    for (const line of ways.querySelectorAll("[data-way]")) line.hidden = way !== "" && line.dataset.way !== way;
  };
  mail.addEventListener("input", show);
  phone.addEventListener("input", show);
  show();
}
