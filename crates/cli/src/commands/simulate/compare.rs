//! Two models, or one with other numbers, under the same load and chance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use decide::sizing::Level;
use simulate::design::{Question, Side, answer, compare, compile};
use simulate::experiment::{Plan, simulate_pair};
use simulate::output::{comparison_json, comparison_page, comparison_text};

use super::SimulateArguments;
use super::design::unknown_name;
use super::progress::Line;
use crate::commands::ask;
use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::folder::Folder;
use crate::loaded::Loaded;

/// What is compared with the model.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What if")]
pub struct CompareArguments {
    /// Compare with another model, under the same load and the same random numbers
    #[arg(long, value_name = "MODEL")]
    compare: Option<PathBuf>,

    /// Compare with the same model and another number: `placeOrder.rate=200/s`, as `firm ask` names
    /// them; several times for several numbers. Nothing is written
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl CompareArguments {
    /// Whether anything is compared.
    pub(super) const fn wanted(&self) -> bool {
        self.compare.is_some() || !self.set.is_empty()
    }

    /// The second model.
    fn second(&self, first: &Path) -> Result<Loaded, Failure> {
        let folder = self.compare.as_deref().unwrap_or(first);
        let loaded = Loaded::read(Folder::open(folder)?);
        let mut texts = BTreeMap::new();
        for answer in &self.set {
            let (path, text) = ask::edited(&loaded, &texts, answer)?;
            texts.insert(path, text);
        }
        Ok(match texts.is_empty() {
            true => loaded,
            false => Loaded::read_with(loaded.folder, texts),
        })
    }

    /// What it is called.
    fn title(&self, name: &str) -> String {
        match (&self.compare, self.set.is_empty()) {
            (Some(path), true) => format!("{name} ({})", path.display()),
            (Some(path), false) => format!("{name} ({}, {})", path.display(), self.set.join(", ")),
            (None, _) => format!("{name} ({})", self.set.join(", ")),
        }
    }
}

/// Simulates both and says what differs.
pub(super) fn run(
    simulated: &SimulateArguments,
    plan: &Plan,
    console: &Console,
) -> Result<Outcome, Failure> {
    let SimulateArguments { compare: arguments, question: asked, calibration, .. } = simulated;
    let first = Loaded::read(Folder::open(&simulated.model)?);
    let Some(before) = first.design.as_deref().filter(|_| !first.has_errors()) else {
        return Ok(first.refuse(console));
    };
    let second = arguments.second(&simulated.model)?;
    let Some(after) = second.design.as_deref().filter(|_| !second.has_errors()) else {
        return Ok(second.refuse(console));
    };
    let (mut question, mut other) = (asked.question(before), asked.question(after));
    calibration.apply(before, &mut question, console)?;
    calibration.apply(after, &mut other, console)?;
    let network = |design, question: &Question| {
        compile(design, question, 0.0).map_err(|unknown| unknown_name(&unknown))
    };
    let compiled = (network(before, &question)?, network(after, &other)?);
    super::design::within(plan, &question)?;
    let plan = super::design::planned(plan, before, &question);
    let plan = Plan { decisive: Some(compiled.0.operations.len()), ..plan };
    let line = Line::new(console);
    let tell = |progress| line.replications(progress);
    let reports = simulate_pair(&compiled.0.network, &compiled.1.network, &plan, tell);
    drop(line);
    let reports = reports.map_err(super::bug)?;
    let answers = (
        answer(&compiled.0, &reports.0, before.sizing.cost(Level::Peak)),
        answer(&compiled.1, &reports.1, after.sizing.cost(Level::Peak)),
    );
    let comparison = compare(
        Side { compiled: &compiled.0, report: &reports.0, answer: &answers.0 },
        Side { compiled: &compiled.1, report: &reports.1, answer: &answers.1 },
    );
    let decided = ask::changes(first.verdicts(), second.verdicts());
    let plain = decided.iter().map(|(id, before, after)| {
        let option = |of: &Option<&'static str>| of.unwrap_or("(nothing to decide)");
        format!("{id}: {} \u{2192} {}", option(before), option(after))
    });
    let plain: Vec<String> = plain.collect();
    let title = asked.title(&before.model.system.name);
    let then = arguments.title(&after.model.system.name);
    simulated.html.write(&format!("{title} \u{2192} {then}"), console, |about| {
        comparison_page(about, &comparison, &plain)
    })?;
    if console.json() {
        let mut document = second.document();
        document["comparison"] = comparison_json(&comparison);
        document["changed"] = ask::changes_json(&decided);
        console.document(&document);
    } else {
        console.answer(comparison_text((&title, &then), &comparison).trim_end());
        let lines = ask::change_lines(&decided);
        if !lines.is_empty() {
            console.answer(format!("\ndecided otherwise:\n{}", lines.join("\n")));
        }
    }
    Ok(if comparison.after.holds() || asked.disturbed() {
        Outcome::Success
    } else {
        Outcome::Findings
    })
}
