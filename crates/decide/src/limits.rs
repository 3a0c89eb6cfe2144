//! How many requests one caller may make: enough for anybody who uses the system as its model says,
//! too few to take the others' share.

use base::{Provenance, Quantity};
use model::model::{ActorId, Authentication, ContextId, OperationId, OperationKind};

use crate::design::{Design, Route, Verdict};
use crate::facts::{self, Facts};
use crate::numbers;

/// The limit of an actor at the interface of a context. All rates are a second.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Requests of one principal: a person, key or certificate; none of `auth: none`.
    pub principal: Option<f64>,
    /// Its burst, in requests.
    pub burst: f64,
    /// Requests of one address.
    pub address: f64,
    /// The burst of an address, in requests.
    pub address_burst: f64,
    /// Wrong passwords of one account in a quarter of an hour, where people sign in.
    pub logins: Option<f64>,
    /// Requests of the actor there, at peak.
    pub peak: f64,
    /// Principals that are active at once.
    pub active: Quantity<f64>,
    /// Its operations there, the busiest first.
    pub operations: Vec<OperationId>,
}

/// The limit that is in force in a design: nothing where the actor has no route there, or where
/// the model chose `none`.
#[must_use]
pub fn in_force(design: &Design, actor: ActorId, context: ContextId) -> Option<Limit> {
    let (who, place) = (&design.model.actor(actor).name, &design.model.context(context).name);
    let subject = format!("{who}->{place}");
    let of = |verdict: &&Verdict| verdict.family == "rate-limit" && verdict.subject == subject;
    let chosen = design.verdicts.iter().find(of)?.choice;
    (chosen != "none").then(|| self::of(design.facts(), &design.routes, actor, context)).flatten()
}

/// The limit, or nothing where the actor has no route there.
#[must_use]
pub fn of(
    model: Facts<'_>,
    routes: &[Option<Route>],
    actor: ActorId,
    context: ContextId,
) -> Option<Limit> {
    let authentication = model.actor(actor).authentication;
    let mut operations: Vec<OperationId> = routes
        .iter()
        .flatten()
        .filter(|route| reaches(model, route, actor, context))
        .map(|route| route.operation)
        .collect();
    if operations.is_empty() || authentication == Authentication::System {
        return None;
    }
    let peak = |id: OperationId| match model.operation(id).kind {
        OperationKind::Stream => 0.0,
        _ => facts::rate(model, model.operation(id)).value.peak,
    };
    operations.sort_by(|a, b| {
        let name = |id: OperationId| model.operation(id).name.value.as_str();
        peak(*b).total_cmp(&peak(*a)).then_with(|| name(*a).cmp(name(*b)))
    });
    let all: f64 = operations.iter().map(|id| peak(*id)).sum();
    let active = active(model, actor, context, all);
    let share = all / active.value.max(1.0);
    let rate =
        (model.value(&numbers::PRINCIPAL_SHARE) * share).max(model.value(&numbers::PRINCIPAL_RATE));
    let burst = rate * model.value(&numbers::BURST);
    let behind = model.value(&numbers::ADDRESS_SHARE);
    let known = authentication != Authentication::None;
    let signs_in = authentication == Authentication::User;
    Some(Limit {
        principal: known.then_some(rate),
        burst,
        address: rate * behind,
        address_burst: burst * behind,
        logins: signs_in.then(|| model.value(&numbers::LOGINS)),
        peak: all,
        active,
        operations,
    })
}

fn reaches(model: Facts<'_>, route: &Route, actor: ActorId, context: ContextId) -> bool {
    model.operation(route.operation).context == context && route.actors.contains(&actor)
}

/// Principals at once: as stated, not more than there are; else as many as make such a peak while
/// they think between requests.
fn active(model: Facts<'_>, actor: ActorId, context: ContextId, peak: f64) -> Quantity<f64> {
    let of = model.actor(actor);
    let own = model.context(context).needs.concurrent_users.as_ref();
    let stated = own.or(model.system.needs.concurrent_users.as_ref());
    let people = matches!(of.authentication, Authentication::User | Authentication::None);
    let at_once = stated.filter(|_| people).cloned();
    match (at_once, of.count.clone()) {
        (Some(some), Some(count)) => {
            if count.value < some.value {
                count
            } else {
                some
            }
        }
        (Some(some), None) | (None, Some(some)) => some,
        // One system may well make all of the requests.
        (None, None) if !people => {
            Quantity::default_of(1.0, "house: one system unless `count` says more")
        }
        (None, None) => {
            let value = (peak * model.value(&numbers::THINK_TIME)).max(1.0);
            let provenance =
                Provenance::Derived { from: "peak x time between two requests".to_owned() };
            Quantity { value, provenance }
        }
    }
}
