//! What stored rows have against a model, in the words of the model, with what a person can do.

use decide::tables::TENANT_COLUMN;

/// Values for which there is no field any more.
#[must_use]
pub fn no_field(
    called: &str,
    table: &str,
    column: &str,
    meaning: &str,
    rows: Option<i64>,
) -> String {
    let rows = rows.map_or_else(String::new, |rows| format!(" in {rows} rows"));
    let (what, remedy) = match column {
        TENANT_COLUMN => (
            "says whose its rows are, and the model has no tenants any more",
            "keep `tenancy`, or start with empty data and load the rows of one tenant there",
        ),
        "deleted_at" => (
            "says which rows were deleted softly, and without it they would be back",
            "keep `soft_delete`; or let the model before remove those rows first, with `retain: 1d \
             after deleted_at`",
        ),
        "status" => (
            "holds values, and the model has neither states nor a field for them any more",
            "keep them, or declare a field `status` in place of states: an `enum` of the same names",
        ),
        "updated_at" | "version" => (
            "holds values, and rows that are only appended have none",
            "leave `append_only` out, or make another entity for what is only appended",
        ),
        "id" => (
            "holds values, and rows that have an `identity` of their own have none",
            "leave `identity` out, or make another entity with it",
        ),
        _ => {
            return format!(
                "{called}: the column `{table}.{column}` ({meaning}) holds values that the model \
                 has no field for any more{rows}; keep the field (`internal` hides it)"
            );
        }
    };
    format!("{called}: the column `{table}.{column}` {what}{rows}; {remedy}")
}

/// Rows without a value that the model demands.
#[must_use]
pub fn no_value(called: &str, table: &str, column: &str) -> String {
    if column == TENANT_COLUMN {
        return format!(
            "{called}: the rows of `{table}` belong to no tenant, and the model wants one for each: \
             nothing says whose they are; make the entity `shared: true`, or start with empty data \
             and load them there for each tenant"
        );
    }
    format!(
        "{called}: `{column}` is required, and rows of `{table}` are stored without it; give it a \
         default, or make it optional"
    )
}

/// Values that would mean something else.
#[must_use]
pub fn another_meaning(called: &str, column: &str, before: &str, after: &str) -> String {
    format!(
        "{called}: the column `{column}` holds {before}, the model now wants {after}; give the \
         field another name, or keep its type"
    )
}

/// A table for which there is no entity or part any more.
#[must_use]
pub fn no_table(table: &str, rows: i64) -> String {
    format!(
        "the table `{table}` holds {rows} rows that the model has no place for any more; keep the \
         entity or part, or delete the rows first"
    )
}

/// A table whose rows belong to no tenant, where each tenant has a file of its own now.
#[must_use]
pub fn no_file(table: &str, rows: i64) -> String {
    format!(
        "the table `{table}` holds {rows} rows of no tenant or of several, and the model wants them \
         in a file for each tenant: nothing moves them by itself; make the entity `shared: true`, \
         take `isolation: pool` where tenants share tables now, or start with empty data and load \
         them there for each tenant"
    )
}

/// A column that a later model demands and an earlier one would not write.
#[must_use]
pub fn unknown(called: &str, table: &str, column: &str) -> String {
    format!(
        "{called}: a later model demands `{column}` of every row of `{table}` and gives it no \
         default: this model could add none"
    )
}

/// Rows that share values of a key which is unique from now on; how many and the id of one of them,
/// where that is known.
#[must_use]
pub fn shared_key(
    called: &str,
    table: &str,
    key: &str,
    found: Option<(i64, Option<u128>)>,
) -> String {
    let found = found.map_or_else(String::new, |(rows, example)| {
        let example = example
            .map_or_else(String::new, |id| format!(" (for example {})", uuid::Uuid::from_u128(id)));
        format!(" in {rows} rows{example}")
    });
    format!(
        "{called}: stored rows of `{table}` already share values of a key that is now unique \
         (`{key}`){found}; make them distinct first"
    )
}
