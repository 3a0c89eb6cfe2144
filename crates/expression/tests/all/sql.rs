//! The SQL of typical conditions: what an index can serve stays plain, what needs no row is bound.

use std::borrow::Cow;

use expression::sql::{Dialect, Layout, TableName, compile};
use expression::{EntityId, FieldIndex, PartId, Schema, Type, check, translatable};

use crate::agreement::databases::{Names, options};
use crate::fixture::{ast, rules, schema, scope};

fn compiled(text: &str, dialect: Dialect, schema: &Schema) -> String {
    let rules = rules();
    let (condition, errors) = check(&ast(text), &scope(schema, &rules), Some(&Type::Bool));
    let condition = condition.unwrap_or_else(|| panic!("`{text}`: {errors:?}"));
    assert_eq!(translatable(&condition, schema), Ok(()));
    let fragment = compile(&condition, dialect, &Names(schema), &options()).expect("SQL");
    fragment.sql
}

fn sqlite(text: &str, expected: &str) {
    assert_eq!(compiled(text, Dialect::Sqlite, &schema()), expected, "{text}");
}

fn postgresql(text: &str, expected: &str) {
    assert_eq!(compiled(text, Dialect::PostgreSql, &schema()), expected, "{text}");
}

#[test]
fn what_an_index_serves_stays_plain() {
    sqlite("self.customer == actor.id", r#"("t"."customer" = ?1)"#);
    sqlite("self.status == 'confirmed'", r#"("t"."status" = ?1)"#);
    sqlite("self.total >= money(2.5, 'EUR')", r#"("t"."total" >= ?1)"#);
    sqlite("self.reviewer == actor", r#"("t"."reviewer" IS NOT NULL AND "t"."reviewer" = ?1)"#);
    sqlite("self.note == null", r#"("t"."note" IS NULL)"#);
    postgresql("self.customer == actor.id", r#"("t"."customer" = $1::text::uuid)"#);
    postgresql(
        "self.created_at > now - duration('1d')",
        r#"("t"."created_at" > $1::text::timestamptz)"#,
    );
}

#[test]
fn what_needs_no_row_is_one_parameter() {
    sqlite(
        "input.quantity * 2 + 1 > actor.level && self.count == 3",
        r#"(?1 AND ("t"."count" = ?2))"#,
    );
    sqlite(
        "input.reason == null || self.note == input.reason",
        r#"(?1 OR ("t"."note" IS NOT NULL AND "t"."note" = ?2))"#,
    );
    sqlite(
        "self.main_product != null && self.main_product in input.ids",
        r#"((NOT ("t"."main_product" IS NULL)) AND ("t"."main_product" IN (SELECT unhex(value) FROM json_each(?1))))"#,
    );
}

#[test]
fn rows_are_asked_by_subqueries() {
    sqlite(
        "self.lines.exists(l, l.quantity > 3)",
        r#"(EXISTS (SELECT 1 FROM "test_Order_lines" AS "_1" WHERE "_1"."owner_id" = "t"."id" AND ("_1"."quantity" > ?1)))"#,
    );
    postgresql(
        "self.is_member",
        r#"(EXISTS (SELECT 1 FROM "test"."Membership" AS "_1" WHERE TRUE AND (("_1"."order" = "t"."id") AND ("_1"."member" = $1::text::uuid))))"#,
    );
    sqlite(
        "self.lines.all(l, l.product.active)",
        r#"((NOT EXISTS (SELECT 1 FROM "test_Order_lines" AS "_1" WHERE "_1"."owner_id" = "t"."id" AND NOT (SELECT "_2"."active" FROM "test_Product" AS "_2" WHERE "_2"."id" = "_1"."product"))))"#,
    );
}

/// Rows of every entity are deleted softly, by `created_at` for want of another field.
struct Soft<'a>(Names<'a>);

impl Layout for Soft<'_> {
    fn schema(&self) -> &Schema {
        self.0.schema()
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        self.0.table(entity)
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        self.0.part_table(part)
    }

    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str> {
        self.0.column(entity, field)
    }

    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str> {
        self.0.part_column(part, field)
    }

    fn deleted_at(&self, _: EntityId) -> Option<FieldIndex> {
        Some(FieldIndex(1))
    }
}

#[test]
fn deleted_rows_are_outside_questions_but_inside_references() {
    let (schema, rules) = (schema(), rules());
    let text = "Membership.exists(m, m.order.count > 1)";
    let (condition, _) = check(&ast(text), &scope(&schema, &rules), Some(&Type::Bool));
    let layout = Soft(Names(&schema));
    let fragment = compile(&condition.expect("checked"), Dialect::Sqlite, &layout, &options());
    assert_eq!(
        fragment.expect("SQL").sql,
        r#"(EXISTS (SELECT 1 FROM "test_Membership" AS "_1" WHERE "_1"."created_at" IS NULL AND ((SELECT "_2"."count" FROM "test_Order" AS "_2" WHERE "_2"."id" = "_1"."order") > ?1)))"#
    );
}

#[test]
fn sqlite_aligns_scales_and_never_overflows_to_float() {
    sqlite("self.count > self.factor", r#"(("t"."count" * 1000) > "t"."factor")"#);
    sqlite(
        "self.total * self.count > self.total",
        r#"(("t"."total" * "t"."count") > "t"."total")"#,
    );
    // Up to 21 digits do not fit 64 bits.
    sqlite(
        "self.total * self.count * self.count > self.total",
        r#"(firm_multiply(firm_wide(("t"."total" * "t"."count")), firm_wide("t"."count")) > firm_wide("t"."total"))"#,
    );
}

#[test]
fn what_has_no_sql_is_named() {
    let (schema, rules) = (schema(), rules());
    for (text, part) in [
        ("self.count / 2 == 1", "self.count / 2"),
        ("self.lines.map(l, l.quantity).sum() == 3", "self.lines.map(l, l.quantity).sum()"),
        ("self.note != null && self.note.lower() == 'x'", "self.note.lower()"),
        ("self.lines[0].quantity == 1", "self.lines[0].quantity"),
    ] {
        let (condition, _) = check(&ast(text), &scope(&schema, &rules), None);
        let refused = translatable(&condition.expect("checked"), &schema).expect_err(text);
        let span = refused.span;
        assert_eq!(&text[span.start as usize..span.end as usize], part, "{}", refused.why);
    }
}
