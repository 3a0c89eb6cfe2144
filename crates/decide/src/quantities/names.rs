//! What people call the numbers of a model: the name of the thing, then what is counted.

use base::Percentiles;
use expression::EntityId;
use model::Model;
use model::model::OperationId;

use super::{Extent, Need, Place, Scope, Usage};
use crate::decided;
use crate::facts;

/// Names, with their context in front where two contexts use the same.
pub struct Names<'m> {
    model: &'m Model,
    operations: Vec<String>,
    entities: Vec<String>,
}

impl<'m> Names<'m> {
    /// The names of a model.
    pub fn of(model: &'m Model) -> Self {
        let operations = decided::operation_names(model);
        Self { model, operations, entities: decided::entity_names(model) }
    }

    /// What people call the number at a place.
    pub fn of_place(&self, place: Place) -> String {
        let model = self.model;
        match place {
            Place::Need(scope, need) => {
                format!("{} {}", self.scope(scope), need_name(model, scope, need))
            }
            Place::People(team) => format!("{} people", self.team(team)),
            Place::Deploys(team) => format!("{} deployments", self.team(team)),
            Place::Actors(actor) => format!("number of {}", model.actor(actor).name),
            Place::LargestTenant => "largest tenant share".to_owned(),
            Place::Operation(id, usage) => {
                format!("{} {}", self.operation(id), usage_name(model, id, usage))
            }
            Place::Entity(id, extent) => {
                let name = self.entity(id);
                format!("{name} {}", extent_name(extent))
            }
            Place::Part(id, part) => {
                let name = self.entity(id);
                let part = model.entity(id).parts.get(usize::from(part));
                format!("{name} {} for each", part.map_or("", |part| &part.name.value))
            }
            Place::EventRetention(id) => format!("{} retention", model.event(id).name),
            Place::ViewAge(id) => format!("{} staleness", model.view(id).name),
            Place::ViewRetention(id) => format!("{} retention", model.view(id).name),
            Place::ExternalAvailability(id) => format!("{} availability", model.external(id).name),
            Place::ExternalLimit(id) => format!("{} limit", model.external(id).name),
            Place::ExternalLatency(id, at, share) => {
                let of = model.external(id).operations.get(usize::from(at));
                let stated = of.and_then(|of| of.latency.as_ref()).map(|of| &of.value);
                let name = of.map_or("", |of| &of.name.value);
                format!("{}.{name} {}", model.external(id).name, percentile(stated, share))
            }
            Place::ExternalCost(id, at) => {
                let of = model.external(id).operations.get(usize::from(at));
                format!("{}.{} cost", model.external(id).name, of.map_or("", |of| &of.name.value))
            }
            Place::FlowLatency(at, share) => {
                let flow = model.flows.get(at);
                let stated = flow.and_then(|flow| flow.latency.as_ref()).map(|of| &of.value);
                let name = flow.map_or("", |flow| &flow.name.value);
                format!("{name} {}", percentile(stated, share))
            }
            Place::StepTimeout(at, step) => {
                let flow = model.flows.get(at);
                let step = flow.and_then(|flow| flow.steps.get(step));
                let flow = flow.map_or("", |flow| &flow.name.value);
                format!("{flow}.{} timeout", step.map_or("", |step| &step.name.value))
            }
            Place::ScheduleWithin(at) => {
                let name = model.schedules.get(at).map_or("", |schedule| &schedule.name.value);
                format!("{name} lateness")
            }
        }
    }

    fn scope(&self, scope: Scope) -> &str {
        match scope {
            Scope::System => "system",
            Scope::Context(id) => &self.model.context(id).name,
            Scope::Operation(id) => self.operation(id),
        }
    }

    /// The model.
    pub const fn model(&self) -> &'m Model {
        self.model
    }

    /// The name of an entity.
    pub fn entity(&self, id: EntityId) -> &str {
        self.entities.get(id.0 as usize).map_or("", String::as_str)
    }

    /// The name of an operation.
    pub fn operation(&self, id: OperationId) -> &str {
        self.operations.get(id.0 as usize).map_or("", String::as_str)
    }

    fn team(&self, at: usize) -> String {
        format!("team {}", self.model.system.teams.get(at).map_or("", |team| &team.name))
    }
}

fn need_name(model: &Model, scope: Scope, need: Need) -> String {
    let needs = match scope {
        Scope::System => &model.system.needs,
        Scope::Context(id) => &model.context(id).needs,
        Scope::Operation(id) => &model.operation(id).needs,
    };
    let name = match need {
        Need::ConcurrentUsers => "concurrent users",
        Need::Growth => "growth",
        Need::Headroom => "headroom",
        Need::Availability => "availability",
        Need::Latency(share) => {
            return percentile(needs.latency.as_ref().map(|of| &of.value), share);
        }
        Need::RecoveryTime => "recovery time",
        Need::RecoveryPoint => "recovery point",
        Need::Budget => "budget",
        Need::Retention => "retention",
    };
    name.to_owned()
}

fn usage_name(model: &Model, id: OperationId, usage: Usage) -> String {
    let operation = model.operation(id);
    let workload = &operation.workload;
    let peak = workload.rate.as_ref().is_some_and(|rate| rate.value.peak > rate.value.mean);
    let name = match usage {
        Usage::Mean if peak => "mean rate",
        Usage::Mean => "rate",
        Usage::Peak => "peak rate",
        Usage::OpenStreams => "open streams",
        Usage::PerStream => "rate per stream",
        Usage::FanOut => "fan-out",
        Usage::Latency(share) => {
            return percentile(workload.latency.as_ref().map(|of| &of.value), share);
        }
        Usage::Stale => "staleness",
        Usage::UsesStale(at) => {
            let of = operation.uses.get(usize::from(at));
            let field = of.map(|(entity, field, _)| {
                let entity = model.entity(*entity);
                format!("staleness of {}.{}", entity.name, entity.field(*field).name)
            });
            return field.unwrap_or_default();
        }
        Usage::Payload => "payload",
        Usage::Page => "page rows",
        Usage::Batch => "batch items",
    };
    name.to_owned()
}

const fn extent_name(extent: Extent) -> &'static str {
    match extent {
        Extent::Rows => "rows",
        Extent::Inflow => "inflow",
        Extent::Size => "row size",
        Extent::TimeToLive => "time to live",
        Extent::Retention => "retention",
    }
}

/// `p95 latency`, by the position among those that are stated.
fn percentile(stated: Option<&Percentiles>, at: u8) -> String {
    let stated = stated.and_then(|stated| stated.0.get(usize::from(at)));
    let share = stated.map_or(0.95, |(share, _)| share.0);
    format!("p{} latency", facts::people(share * 100.0).replace('.', ""))
}
