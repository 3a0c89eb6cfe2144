//! Spans as OTLP has them in JSON: one request to a collector, or one on each line as the
//! collector's file exporter writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Unreadable;
use super::bins::Gathered;

/// Most spans of all files together; each takes about a hundred bytes.
const MOST: usize = 4_000_000;
/// How far the request is looked for that a span is a piece of.
const DEEPEST: usize = 64;

/// Times of single spans: those of every other trace apart, to hold the fit of one half against the
/// other.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    /// Requests and their own time, by operation.
    pub operations: BTreeMap<String, Own>,
    /// Externals by `external.operation`.
    pub externals: BTreeMap<String, Halves>,
    /// The kind of store.
    pub system: Option<String>,
}

pub(super) type Halves = [Gathered; 2];

/// What is known of an operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    pub requests: u64,
    /// Requests that asked the store.
    pub asked: u64,
    pub application: Halves,
    pub store: Halves,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default)]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default)]
    spans: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    start_time_unix_nano: Nanoseconds,
    end_time_unix_nano: Nanoseconds,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

/// 64 bits are text in the JSON of protocol buffers, and a number for some who write it.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Either")]
struct Nanoseconds(u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Text(String),
    Number(u64),
}

impl TryFrom<Either> for Nanoseconds {
    type Error = &'static str;

    fn try_from(either: Either) -> Result<Self, Self::Error> {
        match either {
            Either::Number(number) => Ok(Self(number)),
            Either::Text(text) => text.parse().map(Self).map_err(|_| "a time is no number"),
        }
    }
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    string_value: Option<String>,
}

/// What a span is a piece of.
enum What {
    Request(String),
    Store,
    External(String),
    Other,
}

struct Kept {
    trace: u128,
    parent: u64,
    start: u64,
    end: u64,
    what: What,
}

/// Spans of one or several files.
#[derive(Default)]
pub(super) struct Reader {
    /// By trace and number.
    spans: BTreeMap<(u128, u64), Kept>,
    order: Vec<(u128, u64)>,
    system: Option<String>,
}

impl Reader {
    /// Takes the spans of a file.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Unreadable> {
        let requests = serde_json::Deserializer::from_str(text).into_iter::<Export>();
        for request in requests {
            let request = request.map_err(|error| {
                let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
                Unreadable::at(file, line, format!("it is no OTLP in JSON: {error}"))
            })?;
            let resources = request.resource_spans.into_iter();
            let spans = resources.flat_map(|of| of.scope_spans).flat_map(|of| of.spans);
            for span in spans {
                self.add(span).map_err(|why| Unreadable::whole(file, why))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, span: Written) -> Result<(), &'static str> {
        if self.order.len() >= MOST {
            return Err("there are more than four million spans");
        }
        let id = |text: &str| u64::from_str_radix(text, 16).map_err(|_| "a span has no number");
        let trace = u128::from_str_radix(&span.trace_id, 16);
        let trace = trace.map_err(|_| "a trace has no number")?;
        let own = id(&span.span_id)?;
        let parent = if span.parent_span_id.is_empty() { 0 } else { id(&span.parent_span_id)? };
        let (start, end) = (span.start_time_unix_nano.0, span.end_time_unix_nano.0);
        let what = self.what(span.attributes);
        let kept = Kept { trace, parent, start, end: end.max(start), what };
        if self.spans.insert((trace, own), kept).is_none() {
            self.order.push((trace, own));
        }
        Ok(())
    }

    fn what(&mut self, attributes: Vec<Attribute>) -> What {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for Attribute { key, value } in attributes {
            if let Some(text) = value.string_value {
                found.insert(key, text);
            }
        }
        if let Some(operation) = found.remove("firmitas.operation") {
            return What::Request(operation);
        }
        if let Some(system) = found.remove("db.system.name") {
            self.system = Some(system);
            return What::Store;
        }
        match (found.remove("server.address"), found.remove("rpc.method")) {
            (Some(external), Some(operation)) => What::External(format!("{external}.{operation}")),
            _ => What::Other,
        }
    }

    /// The times of all spans that were read: each without those of its own pieces.
    pub fn finish(self, file: &str) -> Result<Spans, Unreadable> {
        let mut pieces: BTreeMap<(u128, u64), Vec<(u64, u64)>> = BTreeMap::new();
        for key in &self.order {
            if let Some(span) = self.spans.get(key).filter(|span| span.parent != 0) {
                pieces.entry((span.trace, span.parent)).or_default().push((span.start, span.end));
            }
        }
        let mut found = Spans { system: self.system.clone(), ..Spans::default() };
        let mut asked: BTreeSet<(u128, u64)> = BTreeSet::new();
        for key in &self.order {
            let Some(span) = self.spans.get(key) else { continue };
            let own = own(span, pieces.get_mut(key));
            let half = usize::from(span.trace & 1 == 1);
            match &span.what {
                What::Request(operation) => {
                    let of = found.operations.entry(operation.clone()).or_default();
                    of.requests += 1;
                    of.application[half].add(own);
                }
                What::Store => {
                    let Some((request, operation)) = self.request(key) else { continue };
                    let of = found.operations.entry(operation.clone()).or_default();
                    of.asked += u64::from(asked.insert(request));
                    of.store[half].add(own);
                }
                What::External(name) => {
                    found.externals.entry(name.clone()).or_default()[half].add(own);
                }
                What::Other => {}
            }
        }
        match found.operations.is_empty() {
            true => Err(Unreadable::whole(
                file,
                "no span names its operation (`firmitas.operation`): they are not those of `firm \
                 up --otlp`",
            )),
            false => Ok(found),
        }
    }

    /// The request that a span is a piece of.
    fn request(&self, key: &(u128, u64)) -> Option<((u128, u64), &String)> {
        let mut at = *key;
        for _ in 0..DEEPEST {
            let span = self.spans.get(&at)?;
            if let What::Request(operation) = &span.what {
                return Some((at, operation));
            }
            at = (span.trace, span.parent);
        }
        None
    }
}

/// Seconds of a span in which none of its pieces was under way.
fn own(span: &Kept, pieces: Option<&mut Vec<(u64, u64)>>) -> f64 {
    let mut covered = 0;
    if let Some(pieces) = pieces {
        pieces.sort_unstable();
        let mut until = span.start;
        for &(start, end) in pieces.iter() {
            let (start, end) = (start.max(until), end.min(span.end));
            covered += end.saturating_sub(start);
            until = until.max(end);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
    let nanoseconds = (span.end - span.start).saturating_sub(covered) as f64;
    nanoseconds / 1e9
}
