//! Tables that are divided, as `partitioning` decides: how they are declared, and what makes the
//! next partitions and drops those whose time is over (`sql/partitions.sql`).

use decide::{
    Design, bridge,
    design::Table,
    partitions::{self, By, Partitioning, Period},
    retention::{self, Ending},
};
use expression::{Type, sql::Dialect};
use model::model::BuiltIn;

use super::columns::names;
use super::text::{quoted, sorted, table as table_name};
use crate::Artifact;

/// Partitions that are made ahead.
const AHEAD: u32 = 3;

/// How a table is divided, if the verdict says that it is.
fn division(design: &Design, table: &Table) -> Option<Partitioning> {
    let entity = design.model.entity(table.entity);
    let name = entity.name.value.as_str();
    let divided = design.verdicts.iter().any(|of| {
        let about = of.subject == name || of.subject.ends_with(&format!(".{name}"));
        of.family == "partitioning" && of.choice != "none" && about
    });
    let all = divided.then(|| partitions::of(design))?;
    all.into_iter().find(|of| of.entity == table.entity && of.by != By::Nothing)
}

/// The column that an entity's table is divided by; rows of its parts follow their owner's id, and
/// stay together where that is not what divides.
fn column(design: &Design, table: &Table, by: By) -> Option<(String, bool)> {
    let entity = design.model.entity(table.entity);
    let (By::Time { column, .. } | By::Hash { column, .. }) = by else { return None };
    let field = entity.fields.get(usize::from(column.0))?;
    let base = table.columns.get(usize::from(column.0))?;
    let name = names(design, &field.ty, base).into_iter().next()?;
    let id = entity.built_in(BuiltIn::Id);
    // Every key of a divided table holds what divides it.
    let keyed = if id.is_some() { id == Some(column) } else { entity.identity.contains(&column) };
    keyed.then_some((name, id == Some(column)))
}

/// ` PARTITION BY ..` of an entity's table; empty where it is one heap.
pub fn of_entity(design: &Design, table: &Table, dialect: Dialect) -> String {
    declared(design, table, dialect).map_or_else(String::new, |(by, column, _)| clause(by, &column))
}

/// The same of its parts.
pub fn of_part(design: &Design, table: &Table, dialect: Dialect) -> String {
    let by_id = declared(design, table, dialect).filter(|(_, _, by_id)| *by_id);
    by_id.map_or_else(String::new, |(by, _, _)| clause(by, "\"owner_id\""))
}

fn declared(design: &Design, table: &Table, dialect: Dialect) -> Option<(By, String, bool)> {
    if dialect != Dialect::PostgreSql || bridge::divided(table) {
        return None;
    }
    let by = division(design, table)?.by;
    let (column, by_id) = column(design, table, by)?;
    Some((by, column, by_id))
}

fn clause(by: By, column: &str) -> String {
    match by {
        By::Time { .. } => format!(" PARTITION BY RANGE ({column})"),
        By::Hash { .. } => format!(" PARTITION BY HASH ({column})"),
        By::Nothing | By::Tenant { .. } => String::new(),
    }
}

/// The partitions that do not depend on the time of day: all of a hash, and the one of a range that
/// takes what fits nowhere else, so that no row is ever refused.
pub fn first(design: &Design, table: &Table, name: &str, dialect: Dialect) -> Vec<String> {
    let Some((by, _, by_id)) = declared(design, table, dialect) else { return Vec::new() };
    let own = table_name(&table.schema, &table.name, dialect);
    if name != own && !by_id {
        return Vec::new();
    }
    let partition = |suffix: &str| format!("{}_{suffix}\"", name.trim_end_matches('"'));
    match by {
        By::Time { .. } => {
            let other = partition("default");
            vec![format!("CREATE TABLE {other} PARTITION OF {name} DEFAULT")]
        }
        By::Hash { partitions, .. } => (0..partitions)
            .map(|at| {
                let other = partition(&format!("p{at}"));
                format!(
                    "CREATE TABLE {other} PARTITION OF {name} \
                     FOR VALUES WITH (MODULUS {partitions}, REMAINDER {at})"
                )
            })
            .collect(),
        By::Nothing | By::Tenant { .. } => Vec::new(),
    }
}

