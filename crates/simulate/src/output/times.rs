//! Which times an answer stands on, and where they come from.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::calibrate::HeldOut;
use crate::design::{Source, Used};

use super::format::{digits, time};
use super::table::Table;

/// Those that were measured, and how many were not; nothing where none was.
pub(super) fn times_text(times: &[Used]) -> String {
    let measured = times.iter().filter_map(|used| Some((used, used.measured.as_ref()?)));
    let mut table = Table::new(&[
        "measured",
        "of",
        "times",
        "mean",
        "95 % interval",
        "p50 off",
        "p95 off",
        "p99 off",
    ]);
    let mut count = 0;
    for (used, source) in measured {
        count += 1;
        let off = |share| {
            source.errors.iter().find(|held| held.share == share).map_or("-".to_owned(), off)
        };
        let (low, high) = source.mean;
        table.row(vec![
            used.name.clone(),
            used.what.to_owned(),
            source.count.to_string(),
            time(used.mean),
            format!("{} to {}", time(low), time(high)),
            off(0.5),
            off(0.95),
            off(0.99),
        ]);
    }
    if count == 0 {
        return String::new();
    }
    let mut text = table.text(&["-"]);
    let rest = times.len() - count;
    let _ = writeln!(text, "{count} times were measured, {rest} are of the table of numbers");
    if times.iter().any(|used| used.measured.as_ref().is_some_and(|of| of.mean_alone)) {
        text.push_str("where all lie in one bucket, the variation is that of the table\n");
    }
    text
}

/// How far a fit is from what was not fitted.
fn off(held: &HeldOut) -> String {
    let error = held.error() * 100.0;
    let sign = if error > 0.0 { "+" } else { "" };
    if error == 0.0 { "0".to_owned() } else { format!("{sign}{} %", digits(error)) }
}

/// All times with their provenance.
pub(super) fn times_json(times: &[Used]) -> Value {
    let each = |used: &Used| {
        json!({
            "name": used.name,
            "what": used.what,
            "mean": used.mean,
            "provenance": if used.measured.is_some() { "measured" } else { "default" },
            "measured": used.measured.as_ref().map(source),
        })
    };
    times.iter().map(each).collect()
}

fn source(of: &Source) -> Value {
    let held = |held: &HeldOut| {
        json!({
            "percentile": held.share,
            "fitted": held.fitted,
            "measured": [held.measured.0, finite(held.measured.1)],
            "error": held.error(),
        })
    };
    json!({
        "count": of.count,
        "mean": [of.mean.0, finite(of.mean.1)],
        "meanAlone": of.mean_alone,
        "meanError": of.mean_error,
        "heldOut": of.errors.iter().map(held).collect::<Value>(),
    })
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
