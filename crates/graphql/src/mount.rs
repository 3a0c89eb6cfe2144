//! GraphQL over HTTP.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use decide::expansions::Expansions;
use expression::json_text;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request};
use runtime::Problem;
use runtime::call::Caller;
use runtime::http::{Arrival, Executor, Mount, Reply, Translator, reply};
use runtime::json::write_string;
use runtime::problem::code;
use serde_json::Value as Json;

use crate::document::{Documents, Wrong};
use crate::execute::{Answered, Query, execute};
use crate::persisted::Persisted;
use crate::select::Variables;
use crate::{Endpoint, Serving, Shared, contexts, schema};

/// Largest request.
const BODY: usize = 256 * 1024;
/// For a request to arrive.
const PATIENCE: Duration = Duration::from_secs(20);
/// Headers that no form of another site can send: without one, a GET is not executed.
const PREFLIGHT: [HeaderName; 3] = [
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("x-requested-with"),
];
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, POST");
const RESPONSE: HeaderValue =
    HeaderValue::from_static("application/graphql-response+json; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The schemas of a design, at `/graphql/{context}`; at `/graphql` as well where there is one.
pub struct GraphQl {
    endpoints: Vec<Endpoint>,
    shared: Shared,
    persisted: Persisted,
}

/// What a client asks for.
struct Asked {
    query: String,
    operation: Option<String>,
    variables: Variables,
}

impl GraphQl {
    /// Prepares the schemas; nothing where none is served.
    ///
    /// # Errors
    /// A schema that cannot be built: a defect of the emitter.
    pub fn new(
        executor: Arc<dyn Executor>,
        translator: Arc<Translator>,
        serving: Serving,
        persisted: Persisted,
    ) -> Result<Option<Self>, String> {
        let design = executor.design().clone();
        let mut endpoints = Vec::new();
        for (context, path) in contexts(&design, serving) {
            let Some(contract) = emit::graphql::contract(&design, context) else {
                continue;
            };
            let schema = schema::build(&contract.sdl)?;
            let documents = Documents::default();
            endpoints.push(Endpoint { path, contract, schema, documents });
        }
        let expansions = Expansions::of(&design);
        let shared = Shared { executor, translator, expansions };
        Ok((!endpoints.is_empty()).then_some(Self { endpoints, shared, persisted }))
    }

    /// Where it is served.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().map(|endpoint| endpoint.path.as_str())
    }

    fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        match self.endpoints.as_slice() {
            [only] if path == "/graphql" => Some(only),
            all => all.iter().find(|endpoint| endpoint.path == path),
        }
    }

    async fn reply(&self, request: Request<Incoming>, arrival: Arrival) -> Reply {
        let (head, body) = request.into_parts();
        let Some(endpoint) = self.endpoint(head.uri.path()) else {
            return reply::problem(&Problem::new(&code::UNKNOWN_ROUTE));
        };
        let caller = match &arrival.caller {
            Ok(caller) => caller,
            Err(problem) => return reply::problem(problem),
        };
        let asked = match head.method {
            Method::GET => by_address(&head),
            Method::POST => by_body(&head, body).await,
            _ => {
                let problem = Problem::new(&code::METHOD_NOT_ALLOWED);
                return reply::not_allowed(&problem, ALLOWED);
            }
        };
        let modern = wants_response(&head);
        let done = match asked {
            Ok(asked) => match self.known(asked) {
                Ok(asked) => self.run(endpoint, asked, caller, (&head, &arrival)).await,
                Err(wrong) => Err(vec![wrong]),
            },
            Err(problem) => return reply::problem(&problem),
        };
        match done {
            Ok(answered) => answer(&answered, modern),
            Err(all) => refusal(&all, modern),
        }
    }

    /// The document that is meant, if it may be executed.
    fn known(&self, (mut asked, hash): (Asked, Option<String>)) -> Result<Asked, Wrong> {
        let refused =
            |code, message: &str| Wrong { code, message: message.to_owned(), place: None };
        match hash {
            Some(hash) if asked.query.is_empty() => match self.persisted.get(&hash) {
                Some(text) => asked.query = text.to_string(),
                // As clients that register documents by themselves expect it.
                None => return Err(refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")),
            },
            Some(hash) if !self.persisted.register(&hash, &asked.query) => {
                return Err(refused("malformed-request", "The hash is not that of the document."));
            }
            _ => {}
        }
        if !self.persisted.admits(&asked.query) {
            return Err(refused("forbidden", "Only documents of the list are executed here."));
        }
        Ok(asked)
    }

    async fn run(
        &self,
        endpoint: &Endpoint,
        asked: Asked,
        caller: &Caller,
        (head, arrival): (&Parts, &Arrival),
    ) -> Result<Answered, Vec<Wrong>> {
        let depth = endpoint.contract.depth;
        let document = endpoint.documents.get(&asked.query, &endpoint.schema, depth).await?;
        let query = Query {
            document: &document,
            operation: asked.operation.as_deref(),
            variables: &asked.variables,
            reads_only: head.method == Method::GET,
        };
        let done = execute(endpoint, &self.shared, query, caller, arrival).await;
        done.map_err(|wrong| vec![wrong])
    }
}

