//! What meets a row exists, and what shows it is run.
//!
//! ```text
//! verdict MODEL: family.subject = choice [with PARAMETER: TEXT | over OPTION: TEXT | because TEXT]
//! artifact MODEL: path has "TEXT"
//! diagnostic MODEL: id
//! language MODEL: "TEXT of the model, which has no errors of reading"
//! finding ID
//! explained ID
//! test crates/X/tests/all/FILE.rs: function
//! ```

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, LazyLock, Mutex, OnceLock},
};

use base::FileId;
use decide::Design;
use engine::{Artifact, Checked, check};

use super::repository;
use crate::{examples::text_of, scenarios};

/// A model, decided once for all fixtures although some of its requirements may not be met.
struct Decided {
    files: BTreeMap<String, String>,
    checked: Checked,
    artifacts: OnceLock<Vec<Artifact>>,
}

impl Decided {
    fn of(name: &str) -> Result<Self, String> {
        let files = files(name)?;
        let mut checked = check(&files);
        checked.design.get_or_insert_with(|| {
            let (model, _) = model::load(&checked.sources, FileId(0));
            Arc::new(decide::decide(Arc::new(model)).0)
        });
        Ok(Self { files, checked, artifacts: OnceLock::new() })
    }

    fn design(&self) -> &Design {
        self.checked.design.as_deref().unwrap()
    }

    fn artifacts(&self) -> &[Artifact] {
        self.artifacts.get_or_init(|| self.checked.artifacts())
    }
}

/// The files of an example, a scenario or a model of these tests.
fn files(name: &str) -> Result<BTreeMap<String, String>, String> {
    if let Some(scenario) = name.strip_prefix("scenarios/") {
        let known = scenarios::NAMES.contains(&scenario);
        return known.then(|| scenarios::files(scenario)).ok_or_else(|| format!("no {name}"));
    }
    let text = match name {
        "shop" | "rides" => text_of(name),
        _ => {
            fs::read_to_string(repository().join(format!("crates/engine/tests/models/{name}.yaml")))
                .map_err(|why| format!("model {name}: {why}"))?
        }
    };
    Ok(BTreeMap::from([("firmitas.yaml".to_owned(), text)]))
}

fn decided(name: &str) -> Result<Arc<Decided>, String> {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, Arc<Decided>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    if let Some(found) = known.get(name) {
        return Ok(Arc::clone(found));
    }
    let decided = Arc::new(Decided::of(name)?);
    known.insert(name.to_owned(), Arc::clone(&decided));
    Ok(decided)
}

/// Nothing where the decision, check, emitter, command, crate, section of the language or script
/// exists.
pub fn missing_means(means: &str) -> Result<(), String> {
    let (kind, name) = means.split_once(' ').ok_or(format!("{means:?}: a kind and a name"))?;
    let exists = match kind {
        "decision" => decide::decisions::ALL.iter().any(|decision| decision.family == name),
        "check" => check::ALL.iter().any(|check| check.id == name),
        "emitter" => emit::ALL.iter().any(|emitter| emitter.id == name),
        "command" => {
            let commands = repository().join("crates/cli/src/commands");
            commands.join(format!("{name}.rs")).exists() || commands.join(name).is_dir()
        }
        "language" => {
            let keys = fs::read_to_string(repository().join("docs/language.md")).unwrap();
            keys.contains(&format!("`{name}`"))
        }
        "diagnostic" => engine::explain(name).is_some(),
        "page" => repository().join(name).exists(),
        "runtime" => repository().join("crates/runtime/src").join(name).exists(),
        _ => return Err(format!("{means:?}: {kind:?} is no kind")),
    };
    if exists { Ok(()) } else { Err(format!("no {means}")) }
}

/// Runs a fixture.
pub fn run(fixture: &str) -> Result<(), String> {
    let (kind, rest) = fixture.split_once(' ').unwrap_or((fixture, ""));
    let about = |rest: &str| {
        let (name, rest) = rest.split_once(": ").ok_or(format!("{fixture:?}: no `MODEL: `"))?;
        Ok::<_, String>((name.to_owned(), rest.to_owned()))
    };
    let held = match kind {
        "verdict" => about(rest).and_then(|(name, rest)| verdict(&*decided(&name)?, &rest)),
        "artifact" => about(rest).and_then(|(name, rest)| artifact(&*decided(&name)?, &rest)),
        "diagnostic" => about(rest).and_then(|(name, id)| {
            let decided = decided(&name)?;
            let found = decided.checked.diagnostics.iter().any(|finding| finding.id == id);
            found.then_some(()).ok_or("is not found".to_owned())
        }),
        "language" => about(rest).and_then(|(name, text)| language(&*decided(&name)?, &text)),
        "finding" => page_of_check(rest),
        "explained" => engine::explain(rest).map(|_| ()).ok_or("is not explained".to_owned()),
        "test" => about(rest).and_then(|(path, function)| test(&path, &function)),
        _ => Err("no such kind of fixture".to_owned()),
    };
    held.map_err(|why| format!("{fixture}\n    {why}"))
}

