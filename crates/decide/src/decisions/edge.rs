use base::Provenance;
use model::model::OperationId;

use crate::caching;
use crate::decision::{Answer, Context, decision};
use crate::deployables::{self, Deployable};
use crate::facts::{self, people};
use crate::numbers;

decision!(
    "edge",
    "What stands between clients and the deployables, and between these?",
    reads ["service"],
    System run
);

const SOURCE: &str = "RFC 9111, HTTP Caching (shared caches); Azure Architecture Center, Gateway \
    Routing; thresholds house";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let public = cacheable(cx);
    let rate: f64 =
        public.iter().map(|id| facts::rate(model, model.operation(*id)).value.peak).sum();
    let services = deployables::among(model.model, cx.verdicts_of("service"));
    let deployables = services.len();
    let routed = routed(cx, &services);
    let many = facts::count(deployables) >= model.value(&numbers::MESH_DEPLOYABLES);
    let cached = rate >= model.value(&numbers::CDN_RATE);
    let choice = match (many, cached, routed > 1) {
        (true, _, _) => "mesh",
        (false, true, _) => "cdn",
        (false, false, true) => "gateway",
        (false, false, false) => "none",
    };
    let derived = |from: &str| Provenance::Derived { from: from.to_owned() };
    let fact = format!("{} public reads a second that may be old", people(rate));
    let weight =
        format!("a network of caches pays from {} on", people(model.value(&numbers::CDN_RATE)));
    let mut answer = Answer::new(choice, SOURCE)
        .driver(fact, derived("lists and gets of `auth: none` with `stale`"), &weight)
        .driver(
            format!("{routed} of {deployables} deployables have public routes"),
            derived("`service`"),
            if routed > 1 { "clients should see one name" } else { "its own name is enough" },
        );
    for id in public.iter().take(4) {
        let (fact, from) = facts::rate_fact(model, *id);
        answer = answer.driver(fact, from, "may be answered by a shared cache");
    }
    if routed > 1 {
        answer = answer.parameter("gateway", "one name, TLS 1.3, routes by context");
    }
    answer = answer.parameter("tls", "1.3, also between deployables; certificates renewed by ACME");
    if cached {
        answer = answer.parameter(caching::NETWORK, "keeps what `Cache-Control` allows");
    }
    let few = format!(
        "{}: certificates and retries between deployables are settled in the library; a mesh pays \
         from {} on",
        facts::counted(facts::count(deployables), "deployable"),
        people(model.value(&numbers::MESH_DEPLOYABLES))
    );
    let quiet = format!(
        "{} public reads a second may be old, fewer than {}",
        people(rate),
        people(model.value(&numbers::CDN_RATE))
    );
    let quiet =
        if many && cached { "it is there as well: see the parameters".to_owned() } else { quiet };
    Some(
        answer
            .reject("none", "a number asks for more: see the drivers")
            .reject("gateway", alone(routed))
            .reject("cdn", quiet)
            .reject("mesh", few),
    )
}

/// Why so many deployables with public routes need no gateway.
fn alone(routed: usize) -> String {
    if routed > 1 {
        return "a network of caches or a mesh routes as well: its parameters say what".to_owned();
    }
    format!("{routed} deployable has public routes: the process ends TLS and limits rates itself")
}

/// Lists and gets that anybody may ask for and that may be old, the busiest first.
fn cacheable(cx: &Context<'_>) -> Vec<OperationId> {
    let model = cx.model;
    let mut all: Vec<OperationId> = model
        .operations()
        .map(|(id, _)| id)
        .filter(|id| caching::may_be_shared(model, model.operation(*id)))
        .collect();
    let key = |id: &OperationId| {
        let operation = model.operation(*id);
        (facts::rate(model, operation).value.peak, operation.name.value.as_str())
    };
    all.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1))
    });
    all
}

/// Deployables with routes of their own.
fn routed(cx: &Context<'_>, services: &[Deployable]) -> usize {
    let has = |service: &&Deployable| {
        cx.routes
            .iter()
            .flatten()
            .any(|route| service.contexts.contains(&cx.model.operation(route.operation).context))
    };
    services.iter().filter(has).count()
}
