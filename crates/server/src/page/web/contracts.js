// What this server says about itself: the model, and a contract for each context.

/** The model, once it is loaded. */
export let model = null;

const contracts = new Map();

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
  return response.json();
}

/** Loads the model. */
export async function load() {
  model = await get("/_page/model.json");
  return model;
}

/** The contract of a context; loaded when it is first looked at, null where nothing is served. */
export function contract(context) {
  if (!context.contract) return Promise.resolve(null);
  if (!contracts.has(context.slug)) {
    const loading = get(context.contract);
    loading.catch(() => contracts.delete(context.slug));
    contracts.set(context.slug, loading);
  }
  return contracts.get(context.slug);
}

/** What a reference leads to; what is no reference stays. */
export function resolve(document, value) {
  for (let hops = 0; value && typeof value.$ref === "string" && hops < 16; hops += 1) {
    const path = value.$ref.replace(/^#\//, "").split("/");
    value = path.reduce((at, name) => at?.[name.replace(/~1/g, "/").replace(/~0/g, "~")], document);
  }
  return value ?? {};
}

/** An operation as its contract describes it; null where the contract leaves it out. */
export function described(document, operation) {
  return document?.paths?.[operation.path]?.[operation.method.toLowerCase()] ?? null;
}

/** The media type and the description of a body. */
export function content(document, holder) {
  const [type, described] = Object.entries(resolve(document, holder).content ?? {})[0] ?? [];
  return type ? { type, schema: described.schema, example: example(document, described) } : null;
}

/** The first example of a body or parameter. */
export function example(document, described) {
  if (described?.example !== undefined) return described.example;
  const first = Object.values(described?.examples ?? {})[0];
  return first === undefined ? undefined : resolve(document, first).value;
}

/** The context with this address. */
export function contextOf(slug) {
  return model.contexts.find((context) => context.slug === slug);
}
