//! What has to be there for the load, and what it costs.

use decide::facts;
use decide::sizing::{Bill, Level, Service, Store, items};

use super::Page;
use base::html::Html;

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    let sizing = &page.design.sizing;
    out.element("p", &[("class", "hint")], |out| {
        out.text(
            "D1 is the stated peak: it is provisioned. D2 is the peak times the greater of headroom \
             and two years' growth: it can be reached without another design.",
        );
    });
    out.leaf("h3", &[], "Services");
    let heads = [
        "Service",
        "Requests a second (D1, D2)",
        "Busy cores (D1, D2)",
        "A replica",
        "Replicas (D1, D2)",
        "Connections of each",
    ];
    out.table(&heads, |out| sizing.services.iter().for_each(|of| service(of, out)));
    out.leaf("h3", &[], "Stores");
    let heads = [
        "Store",
        "Reads a second (D1, D2)",
        "Rows written a second (D1, D2)",
        "Cores (D1, D2)",
        "Servers",
        "Disk",
        "Connections",
    ];
    out.table(&heads, |out| sizing.stores.iter().for_each(|of| store(of, out)));
    out.leaf("h3", &[], "Cost");
    if let Some(budget) = &sizing.budget {
        let now = sizing.cost(Level::Peak);
        let said = format!(
            "The budget is {} EUR a month; D1 costs {} EUR.",
            facts::people(budget.value),
            facts::people(now)
        );
        out.leaf("p", &[], &said);
    }
    out.element("p", &[("class", "hint")], |out| {
        out.text("Prices are placeholders: see Assumptions, and put your own in their place.");
    });
    costs(&sizing.bills, out);
}

fn pair(first: f64, second: f64) -> String {
    format!("{}, {}", facts::people(first), facts::people(second))
}

fn service(of: &Service, out: &mut Html) {
    let replica = format!("{} cores, {}", of.replica_cores, facts::bytes(of.replica_memory));
    out.row(&[
        &of.name,
        &pair(of.requests.peak, of.requests.reach),
        &pair(of.cores.peak, of.cores.reach),
        &replica,
        &format!("{}, {}", of.replicas, of.most),
        &of.pool.to_string(),
    ]);
}

fn store(of: &Store, out: &mut Html) {
    let servers = of.copies.servers() + of.node.read_replicas;
    let pooled = if of.pooled() { " (through a pooler)" } else { "" };
    out.row(&[
        &of.name,
        &pair(of.reads.peak, of.reads.reach),
        &pair(of.writes.peak, of.writes.reach),
        &format!("{}, {}", of.node.cores, of.node_at_reach.cores),
        &servers.to_string(),
        &facts::bytes(of.disk),
        &format!("{} of {}{pooled}", of.connections, of.connections_most),
    ]);
}

/// What each item costs at each level, in EUR a month.
fn costs(bills: &[Bill], out: &mut Html) {
    let mut heads = vec!["EUR a month"];
    heads.extend(bills.iter().map(|bill| bill.level.name()));
    out.table(&heads, |out| {
        for (subject, item) in items(bills) {
            let mut cells = vec![format!("{item}, {subject}")];
            cells.extend(
                bills.iter().map(|bill| facts::people(bill.monthly((subject, item)).round())),
            );
            out.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let mut cells = vec!["all".to_owned()];
        cells.extend(bills.iter().map(|bill| facts::people(bill.total.round())));
        out.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    });
}
