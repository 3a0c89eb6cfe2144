//! Invariants hold after every write: those of the rows that are written, and those of others that
//! read what is written.
//!
//! `self.guests <= self.room.capacity` of a booking is checked when the booking is written, with the
//! room held so that nobody changes it meanwhile, and when the capacity of a room is written, for
//! all bookings that refer to it. Where several rows decide together (`self.a.x + self.b.y <= 9`),
//! each of which could be changed without the other being known, they change one after the other.

mod dependents;

use std::collections::BTreeSet;

use expression::ir::{Expression, VariableIndex};
use expression::{Type, Value, row_id};

pub(crate) use dependents::Dependents;

use self::dependents::Dependent;
use super::effects::is_deleted;
use super::failure::Failure;
use super::journal::Written;
use super::scope::Scope;
use super::walk::reads_all_rows;
use super::work::{Key, Work};
use super::{finish, row};
use crate::problem::Problem;
use crate::store::{
    Bound, Cursor, PageQuery, Predicate, Snapshot, StoreError, Tenant, Transaction,
};

/// Rows that are looked at one after the other, at once.
const TOGETHER: u32 = 200;

/// Reads the rows that invariants of changed rows follow references to, so that nobody changes them
/// before this is committed.
pub(super) async fn hold<X: Transaction>(
    work: &mut Work<'_, X>,
    changed: &[Key],
) -> Result<(), Failure> {
    if !work.store.takes_turns() {
        return Ok(());
    }
    let plans = work.plans.clone();
    let mut keys = Vec::new();
    for key in changed {
        let mut followed = plans.dependents.followed(key.0).peekable();
        if followed.peek().is_none() {
            continue;
        }
        let Some(row) = work.row(*key).await? else { continue };
        let shape = plans.model.shape(key.0);
        for (part, field) in followed {
            let at = usize::from(field.0);
            let of_part = part.and_then(|part| shape.parts.get(usize::from(part)));
            let fields = part.map_or(Some(&shape.fields), |_| of_part.map(|part| &part.fields));
            let ty = fields.and_then(|fields| fields.get(at)).map(|field| field.ty.required());
            let Some(Type::Reference(entity)) = ty else { continue };
            let rows = part.and_then(|part| row.parts.get(usize::from(part)));
            let of_rows = rows.into_iter().flatten().filter_map(|row| row.get(at));
            let own = part.is_none().then(|| row::field(&row, field));
            keys.extend(own.into_iter().chain(of_rows).filter_map(row_id).map(|id| (*entity, id)));
        }
    }
    work.hold(&keys).await
}

/// The invariants of a row; those that ask about all rows only when the rows are `stored`.
pub(super) async fn check<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
    stored: bool,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let row = work.row(key).await?;
    if row.is_none_or(|row| is_deleted(&plans.model, &row)) {
        return Ok(());
    }
    let scope = work.scope().with(VariableIndex::SELF, Value::Uuid(key.1));
    let invariants = plans.model.entity(key.0).invariants.iter();
    for invariant in invariants.filter(|i| reads_all_rows(&i.condition) == stored) {
        if !work.holds_still(&invariant.condition, &scope).await? {
            return Err(refusal(&invariant.code));
        }
    }
    Ok(())
}

/// The refusal says which rule, and of no row that it would be broken for.
fn refusal(code: &str) -> Failure {
    Problem::of_model(409, code, "The change would break a rule that always holds.").into()
}

/// The invariants of rows that read those that were written, which are stored.
pub(super) async fn check_dependents<X: Transaction>(
    work: &mut Work<'_, X>,
    written: &[Written],
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let mut hits = Vec::new();
    for (key, before, now) in written {
        // Nobody refers to what is new but what is written with it; what is removed is referred to
        // by nobody, or read as it was.
        let (Some(before), Some(now)) = (before, now) else { continue };
        let dependents = plans.dependents.on(key.0).iter();
        hits.extend(dependents.filter(|d| d.reads_change(before, now)).map(|d| (*key, d)));
    }
    if hits.is_empty() {
        return Ok(());
    }
    let current = work.store.tenant();
    if work.store.takes_turns() {
        let in_turn = hits.iter().filter(|(_, dependent)| dependent.in_turn);
        let names: BTreeSet<_> = in_turn.map(|(_, of)| turn(work, of, current)).collect();
        for name in names {
            work.take_turn(&name, true).await?;
        }
    }
    for (key, dependent) in hits {
        for tenant in concerned(work, key, dependent).await? {
            finish::re_enter(work, tenant).await?;
            if is_broken(work, key, dependent).await? {
                let invariants = &plans.model.entity(dependent.entity).invariants;
                let code = invariants.get(dependent.invariant).map(|of| of.code.as_str());
                return Err(refusal(code.unwrap_or_default()));
            }
        }
        finish::re_enter(work, current).await?;
    }
    Ok(())
}

/// What those wait for each other by who change rows that decide together.
fn turn<X>(work: &Work<'_, X>, dependent: &Dependent, tenant: Tenant) -> String {
    let shape = work.plans.model.shape(dependent.entity);
    let tenant = tenant.id().filter(|_| dependent.within_tenant);
    format!("invariant {}.{} {tenant:?} {}", shape.context, shape.name, dependent.invariant)
}

