//! The general forms: short forms, words, names, lists and id-keyed maps.

use std::marker::PhantomData;

use base::{Diagnostic, Spanned, did_you_mean, one_of};

use super::case::{Case, check};
use super::{Binder, Form, Shape};
use crate::syntax::Named;
use crate::syntax::short::{self, Problem, ShortForm};
use crate::yaml::{Node, NodeKind, Scalar, Text};

/// A short form, with its place.
pub(crate) struct Short<F>(PhantomData<F>);
/// Text for people.
pub(crate) struct Prose;
/// A word of the model's own: any text on one line.
pub(crate) struct Word;
/// `true` or `false`.
pub(crate) struct Flag;
/// A reference to a name, of any case.
pub(crate) struct Name;
/// A code of the model's own.
pub(crate) struct Code;
/// A list.
pub(crate) struct List<F>(PhantomData<F>);
/// A list, or one item.
pub(crate) struct OneOrMany<F>(PhantomData<F>);
/// A map from names in a case.
pub(crate) struct Map<C, F>(PhantomData<(C, F)>);
/// One of a set of words.
pub(crate) struct OneOf<T>(PhantomData<T>);
/// A short form whose value knows its own place.
pub(crate) struct Plain<F>(PhantomData<F>);

/// A set of words.
pub(crate) trait Words: Copy + 'static {
    /// The words with what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

impl<F: ShortForm> Form for Short<F> {
    type Value = Spanned<F::Value>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let text = &binder.scalar(node, F::NAME)?.text;
        match short::whole::<F>(text) {
            Ok(value) => Some(Spanned::new(value, node.span)),
            Err(problem) => binder.problem(text, problem, F::EXAMPLES),
        }
    }

    fn shape() -> Shape {
        Shape::Short { name: F::NAME, examples: F::EXAMPLES }
    }
}

impl<F: ShortForm> Form for Plain<F> {
    type Value = F::Value;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        Short::<F>::read(node, binder).map(|spanned| spanned.value)
    }

    fn shape() -> Shape {
        Short::<F>::shape()
    }
}

impl Form for Prose {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let text = binder.scalar(node, "text")?.text.text.clone();
        Some(Spanned::new(text, node.span))
    }

    fn shape() -> Shape {
        Shape::Short { name: "text", examples: &[] }
    }
}

impl Form for Word {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let word = Prose::read(node, binder)?;
        if word.value.trim().is_empty() || word.value.contains('\n') {
            return binder.wrong_shape(node, "a word");
        }
        Some(word)
    }

    fn shape() -> Shape {
        Shape::Short { name: "a word", examples: &[] }
    }
}

impl Form for Flag {
    type Value = Spanned<bool>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let text = &binder.scalar(node, "`true` or `false`")?.text.text;
        let meant = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        };
        if let Some(value) = meant.filter(|_| matches!(text.as_str(), "true" | "false")) {
            return Some(Spanned::new(value, node.span));
        }
        let message = format!("`{text}` is neither `true` nor `false`");
        let diagnostic = Diagnostic::error("bad-boolean", node.span, message);
        binder.report(match meant {
            Some(meant) => {
                diagnostic.fix(format!("Write `{meant}`"), true, node.span, meant.to_string())
            }
            None => diagnostic.help("write `true` or `false`"),
        });
        None
    }

    fn shape() -> Shape {
        Shape::Words(vec!["true", "false"])
    }
}

impl Form for Name {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let path = Short::<short::PathForm>::read(node, binder)?;
        if let [name] = path.segments.as_slice() {
            return Some(name.clone());
        }
        let message = format!("expected one name, found the path `{}`", path.value);
        binder.report(Diagnostic::error("unexpected-path", node.span, message));
        None
    }

    fn shape() -> Shape {
        Shape::Short { name: "a name", examples: &[] }
    }
}

impl Form for Code {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let code = Word::read(node, binder)?;
        if let Some(diagnostic) = check::<super::case::Kebab>(&code) {
            binder.report(diagnostic);
        }
        Some(code)
    }

    fn shape() -> Shape {
        Shape::Short { name: "an error code", examples: &["out-of-stock"] }
    }
}

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        match &node.kind {
            NodeKind::Sequence(items) => {
                Some(items.iter().filter_map(|item| binder.item::<F>(item)).collect())
            }
            _ => binder.wrong_shape(node, &Self::shape().describe()),
        }
    }

    fn shape() -> Shape {
        Shape::List(F::shape)
    }
}

