//! `firm ask`: the open numbers that could turn most, and answers written into the model.

use std::{collections::BTreeMap, path::PathBuf};

use base::did_you_mean;
use clap::Args;
use decide::{
    ask::{self, Question, Turn},
    design::Verdict,
    flips::Measure,
    quantities,
};
use serde_json::{Value, json};

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    loaded::{Loaded, threads},
    render::visible,
};

/// Most questions at once: whoever is asked more answers none.
const QUESTIONS: usize = 5;
/// Lines about what one answer could turn.
const TURNS: usize = 4;

/// Arguments of `firm ask`.
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Ask for the numbers that the model leaves open and that could turn most decisions, \
weighted by what it costs to turn them back later: five at most, each with what is assumed \
meanwhile, its plausible range, and what it would change.

`--answer` writes numbers into the model, as the language writes them. Comments and order stay, and \
nothing is written that the model would be wrong with.",
    after_help = "Example:\n  firm ask examples/shop\n  firm ask --answer availability=99.9% --answer viewOrder.stale=5s"
)]
pub struct AskArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// Write a number into the model: `availability=99.9%`, `placeOrder.rate=4/s peak 40/s`
    #[arg(long = "answer", value_name = "NAME=VALUE")]
    answers: Vec<String>,
}

/// Asks, or writes the answers.
///
/// # Errors
/// When there is no model, an answer names no number of it, or a file cannot be written.
pub fn run(arguments: &AskArguments, console: &Console) -> Result<Outcome, Failure> {
    let loaded = Loaded::read(Folder::open(&arguments.model)?);
    if loaded.has_errors() {
        return Ok(loaded.refuse(console));
    }
    match arguments.answers.as_slice() {
        [] => Ok(put_questions(&loaded, console)),
        answers => answer(&loaded, answers, console),
    }
}

fn put_questions(loaded: &Loaded, console: &Console) -> Outcome {
    let Some(design) = &loaded.design else { return Outcome::Findings };
    let waiting = console.waiting("trying answers to every open number");
    let all = ask::questions(design, threads());
    drop(waiting);
    let asked = all.get(..QUESTIONS).unwrap_or(&all);
    if console.json() {
        let mut document = loaded.document();
        document["questions"] = asked.iter().map(question_json).collect();
        document["open"] = all.len().into();
        console.document(&document);
        return Outcome::Success;
    }
    if asked.is_empty() {
        console.prose("no number that the model leaves open could turn a decision");
        return Outcome::Success;
    }
    let texts: Vec<String> = asked.iter().map(|of| question_text(loaded, of)).collect();
    console.answer(texts.join("\n\n"));
    let count = match all.len() - asked.len() {
        0 => String::new(),
        more => format!("; {more} more open numbers could turn less"),
    };
    console.prose(format!("\none number is moved at a time{count}"));
    Outcome::Success
}

fn question_text(loaded: &Loaded, question: &Question) -> String {
    let show = |value: f64| question.unit.show(value);
    let assumed = match question.assumed {
        Some(value) => format!("not stated; {} is assumed ({})", show(value), question.source),
        None => "not stated, and nothing is assumed".to_owned(),
    };
    let mut lines = vec![
        format!("{}: {assumed}", styled(style::BOLD, visible(&question.name))),
        format!("  {} to {} are plausible", show(question.low), show(question.high)),
    ];
    let told = question.turns.iter().take(TURNS);
    lines.extend(told.map(|turn| {
        let sentence = turn.sentence(Measure::Stated(question.unit));
        format!("  {}  {sentence}", styled(style::LINK, visible(&subjects(turn))))
    }));
    let more = question.turns.len().saturating_sub(TURNS);
    if more > 0 {
        lines.push(styled(style::DIM, format!("  and {more} more; `--json` lists all")));
    }
    let answer = format!("{}={}", question.path.key, question.example);
    let shown = loaded.folder.shown();
    lines.push(styled(style::DIM, format!("  firm ask {shown} --answer '{}'", visible(&answer))));
    lines.join("\n")
}

/// `service.orders`, `slo.*` (12 of them).
fn subjects(turn: &Turn) -> String {
    match turn.subjects.as_slice() {
        [one] => format!("{}.{one}", turn.family),
        [one, two] => format!("{}.{one}, {}.{two}", turn.family, turn.family),
        many => format!("{}.* ({} of them)", turn.family, many.len()),
    }
}

fn question_json(question: &Question) -> Value {
    let turn = |turn: &Turn| {
        json!({
            "family": turn.family,
            "subjects": turn.subjects,
            "now": turn.now,
            "becomes": turn.steps.iter().map(|(until, choice)| {
                json!({ "below": until.is_finite().then_some(until), "choice": choice })
            }).collect::<Value>(),
            "text": turn.sentence(Measure::Stated(question.unit)),
        })
    };
    json!({
        "name": question.path.key,
        "fact": question.name,
        "unit": question.unit.name(),
        "default": question.assumed,
        "source": question.source,
        "range": [question.low, question.high],
        "example": question.example,
        "weight": question.weight,
        "turns": question.turns.iter().map(turn).collect::<Value>(),
    })
}

