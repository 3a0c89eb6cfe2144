//! Decision records: which decisions have one, and that it says all that is known.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Artifact, Checked, check};

use crate::{
    diagrams::{awkward, least},
    examples::{example, text_of},
};

const SECTIONS: [&str; 8] = [
    "## Context and Problem Statement",
    "## Decision Drivers",
    "## Considered Options",
    "## Decision Outcome",
    "### Consequences",
    "### Confirmation",
    "## Pros and Cons of the Options",
    "## More Information",
];

fn records(checked: &Checked) -> Vec<Artifact> {
    let all = checked.artifacts().into_iter();
    all.filter(|artifact| artifact.path.starts_with("adr/")).collect()
}

fn record(checked: &Checked, id: &str) -> String {
    let found = records(checked).into_iter().find(|of| of.path == format!("adr/{id}.md"));
    found.unwrap_or_else(|| panic!("there is no {id}")).contents
}

fn model(text: String) -> Checked {
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text)]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

#[test]
fn records_have_the_sections_of_madr_each_with_text() {
    for checked in [example("shop"), example("rides"), awkward(), least()] {
        let records = records(&checked);
        assert!(!records.is_empty());
        for Artifact { path, contents } in records {
            let at = SECTIONS.map(|section| contents.find(&format!("\n{section}\n\n")));
            assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{path}\n{contents}");
            assert!(contents.starts_with("---\nstatus: accepted\n---\n\n# "), "{path}");
            assert!(!contents.contains("\n\n\n"), "{path}: a section is empty\n{contents}");
        }
    }
}

#[test]
fn every_option_that_was_weighed_has_its_reason() {
    let checked = example("shop");
    let design = checked.design.as_ref().unwrap();
    let store = design.verdicts.iter().find(|of| of.id() == "store.catalog").unwrap();
    let text = record(&checked, "store.catalog");
    assert!(store.rejected.len() > 3);
    for other in &store.rejected {
        assert!(text.contains(&format!("### {}\n\n* Bad, because {}", other.option, other.reason)));
    }
    for driver in &store.drivers {
        assert!(text.contains(&driver.fact) && text.contains(&driver.weight), "{text}");
    }
    assert!(text.contains("Chosen option: \"postgresql\""), "{text}");
}

#[test]
fn a_decision_of_the_model_is_recorded_with_its_reason() {
    let own = "\n  store.catalog: { choose: redis, because: We run it anyway. }\
               \n  key.Product: { choose: sequence, because: People read it aloud. }";
    let text = text_of("shop").replace("\ndecisions:", &format!("\ndecisions:{own}"));
    let checked = model(text);
    let store = record(&checked, "store.catalog");
    assert!(store.contains("because the model says so: We run it anyway."), "{store}");
    assert!(store.contains("### redis\n\n* Good, because We run it anyway."), "{store}");
    assert!(record(&checked, "key.Product").contains("People read it aloud"));
}

#[test]
fn decisions_that_are_easy_to_take_back_are_rows_alone() {
    let checked = example("shop");
    let design = checked.design.as_ref().unwrap();
    let paths: BTreeSet<String> = records(&checked).into_iter().map(|of| of.path).collect();
    let families = ["index", "idempotency", "key", "slo", "password-hash"];
    for family in families {
        assert!(design.verdicts.iter().any(|verdict| verdict.family == family), "{family}");
        assert!(!paths.iter().any(|path| path.starts_with(&format!("adr/{family}."))), "{family}");
    }
    let log = checked.artifacts().into_iter().find(|of| of.path == "decisions.md").unwrap();
    for verdict in &design.verdicts {
        assert!(log.contents.contains(&format!("`{}`", verdict.subject)), "{}", verdict.id());
    }
    for path in &paths {
        assert!(log.contents.contains(&format!("]({path})")), "{path} is not linked");
    }
    assert_eq!(log.contents.matches("](adr/").count(), paths.len());
}

/// Otherwise every record would change with every line that is added above.
#[test]
fn records_do_not_change_when_lines_move() {
    let moved = model(format!("# A line more.\n\n{}", text_of("rides")));
    assert_eq!(records(&moved), records(&example("rides")));
}

#[test]
fn records_name_families_and_findings_that_exist() {
    for recorded in emit::adr::RECORDED {
        assert!(decide::catalogue::family(recorded.family).is_some(), "{}", recorded.family);
        for finding in recorded.findings {
            assert!(::check::find(finding).is_some(), "{finding}");
        }
    }
}
