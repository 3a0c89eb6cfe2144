//! Expressions, and YAML structure around expressions.

use base::Diagnostic;

use super::case::AnyName;
use super::forms::{List, Map};
use super::{Binder, Form, Shape};
use crate::syntax::{Value, ValueKind};
use crate::yaml::{self, Node, NodeKind, Scalar, Style, Text};

/// An expression as text; what YAML may have eaten of it is refused.
pub(crate) struct Expression;

/// Names that an expression may consist of alone.
const VARIABLES: [&str; 13] = [
    "self", "input", "actor", "tenant", "now", "each", "event", "row", "failure", "result", "true",
    "false", "null",
];

impl Form for Expression {
    type Value = Text;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Text> {
        let scalar = match &node.kind {
            NodeKind::Scalar(scalar) => scalar,
            NodeKind::Invalid => return None,
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                let message = format!("expected an expression, found {}", node.describe());
                binder.report(
                    Diagnostic::error("unquoted-expression", node.span, message)
                        .help("an expression that starts with `[` or `{` needs quotes"),
                );
                return None;
            }
        };
        if let Some(diagnostic) = truncated(scalar).or_else(|| eaten(scalar, binder)) {
            binder.report(diagnostic);
            return None;
        }
        Some(scalar.text.clone())
    }

    fn shape() -> Shape {
        Shape::Expression
    }
}

/// `self.tag == #1`: the rest is a comment.
fn truncated(scalar: &Scalar) -> Option<Diagnostic> {
    let (text, comment) = (&scalar.text, scalar.comment.as_ref()?);
    if !yaml::ends_open(&text.text) {
        return None;
    }
    let whole = format!("{} {}", text.text, comment.text);
    Some(
        Diagnostic::error("truncated-expression", text.span, "the expression is cut off by ` #`")
            .related(comment.span, "YAML reads a comment here")
            .help("put the whole expression in quotes, or finish it before the comment")
            .fix("Quote it all", false, text.span.to(comment.span), yaml::quoted(&whole)),
    )
}

/// `'confirmed'`: YAML takes the quotes that the expression needs.
fn eaten(scalar: &Scalar, binder: &Binder<'_>) -> Option<Diagnostic> {
    let text = scalar.text.text.as_str();
    let single = scalar.style == Style::SingleQuoted;
    if !scalar.is_quoted() || text.is_empty() {
        return None;
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let identifier = text.chars().all(word) && !text.starts_with(|c: char| c.is_ascii_digit());
    // In JSON every expression has double quotes, so a single name there is one.
    let name = identifier && !VARIABLES.contains(&text) && (single || !binder.in_json());
    let prose = !identifier
        && text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| word(c) || c == '-' || c == ' ')
        && !text.contains(" - ")
        && !text.contains(" in ");
    if !name && !prose {
        return None;
    }
    let kept = format!("\"'{text}'\"");
    Some(
        Diagnostic::error("quotes-eaten", scalar.text.span, "YAML takes these quotes away")
            .label(format!("the expression is `{text}`"))
            .help(format!("for the text, write {kept}; for a name, remove the quotes"))
            .fix("Quote the text for the expression too", false, scalar.text.span, kept),
    )
}

impl Form for Value {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        let kind = match &node.kind {
            NodeKind::Sequence(_) => ValueKind::List(List::<Self>::read(node, binder)?),
            NodeKind::Mapping(_) => ValueKind::Map(Map::<AnyName, Self>::read(node, binder)?),
            _ => ValueKind::Expression(Expression::read(node, binder)?),
        };
        Some(Self { kind, span: node.span })
    }

    fn shape() -> Shape {
        Shape::Value
    }
}