impl<F: Form> Form for OneOrMany<F> {
    type Value = Vec<F::Value>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        match &node.kind {
            NodeKind::Sequence(_) => List::<F>::read(node, binder),
            _ => F::read(node, binder).map(|one| vec![one]),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![F::shape(), Shape::List(F::shape)])
    }
}

impl<C: Case, F: Form> Form for Map<C, F> {
    type Value = Named<F::Value>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let NodeKind::Mapping(mapping) = &node.kind else {
            return binder.wrong_shape(node, &Self::shape().describe());
        };
        let mut named = Vec::with_capacity(mapping.entries.len());
        for entry in &mapping.entries {
            let named_badly = check::<C>(&entry.key).filter(|_| !entry.value.is_empty());
            if let Some(diagnostic) = named_badly {
                binder.report(diagnostic);
            }
            let value = binder.value::<F>(entry).or_else(|| F::unreadable(entry.key.span));
            binder.incomplete |= value.is_none();
            named.extend(value.map(|value| (entry.key.clone(), value)));
        }
        Some(named)
    }

    fn shape() -> Shape {
        Shape::Named { names: C::PATTERN, of: F::shape }
    }
}

impl<T: Words> Form for OneOf<T> {
    type Value = Spanned<T>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let expected = || one_of(T::WORDS.iter().map(|(word, _)| *word));
        let NodeKind::Scalar(scalar) = &node.kind else {
            return binder.wrong_shape(node, &expected());
        };
        let text = &scalar.text.text;
        if let Some((_, value)) = T::WORDS.iter().find(|(word, _)| word == text) {
            return Some(Spanned::new(*value, node.span));
        }
        binder.unknown_word(node, text, T::WORDS.iter().map(|(word, _)| *word));
        None
    }

    fn shape() -> Shape {
        Shape::Words(T::WORDS.iter().map(|(word, _)| *word).collect())
    }
}

impl Binder<'_> {
    /// The scalar of a node, or why it is none.
    pub(crate) fn scalar<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n Scalar> {
        match &node.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => self.wrong_shape(node, expected),
        }
    }

    /// Reads an item of a list.
    pub(crate) fn item<F: Form>(&mut self, node: &Node) -> Option<F::Value> {
        if node.is_empty() {
            let help = format!("write {}, or remove the item", F::shape().describe());
            let message = "an item of this list is empty";
            let span = self.owner.span;
            self.report(
                Diagnostic::error("missing-value", span, message)
                    .related(node.span, "here")
                    .help(help),
            );
            return None;
        }
        F::read(node, self)
    }

    /// Reports what is wrong in a short form.
    pub(crate) fn problem<T>(
        &mut self,
        text: &Text,
        problem: Problem,
        examples: &[&str],
    ) -> Option<T> {
        let span = match text.span_of(problem.range) {
            span if span.is_empty() && text.text.is_empty() => text.span,
            span => span,
        };
        let mut diagnostic = Diagnostic::error(problem.id, span, problem.message);
        diagnostic.help = problem
            .help
            .or_else(|| (!examples.is_empty()).then(|| format!("for example {}", list(examples))));
        if let Some(replacement) = problem.fix {
            let title = format!("Replace by `{replacement}`");
            diagnostic = diagnostic.fix(title, false, span, replacement);
        }
        self.report(diagnostic);
        None
    }

    /// Reports a word that is none of those known.
    pub(crate) fn unknown_word<'w>(
        &mut self,
        node: &Node,
        found: &str,
        words: impl Iterator<Item = &'w str> + Clone,
    ) {
        let message = format!("expected {}, found `{found}`", one_of(words.clone()));
        let diagnostic = Diagnostic::error("unknown-word", node.span, message);
        self.report(match did_you_mean(found, words.clone()) {
            Some(meant) => diagnostic.suggest(Some(meant)),
            None => diagnostic.help(format!("write {}", one_of(words))),
        });
    }
}

fn list(examples: &[&str]) -> String {
    let quoted: Vec<String> = examples.iter().map(|example| format!("`{example}`")).collect();
    quoted.join(", ")
}
