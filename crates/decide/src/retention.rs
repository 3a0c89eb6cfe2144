//! How long rows stay, what happens to them then, and what a person's request for erasure does.

use base::{Provenance, Quantity};
use expression::{EntityId, FieldIndex, Schema, Type, types::TextFormat};
use model::model::{Entity, Field, RetainEnd};

use crate::design::Design;
use crate::facts::Facts;
use crate::numbers;

/// What happens to a row in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It stays.
    Keep,
    /// It is removed.
    Delete,
    /// Its personal data is emptied.
    Anonymise,
    /// It is moved to the archive.
    Archive,
}

/// What the period counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// When the row was made.
    Created,
    /// When it was last written.
    Written,
    /// When it entered a final state.
    Final,
    /// This field.
    Field(FieldIndex),
}

/// The retention of an entity.
#[derive(Clone, Debug)]
pub struct Retention {
    /// The entity.
    pub entity: EntityId,
    /// What happens in the end.
    pub ending: Ending,
    /// After how many seconds; none where rows stay.
    pub seconds: Option<Quantity<f64>>,
    /// What that counts from.
    pub since: Since,
    /// Rows a day that fall due once the first period is over: as many as come in. None where the
    /// period need not begin, or where the model states no volume.
    pub due_a_day: Option<f64>,
    /// Fields with personal data: those that erasure and `anonymise` empty.
    pub personal: Vec<FieldIndex>,
    /// The field that names the person concerned.
    pub subject: Option<FieldIndex>,
    /// Seconds for which a request for erasure changes nothing, if any.
    pub held: Option<f64>,
    /// Days after which nothing of an erased row is left in backups.
    pub backup_days: f64,
}

/// The retention of every entity.
#[must_use]
pub fn of(design: &Design) -> Vec<Retention> {
    design.model.entities().map(|(id, _)| entity(design.facts(), id)).collect()
}

/// The retention of an entity.
#[must_use]
pub fn entity(model: Facts<'_>, id: EntityId) -> Retention {
    let of = model.entity(id);
    let (ending, seconds, since) = stated(model, of);
    let begins = match since {
        Since::Field(field) => !of.field(field).ty.is_optional(),
        Since::Created | Since::Written | Since::Final => true,
    };
    let inflow = of.rows.as_ref().map(|rows| rows.value.inflow.mean * 86_400.0);
    Retention {
        entity: id,
        ending,
        since,
        due_a_day: inflow.filter(|rows| begins && seconds.is_some() && *rows > 0.0),
        seconds,
        personal: of
            .fields()
            .filter(|(_, field)| personal(&model.schema, field))
            .map(|(at, _)| at)
            .collect(),
        subject: of.subject,
        held: of.keep.as_ref().map(|keep| keep.value.0.as_secs_f64()),
        backup_days: model.value(&numbers::BACKUP_DAYS),
    }
}

/// What the model says: the entity's own `retain`, its `ttl`, or the `retention` of its context.
fn stated(model: Facts<'_>, of: &Entity) -> (Ending, Option<Quantity<f64>>, Since) {
    let default = if of.states.is_some() { Since::Final } else { Since::Created };
    if let Some(retain) = &of.retain {
        let ending = match retain.end {
            RetainEnd::Delete => Ending::Delete,
            RetainEnd::Anonymise => Ending::Anonymise,
            RetainEnd::Archive => Ending::Archive,
        };
        let seconds = Quantity::given(retain.period.as_secs_f64(), retain.span);
        return (ending, Some(seconds), retain.after.map_or(default, Since::Field));
    }
    if let Some(ttl) = &of.ttl {
        return (Ending::Delete, Some(quantity(ttl)), Since::Written);
    }
    let needs = [&model.context(of.context).needs, &model.system.needs];
    match needs.into_iter().find_map(|needs| needs.retention.as_ref()) {
        Some(period) => (Ending::Delete, Some(quantity(period)), default),
        None => (Ending::Keep, None, default),
    }
}

fn quantity(of: &Quantity<base::Duration>) -> Quantity<f64> {
    let provenance: Provenance = of.provenance.clone();
    Quantity { value: of.value.as_secs_f64(), provenance }
}

/// Whether a field says something about a person: marked, or of a type that does.
#[must_use]
pub fn personal(schema: &Schema, field: &Field) -> bool {
    field.modifiers.pii || reaches(schema, &field.ty)
}

/// Whether a value tells how somebody is reached, by itself or in what it is made of.
fn reaches(schema: &Schema, ty: &Type) -> bool {
    match ty {
        Type::Text { format, .. } => matches!(format, TextFormat::Phone | TextFormat::Email),
        Type::Optional(of) | Type::List { of, .. } => reaches(schema, of),
        Type::Record(record) => {
            schema.record(*record).fields.iter().any(|field| reaches(schema, &field.ty))
        }
        _ => false,
    }
}
