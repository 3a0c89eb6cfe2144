// Trying an operation: a form for its request, and the answer to it.

import * as actor from "./actor.js";
import { lastId, lastTag, learn, shown } from "./answer.js";
import { content, model, resolve } from "./contracts.js";
import { copier, el, fill, inline, say } from "./dom.js";
import { build, curl, send } from "./request.js";
import { draft, facts, present } from "./schema.js";

const KEY = "Idempotency-Key";
/** Headers that nobody wants to type. */
const QUIET = new Set(["X-Correlation-ID", "traceparent"]);
/** What was typed for each operation, as long as the page is open. */
const drafts = new Map();

/** The panel of an operation. */
export function panel(document_, operation, described) {
  const state = stateOf(document_, operation, described);
  const answer = el("div", { id: "answer" });
  const preview = el("pre", { id: "curl", tabindex: "0", role: "region", "aria-label": "The request as curl" });
  const refresh = () => { preview.textContent = curl(build(operation, typed(state)), false); };
  state.refresh = refresh;
  const submit = el("button", { class: "primary", id: "send" }, "Send");
  const form = el("form", { id: "try", novalidate: true, "aria-labelledby": "try-title" },
    el("h2", { id: "try-title" }, "Try it"),
    who(operation), state.fields.map((field) => field.row), bodyField(state), submit,
    el("details", { class: "curl" }, el("summary", {}, "As curl"), preview,
      copier("Copy as curl", () => curl(build(operation, typed(state)), true))));
  form.addEventListener("input", refresh);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(state, operation, submit, answer);
  });
  refresh();
  return el("div", { class: "panel" }, form, answer);
}

/** As whom, and with one click as one of those whom the operation admits. */
function who(operation) {
  const line = el("div", { class: "as-line" });
  const update = () => {
    const offered = operation.who.filter((grant) => actor.canMint() && !actor.is(grant.actor)
      && model.actors.some((of) => of.name === grant.actor && of.proof !== "none"));
    const alert = el("span", { role: "alert", class: "wrong" });
    fill(line, el("span", {}, "As ", el("b", {}, actor.name())),
      el("button", { type: "button", class: "small", on: { click: actor.ask } }, "Change"),
      offered.map((grant) => el("button", {
        type: "button", class: "small", "data-act": grant.actor,
        on: { click: () => actor.act(grant.actor).catch((error) => { alert.textContent = error.message; }) },
      }, `Act as ${grant.actor}`)), alert);
  };
  update();
  actor.onChange(() => { if (line.isConnected) { update(); line.closest("form")?.dispatchEvent(new Event("input")); } });
  return line;
}

function stateOf(document_, operation, described) {
  const id = `${operation.method} ${operation.path}`;
  const kept = drafts.get(id) ?? { values: new Map(), body: null, answered: null };
  drafts.set(id, kept);
  const parameters = (described.parameters ?? []).map((given) => resolve(document_, given)).filter((of) => !QUIET.has(of.name));
  const versioned = described["x-semantics"]?.retry === "same-version";
  const state = { id, kept, operation, versioned, body: null, type: null, refresh: () => {} };
  state.fields = parameters.map((parameter) => inputOf(document_, state, parameter));
  const wanted = described.requestBody && content(document_, described.requestBody);
  if (wanted) {
    const example = wanted.example === undefined ? {} : draft(document_, wanted.schema, wanted.example, lastId);
    const text = kept.body ?? JSON.stringify(example, null, 2);
    state.type = wanted.type;
    state.body = el("textarea", { id: "body", rows: Math.min(20, text.split("\n").length + 1), spellcheck: "false", "aria-describedby": "body-wrong" });
    state.body.value = text;
    state.example = JSON.stringify(example, null, 2);
  }
  return state;
}

function startOf(state, parameter) {
  const kept = state.kept.values.get(parameter.name);
  if (kept !== undefined && parameter.name !== "If-Match") return kept;
  if (parameter.name === KEY) return keyOf(state);
  if (parameter.in === "path" && parameter.name === "id") return lastId(state.operation.entity);
  return "";
}

/** The key of an operation: the same until the request is meant anew, also when the page is left. */
function keyOf(state) {
  const place = `firmitas.key ${state.id}`;
  const known = sessionStorage.getItem(place);
  return known ?? newKey(state);
}

function newKey(state) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(`firmitas.key ${state.id}`, key);
  return key;
}

function inputOf(document_, state, parameter) {
  const whole = present(document_, parameter.schema ?? {});
  // A filter takes any of several values.
  const several = whole.type === "array" && parameter.explode === true;
  const schema = several ? present(document_, whole.items ?? {}) : whole;
  const id = `in-${parameter.in}-${parameter.name.replace(/\W/g, "-")}`;
  const common = { id, "aria-describedby": `${id}-hint`, autocomplete: "off", required: parameter.required === true };
  const members = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : null);
  const input = members && several
    ? el("select", { ...common, multiple: true, size: Math.min(5, members.length) }, members.map((of) => el("option", { value: of }, String(of))))
    : members ? el("select", common, el("option", { value: "" }, ""), members.map((of) => el("option", { value: of }, String(of))))
    : el("input", { ...common, type: "text", inputmode: schema.type === "integer" ? "numeric" : null, spellcheck: "false" });
  const start = startOf(state, parameter);
  if (input.multiple) for (const option of input.options) option.selected = start.includes(option.value);
  else input.value = start;
  input.addEventListener("input", () => {
    state.kept.values.set(parameter.name, valueOf(input));
    if (parameter.in !== "header") meantAnew(state);
  });
  const more = parameter.name === KEY ? el("button", {
    type: "button", class: "small",
    on: { click: () => { input.value = newKey(state); state.kept.values.delete(KEY); say("A new key."); state.refresh(); } },
  }, "New key") : null;
  const hint = [...facts(document_, parameter.schema ?? {}), parameter.description].filter(Boolean).join("; ");
  const row = el("div", { class: "field" },
    el("label", { for: id }, el("code", {}, parameter.name), parameter.required ? el("span", { class: "required" }, " required") : null),
    el("div", { class: "with" }, input, more), el("small", { id: `${id}-hint` }, inline(hint)));
  return { parameter, input, row };
}

