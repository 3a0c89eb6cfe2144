//! `roadmap.md`: the phases in which the design goes live, with what must be true before each and
//! what must be shown after it, and what is not served by `firm up` yet.

use std::collections::BTreeMap;

use decide::{
    Design,
    design::Verdict,
    rollout::{self, Phase},
};

use crate::{
    Artifact, Emitter,
    markdown::{Markdown, some},
};

/// `roadmap.md`.
pub static EMITTER: Emitter = Emitter { id: "roadmap", run: |input| artifacts(input.design) };

/// The page.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let mut page = Markdown::titled(&format!("Roadmap of {}", design.model.system.name));
    let rollout = design.verdicts.iter().find(|of| of.family == "rollout");
    let strangler = rollout.is_some_and(|of| of.choice == "strangler");
    page.paragraph(if strangler {
        "An existing system is replaced one context after another: routes move, the old ones stay \
         as a way back for a while, and nothing is cut over on one day."
    } else {
        "Nothing is replaced: what is critical goes live first, then the rest, then it is hardened."
    });
    let phases = rollout::of_design(design);
    overview(design, &phases, &mut page);
    for (number, phase) in (1..).zip(&phases) {
        one(design, number, phase, &mut page);
    }
    later(design, &mut page);
    vec![Artifact { path: "roadmap.md".to_owned(), contents: page.finish() }]
}

fn contexts(design: &Design, phase: &Phase) -> String {
    let names = phase.contexts.iter().map(|id| design.model.context(*id).name.value.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn overview(design: &Design, phases: &[Phase], page: &mut Markdown) {
    let row = |(number, phase): (usize, &Phase)| {
        let which = contexts(design, phase);
        let which = if which.is_empty() { "nothing new".to_owned() } else { which };
        vec![number.to_string(), phase.name.clone(), which]
    };
    let heads = ["phase", "name", "goes live"];
    page.table(&heads, (1..).zip(phases).map(row), "There is nothing to roll out.");
}

fn one(design: &Design, number: usize, phase: &Phase, page: &mut Markdown) {
    page.section(&format!("Phase {number}: {}", phase.name));
    if !phase.contexts.is_empty() {
        page.paragraph(&format!("In this order: {}.", contexts(design, phase)));
    }
    page.subsection("Before it starts");
    page.list(&phase.entry);
    page.subsection("It ends when");
    page.list(&phase.exit);
}

/// Decisions that have to be built or bought beside `firm up`.
fn later(design: &Design, page: &mut Markdown) {
    page.section("Beside `firm up`");
    page.paragraph(
        "Decisions whose choice `firm up` does not run yet: until it does, somebody provides them, \
         or they wait for their phase.",
    );
    let mut open: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for Verdict { family, subject, choice, runnable, .. } in &design.verdicts {
        if !runnable {
            open.entry((family, choice)).or_default().push(subject);
        }
    }
    let row = |((family, choice), subjects): ((&str, &str), Vec<&str>)| {
        vec![format!("`{family}`"), choice.to_owned(), subjects.len().to_string(), some(&subjects)]
    };
    let heads = ["decision", "choice", "subjects", "of"];
    page.table(&heads, open.into_iter().map(row), "There are none.");
}
