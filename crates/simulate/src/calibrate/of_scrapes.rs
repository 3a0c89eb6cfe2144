//! Times from scrapes.

use super::bins::{Bins, number};
use super::scrape::{Buckets, Scrape};
use super::{APPLICATION_VARIATION, DATABASE_VARIATION};
use super::{Fit, Measured, OperationTimes, Shape, Unreadable, errors, fit};

/// Share of the store's time that may be waiting before it is said.
const MUCH: f64 = 0.02;
/// Variations of an application's time that are believed when they are what is left of two others.
const BELIEVED: (f64, f64) = (0.1, 3.0);

/// What is fitted, and what is held against it.
pub(super) struct Scrapes {
    fitted: Scrape,
    held_out: Option<Scrape>,
}

impl Scrapes {
    /// One: all that it counted. Two: what came between, and the first is held against it. Three:
    /// what came between the first two, and what came after is held against it.
    pub fn between(scrapes: &[(&str, Scrape)]) -> Result<Self, Unreadable> {
        match scrapes {
            [(_, only)] => Ok(Self { fitted: only.clone(), held_out: None }),
            [(_, first), (name, second)] => {
                let fitted = second.since(first, name)?;
                Ok(Self { fitted, held_out: Some(first.clone()) })
            }
            [(_, first), (second_name, second), (third_name, third)] => {
                let fitted = second.since(first, second_name)?;
                Ok(Self { fitted, held_out: Some(third.since(second, third_name)?) })
            }
            [.., (name, _)] => Err(Unreadable::whole(
                name,
                "there are more than three scrapes: one, or one before and one after, and one \
                 after that to hold against them",
            )),
            [] => Ok(Self { fitted: Scrape::default(), held_out: None }),
        }
    }

    pub fn measured(&self, waits: &dyn Fn(&str) -> bool, notes: &mut Vec<String>) -> Measured {
        let fitted = &self.fitted;
        let all: f64 = fitted.store.values().map(|of| of.sum).sum();
        let waited = if all > 0.0 { (fitted.waited / all).min(0.95) } else { 0.0 };
        if waited > MUCH {
            notes.push(format!(
                "{:.0} % of the store's time was waiting for a connection, and is taken off: \
                 measure under less load",
                waited * 100.0
            ));
        }
        let mut measured = Measured {
            system: fitted.systems.iter().next().cloned().filter(|_| fitted.systems.len() == 1),
            ..Measured::default()
        };
        for (name, requests) in &fitted.requests {
            let times = self.operation(name, requests, waited, waits(name));
            if times.application.is_some() || times.store.is_some() {
                measured.operations.insert(name.clone(), times);
            } else if times.requests > 0 && waits(name) {
                notes.push(format!(
                    "`{name}` waits for others: its own time is not in a scrape; spans tell it"
                ));
            }
        }
        for (name, times) in &fitted.externals {
            let held = |of: &Scrape| of.externals.get(name).map(Buckets::bins);
            if let Some(fit) = self.fitted(&times.bins(), DATABASE_VARIATION, held) {
                measured.externals.insert(name.clone(), fit);
            }
        }
        measured
    }

    fn operation(
        &self,
        name: &str,
        requests: &Buckets,
        waited: f64,
        waits: bool,
    ) -> OperationTimes {
        let whole = requests.bins();
        let store = self.fitted.store.get(name).map(Buckets::bins).unwrap_or_default();
        let held = |of: &Scrape| of.store.get(name).map(Buckets::bins);
        let in_store = self.fitted(&store, DATABASE_VARIATION, held);
        let kept = self.fitted.kept.get(name).filter(|(hits, misses)| hits + misses > 0.0);
        OperationTimes {
            requests: whole.count(),
            application: (!waits).then(|| own(&whole, &store)).flatten(),
            store: in_store.map(|fit| shortened(fit, 1.0 - waited)),
            kept: kept.map(|(hits, misses)| hits / (hits + misses)),
            ..OperationTimes::default()
        }
    }

    fn fitted(
        &self,
        bins: &Bins,
        usual: f64,
        held: impl Fn(&Scrape) -> Option<Bins>,
    ) -> Option<Fit> {
        let mut fit = fit(bins, usual)?;
        let held = self.held_out.as_ref().and_then(held);
        // Where nothing was held back, the buckets themselves: the fit does not go through them.
        let held = held.filter(|bins| bins.count() > 0);
        fit.errors = errors(&fit.shape, held.as_ref().unwrap_or(bins));
        Some(fit)
    }
}

/// What is left of whole requests without the store: the mean exactly, by their sums; the variation
/// as if both were independent.
fn own(whole: &Bins, store: &Bins) -> Option<Fit> {
    let requests = number(whole.count());
    let mean = whole.mean()? - store.sum.unwrap_or(0.0) / requests;
    let all = fit(whole, APPLICATION_VARIATION)?;
    let floor = all.shape.mean() * 0.01;
    let mean = mean.max(floor);
    let variance = |shape: &Shape| {
        let deviation = shape.variation() * shape.mean();
        deviation * deviation
    };
    let asked = number(store.count()) / requests;
    let stored = fit(store, DATABASE_VARIATION).map_or(0.0, |fit| {
        // Some requests ask and some do not.
        let (mean, often) = (fit.shape.mean(), asked.min(1.0));
        often * variance(&fit.shape) + often * (1.0 - often) * mean * mean
    });
    let left = libm::sqrt((variance(&all.shape) - stored).max(0.0)) / mean;
    let known = !all.mean_alone && left > 0.0;
    let variation = if known { left.clamp(BELIEVED.0, BELIEVED.1) } else { APPLICATION_VARIATION };
    let chance = 1.96 * libm::sqrt(variance(&all.shape) / requests);
    let shape = Shape::spread(mean, variation);
    let p95 = shape.quantile(0.95);
    let around = |middle: f64, half: f64| ((middle - half).max(0.0), middle + half);
    Some(Fit {
        shape,
        count: whole.count(),
        mean: around(mean, chance),
        p95: around(p95, chance * p95 / mean),
        mean_alone: !known,
        mean_error: None,
        errors: Vec::new(),
    })
}

fn shortened(fit: Fit, factor: f64) -> Fit {
    let both = |(low, high): (f64, f64)| (low * factor, high * factor);
    Fit { shape: fit.shape.times(factor), mean: both(fit.mean), p95: both(fit.p95), ..fit }
}
