//! Entities: their fields, parts, states and keys. Conditions follow in `conditions`.

use std::collections::BTreeMap;

use base::{Diagnostic, Quantity, Spanned, did_you_mean};
use expression::{
    EntityId, EntityShape, FieldIndex, FieldShape, PartId, PartShape, RecordShape, Type,
    types::INT_LIMIT,
};

use super::fields::{Resolved, is_key, sequences, unknown_field};
use super::names::{EntitySyntax, position};
use super::plural::plural;
use super::types::{Types, bounds, part_type, shape};
use crate::model::{BuiltIn, Entity, Field, Modifiers, Part, Retain, States, Unique, Volume};
use crate::syntax::{self, VolumeSyntax};

/// The names that every entity has already.
const ALWAYS_BUILT_IN: [&str; 4] = ["id", "created_at", "updated_at", "version"];

/// All entities with their shapes.
pub(crate) fn entities(types: &mut Types<'_, '_>, sink: &mut Vec<Diagnostic>) -> Vec<Entity> {
    let written = types.names.entity_syntax.clone();
    let contexts: Vec<std::sync::Arc<str>> =
        types.names.homes.iter().map(|home| home.name.as_str().into()).collect();
    for owner in &written {
        let context = contexts.get(usize::from(owner.context.0)).cloned();
        types.schema.entities.push(EntityShape {
            name: owner.name.value.clone(),
            context: context.unwrap_or_else(|| "".into()),
            fields: Vec::new(),
            parts: Vec::new(),
        });
    }
    let entities: Vec<Entity> =
        (0u32..).map(EntityId).zip(&written).map(|(id, e)| entity(types, id, *e, sink)).collect();
    refuse_equal_plurals(&entities, sink);
    entities
}

fn entity(
    types: &mut Types<'_, '_>,
    id: EntityId,
    owner: EntitySyntax<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Entity {
    let EntitySyntax { name, context, syntax } = owner;
    let mut resolved = built_in(id, name, syntax, sink);
    for (name, field) in &syntax.fields {
        if refuse_taken(name, &resolved, syntax, sink) {
            continue;
        }
        match types.field(name, field, Some(context), sink) {
            Some(field) => resolved.push(field),
            None => types.poison(name),
        }
    }
    let (shapes, mut fields): (Vec<FieldShape>, Vec<Field>) =
        resolved.into_iter().map(|resolved| (resolved.shape, resolved.field)).unzip();
    sequences(&syntax.fields, &mut fields, sink);
    let parts = parts(types, id, owner, sink);
    if let Some(shape) = types.schema.entities.get_mut(id.0 as usize) {
        shape.fields = shapes;
        shape.parts = parts.iter().map(|(shape, _)| shape.clone()).collect();
    }
    let index = FieldNames::of(&fields);
    let soft_delete = is_set(syntax.soft_delete.as_ref());
    let plural_given = syntax.plural.as_ref();
    Entity {
        name: name.clone(),
        context,
        plural: plural_given.map_or_else(|| plural(name), |plural| plural.value.clone()),
        doc: syntax.doc.as_ref().map(|doc| doc.value.clone()),
        rows: syntax.rows.as_ref().and_then(|rows| volume(rows, sink)),
        parts: parts.into_iter().map(|(_, part)| part).collect(),
        states: states(syntax, &index, sink),
        unique: unique(syntax, &fields, &index, sink),
        exclusive: Vec::new(),
        invariants: Vec::new(),
        rules: syntax.rules.iter().map(|(name, _)| name.clone()).collect(),
        retain: retain(syntax, &index, &fields, sink),
        subject: syntax.subject.as_ref().and_then(|subject| match subject.as_str() {
            "self" => index.find("id"),
            _ => index.known(subject, sink),
        }),
        keep: syntax.keep.as_ref().map(|keep| {
            let value = (keep.period.value, keep.because.value.clone());
            Spanned::new(value, keep.span)
        }),
        soft_delete,
        append_only: is_set(syntax.append_only.as_ref()),
        volatile: is_set(syntax.volatile.as_ref()),
        ttl: given(syntax.ttl.as_ref()),
        audit: syntax.audit.as_ref().map(|audit| {
            let retain = audit.retain.as_ref().map(|retain| retain.value);
            Spanned::new((audit.level, retain), audit.span)
        }),
        history: is_set(syntax.history.as_ref()),
        strong_consistency: syntax
            .consistency
            .as_ref()
            .map(|consistency| consistency.value == syntax::Consistency::Strong),
        skew: syntax.skew.as_ref().map(|skew| Spanned::new(describe_skew(skew.value), skew.span)),
        size: given(syntax.size.as_ref()),
        shared: is_set(syntax.shared.as_ref()),
        identity: syntax.identity.iter().filter_map(|name| index.known(name, sink)).collect(),
        fields,
    }
}

/// Whether a switch is on.
pub(crate) fn is_set(switch: Option<&Spanned<bool>>) -> bool {
    switch.is_some_and(|switch| switch.value)
}

/// A number that was written, with its place.
pub(crate) fn given<T: Clone>(number: Option<&Spanned<T>>) -> Option<Quantity<T>> {
    number.map(|number| Quantity::given(number.value.clone(), number.span))
}

fn describe_skew(skew: syntax::Skew) -> String {
    match skew {
        syntax::Skew::Zipf(exponent) => format!("zipf {exponent}"),
        syntax::Skew::Hot(share) => format!("hot {}%", share.0 * 100.0),
    }
}

/// The fields of an entity by name.
pub(crate) struct FieldNames<'f>(BTreeMap<&'f str, FieldIndex>);

