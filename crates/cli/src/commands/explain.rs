//! `firm explain`: why a decision fell as it did, or what a finding means here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use base::did_you_mean;
use clap::Args;
use decide::{decisions::ALL, design::Verdict};
use serde_json::{Value, json};

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::{Folder, ROOT},
    loaded::Loaded,
    render::{decision_text, flips_text, searched},
};

/// Arguments of `firm explain`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  firm explain examples/shop\n  firm explain store.catalog examples/shop"
)]
pub struct ExplainArguments {
    /// A decision (`store.catalog`), a family of decisions (`store`), or the id of a finding; all
    /// families where none is named
    id: Option<String>,

    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,
}

/// Prints the decisions, or the findings, that the id names.
///
/// # Errors
/// `unknown-id` with the nearest ones, and when there is no model.
pub fn run(arguments: &ExplainArguments, console: &Console) -> Result<Outcome, Failure> {
    let named = arguments.id.as_deref();
    // A folder alone asks for all families of its model.
    let folder = named.filter(|id| Path::new(id).join(ROOT).is_file());
    let model = folder.map_or(arguments.model.as_path(), Path::new);
    // The folder may come first as well, as it does for every other command.
    let other = arguments.model.to_str().filter(|other| folder.is_some() && *other != ".");
    let Some(id) = folder.map_or(named, |_| other) else {
        return Ok(list(&Loaded::read(Folder::open(model)?), console));
    };
    let explained = engine::explain(id);
    let mut loaded = match (Folder::open(model), explained) {
        (Ok(folder), _) => Loaded::read(folder),
        // What a finding means needs no model.
        (Err(_), Some(text)) => {
            explanation(id, text, console);
            return Ok(Outcome::Success);
        }
        (Err(failure), None) => return Err(failure),
    };
    let verdicts: Vec<_> = loaded
        .verdicts()
        .iter()
        .filter(|verdict| verdict.family == id || verdict.id() == id)
        .cloned()
        .collect();
    let found = loaded.diagnostics.iter().any(|found| found.id == id);
    if verdicts.is_empty() && !found && explained.is_none() {
        return Err(unknown(&loaded, id));
    }
    if verdicts.is_empty() {
        loaded.diagnostics.retain(|found| found.id == id);
    }
    if let Some(family) = verdicts.first().map(|of| of.family) {
        loaded.find_flips_of(family, console);
    }
    if console.json() {
        let mut document = loaded.document();
        document["decisions"] = verdicts.iter().map(|of| loaded.decision(of)).collect::<Value>();
        document["explanation"] = Value::from(explained);
        console.document(&document);
    } else if verdicts.is_empty() {
        console.answer(text_of(id, explained.unwrap_or_default()));
        finding_text(&loaded, console);
    }
    if !console.json() && !verdicts.is_empty() {
        console.answer(decisions_text(&loaded, &verdicts, id));
    }
    Ok(Outcome::Success)
}

/// What a finding means, without a model.
fn explanation(id: &str, text: &str, console: &Console) {
    if console.json() {
        console.document(
            &json!({ "version": 1, "diagnostics": [], "decisions": [], "explanation": text }),
        );
    } else {
        console.answer(text_of(id, text));
    }
}

/// The page of a check as it is; what the language refuses with its id as the heading.
fn text_of(id: &str, text: &str) -> String {
    let text = text.trim_end();
    if text.starts_with('#') {
        text.to_owned()
    } else {
        format!("{}\n\n{text}", styled(style::BOLD, id))
    }
}

/// Where the finding stands in this model, and how it could be accepted.
fn finding_text(loaded: &Loaded, console: &Console) {
    if loaded.diagnostics.is_empty() {
        console.answer(format!("\nnothing of the kind is found in `{}`", loaded.folder.shown()));
        return;
    }
    console.answer("");
    loaded.print_findings(|text| console.answer(text), console.appearance());
    let keys: Vec<&str> =
        loaded.diagnostics.iter().filter_map(|found| found.accept_as.as_deref()).collect();
    if !keys.is_empty() {
        let lines = keys.iter().map(|key| format!("    {key}: {{ because: .. }}"));
        let lines = lines.collect::<Vec<_>>().join("\n");
        console.answer(format!("\nto accept what is meant:\n\ndecisions:\n  accept:\n{lines}"));
    }
}

