//! Contexts of the model that are written together so much that they are one.

use std::collections::{BTreeMap, BTreeSet};

use model::model::{ContextId, Operation, OperationId};

use crate::crossings::{Crossing, End, How};
use crate::facts::{self, Facts};

/// How much of one context's writing waits for a write of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// The other context.
    pub with: ContextId,
    /// Share of the writes, at peak.
    pub share: f64,
    /// The operations that call, by name.
    pub operations: Vec<OperationId>,
}

/// The other context that most of the writes of one need a write of, while somebody waits; calls
/// with a fallback can do without. None where no write calls another context.
#[must_use]
pub fn most(model: Facts<'_>, crossings: &[Crossing], context: ContextId) -> Option<Together> {
    let peak = |operation: &Operation| facts::rate(model, operation).value.peak;
    let own = model.operations.iter().filter(|of| of.context == context && of.writes());
    let total: f64 = own.map(peak).sum();
    let mut callers: BTreeMap<ContextId, BTreeSet<OperationId>> = BTreeMap::new();
    for crossing in crossings.iter().filter(|of| of.from == context) {
        if let (End::Operation(to), How::Calls { fallback: false }, Some(from)) =
            (crossing.to, &crossing.how, crossing.operation)
            && model.operation(to).writes()
            && model.operation(from).writes()
        {
            callers.entry(model.operation(to).context).or_default().insert(from);
        }
    }
    let by_name = |id: &ContextId| model.model.context(*id).name.value.as_str();
    let mut all: Vec<Together> = callers
        .into_iter()
        .map(|(with, callers)| {
            let mut operations: Vec<OperationId> = callers.into_iter().collect();
            operations.sort_by_key(|id| model.model.operation(*id).name.value.as_str());
            let sum: f64 = operations.iter().map(|id| peak(model.operation(*id))).sum();
            let share = if total > 0.0 { sum / total } else { 0.0 };
            Together { with, share, operations }
        })
        .collect();
    all.sort_by(|a, b| {
        b.share.total_cmp(&a.share).then_with(|| by_name(&a.with).cmp(by_name(&b.with)))
    });
    all.into_iter().next()
}

/// Why two contexts stay apart although they are written together: other people own them, or
/// other rules hold for them.
#[must_use]
pub fn apart(model: Facts<'_>, a: ContextId, b: ContextId) -> Option<&'static str> {
    let (one, other) = (model.context(a), model.context(b));
    if one.team != other.team {
        return Some("different teams own them");
    }
    let regimes = |context: &model::model::Context| -> BTreeSet<String> {
        context.needs.compliance.iter().map(|of| of.value.clone()).collect()
    };
    (regimes(one) != regimes(other)).then_some("different regimes hold for them")
}
