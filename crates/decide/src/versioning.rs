//! Versions of APIs, and how long an old one is served beside its successor.

use model::model::{ActorId, Authentication, ClientKind, ContextId};

use crate::design::{Design, Route};
use crate::facts::Facts;
use crate::numbers;

/// The API of a context.
#[derive(Clone, Debug)]
pub struct Api {
    /// The context.
    pub context: ContextId,
    /// The version that the contract has: the first.
    pub major: u32,
    /// Days that a version is served after its successor came.
    pub window_days: f64,
    /// Routes that are public.
    pub routes: usize,
    /// Actors that they admit, by name.
    pub actors: Vec<ActorId>,
    /// Those of them whose clients belong to others, by name.
    pub partners: Vec<ActorId>,
}

/// The APIs of a design, by context.
#[must_use]
pub fn of(design: &Design) -> Vec<Api> {
    let contexts = (0u16..).map(ContextId).take(design.model.contexts.len());
    contexts.filter_map(|id| api(design.facts(), &design.routes, id)).collect()
}

/// The API of a context; nothing where it has no public route.
#[must_use]
pub fn api(model: Facts<'_>, routes: &[Option<Route>], context: ContextId) -> Option<Api> {
    let own = routes.iter().flatten().filter(|route| {
        model.operation(route.operation).context == context && route.not_served.is_none()
    });
    let (mut count, mut actors) = (0, Vec::<ActorId>::new());
    for route in own {
        count += 1;
        actors.extend(&route.actors);
    }
    let name = |id: &ActorId| model.actor(*id).name.value.as_str();
    actors.sort_by(|a, b| name(a).cmp(name(b)));
    actors.dedup();
    let partners: Vec<ActorId> =
        actors.iter().copied().filter(|actor| foreign(model, *actor)).collect();
    let days = if partners.is_empty() {
        model.value(&numbers::DEPRECATION)
    } else {
        model.value(&numbers::DEPRECATION).max(model.value(&numbers::PARTNER_DEPRECATION))
    };
    (count > 0).then_some(Api {
        context,
        major: 1,
        window_days: days,
        routes: count,
        actors,
        partners,
    })
}

/// Whether clients of an actor are changed by other companies: partners, and holders of keys who
/// are not said to be anybody else.
fn foreign(model: Facts<'_>, actor: ActorId) -> bool {
    let actor = model.actor(actor);
    let key = actor.authentication == Authentication::Key && actor.clients.is_empty();
    key || actor.clients.contains(&ClientKind::Partner)
}
