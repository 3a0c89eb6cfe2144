// One operation: what it does, who may, what goes in, what comes out, what can go wrong.

import { canTry } from "./actor.js";
import { content, contract, described, example, resolve } from "./contracts.js";
import { copier, el, heading, inline, method, prose, table } from "./dom.js";
import { facts, properties } from "./schema.js";
import { panel } from "./try.js";

/** The page of an operation. */
export async function operationPage(context, operation) {
  const document_ = await contract(context);
  const known = described(document_, operation);
  const top = el("header", { class: "top" },
    el("p", { class: "trail" }, el("a", { href: `#/${context.slug}` }, context.name), " / ",
      el("a", { href: `#/${context.slug}/entity/${operation.entity}` }, operation.entity)),
    heading(1, operation.name, "title"),
    el("p", { class: "route" }, method(operation.method), " ", el("code", {}, operation.path), " ",
      copier("Copy link", () => location.href)));
  if (!known) {
    return [top, el("p", { class: "notice" }, operation.not_running ?? "This is not served."), ...access(operation)];
  }
  const left = el("div", { class: "words" }, el("p", { class: "lead" }, inline(known.summary)), prose(known.description),
    ...access(operation), ...rules(known, operation));
  const below = el("div", { class: "details" }, ...input(document_, known), ...output(document_, known), ...refusals(document_, known));
  return [top, el("div", { class: canTry() ? "operation tried" : "operation" }, left,
    canTry() ? panel(document_, operation, known) : null, below)];
}

function access(operation) {
  const rows = operation.who.map((grant) => [el("a", { href: "#/actors" }, el("code", {}, grant.actor)),
    grant.when ? el("span", {}, "if ", el("code", {}, grant.when)) : "always"]);
  return [heading(2, "Who may", "who-may"), table("Who may", ["Actor", "When"], rows),
    operation.where ? el("p", {}, "For everyone only what has ", el("code", {}, operation.where), ".") : null,
    operation.reauth ? el("p", {}, `Who has not signed in within ${operation.reauth} has to do so again.`) : null];
}

function rules(known, operation) {
  const semantics = known["x-semantics"] ?? {};
  const rows = [];
  const add = (what, value) => { if (value) rows.push([what, value]); };
  add("Answered within", semantics.objective && `${semantics.objective}; given up after ${semantics.timeout}`);
  add("Available", semantics.availability);
  add("Sent again", {
    "same-key": "with the same Idempotency-Key: it is done once, and the first answer comes again for 24 hours",
    "same-version": "with the same If-Match: 412 says that it was done, or that somebody else was faster",
    safe: "at any time: it changes nothing",
  }[semantics.retry]);
  for (const [actor, limit] of Object.entries(semantics["rate-limit"] ?? {})) {
    const said = Object.entries(limit.parameters).map(([name, value]) => `${name}: ${value}`).join("; ");
    add(`Limit of ${actor}`, `${said}${limit.enforced ? "" : " (not enforced yet)"}`);
  }
  if (operation.critical) add("Under load", "critical: served before others");
  if (operation.moves.length > 0) add("State afterwards", operation.moves.join(", "));
  for (const rule of operation.requires) {
    rows.push([el("code", {}, rule.code), el("span", {}, "refused (422) unless ", el("code", {}, rule.unless))]);
  }
  return rows.length > 0 ? [heading(2, "Rules", "rules"), table("Rules", ["What", "How"], rows)] : [];
}

function input(document_, known) {
  const parameters = (known.parameters ?? []).map((given) => resolve(document_, given));
  const rows = parameters.map((of) => [el("code", {}, of.name), of.in, of.required ? "yes" : "no",
    el("span", {}, inline([...facts(document_, of.schema ?? {}), of.description].filter(Boolean).join("; ")))]);
  const parts = [heading(2, "What goes in", "input"), table("Parameters", ["Name", "In", "Needed", "What it is"], rows)];
  const wanted = known.requestBody && content(document_, known.requestBody);
  if (wanted) parts.push(el("h3", {}, "Body ", el("code", {}, wanted.type)), properties(document_, wanted.schema), sample("Example of a body", wanted.example));
  return parts;
}

function sample(label, value) {
  if (value === undefined) return null;
  const text = JSON.stringify(value, null, 2);
  return el("div", { class: "body" }, copier("Copy", () => text),
    el("pre", { tabindex: "0", role: "region", "aria-label": label }, text));
}

function output(document_, known) {
  const good = Object.entries(known.responses ?? {}).filter(([status]) => status < "400");
  const parts = [heading(2, "What comes out", "output")];
  for (const [status, given] of good) {
    const response = resolve(document_, given);
    const told = content(document_, response);
    const headers = Object.entries(response.headers ?? {}).map(([name, header]) =>
      [el("code", {}, name), resolve(document_, header).description ?? ""]);
    parts.push(el("h3", {}, el("code", {}, status), " ", inline(response.description)));
    if (told) parts.push(properties(document_, told.schema), sample(`Example of ${status}`, told.example));
    if (headers.length > 0) parts.push(el("details", {}, el("summary", {}, "Headers"), table(`Headers of ${status}`, ["Header", "What it is"], headers)));
  }
  return parts;
}

function refusals(document_, known) {
  const bad = Object.entries(known.responses ?? {}).filter(([status]) => status >= "400");
  const rows = bad.map(([status, given]) => {
    const response = resolve(document_, given);
    const problem = Object.values(response.content ?? {})[0];
    const shown = example(document_, problem);
    return [el("code", {}, status), el("span", {}, inline(response.description)),
      shown ? el("details", {}, el("summary", {}, "Example"), sample(`Example of ${status}`, shown)) : ""];
  });
  return [heading(2, "What can go wrong", "errors"), table("What can go wrong", ["Status", "When, and with which code", "Example"], rows)];
}
