//! What a simulation says about a design, for people.

use std::fmt::Write;

use decide::facts::percent;

use crate::design::{Answer, Edge, OperationAnswer, Phase, Promise, ResourceAnswer};
use crate::experiment::Steadiness;
use crate::statistics::Estimate;

use super::format::{digits, share, time, with_interval};
use super::table::Table;
use super::times::times_text;

/// Cells that say nothing.
const EMPTY: [&str; 2] = ["0", "-"];

/// Resources that are shown; the others have more room.
const RESOURCES: usize = 8;

/// The whole answer. `title` says what was simulated.
#[must_use]
pub fn answer_text(title: &str, answer: &Answer) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{title}\n{}", heading(answer));
    let changing = answer.steadiness == Steadiness::Changing;
    for phase in &answer.phases {
        if changing {
            let _ = writeln!(text, "\nfrom {} to {}", time(phase.from), time(phase.to));
        }
        let _ = write!(text, "\n{}\n{}", operations(phase, answer), resources(phase));
        let _ = write!(text, "\n{}", summary(phase, answer.steadiness.is_meaningful()));
    }
    let _ =
        writeln!(text, "costs {} EUR a month, with the prices of `capacity`", digits(answer.cost));
    for of in &answer.edge {
        let _ = writeln!(text, "{}", before(of));
    }
    let times = times_text(&answer.times);
    if !times.is_empty() {
        let _ = write!(text, "\n{times}");
    }
    for left in &answer.left_out {
        let _ = writeln!(text, "left out: {left}");
    }
    if let Some(warning) = warning(answer) {
        let _ = write!(text, "\n{warning}\n");
    }
    text
}

/// What the network of caches takes of an operation.
pub(super) fn before(of: &Edge) -> String {
    format!(
        "the network of caches answers {}/s of {} ({} of {}/s); the others are simulated",
        digits(of.answered),
        of.operation,
        share(of.answered / of.asked.max(f64::MIN_POSITIVE)),
        digits(of.asked)
    )
}

fn heading(answer: &Answer) -> String {
    let length = answer.phases.last().map_or(0.0, |phase| phase.to);
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let events = answer.events as f64 / 1e6;
    format!(
        "{} replications of {} after {} of warm-up, {} million events, seed {}",
        answer.replications,
        time(length),
        time(answer.warm_up),
        digits(events),
        answer.seed
    )
}

fn operations(phase: &Phase, answer: &Answer) -> String {
    let heads = [
        "operation",
        "asked/s",
        "failed",
        "attempts",
        "p50",
        "p95",
        "p99",
        "sum of p99s",
        "promised",
    ];
    let mut table = Table::new(&heads);
    let meaningful = answer.steadiness.is_meaningful();
    let told = |of: &&OperationAnswer| !meaningful || is_told(of);
    let (told, rare): (Vec<_>, Vec<_>) = phase.operations.iter().partition(told);
    for of in told {
        let quantile = |wanted: f64| {
            let at = crate::experiment::QUANTILES.iter().position(|share| *share == wanted)?;
            of.quantiles.get(at).copied().flatten()
        };
        let latency = |estimate: Option<Estimate>| match estimate.filter(|_| meaningful) {
            Some(estimate) => with_interval(&estimate, time),
            None => "-".to_owned(),
        };
        table.row(vec![
            of.name.clone(),
            digits(of.offered.value),
            if of.failed.value > 0.0 { share(of.failed.value) } else { "0".to_owned() },
            retried(of),
            latency(quantile(0.5)),
            latency(quantile(0.95)),
            latency(quantile(0.99)),
            of.sum_of_p99.map_or("-".to_owned(), time),
            promised(of),
        ]);
    }
    let mut text = table.text(&EMPTY);
    if let Some(line) = too_rare(&rare) {
        let _ = writeln!(text, "{line}");
    }
    for of in &phase.operations {
        let words = of.failures.iter().map(|(why, of)| format!("{} {}", share(*of), why.name()));
        let words: Vec<String> = words.collect();
        if !words.is_empty() {
            let _ = writeln!(text, "  {} fails: {}", of.name, words.join(", "));
        }
        for words in [accepted(of), waits(of), goes_on(of)].into_iter().flatten() {
            let _ = writeln!(text, "  {words}");
        }
    }
    text
}

/// Whether there is anything to tell of an operation.
pub(super) fn is_told(of: &OperationAnswer) -> bool {
    of.failed.value > 0.0 || of.quantiles.iter().any(Option::is_some) || goes_on(of).is_some()
}

/// Share of answers of which it is worth a line that they are no more than a 202.
const TOLD: f64 = 1e-4;

/// What is told where clients learn no more than that it goes on.
pub(super) fn accepted(of: &OperationAnswer) -> Option<String> {
    let told = of.accepted.value > TOLD;
    told.then(|| {
        format!(
            "{} answers 202: {} of what ends well; it goes on",
            of.name,
            share(of.accepted.value)
        )
    })
}

/// What is told of calls that are not done yet.
pub(super) fn waits(of: &OperationAnswer) -> Option<String> {
    let backlog = of.backlog?;
    let open = digits(backlog.open);
    match backlog.caught_up {
        Some(after) => Some(format!("{}: caught up with after {}", of.name, time(after))),
        None if backlog.behind => {
            Some(format!("{}: not caught up with, {open} are not done at the end", of.name))
        }
        None => None,
    }
}

