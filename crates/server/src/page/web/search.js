// Finds operations, entities, fields, actors and codes.

import { el, fill, method, say } from "./dom.js";

const MOST = 40;
let index = [];

/** Everything that can be found in a model. */
export function prepare(model) {
  index = [];
  const add = (name, where, href, more, mark) =>
    index.push({ name, where, href, mark, words: `${name} ${where} ${more}`.toLowerCase() });
  for (const context of model.contexts) {
    add(context.name, "context", `#/${context.slug}`, context.summary ?? "");
    for (const of of context.operations) {
      const codes = of.requires.map((rule) => rule.code).join(" ");
      const more = `${of.name.replace(/([A-Z])/g, " $1")} ${of.summary ?? ""} ${of.entity} ${codes}`;
      add(of.name, of.path, `#/${context.slug}/${of.name}`, more, of.method);
    }
    for (const entity of context.entities) {
      const href = `#/${context.slug}/entity/${entity.name}`;
      add(entity.name, `entity of ${context.name}`, href, entity.doc ?? "");
      for (const field of entity.fields) add(`${entity.name}.${field.name}`, `field, ${field.type}`, href, field.doc ?? "");
      for (const rule of [...entity.unique, ...entity.exclusive, ...entity.invariants]) {
        add(rule.code, `409, ${entity.name}`, href, "error code");
      }
    }
  }
  for (const actor of model.actors) add(actor.name, "actor", "#/actors", "");
  for (const problem of model.problems) add(problem.code, `${problem.status}, error code`, "#/problems", problem.title);
}

/** The best first: names that begin so, then names with it, then all that have every word. */
export function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const rank = (item) => {
    if (!words.every((word) => item.words.includes(word))) return null;
    const name = item.name.toLowerCase();
    const best = name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : name.includes(words[0]) ? 2 : 3;
    return best * 10 + (item.mark ? 0 : 1);
  };
  const ranked = index.map((item) => [rank(item), item]).filter(([of]) => of !== null);
  ranked.sort((one, other) => one[0] - other[0]);
  return ranked.slice(0, MOST).map(([, item]) => item);
}

/** Makes the field work: with the pointer, and by arrows, Enter and Escape. */
export function start() {
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  let chosen = -1;
  const options = () => [...list.children].filter((item) => item.getAttribute("role") === "option");
  const choose = (at) => {
    const all = options();
    all[chosen]?.setAttribute("aria-selected", "false");
    chosen = all.length === 0 ? -1 : (at + all.length) % all.length;
    const item = all[chosen];
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) field.setAttribute("aria-activedescendant", item.id);
    else field.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const go = (href) => { close(); field.value = ""; location.hash = href; };
  const show = () => {
    const items = find(field.value);
    fill(list, items.map((item, at) => el("li",
      { role: "option", id: `found-${at}`, "aria-selected": "false", on: { mousedown: (event) => { event.preventDefault(); go(item.href); } } },
      item.mark ? method(item.mark) : null, el("b", {}, item.name), el("small", {}, item.where))));
    if (items.length === 0 && field.value.trim()) {
      fill(list, el("li", { class: "nothing", role: "option", "aria-disabled": "true" }, "Nothing has all of these words."));
    }
    list.hidden = field.value.trim() === "";
    field.setAttribute("aria-expanded", String(!list.hidden));
    chosen = -1;
    if (items.length > 0) choose(0);
    if (!list.hidden) say(`${items.length} found.`);
    list.items = items;
  };
  field.addEventListener("input", show);
  field.addEventListener("focus", () => { if (field.value) show(); });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter" && list.items?.[chosen]) go(list.items[chosen].href);
    else if (event.key === "Escape") { field.value = ""; close(); return; }
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });
}
