//! What is stored, as far as it stands against a change.

use runtime::store::differences::{another_meaning, no_table, shared_key};
use runtime::store::meaning::Columns;
use runtime::store::tables::quoted;
use tokio_postgres::{Error, Transaction};

use super::statement::{self, Statement};
use super::{Changes, Key, Trouble, Words, table};

/// Finds columns whose values would mean something else, where the meaning before does not fit.
pub(super) async fn bent(
    transaction: &Transaction<'_>,
    words: &Words,
    known: &Columns,
    fits: impl Fn(&str, &str) -> bool,
    changes: &mut Changes,
) -> Result<(), Trouble> {
    for (on, key) in &words.keys {
        for ((_, column), before) in known.iter().filter(|((of, _), _)| of == key) {
            let meant = words.meanings.columns.get(&(key.clone(), column.clone()));
            let Some(after) = meant.filter(|after| !fits(before, after)) else { continue };
            if holds(transaction, on, column).await? {
                let column = format!("{}.{column}", plain(on));
                let told = another_meaning(&words.called(on), &column, before, after);
                changes.differences.push(told);
            }
        }
    }
    Ok(())
}

/// Asks whether rows share values of keys that are new. Where a key is of new columns, that shows
/// when its index is built.
pub(super) fn keys(words: &Words, new: &[&String], installed: &[String], changes: &mut Changes) {
    for sql in new {
        let Statement::Index { name, table, unique: true } = statement::of(sql) else { continue };
        if !installed.iter().any(|before| table::name(before) == Some(table)) {
            continue;
        }
        let Some((columns, rows)) = indexed(sql) else { continue };
        let fresh = |(of, column): &(String, String)| of == table && columns.contains(column);
        if changes.added.iter().any(fresh) {
            continue;
        }
        let rows = rows.map_or_else(String::new, |rows| format!(" WHERE {rows}"));
        let columns = columns.replace(" DESC", "").replace(" NULLS LAST", "");
        let made = installed.iter().find(|before| table::name(before) == Some(table));
        let has_id = made.is_some_and(|sql| sql.contains("\n  \"id\" uuid"));
        let id = if has_id { "min(\"id\"::text)" } else { "NULL::text" };
        changes.keys.push(Key {
            // Nulls differ from each other.
            sql: format!(
                "SELECT coalesce(sum(n), 0)::bigint, min(id) FROM (SELECT count(*) AS n, \
                 {id} AS id FROM {table}{rows} GROUP BY {columns} \
                 HAVING count(*) > 1 AND num_nulls({columns}) = 0) AS shared"
            ),
            called: words.called(table),
            table: plain(table),
            name: plain(name),
        });
    }
}

