//! Networks of stations as files: what `firm simulate --network` reads. The same strict YAML and the
//! same short forms as the model language, so that the same mistakes get the same answers.
//!
//! This is what was written; `simulate` gives it its meaning.

mod distribution;
mod route;

use base::{Diagnostic, Duration, FileId, Rate, Share, Span, Spanned};

use crate::syntax::Named;
use crate::syntax::bind::{
    Binder, Flag, Form, LowerCamel, Map, Name, OneOf, Prose, Shape, Short, Words, keys,
};
use crate::syntax::short::{Factor, PlainRate, ShareForm, Waiting, Whole};
use crate::yaml::{self, Mapping, Node, NodeKind};
pub use distribution::{
    BatchSyntax, DistributionSyntax, EmpiricalSyntax, ErlangSyntax, HyperexponentialSyntax,
    LognormalSyntax, ParetoSyntax, UniformSyntax,
};
pub use route::{Branches, RouteSyntax};

/// A network as it was written.
#[derive(Clone, Debug, Default)]
pub struct NetworkSyntax {
    /// What it is about.
    pub title: Option<Spanned<String>>,
    /// Where requests come from.
    pub sources: Named<SourceSyntax>,
    /// Where they wait and are served.
    pub stations: Named<StationSyntax>,
    /// What changes while time goes on.
    pub changes: Vec<ChangeSyntax>,
    /// How long is observed.
    pub duration: Option<Spanned<Duration>>,
    /// What is left out before.
    pub warm_up: Option<Spanned<Duration>>,
}

/// Where requests come from.
#[derive(Clone, Debug, Default)]
pub struct SourceSyntax {
    /// Where it stands.
    pub span: Span,
    /// How often they come, memoryless.
    pub rate: Option<Spanned<Rate>>,
    /// Time from one to the next, if that is not memoryless.
    pub between: Option<DistributionSyntax>,
    /// How many come at once.
    pub batch: Option<BatchSyntax>,
    /// How many ask again and again.
    pub clients: Option<Spanned<u32>>,
    /// Time from an answer to the next request.
    pub think: Option<DistributionSyntax>,
    /// Who goes first.
    pub priority: Option<Spanned<u32>>,
    /// What is asked, and how.
    pub call: CallSyntax,
}

/// What is asked, and what is done about late and bad answers.
#[derive(Clone, Debug, Default)]
pub struct CallSyntax {
    /// Who is asked.
    pub to: Option<RouteSyntax>,
    /// How long an attempt may take.
    pub timeout: Option<Spanned<Duration>>,
    /// Whether an attempt that took too long is stopped.
    pub cancel: Option<Spanned<bool>>,
    /// Attempts after the first.
    pub retries: Option<Spanned<u32>>,
    /// Wait before the first retry.
    pub backoff: Option<Spanned<Duration>>,
    /// Greatest wait before a retry.
    pub longest_backoff: Option<Spanned<Duration>>,
    /// Whether the wait is drawn.
    pub jitter: Option<Spanned<bool>>,
    /// Or: how long the wait before each retry is.
    pub again: Option<DistributionSyntax>,
    /// Bound on retries.
    pub budget: Option<BudgetSyntax>,
}

/// A bound on the share of retries.
#[derive(Clone, Debug, Default)]
pub struct BudgetSyntax {
    /// Retries per call.
    pub share: Option<Spanned<Share>>,
    /// Retries that may come at once.
    pub burst: Option<Spanned<u32>>,
}

