//! The documents for people: what they say is what was computed, and what they name exists.

use engine::Checked;

use crate::{
    diagrams::{awkward, least},
    examples::example,
};

fn document(checked: &Checked, path: &str) -> String {
    let mut all = checked.artifacts().into_iter();
    all.find(|artifact| artifact.path == path).unwrap_or_else(|| panic!("no {path}")).contents
}

/// The cells of the rows of a document that begin with a cell.
fn row<'t>(text: &'t str, first: &str) -> Vec<&'t str> {
    let start = format!("| {first} |");
    let line = text.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("no row {first}:\n{text}"));
    line.trim_matches('|').split(" | ").map(str::trim).collect()
}

#[test]
fn capacity_says_what_was_sized() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        let page = document(&checked, "capacity.md");
        let design = checked.design.unwrap();
        for service in &design.sizing.services {
            let cells = row(&page, &format!("`{}`", service.name));
            assert_eq!(cells[4], format!("{}, {}", service.replicas, service.most), "{name}");
        }
        let all = row(&page, "**all**");
        let total = |bill: &decide::sizing::Bill| format!("**{:.0}**", bill.total.round());
        let totals: Vec<String> = design.sizing.bills.iter().map(total).collect();
        assert_eq!(all[2..], totals, "{name}");
    }
}

#[test]
fn resilience_has_a_row_for_every_dependency() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        let page = document(&checked, "resilience.md");
        let design = checked.design.unwrap();
        for verdict in design.verdicts.iter().filter(|of| of.family == "resilience") {
            let cells = row(&page, &format!("`{}`", verdict.subject));
            assert_eq!(cells[1], verdict.choice);
            assert!(cells[2].ends_with('s'), "a timeout is always set: {cells:?}");
        }
        for external in &design.model.externals {
            row(&page, &format!("`{}` is down or slow", external.name));
        }
        for flow in &design.model.flows {
            row(&page, &format!("`{}`", flow.name));
        }
    }
}

#[test]
fn the_specification_knows_every_context_and_every_step_up() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        let specification = document(&checked, "architecture-specification.md");
        let system = document(&checked, "system-design.md");
        let design = checked.design.unwrap();
        for context in &design.model.contexts {
            let cells = row(&specification, &format!("`{}`", context.name));
            assert_eq!(cells.len(), 7, "team, database, APIs, events, cache, queue: {cells:?}");
        }
        let patterns = specification.lines().filter(|line| line.contains(" pattern** |"));
        assert!(patterns.count() >= 7, "{name}: {specification}");
        for verdict in design.verdicts.iter().filter(|of| of.price > 0) {
            row(&system, &format!("`{}`", verdict.id()));
        }
    }
}

/// Files and folders that the documents name are written.
#[test]
fn documents_name_only_what_is_written() {
    for checked in [example("shop"), example("rides"), awkward(), least()] {
        let artifacts = checked.artifacts();
        let exists = |path: &str| {
            artifacts.iter().any(|of| match path.strip_suffix('/') {
                Some(_) => of.path.starts_with(path),
                None => of.path == path,
            })
        };
        let pages = artifacts.iter().filter(|of| of.path.ends_with(".md"));
        for page in pages.filter(|of| !of.path.contains('/')) {
            let words =
                page.contents.split(|c: char| c.is_whitespace() || "(),;:|`<>[]".contains(c));
            let paths = words.filter(|word| {
                let file = [".md", ".yaml", ".sql", ".html", ".json"]
                    .iter()
                    .any(|end| word.ends_with(end));
                let folder = word.ends_with('/') && word.len() > 1;
                let plain = word.chars().all(|c| c.is_ascii_lowercase() || "-_./".contains(c));
                (file || folder) && plain && !word.contains("firmitas.yaml")
            });
            for path in paths {
                assert!(exists(path), "{} names {path}, which is not written", page.path);
            }
        }
    }
}

#[test]
fn security_knows_every_boundary_every_asset_and_every_actor() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        let page = document(&checked, "security.md");
        let design = checked.design.unwrap();
        for external in &design.model.externals {
            assert!(page.contains(&format!("### Us and `{}`", external.name)), "{name}");
            for callback in &external.callbacks {
                let title = format!("### `{}` calling `{}`", external.name, callback.name);
                assert!(page.contains(&title), "{name}: {title}");
            }
        }
        let kept = decide::encryption::of(&design);
        assert!(!kept.is_empty());
        for field in kept {
            let entity = &design.model.entity(field.entity).name;
            assert!(page.contains(&format!("| `{entity}.{}` |", field.path)), "{name}");
        }
        for verdict in design.verdicts.iter().filter(|of| of.family == "authentication") {
            assert_eq!(row(&page, &format!("`{}`", verdict.subject))[1], verdict.choice);
        }
        for number in 1..=10 {
            row(&page, &format!("API{number}"));
        }
        assert_eq!(
            page.matches("| Elevation of privilege |").count(),
            page.matches("\n### ").count()
        );
    }
}

#[test]
fn a_higher_level_asks_for_more_rows_of_the_asvs() {
    let rows = |level: &str| {
        let text = crate::examples::text_of("shop");
        let text = text.replace("assurance: L2", &format!("assurance: {level}"));
        let files = std::collections::BTreeMap::from([("firmitas.yaml".to_owned(), text)]);
        let page = document(&engine::check(&files), "security.md");
        let asvs = page.split("## OWASP ASVS").nth(1).unwrap().to_owned();
        asvs.lines().filter(|line| line.starts_with("| ") && line.contains('.')).count()
    };
    let (one, two, three) = (rows("L1"), rows("L2"), rows("L3"));
    assert!(20 < one && one < two && two < three, "{one} {two} {three}");
}

#[test]
fn the_roadmap_has_phases_with_their_ends() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        let page = document(&checked, "roadmap.md");
        let design = checked.design.unwrap();
        let live: Vec<&str> =
            page.lines().filter(|line| line.starts_with("In this order")).collect();
        for context in &design.model.contexts {
            let name = context.name.value.as_str();
            assert!(
                live.iter().any(|line| line.contains(name)),
                "{name} never goes live: {live:?}"
            );
        }
        let (phases, ends) =
            (page.matches("## Phase ").count(), page.matches("### It ends when").count());
        assert!(phases >= 2 && phases == ends, "{phases} {ends}");
        for verdict in design.verdicts.iter().filter(|of| !of.runnable) {
            row(&page, &format!("`{}`", verdict.family));
        }
    }
}

#[test]
fn caching_keeps_within_what_may_be_stale() {
    let checked = example("shop");
    let page = document(&checked, "caching.md");
    let design = checked.design.unwrap();
    let names = decide::decided::operation_names(design.facts());
    let mut kept = 0;
    for of in decide::caching::of(&design) {
        let name = &names[of.operation.0 as usize];
        let choice = design.verdict("cache", name).map_or("none", |of| of.choice);
        let cells = row(&page, &format!("`{name}`"));
        if choice == "none" {
            assert_eq!(cells.len(), 2, "why not: {cells:?}");
            continue;
        }
        kept += 1;
        assert_eq!(cells[1], choice);
        let stale = of.stale.map_or(0.0, |stale| stale.value);
        assert!(of.layers.iter().map(|of| of.seconds).sum::<f64>() <= stale, "{name}");
    }
    assert!(kept > 0);
}
