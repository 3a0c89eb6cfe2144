// The system, its contexts, entities, actors and codes.

import { canMint, canTry } from "./actor.js";
import { model } from "./contracts.js";
import { el, heading, inline, method, prose, table } from "./dom.js";

function operations(context) {
  return el("ul", { class: "operations" }, context.operations.map((of) => el("li", {},
    el("a", { href: `#/${context.slug}/${of.name}` }, method(of.method), " ", el("b", {}, of.name)),
    el("code", {}, of.path), of.not_running ? el("span", { class: "later" }, "not yet") : null,
    of.summary ? el("span", { class: "doc" }, of.summary) : null)));
}

/** The first page. */
export function overviewPage() {
  const tries = canTry() ? ["Every operation has a form that sends it", canMint() ? ", as any actor." : "."] : null;
  return [heading(1, model.system.name, "title"), ...prose(model.system.summary),
    el("p", {}, "Requests and answers are JSON; refusals are problem documents with stable ",
      el("a", { href: "#/problems" }, "codes"), "; who asks is one or several of the ",
      el("a", { href: "#/actors" }, "actors"), ". ", tries),
    model.contexts.map((context) => [
      el("h2", {}, el("a", { href: `#/${context.slug}` }, context.name)),
      context.summary ? el("p", {}, inline(context.summary)) : null, operations(context)])];
}

/** A context. */
export function contextPage(context) {
  return [heading(1, context.name, "title"), ...prose(context.summary),
    context.contract ? el("p", {}, "Contract: ", el("a", { href: context.contract }, context.contract), " (OpenAPI 3.1)") : null,
    heading(2, "Operations", "operations"), operations(context),
    heading(2, "Entities", "entities"),
    el("ul", { class: "operations" }, context.entities.map((of) => el("li", {},
      el("a", { href: `#/${context.slug}/entity/${of.name}` }, el("b", {}, of.name)),
      of.doc ? el("span", { class: "doc" }, of.doc) : null)))];
}

/** An entity: its fields, states and rules. */
export function entityPage(context, entity) {
  const fields = entity.fields.map((of) => [el("code", {}, of.name), of.type, of.marks.join(", "), of.doc ?? ""]);
  const keys = [
    ...entity.unique.map((of) => [el("code", {}, of.code), `no two rows have the same ${of.fields.join(" and ")}`]),
    ...entity.exclusive.map((of) => [el("code", {}, of.code), `no two rows of the same ${of.same.join(" and ")} overlap in ${of.overlap.join(" to ")}`]),
    ...entity.invariants.map((of) => [el("code", {}, of.code), el("span", {}, "always ", el("code", {}, of.holds))]),
  ];
  const states = entity.states.map((of) => [el("code", {}, of.name), of.next.length > 0 ? of.next.join(", ") : "the end"]);
  const about = context.operations.filter((of) => of.entity === entity.name);
  return [el("p", { class: "trail" }, el("a", { href: `#/${context.slug}` }, context.name), " / entity"),
    heading(1, entity.name, "title"), ...prose(entity.doc),
    ...entity.ends.map((text) => el("p", {}, text)),
    heading(2, "Fields", "fields"), table("Fields", ["Field", "Type", "Marks", "What it is"], fields),
    states.length > 0 ? [heading(2, "States", "states"), table("States", ["State", "May become"], states)] : null,
    keys.length > 0 ? [heading(2, "What always holds", "keys"), el("p", {}, "What would break it is refused with 409 and this code."), table("What always holds", ["Code", "Rule"], keys)] : null,
    about.length > 0 ? [heading(2, "Operations", "operations"), operations({ ...context, operations: about })] : null];
}

const PROOFS = {
  none: "proves nothing: everybody is one",
  user: "a person who signs in",
  service: "a service, by client credentials or its certificate",
  key: "an API key",
  certificate: "a client certificate",
};

/** Who there is. */
export function actorsPage() {
  const may = (name) => model.contexts.flatMap((context) => context.operations
    .filter((of) => of.who.some((grant) => grant.actor === name))
    .map((of) => [el("a", { href: `#/${context.slug}/${of.name}` }, of.name)]));
  const rows = model.actors.map((of) => [el("code", {}, of.name),
    el("span", {}, PROOFS[of.proof], of.role ? [", with the role ", el("code", {}, of.role)] : null,
      of.is ? `; stands for a row of ${of.is}` : null, of.when ? ["; only if ", el("code", {}, of.when)] : null),
    el("span", { class: "links" }, may(of.name))]);
  return [heading(1, "Actors", "title"), table("Actors", ["Actor", "Who that is", "May"], rows)];
}

/** What can go wrong with every request. */
export function problemsPage() {
  const rows = model.problems.map((of) => [el("code", {}, of.code), String(of.status), of.title]);
  const own = model.contexts.flatMap((context) => [
    ...context.operations.flatMap((of) => of.requires.map((rule) => [rule.code, 422, context, of.name])),
    ...context.entities.flatMap((of) => [...of.unique, ...of.exclusive, ...of.invariants].map((rule) => [rule.code, 409, context, `entity/${of.name}`])),
  ]).map(([code, status, context, place]) => [el("code", {}, code), String(status),
    el("a", { href: `#/${context.slug}/${place}` }, place.replace("entity/", ""))]);
  return [heading(1, "Codes", "title"),
    el("p", {}, "Refusals are problem documents (RFC 9457). Programs decide by ", el("code", {}, "code"), "; ", el("code", {}, "errors"), " names each value that is wrong."),
    own.length > 0 ? [heading(2, `Of ${model.system.name}`, "own"), table("Codes of this system", ["Code", "Status", "Where"], own)] : null,
    heading(2, "Of every server", "all"), table("Codes of every server", ["Code", "Status", "Meaning"], rows)];
}
