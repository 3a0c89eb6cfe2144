//! The networks of the table.

use simulate::kernel::Distribution;
use simulate::network::{Arrivals, Builder, END, Network, Policy, Station};

use super::table::{Row, numbers};
use crate::networks::{SECOND, poisson, single};

fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential(mean * SECOND)
}

fn servers(count: u32) -> Station {
    Station { servers: Some(count), ..Station::new("station") }
}

pub fn network(row: &Row) -> Network {
    match row.name.as_str() {
        "M/M/1" | "M/M/c" => {
            let service = exponential(1.0 / row.number("mu"));
            single(row.number("lambda"), servers(row.count("c")), service)
        }
        "M/M/c/K" => bounded(row, row.count("K")),
        "M/M/c/c(ErlangB)" => bounded(row, row.count("c")),
        "M/G/1" => single(row.number("lambda"), servers(1), shape(row.between(";S=", ";c="))),
        "M/D/1" => single(row.number("lambda"), servers(1), Distribution::Constant(SECOND)),
        "M/G/inf" => {
            let station = Station { servers: None, ..servers(1) };
            single(row.number("lambda"), station, Distribution::lognormal(0.2 * SECOND, 2.0))
        }
        "Erlang-A(M/M/c+M)" => {
            let rate = numbers(&row.between("rate ", ")").replace(')', " "))[0];
            let patience = Some(exponential(1.0 / rate));
            let station = Station { patience, ..servers(row.count("c")) };
            single(row.number("lambda"), station, exponential(1.0 / row.number("mu")))
        }
        "RandomSplit" => split(row),
        "Jackson-open" => jackson(),
        "Tandem" => tandem(row),
        "ForkJoin-2" | "ForkJoin-N" => {
            let station = |at: u32| Station { name: format!("branch{at}"), ..servers(1) };
            forked(row.number("lambda"), row.count("N"), station)
        }
        "Fanout" => {
            let station =
                |at: u32| Station { name: format!("leg{at}"), servers: None, ..servers(1) };
            forked(1.0, row.count("N"), station)
        }
        "MachineRepair(M/M/c//N)" => repair(row),
        "ClosedMVA" => closed(row),
        "RetryAmplification" => retries(row),
        other => panic!("{other}"),
    }
}

fn bounded(row: &Row, capacity: u32) -> Network {
    let station = Station { capacity: Some(capacity), ..servers(row.count("c")) };
    single(row.number("lambda"), station, exponential(1.0 / row.number("mu")))
}

fn shape(text: &str) -> Distribution {
    let scv = || numbers(text.split("scv=").nth(1).unwrap().trim_end_matches(')'))[0];
    match text.split('(').next().unwrap() {
        "D" => Distribution::Constant(SECOND),
        "Exp" => exponential(1.0),
        "Erlang4" => Distribution::Erlang { stages: 4, stage: SECOND / 4.0 },
        "Uniform" => Distribution::Uniform { low: 0.0, high: 2.0 * SECOND },
        "LogNormal" => Distribution::lognormal(SECOND, scv()),
        "H2" => Distribution::balanced(SECOND, scv()),
        "Bimodal" => Distribution::Discrete(vec![(0.9, 0.5 * SECOND), (0.1, 5.5 * SECOND)]),
        other => panic!("{other}"),
    }
}

fn split(row: &Row) -> Network {
    let mut builder = Builder::new();
    let count = row.count("servers");
    let ways: Vec<_> = (0..count)
        .map(|at| {
            let station = builder.station(Station { name: format!("server{at}"), ..servers(1) });
            (1.0, builder.serve(station, exponential(1.0), END))
        })
        .collect();
    let entry = builder.by_chance("clients".to_owned(), &ways);
    builder.source("clients", poisson(row.number("lambda_total")), 0, entry);
    builder.finish()
}

/// web -> app <-> db.
fn jackson() -> Network {
    let mut builder = Builder::new();
    let mut station =
        |name: &str, count| builder.station(Station { name: name.to_owned(), ..servers(count) });
    let (web, app, db) = (station("web", 2), station("app", 4), station("db", 1));
    let back = builder.forward();
    let after_db = builder.by_chance("db".to_owned(), &[(0.3, back), (0.7, END)]);
    let at_db = builder.serve(db, exponential(1.0 / 12.0), after_db);
    let after_app = builder.by_chance("app".to_owned(), &[(0.6, at_db), (0.4, END)]);
    let at_app = builder.serve(app, exponential(0.2), after_app);
    builder.define(back, at_app);
    let at_web = builder.serve(web, exponential(0.1), at_app);
    builder.source("clients", poisson(8.0), 0, at_web);
    builder.finish()
}

fn tandem(row: &Row) -> Network {
    let mut builder = Builder::new();
    let rates = numbers(row.between("mu=", ";"));
    let entry = rates.iter().enumerate().rev().fold(END, |then, (at, rate)| {
        let station = builder.station(Station { name: format!("stage{at}"), ..servers(1) });
        builder.serve(station, exponential(1.0 / rate), then)
    });
    builder.source("clients", poisson(row.number("lambda")), 0, entry);
    builder.finish()
}

fn forked(rate: f64, branches: u32, station: impl Fn(u32) -> Station) -> Network {
    let mut builder = Builder::new();
    let targets: Vec<_> = (0..branches)
        .map(|at| {
            let station = builder.station(station(at));
            builder.serve(station, exponential(1.0), END)
        })
        .collect();
    let entry = builder.call("clients".to_owned(), &targets, Policy::default(), END);
    builder.source("clients", poisson(rate), 0, entry);
    builder.finish()
}

fn repair(row: &Row) -> Network {
    let mut builder = Builder::new();
    let station = builder.station(servers(row.count("c")));
    let entry = builder.serve(station, exponential(row.number("S")), END);
    let think = exponential(row.number("Z"));
    let arrivals = Arrivals::Closed { population: row.count("N"), think };
    builder.source("machines", arrivals, 0, entry);
    builder.finish()
}

fn closed(row: &Row) -> Network {
    let mut builder = Builder::new();
    let demands = numbers(row.between("D=", "("));
    // In the order of the table, so that the second one is the bottleneck.
    let stations: Vec<_> = (0..demands.len())
        .map(|at| builder.station(Station { name: format!("station{at}"), ..servers(1) }))
        .collect();
    let entry =
        stations.iter().zip(&demands).rev().fold(END, |then, (station, demand)| {
            builder.serve(*station, exponential(*demand), then)
        });
    let think = exponential(row.number("Z"));
    let arrivals = Arrivals::Closed { population: row.count("N"), think };
    builder.source("clients", arrivals, 0, entry);
    builder.finish()
}

fn retries(row: &Row) -> Network {
    let mut builder = Builder::new();
    let failures = numbers(row.between("p=", ";"))[0];
    let station = builder.station(Station { servers: None, failures, ..servers(1) });
    let target = builder.serve(station, exponential(0.01), END);
    let policy = Policy { retries: row.count("max_retries"), ..Policy::default() };
    let entry = builder.call("clients".to_owned(), &[target], policy, END);
    builder.source("clients", poisson(10.0), 0, entry);
    builder.finish()
}
