//! Stands in for an external that has no URL: plausible answers after plausible times. Never in
//! production: `firm up` says which externals are stood in for.

use std::sync::Arc;
use std::time::Duration;

use base::Percentiles;
use expression::{Schema, Type, Value, types::TextFormat, value::Geo, value::Money};
use jiff::civil;
use model::model::ExternalOperation;
use rust_decimal::Decimal;

use super::external::{CallError, ExternalCall};

/// Answers after the stated latency, or not in time.
pub(crate) async fn call(
    schema: &Schema,
    operation: &ExternalOperation,
    call: &ExternalCall,
) -> Result<Value, CallError> {
    let stated = operation.latency.as_ref().map(|latency| &latency.value);
    let latency = stated.map_or(Duration::ZERO, |stated| sample(stated, uniform()));
    if latency > call.timeout {
        tokio::time::sleep(call.timeout).await;
        return Err(CallError::unreachable("the stand-in did not answer in time", true));
    }
    tokio::time::sleep(latency).await;
    Ok(plausible(&Type::Record(operation.output), schema, 0))
}

/// A number in 0..1 that nobody predicts.
fn uniform() -> f64 {
    let bits = u32::try_from(uuid::Uuid::new_v4().as_u128() >> 96).unwrap_or(0);
    (f64::from(bits) + 0.5) / 4_294_967_296.0
}

/// The latency at a quantile, such that the stated percentiles are met: between them, logarithms
/// are interpolated, which a lognormal distribution is close to.
fn sample(stated: &Percentiles, quantile: f64) -> Duration {
    let points: Vec<(f64, f64)> =
        stated.0.iter().map(|(p, d)| (p.0, d.as_secs_f64().max(1e-6))).collect();
    let (Some(&(_, first)), Some(&(_, last))) = (points.first(), points.last()) else {
        return Duration::ZERO;
    };
    // A third of the lowest stated value at the start, three times the highest at the end.
    let mut curve = vec![(0.0, first / 3.0)];
    curve.extend(points);
    curve.push((1.0, last * 3.0));
    let segment = curve.windows(2).find_map(|pair| match pair {
        [low, high] if quantile <= high.0 && high.0 > low.0 => Some((*low, *high)),
        _ => None,
    });
    let seconds = segment.map_or(last, |((x0, y0), (x1, y1))| {
        let share = ((quantile - x0) / (x1 - x0)).clamp(0.0, 1.0);
        (y0.ln() + share * (y1.ln() - y0.ln())).exp()
    });
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
}

/// A value of the type.
fn plausible(ty: &Type, schema: &Schema, depth: u8) -> Value {
    match ty {
        Type::Bool => Value::Bool(true),
        Type::Int { min, max } => Value::Int(42_i64.clamp(*min, *max)),
        Type::Decimal { scale, .. } => Value::Decimal(Decimal::new(1, u32::from(*scale))),
        Type::Money { min, max } => {
            let amount = Decimal::new(1000, 2).max(min.unwrap_or(Decimal::MIN));
            let amount = amount.min(max.unwrap_or(Decimal::MAX));
            let currency = schema.settings.currencies.first().map_or("EUR", |code| code);
            Value::Money(Money { amount, currency: currency.into() })
        }
        Type::Float => Value::Float(1.0),
        Type::Text { format, min, max } => Value::text(text(*format, *min, *max)),
        Type::Date => Value::Date(civil::date(2026, 1, 1)),
        Type::Time => Value::Time(civil::time(12, 0, 0, 0)),
        Type::Timestamp => Value::Timestamp(crate::operations::clock::now()),
        Type::Duration => Value::Duration(60_000_000),
        Type::Uuid => Value::Uuid(uuid::Uuid::new_v4().as_u128()),
        Type::Geo => Value::Geo(Geo { latitude: 52.52, longitude: 13.405 }),
        Type::Json => Value::Json(Arc::new(serde_json::json!({ "stand_in": true }))),
        Type::Enum(members) => members.first().map_or(Value::Null, |m| Value::text(m.as_str())),
        Type::Record(record) if depth < 8 => {
            let fields = schema.record(*record).fields.iter();
            Value::Record(fields.map(|f| plausible(f.ty.required(), schema, depth + 1)).collect())
        }
        Type::List { of, min, .. } if depth < 8 => {
            let items = (0..*min).map(|_| plausible(of.required(), schema, depth + 1));
            Value::List(items.collect())
        }
        _ => Value::Null,
    }
}

/// A text that says where it comes from, if it is long enough.
fn text(format: TextFormat, min: u32, max: u32) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let text = match format {
        TextFormat::Email => return format!("stand-in-{id}@example.com"),
        TextFormat::Url => return format!("https://example.com/stand-in/{id}"),
        TextFormat::Phone => return "+4930123456".to_owned(),
        TextFormat::String | TextFormat::Text | TextFormat::Markdown => format!("stand-in-{id}"),
    };
    let padded = text.chars().chain(std::iter::repeat('x'));
    let length = text.len().clamp(min as usize, max as usize);
    padded.take(length).collect()
}

#[cfg(test)]
mod tests {
    use base::{Duration as Stated, Percentile};

    use super::*;

    #[test]
    fn stated_percentiles_are_met() {
        let ms = Stated::from_millis;
        let stated = Percentiles(vec![(Percentile(0.5), ms(180)), (Percentile(0.99), ms(900))]);
        let at = |quantile: f64| sample(&stated, quantile).as_millis();
        assert_eq!((at(0.5), at(0.99)), (180, 900));
        assert!(at(0.01) < 100 && (60..).contains(&at(0.0001)), "{}", at(0.01));
        assert!((180..900).contains(&at(0.9)) && at(0.999_999) <= 2700);
        assert_eq!(sample(&Percentiles(vec![]), 0.5), Duration::ZERO);
    }

    #[test]
    fn texts_fit_their_range() {
        assert_eq!(text(TextFormat::String, 0, 5).len(), 5);
        assert_eq!(text(TextFormat::String, 60, 80).len(), 60);
        assert!(text(TextFormat::String, 1, 100).starts_with("stand-in-"));
    }
}
