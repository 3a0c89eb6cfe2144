//! Every number that a model states or could state, as something that can be named, read and
//! moved: what flips, questions and simulations turn one at a time.

mod names;
mod path;
mod slot;
mod unit;

use base::Span;
use expression::EntityId;
use model::Model;
use model::model::{ActorId, ContextId, EventId, ExternalId, OperationId, ViewId};

pub use path::Path;
pub use unit::Unit;

/// A place of a model where a number stands, or could.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A need.
    Need(Scope, Need),
    /// People of a team, by its position.
    People(usize),
    /// Deployments of a team, by its position.
    Deploys(usize),
    /// How many there are of an actor.
    Actors(ActorId),
    /// Share of the largest tenant.
    LargestTenant,
    /// How an operation is used.
    Operation(OperationId, Usage),
    /// How much there is of an entity.
    Entity(EntityId, Extent),
    /// Rows of a part, by its position, for each row of the entity.
    Part(EntityId, u16),
    /// How long an event is kept.
    EventRetention(EventId),
    /// How old a view may be.
    ViewAge(ViewId),
    /// How long the rows of a view are kept.
    ViewRetention(ViewId),
    /// What an external promises.
    ExternalAvailability(ExternalId),
    /// Most calls that an external takes.
    ExternalLimit(ExternalId),
    /// A percentile of an operation of an external, by positions.
    ExternalLatency(ExternalId, u16, u8),
    /// Price of a call of an operation of an external.
    ExternalCost(ExternalId, u16),
    /// A percentile of the objective of a flow, by positions.
    FlowLatency(usize, u8),
    /// How long a step of a flow may take, by positions.
    StepTimeout(usize, usize),
    /// How late a schedule may be.
    ScheduleWithin(usize),
}

/// Whose need it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Of the whole system.
    System,
    /// Of a context.
    Context(ContextId),
    /// Of an operation.
    Operation(OperationId),
}

/// The needs that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// People or devices at once.
    ConcurrentUsers,
    /// Growth a year.
    Growth,
    /// Multiple of the peak.
    Headroom,
    /// Share of requests served well.
    Availability,
    /// A percentile of the objective, by position.
    Latency(u8),
    /// Recovery time.
    RecoveryTime,
    /// Recovery point.
    RecoveryPoint,
    /// Money.
    Budget,
    /// How long data is kept.
    Retention,
}

/// How an operation is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// Mean rate; the peak follows where the model states none of its own.
    Mean,
    /// Peak rate, where it is stated.
    Peak,
    /// Streams held open at once.
    OpenStreams,
    /// Messages to each open stream.
    PerStream,
    /// Receivers of a message.
    FanOut,
    /// A percentile of the objective, by position.
    Latency(u8),
    /// How old an answer may be.
    Stale,
    /// How old a copied field of another context may be, by position in `uses`.
    UsesStale(u16),
    /// Size of a request or answer.
    Payload,
    /// Rows of a page.
    Page,
    /// Items of a batch.
    Batch,
}

/// How much there is of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Rows at the start.
    Rows,
    /// Rows that come in.
    Inflow,
    /// Size of a row.
    Size,
    /// Life of a row after its last write.
    TimeToLive,
    /// How long rows are kept.
    Retention,
}

/// A number that the model states.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// Where it stands.
    pub place: Place,
    /// What people call it: `watchOrder open streams`, `system availability`, `Order rows`.
    pub name: String,
    /// Unit of `now`, `low` and `high`.
    pub unit: Unit,
    /// Its value.
    pub now: f64,
    /// Least value that flips look at.
    pub low: f64,
    /// Greatest.
    pub high: f64,
    /// Where it is written.
    pub span: Option<Span>,
}

/// Every number that the model states, by name.
#[must_use]
pub fn stated(model: &Model) -> Vec<Stated> {
    let mut copy = model.clone();
    let names = names::Names::of(model);
    let mut all: Vec<Stated> = Vec::new();
    for place in places(model) {
        let Some(slot) = slot::slot(&mut copy, place) else { continue };
        let (Some(now), unit, span) = (slot.get(), slot.unit(), slot.span()) else { continue };
        let (low, high) = slot.range(now);
        all.push(Stated { place, name: names.of_place(place), unit, now, low, high, span });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name).then(a.place.cmp(&b.place)));
    all
}

/// The number at a place; nothing where the model states none.
#[must_use]
pub fn get(model: &mut Model, place: Place) -> Option<f64> {
    slot::slot(model, place).and_then(|slot| slot.get())
}

/// Moves a number, or states one that the model leaves open. Values outside of what the language
/// allows are brought inside.
pub fn set(model: &mut Model, place: Place, value: f64) {
    if let Some(slot) = slot::slot(model, place) {
        slot.set(value);
    }
}

/// Leaves a number open, with all that is stated in the same value.
pub fn clear(model: &mut Model, place: Place) {
    if let Some(slot) = slot::slot(model, place) {
        slot.clear();
    }
}

