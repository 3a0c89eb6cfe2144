//! `firm explain`: why a decision fell as it did, or what a finding means here.

use std::path::PathBuf;

use base::did_you_mean;
use clap::Args;
use decide::{decisions::ALL, design::Verdict};
use serde_json::Value;

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    loaded::Loaded,
    render::{decision_text, flips_text, searched},
};

/// Arguments of `firm explain`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  firm explain store.catalog examples/shop")]
pub struct ExplainArguments {
    /// A decision (`store.catalog`), a family of decisions (`store`), or the id of a finding
    id: String,

    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,
}

/// Prints the decisions, or the findings, that the id names.
///
/// # Errors
/// `unknown-id` with the nearest ones, and when there is no model.
pub fn run(arguments: &ExplainArguments, console: &Console) -> Result<Outcome, Failure> {
    let mut loaded = Loaded::read(Folder::open(&arguments.model)?);
    let id = arguments.id.as_str();
    let verdicts: Vec<_> = loaded
        .verdicts()
        .iter()
        .filter(|verdict| verdict.family == id || verdict.id() == id)
        .cloned()
        .collect();
    if verdicts.is_empty() && !loaded.diagnostics.iter().any(|found| found.id == id) {
        return Err(unknown(&loaded, id));
    }
    if verdicts.is_empty() {
        loaded.diagnostics.retain(|found| found.id == id);
    }
    if !verdicts.is_empty() {
        loaded.find_flips(console);
    }
    if console.json() {
        let mut document = loaded.document();
        document["decisions"] = verdicts.iter().map(|of| loaded.decision(of)).collect::<Value>();
        console.document(&document);
    } else if verdicts.is_empty() {
        loaded.print_findings(|text| console.answer(text), console.appearance());
    }
    if !console.json() && !verdicts.is_empty() {
        console.answer(decisions_text(&loaded, &verdicts, id));
    }
    Ok(Outcome::Success)
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
    let findings = loaded.diagnostics.iter().map(|found| found.id);
    let names = decisions.iter().map(String::as_str).chain(families).chain(findings);
    let shown = loaded.folder.shown();
    let failure =
        Failure::new("unknown-id", format!("`{id}` is no decision and no finding of `{shown}`"));
    match did_you_mean(id, names) {
        Some(name) => failure.help(format!("did you mean `{name}`?")),
        None if loaded.has_errors() => {
            failure.help(format!("the model has errors: see `firm check {shown}`"))
        }
        None => failure.help(format!("`firm design {shown} --json` lists all decisions")),
    }
}
