//! Systems that are not ours: called over HTTP where a URL is configured, stood in for elsewhere.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use expression::{Schema, Type, Value};
use model::Model;
use model::model::{ExternalId, ExternalOperation};
use serde_json::Value as Json;

use super::answer::read_record;
use super::stand_in;
use crate::call::Trace;
use crate::json::write_value;
use crate::operations::clock::now;
use crate::operations::report;

/// Most bytes of an answer that are read.
const BODY_LIMIT: usize = 1 << 20;

/// One attempt to call an external.
#[derive(Clone, Debug)]
pub struct ExternalCall {
    /// Which external.
    pub external: ExternalId,
    /// Which of its operations.
    pub operation: u16,
    /// The arguments, in the order of the operation's input.
    pub arguments: Vec<Value>,
    /// The same for every attempt at the same call.
    pub key: String,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Handed on, so that what belongs together is found together.
    pub trace: Trace,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The external said no, with its code.
    Refused(String),
    /// No usable answer.
    Unreachable {
        /// What happened, for operators.
        reason: String,
        /// Whether the external may have done it nevertheless.
        ambiguous: bool,
        /// How long it asks not to be asked again (`Retry-After`).
        after: Option<Duration>,
    },
    /// It was not made, since calls have failed too often a moment ago.
    NotMade,
}

impl CallError {
    /// No usable answer, and nothing that says when there may be one.
    pub fn unreachable(reason: impl Into<String>, ambiguous: bool) -> Self {
        Self::Unreachable { reason: reason.into(), ambiguous, after: None }
    }
}

/// The result of a call: a record of the operation's output.
pub type CallResult = Pin<Box<dyn Future<Output = Result<Value, CallError>> + Send>>;

/// Reaches systems that are not ours.
pub trait Externals: Send + Sync + 'static {
    /// Makes one attempt.
    fn call(&self, call: ExternalCall) -> CallResult;
}

/// The externals of a model: each at its URL, or stood in for.
#[derive(Debug)]
pub struct ConfiguredExternals {
    model: Arc<Model>,
    urls: BTreeMap<String, String>,
    client: Option<reqwest::Client>,
}

impl ConfiguredExternals {
    /// Externals at base URLs by name; those without one are stood in for.
    ///
    /// # Errors
    /// A name that the model does not have, a URL that is none, or TLS that cannot be set up.
    pub fn new(model: Arc<Model>, urls: BTreeMap<String, String>) -> Result<Self, String> {
        for (name, url) in &urls {
            let names = || model.externals.iter().map(|external| external.name.value.as_str());
            if !names().any(|known| known == name) {
                let near = base::did_you_mean(name, names());
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(format!("the model has no external `{name}`{hint}"));
            }
            let valid = reqwest::Url::parse(url).is_ok_and(|url| url.scheme().starts_with("http"));
            if !valid {
                return Err(format!("`{url}` (external `{name}`) is not an http or https URL"));
            }
        }
        let client = if urls.is_empty() { None } else { Some(client()?) };
        Ok(Self { model, urls, client })
    }

    /// The externals that are stood in for.
    pub fn stand_ins(&self) -> impl Iterator<Item = &str> {
        let names = self.model.externals.iter().map(|external| external.name.value.as_str());
        names.filter(|name| !self.urls.contains_key(*name))
    }
}

fn client() -> Result<reqwest::Client, String> {
    // Another part of the process may have installed one already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    builder.build().map_err(|error| format!("calls to externals cannot be set up: {error}"))
}

impl Externals for ConfiguredExternals {
    fn call(&self, call: ExternalCall) -> CallResult {
        let model = self.model.clone();
        let Some(external) = model.externals.get(usize::from(call.external.0)) else {
            return Box::pin(std::future::ready(Err(unknown())));
        };
        let Some(operation) = external.operations.get(usize::from(call.operation)) else {
            return Box::pin(std::future::ready(Err(unknown())));
        };
        match (self.urls.get(&external.name.value), &self.client) {
            (Some(base), Some(client)) => {
                let url = format!("{}/{}", base.trim_end_matches('/'), operation.name);
                let body = body(&model.schema, operation, &call.arguments);
                let request = traced(client.post(url), &call.trace)
                    .header("content-type", "application/json")
                    .header("accept", "application/json")
                    .header("idempotency-key", &call.key)
                    .timeout(call.timeout)
                    .body(body);
                let operation = operation.clone();
                Box::pin(async move { exchange(request, &model.schema, &operation).await })
            }
            _ => {
                let operation = operation.clone();
                Box::pin(async move { stand_in::call(&model.schema, &operation, &call).await })
            }
        }
    }
}

fn traced(mut request: reqwest::RequestBuilder, trace: &Trace) -> reqwest::RequestBuilder {
    if let Some(parent) = &trace.parent {
        request = request.header("traceparent", &**parent);
    }
    if let Some(correlation) = &trace.correlation {
        request = request.header("x-correlation-id", &**correlation);
    }
    request
}

fn unknown() -> CallError {
    CallError::unreachable("the model has no such external operation", false)
}

fn body(schema: &Schema, operation: &ExternalOperation, arguments: &[Value]) -> Vec<u8> {
    let mut body = Vec::new();
    let input = Value::Record(arguments.into());
    write_value(&mut body, schema, &Type::Record(operation.input), &input);
    body
}

async fn exchange(
    request: reqwest::RequestBuilder,
    schema: &Schema,
    operation: &ExternalOperation,
) -> Result<Value, CallError> {
    let failed = |error: &reqwest::Error| {
        // The URL may hold credentials.
        let reason = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
        CallError::unreachable(reason, !error.is_connect())
    };
    let mut response = request.send().await.map_err(|error| failed(&error))?;
    let status = response.status();
    let after = retry_after(response.headers());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if bytes.len() + chunk.len() > BODY_LIMIT {
            return Err(broken(operation, "the answer is too large"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let json: Option<Json> = if bytes.is_empty() {
        Some(Json::Object(serde_json::Map::new()))
    } else {
        std::str::from_utf8(&bytes).ok().and_then(|text| expression::json_text::read(text).ok())
    };
    if status.is_success() {
        let record = json.and_then(|json| read_record(&json, operation.output, schema));
        return record.ok_or_else(|| broken(operation, "the answer breaks the contract"));
    }
    let code = json.as_ref().and_then(|json| json.get("code")).and_then(Json::as_str);
    let reason = format!("status {status}");
    Err(match (status.as_u16(), code) {
        (408 | 425 | 429, _) => CallError::Unreachable { reason, ambiguous: false, after },
        (400..=499, Some(code)) => CallError::Refused(code.to_owned()),
        _ => CallError::Unreachable { reason, ambiguous: true, after },
    })
}

/// How long the external asks not to be asked again: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let micros = date.as_microsecond().saturating_sub(now());
    Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

fn broken(operation: &ExternalOperation, what: &str) -> CallError {
    report::warning("external-contract", &format!("{}: {what}", operation.name));
    CallError::unreachable(what, true)
}
