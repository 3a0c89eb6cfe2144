//! A request for an operation, from its head to its answer.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use decide::durable;
use hyper::body::Incoming;
use hyper::header::{ETAG, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::outcome::Outcome;
use super::query::{self, Asked, Context};
use super::rate::{self, Told};
use super::reply::{self, REPLAYED, Reply};
use super::seats::Guest;
use super::service::{Execute, Service, now_micros};
use super::trail::Trail;
use super::unwind::{CatchUnwind, Panicked};
use super::{Peer, body, head};
use crate::call::{Answer, Body, Caller, IdempotencyKey, Identity, InputValues, Request, Trace};
use crate::json;
use crate::operations::audit;
use crate::problem::{Problem, code};

/// A request that leads to an operation.
pub(super) struct Received<'a> {
    pub(super) parts: &'a Parts,
    /// With whether all of it has been read.
    pub(super) body: (&'a mut Incoming, &'a mut bool),
    /// With its position.
    pub(super) endpoint: (&'a Endpoint, usize),
    pub(super) address: Option<&'a str>,
    pub(super) trail: &'a Trail,
}

/// What is known of a request although it fails.
#[derive(Default)]
struct Seen<'a> {
    identity: Option<Identity>,
    told: Option<Told<'a>>,
}

impl<E: Execute> Service<E> {
    /// Catches defects.
    pub(super) async fn guarded(&self, received: Received<'_>, started: Instant) -> Outcome {
        let trace = received.trail.context;
        let mut seen = Seen::default();
        let answered = CatchUnwind::new(self.answer(received, started, &mut seen)).await;
        let Seen { identity, told } = seen;
        let mut outcome = match answered {
            Ok(Ok(reply)) => Outcome { reply, identity, code: None },
            Ok(Err(problem)) => Outcome::of(&problem, identity),
            Err(Panicked) => {
                self.metrics.panics.fetch_add(1, Relaxed);
                let detail = format!("Report it with the id {:032x}.", trace.trace);
                Outcome::of(&Problem::new(&code::INTERNAL).detail(detail), identity)
            }
        };
        if let Some(told) = told {
            rate::tell(outcome.reply.headers_mut(), &told);
        }
        outcome
    }

