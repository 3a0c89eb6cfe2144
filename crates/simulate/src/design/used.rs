//! Which times went into the network, and where each came from.

use decide::{Design, facts};
use model::model::OperationKind;

use super::times::Times;
use crate::calibrate::{Fit, HeldOut, Measured};

/// A time that requests are drawn with.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// The operation or the external, by its qualified name.
    pub name: String,
    /// `application`, `store` or `external`.
    pub what: &'static str,
    /// Its mean, in seconds.
    pub mean: f64,
    /// What is known of its measurement; none of a number of the table.
    pub measured: Option<Source>,
}

/// A measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How many were measured.
    pub count: u64,
    /// 95 % interval of the mean, in seconds.
    pub mean: (f64, f64),
    /// Whether the mean alone was measured, and the variation is the table's.
    pub mean_alone: bool,
    /// How far the mean of the fit is from that of the times, as a share, where it is known.
    pub mean_error: Option<f64>,
    /// What was held back beside what the fit says.
    pub errors: Vec<HeldOut>,
}

impl Source {
    fn of(fit: &Fit) -> Self {
        Self {
            count: fit.count,
            mean: fit.mean,
            mean_alone: fit.mean_alone,
            mean_error: fit.mean_error,
            errors: fit.errors.clone(),
        }
    }
}

/// The times of a design's operations, by name, and of externals that were measured. `times` says
/// what one asks for.
pub(super) fn of(
    design: &Design,
    measured: &Measured,
    times: impl Fn(model::model::OperationId) -> Times,
) -> Vec<Used> {
    let mut used = Vec::new();
    for (id, operation) in facts::all_by_name(design.facts()) {
        if operation.kind == OperationKind::Stream {
            continue;
        }
        let name = design.model.qualified_operation(id);
        let found = measured.operations.get(&name);
        let times = times(id);
        used.push(Used {
            name: name.clone(),
            what: "application",
            mean: times.application.mean(),
            measured: found.and_then(|of| of.application.as_ref()).map(Source::of),
        });
        if times.queries.is_empty() {
            continue;
        }
        let each = times.queries.iter();
        let mean = each.map(|of| of.share * (of.work.mean() + of.rest.mean())).sum();
        let fit = found.and_then(|of| of.store.as_ref()).filter(|_| times.store_measured);
        used.push(Used { name, what: "store", mean, measured: fit.map(Source::of) });
    }
    used.extend(measured.externals.iter().map(|(name, fit)| Used {
        name: name.clone(),
        what: "external",
        mean: fit.shape.mean(),
        measured: Some(Source::of(fit)),
    }));
    used
}
