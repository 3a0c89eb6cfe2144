//! Tables that are too large, or lose too many rows a day, for one heap: how they are divided.

use base::Quantity;
use expression::{EntityId, FieldIndex, Type};
use model::{Model, model::Entity};

use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers;
use crate::references::References;
use crate::retention::{self, Ending, Retention, Since};
use crate::tenancy;
use crate::touches::{How, Touches};

const DAY: f64 = 86_400.0;

/// Length of a partition by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A calendar month.
    Month,
}

impl Period {
    /// The longest first.
    const ALL: [Self; 3] = [Self::Month, Self::Week, Self::Day];

    /// In seconds; a month is 30 days.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Day => DAY,
            Self::Week => 7.0 * DAY,
            Self::Month => 30.0 * DAY,
        }
    }

    /// `day`, `week`, `month`
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// What rows are divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    /// One heap.
    Nothing,
    /// Time: ranges of this column. Ids start with the time, so that `id` serves as well.
    Time {
        /// The column: `id`, or a field with a time.
        column: FieldIndex,
        /// Length of a range.
        period: Period,
        /// Partitions that hold rows at the horizon.
        partitions: u32,
    },
    /// A hash of this column.
    Hash {
        /// The column.
        column: FieldIndex,
        /// Partitions.
        partitions: u32,
    },
    /// A hash of the tenant.
    Tenant {
        /// Partitions.
        partitions: u32,
    },
}

/// Why a table is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is larger than one heap should be.
    Size,
    /// Too many rows fall due in a day.
    Expiry,
    /// One server cannot write it or hold it.
    Servers,
}

/// How the table of an entity is divided, those of its parts with it.
#[derive(Clone, Debug)]
pub struct Partitioning {
    /// The entity.
    pub entity: EntityId,
    /// Rows at the horizon; none where the model states no volume.
    pub rows: Option<Quantity<f64>>,
    /// Bytes of its largest table (its own, or that of a part) with indexes, at the horizon.
    pub bytes: f64,
    /// Bytes above which one heap is unwieldy.
    pub most_bytes: f64,
    /// Rows a day that fall due.
    pub due_a_day: Option<f64>,
    /// Writes a second at D2.
    pub writes: f64,
    /// What would force a division.
    pub why: Option<Why>,
    /// Unique keys that no division by time could hold, by code.
    pub vetoes: Vec<String>,
    /// How it is divided.
    pub by: By,
    /// Servers over which rows are spread; one unless [`Why::Servers`].
    pub servers: u32,
}

/// The partitioning of every entity.
#[must_use]
pub fn of(design: &Design) -> Vec<Partitioning> {
    let model = design.facts();
    let (touches, references) = (Touches::of(model), References::of(model));
    let of = |(id, _)| partitioning(model, (&touches, &references), id);
    design.model.entities().map(of).collect()
}

/// Bytes of a row as stored, without indexes. The content of a file lies elsewhere: of it the row
/// holds a key.
#[must_use]
pub fn row_bytes(model: Facts<'_>, of: &Entity) -> f64 {
    if of.fields.iter().any(|field| matches!(field.ty.required(), Type::File { .. })) {
        return model.value(&numbers::ROW_BYTES);
    }
    of.size
        .as_ref()
        .map_or(model.value(&numbers::ROW_BYTES), |size| crate::sizing::work::bytes(size.value))
}

/// The partitioning of an entity.
#[must_use]
pub fn partitioning(
    model: Facts<'_>,
    (touches, references): (&Touches, &References),
    id: EntityId,
) -> Partitioning {
    let of = model.entity(id);
    let rows = facts::rows_at_horizon(model, id);
    let count = rows.as_ref().map_or(0.0, |rows| rows.value);
    let bytes = largest_table(model, of) * count;
    let most_bytes = model.value(&numbers::LARGE_TABLE).min(model.value(&numbers::PLANNED_MEMORY));
    let retention = retention::entity(model, id);
    let due_a_day = droppable(of, &retention);
    let writes: f64 = touches.writes(id).iter().map(|write| write.at_reach(model)).sum();
    let servers = servers(model, bytes, if of.append_only { 0.0 } else { writes });
    let why = match () {
        () if of.volatile => None,
        () if servers > 1 => Some(Why::Servers),
        () if bytes > most_bytes => Some(Why::Size),
        () if due_a_day.is_some_and(|due| due > model.value(&numbers::EXPIRING_ROWS)) => {
            Some(Why::Expiry)
        }
        () => None,
    };
    let mut partitioning = Partitioning {
        entity: id,
        rows,
        bytes,
        most_bytes,
        due_a_day,
        writes,
        why,
        vetoes: Vec::new(),
        by: By::Nothing,
        servers: 1,
    };
    if let Some(why) = why {
        divide(model, (touches, references), &retention, &mut partitioning, (why, servers));
    }
    partitioning
}

/// Bytes of one row in the largest table that an entity has, with its share of the indexes.
fn largest_table(model: Facts<'_>, of: &Entity) -> f64 {
    let parts = of.parts.iter().map(|part| {
        let rows = part.rows.as_ref().map_or(1.0, |rows| rows.value);
        rows * model.value(&numbers::ROW_BYTES)
    });
    parts.fold(row_bytes(model, of), f64::max) * model.value(&numbers::BLOAT)
}

