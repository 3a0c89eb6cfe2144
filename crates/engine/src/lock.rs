//! `decisions.lock.yaml`: accepted decisions as text.

use std::collections::BTreeMap;

use base::{Diagnostic, FileId, SourceMap, Span, did_you_mean, has_errors, one_of};
use decide::catalogue;
use decide::design::Design;
use decide::flips::Measure;
use decide::lock::{self, Lock, Pin, Pinned};
use model::yaml::{self, Entry, Mapping, Node, NodeKind};

use crate::World;

/// The lock of a folder, if it has one. One that cannot be read counts as one that locks nothing,
/// and is reported.
pub fn load(
    world: &dyn World,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Lock> {
    let text = match world.read(lock::FILE) {
        Ok(text) => text,
        Err(_) if world.find(lock::FILE).is_empty() => return None,
        Err(why) => {
            let span = Span::new(sources.add(lock::FILE, ""), 0, 0);
            let message = format!("`{}` cannot be read: {why}", lock::FILE);
            diagnostics.push(Diagnostic::error("unreadable-file", span, message));
            return None;
        }
    };
    let file = sources.add(lock::FILE, text.as_str());
    let mut reader = Reader { found: Vec::new() };
    let lock = reader.read(file, &text);
    let own = help(reader.found);
    diagnostics.extend(own);
    Some(lock)
}

/// Every error of the file ends with what to do.
fn help(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let told =
        "repair it, or delete the file and run `firm accept --all` to accept what is decided now";
    let with = |diagnostic: Diagnostic| match diagnostic.help.is_none() {
        true => diagnostic.help(told),
        false => diagnostic.note(told),
    };
    found.into_iter().map(with).collect()
}

struct Reader {
    found: Vec<Diagnostic>,
}

impl Reader {
    fn read(&mut self, file: FileId, text: &str) -> Lock {
        let mut found = Vec::new();
        let root = yaml::read(file, text, &mut found).root;
        self.found.append(&mut found);
        let mut lock = Lock::default();
        let Some(root) = root.filter(|root| !root.is_empty()) else { return lock };
        let Some(map) = self.map(&root, "the lock") else { return lock };
        self.known(map, &["lock", "decisions"]);
        match map.get("lock") {
            Some(version) if scalar(&version.value).is_some_and(|text| text == "1") => {}
            Some(version) => self.error(version.value.span, "this is no lock of version 1"),
            None => self.error(root.span, "`lock: 1` is missing"),
        }
        let Some(decisions) = map.get("decisions").filter(|of| !of.value.is_empty()) else {
            return lock;
        };
        let Some(decisions) = self.map(&decisions.value, "`decisions`") else { return lock };
        for entry in &decisions.entries {
            if let Some(pin) = self.pin(entry) {
                lock.pins.insert(entry.key.value.clone(), pin);
            }
        }
        lock
    }

    fn pin(&mut self, entry: &Entry) -> Option<Pin> {
        let id = entry.key.value.as_str();
        let (family, _) = id.split_once('.').unwrap_or((id, ""));
        let family = catalogue::family(family);
        if family.is_none() || !id.contains('.') {
            let message = format!("`{id}` is no decision");
            let diagnostic = Diagnostic::error("unreadable-lock", entry.key.span, message);
            let near = catalogue::nearest_family(id.split('.').next().unwrap_or(id));
            self.found.push(match near.filter(|_| family.is_none()) {
                Some(near) => diagnostic.help(format!("did you mean the family `{near}`?")),
                None => diagnostic.help("write `family.subject`"),
            });
            return None;
        }
        let map = self.map(&entry.value, "an accepted decision")?;
        self.known(map, &["choice", "numbers"]);
        let Some(choice) = map.get("choice") else {
            self.error(entry.key.span, "its `choice` is missing");
            return None;
        };
        let span = choice.value.span;
        let Some(chosen) = scalar(&choice.value).filter(|text| !text.is_empty()) else {
            self.error(span, "a `choice` is the name of an option");
            return None;
        };
        let choices = family.map_or(&[][..], |family| family.choices);
        if !choices.is_empty() && choices.iter().all(|choice| choice.name != chosen) {
            let names = || choices.iter().map(|choice| choice.name);
            let message = format!("`{chosen}` is not an option of `{id}`");
            let diagnostic = Diagnostic::error("unreadable-lock", span, message);
            self.found.push(match did_you_mean(chosen, names()) {
                Some(near) => diagnostic.suggest(Some(near)),
                None => diagnostic.help(format!("use {}", one_of(names()))),
            });
            return None;
        }
        let choice = chosen.to_owned();
        let numbers = map.get("numbers").filter(|of| !of.value.is_empty());
        let numbers = numbers.and_then(|of| self.map(&of.value, "`numbers`"));
        let numbers = numbers.map(|of| of.entries.iter().flat_map(|of| self.number(of)).collect());
        Some(Pin { choice, numbers: numbers.unwrap_or_default(), span })
    }

    /// The thresholds of a number: one, or a list of them where it turns on both sides.
    fn number(&mut self, entry: &Entry) -> Vec<Pinned> {
        match &entry.value.kind {
            NodeKind::Sequence(sides) => {
                sides.iter().filter_map(|side| self.side(entry, side)).collect()
            }
            _ => self.side(entry, &entry.value).into_iter().collect(),
        }
    }

    fn side(&mut self, entry: &Entry, side: &Node) -> Option<Pinned> {
        let map = self.map(side, "a number")?;
        self.known(map, &["was", "turns", "at", "unit"]);
        let was = self.value(entry, map, "was")?;
        let at = self.value(entry, map, "at")?;
        let turns = map.get("turns");
        let above = match turns.and_then(|of| scalar(&of.value)) {
            Some("above") => true,
            Some("below") => false,
            _ => {
                let span = turns.map_or(entry.key.span, |of| of.value.span);
                self.error(span, "`turns` is `above` or `below`");
                return None;
            }
        };
        Some(Pinned { fact: entry.key.value.clone(), was, at, above })
    }

    fn value(&mut self, entry: &Entry, map: &Mapping, key: &str) -> Option<f64> {
        let found = map.get(key);
        let number = found.and_then(|of| scalar(&of.value)?.parse::<f64>().ok());
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            let span = found.map_or(entry.key.span, |of| of.value.span);
            self.error(span, &format!("`{key}` is a plain number"));
        }
        number
    }

    fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Mapping> {
        match &node.kind {
            NodeKind::Mapping(map) => Some(map),
            // Reported where it was refused.
            NodeKind::Invalid => None,
            _ => {
                self.error(node.span, &format!("{what} is a map, not {}", node.describe()));
                None
            }
        }
    }

    fn known(&mut self, map: &Mapping, keys: &[&str]) {
        for entry in &map.entries {
            let key = entry.key.value.as_str();
            if !keys.contains(&key) {
                let message = format!("`{key}` means nothing here");
                let diagnostic = Diagnostic::error("unreadable-lock", entry.key.span, message);
                let near = did_you_mean(key, keys.iter().copied());
                self.found.push(diagnostic.suggest(near));
            }
        }
    }

    fn error(&mut self, span: Span, message: &str) {
        self.found.push(Diagnostic::error("unreadable-lock", span, message));
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Some(&scalar.text.text),
        _ => None,
    }
}