fn answer(loaded: &Loaded, answers: &[String], console: &Console) -> Result<Outcome, Failure> {
    let mut texts = BTreeMap::new();
    for answer in answers {
        let (path, text) = edited(loaded, &texts, answer)?;
        texts.insert(path, text);
    }
    let answered = Loaded::read_with(loaded.folder.clone(), texts.clone());
    if answered.has_errors() {
        let outcome = answered.refuse(console);
        console.problem("nothing was written");
        return Ok(outcome);
    }
    for (path, text) in &texts {
        loaded.folder.replace(path, text)?;
    }
    let changes = changes(loaded.verdicts(), answered.verdicts());
    if console.json() {
        let mut document = answered.document();
        document["files"] = texts.keys().cloned().collect();
        document["changed"] = changes_json(&changes);
        console.document(&document);
        return Ok(Outcome::Success);
    }
    let written: Vec<&str> = texts.keys().map(String::as_str).collect();
    console.prose(format!("{} {}", styled(style::GOOD, "answered in"), written.join(", ")));
    match change_lines(&changes).as_slice() {
        [] => console.prose("no decision changes"),
        lines => console.answer(lines.join("\n")),
    }
    Ok(Outcome::Success)
}

/// The file that holds an answer, `NAME=VALUE`, with its new text.
///
/// # Errors
/// It names no number of the model, or one for which the model has no place.
pub(super) fn edited(
    loaded: &Loaded,
    texts: &BTreeMap<String, String>,
    answer: &str,
) -> Result<(String, String), Failure> {
    let (name, value) = answer.split_once('=').ok_or_else(|| {
        Failure::new("unknown-answer", format!("`{answer}` is no answer"))
            .help("write NAME=VALUE, as in `availability=99.9%`")
    })?;
    let (name, value) = (name.trim(), value.trim());
    let model = loaded.design.as_ref().map(|design| &*design.model);
    let paths = model.map(quantities::paths).unwrap_or_default();
    let Some((_, path)) = paths.iter().find(|(_, path)| path.key == name) else {
        let failure = Failure::new("unknown-answer", format!("`{name}` is no number of the model"));
        let known = paths.iter().map(|(_, path)| path.key.as_str());
        return Err(match did_you_mean(name, known) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => {
                failure.help("`firm ask` names the open ones; write for example `placeOrder.rate`")
            }
        });
    };
    if value.is_empty() {
        let message = format!("the answer to `{name}` is empty");
        return Err(Failure::new("unknown-answer", message));
    }
    let keys: Vec<&str> = path.keys.iter().map(String::as_str).collect();
    let places = loaded.sources.files().filter_map(|(id, file)| {
        let text = texts.get(&file.path).map_or(&*file.text, String::as_str);
        let (edit, depth) = model::put(id, text, &keys, value)?;
        let mut new = text.to_owned();
        let range = edit.span.start as usize..edit.span.end as usize;
        new.get(range.clone())?;
        new.replace_range(range, &edit.replacement);
        Some((depth, file.path.clone(), new))
    });
    // The file that holds most of the way to it; of several the first one.
    let best = places.reduce(|best, other| if other.0 > best.0 { other } else { best });
    let (_, file, text) = best.ok_or_else(|| {
        let message = format!("there is no place for `{}`", path.keys.join("."));
        Failure::new("unknown-answer", message).help("write it into the model by hand")
    })?;
    Ok((file, text))
}

/// A decision with what was chosen before and after.
pub(super) type Change = (String, Option<&'static str>, Option<&'static str>);

/// Decisions that are not the same, for machines.
pub(super) fn changes_json(changes: &[Change]) -> Value {
    let change = |(id, before, after): &Change| json!({ "id": id, "was": before, "is": after });
    changes.iter().map(change).collect()
}

/// Decisions that are not the same, a line each.
pub(super) fn change_lines(changes: &[Change]) -> Vec<String> {
    let line = |(id, before, after): &Change| {
        let option = |of: &Option<&'static str>| of.unwrap_or("(nothing to decide)");
        format!("{}: {} -> {}", visible(id), option(before), styled(style::GOOD, option(after)))
    };
    changes.iter().map(line).collect()
}

/// What is decided otherwise, in the order of the catalogue.
pub(super) fn changes(before: &[Verdict], after: &[Verdict]) -> Vec<Change> {
    let find = |among: &[Verdict], id: &str| {
        among.iter().find(|verdict| verdict.id() == id).map(|verdict| verdict.choice)
    };
    let mut ids: Vec<String> = after.iter().map(Verdict::id).collect();
    ids.extend(before.iter().map(Verdict::id).filter(|id| find(after, id).is_none()));
    let changed = ids.into_iter().map(|id| {
        let (was, is) = (find(before, &id), find(after, &id));
        (id, was, is)
    });
    changed.filter(|(_, was, is)| was != is).collect()
}