/// Share of what begins that neither ends well nor fails, from which it is worth a line.
const GOES_ON: f64 = 0.1;
/// Requests a second of which that is told: of a few, chance alone makes it so.
const OFTEN: f64 = 1.0;

/// What is told where more begins than ends, as it does while something is tried again and again.
pub(super) fn goes_on(of: &OperationAnswer) -> Option<String> {
    let (begins, ends) = (of.offered.value, of.goodput.value);
    let open = begins * (1.0 - of.failed.value) - ends;
    let told = begins >= OFTEN && open > GOES_ON * begins;
    told.then(|| {
        let (name, begins, ends) = (&of.name, digits(begins), digits(ends));
        let others = match of.backlog {
            Some(backlog) => format!("{} are not done at the end", digits(backlog.open)),
            None => "the others are still waiting, or being tried again".to_owned(),
        };
        format!("{name} goes on: {begins}/s begin and {ends}/s end well; {others}")
    })
}

/// Names that are told of operations that are asked for too rarely.
const NAMED: usize = 6;

/// Those of which there is nothing to tell, in a line.
fn too_rare(of: &[&OperationAnswer]) -> Option<String> {
    let names: Vec<&str> = of.iter().take(NAMED).map(|of| of.name.as_str()).collect();
    let more = of.len().saturating_sub(NAMED);
    let and = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("  too rare to tell anything: {}{and}", names.join(", ")))
}

/// Attempts of clients for each request, where they repeat.
fn retried(of: &OperationAnswer) -> String {
    let repeated = of.attempts.filter(|attempts| attempts.value > 1.000_5);
    repeated.map_or("-".to_owned(), |attempts| digits(attempts.value))
}

/// `p95 200ms kept`, each percentile, and the availability where it is not kept.
pub(super) fn promised(of: &OperationAnswer) -> String {
    let percentile = |share: f64| {
        let digits = format!("{}", share * 100.0);
        format!("p{}", digits.replace('.', ""))
    };
    let mut words: Vec<String> = of
        .latency
        .iter()
        .map(|(share, bound, promise)| {
            format!("{} {} {}", percentile(*share), time(*bound), word(*promise))
        })
        .collect();
    if matches!(of.availability.1, Promise::Broken | Promise::Unsure) {
        words.push(format!("{} {}", percent(of.availability.0), word(of.availability.1)));
    }
    words.join(", ")
}

pub(super) const fn word(promise: Promise) -> &'static str {
    match promise {
        Promise::Kept => "kept",
        Promise::Broken => "BROKEN",
        Promise::Unsure => "unsure",
        Promise::TooRare => "too rare to tell",
        Promise::NotSteady => "not told",
    }
}

fn resources(phase: &Phase) -> String {
    let mut table =
        Table::new(&["resource", "servers", "in use", "waiting", "turned away", "room"]);
    for of in phase.resources.iter().filter(|of| of.utilisation.is_some()).take(RESOURCES) {
        table.row(vec![
            of.name.clone(),
            of.servers.map_or("-".to_owned(), |servers| servers.to_string()),
            of.utilisation.map_or("-".to_owned(), share),
            digits(of.waiting),
            if of.rejected > 0.0 { share(of.rejected) } else { "0".to_owned() },
            of.room.map_or("-".to_owned(), |room| format!("{}x", digits(room))),
        ]);
    }
    table.text(&EMPTY)
}

fn summary(phase: &Phase, meaningful: bool) -> String {
    let mut text = String::new();
    let mut next = phase.bottlenecks();
    let told = |of: &ResourceAnswer| match of.is_full() {
        true => format!("{}, which is full", of.name),
        false => format!("{} at {} times this load", of.name, digits(of.room.unwrap_or_default())),
    };
    match (next.next(), next.next()) {
        (Some(first), Some(second)) => {
            let _ = writeln!(text, "gives way first: {}; then {}", told(first), told(second));
        }
        (Some(first), None) => {
            let _ = writeln!(text, "gives way first: {}", told(first));
        }
        _ => {}
    }
    if !meaningful {
        return text;
    }
    let promises = phase
        .operations
        .iter()
        .flat_map(|of| of.latency.iter().map(|(.., promise)| *promise).chain([of.availability.1]));
    let mut counts = [0u32; 5];
    for promise in promises {
        counts[promise as usize] += 1;
    }
    let [kept, broken, unsure, rare, _] = counts;
    let _ = writeln!(
        text,
        "promises: {kept} kept, {broken} broken, {unsure} unsure, {rare} too rare to tell"
    );
    text
}

fn warning(answer: &Answer) -> Option<String> {
    Some(match answer.steadiness {
        Steadiness::Growing(rate) => format!(
            "not steady: {} more requests are in progress with every second, so that no latency \
             describes it",
            digits(rate)
        ),
        Steadiness::Unsettled => {
            "not steady: the start shows for more than half of the time. Watch \
                                  it for longer (`--duration`)"
                .to_owned()
        }
        Steadiness::Overrun => {
            "not steady: the run was ended, with more in progress or more events \
                                than are followed"
                .to_owned()
        }
        Steadiness::Steady | Steadiness::Changing if answer.precise == Some(false) => {
            "the wanted precision was not reached: watch for longer (`--duration`)".to_owned()
        }
        Steadiness::Steady | Steadiness::Changing => return None,
    })
}
