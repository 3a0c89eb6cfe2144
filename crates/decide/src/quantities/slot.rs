//! The one place that knows where each number of a model is stored, and in which type.

use base::{Bytes, Duration, Percentile, Percentiles, Price, Quantity, Rate, Share, Span, Spanned};
use model::Model;
use model::model::{Entity, Needs, Operation, Retain, StepKind, Volume};

use super::{Extent, Need, Place, Scope, Unit, Usage};

/// A number where it is stored. Some may be absent.
pub enum Slot<'m> {
    Number(&'m mut Option<Quantity<f64>>, Unit),
    Page(&'m mut Option<Quantity<u32>>),
    Share(&'m mut Option<Quantity<Share>>, Unit),
    Rate(&'m mut Option<Quantity<Rate>>, Load),
    Time(&'m mut Option<Quantity<Duration>>),
    Age(&'m mut Option<Duration>),
    Latency(&'m mut Option<Quantity<Percentiles>>, usize),
    Bytes(&'m mut Option<Quantity<Bytes>>),
    Volume(&'m mut Option<Quantity<Volume>>, Load),
    Price(&'m mut Option<Quantity<Price>>),
    Retain(&'m mut Option<Spanned<Retain>>),
}

/// Which of the numbers of a rate or volume.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// The rows at the start.
    Start,
    /// The mean; the peak follows where none is stated.
    Mean,
    /// The peak, where it is stated.
    Peak,
}

/// Where a number is stored. Nothing where the place is none of this model.
pub fn slot(model: &mut Model, place: Place) -> Option<Slot<'_>> {
    Some(match place {
        Place::Need(scope, need) => need_slot(needs(model, scope)?, need),
        Place::People(at) => Slot::Number(&mut model.system.teams.get_mut(at)?.people, Unit::Whole),
        Place::Deploys(at) => Slot::Rate(&mut model.system.teams.get_mut(at)?.deploys, Load::Mean),
        Place::Actors(id) => {
            Slot::Number(&mut model.actors.get_mut(usize::from(id.0))?.count, Unit::Count)
        }
        Place::LargestTenant => {
            Slot::Share(&mut model.system.tenancy.as_mut()?.largest_share, Unit::Share)
        }
        Place::Operation(id, usage) => {
            return usage_slot(model.operations.get_mut(id.0 as usize)?, usage);
        }
        Place::Entity(id, extent) => extent_slot(model.entities.get_mut(id.0 as usize)?, extent),
        Place::Part(id, part) => {
            let entity = model.entities.get_mut(id.0 as usize)?;
            Slot::Number(&mut entity.parts.get_mut(usize::from(part))?.rows, Unit::Count)
        }
        Place::EventRetention(id) => Slot::Time(&mut model.events.get_mut(id.0 as usize)?.retain),
        Place::ViewAge(id) => Slot::Time(&mut model.views.get_mut(id.0 as usize)?.stale),
        Place::ViewRetention(id) => Slot::Time(&mut model.views.get_mut(id.0 as usize)?.retain),
        Place::ExternalAvailability(id) => {
            let external = model.externals.get_mut(usize::from(id.0))?;
            Slot::Share(&mut external.availability, Unit::Availability)
        }
        Place::ExternalLimit(id) => {
            let external = model.externals.get_mut(usize::from(id.0))?;
            Slot::Rate(&mut external.limit, Load::Mean)
        }
        Place::ExternalLatency(id, at, share) => {
            let external = model.externals.get_mut(usize::from(id.0))?;
            let operation = external.operations.get_mut(usize::from(at))?;
            Slot::Latency(&mut operation.latency, usize::from(share))
        }
        Place::ExternalCost(id, at) => {
            let external = model.externals.get_mut(usize::from(id.0))?;
            Slot::Price(&mut external.operations.get_mut(usize::from(at))?.cost)
        }
        Place::FlowLatency(at, share) => {
            Slot::Latency(&mut model.flows.get_mut(at)?.latency, usize::from(share))
        }
        Place::StepTimeout(at, step) => {
            let step = model.flows.get_mut(at)?.steps.get_mut(step)?;
            let waits = matches!(step.kind, StepKind::Wait { .. });
            if !waits && step.timeout.is_none() {
                return None;
            }
            Slot::Time(&mut step.timeout)
        }
        Place::ScheduleWithin(at) => Slot::Time(&mut model.schedules.get_mut(at)?.within),
    })
}

fn needs(model: &mut Model, scope: Scope) -> Option<&mut Needs> {
    Some(match scope {
        Scope::System => &mut model.system.needs,
        Scope::Context(id) => &mut model.contexts.get_mut(usize::from(id.0))?.needs,
        Scope::Operation(id) => &mut model.operations.get_mut(id.0 as usize)?.needs,
    })
}

fn need_slot(needs: &mut Needs, need: Need) -> Slot<'_> {
    match need {
        Need::ConcurrentUsers => Slot::Number(&mut needs.concurrent_users, Unit::Count),
        Need::Growth => Slot::Share(&mut needs.growth, Unit::Share),
        Need::Headroom => Slot::Number(&mut needs.headroom, Unit::Factor),
        Need::Availability => Slot::Share(&mut needs.availability, Unit::Availability),
        Need::Latency(share) => Slot::Latency(&mut needs.latency, usize::from(share)),
        Need::RecoveryTime => Slot::Time(&mut needs.recovery_time),
        Need::RecoveryPoint => Slot::Time(&mut needs.recovery_point),
        Need::Budget => Slot::Price(&mut needs.budget),
        Need::Retention => Slot::Time(&mut needs.retention),
    }
}

fn usage_slot(operation: &mut Operation, usage: Usage) -> Option<Slot<'_>> {
    let workload = &mut operation.workload;
    Some(match usage {
        Usage::Mean => Slot::Rate(&mut workload.rate, Load::Mean),
        Usage::Peak => Slot::Rate(&mut workload.rate, Load::Peak),
        Usage::OpenStreams => Slot::Number(&mut workload.open_streams, Unit::Count),
        Usage::PerStream => Slot::Rate(&mut workload.rate_per_stream, Load::Mean),
        Usage::FanOut => Slot::Number(&mut workload.fan_out, Unit::Count),
        Usage::Latency(share) => Slot::Latency(&mut workload.latency, usize::from(share)),
        Usage::Stale => Slot::Time(&mut workload.stale),
        Usage::UsesStale(at) => Slot::Age(&mut operation.uses.get_mut(usize::from(at))?.2),
        Usage::Payload => Slot::Bytes(&mut workload.payload),
        Usage::Page => Slot::Page(&mut workload.page),
        Usage::Batch => Slot::Number(&mut workload.batch_mean, Unit::Count),
    })
}

fn extent_slot(entity: &mut Entity, extent: Extent) -> Slot<'_> {
    match extent {
        Extent::Rows => Slot::Volume(&mut entity.rows, Load::Start),
        Extent::Inflow => Slot::Volume(&mut entity.rows, Load::Mean),
        Extent::Size => Slot::Bytes(&mut entity.size),
        Extent::TimeToLive => Slot::Time(&mut entity.ttl),
        Extent::Retention => Slot::Retain(&mut entity.retain),
    }
}

impl Slot<'_> {
    /// The unit of the value.
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Number(_, unit) | Self::Share(_, unit) => *unit,
            Self::Page(_) => Unit::Whole,
            Self::Rate(..) | Self::Volume(_, Load::Mean | Load::Peak) => Unit::PerSecond,
            Self::Time(_) | Self::Age(_) | Self::Latency(..) | Self::Retain(_) => Unit::Seconds,
            Self::Bytes(_) => Unit::Bytes,
            Self::Volume(_, Load::Start) => Unit::Count,
            Self::Price(_) => Unit::Money,
        }
    }

    /// The value, if one is stated.
    pub fn get(&self) -> Option<f64> {
        match self {
            Self::Number(of, _) => of.as_ref().map(|of| of.value),
            Self::Page(of) => of.as_ref().map(|of| f64::from(of.value)),
            Self::Share(of, _) => of.as_ref().map(|of| of.value.0),
            Self::Rate(of, load) => load.of(of.as_ref()?.value),
            Self::Time(of) => of.as_ref().map(|of| of.value.as_secs_f64()),
            Self::Age(of) => of.map(Duration::as_secs_f64),
            Self::Latency(of, at) => Some(of.as_ref()?.value.0.get(*at)?.1.as_secs_f64()),
            Self::Bytes(of) => of.as_ref().map(|of| whole(of.value.0)),
            Self::Volume(of, Load::Start) => of.as_ref().map(|of| of.value.rows),
            Self::Volume(of, load) => load.of(of.as_ref()?.value.inflow).filter(|rate| *rate > 0.0),
            Self::Price(of) => of.as_ref().map(|of| money(&of.value)),
            Self::Retain(of) => of.as_ref().map(|of| of.value.period.as_secs_f64()),
        }
    }

    /// Where it is written, if it is.
    pub fn span(&self) -> Option<Span> {
        fn at<T>(of: Option<&Quantity<T>>) -> Option<Span> {
            of.and_then(|of| of.provenance.span())
        }
        match self {
            Self::Number(of, _) => at(of.as_ref()),
            Self::Page(of) => at(of.as_ref()),
            Self::Share(of, _) => at(of.as_ref()),
            Self::Rate(of, _) => at(of.as_ref()),
            Self::Time(of) => at(of.as_ref()),
            Self::Age(_) => None,
            Self::Latency(of, _) => at(of.as_ref()),
            Self::Bytes(of) => at(of.as_ref()),
            Self::Volume(of, _) => at(of.as_ref()),
            Self::Price(of) => at(of.as_ref()),
            Self::Retain(of) => of.as_ref().map(|of| of.span),
        }
    }

    /// From a tenth to ten times the value, as far as the language and the numbers beside it
    /// allow.
    pub fn range(&self, now: f64) -> (f64, f64) {
        let (low, high) = match self.unit() {
            Unit::Availability => (1.0 - (1.0 - now) * 10.0, 1.0 - (1.0 - now) / 10.0),
            _ => (now / 10.0, now * 10.0),
        };
        let (least, most) = match self {
            Self::Number(_, Unit::Factor | Unit::Whole) | Self::Page(_) => (1.0, f64::INFINITY),
            Self::Share(_, Unit::Availability) => (0.5, 1.0),
            Self::Share(of, Unit::Share) if of.as_ref().is_some_and(|of| of.value.0 <= 1.0) => {
                (0.0, f64::INFINITY)
            }
            Self::Rate(of, load) => beside(of.as_ref().map(|of| of.value), *load),
            Self::Latency(of, at) => between(of.as_ref(), *at),
            _ => (0.0, f64::INFINITY),
        };
        (low.max(least).min(now), high.min(most).max(now))
    }

    /// Takes the number away, so that the model leaves it open.
    pub fn clear(self) {
        match self {
            Self::Number(of, _) => *of = None,
            Self::Page(of) => *of = None,
            Self::Share(of, _) => *of = None,
            Self::Rate(of, _) => *of = None,
            Self::Time(of) => *of = None,
            Self::Age(of) => *of = None,
            Self::Latency(of, _) => *of = None,
            Self::Bytes(of) => *of = None,
            Self::Volume(of, _) => *of = None,
            Self::Price(of) => *of = None,
            Self::Retain(of) => *of = None,
        }
    }

    /// Writes a value, whether one was stated or not.
    pub fn set(self, value: f64) {
        match self {
            Self::Number(of, Unit::Whole) => put(of, value.round()),
            Self::Number(of, _) => put(of, value),
            Self::Page(of) => put(of, natural(value)),
            Self::Share(of, Unit::Availability) => put(of, Share(value.clamp(0.0, 1.0))),
            Self::Share(of, _) => put(of, Share(value.max(0.0))),
            Self::Rate(of, load) => {
                let rate = of.as_ref().map_or(Rate::default(), |of| of.value);
                put(of, load.with(rate, value));
            }
            Self::Time(of) => put(of, Duration::from_secs_f64(value)),
            Self::Age(of) => *of = Some(Duration::from_secs_f64(value)),
            Self::Latency(of, at) => {
                let mut latency = of.as_ref().map_or_else(usual_percentile, |of| of.value.clone());
                if let Some((_, time)) = latency.0.get_mut(at) {
                    *time = Duration::from_secs_f64(value);
                }
                put(of, latency);
            }
            Self::Bytes(of) => put(of, Bytes(bytes(value))),
            Self::Volume(of, Load::Start) => {
                let volume = of.as_ref().map_or(Volume::default(), |of| of.value);
                put(of, Volume { rows: value, ..volume });
            }
            Self::Volume(of, load) => {
                let volume = of.as_ref().map_or(Volume::default(), |of| of.value);
                put(of, Volume { inflow: load.with(volume.inflow, value), ..volume });
            }
            Self::Price(of) => {
                let known = of.as_ref().map(|of| of.value.clone());
                let price = known.unwrap_or_else(|| Price {
                    micros: 0,
                    currency: "EUR".to_owned(),
                    per: Some("month".to_owned()),
                });
                put(of, Price { micros: micros(value), ..price });
            }
            Self::Retain(of) => {
                if let Some(of) = of {
                    of.value.period = Duration::from_secs_f64(value);
                }
            }
        }
    }
}

impl Load {
    /// The number of a rate; no peak where none is stated.
    fn of(self, rate: Rate) -> Option<f64> {
        match self {
            Self::Peak => (rate.peak > rate.mean).then_some(rate.peak),
            _ => Some(rate.mean),
        }
    }

    fn with(self, rate: Rate, value: f64) -> Rate {
        match self {
            Self::Peak => Rate { mean: rate.mean.min(value), peak: value },
            _ if rate.peak > rate.mean => Rate { mean: value, peak: rate.peak.max(value) },
            _ => Rate { mean: value, peak: value },
        }
    }
}

/// A stated peak stays above the mean: where both are alike none is stated.
fn beside(rate: Option<Rate>, load: Load) -> (f64, f64) {
    match rate {
        Some(rate) if rate.peak > rate.mean && load == Load::Peak => (rate.mean, f64::INFINITY),
        Some(rate) if rate.peak > rate.mean => (0.0, rate.peak * (1.0 - 1e-9)),
        _ => (0.0, f64::INFINITY),
    }
}

/// A percentile stays between those beside it.
fn between(stated: Option<&Quantity<Percentiles>>, at: usize) -> (f64, f64) {
    let time = |at: Option<usize>| {
        let stated = stated.and_then(|stated| stated.value.0.get(at?));
        stated.map(|(_, time)| time.as_secs_f64())
    };
    (time(at.checked_sub(1)).unwrap_or(0.0), time(at.checked_add(1)).unwrap_or(f64::INFINITY))
}

fn usual_percentile() -> Percentiles {
    Percentiles(vec![(Percentile(0.95), Duration::default())])
}

fn put<T>(slot: &mut Option<Quantity<T>>, value: T) {
    match slot {
        Some(known) => known.value = value,
        None => *slot = Some(Quantity::given(value, Span::default())),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn natural(value: f64) -> u32 {
    value.round() as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn bytes(value: f64) -> u64 {
    value.round() as u64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn micros(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "a byte in a petabyte does not matter here")]
const fn whole(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(clippy::cast_precision_loss, reason = "a millionth of a coin does not matter here")]
fn money(price: &Price) -> f64 {
    price.micros as f64 / 1e6
}
