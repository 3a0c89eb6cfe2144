//! One row that everybody waits for.

use std::collections::BTreeMap;

use base::Span;
use decide::facts;
use expression::{EntityId, Type};
use model::model::{EffectKind, Entity, OperationId, OperationKind, SetPath};

use crate::context::{Context, Sink, check};
use crate::numbers;
use crate::walk;

check!(
    "hot-row",
    Data,
    Warning,
    "0.1",
    "one row that its writers would hold locked most of the time",
    "hot-row.md"
);

/// Writes a second at the peak that the design must reach, with the places that make them.
type Locks = BTreeMap<EntityId, (f64, Vec<(OperationId, Span, f64)>)>;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, (writes, places)) in locks(context) {
        let entity = model.entity(id);
        let Some((share, from)) = hottest(entity) else { continue };
        let locked = writes * share * numbers::HOLD_WRITE.value / 1e3;
        if locked < numbers::LOCKED_SHARE.value || spread(context, entity) {
            continue;
        }
        let message = format!(
            "the hottest `{}` would be locked {} of the time",
            entity.name,
            facts::percent((locked * 100.0).round() / 100.0)
        );
        let place = entity.skew.as_ref().map_or(entity.name.span, |skew| skew.span);
        sink.report(&context.entity_name(id), place, message, |mut finding| {
            for (operation, span, rate) in &places {
                let name = &model.operation(*operation).name;
                let text = format!("`{name}` locks such a row {}", facts::per_second(*rate));
                finding = finding.related(*span, text);
            }
            finding
                .label(format!("{} of all writes meet in one row ({from})", facts::percent((share * 1e4).round() / 1e4)))
                .note(format!("{} at the peak to be reached x {} ms held; acts on one row wait for each other, and above {} the queue grows without end (house figures)",
                    facts::per_second(writes), numbers::HOLD_WRITE.value, facts::percent(numbers::LOCKED_SHARE.value)))
                .help("spread the hot row over several that are summed when read, append rows and count them in a view, or state the `skew` that you measured")
        });
    }
}

/// Whether a decision spreads or queues the writes already.
fn spread(context: &Context, entity: &Entity) -> bool {
    let verdicts = &context.design.verdicts;
    let about = |subject: &str| subject.rsplit('.').next() == Some(entity.name.value.as_str());
    verdicts
        .iter()
        .any(|of| of.family == "concurrency" && about(&of.subject) && of.choice != "row-lock")
}

fn locks(context: &Context) -> Locks {
    let model = context.model;
    let mut locks = Locks::new();
    for (id, operation) in model.operations() {
        let stated = operation.workload.rate.is_some() && operation.writes();
        let Some(target) = operation.entity().filter(|_| stated) else { continue };
        let rate = facts::reachable_peak(model, operation);
        let mut add = |entity: EntityId, span: Span| {
            let (sum, places) = locks.entry(entity).or_default();
            if !places.iter().any(|(known, ..)| *known == id) {
                *sum += rate;
                places.push((id, span, rate));
            }
        };
        if operation.kind != OperationKind::Create && !operation.upsert {
            add(target, operation.name.span);
        }
        walk::effects(&operation.effects, &mut |effect| {
            let EffectKind::Set(assignments) = &effect.kind else { return };
            for assignment in assignments {
                let SetPath::Through { reference, .. } = assignment.path else { continue };
                let ty = model.entity(target).field(reference).ty.required();
                if let Type::Reference(entity) = ty {
                    add(*entity, assignment.span);
                }
            }
        });
    }
    locks
}

/// The share of writes that meet in the most wanted row, and where that is from.
fn hottest(entity: &Entity) -> Option<(f64, String)> {
    let rows = entity.rows.as_ref()?.value.rows.max(1.0);
    if let Some(skew) = &entity.skew {
        let stated = |word: &str| skew.value.strip_prefix(word).map(str::trim);
        if let Some(share) = stated("hot").and_then(|text| text.trim_end_matches('%').parse().ok())
        {
            let share: f64 = share;
            return Some((share / 100.0, format!("skew: {}", skew.value)));
        }
        let exponent: f64 = stated("zipf")?.parse().ok()?;
        return Some((zipf(rows, exponent), format!("skew: {}", skew.value)));
    }
    let share = zipf(rows, numbers::ZIPF.value);
    Some((
        share,
        format!("Zipf {} over {} rows, assumed", numbers::ZIPF.value, facts::people(rows)),
    ))
}

/// The probability of the first of `rows` under Zipf's law.
fn zipf(rows: f64, exponent: f64) -> f64 {
    const EXACT: f64 = 1000.0;
    let (mut sum, mut rank) = (0.0, 1.0);
    while rank <= rows.min(EXACT) {
        sum += rank.powf(-exponent);
        rank += 1.0;
    }
    if rows > EXACT {
        let rest = 1.0 - exponent;
        sum += if rest.abs() < 1e-9 {
            (rows / EXACT).ln()
        } else {
            (rows.powf(rest) - EXACT.powf(rest)) / rest
        };
    }
    1.0 / sum
}
