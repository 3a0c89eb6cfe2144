//! The same rows in SQLite and PostgreSQL.

use std::borrow::Cow;

use expression::sql::encoding::{Encoding, column_type, columns};
use expression::sql::{
    DISTANCE, Dialect, Fragment, Layout, Options, SqlValue, TableName, TableRow, encode,
    encode_postgresql, quote, wide,
};
use expression::value::Geo;
use expression::{
    EntityId, Environment, EvaluationError, FieldIndex, FieldShape, PartId, Row, Schema, Value,
    distance,
};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};

use super::world::World;
use crate::fixture::ORDER;
use expression::ir::VariableIndex;

/// Tables named like the entities.
pub struct Names<'a>(pub &'a Schema);

impl Names<'_> {
    /// Two, so that the tests need not wait for each other.
    fn namespace(&self) -> Cow<'static, str> {
        let several = self.0.settings.currencies.len() > 1;
        Cow::Borrowed(if several { "several" } else { "test" })
    }
}

impl Layout for Names<'_> {
    fn schema(&self) -> &Schema {
        self.0
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        let shape = self.0.entity(entity);
        TableName { schema: self.namespace(), name: Cow::Borrowed(&shape.name) }
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        let name = format!("{}_{}", self.0.entity(part.entity).name, self.0.part(part).name);
        TableName { schema: self.namespace(), name: Cow::Owned(name) }
    }

    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str> {
        Cow::Borrowed(&self.0.entity(entity).fields[usize::from(field.0)].name)
    }

    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str> {
        Cow::Borrowed(&self.0.part(part).fields[usize::from(field.0)].name)
    }

    fn deleted_at(&self, _: EntityId) -> Option<FieldIndex> {
        None
    }
}

pub fn options() -> Options {
    let alias = "t".to_owned();
    Options {
        row: Some(TableRow { variable: VariableIndex::SELF, entity: ORDER, alias }),
        first_parameter: 1,
    }
}

/// The statements that make the tables.
fn tables(schema: &Schema, dialect: Dialect) -> String {
    let names = Names(schema);
    let mut sql = String::new();
    for (entity, shape) in (0u32..).map(EntityId).zip(&schema.entities) {
        let table = names.table(entity).sql(dialect);
        sql += &create(&table, "", &shape.fields, schema, dialect);
        for (index, part) in (0u16..).zip(&shape.parts) {
            let table = names.part_table(PartId { entity, index }).sql(dialect);
            let key = match dialect {
                Dialect::Sqlite => "owner_id BLOB, position INTEGER, ",
                Dialect::PostgreSql => "owner_id uuid, position bigint, ",
            };
            sql += &create(&table, key, &part.fields, schema, dialect);
        }
    }
    sql
}

/// The statements that fill the tables.
fn rows(world: &World, dialect: Dialect) -> String {
    let names = Names(&world.schema);
    world.rows.iter().map(|((_, id), row)| insert(&names, *id, row, dialect)).collect()
}

fn create(
    table: &str,
    key: &str,
    fields: &[FieldShape],
    schema: &Schema,
    dialect: Dialect,
) -> String {
    let columns = fields.iter().flat_map(|field| {
        let name = move |suffix: &str| quote(&format!("{}{suffix}", field.name));
        columns(&field.ty, schema).into_iter().map(move |column| {
            let ty = column_type(&column, &field.ty, schema, dialect);
            format!("{} {ty}", name(column.suffix))
        })
    });
    format!("CREATE TABLE {table} ({key}{});\n", columns.collect::<Vec<_>>().join(", "))
}

fn insert(names: &Names<'_>, id: u128, row: &Row, dialect: Dialect) -> String {
    let shape = names.0.entity(row.entity);
    let table = names.table(row.entity).sql(dialect);
    let values = literals(&row.fields, &shape.fields, names.0, dialect);
    let mut sql = format!("INSERT INTO {table} VALUES ({values});\n");
    for (index, rows) in (0u16..).zip(&row.parts) {
        let part = PartId { entity: row.entity, index };
        let table = names.part_table(part).sql(dialect);
        for (position, row) in rows.iter().enumerate() {
            let owner = literal(&Value::Uuid(id), Encoding::Uuid, dialect);
            let values = literals(row, &names.0.part(part).fields, names.0, dialect);
            sql += &format!("INSERT INTO {table} VALUES ({owner}, {position}, {values});\n");
        }
    }
    sql
}

fn literals(values: &[Value], fields: &[FieldShape], schema: &Schema, dialect: Dialect) -> String {
    let all = values.iter().zip(fields).flat_map(|(value, field)| {
        let columns = columns(&field.ty, schema).into_iter();
        columns.map(move |column| literal(value, column.encoding, dialect))
    });
    all.collect::<Vec<_>>().join(", ")
}

fn literal(value: &Value, encoding: Encoding, dialect: Dialect) -> String {
    let encoded = match dialect {
        Dialect::Sqlite => encode(value, encoding),
        Dialect::PostgreSql => encode_postgresql(value, encoding),
    };
    match encoded.expect("an encodable value") {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => format!("{number:e}"),
        SqlValue::Text(text) => format!("'{}'", text.replace('\'', "''")),
        SqlValue::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
        }
    }
}

/// What a database answers for one order: `None` is NULL, a failure.
pub type Answer = Option<bool>;

