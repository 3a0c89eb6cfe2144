//! `firm accept`: takes changed decisions into `decisions.lock.yaml`.

use std::{collections::BTreeSet, path::PathBuf};

use base::did_you_mean;
use clap::Args;
use decide::{
    design::Verdict,
    flips,
    lock::{self, Change, FILE},
};
use serde_json::{Value, json};

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::{Folder, ROOT},
    loaded::{Loaded, threads},
    render::visible,
};

/// Arguments of `firm accept`.
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Take decisions into `decisions.lock.yaml` beside the model, each with the numbers \
that could turn it. From then on `firm check` and `firm design` tell what is no longer decided as \
it was accepted, and a number that is beyond its threshold by no more than 20 % turns nothing.

Without `--all` or a decision it only tells what is not as it was accepted.",
    after_help = "Example:\n  firm accept --all examples/shop\n  firm accept style.system store examples/shop"
)]
pub struct AcceptArguments {
    /// Decisions (`style.system`) or families (`store`); last the folder with `firmitas.yaml` [default: .]
    #[arg(value_name = "DECISION|MODEL")]
    what: Vec<String>,

    /// Accept everything that is decided now
    #[arg(long)]
    all: bool,
}

/// Writes the lock, or tells what changed.
///
/// # Errors
/// When there is no model, no such decision, or the file cannot be written.
pub fn run(arguments: &AcceptArguments, console: &Console) -> Result<Outcome, Failure> {
    let (wanted, model) = split(&arguments.what);
    let loaded = Loaded::read(Folder::open(&model)?);
    if loaded.has_errors() {
        return Ok(loaded.refuse(console));
    }
    if wanted.is_empty() && !arguments.all {
        if loaded.design.as_ref().is_some_and(|design| design.lock.is_none()) {
            let help = "`firm accept --all` accepts what is decided now";
            return Err(Failure::new("nothing-accepted", "no decision was accepted yet").help(help));
        }
        let changes = loaded.changes();
        report(console, &loaded, &changes, &[]);
        let none = changes.iter().all(|change| change.locked.is_none());
        return Ok(if none { Outcome::Success } else { Outcome::Findings });
    }
    let known = |name: &String| {
        let pins = loaded.design.as_ref().and_then(|design| design.lock.as_deref());
        let locked = pins.is_some_and(|lock| lock.pins.contains_key(name));
        locked || loaded.verdicts().iter().any(|of| of.family == name || of.id() == *name)
    };
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        return Err(self::unknown(&loaded, unknown));
    }
    let before = loaded.changes();
    let accept = |id: &str| {
        let named = |name: &String| name == id || id.split('.').next() == Some(name.as_str());
        arguments.all || wanted.iter().any(named)
    };
    write(&loaded, console, &accept, arguments.all && wanted.is_empty())?;
    let taken: Vec<&Change> = before.iter().filter(|change| accept(&change.id)).collect();
    report(console, &loaded, &[], &taken);
    Ok(Outcome::Success)
}

/// Decisions, and the folder of the model if the last one is one.
fn split(what: &[String]) -> (Vec<String>, PathBuf) {
    match what.split_last() {
        Some((last, rest)) if PathBuf::from(last).join(ROOT).is_file() => {
            (rest.to_vec(), PathBuf::from(last))
        }
        Some((last, rest)) if last.contains('/') => (rest.to_vec(), PathBuf::from(last)),
        _ => (what.to_vec(), PathBuf::from(".")),
    }
}

/// Writes the lock with what the rules choose now. Where everything is accepted at once, decisions
/// that are being kept stay as they were accepted.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    loaded: &Loaded,
    console: &Console,
    accept: &dyn Fn(&str) -> bool,
    keep: bool,
) -> Result<(), Failure> {
    let Some(design) = &loaded.design else { return Ok(()) };
    let waiting = console.waiting("moving every number to see what would change");
    let (mut plain, _) = decide::decide_with(design.model.clone(), design.numbers.clone());
    plain.flips = flips::of(&plain, threads());
    drop(waiting);
    let before = design.lock.as_deref().cloned().unwrap_or_default();
    let chosen = |among: &[Verdict], id: &str| {
        among.iter().find(|verdict| verdict.id() == id).map(|verdict| verdict.choice)
    };
    let held = |id: &str| {
        let pinned = before.pins.get(id).map(|pin| pin.choice.as_str());
        let now = chosen(&design.verdicts, id);
        keep && pinned.is_some() && now == pinned && chosen(&plain.verdicts, id) != now
    };
    let new = lock::accepted(&plain, &plain.flips, &before, &|id| accept(id) && !held(id));
    let old = loaded.sources.files().find(|(_, file)| file.path == FILE);
    let old = old.map_or("", |(_, file)| &file.text);
    let text = engine::lock::text(&new, &plain, old);
    if text != *old {
        loaded.folder.write(FILE, &text)?;
    }
    Ok(())
}

fn unknown(loaded: &Loaded, name: &str) -> Failure {
    let ids: Vec<String> = loaded.verdicts().iter().map(Verdict::id).collect();
    let families: BTreeSet<&str> = loaded.verdicts().iter().map(|of| of.family).collect();
    let names = ids.iter().map(String::as_str).chain(families);
    let failure = Failure::new("unknown-id", format!("`{name}` is no decision of the model"));
    match did_you_mean(name, names) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`firm explain` lists all families"),
    }
}

fn report(console: &Console, loaded: &Loaded, open: &[Change], taken: &[&Change]) {
    if console.json() {
        let mut document = loaded.document();
        document["changed"] = open.iter().map(change_json).collect();
        document["accepted"] = taken.iter().map(|of| change_json(of)).collect();
        return console.document(&document);
    }
    open.iter().for_each(|change| console.answer(change_line(change)));
    taken.iter().for_each(|change| console.answer(change_line(change)));
    let file = loaded.folder.path().join(FILE);
    console.prose(match (open.is_empty(), taken.is_empty()) {
        (_, false) => format!("{} {}", styled(style::GOOD, "accepted in"), file.display()),
        (true, true) => format!("everything is as {} has it", file.display()),
        (false, true) => "`firm accept --all` takes them, `firm accept ID` one of them".to_owned(),
    });
}

/// `style.system: modular-monolith -> hybrid`, with the numbers that turned it.
#[must_use]
pub fn change_line(change: &Change) -> String {
    let id = visible(&change.id);
    let line = match (&change.locked, change.now) {
        (Some(locked), Some(now)) => {
            format!("{} {id}: {locked} -> {now}", styled(style::ATTENTION, "~"))
        }
        (Some(locked), None) => format!("{} {id}: {locked}", styled(style::BAD, "-")),
        (None, now) => format!("{} {id}: {}", styled(style::GOOD, "+"), now.unwrap_or_default()),
    };
    let because = change.because.iter();
    let because = because.map(|number| format!("\n    {}", styled(style::DIM, visible(number))));
    format!("{line}{}", because.collect::<String>())
}

/// The JSON of a change.
#[must_use]
pub fn change_json(change: &Change) -> Value {
    json!({ "id": change.id, "locked": change.locked, "now": change.now, "because": change.because })
}