/// `family.subject = choice`, then nothing, ` with PARAMETER: TEXT`, ` over OPTION: TEXT` or
/// ` because TEXT`.
fn verdict(decided: &Decided, text: &str) -> Result<(), String> {
    let (id, rest) = text.split_once(" = ").ok_or("no ` = `")?;
    let (choice, more) = rest.split_once(' ').unwrap_or((rest, ""));
    let verdict = decided.design().verdicts.iter().find(|verdict| verdict.id() == id);
    let verdict = verdict.ok_or_else(|| format!("no verdict {id}"))?;
    if verdict.choice != choice {
        return Err(format!("is {}", verdict.choice));
    }
    let (kind, more) = more.split_once(' ').unwrap_or((more, ""));
    let (name, part) = more.split_once(": ").unwrap_or((more, ""));
    let found: Vec<String> = match kind {
        "" => return Ok(()),
        "with" => {
            let named = verdict.parameters.iter().filter(|(parameter, _)| parameter == name);
            named.map(|(_, value)| value.clone()).collect()
        }
        "over" => {
            let named = verdict.rejected.iter().filter(|rejected| rejected.option == name);
            named.map(|rejected| rejected.reason.clone()).collect()
        }
        "because" => {
            let driver =
                |driver: &decide::design::Driver| format!("{}: {}", driver.fact, driver.weight);
            let drivers: Vec<String> = verdict.drivers.iter().map(driver).collect();
            let held = drivers.iter().any(|driver| driver.contains(more));
            return held.then_some(()).ok_or_else(|| format!("because {drivers:?}"));
        }
        _ => return Err(format!("{kind:?} is none of with, over, because")),
    };
    if found.is_empty() {
        let known = verdict.parameters.iter().map(|(name, _)| name.as_str());
        return Err(format!("has no {name:?}, but {:?}", known.collect::<Vec<_>>()));
    }
    let held = found.iter().any(|value| value.contains(part));
    held.then_some(()).ok_or_else(|| format!("is {found:?}"))
}

/// `path has "TEXT"`
fn artifact(decided: &Decided, text: &str) -> Result<(), String> {
    let (path, text) = text.split_once(" has ").ok_or("no ` has `")?;
    let text = quoted(text)?;
    let artifact = decided.artifacts().iter().find(|artifact| artifact.path == path);
    let artifact = artifact.ok_or_else(|| format!("no {path}"))?;
    let found = artifact.contents.contains(text);
    found.then_some(()).ok_or_else(|| "is not in it".to_owned())
}

/// A line of a model that can be read and resolved.
fn language(decided: &Decided, text: &str) -> Result<(), String> {
    let text = quoted(text)?;
    let found = decided.files.values().any(|file| file.contains(text));
    if !found {
        return Err("is not in the model".to_owned());
    }
    let (_, faults) = model::load(&decided.checked.sources, FileId(0));
    let fault = faults.iter().find(|fault| fault.severity == base::Severity::Error);
    fault.map_or(Ok(()), |fault| Err(format!("the model has {}", fault.id)))
}

fn quoted(text: &str) -> Result<&str, String> {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inside.filter(|text| text.len() >= 3).ok_or_else(|| "no \"TEXT\"".to_owned())
}

/// The page of a check has a model that yields it and one that does not; its own test holds both.
fn page_of_check(id: &str) -> Result<(), String> {
    let path = repository().join(format!("crates/check/src/checks/{id}.md"));
    let page = fs::read_to_string(path).map_err(|why| why.to_string())?;
    let whole = ["## Wrong", "## Right"].iter().all(|title| page.contains(title));
    whole.then_some(()).ok_or_else(|| "its page shows no Wrong and Right".to_owned())
}

fn test(path: &str, function: &str) -> Result<(), String> {
    let text = fs::read_to_string(repository().join(path)).map_err(|why| why.to_string())?;
    let (before, _) = text.split_once(&format!("fn {function}(")).ok_or("no such function")?;
    let attributes = before.rsplit("\n\n").next().unwrap_or("");
    let runs = attributes.contains("#[test]")
        || attributes.contains("::test]")
        || attributes.contains("::test(");
    let runs = runs && !attributes.contains("#[ignore");
    runs.then_some(()).ok_or_else(|| "is no test".to_owned())
}
