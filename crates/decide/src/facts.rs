//! What the model states, completed by marked defaults: rates, rows and needs as decisions read
//! them. The nearest statement wins: operation, then context, then system.

use std::ops::Deref;

use base::{Bytes, Duration, Percentile, Percentiles, Provenance, Quantity, Rate, Share};
use expression::{EntityId, Type};
use model::{
    Model,
    model::{ContextId, Entity, Needs, Operation, OperationId, OperationKind, Volume},
};

use crate::numbers::{self, Number, Numbers};

/// The model with the numbers that complete it: what every decision reads.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'m> {
    /// What is stated.
    pub model: &'m Model,
    /// What is assumed where nothing is stated.
    pub numbers: &'m Numbers,
}

impl Deref for Facts<'_> {
    type Target = Model;

    fn deref(&self) -> &Model {
        self.model
    }
}

impl Facts<'_> {
    /// The value of an assumed number.
    #[must_use]
    pub fn value(&self, number: &Number) -> f64 {
        self.numbers.value(number)
    }

    /// An assumed number as a quantity whose provenance says that nobody stated it.
    #[must_use]
    pub fn assumed(&self, number: &Number) -> Quantity<f64> {
        Quantity::default_of(self.value(number), number.source)
    }
}

const SECONDS_PER_MONTH: f64 = 2_592_000.0;

/// The operations of a context by name: where they are written must not change what is said about
/// them.
#[must_use]
pub fn operations_by_name<'m>(
    model: Facts<'m>,
    context: ContextId,
) -> Vec<(OperationId, &'m Operation)> {
    let own = model.model.operations().filter(|(_, of)| of.context == context);
    let mut own: Vec<(OperationId, &Operation)> = own.collect();
    own.sort_by_key(|(_, of)| of.name.value.as_str());
    own
}

/// All operations by name, of context after context by name: sums of floating-point numbers depend
/// on their order, and where things are written must not change what is said.
#[must_use]
pub fn all_by_name<'m>(model: Facts<'m>) -> Vec<(OperationId, &'m Operation)> {
    let mut all: Vec<(OperationId, &Operation)> = model.model.operations().collect();
    all.sort_by_key(|(_, of)| {
        (model.model.context(of.context).name.value.as_str(), of.name.value.as_str())
    });
    all
}

/// All entities in the same order.
#[must_use]
pub fn entities_by_name<'m>(model: Facts<'m>) -> Vec<(EntityId, &'m Entity)> {
    let mut all: Vec<(EntityId, &Entity)> = model.model.entities().collect();
    all.sort_by_key(|(_, of)| {
        (model.model.context(of.context).name.value.as_str(), of.name.value.as_str())
    });
    all
}

/// The rate of an operation.
#[must_use]
pub fn rate(model: Facts<'_>, operation: &Operation) -> Quantity<Rate> {
    operation.workload.rate.clone().unwrap_or_else(|| {
        let mean = model.value(&numbers::RATE);
        let peak = mean * model.value(&numbers::PEAK_FACTOR);
        Quantity::default_of(Rate { mean, peak }, numbers::RATE.source)
    })
}

/// Whether rows of the entity have files: these lie in an object store, and only their keys are
/// stored with the row.
#[must_use]
pub fn has_files(entity: &Entity) -> bool {
    entity.fields.iter().any(|field| matches!(field.ty.required(), Type::File { .. }))
}

/// Bytes of a row in the database. The size that is stated of an entity with files is theirs.
#[must_use]
pub fn row_bytes(model: Facts<'_>, entity: &Entity) -> f64 {
    let stated = entity.size.as_ref().filter(|_| !has_files(entity));
    stated.map_or(model.value(&numbers::ROW_BYTES), |size| size_bytes(size.value))
}

fn size_bytes(size: Bytes) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a byte in a petabyte does not matter here")]
    let bytes = size.0 as f64;
    bytes
}

/// Rows that one request concerns: the mean size of a `batch`, else the middle of its range; one
/// where it takes no batch.
#[must_use]
pub fn rows_per_request(operation: &Operation) -> f64 {
    let middle = |(least, most): (u32, u32)| f64::midpoint(f64::from(least), f64::from(most));
    let stated = operation.workload.batch_mean.as_ref().map(|mean| mean.value);
    stated.or_else(|| operation.batch.map(middle)).unwrap_or(1.0)
}

