//! Entities and their parts.

use base::{Diagnostic, Span, Spanned};

use super::case::{FieldName, Kebab, Snake};
use super::field::{Fields, find};
use super::forms::{Flag, List, Map, Name, OneOf, Prose, Short, Word, Words};
use super::value::Expression;
use super::{Binder, Form, Key, Shape, keys};
use crate::model::AuditLevel;
use crate::syntax::short::{Keeping, RetainForm, Size, Sizes, SkewForm, VolumeForm, Waiting};
use crate::syntax::{Audit, Consistency, Entity, Exclusive, Keep, Part, State, Unique};
use crate::yaml::{Mapping, Node, NodeKind, Text};

keys!(Entity, "an entity", span span, {
    "doc" => doc: Prose, "What it is.";
    "plural" => plural: Word, "Its plural, kebab-case, where `s` does not make it.";
    "rows" => rows: Short<VolumeForm>, "How many rows there are, and how many more come.";
    "fields" => fields: Fields, "What a row holds.";
    "parts" => parts: Map<FieldName, Part>, "Ordered child rows, replaced as a whole.";
    "states" => states: Map<Snake, State>, "State to next states; the first is initial.";
    "unique" => unique: Map<Kebab, Unique>, "Keys: no two rows agree in these fields.";
    "exclusive" => exclusive: Map<Kebab, Exclusive>, "No two rows overlap in time.";
    "invariants" => invariants: Map<Kebab, Expression>, "Conditions that hold after every write.";
    "rules" => rules: Map<Snake, Expression>, "Named conditions over `self`, `actor` and `now`.";
    "retain" => retain: Short<RetainForm>, "How long rows are kept.";
    "subject" => subject: Name, "The field that names the person concerned, or `self`.";
    "keep" => keep: Keep, "Kept in spite of an erasure request.";
    "soft_delete" => soft_delete: Flag, "Whether deleting only marks.";
    "append_only" => append_only: Flag, "Whether rows are never changed.";
    "volatile" => volatile: Flag, "Whether losing the last second is acceptable.";
    "ttl" => ttl: Short<Waiting>, "How long a row lives after its last write.";
    "audit" => audit: Audit, "What is recorded of writes and reads.";
    "history" => history: Flag, "Whether earlier versions can be read.";
    "consistency" => consistency: OneOf<Consistency>, "Whether reads must see the last write.";
    "skew" => skew: Short<SkewForm>, "How unevenly rows are asked for.";
    "size" => size: Short<Size>, "Mean size of a row.";
    "shared" => shared: Flag, "Whether it belongs to no tenant.";
    "identity" => identity: List<Name>, "The fields that replace `id`.";
} check_entity);

keys!(Part, "a part", span span, {
    "doc" => doc: Prose, "What it is.";
    "rows" => rows: Short<VolumeForm>, "How many rows there are per row of the entity.";
    "size" => size: Short<Sizes>, "Fewest and most rows.";
    "one" => one: Flag, "Whether there is at most one row.";
    "fields" => fields: Fields [required], "What a row holds.";
});

keys!(Exclusive, "an exclusive key", span span, {
    "same" => same: List<Name> [required], "Fields that must agree for rows to collide.";
    "overlap" => overlap: Overlap [required], "The fields of start and end.";
    "where" => condition: Expression, "Only rows for which this holds.";
});

/// Built-in fields cannot be declared; parts and fields share their names.
fn check_entity(entity: &mut Entity, _: &Mapping, binder: &mut Binder<'_>) {
    let is = |flag: &Option<Spanned<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
    let built_in = [
        ("id", true),
        ("created_at", true),
        ("updated_at", true),
        ("version", true),
        ("deleted_at", is(&entity.soft_delete)),
        ("status", entity.states.is_some()),
    ];
    let parts = entity.parts.iter().map(|(name, _)| name);
    for name in entity.fields.iter().map(|(name, _)| name).chain(parts) {
        if built_in.iter().any(|(field, present)| *present && *field == name.value) {
            let message = format!("`{name}` is built in and cannot be declared");
            binder.report(
                Diagnostic::error("reserved-name", name.span, message)
                    .help("remove it, or choose another name"),
            );
        }
    }
    for (name, _) in &entity.parts {
        if let Some(field) = find(&entity.fields, &name.value) {
            let message = format!("`{name}` is a field and a part");
            let diagnostic = Diagnostic::error("duplicate-key", name.span, message);
            binder.report(diagnostic.related(field.span, "the field"));
        }
    }
}

