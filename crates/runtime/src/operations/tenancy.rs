//! Which tenant a request is for, found out in its own transaction before anything of it is read.
//!
//! The host, or the row that the caller is linked to, says so (for callers that are no row a
//! verified claim). Whoever belongs to no tenant sees shared entities alone. Actors with
//! `tenants: all` read across tenants; what they write is for one: that of the row they write, the
//! one they name, or the one whose rows they refer to.

use std::collections::BTreeSet;

use decide::{Design, tenancy::pooled};
use expression::{EntityId, FieldIndex, Value, row_id};
use model::model::{ActorId, Assigns, Operation, OperationId, OperationKind, Target, TenantFrom};

use super::backend::Inner;
use super::effects::is_deleted;
use super::failure::Failure;
use super::plan::Plans;
use super::report;
use super::retention::TOGETHER;
use super::session::subject;
use super::work::{Key, Work};
use crate::call::{Caller, Identity, InputValues};
use crate::host::spelled;
use crate::problem::{Problem, code};
use crate::store::{Snapshot, Store, Tenant, Terms};
use crate::telemetry::subject_hash;

/// How the model tells tenants apart.
#[derive(Debug)]
pub(crate) struct Tenants {
    /// The tenant entity.
    pub(crate) by: EntityId,
    from: TenantFrom,
    /// Entities whose rows belong to tenants.
    owned: BTreeSet<EntityId>,
    /// Actors with `tenants: all`.
    crossing: BTreeSet<ActorId>,
}

impl Tenants {
    /// Nothing where there is one tenant.
    pub(crate) fn of(design: &Design) -> Option<Self> {
        let tenancy = design.model.system.tenancy.as_ref()?;
        let owned = design.model.entities().map(|(id, _)| id).filter(|id| pooled(design, *id));
        let crossing = design.model.actors().filter(|(_, actor)| actor.all_tenants);
        Some(Self {
            by: tenancy.by,
            from: tenancy.from,
            owned: owned.collect(),
            crossing: crossing.map(|(id, _)| id).collect(),
        })
    }

    /// Whether the row that the caller is linked to says which tenant a request is for.
    pub(crate) const fn come_from_callers(&self) -> bool {
        matches!(self.from, TenantFrom::Actor)
    }

    /// Whether rows of an entity belong to tenants.
    pub(crate) fn owns(&self, entity: EntityId) -> bool {
        self.owned.contains(&entity)
    }
}

/// Whether the caller may do the operation as an actor that crosses tenants.
fn crosses(plans: &Plans, tenants: &Tenants, caller: &Caller, operation: OperationId) -> bool {
    let grants = plans.plan(operation).map_or(&[][..], |plan| &plan.grants);
    let is = |actor: ActorId| caller.actors.contains(&actor);
    let system = plans.system.is_some_and(is);
    system || grants.iter().any(|g| tenants.crossing.contains(&g.actor) && is(g.actor))
}

/// Whether an operation makes a tenant, which it is not to be one of: there has to be a first, and
/// the host of a new one is nobody's yet. Who may, `by` says.
fn founds(plans: &Plans, tenants: &Tenants, operation: OperationId) -> bool {
    let operation = plans.model.operation(operation);
    operation.kind == OperationKind::Create && operation.target == Target::Entity(tenants.by)
}

/// Enters the tenant that a request is for. Whether the caller crosses tenants: then only its
/// actors that may count.
///
/// # Errors
/// 404 for a host that is no tenant's, to all but what makes one.
pub(crate) async fn enter<X: Snapshot>(
    work: &mut Work<'_, X>,
    caller: &Caller,
    operation: OperationId,
) -> Result<bool, Failure> {
    let plans = work.plans.clone();
    let Some(tenants) = &plans.tenants else { return Ok(false) };
    // A call within a transaction goes on in its tenant, a job in the one it was made in.
    if matches!(work.store.tenant(), Tenant::One(_)) {
        return Ok(false);
    }
    let crossing = crosses(&plans, tenants, caller, operation);
    let system = plans.system.is_some_and(|id| caller.actors.contains(&id));
    let told = match tenants.from {
        // Which one it works for, whoever crosses tenants says; the host is where it is asked.
        _ if crossing && !system && caller.tenant.asked.is_some() => None,
        TenantFrom::Host(field) => by_host(work, tenants, field, caller).await?,
        TenantFrom::Actor => by_actor(work, tenants, caller, crossing).await?,
    };
    let tenant = match told {
        _ if system => caller.tenant.claim.map_or(Tenant::All, Tenant::One),
        Some(tenant) => Tenant::One(tenant),
        None if crossing => Tenant::All,
        None if tenants.from != TenantFrom::Actor && !founds(&plans, tenants, operation) => {
            return Err(Problem::new(&code::NOT_FOUND).into());
        }
        None => Tenant::None,
    };
    work.store.enter(tenant).await?;
    tenant.id().into_iter().for_each(|id| caller.tenant.found.tell(id));
    if crossing && !system {
        audit(&plans, caller, operation, told.or(caller.tenant.asked));
    }
    Ok(crossing && !system && tenant == Tenant::All)
}