/// Where work waits and is served.
#[derive(Clone, Debug, Default)]
pub struct StationSyntax {
    /// Where it stands.
    pub span: Span,
    /// How many are served at once.
    pub servers: Option<Spanned<ServersSyntax>>,
    /// How long a service takes.
    pub service: Option<DistributionSyntax>,
    /// Most inside.
    pub capacity: Option<Spanned<u32>>,
    /// Who is next.
    pub discipline: Option<Spanned<DisciplineSyntax>>,
    /// How long one waits.
    pub patience: Option<DistributionSyntax>,
    /// Share of services that fail.
    pub failures: Option<Spanned<Share>>,
    /// What a server that was idle needs before it serves.
    pub setup: Option<DistributionSyntax>,
    /// What a server goes on doing when nobody waits, before it is idle.
    pub rest: Option<DistributionSyntax>,
    /// What is served together and ends together.
    pub group: Option<GroupSyntax>,
    /// The station whose servers its own need to work.
    pub on: Option<Spanned<String>>,
    /// Whether a request is bound to the server that is woken for it.
    pub bound: Option<Spanned<bool>>,
    /// For how long who works on it may keep a server while others wait.
    pub slice: Option<Spanned<Duration>>,
    /// What happens to those whose caller has gone.
    pub expired: Option<Spanned<ExpiredSyntax>>,
    /// Whom it asks while it keeps its server.
    pub calls: Option<CallSyntax>,
    /// Where one goes next.
    pub then: Option<RouteSyntax>,
}

/// Requests that are served together and end together.
#[derive(Clone, Debug, Default)]
pub struct GroupSyntax {
    /// Most in one.
    pub most: Option<Spanned<u32>>,
    /// What follows them.
    pub commit: Option<DistributionSyntax>,
}

/// How many are served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServersSyntax {
    /// So many.
    Limited(u32),
    /// All.
    Unlimited,
}

/// Who is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisciplineSyntax {
    /// First come, first served.
    Fcfs,
    /// Last come, first served.
    Lifo,
    /// By the source's priority.
    Priority,
    /// All at once.
    Sharing,
}

/// What happens to those whose caller has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiredSyntax {
    /// They are served like others.
    Serve,
    /// They are dropped when their turn comes.
    Drop,
}

/// Something that changes.
#[derive(Clone, Debug, Default)]
pub struct ChangeSyntax {
    /// Where it stands.
    pub span: Span,
    /// When.
    pub at: Option<Spanned<Duration>>,
    /// The source that changes.
    pub source: Option<Spanned<String>>,
    /// Its rate from then on; none at 0 %.
    pub rate: Option<Spanned<Rate>>,
    /// The station that changes.
    pub station: Option<Spanned<String>>,
    /// Its servers from then on.
    pub servers: Option<Spanned<ServersSyntax>>,
    /// How many times as long its services take.
    pub slowness: Option<Spanned<f64>>,
    /// Share of its services that fail.
    pub failures: Option<Spanned<Share>>,
}

impl Words for DisciplineSyntax {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fcfs", Self::Fcfs),
        ("lifo", Self::Lifo),
        ("priority", Self::Priority),
        ("ps", Self::Sharing),
    ];
}

impl Words for ExpiredSyntax {
    const WORDS: &'static [(&'static str, Self)] = &[("serve", Self::Serve), ("drop", Self::Drop)];
}

/// A number of servers, or `unlimited`.
struct Servers;

impl Form for Servers {
    type Value = Spanned<ServersSyntax>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        if let NodeKind::Scalar(scalar) = &node.kind
            && scalar.text.text == "unlimited"
        {
            return Some(Spanned::new(ServersSyntax::Unlimited, node.span));
        }
        Some(Short::<Whole>::read(node, binder)?.map(ServersSyntax::Limited))
    }

    fn shape() -> Shape {
        Shape::Either(vec![Short::<Whole>::shape(), Shape::Words(vec!["unlimited"])])
    }
}

keys!(NetworkSyntax, "a network", {
    "title" => title: Prose, "What it is about.";
    "sources" => sources: Map<LowerCamel, SourceSyntax> [required], "Where requests come from.";
    "stations" => stations: Map<LowerCamel, StationSyntax> [required], "Where they are served.";
    "changes" => changes: crate::syntax::bind::List<ChangeSyntax>, "What changes.";
    "duration" => duration: Short<Waiting>, "How long is observed.";
    "warm_up" => warm_up: Short<Waiting>, "What is left out before.";
});

