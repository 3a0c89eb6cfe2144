//! Who the caller is in this transaction: which actors, and which rows stand for it.

use std::sync::Arc;

use expression::{EntityId, Row, Value, ir::VariableIndex};
use model::model::{ActorId, OperationId};

use super::effects::is_deleted;
use super::failure::Failure;
use super::scope::Scope;
use super::sign_in;
use super::tenancy::{self, Tenants};
use super::work::Work;
use crate::call::{Caller, Identity, TenantHint};
use crate::problem::{Problem, code};
use crate::store::{Snapshot, Subject};

/// The caller, looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    standings: Vec<(ActorId, Standing)>,
    pub(crate) identity: Option<Identity>,
    /// The built-in actor: no reference is hidden from it.
    pub(crate) system: bool,
}

/// How the caller stands as one actor.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// An actor that is no entity.
    Itself,
    /// Linked to this row.
    Linked(Arc<Row>),
    /// Would be a row of this entity, but none is linked yet.
    Unlinked(EntityId),
}

impl Session {
    /// Enters the tenant that the request is for, and looks the caller up.
    pub(crate) async fn open<X: Snapshot>(
        work: &mut Work<'_, X>,
        caller: &Caller,
        operation: OperationId,
    ) -> Result<Self, Failure> {
        let crossing = tenancy::enter(work, caller, operation).await?;
        let system = work.plans.system.is_some_and(|system| caller.actors.contains(&system));
        let mut session = Self { standings: Vec::new(), identity: caller.identity.clone(), system };
        let plans = work.plans.clone();
        for &id in &caller.actors {
            let Some(actor) = plans.model.actors.get(usize::from(id.0)) else { continue };
            // What others may do, they may do within their tenant.
            if crossing && !actor.all_tenants {
                continue;
            }
            let standing = match (actor.entity, &caller.identity) {
                (None, _) => Standing::Itself,
                (Some(entity), Some(identity)) => stand(work, entity, identity).await?,
                (Some(_), None) => continue,
            };
            if matches!(standing, Standing::Unlinked(_)) && sign_in::is_due(actor, caller) {
                // Links are made in a transaction of their own, then the request is done again.
                return Err(Problem::new(&code::NOT_LINKED).into());
            }
            let scope = standing.scope(work.scope());
            let admitted = match (&actor.when, &standing) {
                (None, _) | (Some(_), Standing::Unlinked(_)) => true,
                (Some(when), _) => denies(work.holds(when, &scope).await)?,
            };
            if admitted {
                session.standings.push((id, standing));
            }
        }
        if crossing {
            tenancy::narrow(work, caller).await?;
        }
        Ok(session)
    }

    /// Tells the store whom [`Self::open`] will ask for.
    pub(crate) async fn expect<X: Snapshot>(
        work: &mut Work<'_, X>,
        caller: &Caller,
    ) -> Result<(), Failure> {
        let plans = work.plans.clone();
        let by_caller = plans.tenants.as_ref().is_none_or(Tenants::come_from_callers)
            && caller.tenant.asked.is_none();
        let Some(identity) = caller.identity.as_ref().filter(|_| by_caller) else { return Ok(()) };
        let actors =
            caller.actors.iter().filter_map(|id| plans.model.actors.get(usize::from(id.0)));
        for entity in actors.filter_map(|actor| actor.entity) {
            work.store.expect(entity, &subject(identity)).await?;
        }
        Ok(())
    }

    /// How the caller stands as an actor, if it is one.
    pub(crate) fn standing(&self, actor: ActorId) -> Option<&Standing> {
        self.standings.iter().find(|(id, _)| *id == actor).map(|(_, standing)| standing)
    }

    /// What a request says of its tenant: keys of one are unknown in another.
    fn tenant_key(hint: &TenantHint) -> Option<String> {
        let id = |id: Option<u128>| id.map(|id| format!("{id:032x}")).unwrap_or_default();
        let TenantHint { host, claim, asked, found: _ } = hint;
        let host = host.as_deref().unwrap_or_default();
        (*hint != TenantHint::default()).then(|| format!("{host} {} {}", id(*claim), id(*asked)))
    }

    /// What distinguishes callers from each other: for idempotency keys and cursors.
    pub(crate) fn key(caller: &Caller, system: Option<ActorId>) -> String {
        let who = match &caller.identity {
            _ if system.is_some_and(|system| caller.actors.contains(&system)) => {
                "system".to_owned()
            }
            Some(identity) => format!("{}\n{}", identity.issuer, identity.subject),
            None => "anonymous".to_owned(),
        };
        match Self::tenant_key(&caller.tenant) {
            None => who,
            Some(tenant) => format!("{who}\n{tenant}"),
        }
    }
}

impl Standing {
    /// The scope in which `actor` is the caller's row.
    pub(crate) fn scope(&self, scope: Scope) -> Scope {
        match self {
            Self::Linked(row) => scope.with(VariableIndex::ACTOR, Value::Row(row.clone())),
            Self::Itself | Self::Unlinked(_) => scope.with(VariableIndex::ACTOR, Value::Null),
        }
    }
}

async fn stand<X: Snapshot>(
    work: &mut Work<'_, X>,
    entity: EntityId,
    identity: &Identity,
) -> Result<Standing, Failure> {
    let Some(link) = work.store.linked(entity, &subject(identity)).await? else {
        return Ok(Standing::Unlinked(entity));
    };
    let row = work.row((entity, link.row)).await?;
    let row = row.filter(|row| !is_deleted(&work.plans.model, row));
    Ok(row.map_or(Standing::Unlinked(entity), Standing::Linked))
}

/// The identity as the store knows it.
pub(crate) fn subject(identity: &Identity) -> Subject {
    Subject { issuer: identity.issuer.to_string(), subject: identity.subject.to_string() }
}

/// A condition that cannot be evaluated denies.
pub(crate) fn denies(result: Result<bool, Failure>) -> Result<bool, Failure> {
    match result {
        Err(Failure::Evaluation(_)) => Ok(false),
        other => other,
    }
}
