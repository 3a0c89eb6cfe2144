//! Rows that are stored are asked what the model demands of them, before anything is changed.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Instant;

use expression::sql::encoding::{self, SqlValue};
use expression::{Schema, Type, Value};
use rusqlite::{Connection, ErrorCode, Row};

use super::super::codec::{self, Bind};
use super::super::failure;
use crate::store::StoreError;
use crate::store::demands::{Count, Found, LONGEST, Look, Looked, Part, Questions};

/// Rows between two looks at the clock.
const ROWS: u32 = 1000;

/// What stored rows have against the model. Where something else stands against it already
/// (`lenient`), a statement that the tables as they are have no sense for tells nothing.
///
/// # Errors
/// [`StoreError::Unusable`] where it takes too long.
pub(super) fn ask(
    connection: &Connection,
    questions: &Questions<'_>,
    schema: &Schema,
    lenient: bool,
) -> Result<Vec<String>, StoreError> {
    if questions.counts.is_empty() && questions.looks.is_empty() {
        return Ok(Vec::new());
    }
    // A statement that goes on for too long is ended by somebody else.
    let statement = connection.get_interrupt_handle();
    let (done, ends) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if ends.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                statement.interrupt();
            }
        });
        let told = ask_all(connection, questions, schema, (Instant::now(), lenient));
        drop(done);
        told
    })
}

fn ask_all(
    connection: &Connection,
    questions: &Questions<'_>,
    schema: &Schema,
    (started, lenient): (Instant, bool),
) -> Result<Vec<String>, StoreError> {
    let mut told = Vec::new();
    for asked in &questions.counts {
        match count(connection, asked) {
            Ok(found) => told.extend(asked.told(&found)),
            Err(error) if interrupted(&error) => return Err(too_long()),
            Err(_) if lenient => {}
            Err(error) => return Err(failure::plain(&error)),
        }
    }
    for asked in &questions.looks {
        match look(connection, asked, schema, started) {
            Ok(found) => told.extend(asked.told(&found)),
            Err(StoreError::Failed { .. }) if lenient => {}
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

fn interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

fn too_long() -> StoreError {
    StoreError::Unusable { message: crate::store::demands::too_long() }
}

fn count(connection: &Connection, asked: &Count) -> rusqlite::Result<Vec<Found>> {
    connection.query_row(&asked.sql, (), |row| {
        let pair = |at: usize| {
            let rows: i64 = row.get(2 * at)?;
            let example = row.get_ref(2 * at + 1)?.as_blob().ok();
            let example = example.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
            Ok(Found {
                rows: u64::try_from(rows).unwrap_or_default(),
                example: example.map(u128::from_be_bytes),
                code: None,
            })
        };
        (0..asked.judged.len()).map(pair).collect()
    })
}

fn look(
    connection: &Connection,
    look: &Look<'_>,
    schema: &Schema,
    started: Instant,
) -> Result<Vec<Found>, StoreError> {
    let mut found = look.nothing();
    let mut statement = connection.prepare(&look.sql)?;
    let mut parts = Vec::with_capacity(look.parts.len());
    for part in &look.parts {
        let sql = format!("{} = ?1 ORDER BY part.\"position\"", part.sql);
        parts.push((connection.prepare(&sql)?, part));
    }
    let mut rows = statement.query(())?;
    let mut looked_at = 0_u32;
    let next = |error: rusqlite::Error| match interrupted(&error) {
        true => too_long(),
        false => failure::plain(&error),
    };
    while let Some(row) = rows.next().map_err(next)? {
        looked_at = looked_at.wrapping_add(1);
        if looked_at.is_multiple_of(ROWS) && started.elapsed() > LONGEST {
            return Err(too_long());
        }
        let id = if look.has_id { codec::id(row, 0).ok() } else { None };
        let values = values(row, usize::from(look.has_id), &look.fields, schema)?;
        let mut of_parts = Vec::with_capacity(parts.len());
        for (statement, part) in &mut parts {
            of_parts.push(rows_of(statement, part, id, schema)?);
        }
        look.at(Looked { id, values, parts: of_parts }, &mut found);
    }
    Ok(found)
}

/// The rows of a part of one row.
fn rows_of(
    statement: &mut rusqlite::Statement<'_>,
    part: &Part,
    owner: Option<u128>,
    schema: &Schema,
) -> Result<Vec<Arc<[Value]>>, StoreError> {
    let Some(owner) = owner else { return Ok(Vec::new()) };
    let mut rows = statement.query([Bind::id(owner)])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let values = values(row, 1, &part.fields, schema)?;
        all.push(values.into_iter().map(Option::unwrap_or_default).collect());
    }
    Ok(all)
}

/// The values of fields whose columns start at a place; nothing for what is no value of its type.
fn values(
    row: &Row<'_>,
    mut at: usize,
    fields: &[(Type, usize)],
    schema: &Schema,
) -> Result<Vec<Option<Value>>, StoreError> {
    let mut all = Vec::with_capacity(fields.len());
    let mut raw: Vec<SqlValue> = Vec::with_capacity(2);
    for (ty, columns) in fields {
        raw.clear();
        for column in at..at + columns {
            raw.push(codec::sql_value(row.get_ref(column)?)?);
        }
        at += columns;
        all.push(encoding::decode(&raw, ty, schema).ok());
    }
    Ok(all)
}
