//! What one operation asks of a service and of a store, by its kind.

use expression::{EntityId, Type};
use model::model::{
    Authentication, ClientKind, Entity, Operation, OperationKind, Target, ViewSource,
};

use super::load::Load;
use crate::caching::Front;
use crate::facts::{self, Facts};
use crate::numbers;

/// What an operation asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Requests a second; none of a stream.
    pub requests: Load,
    /// Application time of a request, in core-seconds.
    pub application: f64,
    /// Time of a request in the database, in core-seconds, searches of text not included.
    pub database: f64,
    /// Searches of text: core-seconds of a request in the mean.
    pub search: f64,
    /// How long a request holds a connection, in seconds.
    pub hold: f64,
    /// Rows that a request writes.
    pub rows: f64,
    /// Bytes of an answer.
    pub answer: f64,
    /// Streams that are open at once.
    pub streams: Load,
    /// Messages a second to all of them.
    pub messages: Load,
}

impl Work {
    /// The work of one operation. `written` is what is written a second on each entity.
    #[must_use]
    pub fn of(model: Facts<'_>, operation: &Operation, written: &[Load]) -> Self {
        if operation.kind == OperationKind::Stream {
            return stream(model, operation, written);
        }
        let rate = facts::rate(model, operation).value;
        let reach = facts::reach(model, operation.context);
        let work = Self { requests: Load::new(rate.mean, rate.peak, reach), ..Self::default() };
        match operation.kind {
            OperationKind::List => list(model, operation, work),
            OperationKind::Get => get(model, operation, work),
            _ => write(model, operation, work),
        }
    }

    /// Takes away what a network of caches in front answers. Requests that ask it, and those that
    /// it answers, a second.
    pub fn behind_edge(&mut self, model: Facts<'_>, operation: &Operation) -> (Load, Load) {
        let Some(front) = Front::of(model, operation, self) else {
            return (Load::default(), Load::default());
        };
        let asked = self.requests;
        self.requests = asked.each(|rate| rate * (1.0 - front.hits(rate)));
        (asked, asked.each(|rate| rate * front.hits(rate)))
    }
}

fn milliseconds(model: Facts<'_>, number: &numbers::Number) -> f64 {
    model.value(number) / 1e3
}

fn list(model: Facts<'_>, operation: &Operation, work: Work) -> Work {
    let usual = model.value(&numbers::PAGE_ROWS);
    let rows = operation.workload.page.as_ref().map_or(usual, |page| f64::from(page.value));
    let page = (milliseconds(model, &numbers::PAGE_CPU) * rows / usual)
        .max(milliseconds(model, &numbers::KEY_CPU));
    let share = if operation.search { model.value(&numbers::SEARCH_SHARE) } else { 0.0 };
    let near = milliseconds(model, &numbers::NEAR_CPU);
    let database = if operation.near.is_some() { near } else { page * (1.0 - share) };
    let (short, long) =
        (milliseconds(model, &numbers::PAGE_HOLD), milliseconds(model, &numbers::SEARCH_HOLD));
    Work {
        application: milliseconds(model, &numbers::CPU_LIST),
        database,
        search: share * milliseconds(model, &numbers::SEARCH_CPU),
        hold: short * (1.0 - share) + long * share,
        answer: payload(operation).unwrap_or(rows * model.value(&numbers::ITEM_BYTES)),
        ..work
    }
}

fn get(model: Facts<'_>, operation: &Operation, work: Work) -> Work {
    Work {
        application: milliseconds(model, &numbers::CPU_GET),
        database: milliseconds(model, &numbers::KEY_CPU),
        hold: milliseconds(model, &numbers::KEY_HOLD),
        answer: payload(operation).unwrap_or(model.value(&numbers::GET_BYTES)),
        ..work
    }
}

/// One transaction; the rows of a batch share it.
fn write(model: Facts<'_>, operation: &Operation, work: Work) -> Work {
    let rows = facts::rows_per_request(operation);
    let more = (rows - 1.0).max(0.0) * milliseconds(model, &numbers::BATCH_ROW_CPU);
    Work {
        application: milliseconds(model, &numbers::CPU_WRITE) + more,
        database: milliseconds(model, &numbers::WRITE_CPU) + more,
        hold: milliseconds(model, &numbers::WRITE_HOLD) + more,
        rows,
        answer: model.value(&numbers::GET_BYTES),
        ..work
    }
}

fn stream(model: Facts<'_>, operation: &Operation, written: &[Load]) -> Work {
    let open = operation.workload.open_streams.as_ref().map_or(0.0, |open| open.value);
    let reach = facts::reach(model, operation.context);
    let streams = Load::new(open, open, reach);
    let receivers = operation.workload.fan_out.as_ref().map_or(1.0, |of| of.value);
    let messages = match &operation.workload.rate_per_stream {
        Some(rate) => Load::new(open * rate.value.mean, open * rate.value.peak, reach),
        // Without a rate: each change of a row is told once.
        None => changes(model, operation, written),
    };
    Work { streams, messages: messages * receivers, ..Work::default() }
}

fn changes(model: Facts<'_>, operation: &Operation, written: &[Load]) -> Load {
    let source = home(model, operation);
    source.and_then(|entity| written.get(entity.0 as usize)).copied().unwrap_or_default()
}

fn payload(operation: &Operation) -> Option<f64> {
    operation.workload.payload.as_ref().map(|size| bytes(size.value))
}

/// A size as a number.
#[must_use]
pub fn bytes(size: base::Bytes) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a byte in a petabyte does not matter here")]
    let bytes = size.0 as f64;
    bytes
}

/// The most bytes of an entity's file, if it has one.
#[must_use]
pub fn file(entity: &Entity) -> Option<f64> {
    let most = entity.fields.iter().filter_map(|field| match field.ty.required() {
        Type::File { max_bytes } => Some(bytes(base::Bytes(*max_bytes))),
        _ => None,
    });
    most.reduce(f64::max)
}

/// The entity whose store serves an operation; for a view that of its source, if it has one.
#[must_use]
pub fn home(model: Facts<'_>, operation: &Operation) -> Option<EntityId> {
    match operation.target {
        Target::View(view) => match model.view(view).source {
            ViewSource::Entity(entity) => Some(entity),
            ViewSource::Event(_) => None,
        },
        _ => operation.entity(),
    }
}

/// Rows written a second on each entity, by position: what `writes` of an operation touch first.
#[must_use]
pub fn written(model: Facts<'_>) -> Vec<Load> {
    let mut written = vec![Load::default(); model.entities.len()];
    for (_, operation) in facts::all_by_name(model) {
        if !operation.writes() {
            continue;
        }
        let Some(entity) = operation.entity() else { continue };
        if let Some(sum) = written.get_mut(entity.0 as usize) {
            let rate = facts::rate(model, operation).value;
            let reach = facts::reach(model, operation.context);
            *sum =
                *sum + Load::new(rate.mean, rate.peak, reach) * facts::rows_per_request(operation);
        }
    }
    written
}

/// Whether answers leave the data centre: somebody who is not a service of ours may ask.
#[must_use]
pub fn leaves(model: Facts<'_>, operation: &Operation) -> bool {
    operation.by.iter().any(|grant| {
        let actor = model.actor(grant.actor);
        let ours = matches!(actor.authentication, Authentication::System | Authentication::Service);
        let inside = |kind: &ClientKind| *kind == ClientKind::Internal;
        let internal = !actor.clients.is_empty() && actor.clients.iter().all(inside);
        !ours && !internal
    })
}
