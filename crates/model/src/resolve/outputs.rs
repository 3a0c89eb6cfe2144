//! What operations return, and what clients may filter, sort and search by.

use base::{Diagnostic, Spanned, did_you_mean};
use expression::{FieldIndex, FieldShape, Scope, Type, ir::Expression, ir::Kind};

use super::context::Cx;
use super::operations::Declared;
use super::walk::reads;
use crate::model::{Entity, Field, Modifiers, Operation, OutputField, OutputValue, Sort, Target};
use crate::syntax::{Fields, Path};

/// Where the output of an operation is resolved.
pub(crate) struct Output<'o, 'a, 't> {
    pub(crate) cx: &'o Cx<'a, 't>,
    pub(crate) declared: &'o Declared<'t>,
    pub(crate) operation: &'o Operation,
    pub(crate) scope: &'o Scope<'a>,
    /// Whether an `auth: none` actor is admitted.
    pub(crate) anonymous: bool,
}

impl Output<'_, '_, '_> {
    fn entity(&self) -> Option<&Entity> {
        match self.operation.target {
            Target::Entity(entity) => self.cx.model.entities.get(entity.0 as usize),
            _ => None,
        }
    }

    /// The fields of a view's rows.
    fn view(&self) -> Option<&[FieldShape]> {
        let Target::View(view) = self.operation.target else { return None };
        let view = self.cx.model.views.get(view.0 as usize)?;
        Some(&self.cx.model.schema.record(view.record).fields)
    }

    /// What is returned.
    pub(crate) fn fields(&self, sink: &mut Vec<Diagnostic>) -> Vec<OutputField> {
        match self.declared.syntax.fields.as_ref().map(|fields| &fields.value) {
            None => self.everything(),
            Some(Fields::Names(paths)) => self.listed(paths, sink),
            Some(Fields::Computed(fields)) => {
                let computed = fields.iter().filter_map(|(name, text)| {
                    let value = self.cx.check(text, self.scope, None, sink)?;
                    self.refuse_secret(&value, sink);
                    let name = name.value.clone();
                    Some(OutputField { name, value: OutputValue::Expression(value) })
                });
                computed.collect()
            }
        }
    }

    /// Values computed from a secret would give it away.
    fn refuse_secret(&self, value: &Expression, sink: &mut Vec<Diagnostic>) {
        let direct = matches!(value.kind, Kind::Field { .. });
        let hidden =
            |field: &&Field| field.modifiers.secret || (direct && field.modifiers.internal);
        let mut found = None;
        reads(value, &mut |read| {
            found = self.cx.field_read(read).filter(hidden);
            found.is_some()
        });
        let Some(field) = found else { return };
        let name = Spanned::new(field.name.value.clone(), value.span);
        refuse_hidden(field, &name, sink);
    }

    fn is_public(&self, modifiers: &Modifiers) -> bool {
        let hidden = modifiers.secret || modifiers.internal || modifiers.sensitive;
        let personal = modifiers.pii && self.anonymous;
        !(hidden || personal)
    }

    fn everything(&self) -> Vec<OutputField> {
        if let Some(fields) = self.view() {
            let all = (0u16..).map(FieldIndex).zip(fields);
            let output = all.map(|(index, field)| OutputField {
                name: field.name.clone(),
                value: OutputValue::Field(index),
            });
            return output.collect();
        }
        let Some(entity) = self.entity() else { return Vec::new() };
        let public = entity.fields().filter(|(_, field)| self.is_public(&field.modifiers));
        let mut output: Vec<OutputField> = public
            .map(|(index, field)| OutputField {
                name: field.name.value.clone(),
                value: OutputValue::Field(index),
            })
            .collect();
        for (at, part) in (0u16..).zip(&entity.parts) {
            let value = OutputValue::Part(at, self.public_of(&part.fields));
            output.push(OutputField { name: part.name.value.clone(), value });
        }
        output
    }

    fn public_of(&self, fields: &[Field]) -> Vec<FieldIndex> {
        let all = (0u16..).map(FieldIndex).zip(fields);
        all.filter(|(_, field)| self.is_public(&field.modifiers)).map(|(index, _)| index).collect()
    }

    fn listed(&self, paths: &[Path], sink: &mut Vec<Diagnostic>) -> Vec<OutputField> {
        let mut output: Vec<OutputField> = Vec::with_capacity(paths.len());
        for path in paths {
            if let [name, inner] = path.segments.as_slice()
                && let Some((at, field)) = self.part_field(name, inner, sink)
            {
                let same = output.iter_mut().find_map(|property| match &mut property.value {
                    OutputValue::Part(part, fields) if *part == at => Some(fields),
                    _ => None,
                });
                match same {
                    Some(fields) => fields.push(field),
                    None => output.push(OutputField {
                        name: name.value.clone(),
                        value: OutputValue::Part(at, vec![field]),
                    }),
                }
                continue;
            }
            if path.segments.len() == 2 {
                continue;
            }
            output.extend(self.listed_one(path, sink));
        }
        output
    }

    fn listed_one(&self, path: &Path, sink: &mut Vec<Diagnostic>) -> Option<OutputField> {
        let name = path.segments.first()?;
        if let Some(entity) = self.entity()
            && let Some(at) = entity.parts.iter().position(|part| part.name.value == name.value)
        {
            let fields = self.public_of(&entity.parts.get(at)?.fields);
            let value = OutputValue::Part(u16::try_from(at).ok()?, fields);
            return Some(OutputField { name: name.value.clone(), value });
        }
        let (index, _) = self.readable(path, true, sink)?;
        Some(OutputField { name: name.value.clone(), value: OutputValue::Field(index) })
    }

    /// `part.field`.
    fn part_field(
        &self,
        name: &Spanned<String>,
        inner: &Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<(u16, FieldIndex)> {
        let parts = self.entity().map_or(&[][..], |entity| entity.parts.as_slice());
        let Some(at) = parts.iter().position(|part| part.name.value == name.value) else {
            self.unknown(name, parts.iter().map(|part| part.name.as_str()), sink);
            return None;
        };
        let part = parts.get(at)?;
        let Some(index) = part.fields.iter().position(|field| field.name.value == inner.value)
        else {
            self.unknown(inner, part.fields.iter().map(|field| field.name.as_str()), sink);
            return None;
        };
        let field = part.fields.get(index)?;
        if refuse_hidden(field, inner, sink) {
            return None;
        }
        Some((u16::try_from(at).ok()?, FieldIndex(u16::try_from(index).ok()?)))
    }

    fn unknown<'n>(
        &self,
        name: &Spanned<String>,
        known: impl Iterator<Item = &'n str>,
        sink: &mut Vec<Diagnostic>,
    ) {
        if self.cx.is_poisoned(name) {
            return;
        }
        let message = format!("there is no field `{name}` here");
        sink.push(
            Diagnostic::error("unknown-field", name.span, message)
                .suggest(did_you_mean(name, known)),
        );
    }

    /// A field that clients may read, with its type. `sensitive` fields only where they are named
    /// as output.
    fn readable(
        &self,
        path: &Path,
        output: bool,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<(FieldIndex, Type)> {
        let name = path.segments.first()?;
        if path.segments.len() > 1 {
            let message = format!("`{path}` is no field of what this is about");
            sink.push(
                Diagnostic::error("unknown-field", path.span, message)
                    .help("name a field of the entity itself"),
            );
            return None;
        }
        if let Some(fields) = self.view() {
            let Some(index) = expression::schema::field_index(fields, name) else {
                self.unknown(name, fields.iter().map(|field| field.name.as_str()), sink);
                return None;
            };
            return Some((index, fields.get(usize::from(index.0))?.ty.clone()));
        }
        let entity = self.entity()?;
        let found = entity.fields().find(|(_, field)| field.name.value == name.value);
        let Some((index, field)) = found else {
            self.unknown(name, entity.fields.iter().map(|field| field.name.as_str()), sink);
            return None;
        };
        if refuse_hidden(field, name, sink) {
            return None;
        }
        if field.modifiers.sensitive && !output {
            let message = format!("`{name}` is encrypted: rows cannot be found by it");
            sink.push(
                Diagnostic::error("unreadable-field", name.span, message)
                    .related(field.name.span, "declared `sensitive` here"),
            );
            return None;
        }
        Some((index, field.ty.clone()))
    }

    /// What clients may filter by.
    pub(crate) fn filter(&self, sink: &mut Vec<Diagnostic>) -> Vec<FieldIndex> {
        let mut filter = Vec::with_capacity(self.declared.syntax.filter.len());
        for path in &self.declared.syntax.filter {
            let Some((index, ty)) = self.readable(path, false, sink) else { continue };
            if is_opaque(&ty) && ty.held().is_none() {
                sink.push(self.unfit("filter", path, &ty));
                continue;
            }
            filter.push(index);
        }
        filter
    }

    /// What clients may sort by.
    pub(crate) fn sort(&self, sink: &mut Vec<Diagnostic>) -> Vec<Sort> {
        let mut sort = Vec::with_capacity(self.declared.syntax.sort.len());
        for written in &self.declared.syntax.sort {
            let Some((field, ty)) = self.readable(&written.field, false, sink) else { continue };
            if is_opaque(&ty) {
                sink.push(self.unfit("sort", &written.field, &ty));
                continue;
            }
            sort.push(Sort { field, descending: written.descending });
        }
        self.refuse_empty_search(sink);
        sort
    }

    fn unfit(&self, what: &str, path: &Path, ty: &Type) -> Diagnostic {
        let ty = ty.describe(&self.cx.model.schema);
        let message = format!("`{path}` is {ty}: clients cannot {what} by it");
        Diagnostic::error("unfit-field", path.span, message).help("leave it out")
    }

    /// `search: true` needs a field to search in.
    fn refuse_empty_search(&self, sink: &mut Vec<Diagnostic>) {
        let Some(search) = self.declared.syntax.search.as_ref().filter(|s| s.value) else { return };
        let Some(entity) = self.entity() else { return };
        // A field of no known type is none, and may be what was meant.
        let lost = sink.iter().any(|found| found.id == "unknown-type");
        if !lost && !entity.fields.iter().any(|field| field.modifiers.search) {
            let message = format!("`{}` has no field to search in", entity.name);
            sink.push(
                Diagnostic::error("nothing-to-search", search.span, message)
                    .related(entity.name.span, "the entity")
                    .help("mark its text fields with `search`"),
            );
        }
    }

    /// The place that `near` measures from.
    pub(crate) fn near(&self, sink: &mut Vec<Diagnostic>) -> Option<FieldIndex> {
        let near = self.declared.syntax.near.as_ref()?;
        let path = super::types::path_of(std::slice::from_ref(near));
        let (index, ty) = self.readable(&path, false, sink)?;
        if *ty.required() != Type::Geo {
            let ty = ty.describe(&self.cx.model.schema);
            let message = format!("`near` measures from a `geo` field, but `{near}` is {ty}");
            sink.push(Diagnostic::error("unfit-field", near.span, message));
            return None;
        }
        Some(index)
    }
}

/// Whether rows cannot be compared by values of the type.
fn is_opaque(ty: &Type) -> bool {
    matches!(
        ty.required(),
        Type::Json
            | Type::File { .. }
            | Type::List { .. }
            | Type::Record(_)
            | Type::Geo
            | Type::Part(_)
    )
}

/// Refuses fields that never leave.
fn refuse_hidden(field: &Field, name: &Spanned<String>, sink: &mut Vec<Diagnostic>) -> bool {
    let modifier = match &field.modifiers {
        modifiers if modifiers.secret => "secret",
        modifiers if modifiers.internal => "internal",
        _ => return false,
    };
    let message = format!("clients cannot read `{name}`: it is `{modifier}`");
    sink.push(
        Diagnostic::error("unreadable-field", name.span, message)
            .related(field.name.span, "declared here")
            .help("leave it out"),
    );
    true
}
