//! The entities of a context with their fields, parts and references.

use std::collections::BTreeSet;

use decide::Design;
use expression::{EntityId, FieldIndex, Type};
use model::model::{BuiltIn, ContextId, Entity, Field};

use super::relations::referenced;
use super::text::label;

/// The diagram; nothing for a context without entities. Entities of other contexts are boxes
/// without fields.
pub fn diagram(design: &Design, context: ContextId) -> Option<String> {
    let mut entities: Vec<(EntityId, &Entity)> =
        design.model.entities().filter(|(_, of)| of.context == context).collect();
    entities.sort_by_key(|(_, entity)| entity.name.as_str());
    if entities.is_empty() {
        return None;
    }
    let mut out = String::from(
        "%% created_at, updated_at, version and deleted_at are left out.\nerDiagram\n",
    );
    let mut links: BTreeSet<String> = BTreeSet::new();
    for (id, entity) in entities {
        out += &block(&name(design, context, id), attributes(design, id, entity));
        links.extend(references(design, context, id, &entity.name, &entity.fields));
        for (part, shape) in entity.parts.iter().zip(&design.model.shape(id).parts) {
            let own = format!("{}.{}", entity.name, part.name);
            let fields = part.fields.iter().map(|field| attribute(design, context, field, None));
            out += &block(&own, fields);
            let many = match (shape.one, shape.min) {
                (true, _) => "o|",
                (false, 0) => "o{",
                (false, _) => "|{",
            };
            let owner = label([&entity.name.value]);
            let text = label([&part.name.value]);
            links.insert(format!("    {owner} ||--{many} {} : {text}\n", label([&own])));
            links.extend(references(design, context, id, &own, &part.fields));
        }
    }
    out.extend(links);
    Some(out)
}

/// The name of an entity, with its context where that is another.
fn name(design: &Design, here: ContextId, id: EntityId) -> String {
    let entity = design.model.entity(id);
    if entity.context == here {
        return entity.name.value.clone();
    }
    format!("{}.{}", design.model.context(entity.context).name, entity.name)
}

fn block(name: &str, attributes: impl Iterator<Item = String>) -> String {
    let attributes: String = attributes.collect();
    format!("    {} {{\n{attributes}    }}\n", label([name]))
}

fn attributes(design: &Design, id: EntityId, entity: &Entity) -> impl Iterator<Item = String> {
    let everywhere = |field: &Field| {
        use BuiltIn::{CreatedAt, DeletedAt, UpdatedAt, Version};
        matches!(field.built_in, Some(CreatedAt | UpdatedAt | Version | DeletedAt))
    };
    let own = entity.fields().filter(move |(_, field)| !everywhere(field));
    own.map(move |(at, field)| attribute(design, entity.context, field, Some((id, at))))
}

/// A line of an entity. Only fields of entities, not those of parts, are keys by themselves.
fn attribute(
    design: &Design,
    here: ContextId,
    field: &Field,
    of: Option<(EntityId, FieldIndex)>,
) -> String {
    let own = of.map(|(id, at)| (design.model.entity(id), at));
    let mut keys = Vec::new();
    let identity = own.is_some_and(|(entity, at)| entity.identity.contains(&at));
    if identity || field.built_in == Some(BuiltIn::Id) {
        keys.push("PK");
    } else if is_foreign_key(design, here, &field.ty) {
        keys.push("FK");
    }
    if own.is_some_and(|(entity, at)| is_unique(entity, at)) {
        keys.push("UK");
    }
    let mut notes = Vec::new();
    if let Type::Enum(members) = field.ty.required() {
        notes.push(members.join(", "));
    }
    let marks = [(field.ty.is_optional(), "optional"), (field.modifiers.pii, "personal data")];
    notes.extend(marks.iter().filter(|(holds, _)| *holds).map(|(_, word)| (*word).to_owned()));
    let mut line = format!("        {} {}", type_word(design, &field.ty), word(&field.name));
    if !keys.is_empty() {
        line += &format!(" {}", keys.join(", "));
    }
    if !notes.is_empty() {
        line += &format!(" {}", label([notes.join(", ")]));
    }
    line + "\n"
}

/// Across contexts there are no foreign keys.
fn is_foreign_key(design: &Design, here: ContextId, ty: &Type) -> bool {
    let Type::Reference(entity) = ty.required() else { return false };
    design.model.entity(*entity).context == here
}

fn is_unique(entity: &Entity, at: FieldIndex) -> bool {
    entity.unique.iter().any(|key| key.fields == [at])
}

fn type_word(design: &Design, ty: &Type) -> String {
    word(&match ty.required() {
        Type::Reference(_) => "uuid".to_owned(),
        Type::Enum(_) => "enum".to_owned(),
        Type::List { of, .. } => format!("list({})", type_word(design, of)),
        other => other.describe(&design.model.schema),
    })
}

/// A word of Mermaid's: its own `PK`, `FK`, `UK` are taken, and so is most punctuation.
fn word(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-()".contains(c);
    let word: String = text.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    if ["pk", "fk", "uk"].contains(&word.to_ascii_lowercase().as_str()) {
        return word + "_";
    }
    word
}

/// One line for each reference; dotted where it leads to another context and is no foreign key.
fn references(
    design: &Design,
    here: ContextId,
    id: EntityId,
    from: &str,
    fields: &[Field],
) -> Vec<String> {
    let entity = design.model.entity(id);
    let link = |field: &Field| {
        let other = referenced(&field.ty).filter(|_| field.built_in.is_none())?;
        let unique =
            entity.fields().any(|(at, own)| std::ptr::eq(own, field) && is_unique(entity, at));
        let left = if unique { "|o" } else { "}o" };
        let right = match &field.ty {
            Type::List { .. } => "o{",
            ty if ty.is_optional() => "o|",
            _ => "||",
        };
        let line = if design.model.entity(other).context == here { "--" } else { ".." };
        let to = label([name(design, here, other)]);
        let (from, text) = (label([from]), label([&field.name.value]));
        Some(format!("    {from} {left}{line}{right} {to} : {text}\n"))
    };
    fields.iter().filter_map(link).collect()
}
