//! What another design would change: differences of paired replications, in which whatever chance
//! both designs met cancels out.

use super::{Answer, Compiled, OperationAnswer, Phase, Promise, ResourceAnswer};
use crate::experiment::{QUANTILES, Report, Samples, SourceReport, WindowReport, difference};
use crate::statistics::Estimate;

/// How sure a difference must be.
const CONFIDENCE: f64 = 0.95;

/// A number of one design beside that of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// In the first design; none where too little is known.
    pub before: Option<f64>,
    /// In the second.
    pub after: Option<f64>,
    /// The second less the first, with its interval.
    pub difference: Option<Estimate>,
}

/// What an interval says of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The whole interval is below zero.
    Less,
    /// The whole interval is above zero.
    More,
    /// It holds zero, or there is none.
    Unclear,
}

impl Direction {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Less => "less",
            Self::More => "more",
            Self::Unclear => "unclear",
        }
    }
}

impl Change {
    fn of(values: (Option<f64>, Option<f64>), before: &Samples, after: &Samples) -> Self {
        let known = values.0.is_some() && values.1.is_some();
        let difference = difference(before, after).filter(|_| known);
        Self { before: values.0, after: values.1, difference }
    }

    /// Whether the second is surely less or more.
    #[must_use]
    pub fn direction(&self) -> Direction {
        let Some(difference) = &self.difference else { return Direction::Unclear };
        let half = difference.half_width(CONFIDENCE);
        match () {
            () if difference.value + half < 0.0 => Direction::Less,
            () if difference.value - half > 0.0 => Direction::More,
            () => Direction::Unclear,
        }
    }
}

/// What becomes of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationChange {
    /// Its name.
    pub name: String,
    /// Requests a second that end well.
    pub goodput: Change,
    /// Share that fails.
    pub failed: Change,
    /// Percentiles of the time of those that end well: [`QUANTILES`].
    pub quantiles: Vec<Change>,
    /// What becomes of its promises, in order, the availability last: before and after; none where
    /// they are not the same promises.
    pub promises: Vec<(String, Promise, Promise)>,
}

impl OperationChange {
    /// Everything that was compared.
    fn changes(&self) -> impl Iterator<Item = &Change> {
        [&self.goodput, &self.failed].into_iter().chain(&self.quantiles)
    }

    /// Whether any of its numbers is surely not the same.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.changes().any(|change| change.direction() != Direction::Unclear)
            || self.promises.iter().any(|(_, before, after)| before != after)
    }
}

/// What becomes of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceChange {
    /// Its name.
    pub name: String,
    /// Servers, before and after.
    pub servers: (Option<u32>, Option<u32>),
    /// Share that is busy.
    pub utilisation: Change,
    /// How many times this load it takes, before and after.
    pub room: (Option<f64>, Option<f64>),
}

/// A stretch of time in both designs.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseComparison {
    /// From when, in seconds after the warm-up.
    pub from: f64,
    /// Until when.
    pub to: f64,
    /// Operations that both have, in the order of the first.
    pub operations: Vec<OperationChange>,
    /// Resources that both have, the busiest of the second first.
    pub resources: Vec<ResourceChange>,
}

/// Two designs beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The first.
    pub before: Answer,
    /// The second.
    pub after: Answer,
    /// Phases that both have.
    pub phases: Vec<PhaseComparison>,
    /// What only one of them has: operations and resources, in words.
    pub only_before: Vec<String>,
    /// The same of the second.
    pub only_after: Vec<String>,
}

/// One of the two: what was simulated, what came out, and how it is read.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The network.
    pub compiled: &'a Compiled,
    /// Its report, of the same replications as the other's.
    pub report: &'a Report,
    /// Its answer.
    pub answer: &'a Answer,
}

/// Compares two designs that were simulated in pairs.
#[must_use]
pub fn compare(before: Side<'_>, after: Side<'_>) -> Comparison {
    let pairs = before.report.windows.iter().zip(&after.report.windows);
    let answers = before.answer.phases.iter().zip(&after.answer.phases);
    let phases = pairs
        .zip(answers)
        .filter(|((first, second), _)| first.from == second.from && first.to == second.to)
        .map(|(windows, phases)| PhaseComparison {
            from: phases.0.from,
            to: phases.0.to,
            operations: operations((before, after), windows, phases),
            resources: resources((before, after), windows, phases),
        });
    Comparison {
        phases: phases.collect(),
        only_before: only(before.compiled, after.compiled),
        only_after: only(after.compiled, before.compiled),
        before: before.answer.clone(),
        after: after.answer.clone(),
    }
}

