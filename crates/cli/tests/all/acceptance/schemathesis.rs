//! Schemathesis against the examples as they are served, on both stores, with all of its checks:
//! generated requests, valid and invalid, and sequences of them.
//!
//! `FIRMITAS_TEST_EXAMPLES=5000` asks for at least that many of each document.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::contracts::judge;
use super::database::Database;
use super::server::Folder;
use super::shop::{order, product};
use crate::faults::backend::Backend;

/// As whom a document is tried.
struct Trial {
    context: &'static str,
    actor: &'static str,
    subject: &'static str,
    /// Only where many examples are asked for.
    long: bool,
}

const fn trial(context: &'static str, actor: &'static str, subject: &'static str) -> Trial {
    Trial { context, actor, subject, long: false }
}

const fn long(context: &'static str, actor: &'static str, subject: &'static str) -> Trial {
    Trial { context, actor, subject, long: true }
}

const SHOP: &[Trial] = &[
    trial("catalog", "merchandiser", "mary"),
    trial("identity", "customer", "alice@example.com"),
    trial("inventory", "warehouse", "wim"),
    long("inventory", "merchandiser", "mary"),
    trial("ordering", "customer", "alice@example.com"),
    long("ordering", "warehouse", "wim"),
    trial("payments", "customer", "alice@example.com"),
];

const RIDES: &[Trial] = &[
    trial("rides", "rider", "rita"),
    long("rides", "driver", "dora"),
    long("rides", "support", "sam"),
    long("rides", "matcher", "max"),
];

/// The store that is a server.
const ON_SERVER: &str = "PostgreSQL";

#[test]
fn the_embedded_shop_keeps_its_contracts() {
    shop(Backend::new("schemathesis-shop").started(), "embedded");
}

#[test]
fn the_shop_on_postgresql_keeps_its_contracts() {
    let Some(database) = Database::new("schemathesis_shop") else { return };
    shop(Backend::new("schemathesis-shop").store(&database.url()).started(), ON_SERVER);
}

#[test]
fn the_embedded_rides_keep_their_contract() {
    rides(Backend::new("schemathesis-rides").model("rides").started(), "embedded");
}

#[test]
fn the_rides_on_postgresql_keep_their_contract() {
    let Some(database) = Database::new("schemathesis_rides") else { return };
    let backend = Backend::new("schemathesis-rides").model("rides");
    rides(backend.store(&database.url()).started(), ON_SERVER);
}

fn shop(backend: Backend, store: &str) {
    let Some(program) = judge("FIRMITAS_TEST_SCHEMATHESIS") else { return };
    let customer = backend.customer();
    let line = (&*customer.products[0], 1);
    customer.client.post("/ordering/v1/orders", &order(&customer.card, &[line])).expect(201);
    let merchandiser = backend.client("merchandiser", "mary");
    let tea = merchandiser.post("/catalog/v1/products", &product("TEA", "4.50")).expect(201).id();
    merchandiser.post("/inventory/v1/stock-items", &json!({ "product": tea })).expect(201);
    hold(&program, &backend, SHOP, store);
}

fn rides(backend: Backend, store: &str) {
    let Some(program) = judge("FIRMITAS_TEST_SCHEMATHESIS") else { return };
    let rita = json!({ "name": "Rita", "phone": "+4915112345678" });
    backend.client("rider", "rita").post("/rides/v1/riders", &rita).expect(201);
    let dora = json!({ "name": "Dora", "phone": "+4915187654321", "licence": "B-1234" });
    backend.client("driver", "dora").post("/rides/v1/drivers", &dora).expect(201);
    hold(&program, &backend, RIDES, store);
}

/// All trials, and then what they found. Where many examples are asked for, a document is tried
/// again with other seeds until it has had as many: operations with few inputs run out of them.
fn hold(program: &Path, backend: &Backend, trials: &[Trial], store: &str) {
    let asked: Option<usize> =
        std::env::var("FIRMITAS_TEST_EXAMPLES").ok().map(|text| text.parse().unwrap());
    let folder = Folder::new("schemathesis");
    let site = Site { program, backend, store, folder: &folder.0 };
    let mut broken = Vec::new();
    for of_document in trials.chunk_by(|a, b| a.context == b.context) {
        let mut generated = 0;
        for seed in 7..7 + ROUNDS {
            for trial in of_document.iter().filter(|trial| asked.is_some() || !trial.long) {
                let each = asked.map(|asked| asked.div_ceil(of_document.len()));
                let (count, found) = site.tries(trial, each, seed);
                generated += count;
                broken.extend(found);
            }
            if generated >= asked.unwrap_or_default() || !broken.is_empty() {
                break;
            }
        }
        eprintln!("{} on {store}: {generated} examples", of_document[0].context);
        assert!(!broken.is_empty() || generated >= asked.unwrap_or(1), "too few: {generated}");
    }
    assert!(broken.is_empty(), "on {store}\n{}", broken.join("\n"));
}

/// Most times that a document is tried.
const ROUNDS: usize = 12;

/// Where documents are tried.
struct Site<'s> {
    program: &'s Path,
    backend: &'s Backend,
    store: &'s str,
    folder: &'s Path,
}

impl Site<'_> {
    /// How many examples there were, and what they found.
    fn tries(&self, trial: &Trial, asked: Option<usize>, seed: usize) -> (usize, Option<String>) {
        let Self { program, backend, store, folder } = self;
        let address = format!("{}/openapi/{}.json", backend.url, trial.context);
        let mut command = Command::new(program);
        command.arg("run").arg(&address).args(["--url", &backend.url]);
        command.args(["--seed", &seed.to_string()]);
        let examples = examples(backend, trial, asked);
        command.args(["--max-examples", &examples.to_string(), "--no-color"]);
        // The systematic requests take longest, and reach little of the store.
        let systematic = if asked.is_none() && *store == ON_SERVER { "" } else { "coverage," };
        let phases = format!("examples,{systematic}fuzzing,stateful");
        command.args(["--checks", "all", "--phases", &phases]);
        // Random cursors and references match the schema, and are refused all the same.
        command.args(["--exclude-checks", "positive_data_acceptance"]);
        command.args(["--suppress-health-check=all", "--continue-on-failure"]);
        let token = backend.token(trial.actor, trial.subject);
        command.arg("-H").arg(format!("Authorization: Bearer {token}"));
        let output = command.current_dir(folder).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let words: Vec<&str> = text.split([' ', '\n', ',']).collect();
        let counted = words.windows(2).filter(|pair| pair[1] == "generated");
        let count = counted.filter_map(|pair| pair[0].parse::<usize>().ok()).max().unwrap_or(0);
        eprintln!("{} as {} on {store}, seed {seed}: {count}", trial.context, trial.actor);
        let failed = !output.status.success();
        (count, failed.then(|| format!("{} as {}:\n{text}", trial.context, trial.actor)))
    }
}

/// How many examples of each operation make as many of the document as are asked for.
fn examples(backend: &Backend, trial: &Trial, asked: Option<usize>) -> usize {
    let Some(asked) = asked else { return 6 };
    let client = backend.client(trial.actor, trial.subject);
    let document = client.get(&format!("/openapi/{}.json", trial.context)).expect(200).body;
    let paths = document["paths"].as_object().unwrap().values();
    let operations: usize = paths
        .map(|path| path.as_object().unwrap().values().filter(|it| it["responses"].is_object()))
        .map(Iterator::count)
        .sum();
    asked.div_ceil(operations.max(1))
}
