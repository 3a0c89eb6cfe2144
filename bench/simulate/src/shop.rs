//! The shop of the examples: everything that a design becomes.

use std::sync::Arc;
use std::time::Instant;

use decide::Design;
use decide::sizing::Level;
use simulate::calibrate::Measured;
use simulate::design::{Amount, Clients, Question, compile};
use simulate::experiment::{Plan, simulate};
use simulate::network::Network;

fn design() -> Design {
    let text = include_str!("../../../examples/shop/firmitas.yaml");
    let mut sources = base::SourceMap::default();
    let file = sources.add("shop.yaml", text);
    let (model, diagnostics) = model::load(&sources, file);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    decide::decide(Arc::new(model)).0
}

fn question(amount: Amount) -> Question {
    let clients = Clients { attempts: 3, backoff: 0.1, jitter: true, budget: None };
    Question {
        amount,
        busier: 1.0,
        clients,
        closed: None,
        disturbances: Vec::new(),
        measured: Measured::default(),
        server: None,
    }
}

/// The shop at a level of its design.
pub fn network(level: Level) -> Network {
    let compiled = compile(&design(), &question(Amount::Level(level)), 0.0);
    compiled.map(|compiled| compiled.network).unwrap_or_default()
}

/// Eight replications of the shop at its stated peak until mean and p95 are within one percent.
pub fn precise() {
    let design = design();
    let Ok(compiled) = compile(&design, &question(Amount::Level(Level::Peak)), 0.0) else { return };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        precision: Some(0.01),
        most_replications: 1024,
        decisive: Some(compiled.operations.len()),
        threads,
        ..Plan::default()
    };
    let (start, before) = (Instant::now(), super::processor_seconds());
    let Ok(report) = simulate(&compiled.network, &plan, |_| ()) else { return };
    let (seconds, events) = (start.elapsed().as_secs_f64(), report.events as f64 / 1e6);
    let watched = report.windows.first().map_or(0.0, |of| (of.to - of.from) as f64 / 1e9);
    let busy = super::processor_seconds() - before;
    println!(
        "shop at its stated peak to one percent at p95: {seconds:.1} s on {threads} threads, \
         {busy:.1} s of processors, {} replications of {watched:.0} s, {events:.0} million events, \
         precise: {:?}\n",
        report.replications, report.precise
    );
}
