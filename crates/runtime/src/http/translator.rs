//! What other protocols say, as the operations understand it: the checks, the codes and the cursors
//! are those of HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use decide::Design;
use decide::expansions::Expansions;
use model::model::OperationId;
use sha2::{Digest as _, Sha256};

use super::endpoint::Endpoint;
use super::query::{Asked, Context};
use super::service::now_micros;
use crate::call::{Caller, Cursor, IdempotencyKey, IfMatch, Request, Trace, Wanted};
use crate::identity::Issuer;
use crate::json;
use crate::problem::{Problem, code};

/// Every operation that has a route.
#[derive(Debug)]
pub struct Translator {
    endpoints: BTreeMap<OperationId, Endpoint>,
    seal: [u8; 32],
}

/// A request as a protocol puts it.
#[derive(Clone, Debug)]
pub struct Spoken<'a> {
    /// What is asked.
    pub operation: OperationId,
    /// Who asks.
    pub caller: &'a Caller,
    /// The id or the key of the row, as it stands in an address.
    pub address: Option<&'a str>,
    /// The query, as it stands in an address.
    pub query: &'a str,
    /// The body, of what writes.
    pub body: Option<&'a [u8]>,
    /// Whether values of `types` in the body are whole ones, in an update as well.
    pub whole: bool,
    /// The idempotency key.
    pub key: Option<&'a str>,
    /// The version that the row must have.
    pub if_match: Option<IfMatch>,
    /// What of the answer is wanted.
    pub selection: Option<Arc<Wanted>>,
    /// What it belongs to.
    pub trace: Trace,
}

impl Translator {
    /// That of a design; cursors are sealed like those of HTTP.
    #[must_use]
    pub fn new(design: &Design, issuer: &Issuer) -> Self {
        let expansions = Expansions::of(design);
        let routes = design.routes.iter().flatten();
        let endpoint = |route: &decide::design::Route| {
            (route.operation, Endpoint::new(design, route, None, &expansions))
        };
        Self { endpoints: routes.map(endpoint).collect(), seal: *issuer.seal() }
    }

    /// How long an operation may take.
    #[must_use]
    pub fn deadline(&self, operation: OperationId) -> Duration {
        let known = self.endpoints.get(&operation);
        known.map_or(Duration::from_secs(1), |endpoint| endpoint.deadline)
    }

    /// The request, and what the cursor behind its page is bound to.
    ///
    /// # Errors
    /// As over HTTP.
    pub fn request(&self, spoken: Spoken<'_>) -> Result<(Request, String), Problem> {
        let unknown = || Problem::new(&code::UNKNOWN_ROUTE);
        let endpoint = self.endpoints.get(&spoken.operation).ok_or_else(unknown)?;
        super::answer::admit(endpoint, spoken.caller)?;
        if let Some(why) = endpoint.missing {
            return Err(Problem::new(&code::NOT_RUNNING).detail(why));
        }
        let context = self.context(endpoint, spoken.caller);
        let asked = endpoint.query.read(spoken.query, &context)?;
        let Asked { page, input: asked, selection: bound } = asked;
        let address = spoken.address.map(|text| super::answer::named_value(endpoint, text));
        let address = address.transpose()?;
        if endpoint.route.if_match && spoken.if_match.is_none() {
            return Err(Problem::new(&code::PRECONDITION_REQUIRED));
        }
        let input = match spoken.body {
            Some(body) if endpoint.writes && !endpoint.has_no_body => {
                let read = if spoken.whole { json::read_whole_input } else { json::read_input };
                read(&endpoint.input, body, now_micros())?
            }
            _ => asked,
        };
        let idempotency = idempotency(endpoint, &spoken)?;
        let request = Request {
            operation: spoken.operation,
            caller: spoken.caller.clone(),
            address,
            input,
            if_match: spoken.if_match,
            idempotency,
            page,
            selection: spoken.selection,
            patience: Some(endpoint.deadline.mul_f64(decide::durable::WAITED)),
            trace: spoken.trace,
        };
        Ok((request, bound))
    }

    /// The text by which the next page is asked for; empty at the end.
    #[must_use]
    pub fn next(
        &self,
        operation: OperationId,
        caller: &Caller,
        bound: &str,
        cursor: Option<&Cursor>,
    ) -> String {
        let endpoint = self.endpoints.get(&operation);
        endpoint.map_or_else(String::new, |endpoint| {
            Asked::next(bound, &self.context(endpoint, caller), cursor)
        })
    }

    fn context<'a>(&'a self, endpoint: &'a Endpoint, caller: &'a Caller) -> Context<'a> {
        Context { key: &self.seal, operation: &endpoint.name, caller }
    }
}

/// The key, checked as the header is.
fn idempotency(
    endpoint: &Endpoint,
    spoken: &Spoken<'_>,
) -> Result<Option<IdempotencyKey>, Problem> {
    if !endpoint.route.idempotency_key {
        return Ok(None);
    }
    let valid =
        |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    let Some(key) = spoken.key.filter(valid) else {
        return Err(Problem::new(&code::IDEMPOTENCY_KEY_REQUIRED));
    };
    // Another protocol is another request: its answer may have another form.
    let mut hash = Sha256::new();
    hash.update(endpoint.name.as_bytes());
    hash.update([0]);
    hash.update(spoken.address.unwrap_or_default().as_bytes());
    hash.update([0]);
    hash.update(spoken.body.unwrap_or_default());
    Ok(Some(IdempotencyKey { key: key.to_owned(), body_hash: hash.finalize().into() }))
}
