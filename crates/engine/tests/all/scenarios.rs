//! Twelve backends, different in kind: what their briefs expect and what the engine decides, held
//! together.

mod brief;
mod language;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::{FileId, Severity};
use decide::Design;
use engine::{Artifact, Checked, ROOT, check};

use crate::shuffled::{reversed, without_places};
use brief::{Brief, Row};

pub const NAMES: [&str; 12] = [
    "b2b-saas",
    "bank-ledger",
    "chat",
    "clinic",
    "food-delivery",
    "internal-tool",
    "iot-telemetry",
    "marketplace",
    "media-site",
    "ml-features",
    "nightly-batch",
    "shop-four-teams",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

/// The files of a scenario's model, by path.
pub fn files(name: &str) -> BTreeMap<String, String> {
    let root = folder().join(name).join("model");
    let mut files = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// A scenario's model, decided although some of its requirements cannot be met.
struct Decided(Checked);

fn decided(files: &BTreeMap<String, String>) -> Decided {
    let mut checked = check(files);
    checked.design.get_or_insert_with(|| {
        let (model, _) = model::load(&checked.sources, FileId(0));
        Arc::new(decide::decide(Arc::new(model)).0)
    });
    Decided(checked)
}

impl Decided {
    fn design(&self) -> &Design {
        self.0.design.as_deref().unwrap()
    }

    /// The ids of all findings of a severity.
    fn found(&self, severity: Severity) -> BTreeSet<&'static str> {
        let all = self.0.diagnostics.iter();
        all.filter(|finding| finding.severity == severity).map(|of| of.id).collect()
    }

    /// What was decided about `family.subject`, or about every subject of `family.*`: the options,
    /// each once. None where the family is not there.
    fn options(&self, decision: &str) -> Option<BTreeSet<&'static str>> {
        let (family, subject) = decision.split_once('.').unwrap();
        if !decide::decisions::ALL.iter().any(|of| of.family == family) {
            return None;
        }
        let all = self.design().verdicts.iter().filter(|verdict| verdict.family == family);
        let about = all.filter(|verdict| subject == "*" || verdict.subject == subject);
        Some(about.map(|verdict| verdict.choice).collect())
    }

    /// What belongs into the column *engine*; none where the family is not built yet.
    fn answer(&self, row: &Row) -> Option<String> {
        let options = self.options(&row.decision)?;
        // Where a question arises nowhere, nothing is built.
        let nothing = options.is_empty() && !row.decision.ends_with(".*");
        if nothing || options.is_empty() && !row.expected.iter().any(|of| of == "none") {
            return Some("nothing is decided".to_owned());
        }
        if options.iter().all(|option| row.expected.iter().any(|of| of == option)) {
            return Some("agrees".to_owned());
        }
        let options: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
        Some(options.join(", "))
    }
}

/// Compares a brief with what was decided; with `UPDATE_SCENARIOS` set, writes the column *engine*
/// instead. The expectation is never written.
fn compare(name: &str, faults: &mut Vec<String>, pending: &mut Vec<String>) {
    let path = folder().join(name).join("README.md");
    let mut brief = Brief::read(&fs::read_to_string(&path).unwrap());
    let decided = decided(&files(name));
    let update = std::env::var_os("UPDATE_SCENARIOS").is_some();
    let mut fault = |text: String| faults.push(format!("{name}: {text}"));
    for row in &mut brief.rows {
        match decided.answer(row) {
            None => pending.push(format!("{name}: {}", row.decision)),
            Some(engine) if engine == row.engine => {}
            Some(engine) if update => row.engine = engine,
            Some(engine) => {
                fault(format!("`{}` is {engine}, the table says {:?}", row.decision, row.engine));
            }
        }
    }
    if update {
        fs::write(&path, brief.text()).unwrap();
    }
    let mut differing = differing(&brief);
    differing.extend(milder(&brief, &decided, &mut fault));
    unsettled(&brief, &differing, &mut fault);
}

/// The decisions on which the engine differs.
fn differing(brief: &Brief) -> BTreeSet<&str> {
    let differs = |row: &&Row| !row.engine.is_empty() && row.engine != "agrees";
    brief.rows.iter().filter(differs).map(|row| row.decision.as_str()).collect()
}

/// Every error is expected by the brief, and what it expects is found. Returns the requirements
/// about which the engine only warns.
fn milder<'b>(
    brief: &'b Brief,
    decided: &Decided,
    fault: &mut impl FnMut(String),
) -> BTreeSet<&'b str> {
    let errors = decided.found(Severity::Error);
    let warnings = decided.found(Severity::Warning);
    let mut milder = BTreeSet::new();
    for (requirement, id) in &brief.unmeetable {
        if !errors.contains(id.as_str()) && warnings.contains(id.as_str()) {
            milder.insert(requirement.as_str());
        } else if !errors.contains(id.as_str()) {
            fault(format!("{requirement}: `{id}` is not found"));
        }
    }
    let expected: BTreeSet<&str> = brief.unmeetable.iter().map(|(_, id)| id.as_str()).collect();
    for error in errors.difference(&expected) {
        fault(format!("`{error}` is found, and the brief does not expect it"));
    }
    milder
}

