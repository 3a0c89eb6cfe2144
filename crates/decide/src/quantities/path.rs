//! Where a model states each number: the keys that lead to it, and the short name by which an
//! answer calls it.

use model::Model;
use model::model::ContextId;

use super::names::Names;
use super::{Extent, Need, Place, Scope, Usage};

/// The keys that lead to a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// What an answer calls it: `availability`, `placeOrder.rate`, `Order.rows`.
    pub key: String,
    /// The keys from the top of the model.
    pub keys: Vec<String>,
}

/// The path of a place; nothing for numbers that stand inside of another value.
pub(super) fn of(names: &Names<'_>, place: Place) -> Option<Path> {
    let model = names.model();
    let (owner, mut keys, name) = match place {
        Place::Need(scope, need) => {
            let (owner, mut keys) = scope_keys(names, scope);
            keys.push("needs".to_owned());
            if matches!(need, Need::RecoveryTime | Need::RecoveryPoint) {
                keys.push("recovery".to_owned());
            }
            (owner, keys, need_key(need))
        }
        Place::People(at) | Place::Deploys(at) => {
            let team = model.system.teams.get(at)?.name.clone();
            let name = if matches!(place, Place::People(_)) { "people" } else { "deploys" };
            (team.clone(), owned(["system", "teams", &team]), name)
        }
        Place::Actors(id) => {
            let actor = model.actor(id).name.value.clone();
            (actor.clone(), owned(["actors", &actor]), "count")
        }
        Place::LargestTenant => {
            ("tenancy".to_owned(), owned(["system", "tenancy"]), "largest_share")
        }
        Place::Operation(id, usage) => {
            let operation = model.operation(id);
            let keys = declared(model, operation.context, "operations", &operation.name);
            (names.operation(id).to_owned(), keys, usage_key(usage)?)
        }
        Place::Entity(id, extent) => {
            let entity = model.entity(id);
            let keys = declared(model, entity.context, "entities", &entity.name);
            (names.entity(id).to_owned(), keys, extent_key(extent)?)
        }
        Place::Part(id, part) => {
            let entity = model.entity(id);
            let mut keys = declared(model, entity.context, "entities", &entity.name);
            let part = &entity.parts.get(usize::from(part))?.name.value;
            keys.extend(owned(["parts", part]));
            (format!("{}.{part}", names.entity(id)), keys, "rows")
        }
        Place::ExternalAvailability(id) | Place::ExternalLimit(id) => {
            let external = model.external(id).name.value.clone();
            let limit = matches!(place, Place::ExternalLimit(_));
            let name = if limit { "limit" } else { "availability" };
            (external.clone(), owned(["externals", &external]), name)
        }
        Place::ExternalLatency(id, at, _) | Place::ExternalCost(id, at) => {
            let external = model.external(id);
            let operation = external.operations.get(usize::from(at))?;
            let keys = owned(["externals", &external.name, "operations", &operation.name]);
            let cost = matches!(place, Place::ExternalCost(..));
            let name = if cost { "cost" } else { "latency" };
            (format!("{}.{}", external.name, operation.name), keys, name)
        }
        Place::FlowLatency(at, _) => {
            let flow = model.flows.get(at)?.name.value.clone();
            (flow.clone(), owned(["flows", &flow]), "latency")
        }
        Place::StepTimeout(at, step) => {
            let flow = model.flows.get(at)?;
            let step = flow.steps.get(step)?.name.value.clone();
            let keys = owned(["flows", &flow.name, "steps", &step]);
            (format!("{}.{step}", flow.name), keys, "timeout")
        }
        Place::ScheduleWithin(at) => {
            let schedule = model.schedules.get(at)?.name.value.clone();
            (schedule.clone(), owned(["schedules", &schedule]), "within")
        }
        Place::EventRetention(id) => {
            let event = model.event(id);
            let keys = declared(model, event.context, "events", &event.name);
            (event.name.value.clone(), keys, "retain")
        }
        Place::ViewAge(id) | Place::ViewRetention(id) => {
            let view = model.view(id);
            let keys = declared(model, view.context, "views", &view.name);
            let age = matches!(place, Place::ViewAge(_));
            (view.name.value.clone(), keys, if age { "stale" } else { "retain" })
        }
    };
    keys.push(name.to_owned());
    let key = if owner.is_empty() { name.to_owned() } else { format!("{owner}.{name}") };
    Some(Path { key, keys })
}

fn owned<const N: usize>(keys: [&str; N]) -> Vec<String> {
    keys.map(str::to_owned).to_vec()
}

/// Where a context declares something; what no context holds stands at the top.
fn declared(model: &Model, context: ContextId, section: &str, name: &str) -> Vec<String> {
    let context = model.context(context);
    if context.unassigned {
        return owned([section, name]);
    }
    owned(["contexts", &context.name, section, name])
}

fn scope_keys(names: &Names<'_>, scope: Scope) -> (String, Vec<String>) {
    let model = names.model();
    match scope {
        Scope::System => (String::new(), owned(["system"])),
        Scope::Context(id) => {
            let context = model.context(id).name.value.clone();
            (context.clone(), owned(["contexts", &context]))
        }
        Scope::Operation(id) => {
            let operation = model.operation(id);
            let keys = declared(model, operation.context, "operations", &operation.name);
            (format!("{}.needs", names.operation(id)), keys)
        }
    }
}

const fn need_key(need: Need) -> &'static str {
    match need {
        Need::ConcurrentUsers => "concurrent_users",
        Need::Growth => "growth",
        Need::Headroom => "headroom",
        Need::Availability => "availability",
        Need::Latency(_) => "latency",
        Need::RecoveryTime => "rto",
        Need::RecoveryPoint => "rpo",
        Need::Budget => "budget",
        Need::Retention => "retention",
    }
}

const fn usage_key(usage: Usage) -> Option<&'static str> {
    Some(match usage {
        Usage::Mean | Usage::Peak | Usage::OpenStreams | Usage::PerStream | Usage::FanOut => "rate",
        Usage::Latency(_) => "latency",
        Usage::Stale => "stale",
        Usage::Payload => "payload",
        Usage::Page => "page",
        Usage::UsesStale(_) | Usage::Batch => return None,
    })
}

const fn extent_key(extent: Extent) -> Option<&'static str> {
    Some(match extent {
        Extent::Rows | Extent::Inflow => "rows",
        Extent::Size => "size",
        Extent::TimeToLive => "ttl",
        Extent::Retention => return None,
    })
}
