use base::{Provenance, Span};
use expression::{EntityId, Type, currency};

use crate::decision::{Answer, Context, decision};

decision!("money", "How are amounts of money stored and computed?", reads [], Entity run);

const SOURCE: &str = "ISO 4217 (digits of each currency); Fowler, Patterns of Enterprise Application \
    Architecture, Money; house: decimals";

fn run(cx: &Context<'_>, entity: EntityId) -> Option<Answer> {
    let model = cx.model;
    let of = model.entity(entity);
    let money = |ty: &Type| matches!(ty.required(), Type::Money { .. });
    let own = of.fields.iter().filter(|field| money(&field.ty));
    let mut fields: Vec<(String, Span)> =
        own.map(|field| (field.name.value.clone(), field.name.span)).collect();
    for part in &of.parts {
        for field in part.fields.iter().filter(|field| money(&field.ty)) {
            fields.push((format!("{}.{}", part.name, field.name), field.name.span));
        }
    }
    fields.sort();
    let (_, first) = fields.first()?;
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let currencies = &model.system.currencies;
    let digits = |code: &String| {
        let digits = currency::exponent(code);
        format!("{code} ({digits} digits)")
    };
    let known: Vec<String> = currencies.iter().map(digits).collect();
    let from =
        Provenance::Derived { from: "`currency` of the system, EUR where it says none".to_owned() };
    let weight = match currencies.len() {
        0 | 1 => "one for every amount: it needs no column",
        _ => "each amount carries its own, and amounts of two currencies are never added",
    };
    let column = match currencies.len() {
        0 | 1 => "one column for each amount",
        _ => "two columns for each amount: amount and currency",
    };
    Some(
        Answer::new("decimal", SOURCE)
            .given(format!("money: {}", names.join(", ")), *first, "exact to the last digit")
            .driver(format!("currencies: {}", known.join(", ")), from, weight)
            .parameter("fields", names.join(", "))
            .parameter("currency", known.join(", "))
            .parameter("columns", column)
            .parameter("rounding", "half away from zero, when a value is assigned")
            .reject(
                "minor-units",
                format!(
                    "whoever reads {} has to know the digits first: {}",
                    names.join(", "),
                    known.join(", ")
                ),
            ),
    )
}