fn statement(world: &World, fragment: &Fragment, dialect: Dialect, id: u128) -> String {
    let table = Names(&world.schema).table(ORDER).sql(dialect);
    let id = literal(&Value::Uuid(id), Encoding::Uuid, dialect);
    format!("SELECT {} FROM {table} AS t WHERE t.\"id\" = {id}", fragment.sql)
}

pub struct Sqlite(rusqlite::Connection);

impl Sqlite {
    pub fn new(world: &World) -> Self {
        let connection = rusqlite::Connection::open_in_memory().expect("SQLite in memory");
        register(&connection).expect("functions");
        let dialect = Dialect::Sqlite;
        let script = tables(&world.schema, dialect) + &rows(world, dialect);
        connection.execute_batch(&script).expect("tables and rows");
        Self(connection)
    }

    pub fn ask(
        &self,
        world: &World,
        fragment: &Fragment,
        environment: &Environment<'_>,
        id: u128,
    ) -> Result<Answer, EvaluationError> {
        let values = fragment.bind(environment, Dialect::Sqlite)?;
        let values = values.into_iter().map(|value| match value {
            SqlValue::Null => Stored::Null,
            SqlValue::Integer(number) => Stored::Integer(number),
            SqlValue::Real(number) => Stored::Real(number),
            SqlValue::Text(text) => Stored::Text(text.to_string()),
            SqlValue::Blob(bytes) => Stored::Blob(bytes),
        });
        let sql = statement(world, fragment, Dialect::Sqlite, id);
        let answer = self
            .0
            .query_row(&sql, rusqlite::params_from_iter(values), |row| row.get::<_, Answer>(0))
            .unwrap_or_else(|error| panic!("SQLite: {error}\n{sql}"));
        Ok(answer)
    }
}

fn register(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let number = |arguments: &Context<'_>, at| match arguments.get_raw(at) {
        ValueRef::Integer(number) => Some(i128::from(number)),
        ValueRef::Blob(bytes) => wide::from_blob(bytes),
        ValueRef::Null => None,
        other => panic!("a wide function of {other:?}"),
    };
    let blob = |number: Option<i128>| {
        let blob = number.map(|number| Stored::Blob(wide::to_blob(number).to_vec()));
        ToSqlOutput::Owned(blob.unwrap_or(Stored::Null))
    };
    for (name, operation) in wide::FUNCTIONS {
        connection.create_scalar_function(name, 2, flags, move |arguments| {
            let numbers = number(arguments, 0).zip(number(arguments, 1));
            Ok(blob(numbers.map(|(a, b)| operation(a, b).expect("no overflow"))))
        })?;
    }
    connection.create_scalar_function(wide::WIDEN, 1, flags, move |arguments| {
        Ok(blob(number(arguments, 0)))
    })?;
    connection.create_scalar_function(DISTANCE, 4, flags, |arguments| {
        let at = |at| arguments.get::<f64>(at);
        let (from, to) = ((at(0)?, at(1)?), (at(2)?, at(3)?));
        let place = |(latitude, longitude)| Geo { latitude, longitude };
        Ok(distance(&place(from), &place(to)))
    })
}

/// A connection to the server that the environment names, if it names one.
pub fn postgresql() -> Option<postgres::Client> {
    let Ok(url) = std::env::var("FIRMITAS_TEST_POSTGRES") else {
        eprintln!("FIRMITAS_TEST_POSTGRES is not set: PostgreSQL is not compared");
        return None;
    };
    Some(postgres::Client::connect(&url, postgres::NoTls).expect("the PostgreSQL of the test"))
}

pub struct PostgreSql<'c>(postgres::Transaction<'c>);

impl<'c> PostgreSql<'c> {
    /// The tables, in a transaction that is never committed.
    pub fn tables(schema: &Schema, client: &'c mut postgres::Client) -> postgres::Transaction<'c> {
        let mut transaction = client.transaction().expect("a transaction");
        let (name, script) = (Names(schema).namespace(), tables(schema, Dialect::PostgreSql));
        transaction
            // Tables without statistics look huge: compiling each query would take longest.
            .batch_execute(&format!("SET LOCAL jit = off; CREATE SCHEMA {name}; {script}"))
            .unwrap_or_else(|error| panic!("{error:?}\n{script}"));
        transaction
    }

    /// The rows, until this is dropped.
    pub fn new(world: &World, tables: &'c mut postgres::Transaction<'_>) -> Self {
        let mut transaction = tables.transaction().expect("a savepoint");
        let script = rows(world, Dialect::PostgreSql);
        transaction.batch_execute(&script).unwrap_or_else(|error| panic!("{error:?}\n{script}"));
        Self(transaction)
    }

    pub fn ask(
        &mut self,
        world: &World,
        fragment: &Fragment,
        environment: &Environment<'_>,
        id: u128,
    ) -> Result<Answer, EvaluationError> {
        let values = fragment.bind(environment, Dialect::PostgreSql)?;
        let values: Vec<Option<String>> = values
            .into_iter()
            .map(|value| match value {
                SqlValue::Null => None,
                SqlValue::Text(text) => Some(text.to_string()),
                other => panic!("PostgreSQL is bound text, not {other:?}"),
            })
            .collect();
        let values: Vec<&(dyn postgres::types::ToSql + Sync)> =
            values.iter().map(|value| value as _).collect();
        let sql = statement(world, fragment, Dialect::PostgreSql, id);
        let row = self.0.query_one(&sql, &values);
        Ok(row.unwrap_or_else(|error| panic!("PostgreSQL: {error:?}\n{sql}")).get(0))
    }
}
