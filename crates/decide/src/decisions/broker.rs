use crate::broker::{self, Message};
use crate::decision::{Answer, Context, decision};
use crate::{facts, numbers};

decision!("broker", "What carries events and commands?", reads ["service", "link", "store", "style"], System run);

const SOURCE: &str = "Azure Architecture Center, asynchronous messaging (outbox, at least once); \
    thresholds house";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let traffic = broker::traffic(cx);
    let value = |number| model.value(number);
    let outbox = value(&numbers::POSTGRESQL_WRITES);
    // The reasons for a broker, the first that holds first.
    let reasons: [(&[Message], f64, &str); 4] = [
        (&traffic.crossing, 0.0, "crosses deployables: an outbox table reaches no other store"),
        (&traffic.inside, outbox, "is more than an outbox table commits and forgets"),
        (
            &traffic.streamed,
            value(&numbers::NOTIFICATIONS),
            "must reach every replica that holds streams",
        ),
        (
            &traffic.added,
            value(&numbers::SERIES_ROWS),
            "is taken by a log first, and stored in large batches",
        ),
    ];
    let weighs = |(messages, most, _): &(&[Message], f64, &str)| {
        !messages.is_empty() && broker::rate(messages) > *most
    };
    let forced: Vec<_> = reasons.iter().copied().filter(weighs).collect();
    let carried: Vec<&[Message]> = forced.iter().map(|(messages, ..)| *messages).collect();
    // What is streamed and added is not counted twice with the events that tell of it.
    let rate = carried.iter().map(|messages| broker::rate(messages)).fold(0.0, f64::max);
    let kept = carried.iter().map(|messages| broker::retained(messages)).sum::<f64>();
    let (most, log) = (value(&numbers::NATS_MESSAGES), value(&numbers::LOG_RETAINED));
    let serverless = cx.verdicts_of("style").any(|style| style.choice == "serverless");
    let choice = match () {
        () if forced.is_empty() => "none",
        () if rate > most || kept > log => "kafka",
        () if serverless => "sqs",
        () => "nats-jetstream",
    };
    let mut answer = Answer::new(choice, SOURCE);
    for (messages, _, weight) in &forced {
        for message in messages.iter().take(3) {
            answer = answer.driver(message.fact.clone(), message.from.clone(), weight);
        }
    }
    if forced.is_empty() {
        answer = nothing_crosses(cx, &traffic, answer);
    } else {
        answer = answer
            .parameter("messages at D2", format!("{}/s", facts::people(rate)))
            .parameter("kept", facts::bytes(kept))
            .parameter("written", "to the outbox, in the transaction of the change")
            .assumes(model, &numbers::NATS_MESSAGES, "what three servers store");
    }
    Some(rejections(cx, answer, (rate, kept), serverless))
}

fn nothing_crosses(cx: &Context<'_>, traffic: &broker::Traffic, answer: Answer) -> Answer {
    let deployables = crate::facts::count(cx.deployables().iter().flatten().count());
    let from = base::Provenance::Derived { from: "the verdicts of `service`".to_owned() };
    let fact = format!("deployables of their own: {}", facts::people(deployables));
    let mut answer = answer.driver(fact, from, "no event leaves the one that emits it");
    for message in traffic.inside.iter().take(2) {
        answer = answer.driver(message.fact.clone(), message.from.clone(), "the outbox carries it");
    }
    answer
        .parameter("written", "to the outbox, in the transaction of the change")
        .parameter("carried", "by workers of the same deployable")
        .assumes(cx.model, &numbers::POSTGRESQL_WRITES, "what an outbox table commits")
}

fn rejections(
    cx: &Context<'_>,
    answer: Answer,
    (rate, kept): (f64, f64),
    serverless: bool,
) -> Answer {
    let value = |number| facts::people(cx.model.value(number));
    let none = answer.choice == "none";
    let quiet = || "nothing that is sent needs one: see the drivers".to_owned();
    let (most, log) =
        (value(&numbers::NATS_MESSAGES), facts::bytes(cx.model.value(&numbers::LOG_RETAINED)));
    let (rate, kept) = (facts::people(rate), facts::bytes(kept));
    let nats = match none {
        true => quiet(),
        false if serverless => "functions have no process that holds a connection".to_owned(),
        false => {
            format!("{rate} messages a second at D2 and {kept} kept: more than {most}/s or {log}")
        }
    };
    let kafka = match none {
        true => quiet(),
        false => format!(
            "{rate} messages a second at D2, not above {most}, and {kept} kept, not above {log}"
        ),
    };
    let routing = match none {
        true => quiet(),
        false => {
            "nothing in the model routes single messages or puts one before another".to_owned()
        }
    };
    let sqs = match none {
        true => quiet(),
        false => "the design is not made of functions on one cloud".to_owned(),
    };
    answer
        .reject("none", "an outbox alone does not reach who has to hear of it: see the drivers")
        .reject("nats-jetstream", nats)
        .reject("kafka", kafka)
        .reject("rabbitmq", routing)
        .reject("sqs", sqs)
}
