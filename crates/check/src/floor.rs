//! The least that a request can take: what the externals it waits for take by themselves.

use base::{Percentiles, Span};
use decide::facts::Facts;
use model::model::{Callee, Effect, EffectKind, ExternalId};

/// An operation of an external that effects certainly wait for, and where they do.
pub struct Waited {
    external: ExternalId,
    at: u16,
    /// Whether something else is answered where it takes too long.
    replaced: bool,
    /// The call.
    pub span: Span,
}

impl Waited {
    /// What is called.
    pub fn callee(&self) -> Callee {
        Callee::External(self.external, self.at)
    }

    /// Its stated median, in seconds.
    pub fn median(&self, model: Facts<'_>) -> Option<f64> {
        median(model, self.external, self.at)
    }
}

/// What effects certainly wait for.
pub fn externals(effects: &[Effect]) -> Vec<Waited> {
    let certain = effects.iter().filter(|effect| effect.when.is_none() && effect.each.is_none());
    let waited = certain.filter_map(|effect| {
        let EffectKind::Call(call) = &effect.kind else { return None };
        let Callee::External(external, at) = call.callee else { return None };
        Some(Waited { external, at, replaced: call.fallback.is_some(), span: effect.span })
    });
    waited.collect()
}

/// The stated median of an operation of an external, in seconds.
pub fn median(model: Facts<'_>, external: ExternalId, at: u16) -> Option<f64> {
    Some(latency(model, external, at)?.0.at(0.5)?.as_secs_f64())
}

fn latency<'m>(model: Facts<'m>, external: ExternalId, at: u16) -> Option<(&'m Percentiles, Span)> {
    let external = model.model.external(external);
    let operation = external.operations.get(usize::from(at))?;
    let stated = operation.latency.as_ref()?;
    Some((&stated.value, stated.provenance.span().unwrap_or(operation.name.span)))
}

/// A percentile that an objective cannot keep, since one external does not.
pub struct Slower {
    pub callee: Callee,
    /// The call.
    pub span: Span,
    /// Where the external's latency is stated.
    pub place: Span,
    /// The share of answers that the operation promises, and within which time in seconds.
    pub objective: (f64, f64),
    /// What is stated of the external.
    pub stated: (f64, f64),
}

/// The first percentile of an objective that one external alone exceeds: an answer takes no less
/// than what it waits for, so no larger share of answers is in time than of the external's.
pub fn slower(model: Facts<'_>, calls: &[Waited], objective: &Percentiles) -> Option<Slower> {
    calls.iter().filter(|call| !call.replaced).find_map(|call| {
        let (stated, place) = latency(model, call.external, call.at)?;
        let pairs = objective.0.iter().flat_map(|own| stated.0.iter().map(move |of| (own, of)));
        let mut exceeded = pairs.filter(|(own, of)| of.0.0 <= own.0.0 && of.1 > own.1);
        let (own, of) = exceeded.next()?;
        let seconds = |of: &(base::Percentile, base::Duration)| (of.0.0, of.1.as_secs_f64());
        let (objective, stated) = (seconds(own), seconds(of));
        Some(Slower { callee: call.callee(), span: call.span, place, objective, stated })
    })
}
