//! Rows that are stored are asked what the model demands of them, before anything is changed. What
//! servers of the model before write meanwhile is not asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use decide::tenancy;
use expression::sql::Dialect;
use expression::{Schema, Type, Value};
use futures_util::TryStreamExt as _;
use runtime::store::StoreError;
use runtime::store::demands::{self, Count, Demands, Found, ID, Look, Looked, Part, Shapes};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row, Transaction};

use super::{There, Trouble, Words};
use crate::decode;

/// Rows that are read at once where their parts are read too.
const TOGETHER: usize = 500;

/// Everything that is known when rows are asked.
pub(super) struct Asking<'a> {
    pub words: &'a Words,
    pub demands: &'a Demands<'a>,
    pub there: &'a There<'a>,
    pub wanted: &'a [String],
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub differences: Vec<String>,
    /// What was not asked.
    pub notes: Vec<String>,
}

impl Asking<'_> {
    /// What stored rows have against what is demanded of them; columns whose meaning before does not
    /// fit are left out. Where something else stands against the model already (`lenient`), a
    /// statement that the tables as they are have no sense for tells nothing.
    pub async fn ask(
        &self,
        transaction: &Transaction<'_>,
        fits: impl Fn(&str, &str) -> bool,
        lenient: bool,
    ) -> Result<Told, Trouble> {
        let Self { words, demands, there, wanted } = self;
        let shapes = Shapes::of(
            there.statements.iter().map(String::as_str),
            wanted.iter().map(String::as_str),
            Dialect::PostgreSql,
            (&words.meanings, there.columns),
            &|name| words.keys.get(name).cloned().unwrap_or_default(),
        );
        let bent = there.columns.iter().filter(|(key, before)| {
            let after = words.meanings.columns.get(key);
            after.is_some_and(|after| !fits(before, after))
        });
        let bent: BTreeSet<_> = bent.map(|(key, _)| key.clone()).collect();
        // Rows of tenants that have databases of their own meet nothing that is shared there.
        let apart = tenancy::own_databases(demands.design());
        let reaches = |of, other| !apart || of == other;
        let asked = demands.questions(there.demands, &shapes, &reaches, &bent);
        let schema = &demands.design().model.schema;
        let mut told = Told { notes: asked.notes, ..Told::default() };
        for of in &asked.counts {
            let found = count(transaction, of).await;
            let found = settle(transaction, found, lenient).await?;
            told.differences.extend(of.told(&found.unwrap_or_default()));
        }
        for of in &asked.looks {
            let found = match of.parts.is_empty() {
                true => look(transaction, of, schema).await,
                false => look_at_parts(transaction, of, schema).await,
            };
            let found = settle(transaction, found, lenient).await?;
            told.differences.extend(of.told(&found.unwrap_or_default()));
        }
        Ok(told)
    }
}

/// Where a statement begins that may be undone alone.
async fn mark(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute("SAVEPOINT firmitas_asked").await
}

/// What was found, where anything could be.
async fn settle<T>(
    transaction: &Transaction<'_>,
    found: Result<T, Error>,
    lenient: bool,
) -> Result<Option<T>, Trouble> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
            Err(StoreError::Unusable { message: demands::too_long() }.into())
        }
        Err(error) if lenient && error.as_db_error().is_some() => {
            transaction.batch_execute("ROLLBACK TO SAVEPOINT firmitas_asked").await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn count(transaction: &Transaction<'_>, asked: &Count) -> Result<Vec<Found>, Error> {
    mark(transaction).await?;
    let row = transaction.query_one(&asked.sql, &[]).await?;
    let pair = |at: usize| {
        let rows: i64 = row.try_get(2 * at)?;
        let example: Option<&str> = row.try_get(2 * at + 1)?;
        let example = example.map(|id| id.replace('-', ""));
        Ok(Found {
            rows: u64::try_from(rows).unwrap_or_default(),
            example: example.and_then(|id| u128::from_str_radix(&id, 16).ok()),
            code: None,
        })
    };
    (0..asked.judged.len()).map(pair).collect()
}

/// Reads rows as they come: no more are held than are on their way.
async fn look(
    transaction: &Transaction<'_>,
    look: &Look<'_>,
    schema: &Schema,
) -> Result<Vec<Found>, Error> {
    mark(transaction).await?;
    let mut found = look.nothing();
    let rows = transaction.query_raw(&look.sql, Vec::<i32>::new()).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        look.at(looked(look, &row, schema)?, &mut found);
    }
    Ok(found)
}