/// What stands above the decisions of a new lock.
const HEAD: &str = "\
# Accepted decisions: what was chosen when somebody looked, and the numbers that could turn it.
# `firm accept` writes this file; commit it with the model.
lock: 1
decisions:
";

/// The text of a lock. Of the text before, entries that stay as they were keep their comments.
#[must_use]
pub fn text(lock: &Lock, design: &Design, before: &str) -> String {
    let mut reader = Reader { found: Vec::new() };
    let old = reader.read(FileId::default(), before);
    let readable = !before.trim().is_empty() && !has_errors(&reader.found);
    let (head, blocks) = if readable { blocks(before) } else { (HEAD.to_owned(), BTreeMap::new()) };
    let units = units(design);
    let mut text = head;
    for (id, pin) in &lock.pins {
        let kept = old.pins.get(id).filter(|old| lock::same(old, pin));
        match kept.and_then(|_| blocks.get(id)) {
            Some(block) => text += block,
            None => text += &entry(id, pin, &units),
        }
    }
    text
}

/// The text before the first entry, and that of each entry with the comments below it.
fn blocks(text: &str) -> (String, BTreeMap<String, String>) {
    let root = yaml::read(FileId::default(), text, &mut Vec::new()).root;
    let NodeKind::Mapping(map) = root.map_or(NodeKind::Invalid, |root| root.kind) else {
        return (HEAD.to_owned(), BTreeMap::new());
    };
    let decisions = map.get("decisions").map(|entry| &entry.value);
    let entries = match decisions.map(|node| &node.kind) {
        Some(NodeKind::Mapping(map)) => map.entries.as_slice(),
        _ => return (HEAD.to_owned(), BTreeMap::new()),
    };
    let line = |entry: &Entry| {
        let at = entry.key.span.start as usize;
        text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
    };
    let starts: Vec<usize> = entries.iter().map(line).collect();
    // Entries that share a line, or a map written otherwise, are written anew.
    let apart = starts.windows(2).all(|pair| pair[0] < pair[1]);
    let (Some(first), true) = (starts.first(), apart) else {
        return (HEAD.to_owned(), BTreeMap::new());
    };
    let last = map.entries.last().is_some_and(|entry| entry.key.value == "decisions");
    let indented =
        text.get(*first..).is_some_and(|rest| rest.starts_with("  ") && !rest.starts_with("   "));
    if !last || !indented {
        return (HEAD.to_owned(), BTreeMap::new());
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let pieces = entries.iter().zip(starts.iter().zip(ends)).filter_map(|(entry, (from, to))| {
        let piece = text.get(*from..to)?.trim_end();
        Some((entry.key.value.clone(), format!("{piece}\n")))
    });
    (text.get(..*first).unwrap_or(HEAD).to_owned(), pieces.collect())
}

fn units(design: &Design) -> BTreeMap<String, &'static str> {
    let stated = decide::quantities::stated(&design.model).into_iter();
    stated
        .map(|of| (of.name, Measure::Stated(of.unit)))
        .map(|(name, measure)| {
            let Measure::Stated(unit) = measure else { return (name, "") };
            (name, unit.name())
        })
        .collect()
}

