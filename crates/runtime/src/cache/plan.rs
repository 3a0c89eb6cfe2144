//! What is kept of each operation, and as whom it may be read: worked out once, at start.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use decide::Design;
use decide::caching::Place;
use decide::kept::{self, Kept};
use expression::{
    EntityId, FieldIndex, Type, Value,
    ir::{Expression, Kind, VariableIndex},
    row_id,
};
use model::Model;
use model::model::{ActorId, Addressed, AuditLevel, Operation, OutputValue, Target};

use super::Tag;
use super::view::View;
use crate::call::Caller;
use crate::store::Tenant;

/// How the answers of one operation are kept.
#[derive(Debug)]
pub(crate) struct CachePlan {
    /// `context.operation`.
    pub(super) name: String,
    /// Whether replicas share what is kept.
    pub(super) shared: bool,
    /// For how long after it was read.
    pub(super) life: Duration,
    /// Age from which a popular answer is loaded anew.
    pub(super) refresh: Option<Duration>,
    /// Bytes that one process keeps, as the design computes.
    pub(super) bytes: f64,
    pub(super) counts: Counts,
    entity: EntityId,
    addressed: Addressed,
    /// Entities whose rows an answer depends on besides its own.
    followed: BTreeSet<EntityId>,
    /// Entities outside every tenant; all where there are no tenants.
    shared_entities: BTreeSet<EntityId>,
    /// In the order of the operation's plan.
    grants: Vec<GrantView>,
}

/// What `/metrics` says about an operation's kept answers.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) hits: AtomicU64,
    pub(super) shared_hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) loads: AtomicU64,
    pub(super) coalesced: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) refreshed: AtomicU64,
}

/// What a grant's answers depend on.
#[derive(Debug)]
struct GrantView {
    actor: ActorId,
    /// Whether only the store can tell who is this actor.
    looked_up: bool,
    conditional: bool,
    reads_actor: bool,
}

/// Where answers of an operation are kept besides in browsers, for how long what is read may lag.
pub(super) struct Planned {
    pub(super) plan: Option<CachePlan>,
    pub(super) kept: Kept,
}

/// The plans of a design, for operations of which something is kept anywhere.
pub(super) fn plans(design: &Design) -> Vec<Planned> {
    let model = &design.model;
    let plan = |kept: Kept| {
        let operation = model.operation(kept.operation);
        Planned { plan: plan(model, operation, &kept), kept }
    };
    kept::of(design).into_iter().map(plan).collect()
}

/// `None` where an answer depends on who asks whatever grant it is given by, where reading is
/// recorded, or where nothing is kept but by browsers.
fn plan(model: &Model, operation: &Operation, kept: &Kept) -> Option<CachePlan> {
    let layer = kept.own?;
    let Target::Entity(entity) = operation.target else { return None };
    let audited = model.entity(entity).audit.as_ref();
    let recorded = audited.is_some_and(|audit| audit.value.0 == AuditLevel::All);
    let outputs = operation.fields.iter().filter_map(|field| match &field.value {
        OutputValue::Expression(value) => Some(value),
        _ => None,
    });
    let everyone: Vec<&Expression> = outputs.chain(&operation.condition).collect();
    if recorded || everyone.iter().any(|of| reads_actor(of)) {
        return None;
    }
    let conditions = operation.by.iter().filter_map(|grant| grant.condition.as_ref());
    let mut followed = BTreeSet::new();
    everyone.into_iter().chain(conditions).for_each(|of| follow(of, &mut followed));
    let untenanted = |id: &EntityId| {
        let belongs = |of| decide::tenancy::belongs(model.entity(*id), *id, of);
        !model.system.tenancy.as_ref().is_some_and(belongs)
    };
    let seconds = |time: f64| Duration::try_from_secs_f64(time).unwrap_or_default();
    Some(CachePlan {
        name: model.qualified_operation(kept.operation),
        shared: layer.place == Place::Shared,
        life: seconds(layer.seconds),
        refresh: kept.refresh.map(|share| seconds(layer.seconds * share)),
        bytes: kept.bytes,
        counts: Counts::default(),
        entity,
        addressed: operation.addressed,
        shared_entities: model.entities().map(|(id, _)| id).filter(untenanted).collect(),
        followed,
        grants: operation.by.iter().map(|grant| GrantView::of(model, grant)).collect(),
    })
}