/// Rows a day that could be dropped with their partition: those that fall due some time after they
/// were made.
fn droppable(of: &Entity, retention: &Retention) -> Option<f64> {
    let goes = matches!(retention.ending, Ending::Delete | Ending::Archive);
    let follows = match retention.since {
        Since::Created | Since::Final => true,
        Since::Written => false,
        Since::Field(field) => !of.field(field).ty.is_optional(),
    };
    retention.due_a_day.filter(|_| goes && follows)
}

/// Servers that are needed to hold the rows and to write them.
fn servers(model: Facts<'_>, bytes: f64, writes: f64) -> u32 {
    // The largest node has so many times the cores of the one whose writes are known.
    let cores = model.value(&numbers::NODE_CORES) / 8.0;
    let most =
        model.value(&numbers::POSTGRESQL_WRITES) * cores * model.value(&numbers::SHARD_SHARE);
    let needed = (bytes / model.value(&numbers::POSTGRESQL_BYTES)).max(writes / most);
    whole(needed.ceil().max(1.0))
}

fn divide(
    model: Facts<'_>,
    (touches, references): (&Touches, &References),
    retention: &Retention,
    of: &mut Partitioning,
    (why, servers): (Why, u32),
) {
    let entity = model.entity(of.entity);
    let inserted = touches.writes(of.entity).iter().any(|write| write.how == How::Inserted);
    let inflow = entity.rows.as_ref().map_or(0.0, |rows| rows.value.inflow.mean);
    let grows = inflow > 0.0 || inserted;
    let size =
        whole((of.bytes / model.value(&numbers::PARTITION_BYTES)).ceil()).next_power_of_two();
    let partitions = size.clamp(2, 1024).max(servers.next_power_of_two());
    of.vetoes = vetoes(entity);
    let referenced = references.to(of.entity).iter().any(|reference| reference.within);
    let spread = why == Why::Servers && !entity.append_only;
    if let Some(column) = time_column(entity, referenced).filter(|_| grows && !spread) {
        of.by = by_time(model, retention, of, column, inflow);
        of.servers = servers;
        return;
    }
    let id = entity.built_in(model::model::BuiltIn::Id);
    let tenants = model.system.tenancy.as_ref();
    of.by = match (id.or(entity.identity.first().copied()), tenants) {
        (_, Some(tenancy)) if tenancy::belongs(entity, of.entity, tenancy) => {
            By::Tenant { partitions }
        }
        (Some(column), _) if entity.unique.is_empty() && why != Why::Expiry => {
            By::Hash { column, partitions }
        }
        _ => By::Nothing,
    };
    of.servers = if of.by == By::Nothing { 1 } else { servers };
}

/// Codes of the unique and exclusive keys that do not contain a time to divide by.
fn vetoes(of: &Entity) -> Vec<String> {
    let time = |field: &FieldIndex| is_time(of, *field);
    let unique = of.unique.iter().filter(|key| !key.fields.iter().any(time));
    let mut codes: Vec<String> = unique.map(|key| key.code.value.clone()).collect();
    codes.extend(of.exclusive.iter().map(|key| key.code.value.clone()));
    codes.sort();
    codes
}

fn is_time(of: &Entity, field: FieldIndex) -> bool {
    matches!(of.field(field).ty, Type::Timestamp | Type::Date)
}

/// The column to divide by in time. A unique key must contain it: with any but the primary key,
/// `id` serves no longer, and a time that all keys contain has to.
fn time_column(of: &Entity, referenced: bool) -> Option<FieldIndex> {
    if !of.exclusive.is_empty() {
        return None;
    }
    let keys = || {
        let identity = (!of.identity.is_empty()).then_some(&of.identity);
        of.unique.iter().map(|key| &key.fields).chain(identity)
    };
    let Some(first) = keys().next() else { return of.built_in(model::model::BuiltIn::Id) };
    let everywhere = |field: &&FieldIndex| keys().all(|key| key.contains(field));
    let time = first.iter().filter(|field| is_time(of, **field));
    let column = time.filter(everywhere).min_by_key(|field| of.field(**field).name.value.as_str());
    // The primary key has to contain it as well: `id` alone can then not be referred to.
    column.copied().filter(|_| !of.identity.is_empty() || !referenced)
}

fn by_time(
    model: Facts<'_>,
    retention: &Retention,
    of: &Partitioning,
    column: FieldIndex,
    inflow: f64,
) -> By {
    let count = of.rows.as_ref().map_or(0.0, |rows| rows.value).max(1.0);
    let a_second = of.bytes / count * inflow;
    let kept = retention.seconds.as_ref().filter(|_| of.due_a_day.is_some());
    let kept = kept.map_or(f64::INFINITY, |seconds| seconds.value);
    let most = model.value(&numbers::PARTITION_BYTES);
    let fits =
        |period: &Period| a_second * period.seconds() <= most && 4.0 * period.seconds() <= kept;
    let period = Period::ALL.into_iter().find(fits).unwrap_or(Period::Day);
    let horizon = model.value(&numbers::HORIZON) * Period::Month.seconds();
    // One more, for rows that come while the next one is made.
    let partitions = whole((kept.min(horizon) / period.seconds()).ceil() + 1.0);
    By::Time { column, period, partitions }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is meant"
)]
const fn whole(number: f64) -> u32 {
    number as u32
}

/// The name of a column that rows are divided by.
#[must_use]
pub fn column(model: &Model, of: &Partitioning) -> Option<String> {
    let field = match of.by {
        By::Nothing | By::Tenant { .. } => return None,
        By::Time { column, .. } | By::Hash { column, .. } => column,
    };
    Some(model.entity(of.entity).field(field).name.value.clone())
}