keys!(SourceSyntax, "a source", span span, {
    "rate" => rate: Short<PlainRate>, "How often requests come, memoryless.";
    "between" => between: DistributionSyntax, "Time between requests.";
    "batch" => batch: BatchSyntax, "How many come at once.";
    "clients" => clients: Short<Whole>, "How many ask, think and ask again.";
    "think" => think: DistributionSyntax, "Time from an answer to the next request.";
    "priority" => priority: Short<Whole>, "The least number goes first.";
    "to" => call.to: RouteSyntax [required], "Where requests go.";
    "timeout" => call.timeout: Short<Waiting>, "How long an attempt may take.";
    "cancel" => call.cancel: Flag, "Whether a late attempt is stopped.";
    "retries" => call.retries: Short<Whole>, "Attempts after the first.";
    "backoff" => call.backoff: Short<Waiting>, "Wait before the first retry, then doubled.";
    "longest_backoff" => call.longest_backoff: Short<Waiting>, "Greatest wait.";
    "jitter" => call.jitter: Flag, "Whether the wait is drawn between zero and its length.";
    "again" => call.again: DistributionSyntax, "Or: the wait before each retry.";
    "budget" => call.budget: BudgetSyntax, "Bound on the share of retries.";
} source);

keys!(CallSyntax, "a call", {
    "to" => to: RouteSyntax [required], "Who is asked.";
    "timeout" => timeout: Short<Waiting>, "How long an attempt may take.";
    "cancel" => cancel: Flag, "Whether a late attempt is stopped.";
    "retries" => retries: Short<Whole>, "Attempts after the first.";
    "backoff" => backoff: Short<Waiting>, "Wait before the first retry, then doubled.";
    "longest_backoff" => longest_backoff: Short<Waiting>, "Greatest wait.";
    "jitter" => jitter: Flag, "Whether the wait is drawn between zero and its length.";
    "again" => again: DistributionSyntax, "Or: the wait before each retry.";
    "budget" => budget: BudgetSyntax, "Bound on the share of retries.";
} call);

keys!(BudgetSyntax, "a budget", {
    "share" => share: Short<ShareForm> [required], "Retries as a share of calls.";
    "burst" => burst: Short<Whole> [required], "Retries that may come at once.";
});

keys!(StationSyntax, "a station", span span, {
    "servers" => servers: Servers, "How many are served at once; one where nothing is said.";
    "service" => service: DistributionSyntax, "How long a service takes.";
    "capacity" => capacity: Short<Whole>, "Most inside.";
    "discipline" => discipline: OneOf<DisciplineSyntax>, "Who is next.";
    "patience" => patience: DistributionSyntax, "How long one waits.";
    "failures" => failures: Short<ShareForm>, "Share of services that fail.";
    "setup" => setup: DistributionSyntax, "What an idle server needs before it serves.";
    "rest" => rest: DistributionSyntax, "What a server goes on doing before it is idle.";
    "group" => group: GroupSyntax, "What is served together and ends together.";
    "on" => on: Name, "The station whose servers its own need to work.";
    "bound" => bound: Flag, "Whether one is bound to the server that is woken for it.";
    "slice" => slice: Short<Waiting>, "For how long one may keep a server others wait for.";
    "expired" => expired: OneOf<ExpiredSyntax>, "Those whose caller has gone.";
    "calls" => calls: CallSyntax, "Whom it asks while it keeps its server.";
    "then" => then: RouteSyntax, "Where one goes next.";
} station);

keys!(GroupSyntax, "a group", {
    "most" => most: Short<Whole>, "Most in one; as many as wait where nothing is said.";
    "commit" => commit: DistributionSyntax [required], "What follows them.";
});

keys!(ChangeSyntax, "a change", span span, {
    "at" => at: Short<Waiting> [required], "When.";
    "source" => source: Prose, "The source that changes.";
    "rate" => rate: Short<PlainRate>, "Its rate from then on.";
    "station" => station: Prose, "The station that changes.";
    "servers" => servers: Servers, "Its servers from then on.";
    "slowness" => slowness: Short<Factor>, "How many times as long its services take.";
    "failures" => failures: Short<ShareForm>, "Share of its services that fail.";
} change);

/// Requests come in one of three ways.
fn source(_: &mut SourceSyntax, mapping: &Mapping, binder: &mut Binder<'_>) {
    let ways = ["rate", "between", "clients"];
    one_of_these(mapping, binder, &ways, "add `rate:`, `between:` or `clients:` with `think:`");
    needs(mapping, binder, "clients", "think");
    needs(mapping, binder, "think", "clients");
    conflict(mapping, binder, "clients", "batch");
    policy(mapping, binder);
}

