//! From what clients saw at one load to the work of each operation: what one takes longer than
//! another at its median is work, what all of them take beyond the model is a time beside it, what
//! writes wait for beyond both is the commit, and what one in a hundred and in a thousand waits for
//! is something else that has the core.

use anyhow::{Context, Result};
use simulate::calibrate::Shape;

use super::model::{Calibration, Model};

/// Rounds in which it is found.
const ROUNDS: usize = 8;
/// Share of what is missing that is put right in one of them.
const STEP: f64 = 0.8;
/// Seconds of a core that an operation needs at the least.
const LEAST: f64 = 5e-6;
/// How many times the median p95 is at most: a median of next to nothing would have a tail without
/// end.
const STEEPEST: f64 = 8.0;

/// Stalls to begin with: a second, and seconds of one.
const STALLS: (f64, f64) = (2.0, 0.003);
/// Between which numbers they are looked for.
const OFTEN: (f64, f64) = (0.01, 50.0);
const LONG: (f64, f64) = (0.0002, 0.1);
/// How much the length of a stall varies.
const STALL_VARIATION: f64 = 0.5;

/// A median, and what p95 is beyond it, in seconds.
#[derive(Clone, Copy, Default)]
pub struct Spread {
    middle: f64,
    tail: f64,
}

impl Spread {
    /// Towards what is missing, and not below zero.
    fn more(&mut self, missing: Self) {
        self.middle = (self.middle + STEP * missing.middle).max(0.0);
        self.tail = (self.tail + STEP * missing.tail).max(0.0);
    }

    /// A time with these; nothing where it is shorter than a microsecond.
    fn shape(self) -> Option<Shape> {
        let high = self.middle + self.tail;
        let middle = self.middle.max(high / STEEPEST).max(1e-6);
        let shape = queueing::Lognormal::through((0.5, middle), (0.95, high.max(middle * 1.01)))?;
        (high > 1e-6).then_some(Shape::Lognormal(shape))
    }
}

/// What was seen less what the model says, of one operation.
struct Missing {
    name: String,
    writes: bool,
    count: f64,
    spread: Spread,
}

/// Settles all of it at the load that times were taken at.
pub fn settle(model: &mut Model, from: &Calibration) -> Result<()> {
    let (mut beside, mut commit) = model.settled;
    let mut stalls = model.stalls().unwrap_or(STALLS);
    for _ in 0..ROUNDS {
        let said = model.quantiles(1.0, 0.2)?;
        let missing = missing(model, from, &said);
        stalled(&mut stalls, from, &said);
        let (writes, reads): (Vec<_>, Vec<_>) = missing.iter().partition(|of| of.writes);
        let common = mean(&reads);
        beside.more(common);
        // The commit is what is left of writes: what is beside all is theirs as well.
        let waited = mean(&writes);
        commit.more(waited);
        for of in &reads {
            let work = STEP * (of.spread.middle - common.middle);
            let count = of.count;
            add_work(model, &of.name, work).with_context(|| format!("{count} of {}", of.name))?;
        }
        keep_sums(model, from)?;
        for name in model.kinds.clone() {
            let of = model.question.measured.operations.get_mut(&name).context("no times")?;
            of.besides = beside.shape();
        }
        model.settled = (beside, commit);
        if let Some(server) = &mut model.question.server {
            server.commit = commit.shape().or(Some(Shape::Constant(1e-6)));
            server.stalls = Some((stalls.0, Shape::spread(stalls.1, STALL_VARIATION)));
        }
    }
    Ok(())
}

/// One request in a hundred and in a thousand took as long as this because something else had the
/// core: how often that is, and for how long. Taken from the most frequent operation.
fn stalled(stalls: &mut (f64, f64), from: &Calibration, said: &[[f64; 4]]) {
    let counts = from.seen.latencies.iter().map(Vec::len).enumerate();
    let Some((at, _)) = counts.max_by_key(|(_, count)| *count) else { return };
    let part = |share: f64, said: f64| {
        let seen = from.seen.percentile(at, share).unwrap_or(said);
        let ratio = seen / said;
        // Where none is predicted there is no share to go by.
        if ratio.is_finite() { ratio.powf(STEP).clamp(0.5, 2.0) } else { 1.0 }
    };
    stalls.0 = (stalls.0 * part(0.99, said[at][2])).clamp(OFTEN.0, OFTEN.1);
    stalls.1 = (stalls.1 * part(0.999, said[at][3])).clamp(LONG.0, LONG.1);
}

fn missing(model: &Model, from: &Calibration, said: &[[f64; 4]]) -> Vec<Missing> {
    let each = model.kinds.iter().enumerate().filter_map(|(at, name)| {
        let (p50, p95) = (from.seen.percentile(at, 0.5)?, from.seen.percentile(at, 0.95)?);
        let [said50, said95, ..] = said[at];
        Some(Missing {
            name: name.clone(),
            writes: model.writes(name),
            count: from.seen.latencies[at].len() as f64,
            spread: Spread { middle: p50 - said50, tail: (p95 - p50) - (said95 - said50) },
        })
    });
    each.collect()
}

fn mean(all: &[&Missing]) -> Spread {
    let count: f64 = all.iter().map(|of| of.count).sum();
    let sum = |of: fn(&Spread) -> f64| {
        all.iter().map(|each| each.count * of(&each.spread)).sum::<f64>() / count.max(1.0)
    };
    Spread { middle: sum(|of| of.middle), tail: sum(|of| of.tail) }
}

/// So much more work for an operation, of the server and of its store as they are.
fn add_work(model: &mut Model, name: &str, more: f64) -> Option<()> {
    let of = model.question.measured.operations.get_mut(name)?;
    let busy = of.busy.unwrap_or(1.0);
    let (application, store) = (of.application.as_mut()?, of.store.as_mut()?);
    let work = application.shape.mean() + store.shape.mean() * busy;
    let factor = (work + more).max(LEAST) / work;
    application.shape = application.shape.times(factor);
    of.busy = Some(1.0);
    store.shape = store.shape.times(busy * factor);
    Some(())
}

/// Brings the work of all back to what the processors were seen to be used for.
fn keep_sums(model: &mut Model, from: &Calibration) -> Result<()> {
    let count: f64 = from.seen.count();
    let sum = |of: fn(&simulate::calibrate::OperationTimes) -> f64| -> f64 {
        let each = model.kinds.iter().zip(&from.seen.latencies);
        let operations = &model.question.measured.operations;
        each.filter_map(|(name, all)| Some(of(operations.get(name)?) * all.len() as f64)).sum()
    };
    let own = sum(|of| of.application.as_ref().map_or(0.0, |fit| fit.shape.mean()));
    let stored =
        sum(|of| of.store.as_ref().map_or(0.0, |fit| fit.shape.mean()) * of.busy.unwrap_or(1.0));
    let (own, stored) = match from.embedded() {
        true => {
            let both = from.full.server * count / (own + stored);
            (both, both)
        }
        false => (from.full.server * count / own, from.full.database * count / stored),
    };
    for name in &model.kinds {
        let of = model.question.measured.operations.get_mut(name).context("no times")?;
        if let Some(fit) = &mut of.application {
            fit.shape = fit.shape.times(own);
        }
        if let Some(fit) = &mut of.store {
            fit.shape = fit.shape.times(stored);
        }
    }
    Ok(())
}