fn entry(id: &str, pin: &Pin, units: &BTreeMap<String, &'static str>) -> String {
    let mut text = format!("  {}:\n    choice: {}\n", key(id), pin.choice);
    if !pin.numbers.is_empty() {
        text += "    numbers:\n";
    }
    let mut numbers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for number in &pin.numbers {
        let unit = units.get(&number.fact).copied().unwrap_or_default();
        let unit = if unit.is_empty() { String::new() } else { format!(", unit: {unit}") };
        let side = if number.above { "above" } else { "below" };
        let Pinned { fact, was, at, .. } = number;
        let side = format!("{{ was: {was}, turns: {side}, at: {at}{unit} }}");
        numbers.entry(fact).or_default().push(side);
    }
    for number in &pin.numbers {
        let Some(sides) = numbers.remove(number.fact.as_str()) else { continue };
        let fact = key(&number.fact);
        text += &match sides.as_slice() {
            [side] => format!("      {fact}: {side}\n"),
            sides => sides
                .iter()
                .fold(format!("      {fact}:\n"), |text, side| format!("{text}        - {side}\n")),
        };
    }
    text
}

/// A key as YAML takes it.
fn key(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || " ._-".contains(letter);
    if name.chars().all(plain) && name.starts_with(char::is_alphabetic) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A warning for each decision that is not as it was accepted.
pub fn warnings(design: &Design) -> Vec<Diagnostic> {
    let changed = lock::changes(design).into_iter();
    let warn = |change: lock::Change| {
        let locked = change.locked?;
        let now = change.now?;
        let message = format!("`{}` was accepted as {locked} and is now {now}", change.id);
        let diagnostic = Diagnostic::warning("decision-changed", change.span, message)
            .label("accepted")
            .help(format!("`firm accept '{}'` takes it; or move the number back", change.id));
        Some(match change.because.as_slice() {
            [] => diagnostic.note("no number that it was accepted with explains it: something else of the model changed"),
            numbers => numbers.iter().fold(diagnostic, |of, number| of.note(number.clone())),
        })
    };
    changed.filter_map(warn).collect()
}
