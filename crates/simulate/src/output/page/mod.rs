//! What a simulation says, as one HTML file that asks nobody for anything: verdicts first, then each
//! operation beside its promise, what is busy, what happened over time, and what all of it stands on.

mod chart;
mod comparison;
mod distribution;
mod network;
mod operations;
mod provenance;
mod resources;
mod scale;
mod stability;
mod timeline;
mod verdict;

use base::Diagnostic;
use base::html::Html;

use crate::design::{Answer, Comparison, Disturbance, Phase, Stability};
use crate::experiment::{Report, Steadiness};

use super::format::{digits, time};
use super::text::warning_of;
use timeline::Timeline;

/// What a file of ours holds, and no other: who finds it may overwrite the file.
pub const MARK: &str = "<meta name=\"generator\" content=\"firm simulate\">";

const STYLE: &str = include_str!("style.css");

/// Nothing is asked of anybody, nothing runs; the one style is this one. A test computes the hash
/// anew.
const POLICY: &str = "default-src 'none'; style-src \
                      'sha256-ec7IUfU2dPrHwMBYqcJW1nTtQ1BWDbVS30zwkNueoQg='; \
                      base-uri 'none'; form-action 'none'";

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// What was simulated, in words.
    pub title: &'a str,
    /// The version of the program.
    pub version: &'a str,
    /// The command that says the same once more.
    pub command: &'a str,
}

/// A page of sections below its title.
fn page(about: &About<'_>, lead: &str, inside: impl FnOnce(&mut Html)) -> String {
    let mut out = Html::default();
    out.raw("<!doctype html>\n");
    out.element("html", &[("lang", "en")], |out| {
        out.element("head", &[], |out| {
            out.void("meta", &[("charset", "utf-8")]);
            out.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
            let view = "width=device-width, initial-scale=1";
            out.void("meta", &[("name", "viewport"), ("content", view)]);
            out.raw(MARK);
            out.leaf("title", &[], about.title);
            out.raw("<style>");
            out.raw(STYLE);
            out.raw("</style>\n");
        });
        out.element("body", &[], |out| {
            out.element("main", &[], |out| {
                out.element("header", &[], |out| {
                    out.leaf("h1", &[], about.title);
                    out.leaf("p", &[("class", "soft")], lead);
                });
                inside(out);
            });
        });
    });
    out.finish()
}

fn section(out: &mut Html, title: &str, inside: impl FnOnce(&mut Html)) {
    out.element("section", &[], |out| {
        out.leaf("h2", &[], title);
        inside(out);
    });
}

/// A number with what it means.
fn figure(out: &mut Html, name: &str, value: &str, more: &str) {
    out.element("div", &[], |out| {
        out.leaf("dt", &[], name);
        out.element("dd", &[], |out| {
            out.text(value);
            if !more.is_empty() {
                out.leaf("small", &[], more);
            }
        });
    });
}

#[expect(clippy::cast_precision_loss, reason = "a nanosecond in months does not matter")]
fn seconds(time: u64) -> f64 {
    time as f64 / 1e9
}

/// How it was watched, in a line.
fn watched(report: &Report) -> String {
    let end = report.windows.last().map_or(0, |window| window.to);
    let length = time(seconds(end.saturating_sub(report.warm_up)));
    let warm_up = match report.warm_up {
        0 => String::new(),
        warm_up => format!(" after {} of warm-up", time(seconds(warm_up))),
    };
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let events = report.events as f64 / 1e6;
    format!(
        "{} replications of {length}{warm_up}, {} million events, seed {}. \u{b1} is half of the \
         95 % interval.",
        report.replications,
        digits(events),
        report.seed
    )
}

/// A design under its load, and under what is done to it.
#[must_use]
pub fn answer_page(
    about: &About<'_>,
    answer: &Answer,
    report: &Report,
    disturbances: &[Disturbance],
    findings: &[Diagnostic],
) -> String {
    page(about, &watched(report), |out| {
        section(out, "Verdict", |out| {
            verdict::write(out, answer, report);
            findings.iter().for_each(|found| verdict::finding(out, found));
        });
        let names = answer.phases.first().map_or(&[][..], |phase| &phase.operations);
        let named = names.iter().map(|of| of.name.as_str()).collect();
        let begun = names.iter().enumerate().filter(|(_, of)| of.backlog.is_some());
        let begun = begun.map(|(at, _)| at).collect();
        over_time(out, report, (named, begun), disturbances);
        for phase in &answer.phases {
            section(out, &phase_title(answer, phase), |out| {
                operations::table(out, phase);
                out.leaf("h3", &[], "What is busy");
                resources::table(out, phase);
            });
        }
        if answer.steadiness.is_meaningful() {
            let titles: Vec<String> =
                answer.phases.iter().map(|phase| phase_title(answer, phase)).collect();
            let drawn = distribution::operations(&answer.phases, &report.windows);
            distribution::write(out, drawn, &titles);
        }
        section(out, "What this stands on", |out| provenance::of_answer(out, about, answer));
    })
}