/// What stored rows have against what is tested.
pub(super) async fn tested(
    transaction: &Transaction<'_>,
    changes: &mut Changes,
) -> Result<Vec<String>, Trouble> {
    let mut differences = Vec::new();
    for Key { sql, called, table, name } in std::mem::take(&mut changes.keys) {
        let row = transaction.query_one(&sql, &[]).await?;
        let (rows, id): (i64, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
        let id = id.and_then(|id| u128::from_str_radix(&id.replace('-', ""), 16).ok());
        if rows > 0 {
            differences.push(shared_key(&called, &table, &name, Some((rows, id))));
        }
    }
    for test in std::mem::take(&mut changes.tests) {
        if transaction.query_one(&test.sql, &[]).await?.try_get(0)? {
            differences.push(test.difference);
        }
    }
    Ok(differences)
}

/// The columns of an index, and which rows are in it.
fn indexed(sql: &str) -> Option<(&str, Option<&str>)> {
    let (_, rest) = sql.split_once(" (")?;
    match rest.split_once(") WHERE ") {
        Some((columns, rows)) => Some((columns, Some(rows))),
        None => rest.strip_suffix(')').map(|columns| (columns, None)),
    }
}

/// Removes a table, if it holds nothing.
pub(super) async fn removal(
    transaction: &Transaction<'_>,
    name: &str,
    changes: &mut Changes,
) -> Result<(), Trouble> {
    if !there(transaction, name).await? {
        return Ok(());
    }
    let count = format!("SELECT count(*) FROM {name}");
    match transaction.query_one(&count, &[]).await?.try_get::<_, i64>(0)? {
        0 => changes.step(name, format!("DROP TABLE IF EXISTS {name} CASCADE")),
        rows => changes.differences.push(no_table(&plain(name), rows)),
    }
    Ok(())
}

async fn there(transaction: &Transaction<'_>, table: &str) -> Result<bool, Error> {
    let there = "SELECT to_regclass($1) IS NOT NULL";
    transaction.query_one(there, &[&table]).await?.try_get(0)
}

/// Whether a table has a row.
pub(super) async fn any(transaction: &Transaction<'_>, table: &str) -> Result<bool, Trouble> {
    let any = format!("SELECT EXISTS (SELECT FROM {table})");
    Ok(transaction.query_one(&any, &[]).await?.try_get(0)?)
}

/// Whether a column holds a value.
pub(super) async fn holds(
    transaction: &Transaction<'_>,
    on: &str,
    column: &str,
) -> Result<bool, Trouble> {
    let there = transaction
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) \
             AND attname = $2 AND NOT attisdropped)",
            &[&on, &column],
        )
        .await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    let column = quoted(column);
    let any = format!("SELECT EXISTS (SELECT FROM {on} WHERE {column} IS NOT NULL)");
    Ok(transaction.query_one(&any, &[]).await?.try_get(0)?)
}

/// How many rows hold something in a column that they did not get when the column came.
pub(super) async fn given(
    transaction: &Transaction<'_>,
    on: &str,
    column: &str,
) -> Result<i64, Trouble> {
    let default = "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute AS a \
                   JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                   WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped";
    let default = transaction.query_opt(default, &[&on, &column]).await?;
    let default: Option<String> = default.map(|row| row.try_get(0)).transpose()?;
    let column = quoted(column);
    let others =
        default.map_or_else(String::new, |value| format!(" AND {column} IS DISTINCT FROM {value}"));
    let count = format!("SELECT count(*) FROM {on} WHERE {column} IS NOT NULL{others}");
    Ok(transaction.query_one(&count, &[]).await?.try_get(0)?)
}

/// Whether whoever leaves a column out gets a value in it all the same.
pub(super) async fn is_filled(
    transaction: &Transaction<'_>,
    table: &str,
    column: &str,
) -> Result<bool, Trouble> {
    let asked = "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) \
                 AND attname = $2 AND (atthasdef OR NOT attnotnull))";
    Ok(transaction.query_one(asked, &[&table, &column]).await?.try_get(0)?)
}

/// The names of the checks of one column, quoted.
pub(super) async fn checks(
    transaction: &Transaction<'_>,
    name: &str,
    column: &str,
) -> Result<Vec<String>, Trouble> {
    let asked = transaction
        .query(
            "SELECT quote_ident(c.conname) FROM pg_constraint c JOIN pg_attribute a \
             ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum] \
             WHERE c.conrelid = to_regclass($1) AND c.contype = 'c' AND a.attname = $2",
            &[&name, &column.trim_matches('"')],
        )
        .await?;
    Ok(asked.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// The names of the foreign keys of these columns (quoted, with commas between), quoted.
pub(super) async fn foreign_keys(
    transaction: &Transaction<'_>,
    table: &str,
    columns: &str,
) -> Result<Vec<String>, Trouble> {
    let columns: Vec<&str> = columns.split(", ").map(|column| column.trim_matches('"')).collect();
    let asked = transaction
        .query(
            "SELECT quote_ident(c.conname) FROM pg_constraint c \
             WHERE c.conrelid = to_regclass($1) AND c.contype = 'f' AND $2::text[] = \
             ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (num, at) \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = num ORDER BY at)",
            &[&table, &columns],
        )
        .await?;
    Ok(asked.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// A quoted name for people.
pub(super) fn plain(name: &str) -> String {
    name.replace('"', "")
}
