//! Times from spans: each fitted to those of every other trace and held against the rest, then
//! fitted to all.

use super::bins::{Gathered, number};
use super::spans::{Halves, Own, Spans};
use super::{APPLICATION_VARIATION, DATABASE_VARIATION};
use super::{Fit, Measured, OperationTimes, errors, fit};

pub(super) fn measured(spans: &Spans) -> Measured {
    let operations = spans.operations.iter().map(|(name, own)| (name.clone(), operation(own)));
    let externals = spans.externals.iter();
    let externals = externals
        .filter_map(|(name, halves)| Some((name.clone(), both(halves, DATABASE_VARIATION)?)));
    let known = |(_, times): &(String, OperationTimes)| {
        times.application.is_some() || times.store.is_some()
    };
    Measured {
        operations: operations.filter(known).collect(),
        externals: externals.collect(),
        system: spans.system.clone(),
        whole: false,
    }
}

fn operation(own: &Own) -> OperationTimes {
    let asked = number(own.asked) / number(own.requests).max(1.0);
    OperationTimes {
        requests: own.requests,
        application: both(&own.application, APPLICATION_VARIATION),
        store: both(&own.store, DATABASE_VARIATION),
        kept: (own.asked > 0).then_some(1.0 - asked),
        ..OperationTimes::default()
    }
}

fn both(halves: &Halves, usual: f64) -> Option<Fit> {
    let [even, odd] = halves;
    let held = fit(&even.bins(), usual).map(|half| errors(&half.shape, &odd.bins()));
    let mut fit = fit(&Gathered::together(even, odd).bins(), usual)?;
    fit.errors = held.unwrap_or_default();
    Some(fit)
}
