//! Prediction against reality: the shop is measured at one load, simulated at others, and measured
//! there, on this machine (`cargo xtask bench predict`).

mod busy;
mod model;
mod open;
mod shop;

use std::time::Duration;

use anyhow::Result;

use crate::machine;
use crate::postgresql::database;
use crate::table;
use busy::Busy;
use model::{Calibration, Model, PERCENTILES};
use open::{Kind, Seen, load};
use shop::Shop;

/// Shares of what it can serve at most; times are taken at the first.
const LOADS: [f64; 3] = [0.3, 0.6, 0.8];
/// Requests of the rarest kind that times are taken from, at least.
const RAREST: f64 = 100.0;
/// Share of the machine that others may use before figures say nothing.
const OTHERS: f64 = 0.1;
/// Connections when it is asked for all it can.
const ALL_IT_CAN: usize = 16;

/// How often and how long.
struct Options {
    rounds: usize,
    time: Duration,
}

impl Options {
    /// `FIRMITAS_BENCH_ROUNDS` (4), `FIRMITAS_BENCH_SECONDS` (8, of one run; times are taken for
    /// four times as long).
    fn read() -> Self {
        let number = |name: &str, default: u64| {
            let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
            given.unwrap_or(default).max(1)
        };
        let rounds = usize::try_from(number("FIRMITAS_BENCH_ROUNDS", 4)).unwrap_or(4);
        Self { rounds, time: Duration::from_secs(number("FIRMITAS_BENCH_SECONDS", 8)) }
    }
}

/// Both stores; PostgreSQL where there is one.
pub fn measure(admin: Option<&str>) -> Result<()> {
    let options = Options::read();
    let runtime = tokio::runtime::Runtime::new()?;
    let version = admin.map(|admin| runtime.block_on(database::version(admin))).transpose()?;
    machine::print(version.as_deref().unwrap_or("none"));
    on("SQLite", None, None, &options)?;
    let Some(admin) = admin else {
        println!("FIRMITAS_BENCH_POSTGRES is not set: PostgreSQL is left out");
        return Ok(());
    };
    let (url, server) = runtime.block_on(async {
        let url = database::create(admin, "firmitas_predict").await?;
        let row = database::connect(admin).await?.query_one("SELECT pg_backend_pid()", &[]).await?;
        anyhow::Ok((url, u32::try_from(row.get::<_, i32>(0)).ok().and_then(busy::parent)))
    })?;
    on("PostgreSQL", Some(&url), server, &options)
}

/// One store, from an empty one to the tables. `database` is its process.
fn on(name: &str, store: Option<&str>, database: Option<u32>, options: &Options) -> Result<()> {
    let progress = |what: &str| eprintln!("{name}: {what}");
    progress("filling");
    let shop = Shop::open(store)?;
    let mix = shop.mix();
    let address = shop.server.address.as_str();
    let mut run = 0;
    let mut asked = |rate, time| {
        run += 1;
        load(address, &mix, rate, time, run)
    };
    progress("warming up, then all it can serve");
    asked(Err(ALL_IT_CAN), options.time / 2)?;
    let capacity = asked(Err(ALL_IT_CAN), options.time)?.rate;
    progress(&format!("{capacity:.0} requests/s; measuring times at {:.0} %", LOADS[0] * 100.0));
    asked(Ok(capacity * LOADS[0]), options.time / 2)?;
    let (before, start) = (shop.metrics()?, Busy::now(&shop.server, database)?);
    let time = long_enough(&mix, capacity * LOADS[0], options.time * 4);
    let seen = asked(Ok(capacity * LOADS[0]), time)?;
    let (busy, after) = (Busy::now(&shop.server, database)?.since(start), shop.metrics()?);
    let mut measured: Vec<Vec<Seen>> = LOADS.iter().map(|_| Vec::new()).collect();
    let mut used = [0.0; LOADS.len()];
    for round in 1..=options.rounds {
        progress(&format!("round {round} of {}", options.rounds));
        for (at, share) in LOADS.iter().enumerate() {
            let start = Busy::now(&shop.server, database)?;
            measured[at].push(asked(Ok(capacity * share), options.time)?);
            let busy = Busy::now(&shop.server, database)?.since(start);
            used[at] += (busy.server + busy.database + busy.client) / options.time.as_secs_f64();
        }
    }
    progress("simulating");
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let connections = connections(&after).unwrap_or(cores.clamp(2, 16));
    let time = time.as_secs_f64();
    println!(
        "\n#### {name}: {capacity:.0} requests/s at most; times taken at {:.0} %",
        LOADS[0] * 100.0
    );
    told(&seen, busy, time * f64::from(cores));
    let from = Calibration { before, after, seen: &seen, busy, time };
    let model = Model::calibrated(model::design()?, &mix, cores, connections, &from)?;
    for (at, share) in LOADS.iter().enumerate() {
        let times = share / LOADS[0];
        let said = model.at(times, 1.0)?;
        let cores_used = used[at] / options.rounds as f64 / f64::from(cores);
        println!(
            "\nAt {:.0} %: cores {:.0} % busy, {:.0} % predicted",
            share * 100.0,
            cores_used * 100.0,
            model.utilisation(times)? * 100.0
        );
        table(&mix, &said, &measured[at]);
    }
    Ok(())
}

