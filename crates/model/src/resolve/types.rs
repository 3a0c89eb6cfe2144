//! Types as written become types.

use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, Span, Spanned, did_you_mean};
use expression::{EntityId, FieldShape, PartId, RecordId, RecordShape, Schema, Type};

use super::names::{Names, position};
use crate::model::ContextId;
use crate::syntax::{ListItem, Part, Path, RangeSyntax, TypeKind, TypeSyntax, type_names};

/// Items of a list, and rows of a part, that states no size.
const LIST_SIZE: (u32, u32) = (0, 100);

/// Where types are resolved, and the records that come of it.
pub(crate) struct Types<'a, 't> {
    /// Everything that has a name.
    pub(crate) names: &'a Names<'t>,
    /// Grows by the records of lists and snapshots.
    pub(crate) schema: Schema,
    /// `snapshot(Entity)`: its record, filled in once the entity's fields are known.
    pub(crate) snapshots: BTreeMap<EntityId, RecordId>,
    /// Names of fields that were reported and left out: expressions that read one are not reported
    /// again.
    pub(crate) poison: BTreeSet<String>,
}

impl Types<'_, '_> {
    /// Remembers a name that was reported and left out.
    pub(crate) fn poison(&mut self, name: &str) {
        self.poison.insert(name.to_owned());
    }