/// Whoever crosses tenants and names one works for that one, as soon as it is known who asks.
///
/// # Errors
/// 404 where there is no such tenant.
pub(crate) async fn narrow<X: Snapshot>(
    work: &mut Work<'_, X>,
    caller: &Caller,
) -> Result<(), Failure> {
    let by = work.plans.tenants.as_ref().map(|tenants| tenants.by);
    let Some((by, asked)) = by.zip(caller.tenant.asked) else { return Ok(()) };
    let row = work.row((by, asked)).await?;
    if row.is_none_or(|row| is_deleted(&work.plans.model, &row)) {
        return Err(Problem::new(&code::NOT_FOUND).into());
    }
    caller.tenant.found.tell(asked);
    Ok(work.store.enter(Tenant::One(asked)).await?)
}

/// Who looked across tenants, at what, is told to the operator.
fn audit(plans: &Plans, caller: &Caller, operation: OperationId, tenant: Option<u128>) {
    let subject = caller.identity.as_ref().map(subject_hash).unwrap_or_default();
    let operation = plans.model.qualified_operation(operation);
    let whose = match tenant {
        Some(id) => format!("the tenant {}", uuid::Uuid::from_u128(id)),
        None => "all tenants".to_owned(),
    };
    report::notice("tenants-crossed", &format!("{operation} for {whose} by {subject}"));
}

/// Whether requests can be for a tenant: hosts are compared in one spelling.
///
/// # Errors
/// 422 where the field that holds its host is given another one.
pub(crate) fn check_host(
    plans: &Plans,
    operation: &Operation,
    values: &InputValues,
) -> Result<(), Problem> {
    let Some(tenants) = &plans.tenants else { return Ok(()) };
    let TenantFrom::Host(Some(host)) = tenants.from else { return Ok(()) };
    if operation.entity() != Some(tenants.by) {
        return Ok(());
    }
    for (parameter, value) in operation.input.parameters.iter().zip(&values.values) {
        let held = matches!(parameter.assigns, Assigns::Field(field) if field == host);
        let Some(Value::Text(text)) = value.as_ref().filter(|_| held) else { continue };
        if spelled(text).as_deref() != Some(&**text) {
            let detail = "Expected a host name in lower case, without port and trailing dot.";
            return Err(Problem::invalid(format!("/{}", parameter.name), "not-a-host", detail));
        }
    }
    Ok(())
}

/// The tenant whose host the request was sent to.
async fn by_host<X: Snapshot>(
    work: &mut Work<'_, X>,
    tenants: &Tenants,
    field: Option<FieldIndex>,
    caller: &Caller,
) -> Result<Option<u128>, Failure> {
    let (Some(field), Some(host)) = (field, &caller.tenant.host) else { return Ok(None) };
    let key = [(field, Value::Text(host.clone()))];
    let found = work.store.find(tenants.by, &key).await?;
    Ok(found.and_then(|row| row_id(&Value::Row(row))))
}

/// The tenant that the caller names, if it has a row there; of one who names none that of its row;
/// of one without a row what its token says.
///
/// # Errors
/// 403 for a tenant that is named, and is not the caller's.
async fn by_actor<X: Snapshot>(
    work: &mut Work<'_, X>,
    tenants: &Tenants,
    caller: &Caller,
    crossing: bool,
) -> Result<Option<u128>, Failure> {
    if crossing {
        return Ok(None);
    }
    // Whoever is nobody has a row nowhere, and what such callers may do is asked for no tenant.
    let asked = caller.tenant.asked.filter(|_| caller.identity.is_some());
    if let (Some(asked), Some(identity)) = (asked, &caller.identity)
        && has_row_in(work, tenants, (caller, identity), asked).await?
    {
        return Ok(Some(asked));
    }
    let told = by_row_or_claim(work, tenants, caller).await?;
    // Of which tenants there are nothing is told.
    if asked.is_some() && told != asked {
        Err(Problem::new(&code::NOT_LINKED).into())
    } else {
        Ok(told)
    }
}

/// The tenant of the first row that the caller is linked to, else what its token says.
async fn by_row_or_claim<X: Snapshot>(
    work: &mut Work<'_, X>,
    tenants: &Tenants,
    caller: &Caller,
) -> Result<Option<u128>, Failure> {
    let plans = work.plans.clone();
    if let Some(identity) = &caller.identity {
        let subject = subject(identity);
        let entities = caller.actors.iter().filter_map(|id| plans.model.actor(*id).entity);
        for entity in entities {
            let Some(link) = work.store.linked(entity, &subject).await? else { continue };
            let tenant = if entity == tenants.by { Some(link.row) } else { link.tenant };
            if tenant.is_some() {
                return Ok(tenant);
            }
        }
    }
    let Some(claim) = caller.tenant.claim else { return Ok(None) };
    let row = work.row((tenants.by, claim)).await?;
    Ok(row.filter(|row| !is_deleted(&plans.model, row)).map(|_| claim))
}

