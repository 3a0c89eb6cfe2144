//! `capacity.md`: the load that is stated, what it needs at 1x, 3x, 10x and at D2, and what that
//! costs.

use base::Provenance;
use decide::{
    Design, facts, numbers,
    sizing::{Level, Service, Sizing, Store, items},
};
use model::model::{OperationId, OperationKind};

use crate::{Artifact, Emitter, markdown::Markdown};

/// `capacity.md`.
pub static EMITTER: Emitter =
    Emitter { id: "capacity", run: |input| artifacts(input.design, input.simulated) };

/// Operations that are shown alone; the others share a line.
const SHOWN: usize = 20;

/// The page.
#[must_use]
pub fn artifacts(design: &Design, simulated: &str) -> Vec<Artifact> {
    let sizing = &design.sizing;
    let mut page = Markdown::titled(&format!("Capacity of {}", design.model.system.name));
    page.paragraph(
        "Loads: **D1** is the sum of the stated peaks, and is provisioned. **D2** is the peak times \
         the greater of `headroom` and two years' `growth`, and can be reached without another \
         design. The two are never multiplied. Figures follow from closed forms (Little's law, \
         Erlang C), those under *Simulated* from a simulation; none of them is measured.",
    );
    load(design, &mut page);
    services(sizing, &mut page);
    stores(sizing, &mut page);
    page.append(simulated);
    limits(design, &mut page);
    costs(sizing, &mut page);
    assumptions(design, &mut page);
    vec![Artifact { path: "capacity.md".to_owned(), contents: page.finish() }]
}

fn load(design: &Design, page: &mut Markdown) {
    let facts = design.facts();
    let rate = |id: OperationId| facts::rate(facts, facts.operation(id));
    let asked = facts.operations().filter(|(_, of)| of.kind != OperationKind::Stream);
    let mut all: Vec<(OperationId, String)> =
        asked.map(|(id, _)| (id, facts.qualified_operation(id))).collect();
    all.sort_by(|a, b| {
        rate(b.0).value.peak.total_cmp(&rate(a.0).value.peak).then_with(|| a.1.cmp(&b.1))
    });
    let peak: f64 = all.iter().map(|(id, _)| rate(*id).value.peak).sum();
    page.section("Load");
    let row = |(id, name): &(OperationId, String)| {
        let of = rate(*id);
        let reach = facts::reachable_peak(facts, facts.operation(*id));
        let share = if peak > 0.0 { of.value.peak / peak } else { 0.0 };
        vec![
            format!("`{name}`"),
            facts::per_second(of.value.mean),
            facts::per_second(of.value.peak),
            facts::per_second(reach),
            format!("{} %", facts::people(share * 100.0)),
            if matches!(of.provenance, Provenance::Given(_)) { "stated" } else { "assumed" }.into(),
        ]
    };
    let heads = ["operation", "mean", "D1", "D2", "of all at D1", "rate is"];
    page.table(&heads, all.iter().take(SHOWN).map(row), "No operation is called.");
    if let Some(rest) = all.get(SHOWN..).filter(|rest| !rest.is_empty()) {
        let left: f64 = rest.iter().map(|(id, _)| rate(*id).value.peak).sum();
        let count = rest.len();
        page.paragraph(&format!("{count} others come at {} together.", facts::per_second(left)));
    }
    let streams = facts.operations.iter().filter_map(|of| {
        let open = of.workload.open_streams.as_ref()?;
        Some(format!("`{}` is held open {} times at once.", of.name, facts::people(open.value)))
    });
    let mut streams: Vec<String> = streams.collect();
    streams.sort();
    page.list(streams);
}

fn services(sizing: &Sizing, page: &mut Markdown) {
    page.section("Services");
    let row = |of: &Service| {
        vec![
            format!("`{}`", of.name),
            two(of.requests.peak, of.requests.reach),
            two(of.cores.peak, of.cores.reach),
            format!("{} cores, {}", of.replica_cores, facts::bytes(of.replica_memory)),
            format!("{}, {}", of.replicas, of.most),
            of.pool.to_string(),
            of.streams_per_replica.to_string(),
        ]
    };
    let heads = [
        "service",
        "requests/s at D1, D2",
        "busy cores at D1, D2",
        "a replica has",
        "replicas at D1, D2",
        "connections of each",
        "streams of each",
    ];
    page.table(&heads, sizing.services.iter().map(row), "Nothing is deployed.");
}

