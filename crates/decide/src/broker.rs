//! What is sent between deployables, and how much of it: the numbers that ask for a broker.

use base::Provenance;
use model::model::{OperationId, OperationKind};

use crate::crossings::{Crossing, How};
use crate::decision::Context;
use crate::delivery::{self, Delivery};
use crate::facts;
use crate::touches::How as Written;

/// Something that a broker would carry.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it is, as drivers quote it.
    pub fact: String,
    /// Where it is written.
    pub from: Provenance,
    /// Messages a second at the reachable peak.
    pub reach: f64,
    /// Bytes that are kept of it.
    pub retained: f64,
}

/// What a broker would carry, by reason.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// What goes from one deployable to another.
    pub crossing: Vec<Message>,
    /// Events inside a deployable.
    pub inside: Vec<Message>,
    /// Changes that replicas with open streams must hear of.
    pub streamed: Vec<Message>,
    /// Rows that are only added, one request after another.
    pub added: Vec<Message>,
}

/// Messages a second at the reachable peak.
#[must_use]
pub fn rate(messages: &[Message]) -> f64 {
    messages.iter().map(|message| message.reach).sum()
}

/// Bytes that are kept.
#[must_use]
pub fn retained(messages: &[Message]) -> f64 {
    messages.iter().map(|message| message.retained).sum()
}

/// Gathers them.
#[must_use]
pub fn traffic(cx: &Context<'_>) -> Traffic {
    let deployables = cx.deployables();
    let deployable =
        |of: model::model::ContextId| deployables.get(usize::from(of.0)).copied().flatten();
    let mut traffic = Traffic::default();
    for of in delivery::deciding(cx) {
        let apart =
            of.groups.iter().any(|group| deployable(group.context) != deployable(of.context));
        let list = if apart { &mut traffic.crossing } else { &mut traffic.inside };
        list.push(event(cx, &of));
    }
    for crossing in cx.crossings {
        let apart = crossing
            .to
            .context(cx.model)
            .is_some_and(|to| deployable(to) != deployable(crossing.from));
        if apart && carried(cx, crossing) {
            traffic.crossing.push(command(cx, crossing));
        }
    }
    for (id, operation) in cx.model.operations() {
        if operation.kind == OperationKind::Stream {
            traffic.streamed.extend(streamed(cx, id));
        }
        let appended = operation.entity().is_some_and(|entity| cx.model.entity(entity).append_only);
        if operation.kind == OperationKind::Create && appended {
            traffic.added.push(added(cx, id));
        }
    }
    for list in
        [&mut traffic.crossing, &mut traffic.inside, &mut traffic.streamed, &mut traffic.added]
    {
        list.sort_by(|a, b| b.reach.total_cmp(&a.reach).then_with(|| a.fact.cmp(&b.fact)));
    }
    traffic
}

/// Whether a crossing goes as a message: nobody waits for it, or it feeds a copy.
fn carried(cx: &Context<'_>, crossing: &Crossing) -> bool {
    let Some(to) = crossing.to.context(cx.model) else { return false };
    let link = || {
        let (from, to) = (&cx.model.context(crossing.from).name, &cx.model.context(to).name);
        let subject = format!("{from}->{to}");
        cx.verdicts_of("link").find(|of| of.subject == subject).map(|of| of.choice)
    };
    match crossing.how {
        How::Steps { .. } => true,
        How::Calls { .. } => link() == Some("async"),
        How::Reads { .. } => link() == Some("copy"),
        How::Checks | How::Follows => false,
    }
}

fn event(cx: &Context<'_>, of: &Delivery) -> Message {
    let event = cx.model.event(of.event);
    Message {
        fact: format!("{}: {}/s at D2", cx.names.event(of.event), facts::people(of.reach)),
        from: Provenance::Given(event.name.span),
        reach: of.reach,
        retained: of.retained_bytes(),
    }
}

fn command(cx: &Context<'_>, crossing: &Crossing) -> Message {
    let reach = match (&crossing.how, crossing.to) {
        // A copy hears of each change.
        (How::Reads { .. }, crate::crossings::End::Entity(entity)) => {
            cx.touches.writes(entity).iter().map(|write| write.at_reach(cx.model)).sum()
        }
        _ => crossing.rate.peak * facts::reach(cx.model, crossing.from),
    };
    let fact = format!(
        "{} -> {}: {}/s at D2",
        crossing.caller,
        crossing.to.name(cx.model),
        facts::people(reach)
    );
    Message { fact, from: Provenance::Given(crossing.span), reach, retained: 0.0 }
}

/// The changes that an open stream shows.
fn streamed(cx: &Context<'_>, id: OperationId) -> Option<Message> {
    let operation = cx.model.operation(id);
    let entity = operation.entity()?;
    let of = cx.model.entity(entity);
    // A store in memory tells those who listen by itself.
    if of.volatile && cx.store_of(of.context) == "redis" {
        return None;
    }
    let writes = cx.touches.writes(entity).iter();
    let reach =
        writes.filter(|of| of.how != Written::Removed).map(|of| of.at_reach(cx.model)).sum();
    let (streams, from) = facts::rate_fact(cx.model, id);
    let fact = format!("{streams}, {} changes a second at D2", facts::people(reach));
    Some(Message { fact, from, reach, retained: 0.0 })
}

fn added(cx: &Context<'_>, id: OperationId) -> Message {
    let (fact, from) = facts::rate_fact(cx.model, id);
    let operation = cx.model.operation(id);
    let reach = facts::reachable_peak(cx.model, operation) * facts::rows_per_request(operation);
    Message {
        fact: format!("{fact}, {} rows a second at D2", facts::people(reach)),
        from,
        reach,
        retained: 0.0,
    }
}