impl<'f> FieldNames<'f> {
    pub(crate) fn of(fields: &'f [Field]) -> Self {
        let index = |at| FieldIndex(position(at, u16::MAX));
        Self(fields.iter().enumerate().map(|(at, f)| (f.name.as_str(), index(at))).collect())
    }

    pub(crate) fn find(&self, name: &str) -> Option<FieldIndex> {
        self.0.get(name).copied()
    }

    /// The field of this name; reports an unknown one.
    pub(crate) fn known(
        &self,
        name: &Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<FieldIndex> {
        let found = self.find(name);
        if found.is_none() {
            sink.push(unknown_field(name, self.0.keys().copied()));
        }
        found
    }
}

fn built_in(
    id: EntityId,
    name: &Spanned<String>,
    syntax: &syntax::Entity,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Resolved> {
    let append_only = is_set(syntax.append_only.as_ref());
    if let (true, Some(states)) = (append_only, &syntax.states) {
        let span = states.first().map_or(name.span, |(state, _)| state.span);
        let message = format!("`{name}` is `append_only` and has states");
        sink.push(
            Diagnostic::error("append-only-states", span, message)
                .note("rows of an `append_only` entity never change")
                .help("leave `append_only` or `states` out"),
        );
    }
    let wanted = [
        ("id", BuiltIn::Id, Type::Reference(id), syntax.identity.is_empty()),
        ("created_at", BuiltIn::CreatedAt, Type::Timestamp, true),
        ("updated_at", BuiltIn::UpdatedAt, Type::Timestamp, !append_only),
        ("version", BuiltIn::Version, Type::Int { min: 1, max: INT_LIMIT }, !append_only),
        (
            "deleted_at",
            BuiltIn::DeletedAt,
            Type::Timestamp.optional(),
            is_set(syntax.soft_delete.as_ref()),
        ),
        ("status", BuiltIn::Status, state_type(syntax), syntax.states.is_some()),
    ];
    let wanted = wanted.into_iter().filter(|(.., present)| *present);
    wanted.map(|(field, which, ty, _)| built_in_field(field, which, ty, name)).collect()
}

fn built_in_field(name: &str, which: BuiltIn, ty: Type, owner: &Spanned<String>) -> Resolved {
    Resolved {
        shape: shape(name, ty.clone()),
        field: Field {
            name: Spanned::new(name.to_owned(), owner.span),
            ty,
            built_in: Some(which),
            default: None,
            modifiers: Modifiers { readonly: true, ..Modifiers::default() },
            doc: None,
        },
    }
}

fn state_type(syntax: &syntax::Entity) -> Type {
    let states = syntax.states.iter().flatten();
    Type::Enum(states.map(|(state, _)| state.value.clone()).collect())
}

/// Whether a field has the name of a built-in one, which is reported already: then it is left out.
fn refuse_taken(
    name: &Spanned<String>,
    built_in: &[Resolved],
    syntax: &syntax::Entity,
    sink: &mut Vec<Diagnostic>,
) -> bool {
    let present = built_in
        .iter()
        .any(|field| field.field.built_in.is_some() && field.field.name.value == name.value);
    let taken = present || ALWAYS_BUILT_IN.contains(&name.as_str());
    if taken {
        return true;
    }
    if let Some((rule, _)) = syntax.rules.iter().find(|(rule, _)| rule.value == name.value) {
        let message = format!("`{name}` is the name of a field and of a rule");
        sink.push(
            Diagnostic::error("duplicate-name", rule.span, message)
                .related(name.span, "the field")
                .note("both are read as `self.name`"),
        );
    }
    false
}

fn parts(
    types: &mut Types<'_, '_>,
    entity: EntityId,
    owner: EntitySyntax<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Vec<(PartShape, Part)> {
    let mut parts = Vec::with_capacity(owner.syntax.parts.len());
    for (at, (name, part)) in owner.syntax.parts.iter().enumerate() {
        let mut resolved = Vec::new();
        for (field_name, field) in &part.fields {
            match types.field(field_name, field, Some(owner.context), sink) {
                Some(field) => resolved.push(field),
                None => types.poison(field_name),
            }
        }
        let (shapes, mut fields): (Vec<FieldShape>, Vec<Field>) =
            resolved.into_iter().map(|resolved| (resolved.shape, resolved.field)).unzip();
        sequences(&part.fields, &mut fields, sink);
        let id = PartId { entity, index: position(at, u16::MAX) };
        let one = part_type(id, part).is_optional();
        let (min, max) = if one { (0, 1) } else { bounds(part.size.as_ref()) };
        let rows = part_rows(name, part, max, sink);
        let shape = PartShape { name: name.value.clone(), one, min, max, fields: shapes };
        parts.push((shape, Part { name: name.clone(), rows, fields }));
    }
    parts
}

/// The mean number of rows of a part.
fn part_rows(
    name: &Spanned<String>,
    part: &syntax::Part,
    max: u32,
    sink: &mut Vec<Diagnostic>,
) -> Option<Quantity<f64>> {
    let rows = part.rows.as_ref()?;
    let VolumeSyntax::Per { count, .. } = &rows.value else {
        let message = format!("rows of the part `{name}` are counted per row of its entity");
        sink.push(
            Diagnostic::error("part-rows", rows.span, message).help("write, say, `3 per Order`"),
        );
        return None;
    };
    if *count > f64::from(max) {
        let message = format!("on average {count} rows, but `{name}` holds at most {max}");
        sink.push(
            Diagnostic::error("part-rows", rows.span, message)
                .help("state `size`, for example `size: 0..1000`"),
        );
    }
    Some(Quantity::given(*count, rows.span))
}

/// The rows of an entity.
fn volume(rows: &Spanned<VolumeSyntax>, sink: &mut Vec<Diagnostic>) -> Option<Quantity<Volume>> {
    match &rows.value {
        VolumeSyntax::Rows { rows: count, inflow } => {
            let inflow = inflow.as_ref().map(|inflow| inflow.value).unwrap_or_default();
            Some(Quantity::given(Volume { rows: *count, inflow }, rows.span))
        }
        VolumeSyntax::Per { .. } => {
            let message = "rows of an entity are counted by themselves";
            sink.push(
                Diagnostic::error("entity-rows", rows.span, message)
                    .help("write, say, `10k + 100/day`; `per` is for parts"),
            );
            None
        }
    }
}

fn states(
    syntax: &syntax::Entity,
    index: &FieldNames<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Option<States> {
    let written = syntax.states.as_ref()?;
    let names: BTreeMap<&str, usize> =
        written.iter().enumerate().map(|(at, (state, _))| (state.as_str(), at)).collect();
    let mut states = Vec::with_capacity(written.len());
    for (name, state) in written {
        let mut next = Vec::with_capacity(state.next.len());
        for to in &state.next {
            match names.get(to.as_str()) {
                Some(at) => next.push(*at),
                None => sink.push(
                    Diagnostic::error(
                        "unknown-state",
                        to.span,
                        format!("there is no state `{to}`"),
                    )
                    .suggest(did_you_mean(to, names.keys().copied())),
                ),
            }
        }
        states.push((name.clone(), next));
    }
    Some(States { field: index.find("status")?, states })
}

/// Keys: those of `unique` fields, then those of `unique`. Conditions follow in `conditions`.
fn unique(
    syntax: &syntax::Entity,
    fields: &[Field],
    index: &FieldNames<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Unique> {
    let mut keys = Vec::new();
    for field in fields.iter().filter(|field| field.modifiers.unique) {
        let code = format!("{}-taken", field.name.replace('_', "-"));
        keys.push(Unique {
            code: Spanned::new(code, field.name.span),
            fields: index.find(&field.name).into_iter().collect(),
            condition: None,
        });
    }
    for (code, key) in &syntax.unique {
        let mut known = Vec::with_capacity(key.fields.len());
        for name in &key.fields {
            let Some(field) = index.known(name, sink) else { continue };
            let ty = fields.get(usize::from(field.0)).map(|field| &field.ty);
            if ty.is_some_and(|ty| !is_key(ty)) {
                let message = format!("`{name}` cannot be part of a key");
                sink.push(
                    Diagnostic::error("unfit-key", name.span, message)
                        .help("keys are made of plain values and references"),
                );
            }
            known.push(field);
        }
        keys.push(Unique { code: code.clone(), fields: known, condition: None });
    }
    keys
}

fn retain(
    syntax: &syntax::Entity,
    index: &FieldNames<'_>,
    fields: &[Field],
    sink: &mut Vec<Diagnostic>,
) -> Option<Spanned<Retain>> {
    let written = syntax.retain.as_ref()?;
    let after = match &written.after {
        None => None,
        Some(name) => {
            let after = index.known(name, sink)?;
            let ty = fields.get(usize::from(after.0)).map(|field| field.ty.required().clone());
            if !matches!(ty, Some(Type::Timestamp | Type::Date)) {
                let message = format!("`{name}` is no point in time");
                sink.push(
                    Diagnostic::error("retain-field", name.span, message)
                        .help("retention is counted from a `timestamp` or `date` field"),
                );
                return None;
            }
            Some(after)
        }
    };
    let retain = Retain { period: written.period.value, after, end: written.end };
    Some(Spanned::new(retain, written.span))
}

/// The public fields of the entities of which events carry snapshots.
pub(crate) fn fill_snapshots(types: &mut Types<'_, '_>, entities: &[Entity]) {
    let public =
        |modifiers: &Modifiers| !(modifiers.secret || modifiers.internal || modifiers.sensitive);
    for (entity, record) in types.snapshots.clone() {
        let Some(resolved) = entities.get(entity.0 as usize) else { continue };
        let fields = resolved.fields.iter().filter(|field| public(&field.modifiers));
        let mut shapes: Vec<FieldShape> =
            fields.map(|field| shape(&field.name, field.ty.clone())).collect();
        let owner = types.names.entity_syntax.get(entity.0 as usize);
        let parts = owner.map_or(&[][..], |owner| owner.syntax.parts.as_slice());
        for (at, (name, part)) in parts.iter().enumerate() {
            let id = PartId { entity, index: position(at, u16::MAX) };
            shapes.push(shape(name, part_type(id, part)));
        }
        if let Some(RecordShape { fields, .. }) = types.schema.records.get_mut(record.0 as usize) {
            *fields = shapes;
        }
    }
}

/// Two entities of a context under one address.
fn refuse_equal_plurals(entities: &[Entity], sink: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<(crate::model::ContextId, &str), &Entity> = BTreeMap::new();
    for entity in entities {
        let Some(other) = first.insert((entity.context, &entity.plural), entity) else { continue };
        let message = format!(
            "`{}` and `{}` would both be served as `{}`",
            other.name, entity.name, entity.plural
        );
        sink.push(
            Diagnostic::error("equal-plurals", entity.name.span, message)
                .related(other.name.span, "the other one")
                .help("give one of them `plural: another-name`"),
        );
    }
}