/// What a request used of the processors, and whether others were at work on them. `all` are the
/// core-seconds that there were.
fn told(seen: &Seen, busy: Busy, all: f64) {
    let count = seen.latencies.iter().map(Vec::len).sum::<usize>() as f64;
    let per = |seconds: f64| seconds * 1e6 / count;
    let others = (busy.machine - busy.server - busy.database - busy.client).max(0.0) / all;
    println!(
        "\nCPU of a request: server {:.0} us, database {:.0} us, client {:.0} us; {:.0} % of the machine was used by others.",
        per(busy.server),
        per(busy.database),
        per(busy.client),
        others * 100.0,
    );
    if others > OTHERS {
        println!("\n**Others were at work on the machine: these figures say nothing.**");
    }
}

/// So long that the rarest kind is measured, within a minute.
fn long_enough(mix: &[Kind], rate: f64, wanted: Duration) -> Duration {
    let rarest = mix.iter().map(|kind| kind.share).fold(1.0, f64::min) * rate;
    let needed = Duration::from_secs_f64((RAREST / rarest.max(1e-3)).min(60.0));
    wanted.max(needed)
}

/// Connections to the store, as the server says.
fn connections(metrics: &str) -> Option<u32> {
    let line = metrics.lines().find_map(|line| line.strip_prefix("store_connections_most "))?;
    line.trim().parse().ok()
}

/// Each percentile beside that of the repeated runs: their median, and how far they spread.
fn table(mix: &[Kind], said: &[[f64; 3]], measured: &[Seen]) {
    let mut rows = Vec::new();
    for (at, kind) in mix.iter().enumerate() {
        for (which, share) in PERCENTILES.iter().enumerate() {
            let mut runs: Vec<f64> =
                measured.iter().filter_map(|seen| seen.percentile(at, *share)).collect();
            runs.sort_by(f64::total_cmp);
            let (Some(least), Some(most)) = (runs.first(), runs.last()) else { continue };
            let middle = table::median(runs.clone());
            let predicted = said[at][which];
            let error = predicted / middle - 1.0;
            let inside = if predicted >= *least && predicted <= *most { "yes" } else { "no" };
            rows.push(vec![
                kind.name.to_owned(),
                format!("p{:.0}", share * 100.0),
                format!("{:.2}", predicted * 1e3),
                format!("{:.2}", middle * 1e3),
                format!("{:.2} to {:.2}", least * 1e3, most * 1e3),
                format!("{:+.0} %", error * 100.0),
                inside.to_owned(),
            ]);
        }
    }
    let head =
        ["operation", "", "predicted ms", "measured ms", "of the runs", "off", "within the runs"];
    table::print("", &head, &rows);
}
