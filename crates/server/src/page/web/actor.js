// Who asks: nobody, an actor of one's choice where that is possible, or who is signed in.

import { model } from "./contracts.js";
import { el, fill, say } from "./dom.js";

const KEY = "firmitas.page-key";
const IDENTITY = "firmitas.identity";
const NOBODY = { kind: "nobody" };
const listeners = [];

let identity = NOBODY;
let csrf = null;

/** What `firm up` printed behind the `#`, which is taken out of the address at once. */
export function takeKey() {
  const said = /^#key=([\w-]+)$/.exec(location.hash);
  if (!said) return;
  sessionStorage.setItem(KEY, said[1]);
  history.replaceState(null, "", "/#/");
}

/** Whether tokens of any actor can be had. */
export function canMint() {
  return model.page.mints && sessionStorage.getItem(KEY) !== null;
}

/** Whether requests can be tried. */
export function canTry() {
  return model.page.mode === "try";
}

/** Tells when somebody else asks. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Who asks, as people call it. */
export function name() {
  if (identity.kind === "actor") return identity.subject === identity.actor ? identity.actor : `${identity.actor} ${identity.subject}`;
  if (identity.kind === "session") return identity.name;
  return { nobody: "nobody", token: "a token", key: "an API key" }[identity.kind];
}

/** Whether the one who asks is this actor. */
export function is(actor) {
  return identity.kind === "actor" && identity.actor === actor;
}

/** What a request shows to prove it. */
export function proof(writes) {
  if (identity.kind === "actor" || identity.kind === "token") return { authorization: `Bearer ${identity.token}` };
  if (identity.kind === "key") return { "x-api-key": identity.token };
  return identity.kind === "session" && writes && csrf ? { "x-csrf-token": csrf } : {};
}

/** Whether the browser sends its cookie. */
export function credentials() {
  return identity.kind === "session" ? "same-origin" : "omit";
}

function become(next) {
  identity = next;
  sessionStorage.setItem(IDENTITY, JSON.stringify(next));
  show();
  listeners.forEach((listener) => listener());
  say(`Requests are sent as ${name()}.`);
}

function show() {
  const button = document.getElementById("who");
  button.hidden = !canTry();
  fill(button, el("span", { class: "as" }, "As "), el("b", {}, name()));
}

/** Becomes an actor: asks for a token, which the page alone is given. */
export async function act(actor, subject = "", tenant = "") {
  const response = await fetch("/_page/token", {
    method: "POST",
    credentials: "omit",
    headers: { "content-type": "application/json", "x-page-key": sessionStorage.getItem(KEY) ?? "" },
    body: JSON.stringify({ actor, subject: subject || null, tenant: tenant || null }),
  });
  const told = await response.json();
  if (!response.ok) throw new Error(told.errors?.[0]?.detail ?? told.detail ?? told.title);
  become({ kind: "actor", actor, subject: told.subject, tenant, token: told.token });
}

/** A new token for the same actor, where the last one is over. */
export async function again() {
  if (identity.kind !== "actor" || !canMint()) return false;
  await act(identity.actor, identity.subject, identity.tenant);
  return true;
}

async function session() {
  const told = await (await fetch("/_page/who.json", { credentials: "same-origin" })).json();
  if (!told.signed_in) return null;
  const response = await fetch("/auth/session", { credentials: "same-origin" });
  return response.ok ? response.json() : null;
}

async function useSession() {
  const mine = await session();
  if (!mine) return false;
  csrf = mine.csrf_token;
  become({ kind: "session", name: mine.user.logins[0]?.address ?? mine.user.name ?? "you" });
  return true;
}

async function signOut() {
  await fetch("/auth/sign-out", { method: "POST", credentials: "same-origin", headers: { "x-csrf-token": csrf ?? "" } });
  csrf = null;
  become(NOBODY);
}

/** Who asked before the page was loaded anew. */
export async function restore() {
  try {
    identity = JSON.parse(sessionStorage.getItem(IDENTITY)) ?? NOBODY;
  } catch {
    identity = NOBODY;
  }
  if (!canTry()) identity = NOBODY;
  if (canTry() && model.page.accounts && (identity.kind === "session" || identity.kind === "nobody")) {
    identity = NOBODY;
    await useSession().catch(() => false);
  }
  show();
  document.getElementById("who").addEventListener("click", ask);
}

function field(label, id, input, hint) {
  return el("div", { class: "field" }, el("label", { for: id }, label), input, hint ? el("small", { id: `${id}-hint` }, hint) : null);
}

/** The people and programs that prove who they are. */
export function provers() {
  return model.actors.filter((actor) => actor.proof !== "none");
}

function choice(close, wrong) {
  if (!model.page.mints) return null;
  if (!canMint()) {
    return el("section", {}, el("h3", {}, "As any actor"),
      el("p", {}, "Open the link that ", el("code", {}, "firm up"), " printed after ", el("b", {}, "try it on"), ": what stands behind its ", el("code", {}, "#"), " lets this page, and nobody else, get tokens."));
  }
  const actor = el("select", { id: "as-actor" }, provers().map((of) => el("option", { value: of.name, selected: is(of.name) }, of.name)));
  const subject = el("input", { id: "as-subject", autocomplete: "off", "aria-describedby": "as-subject-hint" });
  const tenant = el("input", { id: "as-tenant", autocomplete: "off" });
  const form = el("form", { method: "dialog" }, el("h3", {}, "As any actor"),
    field("Actor", "as-actor", actor),
    field("Subject", "as-subject", subject, "Who it is; an email address or phone number counts as verified. Left out: the name of the actor."),
    model.tenancy ? field("Tenant (id)", "as-tenant", tenant) : null,
    el("button", { class: "primary" }, "Act"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(actor.value, subject.value.trim(), tenant.value.trim()).then(close, wrong);
  });
  return form;
}

function signIn(close, wrong) {
  if (!model.page.accounts) return null;
  if (identity.kind === "session") {
    return el("section", {}, el("h3", {}, "Signed in"), el("p", {}, identity.name),
      el("button", { type: "button", on: { click: () => signOut().then(close, wrong) } }, "Sign out"));
  }
  const next = encodeURIComponent(`/${location.hash}`);
  return el("section", {}, el("h3", {}, "As yourself"),
    el("p", {}, el("a", { href: `/auth/sign-in?next=${next}` }, "Sign in"), ", and come back here."));
}

function paste(close) {
  const input = el("input", { id: "as-token", type: "password", autocomplete: "off", required: true });
  const form = el("form", { method: "dialog" }, el("h3", {}, "With a token or API key"),
    field("Token or key", "as-token", input, "It is kept in this tab until it is closed."),
    el("button", {}, "Use it"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = input.value.trim();
    become({ kind: token.startsWith("firm_") ? "key" : "token", token });
    close();
  });
  return form;
}

/** Asks who is to ask. */
export function ask() {
  const dialog = document.getElementById("actor");
  const close = () => dialog.close();
  const alert = el("p", { role: "alert", class: "wrong" });
  const wrong = (error) => { alert.textContent = error.message; };
  const nobody = el("button", { type: "button", on: { click: () => { become(NOBODY); close(); } } }, "As nobody");
  fill(dialog, el("div", { class: "head" }, el("h2", { id: "actor-title" }, "Who asks"),
    el("button", { type: "button", class: "small", on: { click: close } }, "Close")),
  alert, choice(close, wrong), signIn(close, wrong), paste(close),
  el("section", {}, nobody));
  dialog.showModal();
}