impl GrantView {
    fn of(model: &Model, grant: &model::model::Grant) -> Self {
        let actor = model.actor(grant.actor);
        Self {
            actor: grant.actor,
            looked_up: actor.entity.is_some() || actor.when.is_some(),
            conditional: grant.condition.is_some(),
            reads_actor: grant.condition.as_ref().is_some_and(reads_actor),
        }
    }
}

impl CachePlan {
    /// As whom a caller sees, where that can be told without the store. `Err` where the store has
    /// to say first which of its actors the caller is.
    pub(crate) fn view(&self, caller: &Caller) -> Result<Option<View>, MustLookUp> {
        let mine = || {
            let all = self.grants.iter().enumerate();
            all.filter(|(_, grant)| caller.actors.contains(&grant.actor))
        };
        if mine().any(|(_, grant)| !grant.looked_up && !grant.conditional) {
            return Ok(Some(View::EVERYTHING));
        }
        if mine().any(|(_, grant)| grant.looked_up) {
            return Err(MustLookUp);
        }
        Ok(self.view_of(mine().map(|(at, _)| at).collect()))
    }

    /// As whom somebody sees to whom these grants apply; `None` where the answer depends on who it
    /// is.
    pub(crate) fn view_of(&self, grants: Vec<usize>) -> Option<View> {
        let applied = || grants.iter().filter_map(|at| self.grants.get(*at));
        if applied().any(|grant| !grant.conditional) {
            return Some(View::EVERYTHING);
        }
        if grants.is_empty() || applied().any(|grant| grant.reads_actor) {
            return None;
        }
        Some(View::of(grants))
    }

    /// The grants through which a view is read.
    pub(crate) fn grants_of(&self, view: &View) -> Vec<usize> {
        if *view == View::EVERYTHING {
            return self.grants.iter().position(|grant| !grant.conditional).into_iter().collect();
        }
        view.grants().to_vec()
    }

    /// What an answer is made of.
    pub(crate) fn tags(&self, address: Option<&Value>, tenant: Tenant) -> Vec<Tag> {
        let mut tags = Vec::with_capacity(4);
        match (self.addressed, address) {
            (Addressed::Id, Some(id)) => {
                tags.push(Tag::row(self.entity, row_id(id).unwrap_or_default()));
            }
            (Addressed::Key(field), Some(value)) => tags.push(Tag::key(self.entity, field, value)),
            _ => self.tag_rows(self.entity, tenant, &mut tags),
        }
        self.followed.iter().for_each(|entity| self.tag_rows(*entity, tenant, &mut tags));
        tags
    }

    fn tag_rows(&self, entity: EntityId, tenant: Tenant, tags: &mut Vec<Tag>) {
        if self.shared_entities.contains(&entity) {
            tags.push(Tag::rows(entity, Tenant::None));
        } else {
            tags.extend([Tag::rows(entity, tenant), Tag::rows(entity, Tenant::All)]);
        }
    }

    /// Entities whose rows make its answers old.
    pub(super) fn entities(&self) -> impl Iterator<Item = EntityId> {
        std::iter::once(self.entity).chain(self.followed.iter().copied())
    }

    /// The unique field that it is asked by.
    pub(super) fn asked_by(&self) -> Option<(EntityId, FieldIndex)> {
        match self.addressed {
            Addressed::Key(field) => Some((self.entity, field)),
            _ => None,
        }
    }
}

/// Which of its actors a caller is must be looked up in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MustLookUp;

fn reads_actor(expression: &Expression) -> bool {
    expression.kind == Kind::Variable(VariableIndex::ACTOR)
        || expression.children().any(reads_actor)
}

/// The entities whose rows an expression reads besides `self`.
fn follow(expression: &Expression, entities: &mut BTreeSet<EntityId>) {
    match &expression.kind {
        Kind::EntityRows(entity) => drop(entities.insert(*entity)),
        Kind::Field { of, .. } | Kind::PartRows { of, .. }
            if of.kind != Kind::Variable(VariableIndex::SELF) =>
        {
            if let Type::Reference(entity) = of.ty.required() {
                entities.insert(*entity);
            }
        }
        _ => {}
    }
    expression.children().for_each(|child| follow(child, entities));
}
