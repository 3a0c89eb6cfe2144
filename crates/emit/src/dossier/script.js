"use strict";
// Everything here only helps: the page can be read without it.
(() => {
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Light or dark: the reader's choice, kept where the browser lets us.
  const root = document.documentElement;
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  if (remembered()) root.dataset.theme = remembered();
  one("#theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a file may not */ }
  });

  // A link into a closed line opens it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // On paper every line is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((line) => { line.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((line) => { line.open = false; }));

  // Where the reader is.
  const links = new Map(all(".bar nav a").map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) links.get(entry.target.id)?.classList.toggle("here", entry.isIntersecting);
  }, { rootMargin: "-30% 0px -60% 0px" });
  all("main > section").forEach((section) => seen.observe(section));

  // Search: names of everything, nearest first.
  const search = one("#search"), results = one("#results");
  const part = (item) => item.closest("section")?.querySelector("h2").textContent ?? "";
  const index = all("[data-find]").map((item, at) => {
    const place = item.id || item.closest("[id]").id || (item.id = `found-${at}`);
    return { name: item.dataset.find, low: item.dataset.find.toLowerCase(), place, part: part(item) };
  });
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    const words = wanted.split(/\s+/);
    const found = !wanted ? [] : index
      .filter((entry) => words.every((word) => entry.low.includes(word)))
      .sort((a, b) => a.low.indexOf(wanted) - b.low.indexOf(wanted) || a.low.length - b.low.length)
      .slice(0, 40);
    results.replaceChildren(...found.map((entry, at) => {
      const line = document.createElement("li"), link = document.createElement("a"), where = document.createElement("small");
      link.href = `#${entry.place}`;
      link.textContent = entry.name;
      where.textContent = entry.part;
      link.append(where);
      link.classList.toggle("here", at === 0);
      link.addEventListener("click", () => { results.hidden = true; });
      line.append(link);
      return line;
    }));
    if (wanted && !found.length) results.textContent = "Nothing has that in its name.";
    results.hidden = !wanted;
  };
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    const lines = [...results.querySelectorAll("a")];
    const at = lines.findIndex((link) => link.classList.contains("here"));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && lines.length) {
      event.preventDefault();
      lines[at]?.classList.remove("here");
      const next = lines[(at + step + lines.length) % lines.length];
      next.classList.add("here");
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") lines[at]?.click();
    else if (event.key === "Escape") { search.value = ""; show(); search.blur(); }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  });
  addEventListener("click", (event) => { if (!event.target.closest(".bar")) results.hidden = true; });

  // The map: zoom, move, choose.
  const plan = one("#plan");
  if (!plan) return;
  const whole = plan.getAttribute("viewBox").split(" ").map(Number);
  let view = [...whole];
  const look = () => plan.setAttribute("viewBox", view.join(" "));
  const inside = (x, y) => {
    const point = new DOMPoint(x, y).matrixTransform(plan.getScreenCTM().inverse());
    return [point.x, point.y];
  };
  const zoom = (factor, x, y) => {
    const wide = Math.min(Math.max(view[2] * factor, whole[2] / 12), whole[2] * 1.5);
    const real = wide / view[2];
    view = [x - (x - view[0]) * real, y - (y - view[1]) * real, wide, view[3] * real];
    look();
  };
  const middle = () => [view[0] + view[2] / 2, view[1] + view[3] / 2];
  one("#zoom-in").addEventListener("click", () => zoom(0.75, ...middle()));
  one("#zoom-out").addEventListener("click", () => zoom(1.33, ...middle()));
  one("#zoom-all").addEventListener("click", () => { view = [...whole]; choose(null); look(); });
  plan.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.0015), ...inside(event.clientX, event.clientY));
  }, { passive: false });
  const fingers = new Map();
  let moved = 0;
  plan.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); moved = 0; });
  plan.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY); };
    const old = fingers.size > 1 ? apart() : 0;
    const [ax, ay] = inside(before.clientX, before.clientY), [bx, by] = inside(event.clientX, event.clientY);
    moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
    fingers.set(event.pointerId, event);
    if (fingers.size > 1) zoom(old / apart(), bx, by);
    else if (moved > 4) { plan.classList.add("moving"); view[0] -= bx - ax; view[1] -= by - ay; look(); }
  });
  const lift = (event) => { fingers.delete(event.pointerId); plan.classList.remove("moving"); };
  ["pointerup", "pointercancel", "pointerleave"].forEach((name) => plan.addEventListener(name, lift));
  const nodes = new Map(all("#plan .node").map((node) => [node.dataset.node, node]));
  const edges = all("#plan .edge");
  const chosen = one("#chosen");
  const name = (id) => nodes.get(id)?.querySelector(".name").textContent ?? id;
  function choose(id) {
    plan.classList.toggle("choosing", id !== null);
    nodes.forEach((node) => node.classList.remove("here", "near"));
    edges.forEach((edge) => edge.classList.remove("here"));
    chosen.hidden = id === null;
    if (id === null) return;
    const node = nodes.get(id);
    node.classList.add("here");
    const list = document.createElement("ul");
    for (const edge of edges) {
      const { from, to, label } = edge.dataset;
      if (from !== id && to !== id) continue;
      edge.classList.add("here");
      nodes.get(from === id ? to : from)?.classList.add("near");
      const line = document.createElement("li");
      const strong = document.createElement("b");
      strong.textContent = from === id ? `to ${name(to)} ` : `from ${name(from)} `;
      line.append(strong, label);
      list.append(line);
    }
    const title = document.createElement("b"), open = document.createElement("a");
    title.textContent = node.querySelector("title").textContent;
    open.href = node.getAttribute("href");
    open.textContent = "Read more";
    chosen.replaceChildren(title, list, open);
  }
  nodes.forEach((node, id) => node.addEventListener("click", (event) => {
    event.preventDefault();
    if (moved < 5) choose(node.classList.contains("here") ? null : id);
  }));
  plan.addEventListener("click", (event) => { if (!event.target.closest(".node") && moved < 5) choose(null); });
})();
