//! The ways to rows that references name: through the `get`s of their entities, as far as they are
//! open to a caller.

use std::collections::BTreeMap;

use expression::Value;
use model::model::OperationId;

use super::planned::TreePlan;
use crate::call::Caller;
use crate::operations::access::Access;
use crate::operations::address_input::depends_on_input;
use crate::operations::assurance;
use crate::operations::failure::Failure;
use crate::operations::session::Session;
use crate::operations::sign_in;
use crate::operations::work::Work;
use crate::problem::code;
use crate::store::{Condition, Snapshot};

/// The way to the rows of an entity for this caller: conditions, and as whom; none where it has no
/// grant.
type Door = Option<(Vec<Condition>, Value)>;

/// The ways that one request has asked about.
#[derive(Debug, Default)]
pub(super) struct Doors(BTreeMap<OperationId, Door>);

/// The ways of one request, as its plan numbers them.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// The conditions of each.
    pub conditions: Vec<Vec<Condition>>,
    /// As whom: the caller in the operation that it asks for, then through each of the ways.
    pub actors: Vec<Value>,
}

/// Whoever asks, for an operation.
pub(super) struct Asker<'w, 't, X> {
    pub work: &'w mut Work<'t, X>,
    pub session: &'w Session,
    pub caller: &'w Caller,
}

impl Doors {
    /// Whether the same ways are open as for a plan. They are asked in the order in which planning
    /// asks, so that none is asked that it would not ask.
    pub async fn fit<X: Snapshot>(
        &mut self,
        asker: &mut Asker<'_, '_, X>,
        plan: &TreePlan,
    ) -> Result<bool, Failure> {
        for (through, open) in &plan.doors {
            if self.ask(asker, *through).await? != *open {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn ways(mut self, plan: &TreePlan, actor: Value) -> Ways {
        let mut ways = Ways { conditions: Vec::new(), actors: vec![actor] };
        for (through, _) in &plan.doors {
            let (conditions, actor) = self.0.remove(through).flatten().unwrap_or_default();
            ways.conditions.push(conditions);
            ways.actors.push(actor);
        }
        ways
    }

    /// Whether a caller may get anything through the `get` of an entity.
    pub async fn ask<X: Snapshot>(
        &mut self,
        asker: &mut Asker<'_, '_, X>,
        through: OperationId,
    ) -> Result<bool, Failure> {
        if let Some(known) = self.0.get(&through) {
            return Ok(known.is_some());
        }
        let door = Self::door(asker, through).await?;
        let open = door.is_some();
        self.0.insert(through, door);
        Ok(open)
    }

    async fn door<X: Snapshot>(
        asker: &mut Asker<'_, '_, X>,
        through: OperationId,
    ) -> Result<Door, Failure> {
        let Asker { work, session, caller } = asker;
        let operation = work.plans.model.operation(through);
        let asked = work.plans.plan(through).map_or(1, |plan| plan.assurance);
        let closed = depends_on_input(&work.plans.model, through)
            || !caller.reaches(through)
            || assurance::is_short(&work.plans, operation, asked, caller)
            || sign_in::check_fresh(operation, caller, work.now).is_err();
        if closed {
            return Ok(None);
        }
        match Access::find(work, session, through) {
            Ok(access) => {
                let conditions = access.conditions(work, through).await?;
                Ok(Some((conditions, access.actor())))
            }
            // Nobody is told why: a row that may not be seen is like one that is not there.
            Err(Failure::Problem(problem)) if !problem.is(&code::INTERNAL) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}