/** What was typed or chosen: a list where several may be. */
function valueOf(input) {
  return input.multiple ? [...input.selectedOptions].map((option) => option.value) : input.value;
}

/** What is changed after it was done is another request, which needs another key. */
function meantAnew(state) {
  if (state.kept.answered === null) return;
  state.kept.answered = null;
  const field = state.fields.find((of) => of.parameter.name === KEY);
  if (field) field.input.value = newKey(state);
}

function bodyField(state) {
  if (!state.body) return null;
  const wrong = el("p", { id: "body-wrong", class: "wrong", role: "alert" });
  state.wrong = wrong;
  state.body.addEventListener("input", () => { state.kept.body = state.body.value; meantAnew(state); check(state); });
  const reset = el("button", {
    type: "button", class: "small",
    on: { click: () => { state.body.value = state.example; state.kept.body = null; meantAnew(state); check(state); state.refresh(); } },
  }, "Back to the example");
  return el("div", { class: "field" },
    el("label", { for: "body" }, "Body ", el("code", {}, state.type)), state.body, wrong, reset);
}

function check(state) {
  if (!state.body) return true;
  try {
    JSON.parse(state.body.value);
    state.wrong.textContent = "";
    state.body.removeAttribute("aria-invalid");
  } catch (error) {
    state.wrong.textContent = `This is not JSON yet: ${error.message}. It is sent as it is.`;
    state.body.setAttribute("aria-invalid", "true");
  }
  return true;
}

function typed(state) {
  const all = { path: {}, query: {}, header: {}, body: null, type: state.type };
  for (const { parameter, input } of state.fields) {
    const value = valueOf(input);
    if (all[parameter.in]) all[parameter.in][parameter.name] = Array.isArray(value) ? value : value.trim();
  }
  if (state.body) all.body = state.body.value;
  return all;
}

/** The version that was seen last of the row, where one is needed and none was typed. */
function fillVersion(state) {
  const field = state.versioned && state.fields.find((of) => of.parameter.name === "If-Match");
  if (field && !field.input.value) field.input.value = lastTag(build(state.operation, typed(state)).path.split("?")[0]);
}

async function go(state, operation, submit, place) {
  check(state);
  const empty = state.fields.find((of) => of.parameter.in === "path" && of.input.value.trim() === "");
  if (empty) {
    empty.input.setAttribute("aria-invalid", "true");
    empty.input.focus();
    say(`${empty.parameter.name} is needed.`);
    return;
  }
  fillVersion(state);
  const request = build(operation, typed(state));
  submit.disabled = true;
  fill(place, el("p", { class: "hint" }, "Waiting for the answer."));
  let answer;
  try {
    answer = await send(request);
  } catch (error) {
    fill(place, el("p", { role: "alert", class: "wrong" }, `No answer: ${error.message}`));
    return;
  } finally {
    submit.disabled = false;
  }
  learn(operation, request, answer);
  if (answer.status < 500) state.kept.answered = answer.status;
  forgetVersion(state, answer);
  fill(place, shown(answer, actions(state, operation, submit, place, answer)));
  say(`Answer: ${answer.status}.`);
  state.refresh();
}

/** After a write the version that was named is no longer the row's. */
function forgetVersion(state, answer) {
  const field = state.fields.find((of) => of.parameter.name === "If-Match");
  if (field && answer.status < 300) field.input.value = "";
}

function actions(state, operation, submit, place, answer) {
  const all = [];
  const next = answer.json?.next;
  const after = state.fields.find((of) => of.parameter.name === "after");
  if (typeof next === "string" && next !== "" && after) {
    all.push(el("button", {
      type: "button", id: "next",
      on: { click: () => { after.input.value = next; state.kept.values.set("after", next); state.refresh(); go(state, operation, submit, place); } },
    }, "Next page"));
  }
  const read = reader(operation);
  if (read && answer.status < 300 && answer.json?.id && read.name !== operation.name) {
    all.push(el("a", { class: "button", id: "read", href: `#/${read.slug}/${read.name}` }, `Read it: ${read.name}`));
  }
  return all;
}

/** The operation that reads one row of the same entity. */
function reader(operation) {
  for (const context of model.contexts) {
    if (!context.operations.includes(operation)) continue;
    const found = context.operations.find((of) => of.kind === "get" && of.entity === operation.entity && of.path.endsWith("/{id}"));
    if (found) return { ...found, slug: context.slug };
  }
  return null;
}
