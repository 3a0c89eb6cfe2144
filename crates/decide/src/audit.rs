//! What is recorded of who wrote and read rows, for how long, and how much that is.

use base::{Quantity, Span};
use expression::EntityId;
use model::model::{AuditLevel, OperationKind};

use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers;
use crate::touches::Touches;

/// Field names that hold the number of a payment card.
pub const CARD_NUMBERS: [&str; 5] = ["pan", "card_number", "primary_account_number", "cvv", "cvc"];

const DAY: f64 = 86_400.0;
const MONTH: f64 = 30.0 * DAY;

/// A law or standard that wants access recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// 45 CFR 164.312(b), kept six years (164.316(b)(2)).
    Hipaa,
    /// PCI DSS 4.0, requirement 10.2, kept a year (10.5.1).
    Pci,
}

impl Law {
    /// As drivers quote it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hipaa => "45 CFR 164.312(b), 164.316(b)(2)",
            Self::Pci => "PCI DSS 4.0, 10.2 and 10.5.1",
        }
    }

    /// How long it wants records kept, in days.
    const fn days(self) -> f64 {
        match self {
            Self::Hipaa => 6.0 * 365.0,
            Self::Pci => 365.0,
        }
    }
}

/// The audit of an entity.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The entity.
    pub entity: EntityId,
    /// What is recorded; none where nothing is.
    pub level: Option<AuditLevel>,
    /// The law that wants it, with the field that falls under it.
    pub law: Option<(Law, String, Span)>,
    /// How long records are kept, in days.
    pub days: Quantity<f64>,
    /// Writes a second that are recorded, or would be: the mean.
    pub writes: f64,
    /// Reads a second that are recorded, or would be: the mean.
    pub reads: f64,
    /// Bytes of a record.
    pub record: f64,
}

impl Audit {
    /// Records a second at a level.
    #[must_use]
    pub const fn records(&self, level: AuditLevel) -> f64 {
        match level {
            AuditLevel::Writes => self.writes,
            AuditLevel::All => self.writes + self.reads,
        }
    }

    /// Records a month at a level.
    #[must_use]
    pub const fn a_month(&self, level: AuditLevel) -> f64 {
        self.records(level) * MONTH
    }

    /// Bytes of the records that are kept at a level.
    #[must_use]
    pub const fn bytes(&self, level: AuditLevel) -> f64 {
        self.records(level) * self.days.value * DAY * self.record
    }
}

/// The audit of every entity.
#[must_use]
pub fn of(design: &Design) -> Vec<Audit> {
    let facts = design.facts();
    let (touches, reads) = (Touches::of(facts), reads(facts));
    design.model.entities().map(|(id, _)| entity(facts, &touches, &reads, id)).collect()
}

/// Mean reads a second of the rows of each entity, by position: requests, not rows.
#[must_use]
pub fn reads(model: Facts<'_>) -> Vec<f64> {
    let mut reads = vec![0.0; model.entities.len()];
    for operation in &model.operations {
        let read = matches!(operation.kind, OperationKind::List | OperationKind::Get);
        let of = operation.entity().and_then(|entity| reads.get_mut(entity.0 as usize));
        if let Some(sum) = of.filter(|_| read) {
            *sum += facts::rate(model, operation).value.mean;
        }
    }
    reads
}

/// The audit of an entity, given who writes and how much is read.
#[must_use]
pub fn entity(model: Facts<'_>, touches: &Touches, reads: &[f64], id: EntityId) -> Audit {
    let of = model.entity(id);
    let law = law(model, id);
    let stated = of.audit.as_ref();
    let days = match (stated.and_then(|audit| audit.1.map(|days| (days, audit.span))), &law) {
        (Some((days, span)), _) => Quantity::given(days.as_secs_f64() / DAY, span),
        (None, Some((law, ..))) => Quantity::derived(law.days(), law.name()),
        (None, None) => model.assumed(&numbers::AUDIT_DAYS),
    };
    let level = if law.is_some() { Some(AuditLevel::All) } else { stated.map(|audit| audit.0) };
    let mean = |write: &crate::touches::Write| {
        write.rows * facts::rate(model, model.operation(write.operation)).value.mean
    };
    Audit {
        entity: id,
        level,
        law,
        days,
        writes: touches.writes(id).iter().map(mean).sum(),
        reads: reads.get(id.0 as usize).copied().unwrap_or_default(),
        record: model.value(&numbers::AUDIT_BYTES),
    }
}

/// The law that wants access to an entity recorded: health data under `hipaa`, card numbers under
/// `pci`.
fn law(model: Facts<'_>, id: EntityId) -> Option<(Law, String, Span)> {
    let of = model.entity(id);
    let fields = of.fields.iter().chain(of.parts.iter().flat_map(|part| &part.fields));
    let first = |law: Law, wanted: &dyn Fn(&model::model::Field) -> bool| {
        let found = fields.clone().filter(|field| wanted(field));
        let found = found.min_by_key(|field| field.name.value.as_str())?;
        Some((law, format!("{}.{}", of.name, found.name), found.name.span))
    };
    let health = facts::under(model, of.context, "hipaa")
        .then(|| first(Law::Hipaa, &|field| field.modifiers.sensitive))
        .flatten();
    let cards = || {
        facts::under(model, of.context, "pci")
            .then(|| first(Law::Pci, &|field| CARD_NUMBERS.contains(&field.name.value.as_str())))
            .flatten()
    };
    health.or_else(cards)
}
