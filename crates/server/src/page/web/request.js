// A request as it is sent, and as curl would send it.

import { again, credentials, proof } from "./actor.js";

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** A request from what was typed; `values` by place and name. */
export function build(operation, typed) {
  let path = operation.path;
  for (const [name, value] of Object.entries(typed.path)) path = path.replace(`{${name}}`, encodeURIComponent(value));
  const query = new URLSearchParams(Object.entries(typed.query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one])).filter(([, value]) => value !== ""));
  const text = query.toString();
  const headers = { accept: "application/json" };
  for (const [name, value] of Object.entries(typed.header)) if (value !== "") headers[name.toLowerCase()] = value;
  if (typed.body !== null) headers["content-type"] = typed.type;
  return { method: operation.method, path: text ? `${path}?${text}` : path, headers, body: typed.body };
}

/** Sends a request, and says what came of it. */
export async function send(request) {
  const answer = await attempt(request);
  // A token of the page lives for an hour; the request itself was not begun.
  if (answer.status === 401 && answer.json?.code === "token-expired" && await again()) return attempt(request);
  return answer;
}

async function attempt(request) {
  const headers = { ...request.headers, ...proof(WRITES.has(request.method)) };
  const began = performance.now();
  const options = { method: request.method, headers, credentials: credentials(), cache: "no-store", redirect: "manual" };
  if (request.body !== null) options.body = request.body;
  const response = await fetch(request.path, options);
  const text = await response.text();
  const took = performance.now() - began;
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, reason: response.statusText, headers: [...response.headers], text, json, took };
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same for a shell; whole, or with the proof of who asks cut short for showing it. */
export function curl(request, whole) {
  const shown = ([name, value]) => {
    const secret = name === "authorization" || name === "x-api-key" || name === "x-csrf-token";
    return `-H ${quoted(`${name}: ${secret && !whole ? `${value.slice(0, 14)}...` : value}`)}`;
  };
  const headers = { ...request.headers, ...proof(WRITES.has(request.method)) };
  const parts = [`curl -i ${request.method === "GET" ? "" : `-X ${request.method} `}${quoted(location.origin + request.path)}`];
  parts.push(...Object.entries(headers).map(shown));
  if (request.body !== null) parts.push(`-d ${quoted(request.body)}`);
  return parts.join(" \\\n  ");
}