fn call(_: &mut CallSyntax, mapping: &Mapping, binder: &mut Binder<'_>) {
    policy(mapping, binder);
}

/// What is said of attempts must have a meaning.
fn policy(mapping: &Mapping, binder: &mut Binder<'_>) {
    for key in ["backoff", "budget", "again"] {
        needs(mapping, binder, key, "retries");
    }
    conflict(mapping, binder, "again", "backoff");
    for key in ["jitter", "longest_backoff"] {
        needs(mapping, binder, key, "backoff");
    }
    needs(mapping, binder, "cancel", "timeout");
}

/// Nobody waits where all are served at once.
fn station(station: &mut StationSyntax, mapping: &Mapping, binder: &mut Binder<'_>) {
    let shared = DisciplineSyntax::Sharing;
    if station.discipline.as_ref().is_some_and(|discipline| discipline.value == shared) {
        for key in ["calls", "patience", "expired", "rest", "group", "on", "slice"] {
            conflict(mapping, binder, "discipline", key);
        }
    }
    // Who keeps a server is not served by it.
    for key in ["setup", "rest", "group", "on"] {
        conflict(mapping, binder, key, "calls");
    }
    needs(mapping, binder, "bound", "on");
}

fn change(_: &mut ChangeSyntax, mapping: &Mapping, binder: &mut Binder<'_>) {
    one_of_these(mapping, binder, &["source", "station"], "say what changes");
    needs(mapping, binder, "source", "rate");
    needs(mapping, binder, "rate", "source");
    for key in ["servers", "slowness", "failures"] {
        needs(mapping, binder, key, "station");
    }
    let known = ["rate", "servers", "slowness", "failures"];
    if !mapping.incomplete && known.iter().all(|key| mapping.get(key).is_none()) {
        let missing = binder.missing_key("servers");
        binder.report(missing.help("add `servers:`, `slowness:` or `failures:`"));
    }
}

/// Exactly one of these keys.
fn one_of_these(mapping: &Mapping, binder: &mut Binder<'_>, keys: &[&str], help: &str) {
    let mut there = keys.iter().filter(|key| mapping.get(key).is_some());
    match (there.next(), there.next()) {
        (Some(first), Some(second)) => conflict(mapping, binder, first, second),
        (None, _) if !mapping.incomplete => {
            let missing = binder.missing_key(keys.first().copied().unwrap_or_default());
            binder.report(missing.help(help));
        }
        _ => {}
    }
}

/// Two keys that exclude each other.
fn conflict(mapping: &Mapping, binder: &mut Binder<'_>, one: &str, other: &str) {
    if let (Some(first), Some(second)) = (mapping.get(one), mapping.get(other)) {
        let message = format!("`{one}` and `{other}` exclude each other");
        binder.report(
            Diagnostic::error("conflicting-keys", second.key.span, message)
                .related(first.key.span, format!("`{one}` is here")),
        );
    }
}

/// A key that means nothing without another one.
fn needs(mapping: &Mapping, binder: &mut Binder<'_>, key: &str, other: &str) {
    if mapping.incomplete || mapping.get(other).is_some() {
        return;
    }
    if let Some(entry) = mapping.get(key) {
        let message = format!("`{key}` needs `{other}`");
        let help = format!("add `{other}:`, or remove `{key}`");
        binder.report(Diagnostic::error("missing-key", entry.key.span, message).help(help));
    }
}

/// Reads the file of a network. What is wrong is reported; what could not be read is absent.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (NetworkSyntax, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let document = yaml::read(file, text, &mut out);
    let origin = Span::new(file, 0, 0);
    let syntax = match &document.root {
        Some(root) => {
            let mut binder = Binder::new(&mut out, origin);
            NetworkSyntax::read(root, &mut binder).unwrap_or_default()
        }
        None => {
            if document.complete {
                let message = "the network needs `sources` and `stations`";
                out.push(Diagnostic::error("missing-key", origin, message));
            }
            NetworkSyntax::default()
        }
    };
    (syntax, out)
}
