//! What became of the promises, first of all.

use base::Diagnostic;
use base::html::Html;

use crate::design::{Answer, OperationAnswer, Phase, Promise, ResourceAnswer};
use crate::experiment::Report;
use crate::output::answer_text::word;
use crate::output::format::{digits, share, time};
use crate::output::text::warning_of;

use super::{figure, operations};

/// How many promises became what.
fn counts(phase: &Phase) -> [u32; 5] {
    let mut counts = [0; 5];
    for of in &phase.operations {
        for promise in of.latency.iter().map(|of| of.2).chain([of.availability.1]) {
            counts[promise as usize] += 1;
        }
    }
    counts
}

/// What became of the promises, and what gives way first; of each phase where there are several.
pub(super) fn write(out: &mut Html, answer: &Answer, report: &Report) {
    if let Some(warning) = warning_of(report) {
        out.leaf("p", &[("class", "lead broken")], &warning);
    }
    if !answer.steadiness.is_meaningful() {
        return full(out, answer);
    }
    if let [phase] = answer.phases.as_slice() {
        let [kept, broken, unsure, rare, _] = counts(phase);
        let (class, words) = match broken {
            0 => ("lead kept", "No promise is broken.".to_owned()),
            1 => ("lead broken", "One promise is broken.".to_owned()),
            many => ("lead broken", format!("{many} promises are broken.")),
        };
        out.leaf("p", &[("class", class)], &words);
        broken_list(out, phase);
        out.element("dl", &[("class", "figures")], |out| {
            figure(out, "kept", &kept.to_string(), "promises");
            figure(out, "unsure", &unsure.to_string(), "the interval holds both");
            figure(out, "too rare to tell", &rare.to_string(), "watch for longer");
            for (name, of) in ["gives way first", "then"].into_iter().zip(phase.bottlenecks()) {
                let used = of.utilisation.map_or(String::new(), share);
                figure(out, name, &of.name, &format!("{}; {used} busy now", limit(of)));
            }
            let cost = format!("{} EUR", digits(answer.cost));
            figure(out, "costs a month", &cost, "with the prices of its numbers");
        });
        return;
    }
    phases(out, answer);
}

/// What cannot keep up.
fn full(out: &mut Html, answer: &Answer) {
    for of in answer.phases.iter().flat_map(Phase::bottlenecks).filter(|of| of.is_full()) {
        out.leaf("p", &[], &format!("{} cannot keep up.", of.name));
    }
}

/// When a resource gives way.
fn limit(of: &ResourceAnswer) -> String {
    match of.is_full() {
        true => "full".to_owned(),
        false => format!("at {} times this load", digits(of.room.unwrap_or_default())),
    }
}

/// What becomes of goodput and promises from phase to phase.
fn phases(out: &mut Html, answer: &Answer) {
    let columns = [
        ("", "from"),
        ("", "to"),
        ("", "asked/s"),
        ("", "end well"),
        ("words", "broken"),
        ("words", "unsure"),
        ("words", "gives way first"),
    ];
    operations::wide(out, "Phases", &columns, |out| {
        for phase in &answer.phases {
            let sum =
                |of: fn(&OperationAnswer) -> f64| -> f64 { phase.operations.iter().map(of).sum() };
            let (asked, well) = (sum(|of| of.offered.value), sum(|of| of.goodput.value));
            let first = phase
                .bottlenecks()
                .next()
                .map_or(String::new(), |of| format!("{}: {}", of.name, limit(of)));
            out.element("tr", &[], |out| {
                out.leaf("th", &[("scope", "row")], &time(phase.from));
                out.leaf("td", &[], &time(phase.to));
                out.leaf("td", &[], &digits(asked));
                let part = share(well / asked.max(f64::MIN_POSITIVE));
                out.leaf("td", &[], &part);
                for wanted in [Promise::Broken, Promise::Unsure] {
                    let words = named(phase, wanted);
                    let class = match words.is_empty() {
                        true => "words".to_owned(),
                        false => format!("words {}", wanted.name()),
                    };
                    let words = if words.is_empty() { "none" } else { &words };
                    out.leaf("td", &[("class", &class)], words);
                }
                out.leaf("td", &[("class", "words")], &first);
            });
        }
    });
}

/// The promises that became something: `checkout p95 5s, ..`.
fn named(phase: &Phase, wanted: Promise) -> String {
    let all = operations::in_order(phase).into_iter();
    let found = all.flat_map(|of| {
        let promises = operations::promises(of).into_iter();
        let wanted = promises.filter(move |(_, promise)| *promise == wanted);
        wanted.map(|(what, _)| format!("{} {what}", of.name))
    });
    let found: Vec<String> = found.collect();
    found.join(", ")
}

/// Promises that are broken or unsure, one a line.
fn broken_list(out: &mut Html, phase: &Phase) {
    let all = operations::in_order(phase).into_iter();
    let all = all.flat_map(|of| {
        let promises = operations::promises(of).into_iter();
        promises.map(move |(what, promise)| (of, what, promise))
    });
    let told: Vec<_> =
        all.filter(|(.., promise)| matches!(promise, Promise::Broken | Promise::Unsure)).collect();
    if told.is_empty() {
        return;
    }
    out.element("ul", &[], |out| {
        for (of, what, promise) in told {
            out.element("li", &[], |out| {
                out.leaf("b", &[], &of.name);
                out.text(&format!(" {what}: "));
                out.leaf("span", &[("class", promise.name())], word(promise));
            });
        }
    });
}

/// What a simulation contradicts, with the number that mends it.
pub(super) fn finding(out: &mut Html, found: &Diagnostic) {
    out.element("div", &[("class", "finding")], |out| {
        out.element("p", &[], |out| {
            out.leaf("b", &[], found.id);
            out.text(" ");
            out.prose(&found.message);
        });
        if !found.primary.text.is_empty() {
            out.element("p", &[], |out| out.prose(&found.primary.text));
        }
        if let Some(help) = &found.help {
            out.element("p", &[("class", "mends")], |out| out.prose(help));
        }
        for note in &found.notes {
            out.element("p", &[("class", "soft")], |out| out.prose(note));
        }
    });
}
