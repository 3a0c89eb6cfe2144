// Drives the provider with `openid-client` and a browser that keeps one cookie.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

const [library, what, url, login, password, secret, key] = process.argv.slice(2);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };

if (what === 'key') {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const [privateKey, publicKey] = await Promise.all(
    [pair.privateKey, pair.publicKey].map((of) => crypto.subtle.exportKey('jwk', of)));
  console.log(JSON.stringify({ private: privateKey, public: { ...publicKey, kid: 'a', alg: 'ES256' } }));
  process.exit(0);
}

const oidc = await import(pathToFileURL(library).href);
const http = { execute: [oidc.allowInsecureRequests] };
const ok = (step) => console.log(`${step}: ok`);
let cookie = '';

async function browse(to, options = {}) {
  const headers = { ...options.headers, cookie };
  const answer = await fetch(to, { ...options, headers, redirect: 'manual' });
  for (const set of answer.headers.getSetCookie()) cookie = set.split(';')[0];
  return answer;
}

async function signIn(next) {
  const answer = await browse(`${url}/auth/sign-in`, {
    method: 'POST',
    headers: { origin: url, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ login, password, next }),
  });
  assert.ok(answer.status < 400, await answer.text());
}

// From the address of the client to the one that it is answered at, signing in on the way.
async function authorized(address) {
  let answer = await browse(address);
  if (answer.headers.get('location')?.startsWith('/auth/sign-in')) {
    const next = new URL(answer.headers.get('location'), url).searchParams.get('next');
    await signIn(next);
    answer = await browse(new URL(next, url));
  }
  if (answer.status === 200) {
    const question = /name="question" value="([^"]+)"/.exec(await answer.text())[1];
    answer = await browse(`${url}/oauth/consent`, {
      method: 'POST', body: new URLSearchParams({ question, answer: 'allow' }),
    });
  }
  assert.equal(answer.status, 303);
  return new URL(answer.headers.get('location'));
}

async function tokensOf(config, redirect, scope, more = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirect, scope, state, nonce, ...more,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const back = await authorized(address);
  return oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
    maxAge: 300,
  });
}

const web = await oidc.discovery(new URL(url), 'web', {}, oidc.None(), http);
assert.equal(web.serverMetadata().issuer, url);
ok('discovery');

const first = await tokensOf(web, 'https://app.example/back', 'openid profile email lending');
const claims = first.claims();
assert.equal(claims.aud, 'web');
assert.equal(claims.acr, 'urn:firmitas:aal:1');
assert.ok(claims.auth_time > 0);
const books = await oidc.fetchProtectedResource(
  web, first.access_token, new URL('/lending/v1/books', url), 'GET');
assert.equal(books.status, 200);
ok('code');

const person = await oidc.fetchUserInfo(web, first.access_token, claims.sub);
assert.equal(person.email, login);
assert.equal(person.email_verified, true);
assert.equal(person.name, 'Anna');
ok('userinfo');

const second = await oidc.refreshTokenGrant(web, first.refresh_token);
assert.notEqual(second.refresh_token, first.refresh_token);
assert.equal(second.claims().sub, claims.sub);
ok('refresh');

await assert.rejects(oidc.refreshTokenGrant(web, first.refresh_token), { error: 'invalid_grant' });
await assert.rejects(oidc.refreshTokenGrant(web, second.refresh_token), { error: 'invalid_grant' });
ok('reuse');

const third = await tokensOf(web, 'https://app.example/back', 'openid');
await oidc.tokenRevocation(web, third.refresh_token);
await assert.rejects(oidc.refreshTokenGrant(web, third.refresh_token), { error: 'invalid_grant' });
await assert.rejects(oidc.fetchUserInfo(web, third.access_token, claims.sub));
ok('revocation');

const partner = await oidc.discovery(
  new URL(url), 'partner', {}, oidc.ClientSecretBasic(secret), http);
const theirs = await tokensOf(partner, 'https://partner.example/back', 'openid email lending');
const asked = await oidc.tokenIntrospection(partner, theirs.access_token);
assert.equal(asked.active, true);
assert.equal(asked.client_id, 'partner');
await oidc.tokenRevocation(partner, theirs.access_token);
assert.equal((await oidc.tokenIntrospection(partner, theirs.access_token)).active, false);
ok('introspection');

const jwk = JSON.parse(key);
const signing = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
const stock = await oidc.discovery(
  new URL(url), 'stock', {}, oidc.PrivateKeyJwt({ key: signing, kid: 'a' }), http);
const own = await oidc.clientCredentialsGrant(stock);
const list = await oidc.fetchProtectedResource(
  stock, own.access_token, new URL('/lending/v1/books', url), 'GET');
assert.equal(list.status, 200);
ok('client credentials');

const other = await oidc.discovery(
  new URL(url), 'other', { id_token_signed_response_alg: 'EdDSA' }, oidc.None(), http);
oidc.enableNonRepudiationChecks(other);
const signed = await tokensOf(other, 'https://other.example/back', 'openid');
assert.equal(signed.claims().aud, 'other');
ok('eddsa');

const last = await tokensOf(web, 'https://app.example/back', 'openid');
const leave = oidc.buildEndSessionUrl(web, {
  id_token_hint: last.id_token, post_logout_redirect_uri: 'https://app.example/done', state: 'bye',
});
const gone = await browse(leave);
assert.equal(gone.headers.get('location'), 'https://app.example/done?state=bye');
await assert.rejects(oidc.refreshTokenGrant(web, last.refresh_token), { error: 'invalid_grant' });
const again = await browse(oidc.buildAuthorizationUrl(web, {
  redirect_uri: 'https://app.example/back', scope: 'openid', prompt: 'none', state: 'x',
  code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
  code_challenge_method: 'S256',
}));
assert.match(again.headers.get('location'), /error=login_required/);
ok('logout');