impl Mount for GraphQl {
    fn name(&self) -> &'static str {
        "graphql"
    }

    fn takes(&self, head: &Parts) -> bool {
        self.endpoint(head.uri.path()).is_some()
    }

    fn compresses(&self) -> bool {
        true
    }

    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(self.reply(request, arrival))
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(&code::MALFORMED_REQUEST).detail(detail)
}

/// A query in the address.
fn by_address(head: &Parts) -> Result<(Asked, Option<String>), Problem> {
    let json = head.headers.get(CONTENT_TYPE).is_some_and(is_json);
    if !json && !PREFLIGHT.iter().any(|name| head.headers.contains_key(name)) {
        let detail =
            "A GET needs `GraphQL-Require-Preflight: 1`, which no form of another site can send.";
        return Err(Problem::new(&code::FORGED_REQUEST).detail(detail));
    }
    let mut object = serde_json::Map::new();
    let query = head.uri.query().unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()).take(16) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value =
            decode(value).ok_or_else(|| malformed("The query is not percent-encoded UTF-8."))?;
        let value = match name {
            "query" | "operationName" => Json::String(value.into_owned()),
            "variables" | "extensions" => json_text::read(&value)
                .map_err(|_| malformed("`variables` and `extensions` are JSON objects."))?,
            _ => continue,
        };
        object.insert(name.to_owned(), value);
    }
    asked(Json::Object(object))
}

async fn by_body(head: &Parts, body: Incoming) -> Result<(Asked, Option<String>), Problem> {
    // Nothing that a form of another site can send is JSON.
    if !head.headers.get(CONTENT_TYPE).is_some_and(is_json) {
        let detail = "Requests are `application/json`.";
        return Err(Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    }
    let reading = Limited::new(body, BODY).collect();
    let read = tokio::time::timeout(PATIENCE, reading).await;
    let bytes: Bytes = match read {
        Err(_) => return Err(Problem::new(&code::REQUEST_TIMEOUT)),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Problem::new(&code::PAYLOAD_TOO_LARGE));
        }
        Ok(Err(_)) => return Err(malformed("The body breaks off.")),
        Ok(Ok(read)) => read.to_bytes(),
    };
    let text = std::str::from_utf8(&bytes).ok();
    let body = text.and_then(|text| json_text::read(text).ok());
    let body = body.ok_or_else(|| Problem::new(&code::MALFORMED_JSON))?;
    asked(body)
}

/// What the members of a request say, with the hash of a persisted document.
fn asked(body: Json) -> Result<(Asked, Option<String>), Problem> {
    let Json::Object(mut body) = body else {
        return Err(malformed("A request is an object; several in one are not served."));
    };
    let mut text = |name: &str| match body.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(&format!("`{name}` is text."))),
    };
    let (query, operation) = (text("query")?.unwrap_or_default(), text("operationName")?);
    let variables = match body.remove("variables") {
        None | Some(Json::Null) => Variables::new(),
        Some(Json::Object(variables)) => variables,
        Some(_) => return Err(malformed("`variables` is an object.")),
    };
    let hash = body.get("extensions").and_then(|all| all.get("persistedQuery"));
    let hash = hash.and_then(|of| of.get("sha256Hash")).and_then(Json::as_str).map(str::to_owned);
    if query.is_empty() && hash.is_none() {
        return Err(malformed("`query` is missing."));
    }
    let operation = operation.filter(|name| !name.is_empty());
    Ok((Asked { query, operation, variables }, hash))
}

fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let media = text.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

fn wants_response(head: &Parts) -> bool {
    let mut accepted = head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("application/graphql-response+json"))
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    let digit =
        |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|d| u8::try_from(d).ok());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next())? * 16 + digit(bytes.next())?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn answer(answered: &Answered, modern: bool) -> Reply {
    let mut out = Vec::with_capacity(answered.data.len() + answered.errors.len() + 32);
    out.extend_from_slice(b"{\"data\":");
    out.extend_from_slice(&answered.data);
    if !answered.errors.is_empty() {
        out.extend_from_slice(b",\"errors\":[");
        out.extend_from_slice(&answered.errors);
        out.push(b']');
    }
    out.push(b'}');
    reply::typed(200, out, if modern { RESPONSE } else { JSON })
}

/// A request that is not executed at all.
fn refusal(all: &[Wrong], modern: bool) -> Reply {
    let mut out = b"{\"errors\":[".to_vec();
    for (at, wrong) in all.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"{\"message\":" } else { b",{\"message\":" });
        write_string(&mut out, &wrong.message);
        if let Some((line, column)) = wrong.place {
            let place = format!(",\"locations\":[{{\"line\":{line},\"column\":{column}}}]");
            out.extend_from_slice(place.as_bytes());
        }
        out.extend_from_slice(b",\"extensions\":{\"code\":");
        write_string(&mut out, wrong.code);
        out.extend_from_slice(format!(",\"status\":{}}}}}", status(wrong)).as_bytes());
    }
    out.extend_from_slice(b"]}");
    let code = if modern { all.first().map_or(400, status) } else { 200 };
    let mut reply = reply::typed(code, out, if modern { RESPONSE } else { JSON });
    if code == 405 {
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    reply
}

fn status(wrong: &Wrong) -> u16 {
    match wrong.code {
        "method-not-allowed" => 405,
        "forbidden" => 403,
        "not-running" => 501,
        "internal" => 500,
        "PERSISTED_QUERY_NOT_FOUND" => 404,
        _ => 400,
    }
}
