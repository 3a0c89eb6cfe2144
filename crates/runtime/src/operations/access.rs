//! `by` and `where`: who may do an operation, and to which rows.

use std::sync::Arc;

use expression::{EntityId, Row, Value, ir::VariableIndex};
use model::model::{ActorId, OperationId, OperationKind};

use super::failure::{Failure, internal};
use super::plan::{GrantPlan, Plan};
use super::scope::Scope;
use super::session::{Session, Standing, denies};
use super::work::Work;
use crate::problem::{Problem, code};
use crate::store::{Bound, Condition, Snapshot};

/// The grants that the caller may try: positions in the plan, with how it stands as their actor.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    grants: Vec<(usize, Standing)>,
    /// An unlinked caller that creates the row which will stand for it.
    pub(crate) becomes: Option<EntityId>,
}

impl Access {
    /// The caller's grants for an operation.
    ///
    /// # Errors
    /// 401 without an identity, 403 with one that does not help.
    pub(crate) fn find<X>(
        work: &Work<'_, X>,
        session: &Session,
        operation: OperationId,
    ) -> Result<Self, Failure> {
        let plan = plan_of(work, operation)?;
        let definition = work.plans.model.operation(operation);
        let creates = match definition.kind {
            OperationKind::Create => definition.entity(),
            _ => None,
        };
        let mut access = Self { grants: Vec::new(), becomes: None };
        let mut unlinked = false;
        for (at, grant) in plan.grants.iter().enumerate() {
            match session.standing(grant.actor) {
                None => {}
                Some(Standing::Unlinked(entity)) if creates == Some(*entity) => {
                    access.becomes = Some(*entity);
                    access.grants.push((at, Standing::Unlinked(*entity)));
                }
                Some(Standing::Unlinked(_)) => unlinked = true,
                Some(standing) => access.grants.push((at, standing.clone())),
            }
        }
        if !access.grants.is_empty() {
            return Ok(access);
        }
        let code = match (&session.identity, unlinked) {
            (None, _) => &code::UNAUTHENTICATED,
            (Some(_), true) => &code::NOT_LINKED,
            (Some(_), false) => &code::FORBIDDEN,
        };
        Err(Problem::new(code).into())
    }

    /// Access through these grants of the operation's plan alone, as nobody in particular.
    pub(crate) fn through(grants: Vec<usize>) -> Self {
        let grants = grants.into_iter().map(|at| (at, Standing::Itself)).collect();
        Self { grants, becomes: None }
    }

    /// The positions of the grants in the operation's plan.
    pub(crate) fn positions(&self) -> Vec<usize> {
        self.grants.iter().map(|(at, _)| *at).collect()
    }

    /// How the caller stands, by the position of each grant in the operation's plan.
    pub(crate) fn standings(&self) -> impl Iterator<Item = (usize, &Standing)> {
        self.grants.iter().map(|(at, standing)| (*at, standing))
    }

    /// What `actor` is in effects: the row of the first grant that has one.
    pub(crate) fn actor(&self) -> Value {
        let rows = self.grants.iter().filter_map(|(_, standing)| match standing {
            Standing::Linked(row) => Some(Value::Row(row.clone())),
            Standing::Itself | Standing::Unlinked(_) => None,
        });
        rows.into_iter().next().unwrap_or_default()
    }

    /// The first actor for whom the caller may try.
    pub(crate) fn actor_id<X>(
        &self,
        work: &Work<'_, X>,
        operation: OperationId,
    ) -> Option<ActorId> {
        let plan = work.plans.plan(operation)?;
        Some(plan.grants.get(self.grants.first()?.0)?.actor)
    }

