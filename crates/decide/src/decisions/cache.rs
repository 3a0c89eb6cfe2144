use base::Provenance;
use model::model::OperationId;

use crate::caching::{self, Bar, Caching, Place};
use crate::decision::{Answer, Context, decision};
use crate::{facts, numbers};

decision!("cache", "Are answers kept for the next who asks?", reads ["edge", "capacity"], Operation run);

const SOURCE: &str = "RFC 9111, sections 3 and 5.2; Jung, Berger and Balakrishnan 2003 (hits of caches \
    with times to live); OWASP ASVS 5.0, 14.2.2; thresholds house";

fn run(cx: &Context<'_>, id: OperationId) -> Option<Answer> {
    let of = caching::deciding(cx, id)?;
    let choice = match of.layers.last().map(|layer| layer.place) {
        None => "none",
        Some(Place::Http) => "http",
        Some(Place::Process) => "l1",
        Some(Place::Shared) => "l2",
    };
    // Where browsers keep answers, the layer behind them is a detail.
    let public = of.layers.first().is_some_and(|layer| layer.place == Place::Http);
    let mut answer = Answer::new(if public { "http" } else { choice }, SOURCE);
    let (fact, from) = facts::rate_fact(cx.model, id);
    let cores = of.rate * of.work;
    let weight = format!("{} database cores at D2", facts::people(cores));
    answer = answer.driver(fact, from, &weight);
    if let Some(stale) = &of.stale {
        let fact = format!("stale: {}", facts::seconds(stale.value));
        answer = answer.driver(
            fact,
            stale.provenance.clone(),
            "the ages of all layers together stay below",
        );
    }
    Some(rejections(cx, &of, parameters(cx, &of, answer)))
}

fn parameters(cx: &Context<'_>, of: &Caching, mut answer: Answer) -> Answer {
    if of.layers.is_empty() {
        return answer;
    }
    for layer in &of.layers {
        let seconds = facts::seconds(layer.seconds);
        let hits = facts::percent((layer.hits * 1e3).round() / 1e3);
        let answers = format!("{seconds}, answers {hits} at D2");
        answer = match layer.place {
            Place::Http if layer.hits > 0.0 => answer.parameter("public, max-age", answers),
            Place::Http => {
                let told = format!("{seconds}, in browsers: what that answers is not counted");
                answer.parameter("public, max-age", told)
            }
            Place::Process => answer.parameter("in each process", answers),
            Place::Shared => answer.parameter("in Redis", answers),
        };
    }
    let writers: Vec<&str> = of.invalidated_by.iter().map(|id| cx.names.operation(*id)).collect();
    let from =
        Provenance::Derived { from: "Zipf's law over the questions, times to live".to_owned() };
    if of.saved > 0.0 {
        let saved = format!("saves {} database cores at D2", facts::people(of.saved));
        answer = answer.driver(saved, from, "what the hits do not ask of the database");
    }
    answer = answer
        .parameter("different questions", facts::people(of.keys))
        .parameter(
            "times to live differ by",
            facts::percent(cx.model.value(&numbers::CACHE_JITTER)),
        )
        .parameter("at a miss", "one request loads, the others wait for it");
    if !writers.is_empty() {
        answer = answer.parameter("dropped after", writers.join(", "));
    }
    if of.refresh {
        let at = facts::percent(cx.model.value(&numbers::CACHE_REFRESH));
        answer = answer.parameter("loaded anew at", format!("{at} of its time"));
    }
    if of.layers.iter().any(|layer| layer.place == Place::Process) {
        let bytes = facts::bytes(of.entries() * of.answer);
        answer = answer.parameter("memory of a process", format!("up to {bytes}"));
    }
    answer
}

fn rejections(cx: &Context<'_>, of: &Caching, answer: Answer) -> Answer {
    let cores = facts::people(of.rate * of.work);
    let least = facts::people(cx.model.value(&numbers::CACHE_CORES));
    let why = match of.bar {
        Some(Bar::NoStale) => "how old an answer may be is not stated".to_owned(),
        Some(Bar::Actor) => "the answer depends on who asks".to_owned(),
        Some(Bar::Personal) => "the answer holds data about people".to_owned(),
        Some(Bar::Place) => "a place is part of the question: hardly two are the same".to_owned(),
        Some(Bar::TooFresh) => "a replica alone may lag as long as answers may be old".to_owned(),
        Some(Bar::TooLittle) => {
            format!("it takes {cores} database cores at D2: not more than {least} would be saved")
        }
        None => String::new(),
    };
    let told = |otherwise: String| if why.is_empty() { otherwise } else { why.clone() };
    let http = told("only who is signed in may ask".to_owned());
    let local = told(format!(
        "what is left would save no more than {least} cores, or hits too seldom in one of {} processes",
        facts::people(of.replicas)
    ));
    let shared = told(format!(
        "fewer than {} replicas, or the database is not {} times as slow",
        facts::people(cx.model.value(&numbers::SHARED_REPLICAS)),
        facts::people(cx.model.value(&numbers::SHARED_FACTOR))
    ));
    let none = match of.saved > 0.0 {
        true => format!(
            "{} database cores at D2 would be spent on answers that are known",
            facts::people(of.saved)
        ),
        false => "a line in the answer costs nothing, and spares whoever asks again".to_owned(),
    };
    answer.reject("none", none).reject("http", http).reject("l1", local).reject("l2", shared)
}