/// What a place holds, whether anything is stated there or not.
#[must_use]
pub fn unit(model: &mut Model, place: Place) -> Option<Unit> {
    slot::slot(model, place).map(|slot| slot.unit())
}

/// What people call the numbers of a model.
#[must_use]
pub fn name(model: &Model, place: Place) -> String {
    names::Names::of(model).of_place(place)
}

/// Where answers about numbers go: the path of every place that has one of its own.
#[must_use]
pub fn paths(model: &Model) -> Vec<(Place, Path)> {
    let names = names::Names::of(model);
    let all = places(model).into_iter();
    all.filter_map(|place| Some((place, path::of(&names, place)?))).collect()
}

/// Every place where a number stands or could stand, those of the system first.
#[must_use]
pub fn places(model: &Model) -> Vec<Place> {
    let mut all = Vec::new();
    all.extend(needs(
        Scope::System,
        model.system.needs.latency.as_ref().map(|of| of.value.0.len()),
    ));
    for team in 0..model.system.teams.len() {
        all.extend([Place::People(team), Place::Deploys(team)]);
    }
    all.push(Place::LargestTenant);
    all.extend(model.actors().map(|(id, _)| Place::Actors(id)));
    for (id, context) in (0u16..).map(ContextId).zip(&model.contexts) {
        let latency = context.needs.latency.as_ref().map(|of| of.value.0.len());
        all.extend(needs(Scope::Context(id), latency));
    }
    externals(model, &mut all);
    for (id, entity) in model.entities() {
        use Extent::{Inflow, Retention, Rows, Size, TimeToLive};
        all.extend([Rows, Inflow, Size, TimeToLive, Retention].map(|of| Place::Entity(id, of)));
        all.extend((0u16..).zip(&entity.parts).map(|(part, _)| Place::Part(id, part)));
    }
    operations(model, &mut all);
    processes(model, &mut all);
    all
}

fn needs(scope: Scope, percentiles: Option<usize>) -> impl Iterator<Item = Place> {
    use Need::{
        Availability, Budget, ConcurrentUsers, Growth, Headroom, Latency, RecoveryPoint,
        RecoveryTime, Retention,
    };
    let all = [
        Availability,
        ConcurrentUsers,
        Growth,
        Headroom,
        RecoveryTime,
        RecoveryPoint,
        Budget,
        Retention,
    ];
    let latency = (0u8..).take(percentiles.unwrap_or(1)).map(Latency);
    all.into_iter().chain(latency).map(move |need| Place::Need(scope, need))
}

fn externals(model: &Model, all: &mut Vec<Place>) {
    for (id, external) in (0u16..).map(ExternalId).zip(&model.externals) {
        all.extend([Place::ExternalAvailability(id), Place::ExternalLimit(id)]);
        for (at, operation) in (0u16..).zip(&external.operations) {
            let stated = operation.latency.as_ref().map_or(1, |of| of.value.0.len());
            let percentiles = (0u8..).take(stated);
            all.extend(percentiles.map(|share| Place::ExternalLatency(id, at, share)));
            all.push(Place::ExternalCost(id, at));
        }
    }
}

fn operations(model: &Model, all: &mut Vec<Place>) {
    use Usage::{Batch, FanOut, Latency, Mean, OpenStreams, Page, Payload, Peak, PerStream, Stale};
    for (id, operation) in model.operations() {
        let usual = [Mean, Peak, OpenStreams, PerStream, FanOut, Stale, Payload, Page, Batch];
        all.extend(usual.map(|usage| Place::Operation(id, usage)));
        let stated = operation.workload.latency.as_ref().map_or(1, |of| of.value.0.len());
        let percentiles = (0u8..).take(stated);
        all.extend(percentiles.map(|share| Place::Operation(id, Latency(share))));
        let uses = (0u16..).zip(&operation.uses);
        all.extend(uses.map(|(at, _)| Place::Operation(id, Usage::UsesStale(at))));
        let latency = operation.needs.latency.as_ref().map(|of| of.value.0.len());
        all.extend(needs(Scope::Operation(id), latency));
    }
}

fn processes(model: &Model, all: &mut Vec<Place>) {
    all.extend((0u32..).zip(&model.events).map(|(id, _)| Place::EventRetention(EventId(id))));
    for (id, _) in (0u32..).zip(&model.views) {
        all.extend([Place::ViewAge(ViewId(id)), Place::ViewRetention(ViewId(id))]);
    }
    for (at, flow) in model.flows.iter().enumerate() {
        let stated = flow.latency.as_ref().map_or(1, |of| of.value.0.len());
        all.extend((0u8..).take(stated).map(|share| Place::FlowLatency(at, share)));
        all.extend((0..flow.steps.len()).map(|step| Place::StepTimeout(at, step)));
    }
    all.extend((0..model.schedules.len()).map(Place::ScheduleWithin));
}
