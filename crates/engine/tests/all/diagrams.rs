//! The diagrams: what they show, and that Mermaid itself takes them.
//!
//! Where `FIRMITAS_TEST_MERMAID` names a folder with the npm packages `mermaid` and `jsdom`,
//! `tests/mermaid.mjs` has them parse every diagram.

use std::{collections::BTreeMap, path::Path, process::Command};

use engine::{Artifact, Checked, check};

use crate::examples::example;

fn model(text: &str) -> Checked {
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

/// Its names are words of Mermaid's, or so long that nobody would draw them.
pub fn awkward() -> Checked {
    model(include_str!("../models/awkward.yaml"))
}

/// No flows, no externals, no states, one context.
pub fn least() -> Checked {
    model("firmitas: 1\nsystem: { name: Least }\nentities:\n  Note: { fields: { text: text } }\n")
}

fn diagrams(checked: &Checked) -> Vec<Artifact> {
    let all = checked.artifacts().into_iter();
    all.filter(|artifact| artifact.path.starts_with("diagrams/")).collect()
}

fn diagram(checked: &Checked, path: &str) -> String {
    let all = diagrams(checked);
    let found = all.iter().find(|artifact| artifact.path == format!("diagrams/{path}.mmd"));
    let paths: Vec<&str> = all.iter().map(|artifact| artifact.path.as_str()).collect();
    found.unwrap_or_else(|| panic!("{path} is none of {paths:?}")).contents.clone()
}

/// The lines of a diagram from the one that holds `first`, without indentation.
fn from<'t>(text: &'t str, first: &str) -> Vec<&'t str> {
    text.lines().map(str::trim).skip_while(|line| !line.contains(first)).collect()
}

#[test]
fn a_flow_shows_its_way_back() {
    let text = diagram(&example("shop"), "flows/checkout");
    let way_back = [
        "else a step up to the pivot fails",
        "Note over driver: what was done is undone, in reverse",
        "opt each result of reserve is there",
        "driver->>+context_inventory: releaseStock",
        "context_inventory-->>-driver: done",
        "end",
        "driver->>+context_ordering: rejectOrder",
        "context_ordering-->>-driver: done",
        "end",
    ];
    assert_eq!(from(&text, "else "), way_back);
    assert!(text.contains("context_payments->>+external_cardProcessor: charge"), "{text}");
    let charge = diagram(&example("rides"), "flows/settlement");
    assert!(charge.contains("driver->>+context_rides: flagUnpaid"), "{charge}");
    let awaiting = diagram(&awkward(), "flows/alt");
    let late = from(&awaiting, "(awaited)");
    assert_eq!(
        late[1..3],
        ["opt it comes later than the step waits", "driver->>+context_end: note"]
    );
    assert!(awaiting.contains("Note over driver: stuck, an operator decides"), "{awaiting}");
}

