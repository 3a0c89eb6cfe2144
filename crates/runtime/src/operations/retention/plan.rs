//! When rows are due, worked out once at start.

use decide::Design;
use decide::retention::{Ending, Since};
use expression::{EntityId, FieldIndex, Row, Schema, Type, Value};
use model::model::{BuiltIn, Entity};

use crate::operations::row;

/// What becomes of the rows of each entity, by position.
#[derive(Debug, Default)]
pub(crate) struct Retentions(pub(super) Vec<Retention>);

/// What becomes of the rows of an entity.
#[derive(Debug)]
pub(crate) struct Retention {
    pub(super) entity: EntityId,
    pub(super) ending: Ending,
    /// Microseconds; none where rows stay.
    pub(super) period: Option<i64>,
    since: Since,
    /// States that lead nowhere.
    finals: Vec<String>,
    /// Whether rows come to their end by the minute rather than by the day.
    pub(super) short: bool,
    /// The field that names the person concerned, and what may be said about it.
    pub(super) subject: Option<FieldIndex>,
    /// Microseconds for which a request for erasure changes nothing.
    pub(super) held: Option<i64>,
}

impl Retentions {
    pub(crate) fn of(design: &Design) -> Self {
        let names = decide::subjects::Names::of(&design.model);
        let all = decide::retention::of(design);
        let retention = |(id, entity): (EntityId, &Entity)| {
            let stated = all.iter().find(|retention| retention.entity == id);
            let chosen = design.verdict("retention", names.entity(id)).map(|of| of.choice);
            let ending = match chosen {
                Some("keep") => Ending::Keep,
                Some("delete") => Ending::Delete,
                Some("anonymise") => Ending::Anonymise,
                Some("archive") => Ending::Archive,
                _ => stated.map_or(Ending::Keep, |stated| stated.ending),
            };
            let states = entity.states.iter().flat_map(|states| &states.states);
            let finals = states.filter(|(_, next)| next.is_empty());
            let seconds = stated.and_then(|stated| stated.seconds.as_ref());
            Retention {
                entity: id,
                ending,
                period: seconds.map(|of| micros(of.value)).filter(|_| ending != Ending::Keep),
                since: stated.map_or(Since::Created, |stated| stated.since),
                finals: finals.map(|(name, _)| name.value.clone()).collect(),
                short: entity.ttl.is_some() || seconds.is_some_and(|of| of.value < 86_400.0),
                subject: entity.subject,
                held: stated.and_then(|stated| stated.held).map(micros),
            }
        };
        Self(design.model.entities().map(retention).collect())
    }

    /// Whether there is ever anything to do.
    pub(crate) fn any(&self) -> bool {
        self.0.iter().any(|of| of.period.is_some() || of.subject.is_some())
    }
}

impl Retention {
    /// When a row comes to its end; never, or not yet known, if none.
    pub(super) fn due(&self, model: &model::Model, row: &Row) -> Option<i64> {
        Some(self.begin(model, row)?.saturating_add(self.period?))
    }

    /// Until when a row is kept against a request for erasure; for now, if none.
    pub(super) fn kept_until(&self, model: &model::Model, row: &Row) -> Option<i64> {
        match self.held {
            None => Some(i64::MIN),
            Some(held) => Some(self.begin(model, row)?.saturating_add(held)),
        }
    }

    /// When the period of a row began. The last write in a final state stands for entering it: a
    /// row is never erased too early.
    fn begin(&self, model: &model::Model, row: &Row) -> Option<i64> {
        let built_in = |which| row::built_in(model, row, which);
        let value = match self.since {
            Since::Created => built_in(BuiltIn::CreatedAt),
            Since::Written => built_in(BuiltIn::UpdatedAt).or_else(|| built_in(BuiltIn::CreatedAt)),
            Since::Field(field) => Some(row::field(row, field)),
            Since::Final => {
                let Some(Value::Text(status)) = built_in(BuiltIn::Status) else { return None };
                self.finals.iter().find(|state| **state == **status)?;
                built_in(BuiltIn::UpdatedAt).or_else(|| built_in(BuiltIn::CreatedAt))
            }
        };
        time(value?, &model.schema)
    }
}

/// A value as a time. A day counts from its end.
fn time(value: &Value, schema: &Schema) -> Option<i64> {
    match value {
        Value::Timestamp(at) => Some(*at),
        Value::Date(date) => {
            let next = date.tomorrow().unwrap_or(*date);
            let start = next.to_zoned(schema.settings.time_zone.clone()).ok()?;
            Some(start.timestamp().as_microsecond())
        }
        _ => None,
    }
}

/// Whether a field names a person of an entity.
pub(super) fn names_person(entity: &Entity, field: FieldIndex, person: EntityId) -> bool {
    let ty = &entity.field(field).ty;
    matches!(ty.required(), Type::Reference(other) if *other == person)
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float to an integer saturates")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}

impl Retention {
    /// Whether the period may begin before the row was made.
    pub(super) const fn counts_from_field(&self) -> bool {
        matches!(self.since, Since::Field(_))
    }
}
