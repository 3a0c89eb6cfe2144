//! Which actors of the model somebody may be.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::Model;
use model::model::{ActorId, Authentication};
use runtime::call::{Caller, Identity};

use crate::sessions::Session;
use crate::{ISSUER, User};

/// The actors of a model.
#[derive(Clone)]
pub(crate) struct Admission {
    model: Arc<Model>,
    everyone: Vec<ActorId>,
}

impl Admission {
    pub(crate) fn new(model: Arc<Model>) -> Self {
        let none = |actor: &model::model::Actor| actor.authentication == Authentication::None;
        let everyone = model.actors().filter(|(_, actor)| none(actor)).map(|(id, _)| id).collect();
        Self { model, everyone }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Whoever shows nothing.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller { actors: self.everyone.clone(), ..Caller::default() }
    }

    /// A user: every actor with `auth: user` without a role, and those whose role they have.
    pub(crate) fn user(&self, user: &User, session: Option<&Session>) -> Caller {
        let admitted = |actor: &model::model::Actor| {
            let role = actor.role.as_ref().is_none_or(|role| user.roles.contains(role));
            actor.authentication == Authentication::User && role
        };
        let mut actors: Vec<ActorId> =
            self.model.actors().filter(|(_, actor)| admitted(actor)).map(|(id, _)| id).collect();
        actors.extend(&self.everyone);
        let identity = Identity {
            issuer: ISSUER.into(),
            subject: user.id.as_str().into(),
            logins: user.verified(),
            authenticated_at: session.map(|session| session.begun),
            assurance: session.map(|session| session.assurance),
            sought: false,
        };
        Caller { actors, identity: Some(identity), ..Caller::default() }
    }

    /// Names of actors.
    pub(crate) fn names(&self, actors: &[ActorId]) -> Vec<&str> {
        let known = actors.iter().filter_map(|id| self.model.actors.get(usize::from(id.0)));
        known.map(|actor| actor.name.value.as_str()).collect()
    }

    /// Roles that the model knows, of people.
    pub(crate) fn roles(&self) -> BTreeSet<&str> {
        let people = self.model.actors.iter();
        let people = people.filter(|actor| actor.authentication == Authentication::User);
        people.filter_map(|actor| actor.role.as_deref()).collect()
    }
}
