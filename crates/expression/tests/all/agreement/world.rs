//! Random rows of every entity, and the environment over them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use expression::ir::{Expression, Kind, VariableIndex};
use expression::value::Geo;
use expression::{
    EntityId, Environment, EvaluationError, Lookup, Money, Row, Rows, Schema, Type, Value, assign,
    evaluate,
};
use rust_decimal::Decimal;

use super::choice::Choice;

const ROWS: [u128; 5] = [2, 3, 3, 2, 3];

pub struct World {
    pub schema: Schema,
    pub rows: BTreeMap<(EntityId, u128), Arc<Row>>,
}

impl World {
    pub fn new(bytes: &[u8], schema: Schema) -> Self {
        let mut choice = Choice::new(bytes);
        let mut rows = BTreeMap::new();
        for (entity, count) in (0u32..).map(EntityId).zip(ROWS) {
            for number in 0..count {
                let id = u128::from(entity.0) * 100 + 1 + number;
                rows.insert((entity, id), Arc::new(row(&mut choice, &schema, entity, id)));
            }
        }
        Self { schema, rows }
    }

    pub fn of(&self, entity: EntityId) -> impl Iterator<Item = (u128, &Arc<Row>)> {
        self.rows.iter().filter(move |((e, _), _)| *e == entity).map(|((_, id), row)| (*id, row))
    }

    /// The environment, the variables other than `self` included.
    pub fn environment(&self, input: &Value) -> Environment<'_> {
        let mut environment = Environment::new(&self.schema, self);
        let actor = self.rows.get(&(EntityId(0), 1)).cloned().map(Value::Row);
        environment.set(VariableIndex::ACTOR, actor.unwrap_or_default());
        environment.set(VariableIndex::NOW, Value::Timestamp(1_767_225_600_000_000));
        environment.set(VariableIndex::INPUT, input.clone());
        environment
    }

    pub fn describe(&self) -> String {
        let mut text = String::new();
        for ((entity, id), row) in &self.rows {
            let shape = self.schema.entity(*entity);
            let fields = shape.fields.iter().zip(&row.fields).skip(3);
            let fields: Vec<_> = fields.map(|(f, v)| format!("{}={v:?}", f.name)).collect();
            let _ = writeln!(text, "  {} {id}: {} {:?}", shape.name, fields.join(" "), row.parts);
        }
        text
    }
}

impl Rows for World {
    fn row(&self, entity: EntityId, id: u128) -> Lookup {
        self.rows.get(&(entity, id)).map_or(Lookup::Absent, |row| Lookup::Loaded(row.clone()))
    }

    /// The oracle for questions about all rows: the same question about a list of them.
    fn query(
        &self,
        query: &Expression,
        environment: &Environment<'_>,
    ) -> Result<Value, EvaluationError> {
        let mut query = query.clone();
        self.list_rows(&mut query);
        evaluate(&query, environment)
    }
}

impl World {
    fn list_rows(&self, node: &mut Expression) {
        match &mut node.kind {
            Kind::EntityRows(entity) => {
                let rows: Vec<Value> =
                    self.of(*entity).map(|(_, row)| Value::Row(row.clone())).collect();
                node.kind = Kind::Literal(Value::List(rows.into()));
            }
            Kind::Comprehend { range, .. } => self.list_rows(range),
            Kind::Call(_, arguments) => arguments.iter_mut().for_each(|node| self.list_rows(node)),
            _ => {}
        }
    }
}

fn row(choice: &mut Choice<'_>, schema: &Schema, entity: EntityId, id: u128) -> Row {
    let shape = schema.entity(entity);
    let mut fields = vec![Value::Uuid(id)];
    fields.extend(shape.fields.iter().skip(1).map(|field| value(choice, &field.ty, schema)));
    let parts = shape.parts.iter().map(|part| {
        let count = if part.one { choice.below(2) } else { 1 + choice.below(3) };
        let row = |choice: &mut Choice<'_>| -> Arc<[Value]> {
            part.fields.iter().map(|field| value(choice, &field.ty, schema)).collect()
        };
        (0..count).map(|_| row(choice)).collect()
    });
    Row { entity, fields, parts: parts.collect() }
}

/// A random value; few different ones, so that equal ones meet.
pub fn value(choice: &mut Choice<'_>, ty: &Type, schema: &Schema) -> Value {
    if ty.is_optional() && choice.yes() {
        return Value::Null;
    }
    let decimal = |text: &str| -> Decimal { text.parse().expect("a decimal") };
    let value = match ty.required() {
        Type::Bool => Value::Bool(choice.yes()),
        Type::Int { min, max } => {
            let all = [0, 1, 2, 7, 1000, *min, *max];
            let fitting: Vec<_> = all.into_iter().filter(|n| (min..=max).contains(&n)).collect();
            Value::Int(*choice.of(&fitting))
        }
        Type::Decimal { .. } => {
            let number = *choice.of(&["0", "0.5", "1.25", "-3.125", "999999.999"]);
            Value::Decimal(decimal(number))
        }
        Type::Money { .. } => {
            let amounts = ["0", "2.5", "15", "-7.35", "0.01", "999999999999.99"];
            let amount = *choice.of(&amounts);
            let amount = decimal(amount);
            let currency = choice.of(&schema.settings.currencies).clone();
            Value::Money(Money { amount, currency })
        }
        Type::Float => Value::Float(*choice.of(&[0.0, 0.5, -1.5, 1000.0])),
        Type::Text { .. } => {
            Value::text(*choice.of(&["", "a", "ab", "A", "ä%", "b_c", "\u{1F600}"]))
        }
        Type::Date => Value::Date(
            choice.of(&["2026-02-28", "2026-01-01", "0999-12-31"]).parse().expect("a date"),
        ),
        Type::Timestamp => {
            Value::Timestamp(*choice.of(&[1_767_225_600_000_000, 0, -1, 1_767_225_600_000_001]))
        }
        Type::Geo => choice
            .of(&[
                Value::Geo(Geo { latitude: 52.5, longitude: 13.4 }),
                Value::Geo(Geo { latitude: 0.0, longitude: 180.0 }),
            ])
            .clone(),
        Type::Enum(members) => Value::text(choice.of(members).as_str()),
        Type::Reference(entity) => {
            // A user of another context may be gone: no foreign key holds it.
            let gone = usize::from(*entity == EntityId(0));
            let at = choice.below(ROWS[entity.0 as usize] as usize + gone) as u128;
            Value::Uuid(u128::from(entity.0) * 100 + 1 + at)
        }
        Type::List { of, .. } => {
            let count = choice.below(3);
            Value::List((0..count).map(|_| value(choice, of, schema)).collect())
        }
        other => panic!("no values of {other:?}"),
    };
    assign(value, ty, schema).expect("a value of its type")
}
