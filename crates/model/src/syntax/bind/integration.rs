//! Externals, webhooks and pipelines.

use base::{Diagnostic, Span, Spanned};

use super::case::{FieldName, LowerCamel};
use super::effect::With;
use super::field::Fields;
use super::forms::{
    Code, Flag, List, Map, Name, OneOf, OneOrMany, Plain, Prose, Short, Word, Words,
};
use super::process::Paths;
use super::value::Expression;
use super::{Binder, Form, Shape, keys};
use crate::syntax::short::{
    Availability, EveryForm, Latency, PathForm, PriceForm, RateForm, Waiting,
};
use crate::syntax::{
    Callback, Endpoint, EndpointKind, External, ExternalOperation, Pipeline, Verification, Webhook,
};
use crate::yaml::{Mapping, Node, NodeKind};

keys!(External, "an external", span span, {
    "doc" => doc: Prose, "What it is.";
    "availability" => availability: Short<Availability>, "What it promises.";
    "limit" => limit: Short<RateForm>, "Most calls that it takes.";
    "protocol" => protocol: Word, "How it is called; `http` unless stated.";
    "operations" => operations: Map<LowerCamel, ExternalOperation>, "What it can do.";
    "callbacks" => callbacks: Map<LowerCamel, Callback>, "What it sends us.";
});

keys!(ExternalOperation, "an operation of an external", span span, {
    "doc" => doc: Prose, "What it does.";
    "input" => input: Fields, "What it takes.";
    "output" => output: Fields, "What it answers.";
    "errors" => errors: List<Code>, "Codes that it refuses with.";
    "latency" => latency: Short<Latency>, "How fast it is.";
    "idempotent" => idempotent: Flag, "Whether repeating it is harmless.";
    "safe" => safe: Flag, "A lookup without effects.";
    "cost" => cost: Short<PriceForm>, "Price of a call.";
});

keys!(Callback, "a callback", span span, {
    "doc" => doc: Prose, "What it tells.";
    "verify" => verify: OneOf<Verification> [required], "How it proves who sent it.";
    "id" => id: Expression, "What tells repetitions apart.";
    "window" => window: Short<Waiting>, "How old a message may be.";
    "input" => input: Fields, "What it holds.";
    "call" => call: Plain<PathForm> [required], "The operation that is called.";
    "with" => with: With, "Values by name, before the filling rule.";
});

keys!(Webhook, "a webhook", span span, {
    "doc" => doc: Prose, "What it is for.";
    "to" => to: Plain<PathForm> [required], "The field that holds a subscriber's address.";
    "where" => condition: Expression, "Only subscribers for which this holds.";
    "key" => key: Expression, "What orders the messages of a subscriber.";
    "events" => events: Paths [required], "What is sent.";
    "retry" => retry: Short<Waiting>, "For how long it is tried again.";
    "disable_after" => disable_after: Short<Waiting>, "How long without success ends it.";
});

keys!(Pipeline, "a pipeline", span span, {
    "doc" => doc: Prose, "What it is for.";
    "from" => from: Endpoint [required], "Where rows come from.";
    "to" => to: Endpoint [required], "Where rows go.";
    "key" => key: OneOrMany<Name>, "The fields that identify a row.";
    "map" => map: Map<FieldName, Expression>, "Field to expression over `row`.";
    "every" => every: Short<EveryForm>, "How often it runs.";
    "on_arrival" => on_arrival: Flag, "Whether it runs when something arrives.";
} check_pipeline);

fn check_pipeline(_: &mut Pipeline, mapping: &Mapping, binder: &mut Binder<'_>) {
    if let [Some(every), Some(arrival)] = ["every", "on_arrival"].map(|key| mapping.get(key)) {
        let message = "`every` and `on_arrival` exclude each other";
        let diagnostic = Diagnostic::error("conflicting-keys", arrival.key.span, message);
        binder.report(diagnostic.related(every.key.span, "the other one"));
    }
}

impl Words for Verification {
    const WORDS: &'static [(&'static str, Self)] =
        &[("hmac", Self::Hmac), ("mtls", Self::Mtls), ("jwt", Self::Jwt)];
}

#[derive(Default)]
struct LongEndpoint {
    span: Span,
    file: Option<Spanned<String>>,
    http: Option<Spanned<String>>,
    sftp: Option<Spanned<String>>,
    table: Option<Spanned<String>>,
    format: Option<Spanned<String>>,
}

keys!(LongEndpoint, "an end of a pipeline", span span, {
    "file" => file: Word, "A file.";
    "http" => http: Word, "An HTTP address.";
    "sftp" => sftp: Word, "A file on a server.";
    "table" => table: Word, "A table of another database.";
    "format" => format: Word, "How rows are written: csv, json, ...";
});

impl Form for Endpoint {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        let span = node.span;
        let NodeKind::Mapping(mapping) = &node.kind else {
            let path = Plain::<PathForm>::read(node, binder)?;
            let kind = match path.to_string().as_str() {
                "file" => EndpointKind::File,
                "http" => EndpointKind::Http,
                "sftp" => EndpointKind::Sftp,
                "table" => EndpointKind::Table,
                _ => EndpointKind::Entity(path),
            };
            return Some(Self { kind, location: None, format: None, span });
        };
        let long = LongEndpoint::read(node, binder)?;
        let kinds = [
            (EndpointKind::File, long.file),
            (EndpointKind::Http, long.http),
            (EndpointKind::Sftp, long.sftp),
            (EndpointKind::Table, long.table),
        ];
        let mut stated = kinds.into_iter().filter(|(_, location)| location.is_some());
        match (stated.next(), stated.next()) {
            (Some((kind, location)), None) => {
                Some(Self { kind, location, format: long.format, span: long.span })
            }
            (None, _) if mapping.incomplete => None,
            _ => binder.wrong_shape(node, "exactly one of `file`, `http`, `sftp` and `table`"),
        }
    }

    fn shape() -> Shape {
        let word = Shape::Short {
            name: "`file`, `http`, `sftp`, `table` or an entity",
            examples: &["file", "catalog.Product"],
        };
        Shape::Either(vec![word, LongEndpoint::shape()])
    }
}
