use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::delivery::{self, Delivery, Group, Order};
use crate::{facts, numbers};

decision!(
    "delivery",
    "In which order, to whom and how often is an event delivered?",
    reads ["link", "broker"],
    Named run
);

const SOURCE: &str = "Confluent, how to choose the number of partitions (the quotients); Azure \
    Architecture Center, asynchronous messaging (at least once, dead letters); figures house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let answer = |of: Delivery| (cx.names.event(of.event).to_owned(), answer(cx, &of));
    delivery::deciding(cx).into_iter().map(answer).collect()
}

fn answer(cx: &Context<'_>, of: &Delivery) -> Answer {
    let model = cx.model;
    let event = model.event(of.event);
    let choice = match of.order {
        Order::None => "unordered",
        Order::All => "single",
        Order::Key => "partitioned",
    };
    let mut answer = Answer::new(choice, SOURCE);
    answer = match &event.key {
        Some(key) => {
            let fact = format!("key: {}", of.key.as_deref().unwrap_or("stated"));
            answer.given(
                fact,
                key.span,
                "events with the same key keep their order; others need none",
            )
        }
        None => answer.given(
            format!("{} states no `key`", event.name),
            event.name.span,
            "nothing asks for an order",
        ),
    };
    let from = Provenance::Derived { from: "the operations that emit it, x reach".to_owned() };
    let fact = format!("{}/s at D2", facts::people(of.reach));
    let weight = format!(
        "{} each, busy {} of the time at most: {} {} up",
        facts::seconds(of.handler),
        facts::percent(model.value(&numbers::PARTITION_BUSY)),
        of.partitions,
        if of.partitions == 1 { "worker keeps" } else { "workers keep" }
    );
    answer = answer.driver(fact, from, &weight);
    for group in of.groups.iter().take(4) {
        let from = Provenance::Given(event.name.span);
        answer = answer.driver(format!("{} {}", group.kind.name(), group.name), from, "follows it");
    }
    let workers =
        matches!(cx.verdicts_of("broker").next().map(|of| of.choice), None | Some("none"));
    rejections(of, parameters(of, workers, answer))
}

fn parameters(of: &Delivery, workers: bool, answer: Answer) -> Answer {
    let mut answer =
        answer.parameter(if workers { "workers" } else { "partitions" }, of.partitions.to_string());
    if let Some(key) = &of.key {
        let scope = match of.order {
            Order::All => format!("all events, and so those with the same `{key}`"),
            _ => format!("events with the same `{key}`"),
        };
        answer = answer.parameter("kept in order", scope);
    }
    if of.batch > 1 {
        answer = answer.parameter("in one transaction", format!("up to {} events", of.batch));
    }
    let groups: Vec<&str> = of.groups.iter().map(|Group { name, .. }| name.as_str()).collect();
    let groups = if groups.is_empty() { "nobody yet".to_owned() } else { groups.join(", ") };
    let parked = match of.order {
        Order::None => "set aside; later ones go on",
        _ => "set aside; later ones with its key wait until it is released or dropped",
    };
    answer
        .parameter("consumer groups", groups)
        .parameter("delivered", "at least once")
        .parameter("told apart by", "the event's id, in the consumer's own transaction")
        .parameter("ids remembered for", days(of.remembered()))
        .parameter("kept for", days(of.retained.value))
        .parameter(
            "tried",
            format!(
                "{} times, waiting {} to {}",
                of.attempts,
                facts::seconds(of.first_wait),
                facts::seconds(of.most_wait)
            ),
        )
        .parameter("then", parked)
}

fn rejections(of: &Delivery, answer: Answer) -> Answer {
    let rate = facts::people(of.reach);
    let key = of.key.as_deref().unwrap_or("its key");
    let single = match of.order {
        Order::None => {
            "nothing asks for an order, and one stream would let one bad event stop all".to_owned()
        }
        _ => {
            format!("{rate}/s at D2 are more than one worker handles: {} are needed", of.partitions)
        }
    };
    let partitioned = match of.order {
        Order::None => "without a key there is nothing to keep together".to_owned(),
        _ => format!("one worker handles {rate}/s at D2"),
    };
    answer
        .reject("unordered", format!("two events of one `{key}` could overtake each other"))
        .reject("single", single)
        .reject("partitioned", partitioned)
}

fn days(seconds: f64) -> String {
    base::Duration::from_secs_f64(seconds).to_string()
}