fn stores(sizing: &Sizing, page: &mut Markdown) {
    page.section("Stores");
    let row = |of: &Store| {
        vec![
            format!("`{}`", of.name),
            two(of.reads.peak, of.reads.reach),
            two(of.writes.peak, of.writes.reach),
            two(of.cores.peak, of.cores.reach),
            format!("{}, {}", of.node.cores, of.node_at_reach.cores),
            format!("{} + {} to read", of.copies.servers(), of.node.read_replicas),
            two(of.held.peak, of.held.reach),
            format!("{} of {}", of.connections, of.connections_most),
        ]
    };
    let heads = [
        "store",
        "reads/s at D1, D2",
        "rows written/s at D1, D2",
        "busy cores at D1, D2",
        "cores of a server at D1, D2",
        "servers",
        "connections held at once at D1, D2",
        "connections opened",
    ];
    page.table(&heads, sizing.stores.iter().map(row), "Nothing is stored.");
    let pooled = sizing.stores.iter().filter(|of| of.pooled());
    page.list(pooled.map(|of| {
        format!("`{}` needs a pooler: more connections are opened than it may hold.", of.name)
    }));
    page.subsection("Disk");
    let row = |of: &Store| {
        vec![
            format!("`{}`", of.name),
            facts::bytes(of.tables),
            facts::bytes(of.wal),
            facts::bytes(of.answers),
            facts::bytes(of.disk),
            facts::bytes(of.backups),
        ]
    };
    let heads = ["store", "tables and indexes", "log", "kept answers", "disk", "backups"];
    page.table(&heads, sizing.stores.iter().map(row), "Nothing is stored.");
}

/// What stops growth before or at D2.
fn limits(design: &Design, page: &mut Markdown) {
    page.section("What gives first");
    let gap = design.verdicts.iter().find(|of| of.family == "headroom-gap");
    if let Some(gap) = gap {
        page.list(gap.drivers.iter().map(|of| format!("{}: {}", of.fact, of.weight)));
    }
    let beyond = design.sizing.stores.iter().filter(|of| of.node_at_reach.beyond > 0.0);
    page.list(beyond.map(|of| {
        let beyond = facts::people(of.node_at_reach.beyond);
        format!("`{}`: {beyond} busy cores find no room on the largest server at D2.", of.name)
    }));
    let busiest = design.sizing.stores.iter().max_by(|a, b| {
        let use_of = |of: &Store| of.cores.peak / f64::from(of.node.cores.max(1));
        use_of(a).total_cmp(&use_of(b)).then_with(|| b.name.cmp(&a.name))
    });
    if let Some(of) = busiest {
        let share = of.cores.peak / f64::from(of.node.cores.max(1));
        page.paragraph(&format!(
            "At D1 the busiest store is `{}`: {} of its first server's cores.",
            of.name,
            facts::percent((share * 1e3).round() / 1e3)
        ));
    }
}

fn costs(sizing: &Sizing, page: &mut Markdown) {
    page.section("Cost");
    page.paragraph("EUR a month. Every price is a placeholder: see the assumptions below.");
    let whole = |amount: f64| format!("{:.0}", amount.round());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for key in items(&sizing.bills) {
        let mut row = vec![key.1.to_owned(), key.0.to_owned()];
        row.extend(sizing.bills.iter().map(|bill| whole(bill.monthly(key))));
        rows.push(row);
    }
    let mut all = vec!["**all**".to_owned(), String::new()];
    all.extend(sizing.bills.iter().map(|bill| format!("**{}**", whole(bill.total))));
    rows.push(all);
    let mut heads = vec!["what", "for"];
    heads.extend(sizing.bills.iter().map(|bill| bill.level.name()));
    page.table(&heads, rows, "Nothing costs anything.");
    if let Some(budget) = &sizing.budget {
        let left = budget.value - sizing.cost(Level::Peak);
        let (said, amount) = if left >= 0.0 { ("leaves", left) } else { ("lacks", -left) };
        page.paragraph(&format!(
            "The budget of {} EUR a month binds at D1 and {said} {} EUR.",
            whole(budget.value),
            whole(amount)
        ));
    }
}

/// The numbers of the table that sizes and costs rest on.
fn assumptions(design: &Design, page: &mut Markdown) {
    page.section("Assumptions");
    page.paragraph("Numbers that the model does not state. Measure them, and size again.");
    let facts = design.facts();
    let row = |of: &numbers::Number| {
        vec![
            of.name.to_owned(),
            format!("{} {}", facts::people(facts.value(of)), of.unit),
            format!("{} to {}", facts::people(of.low), facts::people(of.high)),
            of.source.to_owned(),
        ]
    };
    let units = ["ms", "core", "EUR", "bytes", "GB", "RAM", "connections", "ops"];
    let sized = |of: &&numbers::Number| units.iter().any(|unit| of.unit.contains(unit));
    let heads = ["number", "value", "plausible", "source"];
    page.table(&heads, numbers::ALL.iter().filter(sized).map(row), "None.");
}

fn two(first: f64, second: f64) -> String {
    format!("{}, {}", facts::people(first), facts::people(second))
}