/// The script for tables that are divided by time; none where there is no such table.
pub fn artifact(design: &Design) -> Option<Artifact> {
    let system = design.model.system.name.replace(['\n', '\r'], " ");
    let mut body = String::new();
    for table in sorted(design) {
        let Some((By::Time { period, .. }, column, by_id)) =
            declared(design, table, Dialect::PostgreSql)
        else {
            continue;
        };
        let uuid = by_id || is_uuid(design, table, &column);
        let kept = kept(design, table);
        let parts = table.parts.iter().map(|part| &part.name).filter(|_| by_id);
        for name in std::iter::once(&table.name).chain(parts) {
            let on = table_name(&table.schema, name, Dialect::PostgreSql);
            body += &format!("\n{};\n", block(&on, name, period, uuid, kept));
        }
    }
    let contents = format!(
        "-- {system}: makes the next partitions, and drops those whose time is over.\n\
         -- To be run once a day, and once right after the tables were made.\n{body}"
    );
    (!body.is_empty()).then(|| Artifact { path: "sql/partitions.sql".to_owned(), contents })
}

fn is_uuid(design: &Design, table: &Table, column: &str) -> bool {
    let fields = &design.model.entity(table.entity).fields;
    fields.iter().zip(&table.columns).any(|(field, base)| {
        matches!(field.ty.required(), Type::Uuid | Type::Reference(_)) && quoted(base) == column
    })
}

/// Seconds after which whole partitions may go: where rows are deleted a fixed time after they
/// were made.
fn kept(design: &Design, table: &Table) -> Option<f64> {
    let of = retention::entity(design.facts(), table.entity);
    let since_made = matches!(of.since, retention::Since::Created);
    let seconds = of.seconds.as_ref().map(|seconds| seconds.value);
    seconds.filter(|_| of.ending == Ending::Delete && since_made)
}

fn block(on: &str, name: &str, period: Period, uuid: bool, kept: Option<f64>) -> String {
    let unit = period.name();
    // The first 48 bits of a UUID version 7 are milliseconds since 1970.
    let bound = |time: &str| {
        if uuid {
            format!(
                "(lpad(to_hex((extract(epoch FROM {time}) * 1000)::bigint), 12, '0') \
                 || repeat('0', 20))::uuid"
            )
        } else {
            time.to_owned()
        }
    };
    let schema = on.split('.').next().unwrap_or_default();
    let prefix = name.replace('\'', "''");
    let drop = kept.map_or_else(String::new, |seconds| {
        format!(
            "\n  FOR part IN\n    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = \
             i.inhrelid\n    WHERE i.inhparent = '{on}'::regclass AND c.relname ~ '_p[0-9]{{8}}$'\n      \
             AND to_date(right(c.relname, 8), 'YYYYMMDD') + interval '1 {unit}' < now() - \
             interval '{seconds:.0} seconds'\n  LOOP\n    EXECUTE format('DROP TABLE \
             {schema}.%I', part);\n  END LOOP;"
        )
    });
    format!(
        "DO $$\nDECLARE\n  at timestamptz;\n  part text;\nBEGIN\n  FOR step IN 0..{AHEAD} LOOP\n    \
         at := date_trunc('{unit}', now(), 'UTC') + step * interval '1 {unit}';\n    \
         part := left('{prefix}', 52) || '_p' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD');\n    \
         EXECUTE format('CREATE TABLE IF NOT EXISTS {schema}.%I PARTITION OF {on} FOR VALUES FROM \
         (%L) TO (%L)',\n      part, {}, {});\n  END LOOP;{drop}\nEND $$",
        bound("at"),
        bound(&format!("(at + interval '1 {unit}')"))
    )
}
