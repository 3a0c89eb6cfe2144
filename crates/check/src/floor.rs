//! The least that a request can take: what the externals it waits for take by themselves.

use base::Span;
use decide::facts::Facts;
use model::model::{Callee, Effect, EffectKind, ExternalId};

/// The externals that effects certainly wait for, each with its median in seconds and its place.
pub fn externals(model: Facts<'_>, effects: &[Effect]) -> Vec<((ExternalId, u16), f64, Span)> {
    let certain = effects.iter().filter(|effect| effect.when.is_none() && effect.each.is_none());
    let waited = certain.filter_map(|effect| {
        let EffectKind::Call(call) = &effect.kind else { return None };
        let Callee::External(external, at) = call.callee else { return None };
        Some(((external, at), median(model, external, at)?, effect.span))
    });
    waited.collect()
}

/// The stated median of an operation of an external, in seconds.
pub fn median(model: Facts<'_>, external: ExternalId, at: u16) -> Option<f64> {
    let operation = model.external(external).operations.get(usize::from(at))?;
    Some(operation.latency.as_ref()?.value.at(0.5)?.as_secs_f64())
}
