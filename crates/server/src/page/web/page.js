// Starts the page, and shows what the address asks for.

import * as actor from "./actor.js";
import { contextOf, load, model } from "./contracts.js";
import { el, fill, method } from "./dom.js";
import { operationPage } from "./operation.js";
import { actorsPage, contextPage, entityPage, overviewPage, problemsPage } from "./overview.js";
import * as search from "./search.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const menu = document.getElementById("menu");
let turn = 0;

/** What an address shows, and its title. */
function place(hash) {
  const [first, second, third] = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (!first) return [model.system.name, overviewPage];
  if (first === "actors") return ["Actors", actorsPage];
  if (first === "problems") return ["Codes", problemsPage];
  const context = contextOf(first);
  if (!context) return ["Not found", missing];
  if (!second) return [context.name, () => contextPage(context)];
  if (second === "entity") {
    const entity = context.entities.find((of) => of.name === third);
    return entity ? [entity.name, () => entityPage(context, entity)] : ["Not found", missing];
  }
  const operation = context.operations.find((of) => of.name === second);
  return operation ? [operation.name, () => operationPage(context, operation)] : ["Not found", missing];
}

function missing() {
  return [el("h1", { id: "title" }, "Not found"), el("p", {}, "Nothing of this name is served. ", el("a", { href: "#/" }, "Everything that is"))];
}

async function show(focus) {
  const mine = ++turn;
  const [title, content] = place(location.hash);
  document.title = title === model.system.name ? title : `${title} - ${model.system.name}`;
  let parts;
  try {
    parts = await content();
  } catch (error) {
    parts = [el("h1", { id: "title" }, title), el("p", { role: "alert", class: "wrong" }, error.message)];
  }
  // Whoever went on meanwhile sees where they went.
  if (mine !== turn) return;
  fill(main, parts);
  main.dataset.shown = location.hash;
  document.querySelectorAll("#nav a").forEach((link) => {
    if (link.getAttribute("href") === location.hash) {
      link.setAttribute("aria-current", "page");
      link.closest("details")?.setAttribute("open", "");
    } else {
      link.removeAttribute("aria-current");
    }
  });
  open(false);
  scrollTo(0, 0);
  if (focus) {
    const heading = document.getElementById("title");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }
}

function contents() {
  const item = (href, ...children) => el("li", {}, el("a", { href }, children));
  const context = (of) => el("li", {}, el("details", { open: model.contexts.length < 4 },
    el("summary", {}, of.name),
    el("ul", {}, item(`#/${of.slug}`, "About ", of.name),
      of.operations.map((operation) => item(`#/${of.slug}/${operation.name}`, method(operation.method), " ", operation.name)),
      of.entities.map((entity) => item(`#/${of.slug}/entity/${entity.name}`, entity.name)))));
  fill(nav, el("ul", {}, item("#/", "Everything"), item("#/actors", "Actors"), item("#/problems", "Codes"), model.contexts.map(context)));
}

function open(is) {
  nav.classList.toggle("open", is);
  menu.setAttribute("aria-expanded", String(is));
}

async function start() {
  actor.takeKey();
  await load();
  document.getElementById("brand").textContent = model.system.name;
  contents();
  search.prepare(model);
  search.start();
  await actor.restore();
  menu.addEventListener("click", () => open(!nav.classList.contains("open")));
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  addEventListener("hashchange", () => {
    const key = location.hash.startsWith("#key=");
    actor.takeKey();
    show(!key);
  });
  await show(false);
}

start().catch((error) => fill(main, el("p", { role: "alert", class: "wrong" }, `This page cannot be shown: ${error.message}`)));
