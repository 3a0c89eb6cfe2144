//! Nodes become the syntax tree: every struct declares its keys once, as a table, and all that is
//! wrong with it is reported.

mod case;
mod effect;
mod entity;
mod field;
mod forms;
mod integration;
mod operation;
mod process;
mod special;
mod system;
mod table;
mod value;

use base::{Diagnostic, Span, did_you_mean, one_of};

use crate::yaml::{Entry, Mapping, Node, NodeKind};
pub(crate) use case::LowerCamel;
pub(crate) use forms::{Flag, List, Map, Name, OneOf, Prose, Short, Words};
pub(crate) use system::ModelFile;
pub(crate) use table::{Form, Key, Shape, Slot, keys};

/// What binding collects, and where it is.
pub(crate) struct Binder<'a> {
    /// What is wrong.
    pub(crate) out: &'a mut Vec<Diagnostic>,
    /// The key whose value is being read: what lacks something is pointed at by its name.
    owner: Owner,
    /// A value with a name was refused, so that a missing name says nothing.
    pub(crate) incomplete: bool,
}

#[derive(Clone, Default)]
struct Owner {
    span: Span,
    name: String,
    /// Written in quotes, as JSON is.
    quoted: bool,
}

impl<'a> Binder<'a> {
    /// A binder for one file, whose first bytes stand for the file.
    pub(crate) fn new(out: &'a mut Vec<Diagnostic>, file: Span) -> Self {
        Self {
            out,
            owner: Owner { span: file, name: "the model".to_owned(), quoted: false },
            incomplete: false,
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// Reads the value of an entry; a missing one is reported here.
    pub(crate) fn value<F: Form>(&mut self, entry: &Entry) -> Option<F::Value> {
        let owner =
            Owner { span: entry.key.span, name: entry.key.value.clone(), quoted: entry.quoted };
        if entry.value.is_empty() {
            self.missing_value(entry, &F::shape());
            return None;
        }
        self.incomplete |= matches!(entry.value.kind, NodeKind::Invalid);
        let outer = std::mem::replace(&mut self.owner, owner);
        let value = F::read(&entry.value, self);
        self.owner = outer;
        value
    }

    fn missing_value(&mut self, entry: &Entry, shape: &Shape) {
        let (key, span) = (&entry.key.value, entry.key.span);
        let spaced = spaced(key).filter(|_| !entry.quoted);
        self.report(match spaced {
            Some(spaced) => missing_space(span, spaced),
            None => Diagnostic::error("missing-value", span, format!("`{key}` has no value"))
                .help(format!("write {}, or remove the key", shape.describe())),
        });
    }

    /// The entries of a map, or why it is none.
    pub(crate) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Mapping> {
        let spaced = match &node.kind {
            NodeKind::Scalar(scalar) if !scalar.is_quoted() => spaced(&scalar.text.text),
            _ => None,
        };
        match (&node.kind, spaced) {
            (NodeKind::Mapping(mapping), _) => Some(mapping),
            (_, Some(spaced)) => {
                self.report(missing_space(node.span, spaced));
                None
            }
            _ => self.wrong_shape(node, &format!("a map with {what}")),
        }
    }

    /// "expected WHAT, found a list"; silent for what was reported already.
    pub(crate) fn wrong_shape<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        if !matches!(node.kind, NodeKind::Invalid) {
            let message = format!("expected {expected}, found {}", node.describe());
            self.report(Diagnostic::error("wrong-shape", node.span, message));
        }
        None
    }

    /// Reports a key that is not in the table.
    pub(crate) fn unknown_key(&mut self, entry: &Entry, keys: &[Key], what: &str) {
        let name = &entry.key.value;
        if let Some(spaced) = spaced(name).filter(|_| entry.value.is_empty() && !entry.quoted) {
            return self.report(missing_space(entry.key.span, spaced));
        }
        let message = format!("{what} has no key `{name}`");
        let diagnostic = Diagnostic::error("unknown-key", entry.key.span, message);
        let known = || keys.iter().map(|key| key.name);
        self.report(match did_you_mean(name, known()) {
            Some(meant) => diagnostic.suggest(Some(meant)),
            None => diagnostic.help(format!("the keys are {}", one_of(known()))),
        });
    }

    /// Reports every required key that is missing, at the key that owns the map.
    pub(crate) fn require(&mut self, mapping: &Mapping, keys: &[Key]) {
        if mapping.incomplete {
            return;
        }
        for key in keys.iter().filter(|key| key.required && mapping.get(key.name).is_none()) {
            let example = (key.shape)().describe();
            self.report(
                self.missing_key(key.name).help(format!("add `{}:` with {example}", key.name)),
            );
        }
    }

    /// "`owner` needs `key`".
    pub(crate) fn missing_key(&self, key: &str) -> Diagnostic {
        let message = format!("{} needs `{key}`", self.owner());
        Diagnostic::error("missing-key", self.owner.span, message)
    }

    /// The name of the key whose value is being read, in quotes.
    pub(crate) fn owner(&self) -> String {
        if self.owner.name.contains(' ') {
            self.owner.name.clone()
        } else {
            format!("`{}`", self.owner.name)
        }
    }

    /// Whether the owner was written as JSON is.
    pub(crate) const fn in_json(&self) -> bool {
        self.owner.quoted
    }
}

/// `key:value` with the space that YAML needs.
fn spaced(text: &str) -> Option<String> {
    let (key, value) = text.split_once(':')?;
    let name = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let plain = !key.is_empty() && key.chars().all(name) && !value.contains(['\n', ':']);
    (plain && !value.is_empty()).then(|| format!("{key}: {value}"))
}

fn missing_space(span: Span, spaced: String) -> Diagnostic {
    Diagnostic::error("missing-space", span, "a colon needs a space after it")
        .help(format!("write `{spaced}`"))
        .fix("Add the space", true, span, spaced)
}
