// Has mermaid itself parse diagrams: `node mermaid.mjs NPM_FOLDER FILE...`. Each file that it
// refuses is named with the reason; then the exit code is 1. NPM_FOLDER holds `mermaid` and
// `jsdom`, since mermaid asks for a browser's document even where nothing is drawn.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const { resolve } = createRequire(pathToFileURL(`${folder}/`));
const load = (name) => import(pathToFileURL(resolve(name)));

const { JSDOM } = (await load("jsdom")).default;
globalThis.window = new JSDOM("").window;
globalThis.document = window.document;
const mermaid = (await load("mermaid")).default;

let refused = 0;
for (const file of files) {
  try {
    await mermaid.parse(readFileSync(file, "utf8"));
  } catch (why) {
    refused += 1;
    console.log(`${file}: ${why.message}`);
  }
}
process.exitCode = refused === 0 ? 0 : 1;
