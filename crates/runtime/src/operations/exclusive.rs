//! `exclusive`: no two rows that agree in some fields may overlap in time.

use expression::{FieldIndex, Row, Value, ir::VariableIndex, row_id};
use model::model::Exclusive;

use super::effects::is_deleted;
use super::failure::Failure;
use super::row::field;
use super::work::{Key, Work};
use crate::problem::Problem;
use crate::store::{Bound, Comparison, Filter, PageQuery, Transaction};

/// Looks for rows that collide with one that was just stored. The store's transactions are serial
/// for rows that collide, so nobody else adds one meanwhile.
///
/// # Errors
/// 409 with the key's code.
pub(crate) async fn check<X: Transaction>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    let plans = work.plans.clone();
    for (at, exclusive) in plans.model.entity(key.0).exclusive.iter().enumerate() {
        let Some(row) = work.row(key).await? else { return Ok(()) };
        if is_deleted(&plans.model, &row) || !concerned(work, exclusive, key).await? {
            continue;
        }
        let Some(filters) = filters(exclusive, &row) else { continue };
        // The row itself is one of two.
        let mut query = PageQuery::new(key.0, 2);
        query.filters = filters;
        if let Some(predicate) = plans.exclusive.get(&(key.0, at)).cloned() {
            let scope = work.scope();
            let mut values = Vec::new();
            for parameter in predicate.parameters.iter() {
                values.push(work.evaluate(parameter, &scope).await?);
            }
            query.conditions.push(Bound { predicate, values }.into());
        }
        let found = work.store.page(&query).await?;
        let other = |row: &std::sync::Arc<Row>| row_id(&Value::Row(row.clone())) != Some(key.1);
        if found.rows.iter().any(other) {
            let title = "Another one has this time already.";
            return Err(Problem::of_model(409, &exclusive.code, title).into());
        }
    }
    Ok(())
}

/// Whether the key is about the row at all.
async fn concerned<X: Transaction>(
    work: &mut Work<'_, X>,
    exclusive: &Exclusive,
    key: Key,
) -> Result<bool, Failure> {
    let Some(condition) = &exclusive.condition else { return Ok(true) };
    let scope = work.scope().with(VariableIndex::SELF, Value::Uuid(key.1));
    work.holds(condition, &scope).await
}

/// What a row that collides has; `None` where the row has no value to collide by.
fn filters(exclusive: &Exclusive, row: &Row) -> Option<Vec<Filter>> {
    let filter = |at: FieldIndex, comparison, value: &Value| {
        let value = row_id(value).map_or_else(|| value.clone(), Value::Uuid);
        (!value.is_null()).then_some(Filter { field: at, comparison, value })
    };
    let (start, end) = exclusive.overlap;
    let mut filters = Vec::new();
    for &same in &exclusive.same {
        filters.push(filter(same, Comparison::Equal, field(row, same))?);
    }
    filters.push(filter(start, Comparison::Less, field(row, end))?);
    filters.push(filter(end, Comparison::Greater, field(row, start))?);
    Some(filters)
}
