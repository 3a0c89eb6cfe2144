//! `field`: `string(1..200)? = 'x' search pii`.

use base::{Spanned, did_you_mean, one_of};

use super::literal::literal;
use super::types::type_syntax;
use super::{Parsed, Problem, Scan, ShortForm};
use crate::syntax::{Field, Modifier};

/// A field: type, `?`, default, modifiers.
pub(crate) struct FieldForm;

const MODIFIERS: [(&str, Modifier); 8] = [
    ("immutable", Modifier::Immutable),
    ("readonly", Modifier::Readonly),
    ("internal", Modifier::Internal),
    ("secret", Modifier::Secret),
    ("sensitive", Modifier::Sensitive),
    ("unique", Modifier::Unique),
    ("search", Modifier::Search),
    ("pii", Modifier::Pii),
];

impl ShortForm for FieldForm {
    type Value = Field;
    const NAME: &'static str = "a field";
    const EXAMPLES: &'static [&'static str] =
        &["string(1..200) search", "int(0..) = 0 readonly", "catalog.Product?", "timestamp = now"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Field> {
        let start = scan.at;
        let ty = type_syntax(scan, 0)?;
        let mark = scan.at;
        let optional = scan.eat("?").then(|| scan.span(mark..mark + 1));
        scan.skip_space();
        let mut default = None;
        if scan.eat("=") {
            scan.skip_space();
            let start = scan.at;
            let value = literal(scan)?;
            default = Some(scan.spanned(value, start));
        }
        let mut modifiers = Vec::new();
        scan.skip_space();
        while !scan.is_done() {
            modifiers.push(modifier(scan)?);
            scan.skip_space();
        }
        let span = scan.span(start..scan.at);
        Ok(Field { ty, optional, default, modifiers, doc: None, span })
    }
}

/// The names of all modifiers.
pub(crate) fn modifier_names() -> impl Iterator<Item = &'static str> {
    MODIFIERS.iter().map(|(name, _)| *name).chain(["sequence"])
}

/// The modifier of a name that takes no arguments.
pub(crate) fn simple_modifier(name: &str) -> Option<Modifier> {
    MODIFIERS.iter().find(|(known, _)| *known == name).map(|(_, modifier)| modifier.clone())
}

fn modifier(scan: &mut Scan<'_>) -> Parsed<Spanned<Modifier>> {
    let range = scan.word_range();
    let word = scan.text(range.clone());
    if let Some(modifier) = simple_modifier(word) {
        scan.at = range.end;
        return Ok(Spanned::new(modifier, scan.span(range)));
    }
    if word == "sequence" {
        return sequence(scan);
    }
    let range = scan.chunk();
    let found = scan.text(range.clone());
    let problem =
        Problem::new("unknown-modifier", range, format!("there is no modifier `{found}`"));
    Err(match did_you_mean(found, modifier_names()) {
        Some(name) => problem.help(format!("did you mean `{name}`?")).fix(name),
        None if found.starts_with('?') => problem.help("`?` directly follows the type"),
        None if found.starts_with('(') => problem.help("`(` directly follows the type"),
        None => problem.help(one_of(modifier_names())),
    })
}

fn sequence(scan: &mut Scan<'_>) -> Parsed<Spanned<Modifier>> {
    let start = scan.at;
    scan.at += "sequence".len();
    if !scan.eat("(") {
        let message = "a sequence counts per a reference";
        return Err(Problem::new("bad-type", start..scan.at, message)
            .help("for example `sequence(channel)`"));
    }
    let field = scan.name("a field")?;
    if !scan.eat(")") {
        return Err(scan.expected("`)`"));
    }
    Ok(scan.spanned(Modifier::Sequence(field), start))
}
