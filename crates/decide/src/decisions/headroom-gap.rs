use std::collections::BTreeMap;

use base::{Provenance, Quantity};
use model::model::ExternalId;

use crate::crossings::End;
use crate::decision::{Answer, Context, decision};
use crate::facts::{self, people};
use crate::numbers;
use crate::sizing::StoreKind;

decision!(
    "headroom-gap",
    "How far is the headroom reachable, and what stops it?",
    reads ["service", "store", "capacity"],
    System run
);

const SOURCE: &str = "house: D2 against limits of externals and the largest server";

/// Something that cannot be bought more of without a new design.
struct Stop {
    /// What it is.
    fact: String,
    from: Provenance,
    /// Multiple of today's peak at which it stops.
    at: f64,
    /// Multiple of today's peak that is wanted.
    wanted: f64,
    /// What would move it.
    way: &'static str,
}

fn run(cx: &Context<'_>) -> Option<Answer> {
    let mut stops = externals(cx);
    stops.extend(stores(cx));
    stops.sort_by(|a, b| {
        let slack = |stop: &Stop| stop.at / stop.wanted.max(1e-9);
        slack(a).total_cmp(&slack(b)).then_with(|| a.fact.cmp(&b.fact))
    });
    let gap = stops.first().is_some_and(|stop| stop.at < stop.wanted * (1.0 - 1e-9));
    let mut answer = Answer::new(if gap { "gap" } else { "reachable" }, SOURCE);
    let headroom = cx.model.system.needs.headroom.clone();
    let Quantity { value, provenance } =
        headroom.unwrap_or_else(|| cx.model.assumed(&numbers::HEADROOM));
    answer =
        answer.driver(format!("headroom {}x", people(value)), provenance, "what is to be held");
    for stop in stops.iter().take(6) {
        let held = stop.at >= stop.wanted * (1.0 - 1e-9);
        let weight = format!(
            "{} at {}x of the peak, {}x is wanted",
            if held { "stops only" } else { "stops already" },
            people(stop.at),
            people(stop.wanted)
        );
        answer = answer.driver(stop.fact.clone(), stop.from.clone(), &weight);
        if !held {
            answer = answer.parameter(&stop.fact, stop.way);
        }
    }
    let first = stops.first();
    let reachable = first.map_or_else(
        || "nothing stops it".to_owned(),
        |stop| format!("{}x of the peak, then: {}", people(stop.at), stop.fact),
    );
    let near = first.map_or_else(
        || "no external has a limit and no store an end".to_owned(),
        |stop| {
            format!(
                "the nearest stop is at {}x of the peak, beyond the {}x wanted",
                people(stop.at),
                people(stop.wanted)
            )
        },
    );
    let far = format!("it is not: {reachable}");
    Some(answer.parameter("reachable", reachable).reject("reachable", far).reject("gap", near))
}

/// Externals that accept no more.
fn externals(cx: &Context<'_>) -> Vec<Stop> {
    let model = cx.model;
    let mut calls: BTreeMap<ExternalId, (f64, f64)> = BTreeMap::new();
    for crossing in cx.crossings {
        if let End::External(external, _) = crossing.to {
            let sum = calls.entry(external).or_default();
            sum.0 += crossing.rate.peak;
            sum.1 += crossing.rate.peak * facts::reach(model, crossing.from);
        }
    }
    let stop = |(id, (peak, reached)): (ExternalId, (f64, f64))| {
        let external = model.external(id);
        let limit = external.limit.as_ref()?;
        (peak > 0.0).then(|| Stop {
            fact: format!("{} takes {}", external.name, facts::per_second(limit.value.peak)),
            from: limit.provenance.clone(),
            at: limit.value.peak / peak,
            wanted: reached / peak,
            way: "agree on a higher limit, or queue the calls in a flow",
        })
    };
    calls.into_iter().filter_map(stop).collect()
}

/// Servers that cannot be larger. Search engines, time series and Redis are spread over several.
fn stores(cx: &Context<'_>) -> Vec<Stop> {
    let model = cx.model;
    let mut stops = Vec::new();
    for store in cx.demand().stores.iter().filter(|of| of.kind == StoreKind::Postgresql) {
        let stays = store.cores.peak - store.movable.peak;
        let wanted =
            if store.cores.peak > 0.0 { store.cores.reach / store.cores.peak } else { 1.0 };
        let largest = model.value(&numbers::NODE_CORES);
        if stays > 0.0 {
            stops.push(Stop {
                fact: format!("{}: the largest server has {} cores", store.name, people(largest)),
                from: model.assumed(&numbers::NODE_CORES).provenance,
                at: largest * model.value(&numbers::LOAD_REACHED) / stays,
                wanted,
                way: "cache or delay what is read most, move a context to a server of its own, or divide by key",
            });
        }
        let bloat = model.value(&numbers::BLOAT);
        let most = model.value(&numbers::POSTGRESQL_BYTES) / bloat - store.bytes_now;
        if store.bytes_to_come > 0.0 {
            stops.push(Stop {
                fact: format!(
                    "{}: one server holds {}",
                    store.name,
                    facts::bytes(model.value(&numbers::POSTGRESQL_BYTES))
                ),
                from: model.assumed(&numbers::POSTGRESQL_BYTES).provenance,
                at: most.max(0.0) / store.bytes_to_come,
                wanted: 1.0,
                way: "keep rows for a shorter time, archive them, or divide by key",
            });
        }
    }
    stops
}
