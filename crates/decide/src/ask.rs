//! What to ask: the numbers that a model leaves open, ranked by what they could turn and by what it
//! would cost to turn that back later.

use std::collections::BTreeMap;

use model::Model;
use model::model::{Operation, OperationKind};

use crate::catalogue;
use crate::design::Design;
use crate::facts;
use crate::flips::rerun::{Choices, Rerun, Touched};
use crate::flips::search::{self, Range};
use crate::flips::{Measure, in_parallel};
use crate::numbers::{self, Number};
use crate::quantities::{self, Extent, Need, Path, Place, Scope, Unit, Usage};

/// A number that the model leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Where the answer goes.
    pub path: Path,
    /// The number, as people call it.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// What is assumed meanwhile; nothing where the number counts as not there.
    pub assumed: Option<f64>,
    /// Who says so.
    pub source: &'static str,
    /// An answer as the model writes it: what is assumed, or something plausible.
    pub example: String,
    /// Least plausible value.
    pub low: f64,
    /// Greatest plausible value.
    pub high: f64,
    /// What it could turn, the most costly first.
    pub turns: Vec<Turn>,
    /// How much that would cost later, in points.
    pub weight: f64,
}

/// A verdict that the answer could turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Family of the verdict.
    pub family: &'static str,
    /// Its subjects that turn in the same way.
    pub subjects: Vec<String>,
    /// What is chosen while nothing is stated.
    pub now: Option<&'static str>,
    /// What is chosen, from the least value on: up to each value this option, the last one from
    /// there on.
    pub steps: Vec<(f64, Option<&'static str>)>,
}