/// Rows a second: the rate of requests times the rows of each. Effects run once for every row.
#[must_use]
pub fn row_rate(model: Facts<'_>, operation: &Operation) -> Rate {
    let (requests, rows) = (rate(model, operation).value, rows_per_request(operation));
    Rate { mean: requests.mean * rows, peak: requests.peak * rows }
}

/// The second load that a design must hold (what it can grow to without being redesigned): the
/// peak times the greater of headroom and the growth of two years.
#[must_use]
pub fn reachable_peak(model: Facts<'_>, operation: &Operation) -> f64 {
    rate(model, operation).value.peak * reach(model, operation.context)
}

/// Headroom, or the growth of two years where that is more.
#[must_use]
pub fn reach(model: Facts<'_>, context: ContextId) -> f64 {
    let growth = growth(model, context).value.0;
    headroom(model, context).value.max((1.0 + growth).powi(2))
}

/// Multiple of the peak.
#[must_use]
pub fn headroom(model: Facts<'_>, context: ContextId) -> Quantity<f64> {
    need(model, context, |needs| needs.headroom.clone())
        .unwrap_or_else(|| model.assumed(&numbers::HEADROOM))
}

/// Growth a year.
#[must_use]
pub fn growth(model: Facts<'_>, context: ContextId) -> Quantity<Share> {
    need(model, context, |needs| needs.growth.clone()).unwrap_or_else(|| {
        Quantity::default_of(Share(model.value(&numbers::GROWTH)), numbers::GROWTH.source)
    })
}

fn need<T>(model: Facts<'_>, context: ContextId, get: impl Fn(&Needs) -> Option<T>) -> Option<T> {
    get(&model.context(context).needs).or_else(|| get(&model.system.needs))
}

/// Share of requests that an operation must serve well.
#[must_use]
pub fn availability(model: Facts<'_>, operation: &Operation) -> Quantity<Share> {
    let stated = operation.needs.availability.clone();
    stated.unwrap_or_else(|| context_availability(model, operation.context))
}

/// Share of requests that a context must serve well.
#[must_use]
pub fn context_availability(model: Facts<'_>, context: ContextId) -> Quantity<Share> {
    need(model, context, |needs| needs.availability.clone()).unwrap_or_else(|| {
        Quantity::default_of(
            Share(model.value(&numbers::AVAILABILITY)),
            numbers::AVAILABILITY.source,
        )
    })
}

/// How fast an operation must be.
#[must_use]
pub fn objective(model: Facts<'_>, operation: &Operation) -> Quantity<Percentiles> {
    let own = operation.workload.latency.clone().or_else(|| operation.needs.latency.clone());
    own.unwrap_or_else(|| context_objective(model, operation.context))
}

/// How fast the operations of a context must be that state nothing else.
#[must_use]
pub fn context_objective(model: Facts<'_>, context: ContextId) -> Quantity<Percentiles> {
    need(model, context, |needs| needs.latency.clone()).unwrap_or_else(|| {
        let p95 = (Percentile(0.95), Duration::from_secs_f64(model.value(&numbers::LATENCY) / 1e3));
        Quantity::default_of(Percentiles(vec![p95]), numbers::LATENCY.source)
    })
}

/// Times of an external system that states none.
#[must_use]
pub fn external_latency(model: Facts<'_>) -> Quantity<Percentiles> {
    let time = |number: &Number| Duration::from_secs_f64(model.value(number) / 1e3);
    let (p50, p99) = (time(&numbers::EXTERNAL_P50), time(&numbers::EXTERNAL_P99));
    let both = vec![(Percentile(0.5), p50), (Percentile(0.99), p99)];
    Quantity::default_of(Percentiles(both), numbers::EXTERNAL_P50.source)
}

/// The percentile that an objective is measured by, with its time in seconds: p95, else the
/// highest that is stated.
#[must_use]
pub fn main_percentile(objective: &Percentiles) -> (f64, f64) {
    let p95 = objective.at(0.95).map(|time| (0.95, time));
    let last = || objective.0.last().map(|(share, time)| (share.0, *time));
    let (share, time) = p95.or_else(last).unwrap_or((0.95, Duration::default()));
    (share, time.as_secs_f64())
}

