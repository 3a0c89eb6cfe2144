// Has AsyncAPI's own parser judge documents: `node asyncapi.mjs NPM_FOLDER FILE...`. Each error and
// warning is named; then the exit code is 1. Advice on what newer versions offer is no fault.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const { Parser } = createRequire(pathToFileURL(`${folder}/`))("@asyncapi/parser");

let faults = 0;
for (const file of files) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"), { source: file });
  for (const { severity, code, message, path } of diagnostics) {
    if (severity > 1) continue;
    faults += 1;
    console.log(`${file}: ${code}: ${message} at ${path.join("/")}`);
  }
  if (!document) faults += 1;
}
process.exitCode = faults === 0 ? 0 : 1;
