// Has GraphQL's reference implementation judge schemas: `node graphql.mjs NPM_FOLDER FILE...`. Each
// schema must build and be valid, and for each field of its roots a request that uses every argument
// and selects three levels must be valid, while one that leaves out what is required must not. Each
// fault is named; then the exit code is 1.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const graphql = createRequire(pathToFileURL(`${folder}/`))("graphql");

let faults = 0;
function fault(file, message) {
  faults += 1;
  console.log(`${file}: ${message}`);
}

function selection(type, depth) {
  const named = graphql.getNamedType(type);
  if (!graphql.isObjectType(named)) return "";
  const fields = Object.values(named.getFields());
  const below = (field) => graphql.isObjectType(graphql.getNamedType(field.type));
  const chosen = fields.filter((field) => depth > 1 || !below(field));
  const inner = chosen.map((field) => `${field.name}${selection(field.type, depth - 1)}`);
  return ` { ${inner.join(" ") || "__typename"} }`;
}

function request(kind, field, args) {
  const variables = args.map((arg) => `$${arg.name}: ${arg.type}`).join(", ");
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(", ");
  const head = variables ? `${kind} Asked(${variables})` : `${kind} Asked`;
  return `${head} { ${field.name}${passed ? `(${passed})` : ""}${selection(field.type, 3)} }`;
}

let asked = 0;
for (const file of files) {
  let schema;
  try {
    schema = graphql.buildSchema(readFileSync(file, "utf8"));
  } catch (why) {
    fault(file, why.message);
    continue;
  }
  graphql.validateSchema(schema).forEach((why) => fault(file, why.message));
  const roots = [
    ["query", schema.getQueryType()],
    ["mutation", schema.getMutationType()],
    ["subscription", schema.getSubscriptionType()],
  ];
  for (const [kind, root] of roots.filter(([, root]) => root)) {
    for (const field of Object.values(root.getFields())) {
      const check = (text) => graphql.validate(schema, graphql.parse(text));
      const text = request(kind, field, field.args);
      asked += 1;
      check(text).forEach((why) => fault(file, `${text}: ${why.message}`));
      const required = field.args.filter(graphql.isRequiredArgument);
      const rest = field.args.filter((arg) => !required.includes(arg));
      const short = request(kind, field, rest);
      if (required.length > 0 && check(short).length === 0) fault(file, `${short} is admitted`);
    }
  }
}
console.log(`${asked} requests`);
process.exitCode = faults === 0 && asked > 0 ? 0 : 1;
