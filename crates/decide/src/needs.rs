//! The strictest of the needs of several contexts, as what serves them all must meet them.

use base::{Duration, Quantity, Share, Spanned};
use model::model::{ContextId, Needs, OperationId};

use crate::facts::{self, Facts};
use crate::numbers::{self, Number};

/// The strictest availability of some operations, with the name of the one that asks for it where
/// it is its own. Of equals the one that is written first by name.
#[must_use]
pub fn availability(model: Facts<'_>, operations: &[OperationId]) -> Quantity<Share> {
    let stated = operations.iter().map(|id| facts::availability(model, model.operation(*id)));
    let strictest =
        stated.reduce(|most, next| if next.value.0 > most.value.0 { next } else { most });
    strictest.unwrap_or_else(|| {
        let share = model.system.needs.availability.clone();
        share.unwrap_or_else(|| {
            let value = Share(model.value(&numbers::AVAILABILITY));
            Quantity::default_of(value, numbers::AVAILABILITY.source)
        })
    })
}

/// Within which time some contexts must run again, in seconds.
#[must_use]
pub fn recovery_time(model: Facts<'_>, contexts: &[ContextId]) -> Quantity<f64> {
    least(model, contexts, |needs| needs.recovery_time.as_ref(), &numbers::RECOVERY_TIME)
}

/// How much of the last writes may be lost, in seconds.
#[must_use]
pub fn recovery_point(model: Facts<'_>, contexts: &[ContextId]) -> Quantity<f64> {
    least(model, contexts, |needs| needs.recovery_point.as_ref(), &numbers::RECOVERY_POINT)
}

fn least(
    model: Facts<'_>,
    contexts: &[ContextId],
    get: impl Fn(&Needs) -> Option<&Quantity<Duration>>,
    otherwise: &Number,
) -> Quantity<f64> {
    let seconds = |of: &Quantity<Duration>| Quantity {
        value: of.value.as_secs_f64(),
        provenance: of.provenance.clone(),
    };
    let nearest =
        |id: &ContextId| get(&model.context(*id).needs).or_else(|| get(&model.system.needs));
    let stated = contexts.iter().filter_map(nearest).map(seconds);
    let least = stated.reduce(|least, next| if next.value < least.value { next } else { least });
    least.unwrap_or_else(|| Quantity::default_of(model.value(otherwise) * 60.0, otherwise.source))
}

/// The regions that the model names.
#[must_use]
pub fn regions(model: Facts<'_>) -> &[Spanned<String>] {
    &model.model.system.needs.regions
}

/// The round trip between the stated regions, in seconds; none where there are not two. Names of
/// one continent begin alike: `eu-west`, `eu-central`.
#[must_use]
pub fn round_trip(model: Facts<'_>) -> Option<f64> {
    let continent = |region: &Spanned<String>| {
        region.value.split(['-', '_', ' ']).next().unwrap_or_default().to_owned()
    };
    let mut regions = regions(model).iter();
    let first = continent(regions.next()?);
    let mut second = false;
    let apart = regions.any(|region| {
        second = true;
        continent(region) != first
    });
    let number = if apart { &numbers::CONTINENT_ROUND_TRIP } else { &numbers::REGION_ROUND_TRIP };
    (second || apart).then(|| model.value(number) / 1e3)
}

/// Whether two places may write at once without one undoing what the other did: nothing that is
/// written is ever changed, or it may be lost.
#[must_use]
pub fn writes_bear_two_places(model: Facts<'_>) -> bool {
    model.operations.iter().filter(|operation| operation.writes()).all(|operation| {
        operation.entity().is_none_or(|id| {
            let entity = model.entity(id);
            entity.append_only || entity.volatile
        })
    })
}