/// Whether the caller is linked to a row in a tenant.
async fn has_row_in<X: Snapshot>(
    work: &mut Work<'_, X>,
    tenants: &Tenants,
    (caller, identity): (&Caller, &Identity),
    tenant: u128,
) -> Result<bool, Failure> {
    let (plans, before) = (work.plans.clone(), work.store.tenant());
    let row = work.row((tenants.by, tenant)).await?;
    if row.is_none_or(|row| is_deleted(&plans.model, &row)) {
        return Ok(false);
    }
    work.store.enter(Tenant::One(tenant)).await?;
    let subject = subject(identity);
    for entity in caller.actors.iter().filter_map(|id| plans.model.actor(*id).entity) {
        let link = work.store.linked(entity, &subject).await?;
        let found = match entity == tenants.by {
            true => link.map(|link| link.row),
            false => link.and_then(|link| link.tenant),
        };
        if found == Some(tenant) {
            return Ok(true);
        }
    }
    work.store.enter(before).await?;
    Ok(false)
}

/// Whose rows a caller may turn out to be at its first sign-in: `None` where the host is nobody's.
pub(crate) async fn of_newcomer<X: Snapshot>(
    snapshot: &mut X,
    plans: &Plans,
    caller: &Caller,
) -> Result<Option<Tenant>, Failure> {
    let Some(tenants) = &plans.tenants else { return Ok(Some(Tenant::All)) };
    match (tenants.from, &caller.tenant.host) {
        (TenantFrom::Actor, _) => Ok(Some(caller.tenant.asked.map_or(Tenant::All, Tenant::One))),
        (TenantFrom::Host(Some(field)), Some(host)) => {
            let found = snapshot.find(tenants.by, &[(field, Value::Text(host.clone()))]).await?;
            Ok(found.and_then(|row| row_id(&Value::Row(row))).map(Tenant::One))
        }
        (TenantFrom::Host(_), _) => Ok(None),
    }
}

/// Settles for whom a write of somebody who crosses tenants is. `row` is what is written, if it
/// exists.
pub(crate) async fn settle<X: Snapshot>(
    work: &mut Work<'_, X>,
    entity: Option<EntityId>,
    row: Option<Key>,
    values: Option<(&model::model::Operation, &InputValues)>,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let Some(tenants) = &plans.tenants else { return Ok(()) };
    if work.store.tenant() != Tenant::All {
        return Ok(());
    }
    let mut found = match row {
        Some((entity, id)) if entity == tenants.by => Some(id),
        Some((entity, id)) => work.store.tenant_of(entity, id).await?,
        None => None,
    };
    if found.is_none()
        && let Some((operation, values)) = values
        && entity != Some(tenants.by)
    {
        for (entity, id) in super::input::named(&plans, operation, values) {
            found = match entity == tenants.by {
                true => Some(id),
                false => work.store.tenant_of(entity, id).await?,
            };
            if found.is_some() {
                break;
            }
        }
    }
    if let Some(tenant) = found {
        work.store.enter(Tenant::One(tenant)).await?;
    }
    Ok(())
}

/// What the server does with a row by itself is done for the tenant whose row it is: its parts and
/// what is recorded of it are that tenant's. A row of the tenant entity is about that tenant.
pub(crate) async fn enter_of<X: Snapshot>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let Some(tenants) = &plans.tenants else { return Ok(()) };
    let tenant = match key.0 == tenants.by {
        true => Tenant::One(key.1),
        false => work.store.tenant_of(key.0, key.1).await?.map_or(Tenant::All, Tenant::One),
    };
    if tenant != work.store.tenant() {
        work.store.enter(tenant).await?;
    }
    Ok(())
}

/// On which terms the server goes through the rows of an entity: for everybody at once, or where
/// tenants have databases of their own for one after the other.
pub(crate) fn rounds<S: Store>(inner: &Inner<S>, entity: EntityId) -> Vec<Terms> {
    let owned = inner.plans.tenants.as_ref().is_some_and(|tenants| tenants.owns(entity));
    let mut places = inner.store.places();
    match (owned, places.len()) {
        (_, ..=1) | (false, _) => vec![Terms::SERVER],
        (true, _) => places.drain(1..).map(Terms::of).collect(),
    }
}

/// Rows that the server may deal with together, of those that it has found on some terms: a row of
/// the tenant entity is dealt with for that tenant, in its database where it has its own.
pub(crate) fn together<S: Store>(
    inner: &Inner<S>,
    entity: EntityId,
    ids: &[u128],
    terms: Terms,
) -> Vec<(Terms, Vec<u128>)> {
    let by = inner.plans.tenants.as_ref().map(|tenants| tenants.by);
    if by == Some(entity) && inner.store.places().len() > 1 {
        return ids.iter().map(|id| (Terms::of(Tenant::One(*id)), vec![*id])).collect();
    }
    ids.chunks(TOGETHER).map(|ids| (terms, ids.to_vec())).collect()
}

/// A new row of the tenant entity is the tenant for the rest of the transaction.
pub(crate) async fn created<X: Snapshot>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    if work.plans.tenants.as_ref().is_some_and(|tenants| tenants.by == key.0) {
        work.store.enter(Tenant::One(key.1)).await?;
    }
    Ok(())
}
