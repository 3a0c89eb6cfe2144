//! One number of the shop changes, and exactly these decisions with it.

use std::collections::BTreeMap;

use crate::text::{SHOP, decided};

/// What a change of the text changes, as `family.subject: before -> after`; `-` where the question
/// does not arise.
fn changes(edits: &[(&str, &str)]) -> Vec<String> {
    let text = edits.iter().fold(SHOP.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let choices = |text: &str| -> BTreeMap<String, &'static str> {
        decided(text).iter().map(|verdict| (verdict.id(), verdict.choice)).collect()
    };
    let (before, after) = (choices(SHOP), choices(&text));
    let ids: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |choices: &BTreeMap<String, &'static str>, id: &String| {
        choices.get(id).copied().unwrap_or("-")
    };
    ids.into_iter()
        .filter(|id| before.get(*id) != after.get(*id))
        .map(|id| format!("{id}: {} -> {}", of(&before, id), of(&after, id)))
        .collect()
}

/// What is changed, how, and what that changes.
type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], &'r [&'r str]);

/// Every stated rate times twenty, open streams included.
fn twenty_times() -> Vec<(String, String)> {
    let mut edits = Vec::new();
    for line in SHOP.lines() {
        let Some((_, peak)) = line.split_once(" peak ") else { continue };
        let number: String = peak.chars().take_while(|c| c.is_ascii_digit()).collect();
        let unit = if peak.starts_with(&format!("{number}k/s")) { "k/s" } else { "/s" };
        let value: u64 = number.parse().unwrap();
        let from = format!(" peak {number}{unit}");
        let to = format!(" peak {}{unit}", value * 20);
        edits.push((line.to_owned(), line.replace(&from, &to)));
    }
    edits.sort();
    edits.dedup();
    edits
}

#[test]
fn one_number_changes_what_it_should() {
    let people = [
        ("storefront: { people: 6,", "storefront: { people: 20,"),
        ("ordering: { people: 5,", "ordering: { people: 20,"),
    ];
    let twenty = twenty_times();
    let twenty: Vec<(&str, &str)> = twenty.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let tenants = [
        (
            "  currency: EUR\n",
            "  currency: EUR\n  tenancy: { by: identity.Company, from: host(host_name) }\n",
        ),
        (
            "    entities:\n      User:\n",
            "    entities:\n      Company: { rows: 300, shared: true, fields: { host_name: string(1..80) unique } }\n      User:\n",
        ),
    ];
    let rows: [Row<'_>; 5] = [
        (
            "availability 99.95 -> 99.99 %",
            &[("availability: 99.95%", "availability: 99.99%")],
            &[
                // One failure in ten thousand of a rare operation cannot be told from bad luck.
                "slo.listStock: burn-rate -> ticket",
                "slo.ordersToShip: burn-rate -> ticket",
                "slo.receiveStock: burn-rate -> ticket",
                "slo.stockProduct: burn-rate -> ticket",
            ],
        ),
        // The size of teams alone is no reason to divide a system.
        ("team 11 -> 40 people", &people, &[]),
        (
            "peak x20",
            &twenty,
            &[
                // Searching takes more than half of the largest server, so that catalog gets an engine,
                // and with 24,000 requests a second on a store of its own a deployable.
                "store.catalog: postgresql -> search-engine",
                "service.catalog: shared -> own",
                "style.system: modular-monolith -> hybrid",
                "availability.catalog: - -> zones",
                "capacity.catalog: - -> autoscaled",
                // A network of caches answers most of its lists before they get there.
                "capacity.catalog-postgresql: - -> fixed",
                "capacity.catalog-search-engine: - -> fixed",
                "recovery.catalog: - -> backup",
                "replicas.catalog: - -> standby",
                // What reaches it goes over the network from then on.
                "link.inventory->catalog: in-process -> sync",
                "link.ordering->catalog: in-process -> sync",
                "paradigm.warehouse->inventory: rest -> grpc",
                "paradigm.warehouse->ordering: rest -> grpc",
                "resilience.placeOrder->catalog.Product: - -> breaker",
                "resilience.stockProduct->catalog.Product: - -> retry",
                "telemetry.system: metrics -> traces",
                // What PriceChanged and others tell crosses deployables.
                "broker.system: none -> nats-jetstream",
                "delivery.OrderCancelled: single -> partitioned",
                "delivery.OrderRejected: single -> partitioned",
                "delivery.PriceChanged: single -> partitioned",
                "delivery.UserRegistered: single -> partitioned",
                // The rest is the load itself.
                "capacity.shop-postgresql: fixed -> pooled",
                "concurrency.StockItem: row-lock -> queue",
                "headroom-gap.system: reachable -> gap",
            ],
        ),
        (
            "tenancy on",
            &tenants,
            &[
                "tenancy.system: none -> pool",
                // The tenants themselves.
                "audit.Company: - -> none",
                "deletion.Company: - -> hard",
                "key.Company: - -> uuidv7",
                "partitioning.Company: - -> none",
                "retention.Company: - -> keep",
            ],
        ),
        // Level 2 of ASVS asks for the vault as well, and no card number is held.
        ("PCI off", &[("compliance: [gdpr, pci]", "compliance: [gdpr]")], &[]),
    ];
    let mut wrong = String::new();
    for (what, edits, expected) in rows {
        let (mut changed, mut expected) = (changes(edits), expected.to_vec());
        changed.sort_unstable();
        expected.sort_unstable();
        if changed != expected {
            wrong += &format!("{what}:\n    {}\n", changed.join("\n    "));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn four_nines_of_the_shop_are_beyond_one_region() {
    let text = SHOP.replace("availability: 99.95%", "availability: 99.99%");
    let found = decide::decide(std::sync::Arc::new(crate::text::loaded(&text))).1;
    let ids: Vec<&str> = found.iter().map(|found| found.id).collect();
    assert_eq!(ids, ["availability-beyond-reach"]);
    assert!(decide::decide(std::sync::Arc::new(crate::text::loaded(SHOP))).1.is_empty());
}

#[test]
fn the_shop_is_sized_after_its_edge_is_decided() {
    let design = decide::decide(std::sync::Arc::new(crate::text::loaded(SHOP))).0;
    assert_eq!(crate::text::verdict(&design.verdicts, "edge.system").choice, "cdn");
    assert!(design.sizing.delivered.peak > 0.0, "somebody asked for sizes too early");
}

#[test]
fn what_the_model_keeps_nowhere_no_network_of_caches_answers() {
    let answered = |cache: &str| {
        let own = format!("decisions:\n  {cache}\n");
        let text = SHOP.replacen("decisions:\n", &own, 1);
        let design = decide::decide(std::sync::Arc::new(crate::text::loaded(&text))).0;
        assert_eq!(crate::text::verdict(&design.verdicts, "edge.system").choice, "cdn");
        design.sizing.answered.peak
    };
    let all = answered("edge.system: { choose: cdn, because: It is there. }");
    let none = answered("cache.browseProducts: { choose: none, because: A campaign. }");
    let process = answered("cache.browseProducts: { choose: l1, because: A campaign. }");
    assert!(all > none + 100.0, "{all} {none}");
    assert!((none - process).abs() < 1e-9, "{none} {process}");
    // All of it elsewhere.
    let text = "decisions:\n  cache: { choose: none, because: Nothing is kept. }\n";
    let text = SHOP.replacen("decisions:\n", text, 1);
    let design = decide::decide(std::sync::Arc::new(crate::text::loaded(&text))).0;
    assert!(design.sizing.answered.peak < 1e-9);
}
