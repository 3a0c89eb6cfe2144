//! `asyncapi.yaml`: what it says, that its examples are what it says, and that AsyncAPI's own parser
//! takes it.
//!
//! Where `FIRMITAS_TEST_ASYNCAPI` names a folder with the npm package `@asyncapi/parser`,
//! `tests/asyncapi.mjs` has it judge the documents of every model and of every broker.

use std::collections::BTreeMap;

use engine::{Checked, check};
use serde_json::{Value, json};

use crate::contracts::{everything, everything_with, judged, models};
use crate::{diagrams::least, examples::example};

fn document(checked: &Checked) -> Value {
    let design = checked.design.as_ref().unwrap();
    let input = emit::Input {
        design,
        sources: &checked.sources,
        findings: &[],
        field_numbers: "",
        simulated: "",
    };
    emit::asyncapi::document(&input).unwrap()
}

fn texts<'v>(list: &'v Value, pointer: &str) -> Vec<&'v str> {
    let list = list.as_array().unwrap().iter();
    list.map(|item| item.pointer(pointer).unwrap().as_str().unwrap()).collect()
}

#[test]
fn every_event_has_a_channel_with_a_message() {
    for (_, checked) in models() {
        let document = document(&checked);
        let model = &checked.design.as_ref().unwrap().model;
        for event in &model.events {
            let name = format!("{}.{}", model.context(event.context).name, event.name);
            let channel = &document["channels"][&name];
            let message = channel["messages"][&event.name.value]["$ref"].as_str().unwrap();
            assert_eq!(message, format!("#/components/messages/{name}"));
            let headers = &document["components"]["messages"][&name]["headers"];
            let keyed = headers["required"].as_array().unwrap().contains(&json!("partitionkey"));
            assert_eq!(keyed, event.key.is_some(), "{name}");
        }
    }
}

#[test]
fn examples_are_what_the_schemas_say() {
    for (name, checked) in models() {
        let document = document(&checked);
        for (message, of) in document["components"]["messages"].as_object().unwrap() {
            let example = &of["examples"][0];
            for part in ["headers", "payload"] {
                let mut schema = json!({ "components": document["components"] });
                schema.as_object_mut().unwrap().extend(of[part].as_object().unwrap().clone());
                let options = jsonschema::options().should_validate_formats(true);
                let wrong: Vec<String> = options
                    .build(&schema)
                    .unwrap()
                    .iter_errors(&example[part])
                    .map(|of| of.to_string())
                    .collect();
                assert!(wrong.is_empty(), "{name}: {message}: {wrong:?}\n{example:#}");
            }
        }
    }
}

#[test]
fn operations_are_those_who_send_and_those_who_receive() {
    let document = document(&everything());
    let operations: Vec<&String> = document["operations"].as_object().unwrap().keys().collect();
    let expected = [
        "billing.markPaid.sends.Paid",
        "billing.settleAll.sends.Paid",
        "consumer.sends.DeadLetter",
        "flow.invoicing.payment.receives.Paid",
        "flow.invoicing.receives.Done",
        "practice.book.sends.Booked",
        "practice.cancel.sends.Cancelled",
        "practice.finish.sends.Done",
        "practice.talk.sends",
        "practice.watchDay.sends",
        "webhook-payments.sends.billing.Paid",
        "webhook-payments.sends.practice.Cancelled",
        "webhook.payments.receives.Cancelled",
        "webhook.payments.receives.Paid",
    ];
    assert_eq!(operations, expected);
    let consumers = &document["channels"]["dead-letters"]["parameters"]["consumer"]["enum"];
    assert_eq!(*consumers, json!(["flow.invoicing", "flow.invoicing.payment", "webhook.payments"]));
}

#[test]
fn delivery_says_what_a_consumer_may_rely_on() {
    let document = document(&everything());
    let delivery = |name: &str| &document["channels"][name]["x-delivery"];
    let booked = delivery("practice.Booked");
    assert_eq!(booked["guarantee"], "at-least-once");
    assert_eq!(
        (&booked["ordering"], &booked["ordering-key"]),
        (&json!("per-key"), &json!("appointment"))
    );
    assert_eq!(booked["retention"], "30d after it happened");
    assert_eq!(delivery("practice.Done")["ordering-key"], "appointment.doctor");
    // A tenant's event says whose it is; one of a system without tenants has nothing to say.
    let property = |document: &Value, message: &str| {
        document["components"]["messages"][message]["headers"]["properties"]
            .get("tenantid")
            .is_some()
    };
    assert!(property(&document, "practice.Booked"));
    assert!(!property(&self::document(&example("shop")), "ordering.OrderPlaced"));
}

#[test]
fn streams_with_requests_on_the_way_back_are_websockets() {
    let document = document(&everything());
    let bindings = |name: &str| document["channels"][name]["bindings"].clone();
    assert!(bindings("practice.talk").get("ws").is_some());
    assert!(bindings("practice.watchDay").get("http").is_some());
    let messages = &document["operations"]["practice.watchDay.sends"]["messages"];
    let expected = ["row", "gone"].map(|of| format!("#/channels/practice.watchDay/messages/{of}"));
    assert_eq!(texts(messages, "/$ref"), expected);
}

#[test]
fn the_broker_decides_servers_and_bindings() {
    let brokers =
        [("kafka", "kafka"), ("nats-jetstream", "nats"), ("rabbitmq", "amqp"), ("sqs", "sqs")];
    for (broker, protocol) in brokers {
        let document = document(&with_broker(broker));
        assert_eq!(document["servers"]["events"]["protocol"], protocol);
        let channel = document["channels"]["practice.Booked"].get("bindings").cloned();
        assert_eq!(channel.is_some(), broker != "nats-jetstream", "{broker}");
        assert!(channel.is_none_or(|bindings| bindings.get(protocol).is_some()));
    }
    let fifo = document(&with_broker("sqs"));
    assert_eq!(fifo["channels"]["practice.Booked"]["address"], "practice-Booked.fifo");
    let group = document(&with_broker("kafka"));
    let receiving = &group["operations"]["flow.invoicing.receives.Done"]["bindings"];
    assert_eq!(receiving["kafka"]["groupId"]["enum"], json!(["flow.invoicing"]));
}

fn with_broker(broker: &str) -> Checked {
    everything_with(&format!(
        "decisions:\n  broker.system: {{ choose: {broker}, because: test }}\n"
    ))
}

#[test]
fn a_model_without_events_and_streams_has_no_document() {
    let paths = least().artifacts().into_iter().map(|artifact| artifact.path);
    assert!(!paths.collect::<Vec<_>>().contains(&"asyncapi.yaml".to_owned()));
    let quiet =
        "firmitas: 1\nsystem: { name: A }\nevents:\n  Never: { payload: { at: timestamp } }\n";
    let quiet = check(&BTreeMap::from([("firmitas.yaml".to_owned(), quiet.to_owned())]));
    assert_eq!(document(&quiet)["operations"], json!({}));
}

#[test]
fn its_own_parser_takes_every_document() {
    let brokers = ["kafka", "nats-jetstream", "rabbitmq", "sqs"];
    let others = brokers.map(|broker| (broker.to_owned(), with_broker(broker)));
    let all = models().into_iter().chain(others);
    judged("ASYNCAPI", "asyncapi.mjs", all, |path| path == "asyncapi.yaml");
}