    /// Who asks, if it may and not too often. A bad token is an error even where none is needed.
    async fn admitted<'s>(
        &'s self,
        parts: &Parts,
        (endpoint, at): (&Endpoint, usize),
        (peer, trace): (&Peer, &Trace),
        seen: &mut Seen<'s>,
    ) -> Result<Caller, Problem> {
        let refused = |caller: Option<&Caller>, problem: Problem| {
            audit::refused(self.backend.audit(), &endpoint.name, caller, &problem, trace);
            problem
        };
        let caller = self.caller(parts, peer).await.map_err(|problem| refused(None, problem));
        if let Ok(caller) = caller.as_ref()
            && self.log.is_on()
        {
            seen.identity.clone_from(&caller.identity);
        }
        let admitted = caller.and_then(|caller| match admit(endpoint, &caller) {
            Ok(()) => Ok(caller),
            Err(problem) => Err(refused(Some(&caller), problem)),
        });
        let (allowed, address) = (admitted.as_ref().ok(), peer.address.ip());
        let taken = self.rates.take(Some(at), allowed, address, &mut seen.told).await;
        taken.inspect_err(|_| _ = self.metrics.limited.fetch_add(1, Relaxed))?;
        admitted
    }

    async fn answer<'s>(
        &'s self,
        received: Received<'_>,
        started: Instant,
        seen: &mut Seen<'s>,
    ) -> Result<Reply, Problem> {
        let Received { parts, body, endpoint: (endpoint, at), address, trail } = received;
        let peer = parts.extensions.get::<Peer>().cloned().unwrap_or_default();
        let trace = trail.trace(endpoint.writes || self.backend.audit().is_on(), &peer);
        let mut caller = self.admitted(parts, (endpoint, at), (&peer, &trace), seen).await?;
        caller.tenant.found = trail.tenant.clone();
        if let Some(why) = endpoint.missing {
            return Err(Problem::new(&code::NOT_RUNNING).detail(why));
        }
        head::accepts_json(&parts.headers)?;
        // What is asked.
        let context =
            Context { key: self.issuer.seal(), operation: &endpoint.name, caller: &caller };
        let asked = endpoint.query.read(parts.uri.query().unwrap_or_default(), &context)?;
        let Asked { mut page, input: asked, selection } = asked;
        let mut one = 1;
        let limit = page.as_mut().map_or(&mut one, |page| &mut page.limit);
        let wanted = query::expand(parts.uri.query().unwrap_or_default())
            .map(|text| self.expander.selection(endpoint.operation, &text, limit))
            .transpose()?;
        let expanded = wanted.is_some();
        let address = address.map(|text| address_value(endpoint, text)).transpose()?;
        let if_match = head::if_match(&parts.headers, endpoint.route.if_match)?;
        let key = head::idempotency_key(&parts.headers, endpoint.route.idempotency_key)?;
        // With what.
        let (input, idempotency) = if endpoint.is_read() {
            (asked, None)
        } else {
            let (body, whole) = body;
            let guest = parts.extensions.get::<Arc<Guest>>();
            let reading = guest.map(|guest| guest.reads());
            let bytes = body::read(body, &self.limits, &self.large_bodies).await?;
            drop(reading);
            *whole = true;
            let sent = self.input(endpoint, &parts.headers, &bytes)?;
            let input = if endpoint.has_no_body { asked } else { sent };
            let fingerprint = |key: &str| idempotency(key, parts.uri.path(), &bytes);
            (input, key.map(fingerprint))
        };
        let wait = head::wait(&parts.headers);
        let budget = wait.map_or(endpoint.deadline, |wait| wait.min(endpoint.deadline));
        let deadline = started + budget.max(Duration::from_millis(1));
        let request = Request {
            operation: endpoint.operation,
            caller: caller.clone(),
            address,
            input,
            if_match,
            idempotency,
            page,
            selection: wanted,
            patience: Some(
                deadline.saturating_duration_since(Instant::now()).mul_f64(durable::WAITED),
            ),
            trace,
        };
        let answer = self.execute(endpoint, request, deadline).await?;
        let mut reply = self.reply(endpoint, answer, &parts.headers, &selection, &context);
        if let Some(wait) = wait {
            head::applied(reply.headers_mut(), wait);
        }
        if expanded {
            // Rows of other operations are in it, which may be of less than everybody.
            reply.headers_mut().insert(hyper::header::CACHE_CONTROL, reply::NO_STORE);
        }
        Ok(reply)
    }

    /// A body where one is expected; none is an empty object where nothing is required.
    fn input(
        &self,
        endpoint: &Endpoint,
        headers: &hyper::HeaderMap,
        bytes: &[u8],
    ) -> Result<InputValues, Problem> {
        let patch = endpoint.route.method == decide::design::Method::Patch;
        if !bytes.is_empty() {
            head::content_is_json(headers, patch)?;
        } else if endpoint.route.method == decide::design::Method::Delete {
            return Ok(InputValues::default());
        }
        json::read_input(&endpoint.input, bytes, now_micros())
    }

    /// Runs the operation until the deadline. A write goes on when its client goes away: it was
    /// asked for, and half of it helps nobody.
    async fn execute(
        &self,
        endpoint: &Endpoint,
        request: Request,
        deadline: Instant,
    ) -> Result<Answer, Problem> {
        // Taken when the request is complete: those who send slowly hold nobody up.
        let Some(_place) = self.gate.enter(endpoint.critical).await else {
            self.metrics.shed.fetch_add(1, Relaxed);
            return Err(Problem::new(&code::OVERLOADED).retry_after(1));
        };
        let late = |_| Problem::new(&code::TIMED_OUT);
        if !endpoint.writes {
            let began = Instant::now();
            let reading = self.backend.execute(request);
            let read = tokio::time::timeout_at(deadline, reading).await;
            self.gate.learn(began.elapsed(), endpoint.deadline);
            return read.map_err(late)?;
        }
        let backend = Arc::clone(&self.backend);
        let writing = tokio::spawn(async move { backend.execute(request).await });
        match tokio::time::timeout_at(deadline, writing).await.map_err(late)? {
            Ok(result) => result,
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => Err(Problem::new(&code::UNAVAILABLE).retry_after(1)),
        }
    }

    fn reply(
        &self,
        endpoint: &Endpoint,
        answer: Answer,
        headers: &hyper::HeaderMap,
        selection: &str,
        context: &Context<'_>,
    ) -> Reply {
        let mut etag = answer.version.map(|version| format!("\"{version}\""));
        let mut validates = endpoint.is_read() && endpoint.freshness.validates();
        let body = match answer.body {
            Body::Empty => None,
            Body::Json(body) => Some(body),
            Body::Page { items, next, count } => {
                let next = Asked::next(selection, context, next.as_ref());
                let page = json::page_body(&items, &next, count);
                etag = endpoint.freshness.tag(&page);
                validates = true;
                Some(page)
            }
        };
        let known = |etag: &str| validates && head::if_none_match(headers, etag);
        let mut reply = match body {
            _ if etag.as_deref().is_some_and(known) => reply::empty(304),
            None => reply::empty(answer.status),
            Some(body) => reply::json(answer.status, body),
        };
        let out = reply.headers_mut();
        if let Some(Ok(etag)) = etag.map(HeaderValue::try_from) {
            out.insert(ETAG, etag);
        }
        if let Some(Ok(location)) = answer.location.map(HeaderValue::try_from) {
            out.insert(LOCATION, location);
        }
        if answer.replayed {
            out.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        let anonymous = context.caller.identity.is_none();
        endpoint.freshness.say(out, headers, anonymous, answer.age);
        reply
    }
}

/// Refuses those that no grant of the operation names, before anything is read for them.
pub(super) fn admit(endpoint: &Endpoint, caller: &Caller) -> Result<(), Problem> {
    if endpoint.open || caller.actors.iter().any(|actor| endpoint.route.actors.contains(actor)) {
        return Ok(());
    }
    let code = if caller.identity.is_some() { &code::FORBIDDEN } else { &code::UNAUTHENTICATED };
    Err(Problem::new(code))
}

/// The id or key in the path. What cannot be one names no row.
pub(super) fn address_value(endpoint: &Endpoint, text: &str) -> Result<expression::Value, Problem> {
    let text = query::decode(text, false).ok_or_else(|| Problem::new(&code::NOT_FOUND))?;
    named_value(endpoint, &text)
}

/// The same of a text that was never in a path.
pub(super) fn named_value(endpoint: &Endpoint, text: &str) -> Result<expression::Value, Problem> {
    let missing = || Problem::new(&code::NOT_FOUND);
    let ty = endpoint.address.as_ref().ok_or_else(missing)?;
    json::from_text(ty, text).map_err(|wrong| {
        if endpoint.upsert { Problem::invalid("", wrong.code, wrong.detail) } else { missing() }
    })
}

/// What a repeated request must agree in.
fn idempotency(key: &str, path: &str, body: &[u8]) -> IdempotencyKey {
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(body);
    IdempotencyKey { key: key.to_owned(), body_hash: hash.finalize().into() }
}
