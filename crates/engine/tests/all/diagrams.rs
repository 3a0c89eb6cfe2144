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
    let expected = ["containers", "context-map", "entities/least"];
    assert_eq!(paths, expected.map(|name| format!("diagrams/{name}.mmd")));
}

#[test]
fn mermaid_takes_every_diagram() {
    let Ok(packages) = std::env::var("FIRMITAS_TEST_MERMAID") else { return };
    let folder = std::env::temp_dir().join(format!("firmitas-diagrams-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let models = [example("shop"), example("rides"), awkward(), least()];
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