/// What the one has and the other has not.
fn only(one: &Compiled, other: &Compiled) -> Vec<String> {
    let operations = one
        .operations
        .iter()
        .filter(|of| other.operations.iter().all(|known| known.name != of.name))
        .map(|of| of.name.clone());
    let resources = one
        .resources
        .iter()
        .filter(|of| other.resources.iter().all(|known| known.name != of.name))
        .map(|of| of.name.clone());
    operations.chain(resources).collect()
}

fn operations(
    sides: (Side<'_>, Side<'_>),
    windows: (&WindowReport, &WindowReport),
    phases: (&Phase, &Phase),
) -> Vec<OperationChange> {
    let found =
        |side: Side<'_>, name: &str| side.compiled.operations.iter().position(|of| of.name == name);
    let change = |(at, of): (usize, &OperationAnswer)| {
        let other = found(sides.1, &of.name)?;
        let sources = (windows.0.sources.get(at)?, windows.1.sources.get(other)?);
        Some(operation(sources, (of, phases.1.operations.get(other)?)))
    };
    phases.0.operations.iter().enumerate().filter_map(change).collect()
}

fn operation(
    sources: (&SourceReport, &SourceReport),
    answers: (&OperationAnswer, &OperationAnswer),
) -> OperationChange {
    let (first, second) = (&sources.0.samples, &sources.1.samples);
    let value = |of: &Option<Estimate>| of.as_ref().map(|of| of.value);
    let quantile = |at: usize| {
        let of = |answer: &OperationAnswer| value(answer.quantiles.get(at).unwrap_or(&None));
        let values = (of(answers.0), of(answers.1));
        Change::of(values, &first.quantiles[at], &second.quantiles[at])
    };
    let both = |of: fn(&OperationAnswer) -> &Estimate| {
        (Some(of(answers.0).value), Some(of(answers.1).value))
    };
    OperationChange {
        name: answers.0.name.clone(),
        goodput: Change::of(both(|of| &of.goodput), &first.goodput, &second.goodput),
        failed: Change::of(both(|of| &of.failed), &first.failed, &second.failed),
        quantiles: (0..QUANTILES.len()).map(quantile).collect(),
        promises: promises(answers.0, answers.1),
    }
}

fn promises(before: &OperationAnswer, after: &OperationAnswer) -> Vec<(String, Promise, Promise)> {
    let mut promises: Vec<(String, Promise, Promise)> = Vec::new();
    for (share, _, promise) in &before.latency {
        let same = after.latency.iter().find(|(other, ..)| other == share);
        promises.extend(same.map(|(.., then)| (percentile(*share), *promise, *then)));
    }
    let availability = (before.availability.1, after.availability.1);
    promises.push(("availability".to_owned(), availability.0, availability.1));
    promises
}

/// `p95`.
fn percentile(share: f64) -> String {
    format!("p{}", format!("{}", share * 100.0).replace('.', ""))
}

fn resources(
    sides: (Side<'_>, Side<'_>),
    windows: (&WindowReport, &WindowReport),
    phases: (&Phase, &Phase),
) -> Vec<ResourceChange> {
    let samples = |side: Side<'_>, window: &WindowReport, name: &str| {
        let resource = side.compiled.resources.iter().find(|of| of.name == name)?;
        let stations = resource.stations.iter();
        let each: Vec<&Samples> = stations
            .filter_map(|at| Some(&window.stations.get(at.index())?.utilisations))
            .collect();
        Some(mean_of(&each))
    };
    let change = |after: &ResourceAnswer| {
        let before = phases.0.resources.iter().find(|of| of.name == after.name)?;
        let first = samples(sides.0, windows.0, &after.name)?;
        let second = samples(sides.1, windows.1, &after.name)?;
        Some(ResourceChange {
            name: after.name.clone(),
            servers: (before.servers, after.servers),
            utilisation: Change::of((before.utilisation, after.utilisation), &first, &second),
            room: (before.room, after.room),
        })
    };
    phases.1.resources.iter().filter_map(change).collect()
}

/// The mean over stations, for each replication.
fn mean_of(stations: &[&Samples]) -> Samples {
    let length = stations.iter().map(|each| each.len()).max().unwrap_or(0);
    let mean = |replication: usize| {
        let values = stations.iter().filter_map(|each| each.get(replication).copied().flatten());
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), of| (sum + of, count + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    (0..length).map(mean).collect()
}
