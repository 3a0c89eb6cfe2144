// JSON Schema in words.

import { resolve } from "./contracts.js";
import { el, inline } from "./dom.js";

const DEEPEST = 5;

/** The entity that a value names by its id, if it does. */
export function reference(schema) {
  const said = /^The id of an? (\w+)\./.exec(schema?.description ?? "");
  return said ? said[1] : null;
}

function types(schema) {
  const listed = Array.isArray(schema.type) ? schema.type : [schema.type];
  return listed.filter((type) => type && type !== "null");
}

function nullable(schema) {
  if (Array.isArray(schema.type)) return schema.type.includes("null");
  return (schema.anyOf ?? []).some((one) => one.type === "null");
}

/** Without the choice of being null. */
export function present(document, schema) {
  const resolved = resolve(document, schema);
  const others = (resolved.anyOf ?? []).filter((one) => one.type !== "null");
  return others.length === 1 ? resolve(document, others[0]) : resolved;
}

function between(least, most, what) {
  if (least !== undefined && most !== undefined) return least === most ? `${least}${what}` : `${least} to ${most}${what}`;
  if (least !== undefined) return `at least ${least}${what}`;
  return most === undefined ? null : `at most ${most}${what}`;
}

/** What a value has to be, one thought each. */
export function facts(document, given) {
  const whole = resolve(document, given);
  const schema = present(document, given);
  const words = [];
  const kind = schema.format ? `${types(schema)[0] ?? ""} (${schema.format})` : types(schema).join(" or ");
  if (schema.enum) words.push(schema.enum.map((member) => `\`${member}\``).join(", "));
  else if (kind) words.push(kind);
  if (types(schema)[0] === "array" && schema.items) words.push(...facts(document, schema.items));
  words.push(between(schema.minLength, schema.maxLength, " characters"));
  words.push(between(schema.minimum, schema.maximum, ""));
  words.push(between(schema.minItems, schema.maxItems, " items"));
  if (schema.default !== undefined) words.push(`default \`${JSON.stringify(schema.default)}\``);
  if (nullable(whole)) words.push("or null");
  return words.filter(Boolean);
}

/** The properties of an object, and of what is in it. */
export function properties(document, given, depth = 0) {
  const schema = present(document, given);
  if (schema.type === "array") return properties(document, schema.items ?? {}, depth);
  const names = Object.entries(schema.properties ?? {});
  if (names.length === 0 || depth > DEEPEST) return null;
  const required = new Set(schema.required ?? []);
  return el("ul", { class: "properties" }, names.map(([name, value]) => {
    const one = present(document, value);
    const inner = one.type === "array" ? present(document, one.items ?? {}) : one;
    const nested = inner.properties ? properties(document, inner, depth + 1) : null;
    return el("li", {},
      el("code", { class: "name" }, name), " ",
      required.has(name) ? el("span", { class: "required" }, "required") : null, " ",
      el("span", { class: "facts" }, inline(facts(document, value).join("; "))),
      one.description ? el("span", { class: "doc" }, inline(one.description)) : null,
      nested);
  }));
}

/** An example that works more often: names rows that were seen, and leaves out those that were not. */
export function draft(document, given, example, seen) {
  const schema = present(document, given);
  if (Array.isArray(example)) return example.map((item) => draft(document, schema.items ?? {}, item, seen));
  if (example === null || typeof example !== "object") {
    const entity = reference(resolve(document, given)) ?? reference(schema);
    return entity && seen(entity) ? seen(entity) : example;
  }
  const required = new Set(schema.required ?? []);
  const drafted = {};
  for (const [name, value] of Object.entries(example)) {
    const property = schema.properties?.[name] ?? {};
    const entity = reference(resolve(document, property));
    if (entity && !required.has(name) && !seen(entity)) continue;
    if (value === null && !required.has(name)) continue;
    drafted[name] = draft(document, property, value, seen);
  }
  return drafted;
}
