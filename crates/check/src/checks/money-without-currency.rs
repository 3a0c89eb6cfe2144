//! Money that is a bare number.

use expression::Type;

use crate::context::{Context, Sink, check};

check!(
    "money-without-currency",
    Data,
    Warning,
    "0.1",
    "an amount of money that is a bare number",
    "money-without-currency.md"
);

/// Words that mean money whatever the type.
const MONEY: [&str; 12] = [
    "price",
    "salary",
    "wage",
    "fare",
    "fee",
    "revenue",
    "cents",
    "eur",
    "usd",
    "discount_amount",
    "tax_amount",
    "deposit",
];
/// Words that mean money where there are two decimals.
const AMOUNT: [&str; 6] = ["amount", "total", "subtotal", "balance", "cost", "budget"];

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let own = entity.fields.iter().map(|field| (None, field));
        let parts = entity
            .parts
            .iter()
            .flat_map(|part| part.fields.iter().map(move |field| (Some(part), field)));
        for (part, field) in own.chain(parts) {
            let Some(kind) = bare_money(&field.name, field.ty.required()) else { continue };
            let path = part.map_or_else(String::new, |part| format!("{}.", part.name));
            let name = format!("{}.{path}{}", context.entity_name(id), field.name);
            let message = format!("`{}.{path}{}` is money in a {kind}", entity.name, field.name);
            sink.report(&name, field.name.span, message, |finding| {
                finding
                    .label("says neither the currency nor the rounding")
                    .note(match kind {
                        "float" => "binary fractions cannot hold a cent: sums drift apart",
                        _ => "a second currency later means reading every sum that was ever stored as a guess",
                    })
                    .help("use `money(0..)`: an exact amount with its currency, rounded to that currency's coin")
            });
        }
    }
}

/// The kind of number, if the name says that it is money.
fn bare_money(name: &str, ty: &Type) -> Option<&'static str> {
    let (kind, coins) = match ty {
        Type::Float => ("float", true),
        Type::Decimal { scale, .. } => ("decimal", *scale == 2),
        Type::Int { .. } => ("int", false),
        _ => return None,
    };
    let is = |word: &&str| name == *word || name.ends_with(&format!("_{word}"));
    // `price_level`, `fee_count` are no amounts; `int` is money only where it counts coins.
    let plain = MONEY.iter().any(is) && (kind != "int" || coin(name));
    let amount = coins && AMOUNT.iter().any(is);
    (plain || amount).then_some(kind)
}

fn coin(name: &str) -> bool {
    ["cents", "eur", "usd", "price", "salary", "fare", "fee"]
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
}
