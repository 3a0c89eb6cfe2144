// Drives the server with GraphQL's reference implementation: its introspection query, its validation,
// and its execution over the rows that REST answers, as what the answer has to be.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

const [library, told] = process.argv.slice(2);
const { url, order, products, categories, tokens } = JSON.parse(told);
const graphql = await import(pathToFileURL(library).href);
const ok = (step) => console.log(`${step}: ok`);

async function ask(token, query, variables = {}) {
  const headers = {
    'content-type': 'application/json', accept: 'application/graphql-response+json',
  };
  if (token) headers.authorization = `Bearer ${token}`;
  const body = JSON.stringify({ query, variables });
  const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body });
  return { status: answer.status, ...(await answer.json()) };
}

async function rest(token, path) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`${url}/market/v1/${path}`, { headers });
  assert.ok(answer.ok || [401, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
  return answer.ok ? answer.json() : null;
}

// A schema that the client builds from what the server tells, and finds sound.
const introspected = await ask('', graphql.getIntrospectionQuery({ inputValueDeprecation: true }));
const schema = graphql.buildClientSchema(introspected.data);
assert.deepEqual(graphql.validateSchema(schema), []);
assert.ok(graphql.printSchema(schema).includes('type Order'));
ok('schema');

// What the client finds wrong, the server refuses, and nothing is executed.
const wrong = [
  '{ viewProduct(id: 1, nope: 2) { id } }', '{ nothing }', '{ listProducts { items } }',
  'query($a: Strange) { __typename }', '{ ...F } fragment F on Query { ...F }', '{ a: __typename a: version }',
];
for (const query of wrong) {
  assert.notDeepEqual(graphql.validate(schema, graphql.parse(query)), [], query);
  const answer = await ask(tokens.staff, query);
  assert.ok(answer.status === 400 && answer.errors.length > 0 && !('data' in answer), query);
}
ok('errors');

const edit = `mutation($id: ID!, $v: Long!, $i: EditProductInput!) {
  editProduct(id: $id, expectedVersion: $v, input: $i) { id name version } }`;
assert.deepEqual(graphql.validate(schema, graphql.parse(edit)), []);
const before = await rest(tokens.staff, `products/${products[1]}`);
const variables = { id: products[1], v: before.version, i: { name: 'loaf' } };
const done = await ask(tokens.staff, edit, variables);
assert.equal(done.data.editProduct.name, 'loaf', JSON.stringify(done));
assert.equal((await ask(tokens.staff, edit, variables)).errors[0].extensions.status, 412);
assert.equal((await ask(tokens.ada, edit, variables)).errors[0].extensions.status, 403);
ok('mutations');

// Random queries: the answer has the shape of the question, and the values that REST answers to the
// same caller. Numbers that follow from a seed, so that a failure can be seen again.
let state = 20261122;
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pick = (all) => all[random(all.length)];

/// A selection of an object type, as text, with what it asks for by its key in the answer.
function selection(type, depth) {
  const fields = Object.values(type.getFields()).filter((of) => of.args.length === 0);
  const asked = {};
  const parts = [];
  const add = (field, alias) => {
    const inner = graphql.getNamedType(field.type);
    const key = alias ?? field.name;
    if (asked[key]) return;
    if (graphql.isCompositeType(inner)) {
      if (depth === 0) return;
      const below = selection(inner, depth - 1);
      asked[key] = { field, below: below.asked };
      parts.push(`${alias ? `${alias}: ` : ''}${field.name} ${below.text}`);
    } else {
      asked[key] = { field };
      parts.push(`${alias ? `${alias}: ` : ''}${field.name}`);
    }
  };
  for (let at = random(4) + 1; at > 0; at -= 1) {
    add(pick(fields), random(3) === 0 ? `a${random(1000)}` : undefined);
  }
  if (parts.length === 0 || random(4) === 0) {
    asked.__typename = { name: type.name };
    parts.push('__typename');
  }
  if (random(3) === 0 && parts.length > 0) {
    return { text: `{ ... on ${type.name} { ${parts.join(' ')} } }`, asked };
  }
  return { text: `{ ${parts.join(' ')} }`, asked };
}

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const property = (row, name) =>
  Object.entries(row).find(([key]) => camel(key) === name)?.[1];

/// Where REST has the rows that a field refers to.
const paths = {
  customer: 'customers', product: 'products', category: 'categories', parent: 'categories',
  order: 'orders',
};
const row = (token, field, id) => rest(token, `${paths[field]}/${id}`);

/// Holds an answer against the row of REST.
async function same(token, answer, asked, row_, path) {
  assert.deepEqual(Object.keys(answer), Object.keys(asked), path);
  for (const [key, { field, below, name }] of Object.entries(asked)) {
    const value = answer[key];
    const at = `${path}.${key}`;
    if (name) { assert.equal(value, name, at); continue; }
    const inner = graphql.getNamedType(field.type);
    let expected = property(row_, field.name);
    if (expected === undefined && field.name.endsWith('Id')) {
      expected = property(row_, field.name.slice(0, -2));
    }
    if (!below) {
      if (graphql.isEnumType(inner) && expected !== null) expected = expected.toUpperCase();
      assert.deepEqual(value, expected, at);
      continue;
    }
    if (Array.isArray(expected)) {
      assert.equal(value.length, expected.length, at);
      for (const [position, item] of expected.entries()) {
        await same(token, value[position], below, item, `${at}[${position}]`);
      }
      continue;
    }
    const linked = typeof expected === 'string' ? await row(token, field.name, expected) : expected;
    // What REST does not show the caller is not there.
    if (linked === null || linked === undefined) assert.equal(value, null, at);
    else await same(token, value, below, linked, at);
  }
}

const roots = [
  ['viewOrder', 'Order', order], ['viewProduct', 'Product', products[0]],
  ['viewProduct', 'Product', products[2]], ['viewCategory', 'Category', categories[0]],
];
let refused = 0;
for (let round = 0; round < 250; round += 1) {
  const [name, entity, id] = pick(roots);
  const token = pick(Object.values(tokens));
  const { text, asked } = selection(schema.getType(entity), 3);
  const query = `query($id: ID!) { ${name}(id: $id) ${text} }`;
  assert.deepEqual(graphql.validate(schema, graphql.parse(query)), [], query);
  const answer = await ask(token, query, { id });
  const expected = await row(token, entity.toLowerCase(), id);
  if (expected === null) {
    refused += 1;
    assert.equal(answer.data[name], null, query);
    assert.ok([401, 403, 404].includes(answer.errors[0].extensions.status), JSON.stringify(answer));
    continue;
  }
  assert.equal(answer.errors, undefined, `${query}: ${JSON.stringify(answer.errors)}`);
  await same(token, answer.data[name], asked, expected, query);
}
assert.ok(refused > 10 && refused < 200, `${refused} refused`);
ok('random');

for (let round = 0; round < 40; round += 1) {
  const token = pick(Object.values(tokens));
  const { text, asked } = selection(schema.getType('Product'), 2);
  const limit = random(3) + 1;
  const query = `{ listProducts(limit: ${limit}) { items ${text} next } }`;
  const answer = await ask(token, query);
  assert.equal(answer.errors, undefined, `${query}: ${JSON.stringify(answer.errors)}`);
  const page = await rest(token, `products?limit=${limit}`);
  const { items, next } = answer.data.listProducts;
  assert.equal(items.length, page.items.length, query);
  assert.equal(next === null, page.next === '' || page.next === undefined || page.next === null, query);
  for (const [at, item] of page.items.entries()) await same(token, items[at], asked, item, query);
}
ok('pages');
