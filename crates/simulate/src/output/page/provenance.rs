//! What a report stands on: how it is said once more, and where its numbers come from.

use base::html::Html;

use crate::design::{Answer, Used};
use crate::experiment::Report;
use crate::output::answer_text::before;
use crate::output::format::{digits, time};

use super::About;
use super::operations::wide;

/// What any report stands on.
pub(super) fn of_report(out: &mut Html, about: &About<'_>, report: &Report) {
    replay(out, about, report.seed);
}

/// What an answer about a design stands on.
pub(super) fn of_answer(out: &mut Html, about: &About<'_>, answer: &Answer) {
    replay(out, about, answer.seed);
    for of in &answer.edge {
        let words = before(of);
        let first: String = words.chars().take(1).flat_map(char::to_uppercase).collect();
        let rest: String = words.chars().skip(1).collect();
        out.leaf("p", &[], &format!("{first}{rest}."));
    }
    for left in &answer.left_out {
        out.leaf("p", &[], &format!("Left out: {left}."));
    }
    let measured = answer.times.iter().filter(|used| used.measured.is_some()).count();
    let rest = answer.times.len() - measured;
    let words = format!(
        "Rates, replicas, pools, timeouts, retries and breakers are those that were decided. {measured} \
         service times were measured, {rest} are means of the table of numbers."
    );
    out.leaf("p", &[], &words);
    out.element("details", &[], |out| {
        out.leaf("summary", &[], "Each time, and where it comes from");
        times(out, &answer.times);
    });
}

fn replay(out: &mut Html, about: &About<'_>, seed: u64) {
    out.element("p", &[], |out| {
        out.leaf("code", &[], about.command);
    });
    let words = format!(
        "firm {}: the same version, model and seed ({seed}) give the same bytes, on any machine and \
         number of threads.",
        about.version
    );
    out.leaf("p", &[("class", "soft")], &words);
}

fn times(out: &mut Html, all: &[Used]) {
    let columns = [
        ("", "operation or external"),
        ("words", "of"),
        ("", "mean"),
        ("words", "from"),
        ("", "measured"),
        ("", "95 % interval"),
    ];
    wide(out, "Service times", &columns, |out| {
        for used in all {
            out.element("tr", &[], |out| {
                out.leaf("th", &[("scope", "row")], &used.name);
                out.leaf("td", &[("class", "words")], used.what);
                out.leaf("td", &[], &time(used.mean));
                let (from, count, interval) = match &used.measured {
                    None => ("table", String::new(), String::new()),
                    Some(source) => {
                        let (low, high) = source.mean;
                        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
                        let count = digits(source.count as f64);
                        ("measurement", count, format!("{} to {}", time(low), time(high)))
                    }
                };
                out.leaf("td", &[("class", "words")], from);
                out.leaf("td", &[], &count);
                out.leaf("td", &[], &interval);
            });
        }
    });
}
