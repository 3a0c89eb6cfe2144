//! Keys against overlapping ranges. SQLite has no constraint for them; with one writer, looking
//! after each write is as good as one.

use decide::Design;
use decide::tables::TENANT_COLUMN;
use expression::EntityId;
use expression::ir::VariableIndex;
use expression::sql::{self, Dialect, Options, TableRow};
use model::model::Exclusive;

use super::{
    codec,
    plan::{Plan, quoted},
};
use crate::store::StoreError;
use crate::store::conditions::ALIAS;
use crate::store::template::Template;

/// The alias of the row that may be in the way.
const OTHER: &str = "other";

/// One key.
#[derive(Debug)]
pub(super) struct Check {
    /// Its code.
    pub code: String,
    /// Finds a row that overlaps the one with the id `?1`.
    pub sql: String,
    /// Finds any two rows that overlap.
    pub any: String,
}

/// The keys of an entity.
pub(super) fn checks(design: &Design, plan: &Plan) -> Result<Vec<Check>, StoreError> {
    let entity = design.model.entities.get(plan.entity.0 as usize);
    let keys = entity.into_iter().flat_map(|entity| &entity.exclusive);
    keys.map(|key| check(design, plan, key)).collect()
}

fn check(design: &Design, plan: &Plan, key: &Exclusive) -> Result<Check, StoreError> {
    let columns = |field| plan.columns.of(field).iter().map(|column| &column.name);
    let (start, end) = key.overlap;
    let mut conditions = Vec::new();
    if plan.pooled {
        let tenant = quoted(TENANT_COLUMN);
        conditions.push(format!("{OTHER}.{tenant} = {ALIAS}.{tenant}"));
    }
    // Nulls are equal to nothing.
    for column in key.same.iter().flat_map(|field| columns(*field)) {
        conditions.push(format!("{OTHER}.{column} = {ALIAS}.{column}"));
    }
    let field = plan.columns.fields.get(usize::from(end.0));
    let open = field.is_some_and(|field| field.ty.is_optional());
    for (start, end) in columns(start).zip(columns(end)) {
        // A range that holds nothing overlaps nothing, nor does one without a start. Without an end
        // it goes on.
        let pairs = [(ALIAS, ALIAS), (OTHER, OTHER), (OTHER, ALIAS), (ALIAS, OTHER)];
        conditions.extend(pairs.map(|(one, of)| match open {
            true => format!(
                "{one}.{start} IS NOT NULL AND ({of}.{end} IS NULL OR {one}.{start} < {of}.{end})"
            ),
            false => format!("{one}.{start} < {of}.{end}"),
        }));
    }
    for alias in [ALIAS, OTHER] {
        conditions.extend(plan.deleted_at.iter().map(|column| format!("{alias}.{column} IS NULL")));
        conditions.extend(condition(design, plan.entity, key, alias)?);
    }
    let table = &plan.table;
    let find = |which: &str| {
        format!(
            "SELECT 1 FROM {table} AS {ALIAS} CROSS JOIN {table} AS {OTHER} \
             WHERE {which} AND {} LIMIT 1",
            conditions.join(" AND ")
        )
    };
    Ok(Check {
        code: key.code.value.clone(),
        sql: find(&format!("{ALIAS}.\"id\" = ?1 AND {OTHER}.\"id\" <> ?1")),
        any: find(&format!("{ALIAS}.\"id\" < {OTHER}.\"id\"")),
    })
}

/// Which rows the key is about.
fn condition(
    design: &Design,
    entity: EntityId,
    key: &Exclusive,
    alias: &str,
) -> Result<Option<String>, StoreError> {
    let Some(condition) = &key.condition else { return Ok(None) };
    let row = TableRow { variable: VariableIndex::SELF, entity, alias: alias.to_owned() };
    let options = Options { row: Some(row), first_parameter: 1 };
    let unsupported = |why| StoreError::Unsupported {
        message: format!("`exclusive` key `{}`: {why}", key.code.value),
    };
    let fragment = sql::compile(condition, Dialect::Sqlite, design, &options)
        .map_err(|error| unsupported(error.why))?;
    let (template, parameters) = Template::new(fragment, Dialect::Sqlite, codec::literal);
    if !parameters.is_empty() {
        return Err(unsupported("its condition may depend on the row alone".to_owned()));
    }
    Ok(Some(format!("({})", template.numbered_from(2))))
}
