// Which files an off-line screen needs, and which entries of a log go in one message.
import { addressesIn, fitting } from "../../src/prepazka/looks/static/looks/offline/store.js";

function equal(actual, expected) {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${left} is not ${right}`);
}

Deno.test("a script needs what it imports", () => {
  const script = 'import { a } from "../looks/a.js";\nimport "./b.js";\nexport { c } from "./c.js";\nconst d = "./d.js";\n';
  equal(addressesIn("/static/1/kiosk/kiosk.js", script), ["../looks/a.js", "./b.js", "./c.js"]);
});

Deno.test("a style sheet needs its fonts, and none that it holds itself", () => {
  const sheet = "@font-face { src: url(fonts/a.woff2) } a { background: url('data:image/png;base64,AA') }";
  equal(addressesIn("/static/1/looks/gov.css", sheet), ["fonts/a.woff2"]);
});

Deno.test("other files need nothing", () => equal(addressesIn("/static/1/a.svg", 'url(x) import "./y.js";'), []));

Deno.test("a message holds what fits, and at least one entry", () => {
  const entries = (sizes) => sizes.map((size, n) => ({ seq: n + 1, body: "x".repeat(size), sig: "s" }));
  const numbers = (sizes, limits) => fitting(entries(sizes), limits).map((event) => event.seq);
  equal(numbers([100, 100, 100], { entries: 2, bytes: 65536 }), [1, 2]);
  equal(numbers([100, 100, 100], { entries: 100, bytes: 400 }), [1, 2]);
  equal(numbers([9000, 100], { entries: 100, bytes: 400 }), [1]);
  equal(numbers([], { entries: 100, bytes: 400 }), []);
});
