//! Values that only the top level and the system have.

use base::{Diagnostic, Spanned};

use super::case::AnyName;
use super::field::Fields;
use super::forms::{Map, Word};
use super::{Binder, Form, Key, Shape, keys};
use crate::syntax::short::{self, PathForm};
use crate::syntax::{Acceptance, Decision, Field, Host, Named, Tenancy, TenantFrom, Tenants};
use crate::yaml::{Node, NodeKind};

/// `firmitas: 1`.
pub(super) struct Version;

impl Form for Version {
    type Value = Spanned<u32>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let text = &binder.scalar(node, "`1`")?.text.text;
        if text == "1" {
            return Some(Spanned::new(1, node.span));
        }
        let message = format!("version `{text}` of the language is not known");
        binder.report(
            Diagnostic::error("unknown-version", node.span, message)
                .help("this program reads version 1")
                .fix("Write `1`", false, node.span, "1"),
        );
        None
    }

    fn shape() -> Shape {
        Shape::Words(vec!["1"])
    }
}

/// A value type: `fields`.
#[derive(Default)]
pub(super) struct ValueKeys {
    fields: Named<Field>,
    doc: Option<Spanned<String>>,
}

keys!(ValueKeys, "a value type", {
    "fields" => fields: Fields [required], "What a value holds.";
    "doc" => doc: super::forms::Prose, "What it is.";
});

/// The fields of a value type.
pub(super) struct ValueType;

impl Form for ValueType {
    type Value = Named<Field>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        ValueKeys::read(node, binder).map(|keys| keys.fields)
    }

    fn shape() -> Shape {
        ValueKeys::shape()
    }

    fn unreadable(_: base::Span) -> Option<Self::Value> {
        Some(Vec::new())
    }
}

/// `family.subject` to decision, and `accept`.
pub(super) struct Decisions;

impl Form for Decisions {
    type Value = (Named<Decision>, Named<Acceptance>);

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let mapping = binder.mapping(node, "decisions by name")?;
        let (mut decisions, mut accept) = (Vec::new(), Vec::new());
        for entry in &mapping.entries {
            if entry.key.value == "accept" {
                accept = binder.value::<Map<AnyName, Acceptance>>(entry).unwrap_or_default();
            } else if let Some(decision) = binder.value::<Decision>(entry) {
                decisions.push((entry.key.clone(), decision));
            }
        }
        Some((decisions, accept))
    }

    fn shape() -> Shape {
        const ACCEPT: &[Key] = &[Key {
            name: "accept",
            doc: "Findings that are accepted: `finding-id@subject` to why.",
            required: false,
            shape: Map::<AnyName, Acceptance>::shape,
        }];
        Shape::Keys { title: "decisions", keys: ACCEPT, rest: Some(Decision::shape) }
    }
}

/// ISO 4217.
pub(super) struct Currency;

impl Form for Currency {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let code = Word::read(node, binder)?;
        if code.value.len() == 3 && code.value.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Some(code);
        }
        let message = format!("`{code}` is not a currency code");
        let upper = code.value.to_ascii_uppercase();
        let diagnostic = Diagnostic::error("bad-currency", node.span, message)
            .help("three capital letters of ISO 4217, for example `EUR`");
        let letters = upper.len() == 3 && upper.bytes().all(|byte| byte.is_ascii_uppercase());
        binder.report(if letters {
            diagnostic.fix(format!("Write `{upper}`"), true, node.span, upper)
        } else {
            diagnostic
        });
        None
    }

    fn shape() -> Shape {
        Shape::Short { name: "a currency", examples: &["EUR"] }
    }
}

/// An OWASP ASVS level.
pub(super) struct Assurance;

impl Form for Assurance {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        const LEVELS: [&str; 3] = ["L1", "L2", "L3"];
        let level = Word::read(node, binder)?;
        if LEVELS.contains(&level.value.as_str()) {
            return Some(level);
        }
        binder.unknown_word(node, &level.value, LEVELS.into_iter());
        None
    }

    fn shape() -> Shape {
        Shape::Words(vec!["L1", "L2", "L3"])
    }
}

/// A calendar date.
pub(super) struct Date;

impl Form for Date {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let date = Word::read(node, binder)?;
        if date.value.len() == 10 && date.value.parse::<jiff::civil::Date>().is_ok() {
            return Some(date);
        }
        let message = format!("`{date}` is not a date");
        let help = "write it as `2026-12-31`";
        binder.report(Diagnostic::error("bad-date", node.span, message).help(help));
        None
    }

    fn shape() -> Shape {
        Shape::Short { name: "a date", examples: &["2026-12-31"] }
    }
}

/// `tenants: all`.
pub(super) struct AllTenants;

impl Form for AllTenants {
    type Value = Spanned<bool>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let word = Word::read(node, binder)?;
        if word.value == "all" {
            return Some(Spanned::new(true, node.span));
        }
        binder.unknown_word(node, &word.value, ["all"].into_iter());
        None
    }

    fn shape() -> Shape {
        Shape::Words(vec!["all"])
    }
}

impl Form for Tenancy {
    type Value = Spanned<Self>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let tenancy = match &node.kind {
            NodeKind::Scalar(scalar) if scalar.text.text == "none" => Self::None,
            NodeKind::Mapping(_) => Self::Tenants(Box::new(Tenants::read(node, binder)?)),
            _ => return binder.wrong_shape(node, "`none`, or a map with `by`"),
        };
        Some(Spanned::new(tenancy, node.span))
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Words(vec!["none"]), Tenants::shape()])
    }
}

/// `actor`, `host` or `host(field)`.
pub(super) struct From;

impl Form for From {
    type Value = Spanned<TenantFrom>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let text = &binder.scalar(node, "`actor`, `host` or `host(field)`")?.text;
        let from = match text.text.as_str() {
            "actor" => TenantFrom::Actor,
            "host" => TenantFrom::Host(Host { field: None }),
            other => {
                let inner = other.strip_prefix("host(").and_then(|rest| rest.strip_suffix(')'));
                let Some(inner) = inner else {
                    binder.unknown_word(node, other, ["actor", "host", "host(field)"].into_iter());
                    return None;
                };
                let field = text.slice(5..5 + inner.len());
                match short::whole::<PathForm>(&field) {
                    Ok(path) => TenantFrom::Host(Host { field: path.segments.into_iter().next() }),
                    Err(problem) => return binder.problem(&field, problem, &["host(domain)"]),
                }
            }
        };
        Some(Spanned::new(from, node.span))
    }

    fn shape() -> Shape {
        Shape::Short { name: "the source of the tenant", examples: &["actor", "host(domain)"] }
    }
}
