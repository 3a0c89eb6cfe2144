//! Broken models as data: what is changed in an example, and what must be said of it.
//!
//! ```text
//! == misspelt key: of the system
//! shop
//! @ system:
//! - currency: EUR
//! + curency: EUR
//! ! unknown-key curency
//! ```
//!
//! A title is `kind: detail`. `-` lines are the text to find (the first after the text of an `@`
//! line, if there is one), `+` lines what stands there instead; without `-` the new text goes
//! before what `@` names. The space after the sign belongs to the format, `\t` is a tab. `! id
//! TEXT` expects a diagnostic that touches TEXT in the new text, or the nearest TEXT before it,
//! or after it; without TEXT, the new text itself. `~ id` admits an error that follows from it.
//! A case may hold several changes. `file NAME`
//! and `|` lines add a file.

use std::{collections::BTreeMap, ops::Range};

/// A broken model.
#[derive(Debug)]
pub struct Case {
    /// `kind: detail`.
    pub title: String,
    /// Path to text.
    pub files: BTreeMap<String, String>,
    /// What must be found.
    pub expected: Vec<Expected>,
    /// Ids of errors that follow from these.
    pub follow: Vec<String>,
    /// What is wrong with the case itself.
    pub faults: Vec<String>,
}

/// What must be said about a model.
#[derive(Debug)]
pub struct Expected {
    /// The diagnostic's id.
    pub id: String,
    /// The file of the place.
    pub file: String,
    /// The bytes that the primary or a related span touches.
    pub place: Range<usize>,
}

/// One change or file, with what is expected of it.
#[derive(Default)]
struct Change<'a> {
    file: Option<&'a str>,
    after: Option<String>,
    find: Option<String>,
    new: Option<String>,
    expected: Vec<&'a str>,
    follow: Vec<String>,
}

/// The files of a case, on a day after every `until` of the corpus that has passed.
pub struct Dated(BTreeMap<String, String>);

impl engine::World for Dated {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.read(path)
    }

    fn find(&self, pattern: &str) -> Vec<String> {
        self.0.find(pattern)
    }

    fn today(&self) -> Option<String> {
        Some("2026-06-01".to_owned())
    }
}

impl Dated {
    /// The same day with other files.
    pub fn with(&self, files: BTreeMap<String, String>) -> Self {
        Self(files)
    }
}

impl Case {
    /// The files as the engine reads them.
    pub fn world(&self) -> Dated {
        Dated(self.files.clone())
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> &str {
        self.title.split(':').next().unwrap_or("")
    }
}

/// The cases of a file; `example` gives the text of an example by name.
pub fn cases(text: &str, example: impl Fn(&str) -> String) -> Vec<Case> {
    let blocks = text.split("\n== ").map(|block| block.trim_start_matches("== "));
    let blocks = blocks.filter(|block| !block.trim().is_empty() && !block.starts_with('#'));
    blocks.map(|block| case(block, &example)).collect()
}

fn case(block: &str, example: &impl Fn(&str) -> String) -> Case {
    let mut lines = block.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let title = lines.next().unwrap().trim().to_owned();
    let mut text = example(lines.next().unwrap().trim());
    let mut files = BTreeMap::new();
    let (mut expected, mut follow, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes(lines, &mut faults) {
        let (file, region) = match change.file {
            Some(name) => {
                files.insert(name.to_owned(), change.new.clone().unwrap_or_default());
                (name, 0..0)
            }
            None => ("firmitas.yaml", apply(&mut text, &change, &mut expected, &mut faults)),
        };
        follow.extend(change.follow);
        let source = files.get(file).map_or(text.as_str(), String::as_str);
        for line in &change.expected {
            let (id, what) = line.split_once(' ').unwrap_or((line, ""));
            let place = place(source, region.clone(), &what.replace("\\t", "\t"));
            if place.is_none() {
                faults.push(format!("no {what:?} to point at"));
            }
            let place = place.unwrap_or_default();
            expected.push(Expected { id: id.to_owned(), file: file.to_owned(), place });
        }
    }
    files.insert("firmitas.yaml".to_owned(), text);
    Case { title, files, expected, follow, faults }
}

fn changes<'a>(lines: impl Iterator<Item = &'a str>, faults: &mut Vec<String>) -> Vec<Change<'a>> {
    let mut changes = vec![Change::default()];
    for line in lines {
        let (sign, rest) = line.split_at(1);
        let last = &changes[changes.len() - 1];
        let begins = match sign {
            "-" => last.new.is_some(),
            "@" | "f" => last.new.is_some() || last.find.is_some(),
            _ => false,
        };
        if begins {
            changes.push(Change::default());
        }
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let change = changes.last_mut().unwrap();
        match sign {
            "@" => change.after = Some(rest.to_owned()),
            "-" => join(&mut change.find, rest),
            "+" | "|" => join(&mut change.new, rest),
            "!" => change.expected.push(rest),
            "~" => change.follow.push(rest.to_owned()),
            "f" => change.file = line.strip_prefix("file "),
            _ => faults.push(format!("{line:?} is no line of a case")),
        }
    }
    changes
}

fn join(so_far: &mut Option<String>, line: &str) {
    let line = line.replace("\\t", "\t");
    match so_far {
        Some(text) => *text += &format!("\n{line}"),
        None => *so_far = Some(line),
    }
}

/// Makes a change and returns the bytes of the new text. The places of earlier changes move.
fn apply(
    text: &mut String,
    change: &Change<'_>,
    earlier: &mut [Expected],
    faults: &mut Vec<String>,
) -> Range<usize> {
    let after = change.after.as_deref().unwrap_or("");
    let find = change.find.as_deref().unwrap_or("");
    let from = text.find(after);
    let start = from.and_then(|from| text[from..].find(find).map(|at| from + at));
    let Some(start) = start else {
        faults.push(format!("{find:?} is not in the example, after {after:?}"));
        return 0..0;
    };
    let new = change.new.as_deref().unwrap_or("");
    text.replace_range(start..start + find.len(), new);
    for place in earlier.iter_mut().map(|expected| &mut expected.place) {
        if place.start >= start + find.len() {
            *place = place.start + new.len() - find.len()..place.end + new.len() - find.len();
        }
    }
    start..start + new.len()
}

/// Where a text stands: in the new text, else as near before it as can be, else after it.
fn place(text: &str, region: Range<usize>, what: &str) -> Option<Range<usize>> {
    if what.is_empty() {
        return Some(region);
    }
    let within = text[region.clone()].find(what).map(|at| region.start + at);
    let before = || text[..region.start].rfind(what);
    let after = || text[region.end..].find(what).map(|at| region.end + at);
    let start = within.or_else(before).or_else(after)?;
    Some(start..start + what.len())
}
