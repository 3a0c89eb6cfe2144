//! What a caller gets to see of a row.

use std::sync::Arc;

use expression::{Row, Value, ir::VariableIndex, row_id};
use model::model::{OperationId, OutputValue};

use super::failure::{Failure, internal};
use super::work::Work;
use crate::json::write_row;
use crate::store::Snapshot;

/// Writes the operation's `fields` of a row as a JSON object.
pub(crate) async fn write<X: Snapshot>(
    work: &mut Work<'_, X>,
    operation: OperationId,
    actor: &Value,
    row: &Arc<Row>,
    to: &mut Vec<u8>,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let plan = plans.plan(operation).ok_or_else(|| internal("an operation has no plan"))?;
    let mut computed = Vec::new();
    for field in &plans.model.operation(operation).fields {
        let OutputValue::Expression(expression) = &field.value else { continue };
        let scope = work
            .scope()
            .with(VariableIndex::SELF, Value::Row(row.clone()))
            .with(VariableIndex::ACTOR, actor.clone());
        computed.push(work.evaluate(expression, &scope).await?);
    }
    if plans.journals.reads(row.entity)
        && let Some(id) = row_id(&Value::Row(row.clone()))
    {
        work.shown.push((row.entity, id));
    }
    write_row(to, &plan.output, row, &computed);
    Ok(())
}
