// An answer: its status, the headers that matter, its body, and what to do with it.

import { model } from "./contracts.js";
import { copier, el, table } from "./dom.js";

const MOST = 200000;
/** Headers worth a word, in this order. */
const WORDS = new Map([
  ["location", "where the row is"],
  ["etag", "the version of the row: for If-Match"],
  ["idempotency-replayed", "the stored answer of the first request with this key"],
  ["ratelimit", "what is left of the limit, and seconds until all of it is back"],
  ["ratelimit-policy", "the limits: requests at once, and the seconds in which they come back"],
  ["retry-after", "seconds after which trying again makes sense"],
  ["www-authenticate", "what is asked for as a proof"],
  ["allow", "the methods that are there"],
  ["cache-control", "who may keep the answer"],
  ["age", "seconds for which it was kept"],
  ["x-correlation-id", "the id of the request: what to name when asking for help"],
]);

const seen = { ids: new Map(), tags: new Map() };

/** The last id that was seen of an entity. */
export function lastId(entity) {
  return seen.ids.get(entity) ?? "";
}

/** The version of what is at a path, as it was seen last. */
export function lastTag(path) {
  return seen.tags.get(path) ?? "";
}

/** Learns ids and versions from an answer. */
export function learn(operation, request, answer) {
  const body = answer.json;
  if (answer.status >= 300 || !body) return;
  const path = request.path.split("?")[0];
  const rows = Array.isArray(body.items) ? body.items : [body];
  for (const row of rows) if (row.version) seen.tags.set(`${path}/${row.id}`, `"${row.version}"`);
  if (typeof rows[0]?.id === "string") seen.ids.set(operation.entity, rows[0].id);
  const headers = new Map(answer.headers);
  if (!headers.has("etag")) return;
  // Acts stand below the row that they are about.
  const row = operation.kind === "act" ? path.replace(/\/[^/]+$/, "") : path;
  seen.tags.set(headers.get("location") ?? row, headers.get("etag"));
}

/** What an answer looks like; `actions` are buttons that go on from it. */
export function shown(answer, actions) {
  const good = answer.status > 0 && answer.status < 400;
  const size = new TextEncoder().encode(answer.text).length;
  const headers = new Map(answer.headers);
  const known = [...WORDS].filter(([name]) => headers.has(name));
  const others = answer.headers.filter(([name]) => !WORDS.has(name));
  return el("section", { class: "answer", "aria-labelledby": "answer-title" },
    el("h3", { id: "answer-title", tabindex: "-1" }, "Answer"),
    el("p", { class: `status ${good ? "good" : "bad"}` },
      el("b", { id: "answer-status" }, `${answer.status} ${answer.reason || reasons(answer.status)}`),
      el("span", {}, ` ${Math.max(1, Math.round(answer.took))} ms, ${size} bytes`)),
    problem(answer),
    actions.length > 0 ? el("p", { class: "actions" }, actions) : null,
    body(answer),
    known.length > 0 ? table("Headers that matter", ["Header", "Value", "Meaning"],
      known.map(([name, words]) => [el("code", {}, name), el("code", {}, headers.get(name)), words])) : null,
    others.length > 0 ? el("details", {}, el("summary", {}, `${others.length} more headers`),
      table("Other headers", ["Header", "Value"], others.map(([name, value]) => [el("code", {}, name), el("code", {}, value)]))) : null);
}

function reasons(status) {
  return new Map([[200, "OK"], [201, "Created"], [202, "Accepted"], [204, "No Content"], [304, "Not Modified"],
    [400, "Bad Request"], [401, "Unauthorized"], [403, "Forbidden"], [404, "Not Found"], [405, "Method Not Allowed"],
    [409, "Conflict"], [412, "Precondition Failed"], [422, "Unprocessable Content"], [428, "Precondition Required"],
    [429, "Too Many Requests"], [500, "Internal Server Error"], [503, "Service Unavailable"], [504, "Gateway Timeout"]]).get(status) ?? "";
}

function problem(answer) {
  const told = answer.json;
  if (answer.status < 400 || typeof told?.code !== "string") return null;
  const known = model.problems.some((of) => of.code === told.code);
  const code = el("code", {}, told.code);
  return el("div", { class: "problem", role: "note" },
    el("p", {}, known ? el("a", { href: "#/problems" }, code) : code, " ", told.title, " ", told.detail ?? ""),
    Array.isArray(told.errors) ? el("ul", {}, told.errors.map((error) =>
      el("li", {}, el("code", {}, error.pointer || "/"), " ", error.detail ?? error.code))) : null);
}

function body(answer) {
  if (answer.text === "") return el("p", { class: "hint" }, "No body.");
  const whole = answer.json === undefined ? answer.text : JSON.stringify(answer.json, null, 2);
  const text = whole.length > MOST ? `${whole.slice(0, MOST)}\n...` : whole;
  return el("div", { class: "body" }, copier("Copy", () => whole),
    el("pre", { id: "answer-body", tabindex: "0", role: "region", "aria-label": "Body of the answer" }, text));
}