#[test]
fn the_context_map_tells_calls_from_references() {
    let text = diagram(&example("shop"), "context-map");
    for line in [
        "context_ordering -- \"Product.active<br/>Product.price\" --> context_catalog",
        "context_payments -- \"charge<br/>refund\" --> external_cardProcessor",
        "context_inventory -. \"Product\" .-> context_catalog",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn containers_show_who_comes_in_and_where_rows_live() {
    let text = diagram(&example("shop"), "containers");
    for line in [
        "actor_customer -- \"rest\" --> deployable",
        "deployable -- \"reads, writes\" --> store_postgresql",
        "deployable -- \"charge<br/>refund\" --> external_cardProcessor",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("actor_system"), "{text}");
}

#[test]
fn entities_show_keys_parts_and_references() {
    let text = diagram(&example("shop"), "entities/inventory");
    for line in [
        "uuid id PK",
        "uuid item FK",
        "uuid product UK",
        "\"StockItem\" |o..|| \"catalog.Product\" : \"product\"",
        "\"Reservation\" }o--|| \"StockItem\" : \"item\"",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let order = diagram(&example("shop"), "entities/ordering");
    assert!(order.contains("\"Order\" ||--|{ \"Order.lines\" : \"lines\""), "{order}");
}

#[test]
fn transitions_name_what_makes_them() {
    let text = diagram(&example("shop"), "states/ordering.order");
    for line in [
        "[*] --> state_pending: placeOrder",
        "state_confirmed --> state_cancelled: cancelOrder",
        "state_rejected --> [*]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_model_without_flows_and_externals_has_a_map_all_the_same() {
    let paths: Vec<String> = diagrams(&least()).into_iter().map(|of| of.path).collect();
    let expected = [
        "components/least",
        "containers",
        "context-map",
        "data-flow",
        "entities/least",
        "system-context",
    ];
    assert_eq!(paths, expected.map(|name| format!("diagrams/{name}.mmd")));
}

#[test]
fn each_deployable_is_a_container_with_its_components() {
    let fleet = crate::slo::fleet();
    let text = diagram(&fleet, "containers");
    for line in [
        "deployable_repairs[\"service<br/>repairs\"]",
        "actor_tracker -- \"rest\" --> deployable_positions",
        "deployable_accounts -- \"RepairDone\" --> webhook_outcomes",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let text = diagram(&fleet, "components/fleet-watch-repairs");
    for line in [
        "actor_garage -- \"finish<br/>orderParts<br/>repairs\" --> interface_repairs",
        "interface_repairs -- \"order<br/>send\" --> external_",
        "outbox_repairs -. \"RepairOpened\" .-> flow_announcement",
        "schedule_reminders -- \"remind\" --> interface_repairs",
    ] {
        let found = line.strip_suffix("external_").map_or_else(
            || text.contains(line),
            |_| text.contains("-- \"order\" --> external_parts"),
        );
        assert!(found, "{line}\n{text}");
    }
    assert!(!text.contains("interface_accounts"), "{text}");
}

#[test]
fn personal_and_secret_data_is_seen_where_it_crosses() {
    let text = diagram(&example("shop"), "data-flow");
    for line in [
        "actor_customer == \"P email<br/>P name<br/>S token\" ==> process_shop",
        "process_shop == \"P User.email<br/>P User.name\" ==> actor_customer",
        "process_shop == \"charge: S Card.token\" ==> external_cardProcessor",
        "subgraph anyone [\"Anyone: nothing is believed\"]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let visitor = text.lines().filter(|line| line.contains("actor_visitor"));
    assert!(visitor.clone().count() > 1, "{text}");
    assert!(visitor.clone().all(|line| !line.contains("==")), "{text}");
}

#[test]
fn events_lead_from_who_emits_them_to_who_follows() {
    let text = diagram(&crate::slo::fleet(), "events");
    for line in [
        "context_repairs -- \"openRepair\" --> event_repairs_RepairOpened",
        "event_repairs_RepairOpened -. \"flow starts\" .-> flow_announcement",
        "event_repairs_RepairDone -.-> webhook_outcomes",
        "event_positions_AlarmStopped -.-> nobody_event_positions_AlarmStopped",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

/// So many contexts, each with actors and events of its own, that one diagram cannot hold them.
pub fn large() -> Checked {
    use std::fmt::Write as _;
    let mut text = String::from("firmitas: 1\nsystem: { name: Large }\nactors:\n");
    let contexts = 110;
    for at in 0..10 {
        writeln!(text, "  clerk{at}: {{ auth: user, role: clerk{at} }}").unwrap();
    }
    text += "contexts:\n";
    for at in 0..contexts {
        let next = (at + 1) % contexts;
        writeln!(text, "  area{at}:\n    entities:").unwrap();
        for which in 0..2 {
            writeln!(
                text,
                "      Thing{at}x{which}: {{ rows: 1k, fields: {{ email: email pii, next: area{next}.Thing{next}x{which}? }} }}"
            )
            .unwrap();
        }
        text += "    operations:\n";
        for which in 0..2 {
            for actor in 0..2 {
                let clerk = (at + actor) % 10;
                writeln!(
                    text,
                    "      add{at}x{which}x{actor}: {{ create: Thing{at}x{which}, by: [clerk{clerk}], input: [email], route: by-{actor}, do: [{{ emit: Added{at}x{which} }}] }}"
                )
                .unwrap();
            }
        }
        text += "    events:\n";
        for which in 0..2 {
            writeln!(
                text,
                "      Added{at}x{which}: {{ key: thing, payload: {{ thing: Thing{at}x{which} }} }}"
            )
            .unwrap();
        }
    }
    model(&text)
}

#[test]
fn what_is_too_large_to_be_drawn_is_split() {
    let large = large();
    let all = diagrams(&large);
    for of in &all {
        // Mermaid draws 50,000 characters and 500 edges.
        assert!(of.contents.len() < 50_000, "{}: {} bytes", of.path, of.contents.len());
        let edges = of.contents.lines().filter(|line| line.contains("-> ") || line.contains("=> "));
        assert!(edges.count() <= 500, "{}", of.path);
    }
    let parts = |kind: &str| {
        all.iter().filter(|of| of.path.starts_with(&format!("diagrams/{kind}/"))).count()
    };
    assert_eq!((parts("events"), parts("components")), (110, 110));
    assert!(all.iter().any(|of| of.path == "diagrams/events/area7.mmd"));
}

#[test]
fn mermaid_takes_every_diagram() {
    let Ok(packages) = std::env::var("FIRMITAS_TEST_MERMAID") else { return };
    let folder = std::env::temp_dir().join(format!("firmitas-diagrams-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let models =
        [example("shop"), example("rides"), awkward(), least(), crate::slo::fleet(), large()];
    let mut files = Vec::new();
    for (at, artifact) in models.iter().flat_map(diagrams).enumerate() {
        let name = artifact.path.replace('/', "-");
        files.push(folder.join(format!("{at}-{name}")));
        std::fs::write(files.last().unwrap(), artifact.contents).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mermaid.mjs");
    let output = Command::new("node").arg(script).arg(packages).args(&files).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
    assert!(files.len() > 20, "{files:?}");
}
