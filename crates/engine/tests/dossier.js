// Walks the dossier as a reader would, and writes what it saw into the page.
"use strict";
addEventListener("load", () => {
  const saw = {};
  const one = (selector) => document.querySelector(selector);
  const act = (name, walk) => { try { saw[name] = walk(); } catch (error) { saw[name] = String(error); } };
  const frame = document.createElement("pre");
  act("wide", () => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  act("search", () => {
    const search = one("#search");
    search.value = document.body.dataset.wanted;
    search.dispatchEvent(new Event("input"));
    const first = one("#results a.here");
    const target = document.getElementById(decodeURIComponent(first.hash.slice(1)));
    return [!one("#results").hidden, first.firstChild.textContent, target !== null];
  });
  act("map", () => {
    const node = one("#plan .context-box");
    node.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    const chosen = one("#chosen");
    return [!chosen.hidden, chosen.querySelectorAll("li").length === document.querySelectorAll("#plan .edge.here").length];
  });
  act("zoom", () => {
    const before = one("#plan").viewBox.baseVal.width;
    one("#zoom-in").click();
    const near = one("#plan").viewBox.baseVal.width;
    one("#zoom-all").click();
    return [near < before, one("#plan").viewBox.baseVal.width === before];
  });
  act("theme", () => {
    const before = getComputedStyle(document.body).backgroundColor;
    one("#theme").click();
    return before !== getComputedStyle(document.body).backgroundColor;
  });
  act("dead", () => [...document.querySelectorAll("a[href^='#']")]
    .map((link) => link.getAttribute("href"))
    .filter((href) => !document.getElementById(decodeURIComponent(href.slice(1)))));
  act("outside", () => performance.getEntriesByType("resource").map((entry) => entry.name));
  frame.id = "saw";
  frame.textContent = JSON.stringify(saw);
  document.body.append(frame);
});