/// Every family with its question, and what it chose how often.
fn list(loaded: &Loaded, console: &Console) -> Outcome {
    if loaded.has_errors() {
        return loaded.refuse(console);
    }
    let mut families: Vec<(&str, BTreeMap<&str, usize>)> = Vec::new();
    for verdict in loaded.verdicts() {
        match families.last_mut() {
            Some((family, counts)) if *family == verdict.family => {
                *counts.entry(verdict.choice).or_default() += 1;
            }
            _ => families.push((verdict.family, BTreeMap::from([(verdict.choice, 1)]))),
        }
    }
    let question = |family: &str| {
        let known = ALL.iter().find(|decision| decision.family == family);
        known.map_or("The model decides.", |known| known.question)
    };
    if console.json() {
        let mut document = loaded.document();
        let json = |(family, counts): &(&str, BTreeMap<&str, usize>)| json!({ "family": family, "question": question(family), "choices": counts });
        document["families"] = families.iter().map(json).collect();
        console.document(&document);
        return Outcome::Success;
    }
    let line = |(family, counts): &(&str, BTreeMap<&str, usize>)| {
        let told: Vec<String> = counts
            .iter()
            .map(|(choice, count)| match count {
                1 => (*choice).to_owned(),
                many => format!("{choice} ({many})"),
            })
            .collect();
        let name = styled(style::BOLD, format_args!("{family:>16}"));
        format!("{name}  {}\n{:18}{}", styled(style::DIM, question(family)), "", told.join(", "))
    };
    console.answer(families.iter().map(line).collect::<Vec<_>>().join("\n"));
    console
        .prose("\n`firm explain FAMILY` says how it is decided, `firm explain FAMILY.SUBJECT` why");
    Outcome::Success
}

/// The question, the answers with their reasons, and for a whole family how it is decided.
fn decisions_text(loaded: &Loaded, verdicts: &[Verdict], id: &str) -> String {
    let family = verdicts.first().map_or(id, |verdict| verdict.family);
    let known = ALL.iter().find(|decision| decision.family == family);
    let mut paragraphs = Vec::new();
    paragraphs.extend(known.map(|known| styled(style::DIM, known.question)));
    let flips = loaded.design.as_ref().map(|design| &design.flips);
    let text = |verdict| {
        let text = decision_text(&loaded.sources, loaded.folder.shown(), verdict);
        let flips = flips.map(|flips| flips_text(flips, verdict)).unwrap_or_default();
        if flips.is_empty() { text } else { format!("{text}\n{flips}") }
    };
    let page = known.filter(|_| family == id).map(|known| known.page.trim_end().to_owned());
    paragraphs.extend(page);
    paragraphs.extend(verdicts.iter().map(text));
    paragraphs.extend(flips.map(|flips| styled(style::DIM, searched(flips))));
    paragraphs.join("\n\n")
}

fn unknown(loaded: &Loaded, id: &str) -> Failure {
    let decisions: Vec<String> = loaded.verdicts().iter().map(|verdict| verdict.id()).collect();
    let families = loaded.verdicts().iter().map(|verdict| verdict.family);
    let findings = engine::explanations::ids().map(|id| -> &str { id });
    let names = decisions.iter().map(String::as_str).chain(families).chain(findings);
    let shown = loaded.folder.shown();
    let failure =
        Failure::new("unknown-id", format!("`{id}` is no decision and no finding of `{shown}`"));
    // The subject is often enough without its context: `slo.book`, not `slo.sales.book`.
    let ends = id.split_once('.').zip(id.rsplit_once('.'));
    let short = ends.map(|((family, _), (_, last))| format!("{family}.{last}"));
    let short = short.filter(|short| decisions.contains(short));
    match short.as_deref().or_else(|| did_you_mean(id, names)) {
        Some(name) => failure.help(format!("did you mean `{name}`?")),
        None if loaded.has_errors() => {
            failure.help(format!("the model has errors: see `firm check {shown}`"))
        }
        None => failure.help(format!("`firm design {shown} --json` lists all decisions")),
    }
}
