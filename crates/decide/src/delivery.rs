//! How events reach those who follow them: who they are, in which order, over how many partitions,
//! and what happens to an event that cannot be handled.

use std::collections::BTreeSet;

use base::{Provenance, Quantity};
use expression::ir::Expression;
use model::model::{ContextId, EventId, StepKind, ViewSource};

use crate::crossings::{self, End, How};
use crate::decision::Context;
use crate::design::{Design, Verdict};
use crate::facts::{self, Facts};
use crate::subjects::Names;
use crate::{crossings::Crossing, numbers};

/// Counts of partitions that divide each other: more can be added without new orders.
pub const STEPS: [u32; 6] = [1, 3, 6, 12, 24, 48];

/// Events in one transaction of a consumer.
const BATCHES: [u32; 4] = [1, 10, 100, 1_000];

/// Partitions by which a quotient of decimal fractions may be off.
const ROUNDING: f64 = 1e-9;

/// What a consumer group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A flow that starts with the event.
    Flow,
    /// A flow that waits for it.
    Wait,
    /// A view that is kept by it.
    View,
    /// A webhook that sends it.
    Webhook,
    /// Streams that show it.
    Context,
}

impl Kind {
    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Wait => "waiting flow",
            Self::View => "view",
            Self::Webhook => "webhook",
            Self::Context => "context",
        }
    }
}

/// Those who share the work of following an event: each event reaches one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Name: that of the flow, view, webhook or context.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The context that it runs in.
    pub context: ContextId,
}

/// What order an event keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// None.
    None,
    /// That of all events.
    All,
    /// That of the events with the same key.
    Key,
}

/// The delivery of an event.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event.
    pub event: EventId,
    /// The context that emits it.
    pub context: ContextId,
    /// The fields of the payload that are the ordering key, as a path: `order`, `order.customer`.
    pub key: Option<String>,
    /// What order it keeps.
    pub order: Order,
    /// Events a second at the stated peak (D1).
    pub peak: f64,
    /// Events a second at the reachable peak (D2).
    pub reach: f64,
    /// Events a second, on average, when the reachable peak is reached.
    pub mean_at_reach: f64,
    /// Bytes of an event.
    pub bytes: f64,
    /// How long events stay, in seconds.
    pub retained: Quantity<f64>,
    /// Who follows it, by name.
    pub groups: Vec<Group>,
    /// Events that a consumer takes in one transaction.
    pub batch: u32,
    /// Time that a consumer takes for one event, in seconds.
    pub handler: f64,
    /// Partitions, or workers where there is no broker.
    pub partitions: u32,
    /// Attempts before an event is set aside.
    pub attempts: u32,
    /// Wait before the second attempt, in seconds; it doubles.
    pub first_wait: f64,
    /// Longest wait before an attempt, in seconds.
    pub most_wait: f64,
}

impl Delivery {
    /// Bytes that are kept when the reachable peak is reached.
    #[must_use]
    pub const fn retained_bytes(&self) -> f64 {
        self.mean_at_reach * self.bytes * self.retained.value
    }

    /// How long a consumer has to remember the ids of events that it handled, in seconds: as long
    /// as one can come again.
    #[must_use]
    pub const fn remembered(&self) -> f64 {
        self.retained.value
    }
}

/// The delivery of every event, by position.
#[must_use]
pub fn of(design: &Design) -> Vec<Delivery> {
    let model = design.facts();
    let names = Names::of(&model);
    let crossings = crossings::of(model, &names.operations);
    all(model, &crossings, &design.verdicts)
}

/// The same while deciding.
#[must_use]
pub fn deciding(cx: &Context<'_>) -> Vec<Delivery> {
    let links: Vec<Verdict> = cx.verdicts_of("link").cloned().collect();
    all(cx.model, cx.crossings, &links)
}

fn all(model: Facts<'_>, crossings: &[Crossing], verdicts: &[Verdict]) -> Vec<Delivery> {
    if model.events.is_empty() {
        return Vec::new();
    }
    let rates = crossings::emitted(model);
    let mut groups: Vec<BTreeSet<Group>> = vec![BTreeSet::new(); model.events.len()];
    follow(model, crossings, verdicts, &mut groups);
    let ids = (0u32..).map(EventId).zip(rates).zip(groups);
    ids.map(|((id, rate), groups)| delivery(model, id, rate, groups)).collect()
}

