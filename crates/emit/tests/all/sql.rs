//! The tables on SQLite, and on PostgreSQL where `FIRMITAS_TEST_POSTGRES` has a URL.

use std::sync::Arc;

use base::Span;
use decide::Design;
use emit::sql::statements;
use expression::{
    Type,
    sql::{Dialect, encoding::column_type, encoding::columns},
};
use model::model::*;
use rusqlite::Connection;

use crate::small::{self, CUSTOMER, ORDER, PRODUCT, equals, operation, own, text};

/// A model that uses every form of table, column and index.
fn design() -> Design {
    let mut model = small::shop();
    let of = |name: &str| model.shape(PRODUCT).field(name).unwrap();
    let (active, price, weight, place) = (of("active"), of("price"), of("weight"), of("place"));
    let list = operation(&mut model, "browse", OperationKind::List, PRODUCT);
    let browse = &mut model.operations[list];
    browse.condition = Some(own(PRODUCT, active, Type::Bool));
    let sort = |field, descending| Sort { field, descending };
    browse.sort = vec![sort(price, false), sort(weight, true)];
    browse.near = Some(place);
    browse.search = true;
    let list = operation(&mut model, "open", OperationKind::List, ORDER);
    let status = model.shape(ORDER).field("status").unwrap();
    let ty = model.shape(ORDER).fields[usize::from(status.0)].ty.clone();
    let condition = Some(equals(own(ORDER, status, ty), text("it's $1")));
    model.operations[list].by = vec![Grant { actor: ActorId(1), condition, span: Span::default() }];
    let placed_at = model.shape(ORDER).field("placed_at").unwrap();
    let field = |name: &str| model.shape(ORDER).field(name).unwrap();
    let ty = |at: expression::FieldIndex| model.shape(ORDER).fields[usize::from(at.0)].ty.clone();
    let exclusive = Exclusive {
        code: small::spanned("one-at-a-time".into()),
        same: vec![field("customer")],
        overlap: (field("created_at"), placed_at),
        condition: Some(equals(own(ORDER, status, ty(status)), text("open"))),
    };
    model.entities[ORDER.0 as usize].exclusive.push(exclusive);
    model.operations[list].sort = vec![sort(placed_at, true)];
    decide::decide(Arc::new(model)).0
}

fn sqlite() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    for statement in statements(&design(), Dialect::Sqlite) {
        connection.execute_batch(&statement).unwrap_or_else(|why| panic!("{why}\n{statement}"));
    }
    connection
}

fn refused(connection: &Connection, statement: &str) -> String {
    match connection.execute_batch(statement) {
        Ok(()) => panic!("accepted: {statement}"),
        Err(why) => why.to_string(),
    }
}

const PRODUCT_ROW: &str = "INSERT INTO sales_products
    (id, created_at, updated_at, version, code, name, price, weight, active) VALUES";

fn product(connection: &Connection, id: u8, code: &str, name: &str) {
    let row = format!("(zeroblob(15) || X'{id:02x}', 0, 0, 1, '{code}', '{name}', 1250, NULL, 1)");
    let row = row.replace("zeroblob(15) || ", "").replace("X'", &format!("X'{}", "00".repeat(15)));
    connection.execute_batch(&format!("{PRODUCT_ROW} {row}")).unwrap();
}

#[test]
fn sqlite_holds_rows_to_the_types_of_the_model() {
    let connection = sqlite();
    product(&connection, 1, "a", "Table lamp");
    let id = |n: u8| format!("X'{}{n:02x}'", "00".repeat(15));
    let with = |id: &str, code: &str, price: &str, weight: &str, active: &str| {
        let row = format!("({id}, 0, 0, 1, {code}, 'x', {price}, {weight}, {active})");
        refused(&connection, &format!("{PRODUCT_ROW} {row}"))
    };
    assert!(with(&id(1), "'b'", "1", "1", "1").contains("UNIQUE"));
    assert!(with(&id(2), "'a'", "1", "1", "1").contains("sales_products.code"));
    assert!(with(&id(2), "NULL", "1", "1", "1").contains("NOT NULL"));
    assert!(with(&id(2), "''", "1", "1", "1").contains("CHECK"));
    assert!(with(&id(2), "'b'", "-1", "1", "1").contains("CHECK"));
    assert!(with(&id(2), "'b'", "1", "1000000", "1").contains("CHECK"));
    assert!(with(&id(2), "'b'", "1", "1", "2").contains("CHECK"));
    assert!(with("X'00'", "'b'", "1", "1", "1").contains("CHECK"));
    assert!(with(&id(2), "'b'", "'much'", "1", "1").contains("INTEGER"));
}

