//! Two designs beside each other, for people.

use std::fmt::Write;

use crate::design::{Change, Comparison, Direction, OperationChange, PhaseComparison, Promise};
use crate::experiment::{QUANTILES, Steadiness};

use super::answer_text::word;
use super::format::{digits, share, time};
use super::table::Table;

/// The whole comparison. `titles` say what was simulated.
#[must_use]
pub fn comparison_text(titles: (&str, &str), comparison: &Comparison) -> String {
    let mut text = String::new();
    let (before, after) = (&comparison.before, &comparison.after);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}  ->  {}\n{} pairs of replications with the same random numbers, seed {}",
        titles.0, titles.1, after.replications, after.seed
    );
    for phase in &comparison.phases {
        if after.steadiness == Steadiness::Changing {
            let _ = writeln!(text, "\nfrom {} to {}", time(phase.from), time(phase.to));
        }
        let _ = write!(text, "\n{}\n{}", operations(phase), resources(phase));
        let _ = write!(text, "\n{}", promises(phase));
    }
    let difference = after.cost - before.cost;
    let sign = if difference < 0.0 { "-" } else { "+" };
    let _ = writeln!(
        text,
        "costs {} -> {} EUR a month ({sign}{})",
        digits(before.cost),
        digits(after.cost),
        digits(difference.abs())
    );
    for (which, names) in [("first", &comparison.only_before), ("second", &comparison.only_after)] {
        if !names.is_empty() {
            let _ = writeln!(text, "only in the {which}: {}", names.join(", "));
        }
    }
    for (which, answer) in [("first", before), ("second", after)] {
        if !answer.steadiness.is_meaningful() {
            let how = answer.steadiness.name();
            let _ = writeln!(text, "not steady: the {which} is {how}, and no latency describes it");
        }
    }
    text
}

fn operations(phase: &PhaseComparison) -> String {
    let heads = ["operation", "failed", "p50", "p95", "p99"];
    let mut table = Table::new(&heads);
    let (differ, same): (Vec<_>, Vec<_>) = phase.operations.iter().partition(|of| of.differs());
    for of in &differ {
        let quantile = |wanted: f64| {
            let at = QUANTILES.iter().position(|share| *share == wanted);
            at.and_then(|at| of.quantiles.get(at))
                .map_or_else(|| "-".to_owned(), |change| changed(change, time))
        };
        table.row(vec![
            of.name.clone(),
            changed_share(&of.failed),
            quantile(0.5),
            quantile(0.95),
            quantile(0.99),
        ]);
    }
    let mut text = if differ.is_empty() { String::new() } else { table.text(&["-", "0"]) };
    let count = same.len();
    if count > 0 {
        let others = if differ.is_empty() { "operations" } else { "others" };
        let _ = writeln!(text, "{count} {others}: no difference that is more than chance");
    }
    text
}

/// `8.49ms -> 12.1ms (+3.60ms ±0.20ms)`; `~` where chance alone may have done it.
fn changed(change: &Change, shown: fn(f64) -> String) -> String {
    changed_by(change, shown, shown)
}

/// The same of shares, which differ by percentage points.
fn changed_share(change: &Change) -> String {
    changed_by(change, share, |difference| format!("{} points", digits(difference * 100.0)))
}

fn changed_by(
    change: &Change,
    shown: fn(f64) -> String,
    difference_shown: fn(f64) -> String,
) -> String {
    let (Some(before), Some(after)) = (change.before, change.after) else {
        return "-".to_owned();
    };
    let Some(difference) = change.difference else { return "-".to_owned() };
    if change.direction() == Direction::Unclear {
        return match before == 0.0 && after == 0.0 {
            true => "0".to_owned(),
            false => format!("{} ~", shown(after)),
        };
    }
    let sign = if difference.value < 0.0 { "-" } else { "+" };
    format!(
        "{} -> {} ({sign}{} ±{})",
        shown(before),
        shown(after),
        difference_shown(difference.value.abs()),
        difference_shown(difference.half_width(0.95))
    )
}

/// Resources that are shown; the others are less busy.
const RESOURCES: usize = 8;

fn resources(phase: &PhaseComparison) -> String {
    let mut table = Table::new(&["resource", "servers", "in use", "room"]);
    let busy = phase.resources.iter().filter(|of| of.utilisation.after.is_some());
    for of in busy.take(RESOURCES) {
        let servers = match of.servers {
            (Some(before), Some(after)) if before == after => after.to_string(),
            (Some(before), Some(after)) => format!("{before} -> {after}"),
            _ => "-".to_owned(),
        };
        let room = |room: Option<f64>| room.map_or("-".to_owned(), |of| format!("{}x", digits(of)));
        let rooms = (room(of.room.0), room(of.room.1));
        table.row(vec![
            of.name.clone(),
            servers,
            changed_share(&of.utilisation),
            if rooms.0 == rooms.1 { rooms.1 } else { format!("{} -> {}", rooms.0, rooms.1) },
        ]);
    }
    table.text(&["-", "0"])
}

/// What becomes of promises, where it changes.
fn promises(phase: &PhaseComparison) -> String {
    let mut text = String::new();
    let told = |promise: Promise| matches!(promise, Promise::Kept | Promise::Broken);
    let changes = |of: &OperationChange| -> Vec<String> {
        let changed = of.promises.iter().filter(|(_, before, after)| before != after);
        changed
            .filter(|(_, before, after)| told(*before) || told(*after))
            .map(|(what, before, after)| {
                format!("{} {what}: {} -> {}", of.name, word(*before), word(*after))
            })
            .collect()
    };
    for line in phase.operations.iter().flat_map(changes) {
        let _ = writeln!(text, "{line}");
    }
    if text.is_empty() {
        text.push_str("every promise stands as it stood\n");
    }
    text
}
