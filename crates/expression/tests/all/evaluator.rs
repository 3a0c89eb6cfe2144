//! What expressions compute, and how they fail.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::ir::VariableIndex;
use expression::value::Geo;
use expression::{
    EntityId, Environment, EvaluationError, Lookup, Money, Row, Rows, Type, Value, assign, evaluate,
};
use rust_decimal::Decimal;

use crate::fixture::{CATEGORY, ORDER, PRODUCT, USER, checked, schema};

struct Loaded(BTreeMap<(EntityId, u128), Arc<Row>>);

impl Rows for Loaded {
    fn row(&self, entity: EntityId, id: u128) -> Lookup {
        match self.0.get(&(entity, id)) {
            Some(row) => Lookup::Loaded(row.clone()),
            None if id == 404 => Lookup::Absent,
            None => Lookup::NotLoaded,
        }
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn money(text: &str) -> Value {
    Value::Money(Money { amount: decimal(text), currency: "EUR".into() })
}

fn row(entity: EntityId, id: u128, fields: Vec<Value>) -> Row {
    let built_in = [Value::Uuid(id), Value::Timestamp(1_000_000), Value::Int(3)];
    Row { entity, fields: built_in.into_iter().chain(fields).collect(), parts: vec![] }
}

fn line(product: u128, quantity: i64, price: &str, label: Option<&str>) -> Arc<[Value]> {
    let label = label.map_or(Value::Null, Value::text);
    let share = Value::Decimal(decimal("0.5"));
    [Value::Uuid(product), Value::Int(quantity), money(price), label, share].into()
}

fn product(id: u128, category: Value, active: bool) -> Row {
    let fields = vec![
        Value::text("Tea"),
        Value::Null,
        money("2.50"),
        Value::Null,
        category,
        Value::Bool(active),
        Value::Null,
        Value::Decimal(decimal("0.125")),
        Value::Float(0.5),
        Value::Int(7),
        Value::text("food"),
        Value::Date("2026-02-28".parse().expect("a date")),
        Value::List([Value::text("hot"), Value::text("green")].into()),
        Value::Geo(Geo { latitude: 52.52, longitude: 13.405 }),
        Value::Uuid(1),
    ];
    row(PRODUCT, id, fields)
}

/// The value over an order with two lines; the second line's product is inactive, a third product
/// is not loaded, the reviewer's row is gone.
fn value(text: &str) -> Result<Value, EvaluationError> {
    let (expression, diagnostics) = checked(text, None);
    let expression = expression.unwrap_or_else(|| panic!("`{text}`: {diagnostics:#?}"));
    let schema = schema();
    let mut order = row(
        ORDER,
        100,
        vec![
            Value::text("confirmed"),
            Value::Uuid(1),
            money("15.00"),
            Value::Null,
            Value::Null,
            Value::Decimal(decimal("1.500")),
            Value::Int(0),
            Value::Uuid(404),
            Value::Uuid(12),
        ],
    );
    order.parts = vec![vec![line(10, 2, "2.50", None), line(11, 1, "10.00", Some("gift"))], vec![]];
    let user = row(USER, 1, vec![Value::text("Ada"), Value::Null, Value::Int(5)]);
    let category = row(CATEGORY, 5, vec![Value::text("Drinks"), Value::Null, Value::Int(1)]);
    let rows = [product(10, Value::Uuid(5), true), product(11, Value::Null, false), category];
    let rows = rows.into_iter().map(|row| {
        let id = expression::row_id(&row.fields[0]).expect("an id");
        ((row.entity, id), Arc::new(row))
    });
    let rows = Loaded(rows.collect());
    let mut environment = Environment::new(&schema, &rows);
    environment.set(VariableIndex::SELF, Value::Row(Arc::new(order)));
    environment.set(VariableIndex::ACTOR, Value::Row(Arc::new(user)));
    environment.set(VariableIndex::NOW, Value::Timestamp(90_000_000));
    let input = [Value::Int(3), Value::Null, money("1.00"), Value::List([Value::Uuid(10)].into())];
    environment.set(VariableIndex::INPUT, Value::Record(input.into()));
    evaluate(&expression, &environment)
}

fn holds(text: &str) {
    assert_eq!(value(text), Ok(Value::Bool(true)), "{text}");
}

fn fails(text: &str, wanted: &str) {
    match value(text) {
        Err(EvaluationError::Failed { code, .. }) => assert_eq!(code, wanted, "{text}"),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn conditions_of_a_shop_hold() {
    holds("self.customer == actor.id && actor == self.customer && self.customer.id == actor");
    holds("!self.lines.all(l, l.product.active)");
    holds("self.lines.exists(l, l.product.active) && self.lines.exists_one(l, l.product.active)");
    holds("self.lines.map(l, l.product).distinct().size() == self.lines.size()");
    holds("self.lines.map(l, l.unit_price * l.quantity).sum() == self.total");
    holds("self.lines[1].product.category == null");
    holds(
        "self.lines.filter(l, l.product.category != null && l.product.category.name == 'Drinks').size() == 1",
    );
    holds("'green' in self.lines[0].product.tags && !('red' in self.lines[0].product.tags)");
    holds("self.lines[0].product in input.ids && self.status in ['shipped', 'confirmed']");
    holds("self.note == null && self.address == null");
    holds(
        "self.lines.map(l, l.quantity).max() == 2 && self.lines.map(l, l.unit_price).min() == money(2.5, 'EUR')",
    );
    holds("[].size() == 0 && self.lines.filter(l, false).map(l, l.quantity).min() == null");
    holds("self.lines.filter(l, false).map(l, l.unit_price).sum() == money(0, 'EUR')");
    holds("self.is_mine && self.lines.all(l, l.product.is_sold_by_actor)");
}

#[test]
fn arithmetic_is_exact() {
    holds("0.1 + 0.2 == 0.3 && 1 == 1.0 && 3 / 2 == 1 && -3 / 2 == -1 && -3 % 2 == -1");
    holds("1.0 / 3 == 0.3333333333 && 2.0 / 3 == 0.6666666667 && -2.0 / 3 == -0.6666666667");
    holds("round(2.5) == 3 && round(-2.5) == -3 && round(1.005, 2) == 1.01 && int(-2.7) == -2");
    holds("self.total / money(4, 'EUR') == 3.75 && abs(money(-3, 'EUR')).amount == 3");
    holds("5.5 % 2 == 1.5 && decimal(3) / 2 == 1.5");
    holds("now - self.created_at == duration('89s') && self.created_at + duration('1d') > now");
    holds("date(now).addDays(-1) == '1969-12-31'");
    holds("'AbC'.lower() == 'abc' && trim('  x ') == 'x' && 'zürich'.size() == 6");
    holds(
        "distance(geo(52.52, 13.405), geo(48.137, 11.575)) > 504_000 && distance(geo(52.52, 13.405), geo(48.137, 11.575)) < 505_000",
    );
}

#[test]
fn errors_are_values_of_their_own_and_logic_absorbs_them() {
    fails("1 / self.count == 1", "division-by-zero");
    fails("self.lines[2].quantity > 0", "out-of-range");
    fails("self.factor / (self.factor - 1.5) > 1", "division-by-zero");
    holds("3 in [1 / self.count, 3]");
    fails("3 in [1 / self.count, 4]", "division-by-zero");
    holds("self.count == 0 || 1 / self.count == 1");
    holds("1 / self.count == 1 || self.count == 0");
    holds("!(1 / self.count == 1 && self.count > 0)");
    fails("1 / self.count == 1 && self.count == 0", "division-by-zero");
    holds("self.lines.exists(l, 1 / (l.quantity - 2) == -1)");
    fails("self.lines.all(l, 1 / (l.quantity - 2) == -1)", "division-by-zero");
}

#[test]
fn rows_that_are_not_loaded_are_asked_for() {
    let needed = value("self.main_product != null && self.main_product.active");
    assert_eq!(needed, Err(EvaluationError::NeedsRow { entity: PRODUCT, id: 12 }));
    let query = value("self.is_member");
    assert!(matches!(query, Err(EvaluationError::NeedsQuery { .. })));
}

#[test]
fn assignment_rounds_and_holds_ranges() {
    let schema = schema();
    let fits = |value: Value, ty: Type| assign(value, &ty, &schema);
    let code = |value: Value, ty: Type| assign(value, &ty, &schema).expect_err("refused").code;
    let decimal_type = Type::Decimal { precision: 4, scale: 2 };
    assert_eq!(
        fits(Value::Decimal(decimal("1.005")), decimal_type.clone()),
        Ok(Value::Decimal(decimal("1.01")))
    );
    assert_eq!(
        fits(Value::Decimal(decimal("-1.005")), decimal_type.clone()),
        Ok(Value::Decimal(decimal("-1.01")))
    );
    assert_eq!(code(Value::Decimal(decimal("99.995")), decimal_type), "out-of-range");
    assert_eq!(fits(money("1.005"), Type::MONEY), Ok(money("1.01")));
    let range = Type::Money { min: Some(Decimal::ZERO), max: None };
    assert_eq!(code(money("-0.01"), range.clone()), "out-of-range");
    assert_eq!(fits(money("-0.004"), range), Ok(money("0.00")));
    assert_eq!(
        code(Value::Money(Money { amount: Decimal::ONE, currency: "USD".into() }), Type::MONEY),
        "currency-mismatch"
    );
    assert_eq!(fits(money("9999999999999.99"), Type::MONEY), Ok(money("9999999999999.99")));
    assert_eq!(code(money("10000000000000.00"), Type::MONEY), "out-of-range");
    let more = Type::Money { min: None, max: Some(decimal("1000000000000000")) };
    assert_eq!(fits(money("10000000000000.00"), more), Ok(money("10000000000000.00")));
    assert_eq!(code(Value::Null, Type::Bool), "required");
    assert_eq!(code(Value::Int(8), Type::Int { min: 1, max: 7 }), "out-of-range");
    assert_eq!(code(Value::text("äöü"), Type::string(2)), "too-long");
    assert_eq!(code(Value::text("a\0"), Type::string(9)), "invalid-format");
    assert_eq!(code(Value::Float(f64::NAN), Type::Float), "out-of-range");
    assert_eq!(code(Value::Int(1), Type::Bool), "invalid-type");
    assert_eq!(
        fits(Value::Row(Arc::new(row(USER, 9, vec![]))), Type::Reference(USER)),
        Ok(Value::Uuid(9))
    );
}