fn delivery(model: Facts<'_>, id: EventId, rate: base::Rate, groups: BTreeSet<Group>) -> Delivery {
    let event = model.event(id);
    let reach = rate.peak * facts::reach(model, event.context);
    let bytes = model.value(&numbers::EVENT_BYTES);
    let key = event.key.as_ref().and_then(|key| path(model, key));
    let (batch, handler, needed) = work(model, reach, bytes);
    let partitions = round_up(needed);
    let order = match (&event.key, partitions) {
        (None, _) => Order::None,
        (Some(_), 1) => Order::All,
        (Some(_), _) => Order::Key,
    };
    let days = || {
        let days = model.assumed(&numbers::EVENT_DAYS);
        let provenance: Provenance = days.provenance;
        Quantity { value: days.value * 86_400.0, provenance }
    };
    let retained = event.retain.as_ref().map_or_else(days, |retain| Quantity {
        value: retain.value.as_secs_f64(),
        provenance: retain.provenance.clone(),
    });
    Delivery {
        event: id,
        context: event.context,
        key,
        order,
        peak: rate.peak,
        reach,
        mean_at_reach: rate.mean * facts::reach(model, event.context),
        bytes,
        retained,
        groups: groups.into_iter().collect(),
        batch,
        handler,
        partitions,
        attempts: whole(model.value(&numbers::DELIVERIES)),
        first_wait: model.value(&numbers::DELIVERY_WAIT),
        most_wait: model.value(&numbers::DELIVERY_WAIT_MOST),
    }
}

/// Events that go into one transaction, the time of one, and the partitions that are needed: the
/// smallest batch with which the usual counts of partitions suffice.
fn work(model: Facts<'_>, reach: f64, bytes: f64) -> (u32, f64, f64) {
    let by_size = reach * bytes / model.value(&numbers::KAFKA_PARTITION);
    let busy = model.value(&numbers::PARTITION_BUSY);
    let hold = model.value(&numbers::WRITE_HOLD) / 1e3;
    let each = model.value(&numbers::EVENT_WORK) / 1e3;
    let way = |batch: u32| {
        let time = if batch == 1 { hold } else { each + hold / f64::from(batch) };
        (batch, time, by_size.max(reach * time / busy))
    };
    let most = STEPS.last().copied().map_or(1.0, f64::from);
    let fits = BATCHES.into_iter().map(way).find(|(_, _, needed)| *needed <= most + ROUNDING);
    fits.unwrap_or_else(|| way(1_000))
}

/// The next usual count of partitions; beyond the last one its multiples.
#[must_use]
pub fn round_up(needed: f64) -> u32 {
    let usual = STEPS.into_iter().find(|step| f64::from(*step) >= needed - ROUNDING);
    usual.unwrap_or_else(|| whole((needed / 48.0).ceil()).saturating_mul(48))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is meant"
)]
const fn whole(number: f64) -> u32 {
    number as u32
}

/// The path of an ordering key.
fn path(model: Facts<'_>, key: &Expression) -> Option<String> {
    use expression::ir::Kind::{Field, Variable};
    let Field { of, field } = &key.kind else { return None };
    let name = match of.ty.required() {
        expression::Type::Reference(entity) => {
            model.entity(*entity).field(*field).name.value.clone()
        }
        expression::Type::Record(record) => {
            model.schema.record(*record).fields.get(usize::from(field.0))?.name.clone()
        }
        _ => return None,
    };
    match of.kind {
        Variable(_) => Some(name),
        _ => path(model, of).map(|before| format!("{before}.{name}")),
    }
}

/// Adds everybody who follows events.
fn follow(
    model: Facts<'_>,
    crossings: &[Crossing],
    verdicts: &[Verdict],
    groups: &mut [BTreeSet<Group>],
) {
    let mut add = |event: EventId, name: &str, kind: Kind, context: ContextId| {
        if let Some(groups) = groups.get_mut(event.0 as usize) {
            groups.insert(Group { name: name.to_owned(), kind, context });
        }
    };
    for flow in &model.flows {
        let context = model.event(flow.after).context;
        add(flow.after, &flow.name, Kind::Flow, context);
        for step in &flow.steps {
            if let StepKind::Wait { event, .. } = &step.kind {
                add(*event, &flow.name, Kind::Wait, context);
            }
        }
    }
    for view in &model.views {
        if let ViewSource::Event(event) = view.source {
            add(event, &view.name, Kind::View, view.context);
        }
    }
    for webhook in &model.webhooks {
        let context = model.entity(webhook.subscriber).context;
        for of in &webhook.events {
            add(of.event, &webhook.name, Kind::Webhook, context);
        }
    }
    // What another context keeps a copy of follows the events of those who write it.
    let copies: BTreeSet<&str> = verdicts
        .iter()
        .filter(|verdict| verdict.family == "link" && verdict.choice == "copy")
        .map(|verdict| verdict.subject.as_str())
        .collect();
    if copies.is_empty() {
        return;
    }
    for crossing in crossings {
        let (How::Reads { .. }, End::Entity(entity)) = (&crossing.how, crossing.to) else {
            continue;
        };
        let (from, to) =
            (model.context(crossing.from), model.context(model.entity(entity).context));
        if !copies.contains(format!("{}->{}", from.name, to.name).as_str()) {
            continue;
        }
        for operation in
            model.operations.iter().filter(|of| of.writes() && of.entity() == Some(entity))
        {
            crossings::emits(&operation.effects, &mut |event| {
                add(event, &from.name, Kind::Context, crossing.from);
            });
        }
    }
}
