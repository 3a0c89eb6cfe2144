//! Calls that cost more than there is.

use std::collections::BTreeMap;

use base::{Price, RATE_PER};
use decide::{crossings, facts};
use model::model::Callee;

use crate::context::{Context, Sink, check};

check!(
    "external-cost-above-budget",
    Capacity,
    Information,
    "0.1",
    "calls that cost more than the whole budget",
    "external-cost-above-budget.md"
);

const MONTH: f64 = 2_592_000.0;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let Some(budget) = &model.system.needs.budget else { return };
    let Some((most, place)) = monthly(&budget.value).zip(budget.provenance.span()) else { return };
    let mut costs = BTreeMap::new();
    for call in &context.usage.calls {
        let Callee::External(external, at) = call.callee else { continue };
        let external = model.external(external);
        let Some(operation) = external.operations.get(usize::from(at)) else { continue };
        let Some(cost) = &operation.cost else { continue };
        if cost.value.per.is_some() || cost.value.currency != budget.value.currency {
            continue;
        }
        let each = amount(&cost.value);
        let entry = costs.entry(crossings::end(call.callee).name(model)).or_insert((
            0.0,
            each,
            operation.name.span,
        ));
        entry.0 += call.rate.mean * MONTH * each;
    }
    let sum: f64 = costs.values().map(|(sum, ..)| sum).sum();
    if sum <= most {
        return;
    }
    let currency = &budget.value.currency;
    let message = format!(
        "external calls cost {} {currency} a month, the budget is {} {currency}",
        facts::people(sum),
        facts::people(most)
    );
    sink.report("system", place, message, |mut finding| {
        for (name, (sum, each, span)) in &costs {
            let text = format!("`{name}` at {each} {currency} a call: {} a month", facts::people(*sum));
            finding = finding.related(*span, text);
        }
        finding
            .label("the calls alone exceed it")
            .note("mean rates x the price of a call x 30 days, before any server is paid")
            .help("keep answers (`stale`), call less often or agree on another price; where such fees are paid from elsewhere, accept the finding and say so")
    });
}

/// Units of the currency a month.
fn monthly(price: &Price) -> Option<f64> {
    let per = price.per.as_deref()?;
    let (_, seconds) = RATE_PER.iter().find(|(unit, _)| *unit == per)?;
    Some(amount(price) * MONTH / seconds)
}

#[expect(clippy::cast_precision_loss, reason = "millionths of a coin do not matter here")]
fn amount(price: &Price) -> f64 {
    price.micros as f64 / 1e6
}
