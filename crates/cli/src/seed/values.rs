//! A plausible value for every type: the type says what is allowed, the name what is meant.

use std::sync::Arc;

use expression::{
    EntityId, Schema, Type, Value,
    currency::exponent,
    types::TextFormat,
    value::{Geo, Money},
};
use jiff::civil;
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use super::{random::Random, text, words::CITIES};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Items of a list, unless its type asks for more.
const FEW: u32 = 2;

/// What a value is for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// The entity, `UpperCamel`.
    pub entity: &'a str,
    /// The field, `snake_case`.
    pub field: &'a str,
    /// Whether no two rows may share the value.
    pub unique: bool,
    /// The number of the row, from 0.
    pub index: u64,
}

/// Where references find a row.
pub trait Targets {
    /// The id of a row of the entity that the caller in question may refer to.
    fn pick(&self, entity: EntityId, unique: bool, index: u64, random: &mut Random)
    -> Option<u128>;
}

/// Makes values.
pub struct Values<'a> {
    /// The shapes of the model.
    pub schema: &'a Schema,
    /// The rows that there are.
    pub targets: &'a dyn Targets,
    /// Microseconds since the Unix epoch.
    pub now: i64,
}

impl Values<'_> {
    /// A value of the type; `None` where there is none yet, such as a row to refer to or a file.
    pub fn make(&self, ty: &Type, purpose: Purpose<'_>, random: &mut Random) -> Option<Value> {
        Some(match ty {
            Type::Null => Value::Null,
            Type::Optional(inner) => {
                let empty = !purpose.unique && random.chance(0.3);
                let value = if empty { None } else { self.make(inner, purpose, random) };
                value.unwrap_or(Value::Null)
            }
            Type::Bool => Value::Bool(random.chance(0.9)),
            Type::Int { min, max } => Value::Int(whole(*min, *max, purpose, random)),
            Type::Decimal { precision, scale } => {
                Value::Decimal(digits((*precision).min(scale.saturating_add(4)), *scale, random))
            }
            Type::Money { min, max } => Value::Money(self.money(*min, *max, random)),
            Type::Float => Value::Float((random.share() * 10_000.0).round() / 100.0),
            Type::Text { format: TextFormat::Email, .. } => Value::text(text::email(purpose)),
            Type::Text { format, min, max } => {
                Value::text(text::fitting(*format, *min, *max, purpose, random))
            }
            Type::Date => Value::Date(self.date(purpose, random)?),
            Type::Time => {
                let hour = i8::try_from(random.between(7, 20)).ok()?;
                Value::Time(civil::Time::new(hour, random.pick(&[0, 15, 30, 45]), 0, 0).ok()?)
            }
            Type::Timestamp => Value::Timestamp(self.timestamp(purpose, random)),
            Type::Duration => Value::Duration(random.between(1, 96) * 15 * 60_000_000),
            Type::Uuid => Value::Uuid(uuid(random)),
            Type::Geo => Value::Geo(place(random)),
            Type::Json => Value::Json(Arc::new(serde_json::json!({}))),
            Type::File { .. } | Type::Part(_) => return None,
            Type::Enum(members) => Value::Text(Arc::from(random.pick(members))),
            Type::Reference(entity) => {
                Value::Uuid(self.targets.pick(*entity, purpose.unique, purpose.index, random)?)
            }
            Type::Record(record) => {
                let fields = &self.schema.record(*record).fields;
                let value = |shape: &expression::FieldShape| {
                    let purpose = Purpose { field: &shape.name, unique: false, ..purpose };
                    self.make(&shape.ty, purpose, random)
                };
                Value::Record(fields.iter().map(value).collect::<Option<Vec<_>>>()?.into())
            }
            Type::List { of, min, max } => self.list(of, *min, *max, purpose, random)?,
        })
    }

    /// A few items, no two of them the same reference: lists of lines rarely name a thing twice.
    fn list(
        &self,
        of: &Type,
        min: u32,
        max: u32,
        purpose: Purpose<'_>,
        random: &mut Random,
    ) -> Option<Value> {
        let most = max.min(min.max(1).saturating_add(FEW));
        let count = random.between(i64::from(min.max(1).min(max)), i64::from(most));
        let mut items: Vec<Value> = Vec::new();
        let mut attempts = count * 4;
        while i64::try_from(items.len()).ok()? < count && attempts > 0 {
            attempts -= 1;
            let item = self.make(of, Purpose { unique: false, ..purpose }, random)?;
            if !items.iter().any(|other| names_the_same(of, other, &item)) {
                items.push(item);
            }
        }
        (items.len() >= min as usize).then(|| Value::List(items.into()))
    }

    /// Small amounts are more frequent than large ones, and most end in 99, 50 or 00.
    fn money(&self, min: Option<Decimal>, max: Option<Decimal>, random: &mut Random) -> Money {
        let currency = self.schema.settings.currencies.first().cloned();
        let currency = currency.unwrap_or_else(|| Arc::from("EUR"));
        let whole = |limit: Option<Decimal>| limit.and_then(|limit| limit.ceil().to_i64());
        let least = whole(min).unwrap_or(0).max(0).min(whole(max).unwrap_or(i64::MAX));
        // Few things are free.
        let least = if least == 0 && max.is_none_or(|max| max >= Decimal::TWO) { 1 } else { least };
        let most = whole(max).unwrap_or(least.saturating_add(200));
        let most = most.min(least.saturating_add(2000));
        let ceiling = random.between(least, most);
        let units = random.between(least, ceiling);
        let cents: i64 = random.pick(&[99, 99, 50, 0, 95]);
        let amount = Decimal::from(units) + Decimal::new(cents, 2);
        let fits = exponent(&currency) >= 2 && max.is_none_or(|max| amount <= max);
        Money { amount: if fits { amount } else { Decimal::from(units) }, currency }
    }

    /// In the coming weeks where the name speaks of something planned, else in the past year.
    fn timestamp(&self, purpose: Purpose<'_>, random: &mut Random) -> i64 {
        let planned = ["due", "start", "end", "until", "expire", "valid", "schedule", "deadline"];
        let quarter = DAY / 96;
        let at = if planned.iter().any(|word| purpose.field.contains(word)) {
            let length = if purpose.field.contains("end") { DAY * 30 } else { 0 };
            self.now + length + random.between(DAY, DAY * 29)
        } else {
            self.now - random.between(DAY, DAY * 365)
        };
        at - at.rem_euclid(quarter)
    }

    fn date(&self, purpose: Purpose<'_>, random: &mut Random) -> Option<civil::Date> {
        let born = purpose.field.contains("birth");
        let at = match born {
            true => self.now - random.between(18 * 365 * DAY, 80 * 365 * DAY),
            false => self.timestamp(purpose, random),
        };
        let at = jiff::Timestamp::from_microsecond(at).ok()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

/// Whether two items are the same word, or refer to the same row.
fn names_the_same(of: &Type, one: &Value, other: &Value) -> bool {
    match (of.required(), one, other) {
        (Type::Reference(_) | Type::Enum(_), one, other) => one == other,
        (Type::Record(_), Value::Record(one), Value::Record(other)) => {
            let ids = |values: &Arc<[Value]>| {
                values.iter().find(|value| matches!(value, Value::Uuid(_))).cloned()
            };
            ids(one).is_some() && ids(one) == ids(other)
        }
        _ => false,
    }
}

fn whole(min: i64, max: i64, purpose: Purpose<'_>, random: &mut Random) -> i64 {
    if purpose.unique {
        let offset = i64::try_from(purpose.index).unwrap_or(0);
        return min.max(1).saturating_add(offset).min(max);
    }
    let few = ["quantity", "count", "copies", "seats", "guests"];
    // Without a limit worth the name, a quantity is one of goods received, not of goods bought.
    let small = max < 100_000 && few.iter().any(|word| purpose.field.contains(word));
    let spread = if small { 5 } else { 200 };
    let least = min.max(if max >= 1 { 1 } else { min });
    random.between(least, max.min(least.saturating_add(spread)))
}

fn digits(precision: u8, scale: u8, random: &mut Random) -> Decimal {
    let limit = 10i64.checked_pow(u32::from(precision.min(18))).unwrap_or(i64::MAX);
    Decimal::new(random.between(0, limit - 1), u32::from(scale.min(precision)))
}

fn uuid(random: &mut Random) -> u128 {
    let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
    // Version 4, variant 1 of RFC 9562.
    bits & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62
}

fn place(random: &mut Random) -> Geo {
    let (_, latitude, longitude) = random.pick(&CITIES);
    let mut near = |degrees: f64| ((degrees + (random.share() - 0.5) * 0.2) * 1e6).round() / 1e6;
    Geo { latitude: near(latitude), longitude: near(longitude) }
}