/// Reads rows with those of their parts, page by page.
async fn look_at_parts(
    transaction: &Transaction<'_>,
    look: &Look<'_>,
    schema: &Schema,
) -> Result<Vec<Found>, Error> {
    mark(transaction).await?;
    let mut found = look.nothing();
    let mut after = String::new();
    loop {
        let sql =
            format!("SELECT * FROM ({}) AS looked{after} ORDER BY {ID} LIMIT {TOGETHER}", look.sql);
        let rows = transaction.query(&sql, &[]).await?;
        let mut page = rows
            .iter()
            .map(|row| looked(look, row, schema))
            .collect::<Result<Vec<Looked>, Error>>()?;
        let ids: Vec<u128> = page.iter().filter_map(|row| row.id).collect();
        for part in &look.parts {
            let mut of_owners = rows_of(transaction, part, &ids, schema).await?;
            for row in &mut page {
                let own = row.id.and_then(|id| of_owners.remove(&id));
                row.parts.push(own.unwrap_or_default());
            }
        }
        for row in page {
            look.at(row, &mut found);
        }
        let last = ids.last().filter(|_| rows.len() == TOGETHER);
        let Some(last) = last else { return Ok(found) };
        after = format!(" WHERE {ID} > '{last:032x}'::uuid");
    }
}

/// The rows of a part, by their owners.
async fn rows_of(
    transaction: &Transaction<'_>,
    part: &Part,
    owners: &[u128],
    schema: &Schema,
) -> Result<BTreeMap<u128, Vec<Arc<[Value]>>>, Error> {
    let mut ids = String::new();
    for id in owners {
        let comma = if ids.is_empty() { "" } else { "," };
        let _ = write!(ids, "{comma}{id:032x}");
    }
    let sql = format!(
        "{} = ANY('{{{ids}}}'::uuid[]) ORDER BY part.\"owner_id\", part.\"position\"",
        part.sql
    );
    let mut all: BTreeMap<u128, Vec<Arc<[Value]>>> = BTreeMap::new();
    for row in &transaction.query(&sql, &[]).await? {
        let Some(owner) = id(row)? else { continue };
        let values = values(row, 1, &part.fields, schema)?;
        let values = values.into_iter().map(Option::unwrap_or_default).collect();
        all.entry(owner).or_default().push(values);
    }
    Ok(all)
}

fn looked(look: &Look<'_>, row: &Row, schema: &Schema) -> Result<Looked, Error> {
    let id = if look.has_id { id(row)? } else { None };
    let values = values(row, usize::from(look.has_id), &look.fields, schema)?;
    Ok(Looked { id, values, parts: Vec::with_capacity(look.parts.len()) })
}

fn id(row: &Row) -> Result<Option<u128>, Error> {
    let raw: Option<Raw<'_>> = row.try_get(0)?;
    Ok(raw.and_then(|raw| raw.0.try_into().ok()).map(u128::from_be_bytes))
}

/// The values of fields whose columns start at a place; nothing for what is no value of its type.
fn values(
    row: &Row,
    mut at: usize,
    fields: &[(Type, usize)],
    schema: &Schema,
) -> Result<Vec<Option<Value>>, Error> {
    let mut all = Vec::with_capacity(fields.len());
    for (ty, columns) in fields {
        let first: Option<Raw<'_>> = row.try_get(at)?;
        let second: Option<Raw<'_>> = if *columns > 1 { row.try_get(at + 1)? } else { None };
        at += columns;
        let (first, second) = (first.map(|of| of.0), second.map(|of| of.0));
        all.push(decode::value(first, second, ty, schema));
    }
    Ok(all)
}

/// What a column holds, as it was sent.
struct Raw<'r>(&'r [u8]);

impl<'r> tokio_postgres::types::FromSql<'r> for Raw<'r> {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'r [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &tokio_postgres::types::Type) -> bool {
        true
    }
}