/// `p50 180ms p99 900ms`
#[must_use]
pub fn percentiles(of: &Percentiles) -> String {
    let one = |(share, time): &(Percentile, Duration)| {
        let digits = people(share.0 * 100.0).replace('.', "");
        format!("p{digits} {time}")
    };
    of.0.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A share in percent, with as many digits as it needs: `99.95 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let mut text = decimal(share * 100.0, 4);
    text.push_str(" %");
    text
}

/// A time in seconds as people read it: `1.53 s`, `230 ms`.
#[must_use]
pub fn seconds(time: f64) -> String {
    if time < 1.0 {
        format!("{} ms", people((time * 1e3).round()))
    } else {
        format!("{} s", people(time))
    }
}

/// Whether a context, or the system, falls under a regime such as `pci`.
#[must_use]
pub fn under(model: Facts<'_>, context: ContextId, regime: &str) -> bool {
    let stated = |needs: &Needs| needs.compliance.iter().any(|of| of.value == regime);
    stated(&model.context(context).needs) || stated(&model.system.needs)
}

/// People of all teams, and where the first number stands.
#[must_use]
pub fn all_people(model: Facts<'_>) -> Option<Quantity<f64>> {
    let mut teams: Vec<_> = model.system.teams.iter().collect();
    teams.sort_by_key(|team| team.name.as_str());
    let stated: Vec<_> = teams.into_iter().filter_map(|team| team.people.as_ref()).collect();
    let first = stated.first()?.provenance.clone();
    let value = stated.iter().map(|people| people.value).sum();
    Some(Quantity { value, provenance: first })
}

/// Rows of an entity at the horizon, after retention; nothing where the model states no volume.
#[must_use]
pub fn rows_at_horizon(model: Facts<'_>, entity: EntityId) -> Option<Quantity<f64>> {
    let entity = model.entity(entity);
    let stated = entity.rows.as_ref()?;
    let Volume { rows, inflow } = stated.value;
    let seconds = model.value(&numbers::HORIZON) * SECONDS_PER_MONTH;
    let grown = rows + inflow.mean * seconds;
    let kept = match retention(entity) {
        Some(seconds) => grown.min((inflow.mean * seconds).max(rows)),
        None => grown,
    };
    let from = format!("{} rows, {}", people(rows), per_second(inflow.mean));
    Some(match stated.provenance {
        Provenance::Given(span) => Quantity::given(kept, span),
        _ => Quantity::derived(kept, from),
    })
}

/// For how long rows stay after they come in, in seconds; nothing where the period starts at
/// something that need not happen. A final state is reached soon, against periods of this length.
fn retention(entity: &Entity) -> Option<f64> {
    let retain = entity.retain.as_ref()?;
    let starts = retain.after.is_none_or(|field| !entity.field(field).ty.is_optional());
    starts.then(|| retain.period.as_secs_f64())
}

/// For how long rows are there, in seconds: until they are retired, or the time of those that may be
/// lost is over. Nothing where they stay, or nobody can tell.
#[must_use]
pub fn kept_for(entity: &Entity) -> Option<f64> {
    let lives = entity.ttl.as_ref().map(|ttl| ttl.value.as_secs_f64());
    lives.or_else(|| retention(entity))
}

/// Writes a second at peak on the rows of each entity, by its position.
#[must_use]
pub fn writes(model: Facts<'_>) -> Vec<f64> {
    let mut writes = vec![0.0; model.entities.len()];
    for operation in model.operations.iter().filter(|operation| operation.writes()) {
        let of = operation.entity().and_then(|entity| writes.get_mut(entity.0 as usize));
        if let Some(of) = of {
            *of += row_rate(model, operation).peak;
        }
    }
    writes
}

/// `browseProducts: 300/s peak 1200/s`, as drivers quote it.
#[must_use]
pub fn rate_fact(model: Facts<'_>, id: OperationId) -> (String, Provenance) {
    let operation = model.operation(id);
    if operation.kind == OperationKind::Stream
        && let Some(open) = &operation.workload.open_streams
    {
        return (
            format!("{}: {} open", operation.name, people(open.value)),
            open.provenance.clone(),
        );
    }
    let rate = rate(model, operation);
    let fact = format!("{}: {}", operation.name, describe_rate(rate.value));
    match rows_per_request(operation) {
        1.0 => (fact, rate.provenance),
        rows => (format!("{fact} x {} rows", people(rows)), rate.provenance),
    }
}

/// `300/s peak 1200/s`.
#[must_use]
pub fn describe_rate(rate: Rate) -> String {
    if rate.peak > rate.mean {
        format!("{} peak {}", per_second(rate.mean), per_second(rate.peak))
    } else {
        per_second(rate.mean)
    }
}

/// A rate in the first unit in which it is a whole number, else in which it is at least one. What
/// comes every second is not told in thousands an hour: `38.2/s`, not `2292/min`.
#[must_use]
pub fn per_second(rate: f64) -> String {
    let whole = |count: f64| (count - count.round()).abs() < 1e-6 * count;
    if rate >= 1.0 && whole(rate) {
        return format!("{}/s", people(rate));
    }
    let counts = base::RATE_PER.iter().map(|&(unit, seconds)| (unit, rate * seconds));
    let least_one = counts.filter(|(_, count)| *count >= 0.999);
    let told = |count: f64| whole(count) && (rate < 1.0 || count < 1e3);
    let best = least_one.clone().find(|(_, count)| told(*count)).or(least_one.clone().next());
    match best {
        Some((unit, count)) => format!("{}/{unit}", people(count)),
        None => format!("{}/s", people(rate)),
    }
}

/// A size in the largest unit in which it is at least one: `255 GB`.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let best = units.iter().find(|(unit, _)| bytes >= *unit);
    best.map_or_else(
        || format!("{} B", people(bytes)),
        |(unit, name)| format!("{} {name}", people(bytes / unit)),
    )
}

/// `1 team`, `3 teams`.
#[must_use]
pub fn counted(count: f64, noun: &str) -> String {
    format!("{} {noun}{}", people(count), if (count - 1.0).abs() < 1e-9 { "" } else { "s" })
}

/// A count as a number.
#[must_use]
pub fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A number as people write it: `2k`, `1.5M`, `0.1`; at most three significant digits.
#[must_use]
pub fn people(number: f64) -> String {
    let (scaled, unit) = match number.abs() {
        size if size >= 1e9 => (number / 1e9, "G"),
        size if size >= 1e6 => (number / 1e6, "M"),
        size if size >= 1e4 => (number / 1e3, "k"),
        _ => (number, ""),
    };
    let digits = match scaled.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let mut text = decimal(scaled, digits);
    text.push_str(unit);
    text
}

/// A number with at most so many digits after the point, zeros at the end left out. Decisions write
/// thousands of numbers, and the general way of the standard library takes ten times as long.
fn decimal(number: f64, digits: u32) -> String {
    const EXACT: f64 = 9e15;
    let unit = 10u64.pow(digits);
    let scaled = (number.abs() * power_of_ten(unit)).round();
    if !scaled.is_finite() || scaled > EXACT {
        return format!("{number:.0}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
    let scaled = scaled as u64;
    let (whole, mut fraction) = (scaled / unit, scaled % unit);
    let mut text = String::with_capacity(8);
    if number < 0.0 && scaled > 0 {
        text.push('-');
    }
    push_whole(&mut text, whole);
    if fraction > 0 {
        text.push('.');
        let mut place = unit / 10;
        while fraction > 0 && place > 0 {
            push_whole(&mut text, fraction / place);
            fraction %= place;
            place /= 10;
        }
    }
    text
}

fn push_whole(text: &mut String, number: u64) {
    if number >= 10 {
        push_whole(text, number / 10);
    }
    text.push(char::from(b'0' + u8::try_from(number % 10).unwrap_or_default()));
}

#[expect(clippy::cast_precision_loss, reason = "a small power of ten")]
const fn power_of_ten(power: u64) -> f64 {
    power as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(people(1200.0), "1200");
        assert_eq!(people(75e6), "75M");
        assert_eq!(people(0.1), "0.1");
        assert_eq!(people(1_500_000.0), "1.5M");
        assert_eq!(people(100.0), "100");
        assert_eq!(people(0.0), "0");
        assert_eq!(people(-12.34), "-12.3");
        assert_eq!(people(-0.0001), "0");
        assert_eq!(people(0.05), "0.05");
        assert_eq!(people(9_999.6), "10000");
        assert_eq!(people(f64::INFINITY), "infG");
        assert_eq!(percent(0.9995), "99.95 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.000_001), "0.0001 %");
    }

    #[test]
    fn rates_in_a_unit_that_reads_well() {
        assert_eq!(describe_rate(Rate { mean: 300.0, peak: 1200.0 }), "300/s peak 1200/s");
        assert_eq!(per_second(1.0 / 86_400.0), "1/day");
        assert_eq!(per_second(5_000.0 / 2_592_000.0), "5000/month");
    }
}