#[test]
fn sqlite_keeps_references_and_takes_parts_with_their_owner() {
    let connection = sqlite();
    product(&connection, 1, "a", "Table lamp");
    let (zero, one) = ("00".repeat(16), format!("{}01", "00".repeat(15)));
    let customer = |id: &str, deleted: &str| {
        format!(
            "INSERT INTO sales_customers (id, created_at, updated_at, version, deleted_at, email)
             VALUES (X'{id}', 0, 0, 1, {deleted}, 'a@b.c')"
        )
    };
    connection.execute_batch(&customer(&zero, "5")).unwrap();
    connection.execute_batch(&customer(&one, "NULL")).unwrap();
    let order = |customer: &str| {
        format!(
            "INSERT INTO sales_orders
             (id, created_at, updated_at, version, status, customer, placed_at, tags)
             VALUES (X'{zero}', 0, 0, 1, 'open', X'{customer}', 0, '[\"x\"]')"
        )
    };
    assert!(refused(&connection, &order(&"ff".repeat(16))).contains("FOREIGN KEY"));
    connection.execute_batch(&order(&one)).unwrap();
    let line = format!("INSERT INTO sales_orders_lines VALUES (X'{zero}', 0, X'{one}', 3)");
    connection.execute_batch(&line).unwrap();
    assert!(refused(&connection, "DELETE FROM sales_products").contains("FOREIGN KEY"));
    connection.execute_batch("DELETE FROM sales_orders").unwrap();
    let left: i64 =
        connection.query_row("SELECT count(*) FROM sales_orders_lines", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 0);
    connection.execute_batch("DELETE FROM sales_products").unwrap();
}

#[test]
fn sqlite_finds_words_after_every_change_and_vacuum() {
    let connection = sqlite();
    product(&connection, 1, "a", "Table lamp");
    product(&connection, 2, "b", "Éclair");
    connection
        .execute_batch("UPDATE sales_products SET name = 'Floor lamp' WHERE code = 'a'")
        .unwrap();
    connection.execute_batch("DELETE FROM sales_products WHERE code = 'zz'; VACUUM").unwrap();
    let found = |word: &str| {
        let query = "SELECT group_concat(p.code) FROM sales_products p
            JOIN sales_products_search s ON s.rowid = p.rowid
            WHERE sales_products_search MATCH ?1";
        connection.query_row(query, [word], |r| r.get::<_, Option<String>>(0)).unwrap()
    };
    assert_eq!(found("lamp").as_deref(), Some("a"));
    assert_eq!(found("table"), None);
    assert_eq!(found("eclair").as_deref(), Some("b"));
}

#[test]
fn sqlite_walks_the_index_that_a_list_was_given() {
    let connection = sqlite();
    let plan = "EXPLAIN QUERY PLAN SELECT id FROM sales_products
        WHERE active ORDER BY price, id LIMIT 50";
    let detail: String = connection.query_row(plan, [], |row| row.get(3)).unwrap();
    assert!(detail.contains("sales_products_price_id_index"), "{detail}");
}

#[test]
fn postgresql_takes_every_statement() {
    let statements = statements(&design(), Dialect::PostgreSql);
    assert!(statements.iter().any(|s| s.starts_with("COMMENT ON SCHEMA \"sales\" IS 'It''s")));
    let exclusive = "ALTER TABLE \"sales\".\"orders\" ADD CONSTRAINT \"orders_one_at_a_time_key\" \
        EXCLUDE USING gist (\"customer\" WITH =, tstzrange(\"created_at\", \"placed_at\") WITH &&) \
        WHERE (";
    assert!(statements.iter().any(|s| s.starts_with(exclusive)), "{statements:#?}");
    let Ok(url) = std::env::var("FIRMITAS_TEST_POSTGRES") else { return };
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let mut transaction = client.transaction().unwrap();
    for statement in statements {
        transaction.batch_execute(&statement).unwrap_or_else(|why| panic!("{why}\n{statement}"));
    }
    transaction.rollback().unwrap();
}

#[test]
fn columns_are_encoded_as_the_expression_compiler_reads_them() {
    let design = design();
    let schema = &design.model.schema;
    let table = statements(&design, Dialect::Sqlite)
        .into_iter()
        .find(|statement| statement.contains("\"sales_customers\""))
        .unwrap();
    for (field, base) in schema.entity(CUSTOMER).fields.iter().zip(&design.table(CUSTOMER).columns)
    {
        for column in columns(&field.ty, schema) {
            let ty = column_type(&column, &field.ty, schema, Dialect::Sqlite);
            let line = format!("\"{base}{}\" {ty}", column.suffix);
            assert!(table.contains(&line), "{line} is missing in {table}");
        }
    }
}