/// Whatever differs has its argument, and nothing else has one.
fn unsettled(brief: &Brief, differing: &BTreeSet<&str>, fault: &mut impl FnMut(String)) {
    for id in differing.iter().filter(|id| !brief.arguments.contains_key(**id)) {
        fault(format!("`{id}` differs, and nothing under `Where the engine differs` settles it"));
    }
    for (id, argument) in &brief.arguments {
        if !differing.contains(id.as_str()) {
            fault(format!("`{id}` is argued about, but does not differ"));
        }
        if argument.split_whitespace().count() < 5 {
            fault(format!("`{id}`: {argument:?} is no argument"));
        }
    }
}

#[test]
fn what_the_briefs_expect_is_decided_or_argued_about() {
    let (mut faults, mut pending) = (Vec::new(), Vec::new());
    for name in NAMES {
        compare(name, &mut faults, &mut pending);
    }
    // Families that are not built yet; nothing may be left here in the end.
    println!("{} rows wait for their family:\n{}", pending.len(), pending.join("\n"));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn briefs_expect_options_of_the_catalogue_about_many_families() {
    for name in NAMES {
        let brief =
            Brief::read(&fs::read_to_string(folder().join(name).join("README.md")).unwrap());
        let mut families = BTreeSet::new();
        for row in &brief.rows {
            let (family, _) = row.decision.split_once('.').unwrap();
            let known = decide::catalogue::family(family).unwrap_or_else(|| panic!("{family}"));
            let strange = row.expected.iter().find(|option| known.choice(option).is_none());
            assert_eq!(strange, None, "{name}: {}", row.decision);
            assert!(row.because.ends_with('.'), "{name}: {} has no reason", row.decision);
            families.insert(family);
        }
        assert!(families.len() >= 24, "{name}: {}", families.len());
        let same: BTreeSet<&str> = brief.rows.iter().map(|row| row.decision.as_str()).collect();
        assert_eq!(same.len(), brief.rows.len(), "{name}: a row stands twice");
    }
}

#[test]
fn every_folder_is_a_scenario() {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let folders = entries.filter(|path| path.is_dir());
    let mut found: Vec<String> =
        folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    found.sort();
    assert_eq!(found, NAMES);
    assert!(NAMES.iter().all(|name| files(name).contains_key(ROOT)));
}

/// The lines of a document; sorted where it tells findings, which come in the order of places, and
/// without the places' own order in the dossier.
fn lines(artifact: &Artifact) -> Vec<&str> {
    let told = |line: &&str| !line.contains("data-find=");
    let mut lines: Vec<&str> = artifact.contents.lines().filter(told).collect();
    if ["index.html", "security.md"].contains(&artifact.path.as_str()) {
        lines.sort_unstable();
    }
    lines
}

/// Both ways of writing a model give the same documents.
fn same_documents(name: &str) {
    let keys =
        ["contexts", "entities", "operations", "events", "actors", "teams", "externals", "flows"];
    let straight = files(name);
    let turn = |text: &String| keys.iter().fold(text.clone(), |text, key| reversed(&text, key));
    let shuffled: BTreeMap<String, String> =
        straight.iter().map(|(path, text)| (path.clone(), turn(text))).collect();
    assert_ne!(straight, shuffled);
    let (first, second) = (decided(&straight), decided(&shuffled));
    assert_eq!(first.found(Severity::Error), second.found(Severity::Error));
    let (first, second) = (without_places(&first.0), without_places(&second.0));
    assert!(first.len() > 10 && first.len() == second.len());
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first.path, second.path);
        let (first_lines, second_lines) = (lines(first), lines(second));
        let mut differing = first_lines.iter().zip(&second_lines).filter(|(a, b)| a != b);
        assert_eq!(differing.next(), None, "{name}: {}", first.path);
    }
}

/// A test for each, so that they run side by side.
macro_rules! documents_do_not_depend_on_the_order_of_maps {
    ($($test:ident $name:literal)*) => {
        mod documents_do_not_depend_on_the_order_of_maps {
            $(#[test]
            fn $test() {
                super::same_documents($name);
            })*

            #[test]
            fn and_none_is_left_out() {
                assert_eq!([$($name),*], super::NAMES);
            }
        }
    };
}

documents_do_not_depend_on_the_order_of_maps! {
    b2b_saas "b2b-saas"
    bank_ledger "bank-ledger"
    chat "chat"
    clinic "clinic"
    food_delivery "food-delivery"
    internal_tool "internal-tool"
    iot_telemetry "iot-telemetry"
    marketplace "marketplace"
    media_site "media-site"
    ml_features "ml-features"
    nightly_batch "nightly-batch"
    shop_four_teams "shop-four-teams"
}
