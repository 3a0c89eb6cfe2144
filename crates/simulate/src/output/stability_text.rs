//! Whether a design comes back after a trigger, for people.

use std::fmt::Write;

use crate::design::{FARTHEST, Search, Stability};

use super::format::{digits, share, shortened, time};

/// Whether a design comes back after a trigger, and where that turns.
#[must_use]
pub fn stability_text(stability: &Stability) -> String {
    let of = &stability.recovery;
    let part = |goodput: f64| share(goodput / of.offered.max(f64::MIN_POSITIVE));
    let before = of.before.map_or(String::new(), |before| format!("{} before, ", part(before)));
    let mut text = format!(
        "goodput, of {} requests/s that come without the trigger: {before}{} during, {} after\n{}\n",
        digits(of.offered),
        part(of.during),
        part(of.after),
        verdict(stability)
    );
    for line in boundaries(stability).into_iter().chain(pressure(stability)) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// Whether goodput comes back.
pub(super) fn verdict(stability: &Stability) -> &'static str {
    match stability.recovery.returns() {
        true => "it comes back by itself",
        false => {
            "it does NOT come back: retries keep it down, or there is more than the machines bear"
        }
    }
}

/// Where that turns, by the length of the trigger and by the load.
pub(super) fn boundaries(stability: &Stability) -> [String; 2] {
    let returns = stability.recovery.returns();
    let load = |load: f64| format!("{} times this load", digits(load));
    let lengths = &stability.lengths;
    let asked = lengths.trials.iter().map(|of| of.at).fold(0.0, f64::max);
    let length = boundary(lengths, returns, "a trigger of", &time, &time(asked));
    [length, boundary(&stability.loads, returns, "", &load, &load(FARTHEST))]
}

fn boundary(
    of: &Search,
    returns: bool,
    what: &str,
    shown: &dyn Fn(f64) -> String,
    farthest: &str,
) -> String {
    let what = if what.is_empty() { String::new() } else { format!("{what} ") };
    let cut = if of.cut { "; the search was ended here, as trials take long" } else { "" };
    match of.turn {
        None if returns && !of.cut => format!("and so it does up to {what}{farthest}"),
        None => format!("where that turns is not known{cut}"),
        Some(turn) if turn.good <= 0.0 => {
            format!("not even at {what}{}{cut}", shown(turn.bad))
        }
        Some(turn) => format!(
            "comes back at {what}{}, and no longer at {}{cut}",
            shown(turn.good),
            shown(turn.bad)
        ),
    }
}

/// What retries could make of it.
pub(super) fn pressure(stability: &Stability) -> Option<String> {
    let of = stability.pressure.as_ref()?;
    let times = of.times();
    let so = match times > 1.0 {
        true => "as much as could keep a collapse going",
        false => "too little to keep a collapse going",
    };
    Some(format!(
        "if every client made its {} attempts, {} would be asked for {} times what it serves: {so}",
        shortened(&digits(of.attempts)),
        of.resource,
        digits(times)
    ))
}
