// Shared by the scripts of papers: requests to the server, texts, small elements.
const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const words = read("papers-words");
export const settings = read("papers-settings");
export const base = document.body.dataset.base;

export const fill = (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

export const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

export async function ask(path, values) {
  const body = values && new FormData();
  for (const [name, value] of Object.entries(values ?? {})) body.append(name, value);
  const headers = { Accept: "application/json", ...(values && { "X-CSRFToken": token() }) };
  const answer = await fetch(base + path, {
    method: values ? "POST" : "GET", body, headers, cache: "no-store", signal: AbortSignal.timeout(15000),
  });
  const reply = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(reply.title || words.again), { code: reply.code, status: answer.status });
  return reply;
}

export function element(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function button(text, aloud, color = "primary") {
  const node = element("button", "gov-button", text);
  node.type = "button";
  Object.assign(node.dataset, { type: "outlined", color, size: "s" });
  if (aloud) node.setAttribute("aria-label", `${text}: ${aloud}`);
  return node;
}