/// Whose rows may depend on a row, each of whom is asked.
async fn concerned<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
    dependent: &Dependent,
) -> Result<Vec<Tenant>, Failure> {
    let plans = work.plans.clone();
    let current = work.store.tenant();
    let Some(tenants) = plans.tenants.as_ref().filter(|of| of.owns(dependent.entity)) else {
        return Ok(vec![current]);
    };
    if tenants.owns(key.0) {
        return Ok(match work.tenant_of(key) {
            Some(tenant) => vec![tenant],
            None => {
                let owner = work.store.tenant_of(key.0, key.1).await?;
                vec![owner.map_or(current, Tenant::One)]
            }
        });
    }
    if !dependent.by_tenant {
        return Ok(vec![Tenant::All]);
    }
    let all = match dependent.is_tenant {
        true => vec![Tenant::One(key.1)],
        false => {
            let every = every_tenant(work, tenants.by).await?;
            led_to(work, key, dependent, every).await?
        }
    };
    if in_files(work) && all.iter().any(|tenant| *tenant != current) {
        // A file sees what is shared as it is committed.
        return Err(StoreError::Apart.into());
    }
    Ok(all)
}

/// Whether tenants have files of their own, each of which sees its own rows and what is shared.
fn in_files<X: Snapshot>(work: &Work<'_, X>) -> bool {
    !work.store.takes_turns() && decide::tenancy::apart(&work.plans.design)
}

async fn every_tenant<X: Transaction>(
    work: &mut Work<'_, X>,
    by: expression::EntityId,
) -> Result<Vec<u128>, Failure> {
    let current = work.store.tenant();
    finish::re_enter(work, Tenant::All).await?;
    let mut all = Vec::new();
    let mut query = PageQuery::new(by, TOGETHER);
    loop {
        let page = work.store.page(&query).await?;
        let ids = page.rows.iter().filter_map(|row| row_id(&Value::Row(row.clone())));
        all.extend(ids);
        let Some(id) = all.last().copied().filter(|_| page.more) else { break };
        query.after = Some(Cursor { values: Vec::new(), id });
    }
    finish::re_enter(work, current).await?;
    Ok(all)
}

/// Those among tenants that lead to a row, where it is they who do.
async fn led_to<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
    dependent: &Dependent,
    tenants: Vec<u128>,
) -> Result<Vec<Tenant>, Failure> {
    let mut led = Vec::new();
    for tenant in tenants {
        let leads = match &dependent.of_tenant {
            Some(leads) => {
                let scope = work.scope().with(VariableIndex::TENANT, Value::Uuid(tenant));
                let scope = scope.with(VariableIndex::EACH, Value::Uuid(key.1));
                work.holds(leads, &scope).await?
            }
            None => true,
        };
        led.extend(leads.then_some(Tenant::One(tenant)));
    }
    Ok(led)
}

/// Whether some row that leads to this one does not keep the invariant.
async fn is_broken<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
    dependent: &Dependent,
) -> Result<bool, Failure> {
    let scope = work.scope().with(VariableIndex::EACH, Value::Uuid(key.1));
    let elsewhere = in_files(work) && work.store.tenant() == Tenant::All;
    if let Some(predicate) = dependent.broken.as_ref().filter(|_| !elsewhere) {
        let mut query = PageQuery::new(dependent.entity, 1);
        query.conditions.push(bind(work, predicate, &scope).await?.into());
        return Ok(work.store.count(&query, 1).await? > 0);
    }
    let mut query = PageQuery::new(dependent.entity, TOGETHER);
    if let Some(predicate) = &dependent.anchor {
        query.conditions.push(bind(work, predicate, &scope).await?.into());
    }
    let plans = work.plans.clone();
    let invariants = &plans.model.entity(dependent.entity).invariants;
    let Some(invariant) = invariants.get(dependent.invariant) else { return Ok(false) };
    loop {
        let page = work.store.page(&query).await?;
        for row in &page.rows {
            let scope = scope.clone().with(VariableIndex::SELF, Value::Row(row.clone()));
            match work.holds(&invariant.condition, &scope).await {
                Ok(true) => {}
                Ok(false) | Err(Failure::Evaluation(_)) => return Ok(true),
                Err(failure) => return Err(failure),
            }
        }
        let last = page.rows.last().filter(|_| page.more);
        let Some(id) = last.and_then(|row| row_id(&Value::Row(row.clone()))) else {
            return Ok(false);
        };
        query.after = Some(Cursor { values: Vec::new(), id });
    }
}

/// The condition with its values.
async fn bind<X: Transaction>(
    work: &mut Work<'_, X>,
    predicate: &Predicate,
    scope: &Scope,
) -> Result<Bound, Failure> {
    let mut values = Vec::with_capacity(predicate.parameters.len());
    for parameter in predicate.parameters.iter() {
        let parameter: &Expression = parameter;
        values.push(work.evaluate(parameter, scope).await?);
    }
    Ok(Bound { predicate: predicate.clone(), values })
}