fn phase_title(answer: &Answer, phase: &Phase) -> String {
    match answer.steadiness {
        Steadiness::Changing => format!("From {} to {}", time(phase.from), time(phase.to)),
        _ => "Operations".to_owned(),
    }
}

/// The charts. `names` are those of the first sources, and of those in `backlogs` it is shown how
/// many are not done.
fn over_time(
    out: &mut Html,
    report: &Report,
    (names, backlogs): (Vec<&str>, Vec<usize>),
    disturbances: &[Disturbance],
) {
    if report.series.is_empty() {
        return;
    }
    let end = report.series.last().map_or(0.0, |last| seconds(last.time));
    section(out, "Over time", |out| {
        for of in disturbances {
            out.leaf("p", &[], &of.to_string());
        }
        let triggers = timeline::triggers(disturbances, end);
        let (series, windows) = (&report.series, &report.windows);
        Timeline { series, names, backlogs, windows, triggers }.write(out);
    });
}

/// Whether a design comes back after a trigger.
#[must_use]
pub fn stability_page(
    about: &About<'_>,
    stability: &Stability,
    disturbances: &[Disturbance],
    findings: &[Diagnostic],
) -> String {
    let report = &stability.report;
    page(about, &watched(report), |out| {
        section(out, "Does it come back?", |out| {
            stability::summary(out, stability);
            findings.iter().for_each(|found| verdict::finding(out, found));
        });
        let names = stability.names.iter().map(String::as_str).collect();
        over_time(out, report, (names, stability.backlogs.clone()), disturbances);
        section(out, "Where that turns", |out| stability::boundaries_charts(out, stability));
        section(out, "What this stands on", |out| provenance::of_report(out, about, report));
    })
}

/// Two designs under the same load and chance. `decided` says what is decided otherwise, a line
/// each.
#[must_use]
pub fn comparison_page(about: &About<'_>, comparison: &Comparison, decided: &[String]) -> String {
    let after = &comparison.after;
    let lead = format!(
        "{} pairs of replications with the same random numbers, seed {}. \u{b1} is half of the 95 % \
         interval of a difference.",
        after.replications, after.seed
    );
    page(about, &lead, |out| {
        section(out, "What changes", |out| {
            for (which, answer) in [("first", &comparison.before), ("second", after)] {
                if !answer.steadiness.is_meaningful() {
                    let how = answer.steadiness.name();
                    let words =
                        format!("Not steady: the {which} is {how}, and no latency describes it.");
                    out.leaf("p", &[("class", "lead broken")], &words);
                }
            }
            comparison::summary(out, comparison);
            if !decided.is_empty() {
                out.leaf("h3", &[], "Decided otherwise");
                out.element("ul", &[], |out| {
                    decided.iter().for_each(|line| out.leaf("li", &[], line.trim()));
                });
            }
        });
        for phase in &comparison.phases {
            let title = match after.steadiness {
                Steadiness::Changing => {
                    format!("From {} to {}", time(phase.from), time(phase.to))
                }
                _ => "Beside each other".to_owned(),
            };
            section(out, &title, |out| comparison::phase(out, phase));
        }
        section(out, "What this stands on", |out| provenance::of_answer(out, about, after));
    })
}

/// A raw network.
#[must_use]
pub fn network_page(about: &About<'_>, report: &Report) -> String {
    let meaningful = report.steadiness.is_meaningful();
    page(about, &watched(report), |out| {
        if let Some(warning) = warning_of(report) {
            section(out, "Verdict", |out| {
                out.leaf("p", &[("class", "lead broken")], &warning);
            });
        }
        let names = report.windows.first().map_or(&[][..], |window| &window.sources);
        let named = names.iter().map(|of| of.name.as_str()).collect();
        over_time(out, report, (named, Vec::new()), &[]);
        let title = |from, to| match report.steadiness {
            Steadiness::Changing => {
                format!("From {} to {}", time(seconds(from)), time(seconds(to)))
            }
            _ => "Sources and stations".to_owned(),
        };
        let titles: Vec<String> =
            report.windows.iter().map(|window| title(window.from, window.to)).collect();
        for (window, title) in report.windows.iter().zip(&titles) {
            section(out, title, |out| {
                network::sources(out, window, meaningful);
                network::stations(out, window, meaningful);
            });
        }
        if meaningful && let Some(first) = report.windows.first() {
            let drawn = first.sources.iter().enumerate().map(|(at, source)| distribution::Drawn {
                name: &source.name,
                curves: distribution::curves(&report.windows, Some(at)),
                quantiles: &source.quantiles,
                promises: &[],
            });
            distribution::write(out, drawn.collect(), &titles);
        }
        section(out, "What this stands on", |out| provenance::of_report(out, about, report));
    })
}
