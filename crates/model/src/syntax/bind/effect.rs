//! The effects of `do`.

use base::{Diagnostic, Span, Spanned};

use super::case::AnyName;
use super::forms::{Code, List, Map, Name, Plain, Short};
use super::value::Expression;
use super::{Binder, Form, Shape, keys};
use crate::syntax::short::{self, EachForm, PathForm, Problem, ShortForm};
use crate::syntax::{Call, Each, Effect, EffectKind, Named, Path, Value};
use crate::yaml::{Entry, Mapping, Node, NodeKind, Text};

/// A list of effects. Effects nest through `refused` and `fallback`, as deep as YAML may.
pub(crate) type Effects = List<Effect>;

/// All keys that an effect may have.
#[derive(Default)]
struct Keys {
    span: Span,
    when: Option<Text>,
    each: Option<Spanned<Each>>,
    require: Option<Text>,
    set: Option<Vec<(Path, Value)>>,
    to: Option<Spanned<String>>,
    create: Option<Path>,
    delete: Option<Text>,
    erase: Option<Text>,
    emit: Option<Path>,
    call: Option<Path>,
    with: Option<Named<Value>>,
    variable: Option<Spanned<String>>,
    otherwise: Option<Spanned<String>>,
    refused: Option<Vec<Effect>>,
    fallback: Option<Vec<Effect>>,
}

/// `with`: name to value.
pub(crate) type With = Map<AnyName, Value>;

keys!(Keys, "an effect", span span, {
    "require" => require: Expression, "Refuses with a code unless this holds.";
    "set" => set: Assignments, "Assigns, in order.";
    "move" => to: Name, "Moves to a state.";
    "create" => create: Plain<PathForm>, "Another row of the same context.";
    "delete" => delete: Expression, "Removes the row that the path leads to.";
    "erase" => erase: Expression, "A person's request for erasure.";
    "emit" => emit: Plain<PathForm>, "Writes an event.";
    "call" => call: Plain<PathForm>, "Calls an external, or an operation.";
    "when" => when: Expression, "Only if this holds.";
    "each" => each: Short<EachForm>, "Once for each item.";
    "with" => with: With, "Values by name, before the filling rule.";
    "as" => variable: Name, "A name for the result.";
    "else" => otherwise: Code, "The code that is answered on refusal.";
    "refused" => refused: Effects, "Run on refusal; they end the effects.";
    "fallback" => fallback: Effects, "Run when the callee cannot be reached.";
} check);

/// Each kind of effect with the keys that go with it, besides `when` and `each`.
const KINDS: [(&str, &[&str]); 8] = [
    ("require", &["else"]),
    ("set", &[]),
    ("move", &[]),
    ("create", &["with", "as"]),
    ("delete", &[]),
    ("erase", &[]),
    ("emit", &["with"]),
    ("call", &["with", "as", "else", "refused", "fallback"]),
];

fn check(_: &mut Keys, mapping: &Mapping, binder: &mut Binder<'_>) {
    let kind = |entry: &Entry| KINDS.iter().find(|(kind, _)| *kind == entry.key.value);
    let mut kinds = mapping.entries.iter().filter_map(|entry| kind(entry).map(|k| (entry, k)));
    let Some((first, (name, allowed))) = kinds.next() else {
        let kinds = || KINDS.iter().map(|(kind, _)| *kind);
        let mut keys = mapping.entries.iter().map(|entry| entry.key.value.as_str());
        // A slip of the hand is told as the unknown key that it is.
        let slipped = keys.any(|key| base::did_you_mean(key, kinds()).is_some());
        if !mapping.incomplete && !slipped {
            let span = mapping.entries.first().map_or(binder.owner.span, |entry| entry.key.span);
            let message = "this effect does not say what it does";
            binder.report(
                Diagnostic::error("missing-key", span, message)
                    .help(format!("add {}", base::one_of(KINDS.map(|(kind, _)| kind)))),
            );
        }
        return;
    };
    for (other, _) in kinds {
        let message = "an effect does one thing";
        binder.report(
            Diagnostic::error("conflicting-keys", other.key.span, message)
                .related(first.key.span, "it does this")
                .help("write two effects: each starts with `-`"),
        );
    }
    let modifiers = ["with", "as", "else", "refused", "fallback"];
    for entry in &mapping.entries {
        let key = entry.key.value.as_str();
        if modifiers.contains(&key) && !allowed.contains(&key) {
            let message = format!("`{key}` does not go with `{name}`");
            binder.report(
                Diagnostic::error("misplaced-key", entry.key.span, message)
                    .related(first.key.span, "the effect"),
            );
        }
    }
    if *name == "require" && !mapping.incomplete && mapping.get("else").is_none() {
        binder.report(
            Diagnostic::error("missing-key", first.key.span, "`require` needs `else`")
                .help("add `else:` with the code that is answered, for example `out-of-stock`"),
        );
    }
}

impl Form for Effect {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        Keys::read(node, binder)?.into_effect()
    }

    fn shape() -> Shape {
        Keys::shape()
    }
}

impl Keys {
    /// The effect, if what it does was readable.
    fn into_effect(self) -> Option<Effect> {
        let with = self.with.unwrap_or_default();
        let kind = if let Some(condition) = self.require {
            EffectKind::Require { condition, otherwise: self.otherwise }
        } else if let Some(assignments) = self.set {
            EffectKind::Set(assignments)
        } else if let Some(state) = self.to {
            EffectKind::Move(state)
        } else if let Some(entity) = self.create {
            EffectKind::Create { entity, with, variable: self.variable }
        } else if let Some(row) = self.delete {
            EffectKind::Delete(row)
        } else if let Some(person) = self.erase {
            EffectKind::Erase(person)
        } else if let Some(event) = self.emit {
            EffectKind::Emit { event, with }
        } else {
            EffectKind::Call(Box::new(Call {
                callee: self.call?,
                with,
                variable: self.variable,
                otherwise: self.otherwise,
                refused: self.refused.unwrap_or_default(),
                fallback: self.fallback,
            }))
        };
        let each = self.each.map(|each| each.value);
        Some(Effect { when: self.when, each, kind, span: self.span })
    }
}

/// `{ path: EXPR }`.
struct Assignments;

impl Form for Assignments {
    type Value = Vec<(Path, Value)>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let NodeKind::Mapping(mapping) = &node.kind else {
            return binder.wrong_shape(node, "a map from fields to expressions");
        };
        let mut assignments = Vec::with_capacity(mapping.entries.len());
        for entry in &mapping.entries {
            let path = binder.path_key(&entry.key);
            let value = binder.value::<Value>(entry);
            assignments.extend(path.zip(value));
        }
        Some(assignments)
    }

    fn shape() -> Shape {
        With::shape()
    }
}

impl Binder<'_> {
    /// A key that is a path. Keys with escapes are no paths.
    pub(crate) fn path_key(&mut self, key: &Spanned<String>) -> Option<Path> {
        let quotes = key.span.len().saturating_sub(key.value.len()) / 2;
        let start = key.span.start as usize + quotes;
        let text = Text::verbatim(key.value.clone(), key.span.file, start);
        let read = short::whole::<PathForm>(&text);
        let problem = |problem: Problem| self.problem(&text, problem, PathForm::EXAMPLES);
        read.map_or_else(problem, Some)
    }
}
