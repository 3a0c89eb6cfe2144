use base::{Diagnostic, Provenance};
use expression::EntityId;

use crate::decision::{Answer, Context, decision};
use crate::partitions::{self, By, Partitioning, Why};
use crate::{facts, numbers};

decision!(
    "partitioning",
    "Is a table divided, and by what?",
    reads ["store", "retention"],
    Entity run
);

const SOURCE: &str = "PostgreSQL documentation, table partitioning (larger than memory; unique keys \
    contain the partition key); sizes and rates house";

fn run(cx: &Context<'_>, id: EntityId) -> Option<Answer> {
    let model = cx.model;
    let of = partitions::partitioning(model, (cx.touches, cx.references), id);
    let choice = match of.by {
        By::Nothing => "none",
        By::Time { .. } => "time",
        By::Hash { .. } => "hash",
        By::Tenant { .. } => "tenant",
    };
    let answer = because(cx, &of, Answer::new(choice, SOURCE));
    let answer = parameters(cx, &of, answer);
    let answer = rejections(cx, &of, answer);
    Some(beyond_one_server(cx, &of, answer))
}

fn because(cx: &Context<'_>, of: &Partitioning, answer: Answer) -> Answer {
    let model = cx.model;
    let entity = model.entity(of.entity);
    let Some(rows) = &of.rows else {
        let fact = format!("{}: rows not stated", entity.name);
        return answer.given(fact, entity.name.span, "taken as few");
    };
    let months = facts::people(model.value(&numbers::HORIZON));
    let fact = format!("{} rows in {months} months", facts::people(rows.value));
    let (bytes, most) = (facts::bytes(of.bytes), facts::bytes(of.most_bytes));
    let weight = if of.bytes > of.most_bytes {
        format!("its largest table has {bytes} with indexes, more than {most}")
    } else {
        format!("its largest table has {bytes} with indexes, no more than {most}")
    };
    let mut answer = answer.driver(fact, rows.provenance.clone(), &weight);
    if let Some(due) = of.due_a_day
        && let Some(retain) = &entity.retain
    {
        let most = facts::people(model.value(&numbers::EXPIRING_ROWS));
        let fact = format!("retain: {} rows a day fall due", facts::people(due));
        let weight = match of.why {
            Some(Why::Expiry) => {
                format!("more than {most}: dropped with their partition, not deleted")
            }
            _ => format!("up to {most} are deleted one by one"),
        };
        answer = answer.given(fact, retain.span, &weight);
    }
    if of.why == Some(Why::Servers) {
        let from = Provenance::Derived { from: "writes of its operations at D2".to_owned() };
        let fact = format!("{} writes a second at D2, {bytes}", facts::people(of.writes));
        answer = answer.driver(fact, from, "more than one server takes");
    }
    if of.why.is_some() && !of.vetoes.is_empty() {
        let keys = format!("unique: {}", of.vetoes.join(", "));
        let weight =
            "a key must contain what the table is divided by, and none of these holds a time";
        answer = answer.given(keys, entity.name.span, weight);
    }
    answer
}

fn parameters(cx: &Context<'_>, of: &Partitioning, answer: Answer) -> Answer {
    let column = partitions::column(cx.model.model, of).unwrap_or_default();
    let answer = answer.parameter("size at the horizon", facts::bytes(of.bytes));
    let answer = match of.by {
        By::Nothing => return answer,
        By::Time { period, partitions, .. } => {
            let made = "a period ahead, so that no row waits for one";
            let answer = answer
                .parameter("by", format!("range of `{column}`, one {}", period.name()))
                .parameter("partitions", partitions.to_string())
                .parameter("made", made);
            match of.due_a_day {
                Some(_) => answer.parameter("dropped", "when the last row of one is due"),
                None => answer,
            }
        }
        By::Hash { partitions, .. } => answer
            .parameter("by", format!("hash of `{column}`"))
            .parameter("partitions", partitions.to_string()),
        By::Tenant { partitions } => answer
            .parameter("by", "hash of the tenant, which every key contains")
            .parameter("partitions", partitions.to_string()),
    };
    if of.servers > 1 { answer.parameter("servers", of.servers.to_string()) } else { answer }
}

fn rejections(cx: &Context<'_>, of: &Partitioning, answer: Answer) -> Answer {
    let model = cx.model;
    let (bytes, most) = (facts::bytes(of.bytes), facts::bytes(of.most_bytes));
    let small = match of.due_a_day {
        Some(due) => {
            format!("{bytes}, not more than {most}, and {} rows a day fall due", facts::people(due))
        }
        None => format!("{bytes}, not more than {most}, and no rows fall due by the clock"),
    };
    let none = match of.why {
        Some(Why::Expiry) => format!(
            "{} rows a day would be deleted one by one, and vacuumed",
            facts::people(of.due_a_day.unwrap_or_default())
        ),
        Some(Why::Servers) => format!(
            "{bytes} and {} writes a second at D2 are too much for one server",
            facts::people(of.writes)
        ),
        _ => format!("{bytes} in one heap is more than {most}: vacuum and indexes take too long"),
    };
    let wanted = of.why.is_some();
    let keys = if of.vetoes.is_empty() {
        "its keys hold no time that all of them contain, and others refer to it by `id`".to_owned()
    } else {
        format!("{} could not be kept unique over several partitions", of.vetoes.join(", "))
    };
    let time = match (wanted, of.vetoes.first()) {
        (true, Some(_)) => {
            format!("{} could not be kept unique over several partitions", of.vetoes.join(", "))
        }
        (true, None) => {
            "rows do not come in the order of time, or are spread over servers by key".to_owned()
        }
        (false, _) => small.clone(),
    };
    let hash = if !wanted {
        small.clone()
    } else if matches!(of.by, By::Time { .. }) {
        "old rows could not be dropped with their partition".to_owned()
    } else {
        keys
    };
    let tenant = match (&model.system.tenancy, wanted) {
        (None, _) => "there is one tenant".to_owned(),
        (Some(_), false) => small,
        (Some(_), true) => "rows of all tenants age alike: time divides them better".to_owned(),
    };
    answer.reject("none", none).reject("time", time).reject("hash", hash).reject("tenant", tenant)
}

/// More than one server holds, and no way to divide it.
fn beyond_one_server(cx: &Context<'_>, of: &Partitioning, answer: Answer) -> Answer {
    if of.why != Some(Why::Servers) || of.by != By::Nothing {
        return answer;
    }
    let entity = cx.model.entity(of.entity);
    let message = format!(
        "`{}` is too large for one server ({}, {} writes a second at D2), and its unique keys keep it from being divided",
        entity.name,
        facts::bytes(of.bytes),
        facts::people(of.writes)
    );
    let span = of.rows.as_ref().and_then(|rows| rows.provenance.span());
    let mut finding = Diagnostic::error("table-beyond-one-server", span.unwrap_or(entity.name.span), message)
        .label("so many rows")
        .help("keep what is unique in a table of its own, keep rows for a shorter time, or take the key away");
    for key in &entity.unique {
        finding =
            finding.related(key.code.span, format!("`{}` must be unique over all rows", key.code));
    }
    answer.conflict(finding)
}