    /// Whether a grant that is about no row is true, and `where` with it.
    pub(crate) async fn admits_caller<X: Snapshot>(
        &self,
        work: &mut Work<'_, X>,
        operation: OperationId,
    ) -> Result<bool, Failure> {
        let plans = work.plans.clone();
        let Some(plan) = plans.plan(operation) else { return Ok(false) };
        if let Some(condition) = plan.filter.as_ref().and_then(|filter| filter.condition.as_ref()) {
            let scope = work.scope().with(VariableIndex::ACTOR, self.actor());
            if !denies(work.holds(condition, &scope).await)? {
                return Ok(false);
            }
        }
        for (at, standing) in &self.grants {
            let Some(grant) = plan.grants.get(*at) else { continue };
            let Some(condition) = &grant.condition else { return Ok(true) };
            let scope = standing.scope(work.scope());
            if denies(work.holds(condition, &scope).await)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether only the store can tell if a grant is true: then the row must be written first.
    pub(crate) fn needs_store<X>(&self, work: &Work<'_, X>, operation: OperationId) -> bool {
        let grants = work.plans.plan(operation).map_or(&[][..], |plan| &plan.grants);
        self.grants.iter().any(|(at, _)| grants.get(*at).is_some_and(|g| g.predicate.is_some()))
    }

    /// Whether one of the grants is true for a row.
    pub(crate) async fn admits<X: Snapshot>(
        &self,
        work: &mut Work<'_, X>,
        operation: OperationId,
        row: &Arc<Row>,
        scope: &Scope,
    ) -> Result<bool, Failure> {
        let plans = work.plans.clone();
        let Some(plan) = plans.plan(operation) else { return Ok(false) };
        for (at, standing) in &self.grants {
            let Some(grant) = plan.grants.get(*at) else { continue };
            // The row that an unlinked caller creates is the row that it is: one that `when` admits.
            let standing = match standing {
                Standing::Unlinked(_) => &Standing::Linked(row.clone()),
                other => other,
            };
            let when = plans.model.actor(grant.actor).when.as_ref();
            if let Some(when) = when.filter(|_| self.becomes.is_some())
                && !denies(work.holds(when, &standing.scope(scope.clone())).await)?
            {
                continue;
            }
            if holds_for(work, grant, standing, row, scope).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `where` holds for a row.
    pub(crate) async fn passes<X: Snapshot>(
        work: &mut Work<'_, X>,
        operation: OperationId,
        row: &Arc<Row>,
        scope: &Scope,
        actor: Value,
    ) -> Result<bool, Failure> {
        let plans = work.plans.clone();
        let Some(filter) = plans.plan(operation).and_then(|plan| plan.filter.as_ref()) else {
            return Ok(true);
        };
        let scope = scope.clone().with(VariableIndex::ACTOR, actor);
        condition_holds(work, filter, row, scope).await
    }

    /// The conditions that choose the rows of a list.
    pub(crate) async fn conditions<X: Snapshot>(
        &self,
        work: &mut Work<'_, X>,
        operation: OperationId,
    ) -> Result<Vec<Condition>, Failure> {
        let plans = work.plans.clone();
        let plan = plans.plan(operation).ok_or_else(|| internal("an operation has no plan"))?;
        let mut conditions = Vec::new();
        let mut any = Vec::new();
        let mut everything = false;
        for (at, standing) in &self.grants {
            let Some(grant) = plan.grants.get(*at) else { continue };
            match grant.condition {
                None => everything = true,
                Some(_) => any.extend(bind(work, grant, &standing.scope(work.scope())).await?),
            }
        }
        if !everything {
            conditions.push(Condition { any });
        }
        if let Some(filter) = &plan.filter {
            let scope = work.scope().with(VariableIndex::ACTOR, self.actor());
            let any = bind(work, filter, &scope).await?.into_iter().collect();
            conditions.push(Condition { any });
        }
        Ok(conditions)
    }
}

fn plan_of<'w, X>(work: &'w Work<'_, X>, operation: OperationId) -> Result<&'w Plan, Failure> {
    Ok(work.plans.plan(operation).ok_or_else(|| internal("an operation has no plan"))?)
}

/// Whether some `get` or `list` admits the caller to a row: then it may refer to it.
pub(crate) async fn may_refer<X: Snapshot>(
    work: &mut Work<'_, X>,
    session: &Session,
    row: &Arc<Row>,
) -> Result<bool, Failure> {
    if session.system {
        return Ok(true);
    }
    let plans = work.plans.clone();
    for door in plans.doors(row.entity) {
        match session.standing(door.actor) {
            None | Some(Standing::Unlinked(_)) => {}
            Some(standing) => {
                if holds_for(work, door, standing, row, &work.scope()).await? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

async fn holds_for<X: Snapshot>(
    work: &mut Work<'_, X>,
    grant: &GrantPlan,
    standing: &Standing,
    row: &Arc<Row>,
    scope: &Scope,
) -> Result<bool, Failure> {
    condition_holds(work, grant, row, standing.scope(scope.clone())).await
}

async fn condition_holds<X: Snapshot>(
    work: &mut Work<'_, X>,
    grant: &GrantPlan,
    row: &Arc<Row>,
    scope: Scope,
) -> Result<bool, Failure> {
    let Some(condition) = &grant.condition else { return Ok(true) };
    let scope = scope.with(VariableIndex::SELF, Value::Row(row.clone()));
    if grant.predicate.is_none() || !super::walk::reads_all_rows(condition) {
        return denies(work.holds(condition, &scope).await);
    }
    super::turns::before_asking(work, condition, &scope).await?;
    let Some(bound) = bind(work, grant, &scope).await? else { return Ok(false) };
    let Some(id) = expression::row_id(&Value::Row(row.clone())) else { return Ok(false) };
    Ok(work.store.satisfies(row.entity, id, &[bound.into()]).await?)
}

/// The predicate with its values; `None` (which denies) where one cannot be computed.
async fn bind<X: Snapshot>(
    work: &mut Work<'_, X>,
    grant: &GrantPlan,
    scope: &Scope,
) -> Result<Option<Bound>, Failure> {
    let Some(predicate) = grant.predicate.clone() else { return Ok(None) };
    let mut values = Vec::with_capacity(predicate.parameters.len());
    for parameter in predicate.parameters.iter() {
        match work.evaluate(parameter, scope).await {
            Ok(value) => values.push(value),
            Err(Failure::Evaluation(_)) => return Ok(None),
            Err(failure) => return Err(failure),
        }
    }
    Ok(Some(Bound { predicate, values }))
}
