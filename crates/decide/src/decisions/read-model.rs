use base::Provenance;
use model::model::{OperationId, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::read_models::{self, Kept, ReadModel};
use crate::{facts, numbers};

decision!("read-model", "Is an answer kept in a shape of its own?", reads ["link", "service"], Operation run);

const SOURCE: &str = "Azure Architecture Center, CQRS and Event Sourcing (for most systems neither); \
    thresholds house";

fn run(cx: &Context<'_>, id: OperationId) -> Option<Answer> {
    let operation = cx.model.operation(id);
    if !matches!(operation.kind, OperationKind::Get | OperationKind::List) {
        return None;
    }
    match read_models::read_model(cx.model, id) {
        Some(of) => Some(of_view(cx, &of)),
        None => (!operation.uses.is_empty()).then(|| across(cx, id)),
    }
}

fn of_view(cx: &Context<'_>, of: &ReadModel) -> Answer {
    let model = cx.model;
    let view = model.view(of.view);
    let choice = match of.kept {
        Kept::Nowhere => "none",
        Kept::Refreshed => "materialised-view",
        Kept::Projected => "projection",
    };
    let mut answer = Answer::new(choice, SOURCE);
    let (query, allowed) = (facts::seconds(of.query), facts::seconds(of.allowed));
    answer = if of.follows_events {
        answer.given(
            format!("{}: from events", view.name),
            view.name.span,
            "what events said is nowhere else",
        )
    } else {
        let from = Provenance::Derived {
            from: "rows of the groups that are asked for x time of a row".to_owned(),
        };
        let fact =
            format!("{}: {query} if computed from {} rows", view.name, facts::people(of.rows));
        let weight = format!("{} are left for it of the objective", allowed);
        answer.driver(fact, from, &weight).assumes(model, &numbers::ROW_SCAN, "time of a row")
    };
    if let Some(stale) = &of.stale {
        let fact = format!("stale: {}", facts::seconds(stale.value));
        answer = answer.driver(fact, stale.provenance.clone(), "how old an answer may be");
    }
    answer = kept(of, answer);
    let old = of.stale.as_ref().map_or("no age is allowed".to_owned(), |stale| {
        format!(
            "it may be {} old, and computing it takes {}",
            facts::seconds(stale.value),
            facts::seconds(of.rows * model.value(&numbers::ROW_SCAN) / 1e6)
        )
    });
    let fast = format!("the query takes {query}, within {allowed}");
    let view = if of.kept == Kept::Nowhere {
        fast.clone()
    } else if of.follows_events {
        "events are no table that could be computed anew".to_owned()
    } else {
        old
    };
    let projection = if of.kept == Kept::Nowhere {
        fast
    } else {
        "computing it anew from time to time is enough, and is simpler".to_owned()
    };
    answer
        .reject(
            "none",
            if of.follows_events {
                "events are gone when they were handled".to_owned()
            } else {
                format!("{query} are more than the {allowed} that are left for it")
            },
        )
        .reject("materialised-view", view)
        .reject("projection", projection)
        .reject("event-sourcing", "no answer asks what rows were like at another time")
}

/// What keeps it up to date.
fn kept(of: &ReadModel, answer: Answer) -> Answer {
    match of.every {
        Some(every) => answer.parameter("computed anew every", facts::seconds(every)),
        None if of.kept == Kept::Projected && of.follows_events => {
            answer.parameter("kept by", "each event, in the transaction that remembers its id")
        }
        None if of.kept == Kept::Projected => {
            answer.parameter("kept by", "each write, in its own transaction")
        }
        None => answer,
    }
}

/// A read of other contexts' fields.
fn across(cx: &Context<'_>, id: OperationId) -> Answer {
    let model = cx.model;
    let operation = model.operation(id);
    let deployables = cx.deployables();
    let deployable =
        |of: model::model::ContextId| deployables.get(usize::from(of.0)).copied().flatten();
    let home = deployable(operation.context);
    let mut apart = operation
        .uses
        .iter()
        .filter(|(entity, ..)| deployable(model.entity(*entity).context) != home)
        .map(|(entity, ..)| *entity);
    let first = apart.next();
    let reads = facts::rate(model, operation).value.mean;
    let writes: f64 = first.map_or(0.0, |entity| {
        let mean = |write: &crate::touches::Write| {
            write.rows * facts::rate(model, model.operation(write.operation)).value.mean
        };
        cx.touches.writes(entity).iter().map(mean).sum()
    });
    let ratio = reads / writes.max(1e-9);
    let least = model.value(&numbers::READS_PER_WRITE);
    let stale = operation.workload.stale.as_ref();
    let projected = first.is_some() && ratio > least && stale.is_some();
    let (fact, from) = facts::rate_fact(model, id);
    let weight = match first {
        Some(entity) => format!(
            "reads {}, {} for each write of it",
            model.entity(entity).name,
            facts::people(ratio)
        ),
        None => "reads rows of the same deployable: a join".to_owned(),
    };
    let mut answer = Answer::new(if projected { "projection" } else { "none" }, SOURCE)
        .driver(fact, from, &weight);
    if let Some(stale) = stale {
        let fact = format!("stale: {}", stale.value);
        answer = answer.driver(fact, stale.provenance.clone(), "how old an answer may be");
    }
    let no = match first {
        None => "joins inside one deployable cost next to nothing".to_owned(),
        Some(_) if stale.is_none() => "how old an answer may be is not stated".to_owned(),
        Some(_) => format!(
            "{} reads for each write, not more than {}",
            facts::people(ratio),
            facts::people(least)
        ),
    };
    answer
        .reject(
            "none",
            format!("{} reads for each write would go over the network", facts::people(ratio)),
        )
        .reject(
            "materialised-view",
            if projected {
                "what it is computed from lies in another deployable".to_owned()
            } else {
                no.clone()
            },
        )
        .reject("projection", no)
        .reject("event-sourcing", "no answer asks what rows were like at another time")
}