impl Turn {
    /// `below 10k: shared; above: own`.
    #[must_use]
    pub fn sentence(&self, measure: Measure) -> String {
        let option = |of: &Option<&'static str>| of.unwrap_or("nothing to decide");
        let last = self.steps.len().saturating_sub(1);
        let told = self.steps.iter().enumerate().map(|(at, (until, choice))| match at {
            _ if last == 0 => format!("whatever the answer: {}", option(choice)),
            0 => format!("below {}: {}", measure.show(*until), option(choice)),
            at if at == last => format!("above: {}", option(choice)),
            _ => format!("up to {}: {}", measure.show(*until), option(choice)),
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

/// What is known of an open number.
struct Asked {
    place: Place,
    path: Path,
    assumed: Option<&'static Number>,
    /// What one of the assumption's unit is in the unit of the place.
    factor: f64,
    low: f64,
    high: f64,
    example: f64,
}

/// Verdicts that may be taken again in all: of a large model not every number is tried.
const VERDICTS: usize = 2_000_000;
/// Times that a number is tried, roughly.
const RUNS: usize = 16;

/// The open numbers that could turn something, the weightiest first.
#[must_use]
pub fn questions(design: &Design, threads: usize) -> Vec<Question> {
    let rerun = Rerun::of(design, None);
    let mut open = open(&design.model);
    open.truncate((VERDICTS / RUNS / rerun.subjects().max(1)).max(32));
    let found = in_parallel(&design.model, &open, threads, &|model, asked| {
        question(design, &rerun, model, asked)
    });
    let mut found: Vec<Question> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.path.cmp(&b.path)));
    found
}

/// Every number that could be asked for, those of the system first.
fn open(model: &Model) -> Vec<Asked> {
    let mut copy = model.clone();
    let mut seen: Vec<Asked> = Vec::new();
    for (place, path) in quantities::paths(model) {
        if quantities::get(&mut copy, place).is_some() || !asked_for(model, place) {
            continue;
        }
        if let Some(asked) = usual(place, path)
            && seen.last().is_none_or(|last| last.path != asked.path)
        {
            seen.push(asked);
        }
    }
    seen.sort_by(|a, b| rank(a.place).cmp(&rank(b.place)).then_with(|| a.path.cmp(&b.path)));
    seen
}

/// Needs of the system, teams and externals before what one thing says of itself.
const fn rank(place: Place) -> u8 {
    match place {
        Place::Need(..) | Place::LargestTenant => 0,
        Place::People(_) | Place::Deploys(_) => 1,
        Place::ExternalAvailability(_) | Place::ExternalLimit(_) | Place::ExternalLatency(..) => 2,
        Place::Entity(_, Extent::Rows) => 3,
        Place::Operation(_, Usage::Mean | Usage::OpenStreams) => 4,
        _ => 5,
    }
}

/// Whether the question makes sense: contexts and operations inherit the needs of the system, and
/// each kind of operation has numbers of its own.
fn asked_for(model: &Model, place: Place) -> bool {
    let public = |operation: &Operation| {
        let people = operation.by.iter().map(|grant| model.actor(grant.actor).authentication);
        people.into_iter().any(|of| of != model::model::Authentication::System)
    };
    match place {
        Place::Need(scope, _) => scope == Scope::System,
        Place::Operation(id, usage) => {
            let operation = model.operation(id);
            let stream = operation.kind == OperationKind::Stream;
            match usage {
                Usage::Mean => !stream,
                Usage::OpenStreams => stream,
                Usage::Stale => {
                    let reads = matches!(operation.kind, OperationKind::List | OperationKind::Get);
                    reads && public(operation)
                }
                _ => false,
            }
        }
        _ => true,
    }
}

/// What is assumed of a number, and between which values it usually lies (house).
fn usual(place: Place, path: Path) -> Option<Asked> {
    const DAY: f64 = 86_400.0;
    let number = |number: &'static Number, factor: f64| {
        let [low, high, example] =
            [number.low, number.high, number.default].map(|value| value * factor);
        (Some(number), factor, low, high, example)
    };
    let free = |low: f64, high: f64, example: f64| (None, 1.0, low, high, example);
    let (assumed, factor, low, high, example) = match place {
        Place::Need(_, Need::Availability) => number(&numbers::AVAILABILITY, 1.0),
        Place::Need(_, Need::Latency(_)) => number(&numbers::LATENCY, 1e-3),
        Place::Need(_, Need::Headroom) => number(&numbers::HEADROOM, 1.0),
        Place::Need(_, Need::Growth) => number(&numbers::GROWTH, 1.0),
        Place::Need(_, Need::ConcurrentUsers) => free(100.0, 1e6, 1_000.0),
        Place::Need(_, Need::RecoveryTime) => free(60.0, 2.0 * DAY, 4.0 * 3_600.0),
        Place::Need(_, Need::RecoveryPoint) => free(1.0, DAY, 300.0),
        Place::Need(_, Need::Budget) => free(50.0, 50_000.0, 1_000.0),
        Place::People(_) => free(1.0, 40.0, 6.0),
        Place::Deploys(_) => free(1.0 / (30.0 * DAY), 50.0 / DAY, 1.0 / DAY),
        Place::LargestTenant => free(0.01, 0.9, 0.1),
        Place::ExternalAvailability(_) => free(0.99, 0.9999, 0.999),
        Place::ExternalLimit(_) => free(1.0, 10_000.0, 100.0),
        Place::ExternalLatency(..) => number(&numbers::EXTERNAL_P99, 1e-3),
        Place::Operation(_, Usage::Mean) => number(&numbers::RATE, 1.0),
        Place::Operation(_, Usage::OpenStreams) => free(10.0, 100_000.0, 100.0),
        Place::Operation(_, Usage::Stale) => free(1.0, 600.0, 10.0),
        Place::Entity(_, Extent::Rows) => free(100.0, 1e8, 10_000.0),
        Place::Entity(_, Extent::Size) => number(&numbers::ROW_BYTES, 1.0),
        _ => return None,
    };
    Some(Asked { place, path, assumed, factor, low, high, example })
}

fn question(
    design: &Design,
    rerun: &Rerun<'_>,
    model: &mut Model,
    asked: &Asked,
) -> Option<Question> {
    let unit = quantities::unit(model, asked.place)?;
    let assumed = asked.assumed.map(|number| design.numbers.value(number) * asked.factor);
    let [low, high] = [asked.low, asked.high].map(|value| unit.scaled(value));
    let range = Range { now: low, low, high, whole: unit == Unit::Whole };
    let mut touched = Touched::default();
    for value in [low].into_iter().chain(search::probes(range)) {
        state(model, asked.place, unit.unscaled(value), design);
        rerun.probe(model, None, &mut touched);
        quantities::clear(model, asked.place);
    }
    if !touched.any() {
        return None;
    }
    let mut decide = |scaled: f64| {
        state(model, asked.place, unit.unscaled(scaled), design);
        let choices = rerun.stated(model, None, &touched);
        quantities::clear(model, asked.place);
        choices
    };
    let first = decide(low);
    let changes = search::changes(range, &first, &mut decide);
    let mut walked = vec![(asked.low, first)];
    for change in changes {
        let at = if range.whole { change.far } else { search::roundest(change.near, change.far) };
        walked.push((unit.unscaled(at), change.after));
    }
    let turns = turns(rerun, &walked);
    if turns.is_empty() {
        return None;
    }
    let weight = turns.iter().map(|turn| cost(design, turn, unit, asked)).sum();
    Some(Question {
        path: asked.path.clone(),
        name: quantities::name(&design.model, asked.place),
        unit,
        assumed,
        source: asked.assumed.map_or("house", |number| number.source),
        example: written(asked.place, assumed.unwrap_or(asked.example), design),
        low: asked.low,
        high: asked.high,
        turns,
        weight,
    })
}

/// States a number as an answer would.
fn state(model: &mut Model, place: Place, value: f64, design: &Design) {
    quantities::set(model, place, value);
    if let Place::Operation(id, Usage::Mean) = place {
        let peak = value * design.numbers.value(&numbers::PEAK_FACTOR);
        quantities::set(model, Place::Operation(id, Usage::Peak), peak);
    }
}

/// What is chosen along the way, for each verdict that is not the same as now all along. Subjects
/// of a family that turn alike are told together.
fn turns(rerun: &Rerun<'_>, walked: &[(f64, Choices)]) -> Vec<Turn> {
    type Steps = Vec<(f64, Option<&'static str>)>;
    let base = rerun.base();
    let mut alike: BTreeMap<(usize, String), Turn> = BTreeMap::new();
    for (at, now) in base.0.iter().enumerate() {
        if walked.iter().all(|(_, choices)| choices.0.get(at) == Some(now)) {
            continue;
        }
        let mut along: BTreeMap<&str, Steps> = BTreeMap::new();
        let everything = walked.iter().filter_map(|(_, choices)| choices.0.get(at));
        for (subject, _) in everything.chain([now]).flat_map(|choices| choices.iter()) {
            along.entry(subject).or_default();
        }
        for (from, choices) in walked {
            let chosen: BTreeMap<&str, &'static str> = choices
                .0
                .get(at)
                .into_iter()
                .flat_map(|of| of.iter())
                .map(|(subject, choice)| (subject.as_str(), *choice))
                .collect();
            for (subject, steps) in &mut along {
                let choice = chosen.get(subject).copied();
                match steps.last_mut() {
                    Some((_, last)) if *last == choice => {}
                    Some((until, _)) => {
                        *until = *from;
                        steps.push((f64::INFINITY, choice));
                    }
                    None => steps.push((f64::INFINITY, choice)),
                }
            }
        }
        for (subject, steps) in along {
            let now = now.iter().find(|(known, _)| known == subject).map(|(_, choice)| *choice);
            if steps.iter().all(|(_, choice)| *choice == now) {
                continue;
            }
            let key = (at, format!("{now:?} {steps:?}"));
            let turn = || Turn { family: rerun.family(at), subjects: Vec::new(), now, steps };
            alike.entry(key).or_insert_with(turn).subjects.push(subject.to_owned());
        }
    }
    let mut turns: Vec<Turn> = alike.into_values().collect();
    turns.sort_by(|a, b| {
        reversal(b.family).total_cmp(&reversal(a.family)).then_with(|| a.subjects.cmp(&b.subjects))
    });
    turns
}

/// How costly it is to turn a decision back: what moves data, contracts or teams first (house).
fn reversal(family: &str) -> f64 {
    const COSTLY: [&str; 6] = ["boundary", "region", "service", "store", "style", "tenancy"];
    const MIDDLING: [&str; 9] = [
        "broker",
        "key",
        "link",
        "paradigm",
        "partitioning",
        "read-model",
        "recovery",
        "saga",
        "replicas",
    ];
    match family {
        costly if COSTLY.contains(&costly) => 5.0,
        middling if MIDDLING.contains(&middling) => 2.0,
        _ => 1.0,
    }
}

/// The cost of turning it back, by how much of the plausible range lies on another side; many
/// subjects that turn alike count by their root, being one change.
fn cost(design: &Design, turn: &Turn, unit: Unit, asked: &Asked) -> f64 {
    let family = catalogue::family(turn.family);
    let price = |option: Option<&'static str>| {
        let choice = option.and_then(|option| family.and_then(|family| family.choice(option)));
        choice.map_or(0.0, |choice| f64::from(choice.price))
    };
    let place = |value: f64| unit.scaled(value.min(asked.high)).max(1e-12).ln();
    let whole = (place(asked.high) - place(asked.low)).abs().max(1e-12);
    let mut from = asked.low;
    let mut other = 0.0;
    let mut most = price(turn.now);
    for (until, choice) in &turn.steps {
        if *choice != turn.now {
            other += (place(*until) - place(from)).abs() / whole;
            most = most.max(price(*choice));
        }
        from = *until;
    }
    let overridden = design.verdicts.iter().any(|verdict| {
        verdict.family == turn.family
            && verdict.overridden.is_some()
            && turn.subjects.contains(&verdict.subject)
    });
    let subjects = facts::count(turn.subjects.len()).sqrt();
    if overridden { 0.0 } else { reversal(turn.family) * (1.0 + most) * other * subjects }
}

/// A value as the model writes it.
fn written(place: Place, value: f64, design: &Design) -> String {
    let tight = |text: String| text.replace(' ', "");
    let shown = |unit: Unit| tight(unit.show(value));
    match place {
        Place::Need(_, Need::Latency(_)) | Place::ExternalLatency(..) => {
            format!("p95 {}", shown(Unit::Seconds))
        }
        Place::Need(_, Need::Growth) => format!("{}/year", shown(Unit::Share)),
        Place::Need(_, Need::Budget) => {
            let currency = design.model.system.currencies.first().map_or("EUR", String::as_str);
            format!("{} {currency}/month", facts::people(value))
        }
        Place::Need(_, Need::Availability) | Place::ExternalAvailability(_) => {
            shown(Unit::Availability)
        }
        Place::Need(_, Need::Headroom) => shown(Unit::Factor),
        Place::Need(_, Need::RecoveryTime | Need::RecoveryPoint)
        | Place::Operation(_, Usage::Stale) => shown(Unit::Seconds),
        Place::LargestTenant => shown(Unit::Share),
        Place::Operation(_, Usage::Mean) => {
            let peak = value * design.numbers.value(&numbers::PEAK_FACTOR);
            format!("{} peak {}", shown(Unit::PerSecond), tight(Unit::PerSecond.show(peak)))
        }
        Place::Operation(_, Usage::OpenStreams) => format!("{} open", facts::people(value)),
        Place::Deploys(_) | Place::ExternalLimit(_) => shown(Unit::PerSecond),
        Place::Entity(_, Extent::Size) => shown(Unit::Bytes),
        _ => facts::people(value),
    }
}
