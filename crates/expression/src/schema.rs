//! The shapes that expressions range over: entities with parts, and records.
//!
//! Only what expressions and rows need is here (names, types, order); what a field means to
//! clients, how many rows there are and who may do what belongs to the `model` crate, whose
//! entities have the same indexes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;

use crate::types::Type;
use crate::value::Value;

/// An entity, by its position in [`Schema::entities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub u32);

/// A part of an entity, by its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId {
    /// The entity that owns the part.
    pub entity: EntityId,
    /// Position in [`EntityShape::parts`].
    pub index: u16,
}

/// A record, by its position in [`Schema::records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u32);

/// A field, by its position in its entity, part or record. Values of rows have the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldIndex(pub u16);

/// A field's name and type; `Type::Optional` where it may be null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldShape {
    /// Name, `snake_case`.
    pub name: String,
    /// Type.
    pub ty: Type,
}

/// Ordered child rows of an entity. A part row has no id of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartShape {
    /// Name, `snake_case`.
    pub name: String,
    /// `one: true`: at most one row, seen as an optional value instead of a list.
    pub one: bool,
    /// Fewest rows.
    pub min: u32,
    /// Most rows.
    pub max: u32,
    /// Declared fields, in source order.
    pub fields: Vec<FieldShape>,
}

/// An entity: built-in fields first, then `status` if it has states, then the declared ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityShape {
    /// Name, `UpperCamel`, without its context.
    pub name: String,
    /// Context, `lowerCamel`.
    pub context: Arc<str>,
    /// All fields; the first is `id` unless `identity` replaces it.
    pub fields: Vec<FieldShape>,
    /// Parts, in source order.
    pub parts: Vec<PartShape>,
}

/// A record: input parameters, an event's payload, a `types` value, a call's result, a view's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordShape {
    /// Name for messages, for example `input of placeOrder` or `OrderPlaced`.
    pub name: String,
    /// Fields, in source order.
    pub fields: Vec<FieldShape>,
}

/// All shapes of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Entities, in source order.
    pub entities: Vec<EntityShape>,
    /// Records, in the order they were registered.
    pub records: Vec<RecordShape>,
    /// What fields of records are, by position, where an input leaves them out.
    pub defaults: BTreeMap<(RecordId, u16), Value>,
    /// What the system says about money and time.
    pub settings: Settings,
}

/// What the system says about money and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// ISO 4217 codes, the default one first. With one alone, money columns name no currency.
    pub currencies: Vec<Arc<str>>,
    /// What `date(timestamp)` means.
    pub time_zone: TimeZone,
}

impl Default for Settings {
    fn default() -> Self {
        Self { currencies: vec!["EUR".into()], time_zone: TimeZone::UTC }
    }
}

impl Settings {
    /// The currency of amounts that name none.
    #[must_use]
    pub fn currency(&self) -> &Arc<str> {
        static EUR: LazyLock<Arc<str>> = LazyLock::new(|| "EUR".into());
        self.currencies.first().unwrap_or(&EUR)
    }
}

impl Schema {
    /// The entity. Ids come from this schema, so this never fails in correct code.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> &EntityShape {
        &self.entities[id.0 as usize]
    }

    /// The part.
    #[must_use]
    pub fn part(&self, id: PartId) -> &PartShape {
        &self.entity(id.entity).parts[usize::from(id.index)]
    }

    /// The record.
    #[must_use]
    pub fn record(&self, id: RecordId) -> &RecordShape {
        &self.records[id.0 as usize]
    }

    /// Registers a record and returns its id.
    pub fn add_record(&mut self, record: RecordShape) -> RecordId {
        let id = RecordId(u32::try_from(self.records.len()).unwrap_or(u32::MAX));
        self.records.push(record);
        id
    }

    /// The entity of a context by name.
    #[must_use]
    pub fn find_entity(&self, context: &str, name: &str) -> Option<EntityId> {
        let at = |e: &EntityShape| &*e.context == context && e.name == name;
        (0u32..).map(EntityId).zip(&self.entities).find(|(_, e)| at(e)).map(|(id, _)| id)
    }
}

/// The position of a name among fields.
#[must_use]
pub fn field_index(fields: &[FieldShape], name: &str) -> Option<FieldIndex> {
    let at = fields.iter().position(|field| field.name == name)?;
    u16::try_from(at).ok().map(FieldIndex)
}

impl EntityShape {
    /// The position of a field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldIndex> {
        field_index(&self.fields, name)
    }

    /// The position of a part by name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<u16> {
        self.parts.iter().position(|part| part.name == name).and_then(|at| u16::try_from(at).ok())
    }
}

impl PartShape {
    /// The position of a field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldIndex> {
        field_index(&self.fields, name)
    }
}

impl RecordShape {
    /// The position of a field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldIndex> {
        field_index(&self.fields, name)
    }
}