impl Form for State {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        Some(Self { next: List::<Name>::read(node, binder)? })
    }

    fn shape() -> Shape {
        Shape::List(Name::shape)
    }
}

#[derive(Default)]
struct LongUnique {
    fields: Vec<Spanned<String>>,
    condition: Option<Text>,
}

keys!(LongUnique, "a unique key", {
    "fields" => fields: List<Name> [required], "The fields.";
    "where" => condition: Expression, "Only rows for which this holds.";
});

impl Form for Unique {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        if let NodeKind::Mapping(_) = &node.kind {
            let LongUnique { fields, condition } = LongUnique::read(node, binder)?;
            return Some(Self { fields, condition });
        }
        Some(Self { fields: List::<Name>::read(node, binder)?, condition: None })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::List(Name::shape), LongUnique::shape()])
    }
}

/// `[starts_at, ends_at]`.
struct Overlap;

impl Form for Overlap {
    type Value = (Spanned<String>, Spanned<String>);

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let fields = List::<Name>::read(node, binder)?;
        match <[_; 2]>::try_from(fields) {
            Ok([start, end]) => Some((start, end)),
            Err(_) => binder.wrong_shape(node, "the two fields of start and end"),
        }
    }

    fn shape() -> Shape {
        Shape::List(Name::shape)
    }
}

#[derive(Default)]
struct LongKeep {
    period: Option<Spanned<base::Duration>>,
    because: Option<Spanned<String>>,
}

keys!(LongKeep, "a legal hold", {
    "for" => period: Short<Keeping> [required], "How long.";
    "because" => because: Prose [required], "Why: the law or contract.";
});

impl Form for Keep {
    type Value = Spanned<Self>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let LongKeep { period, because } = LongKeep::read(node, binder)?;
        Some(Spanned::new(Self { period: period?, because: because? }, node.span))
    }

    fn shape() -> Shape {
        LongKeep::shape()
    }
}

impl Words for AuditLevel {
    const WORDS: &'static [(&'static str, Self)] = &[("writes", Self::Writes), ("all", Self::All)];
}

impl Words for Consistency {
    const WORDS: &'static [(&'static str, Self)] =
        &[("strong", Self::Strong), ("eventual", Self::Eventual)];
}

impl Form for Audit {
    type Value = Spanned<Self>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let NodeKind::Mapping(mapping) = &node.kind else {
            let level = OneOf::<AuditLevel>::read(node, binder)?.value;
            return Some(Spanned::new(Self { level, retain: None }, node.span));
        };
        let (mut level, mut retain) = (None, None);
        for entry in &mapping.entries {
            let word = AuditLevel::WORDS.iter().find(|(word, _)| *word == entry.key.value);
            match (word, entry.key.value.as_str()) {
                (Some((_, found)), _) if names_itself(&entry.value) => level = Some(*found),
                (_, "retain") => retain = binder.value::<Short<Keeping>>(entry),
                _ => report_audit(entry.key.span, &entry.key.value, binder),
            }
        }
        if level.is_none() {
            let help = "`audit: { all, retain: 6y }` or `audit: { writes, retain: 6y }`";
            let diagnostic = binder.missing_key("writes` or `all").help(help);
            binder.report(diagnostic);
        }
        Some(Spanned::new(Self { level: level?, retain }, node.span))
    }

    fn shape() -> Shape {
        const fn key(name: &'static str, doc: &'static str, shape: fn() -> Shape) -> Key {
            Key { name, doc, required: false, shape }
        }
        const KEYS: &[Key] = &[
            key("writes", "Writes are recorded.", Prose::shape),
            key("all", "Reads are recorded as well.", Prose::shape),
            key("retain", "How long the records are kept.", Short::<Keeping>::shape),
        ];
        let long = Shape::Keys { title: "an audit", keys: KEYS, rest: None };
        Shape::Either(vec![OneOf::<AuditLevel>::shape(), long])
    }
}

/// Nothing, or what stands for it in JSON.
fn names_itself(value: &Node) -> bool {
    let word = |text: &str| matches!(text, "" | "null" | "true");
    matches!(&value.kind, NodeKind::Scalar(scalar) if word(&scalar.text.text))
}

fn report_audit(span: Span, key: &str, binder: &mut Binder<'_>) {
    let message = format!("an audit has no key `{key}`");
    binder.report(
        Diagnostic::error("unknown-key", span, message)
            .help("for example `audit: { all, retain: 6y }`"),
    );
}