    /// The type, or `None` where it is wrong, which is then reported.
    pub(crate) fn resolve(
        &mut self,
        syntax: &TypeSyntax,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Type> {
        match &syntax.kind {
            TypeKind::BuiltIn(ty) => Some(ty.clone()),
            TypeKind::Enum(members) => Some(enumeration(members)),
            TypeKind::List { of, size } => {
                let of = self.items(of, syntax, home, sink)?;
                let (min, max) = bounds(size.as_ref());
                Some(Type::List { of: Box::new(of), min, max })
            }
            TypeKind::Name(path) => self.named(path, home, sink),
            TypeKind::Snapshot(path) => {
                let entity = self.names.find(&self.names.entities, path, home, sink)?;
                Some(Type::Record(self.snapshot(entity)))
            }
            TypeKind::Invalid => None,
        }
    }

    fn items(
        &mut self,
        of: &ListItem,
        list: &TypeSyntax,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Type> {
        let item = match of {
            ListItem::Type(item) => self.resolve(item, home, sink)?,
            ListItem::Fields(fields) => {
                let name = "item of a list".to_owned();
                super::fields::refuse_marks_within(fields, sink);
                let resolved = self.record_fields(fields, home, sink);
                let fields = resolved.iter().map(|field| field.shape.clone()).collect();
                let record = self.schema.add_record(RecordShape { name, fields });
                self.keep_defaults(record, &resolved);
                Type::Record(record)
            }
        };
        if matches!(item, Type::List { .. } | Type::File { .. }) {
            let message = format!("a list of {} values", item.describe(&self.schema));
            sink.push(
                Diagnostic::error("unsupported-list", list.span, message)
                    .help("use a list of a value type of `types`, or a part"),
            );
            return None;
        }
        Some(item)
    }

    fn snapshot(&mut self, entity: EntityId) -> RecordId {
        let names = self.names;
        let schema = &mut self.schema;
        *self.snapshots.entry(entity).or_insert_with(|| {
            let name = names.entity_syntax.get(entity.0 as usize).map_or("", |e| e.name.as_str());
            let name = format!("snapshot({name})");
            schema.add_record(RecordShape { name, fields: Vec::new() })
        })
    }

    /// `Entity`, `context.Entity`, `Entity.part`, `context.Entity.part`, or a value type.
    fn named(
        &self,
        path: &Path,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Type> {
        let names = self.names;
        match path.segments.as_slice() {
            [name] => {
                if let Some(record) = names.types.get(name.as_str()) {
                    return Some(Type::Record(*record));
                }
                let entity = home.and_then(|home| names.entities.find(home, name));
                if entity.is_none() {
                    sink.push(self.unknown_type(name, home));
                }
                entity.map(Type::Reference)
            }
            [first, name] if names.context(first).is_none() && is_upper(first) => {
                let context = home.or(names.unassigned)?;
                let entity = path_of(std::slice::from_ref(first));
                let entity = names.find(&names.entities, &entity, Some(context), sink)?;
                self.part(entity, name, sink)
            }
            [context, entity, part] => {
                let entity = path_of(&[context.clone(), entity.clone()]);
                let entity = names.find(&names.entities, &entity, home, sink)?;
                self.part(entity, part, sink)
            }
            _ => names.find(&names.entities, path, home, sink).map(Type::Reference),
        }
    }

    fn unknown_type(&self, name: &Spanned<String>, home: Option<ContextId>) -> Diagnostic {
        let mut known: Vec<&str> = type_names().collect();
        known.extend(self.names.types.keys().copied());
        let diagnostic = self.names.unknown(&self.names.entities, name, home, name.span);
        let elsewhere = !diagnostic.fixes.is_empty();
        match did_you_mean(name, known) {
            Some(near) if !elsewhere => {
                let message = format!("there is no type `{name}`");
                Diagnostic::error("unknown-type", name.span, message).suggest(Some(near))
            }
            _ => Diagnostic {
                id: "unknown-type",
                message: format!("there is no type or entity `{name}`"),
                ..diagnostic
            },
        }
    }

    /// The copies of the rows of a part.
    fn part(
        &self,
        entity: EntityId,
        name: &Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Type> {
        let owner = self.names.entity_syntax.get(entity.0 as usize)?;
        let at = owner.syntax.parts.iter().position(|(part, _)| part.value == name.value);
        let Some((at, (_, part))) = at.and_then(|at| Some((at, owner.syntax.parts.get(at)?)))
        else {
            let known = owner.syntax.parts.iter().map(|(part, _)| part.as_str());
            let message = format!("`{}` has no part `{name}`", owner.name);
            let near = did_you_mean(name, known);
            sink.push(Diagnostic::error("unknown-part", name.span, message).suggest(near));
            return None;
        };
        let id = PartId { entity, index: position(at, u16::MAX) };
        Some(part_type(id, part))
    }
}

/// The type of a part as seen from its entity.
pub(crate) fn part_type(id: PartId, part: &Part) -> Type {
    if part.one.as_ref().is_some_and(|one| one.value) {
        return Type::Part(id).optional();
    }
    let (min, max) = bounds(part.size.as_ref());
    Type::List { of: Box::new(Type::Part(id)), min, max }
}

/// Fewest and most items.
pub(crate) fn bounds(size: Option<&Spanned<RangeSyntax<u32>>>) -> (u32, u32) {
    let (least, most) = LIST_SIZE;
    let min = size.and_then(|size| size.min).unwrap_or(least);
    (min, size.and_then(|size| size.max).unwrap_or(most.max(min)))
}

fn enumeration(members: &[Spanned<String>]) -> Type {
    Type::Enum(members.iter().map(|member| member.value.clone()).collect())
}

fn is_upper(name: &Spanned<String>) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
}

/// A path of these segments.
pub(crate) fn path_of(segments: &[Spanned<String>]) -> Path {
    let span = match segments {
        [first, .., last] => first.span.to(last.span),
        [only] => only.span,
        [] => Span::default(),
    };
    Path { segments: segments.to_vec(), span }
}

/// Refuses value types that hold themselves, however deep: their values would have no end.
pub(crate) fn refuse_recursion(schema: &Schema, spans: &[Span], sink: &mut Vec<Diagnostic>) {
    for (at, span) in spans.iter().enumerate() {
        let start = RecordId(position(at, u32::MAX));
        if reaches(schema, start, start) {
            let name = &schema.record(start).name;
            let message = format!("the type `{name}` contains itself");
            sink.push(
                Diagnostic::error("recursive-type", *span, message)
                    .note("its values would have no end")
                    .help("make it an entity and refer to it"),
            );
        }
    }
}

fn reaches(schema: &Schema, from: RecordId, goal: RecordId) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(record) = open.pop() {
        for field in &schema.record(record).fields {
            let Some(next) = record_of(&field.ty) else { continue };
            if next == goal {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

fn record_of(ty: &Type) -> Option<RecordId> {
    match ty {
        Type::Record(record) => Some(*record),
        Type::List { of, .. } => record_of(of),
        Type::Optional(inner) => record_of(inner),
        _ => None,
    }
}

/// The shape of a field.
pub(crate) fn shape(name: &str, ty: Type) -> FieldShape {
    FieldShape { name: name.to_owned(), ty }
}
