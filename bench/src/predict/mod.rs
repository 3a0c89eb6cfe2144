//! Prediction against reality: the shop is measured at one load, simulated at others, and measured
//! there, on this machine (`cargo xtask bench predict`).

pub mod busy;
mod cores;
mod model;
mod open;
mod settle;
mod shop;
mod switch;

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::machine;
use crate::postgresql::database;
use crate::table;
use busy::Busy;
use cores::Cores;
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
    if let Some(folder) = std::env::var_os("FIRMITAS_BENCH_KEPT") {
        return again(std::path::Path::new(&folder), &options);
    }
    let cores = Cores::divided();
    let switch = on("SQLite", None, None, (&cores, &options), None)?;
    let Some(admin) = admin else {
        println!("FIRMITAS_BENCH_POSTGRES is not set: PostgreSQL is left out");
        return Ok(());
    };
    let (url, server) = runtime.block_on(async {
        let url = database::create(admin, "firmitas_predict").await?;
        let row = database::connect(admin).await?.query_one("SELECT pg_backend_pid()", &[]).await?;
        anyhow::Ok((url, u32::try_from(row.get::<_, i32>(0)).ok().and_then(busy::parent)))
    })?;
    if let Some(server) = server {
        cores.serving(server, &busy::children(server)?)?;
    }
    let measured = on("PostgreSQL", Some(&url), server, (&cores, &options), switch);
    if let Some(server) = server {
        cores.free(server, &busy::children(server)?)?;
    }
    measured.map(|_| ())
}

/// Simulates what was measured and kept before (`FIRMITAS_BENCH_KEEP`), without measuring anything.
fn again(folder: &std::path::Path, options: &Options) -> Result<()> {
    let mut known = None;
    for name in ["SQLite", "PostgreSQL"] {
        let Ok(text) = std::fs::read(folder.join(format!("{name}.json"))) else { continue };
        let mut kept: Measurement = serde_json::from_slice(&text)?;
        kept.from.switch = kept.from.switch.or(known);
        if kept.from.switch.is_none() {
            // Measured before this was: by itself, now.
            let cores = kept.from.cores.clone();
            let shop = Shop::open(None, &cores)?;
            cores.take_own()?;
            let mut bench = Bench { mix: shop.mix(), shop, database: None, options, runs: 0 };
            let switch = switch::seconds(&mut bench);
            cores.free(std::process::id(), &[])?;
            kept.from.switch = Some(switch?);
        }
        known = kept.from.switch;
        report(name, &kept)?;
    }
    Ok(())
}

/// A store that is measured.
struct Bench<'a> {
    shop: Shop,
    mix: Vec<Kind>,
    database: Option<u32>,
    options: &'a Options,
    runs: u64,
}

impl Bench<'_> {
    /// Load for a time, and what everybody used of the processors meanwhile. Where there is no rate,
    /// as much as so many connections can.
    fn asked(&mut self, rate: Result<f64, usize>, time: Duration) -> Result<(Seen, Busy)> {
        self.runs += 1;
        let start = Busy::now(&self.shop.server, self.database)?;
        let seen = load(&self.shop.server.address, &self.mix, rate, time, self.runs)?;
        Ok((seen, Busy::now(&self.shop.server, self.database)?.since(start)))
    }

    /// All it can serve a second, and what a request takes of the processors then.
    fn all_it_can(&mut self) -> Result<(f64, Busy)> {
        self.asked(Err(ALL_IT_CAN), self.options.time / 2)?;
        let (seen, busy) = self.asked(Err(ALL_IT_CAN), self.options.time)?;
        Ok((seen.rate, busy.per(seen.count())))
    }
}

/// One store, from an empty one to the tables. `database` is its process; `switch` what a thread
/// takes that sleeps, where that is known. What it was.
fn on(
    name: &str,
    store: Option<&str>,
    database: Option<u32>,
    (cores, options): (&Cores, &Options),
    switch: Option<f64>,
) -> Result<Option<f64>> {
    let progress = |what: &str| eprintln!("{name}: {what}");
    progress("filling");
    let shop = Shop::open(store, cores)?;
    cores.take_own()?;
    let mut bench = Bench { mix: shop.mix(), shop, database, options, runs: 0 };
    let measurement = measured(&mut bench, cores, switch, &progress);
    cores.free(std::process::id(), &[])?;
    let measurement = measurement?;
    if let Some(folder) = std::env::var_os("FIRMITAS_BENCH_KEEP") {
        std::fs::create_dir_all(&folder)?;
        let path = std::path::Path::new(&folder).join(format!("{name}.json"));
        std::fs::write(path, serde_json::to_vec(&measurement)?)?;
    }
    progress("simulating");
    report(name, &measurement)?;
    Ok(measurement.from.switch)
}

/// All that is measured of one store.
#[derive(Serialize, Deserialize)]
struct Measurement {
    /// Requests a second, at most.
    capacity: f64,
    /// Operations.
    kinds: Vec<String>,
    /// What it was calibrated with.
    from: Calibration,
    /// By load.
    loads: Vec<AtLoad>,
}

fn measured(
    bench: &mut Bench<'_>,
    cores: &Cores,
    switch: Option<f64>,
    progress: &dyn Fn(&str),
) -> Result<Measurement> {
    progress("warming up, then all it can serve");
    let (capacity, full) = bench.all_it_can()?;
    progress(&format!("{capacity:.0} requests/s; measuring times at {:.0} %", LOADS[0] * 100.0));
    let switch = match switch {
        Some(known) => known,
        None => switch::seconds(bench)?,
    };
    bench.asked(Ok(capacity * LOADS[0]), bench.options.time / 2)?;
    let before = bench.shop.metrics()?;
    let time = long_enough(&bench.mix, capacity * LOADS[0], bench.options.time * 4);
    let (seen, busy) = bench.asked(Ok(capacity * LOADS[0]), time)?;
    let after = bench.shop.metrics()?;
    let connections = connections(&after).unwrap_or(cores.server.clamp(2, 16));
    let (time, cores) = (time.as_secs_f64(), cores.clone());
    let from = Calibration {
        before,
        after,
        seen,
        busy,
        time,
        full,
        cores,
        connections,
        switch: Some(switch),
    };
    let kinds = bench.mix.iter().map(|kind| kind.name.to_owned()).collect();
    Ok(Measurement { capacity, kinds, from, loads: rounds(bench, capacity, progress)? })
}

fn report(name: &str, of: &Measurement) -> Result<()> {
    println!(
        "\n#### {name}: {:.0} requests/s at most; times taken at {:.0} % and there",
        of.capacity,
        LOADS[0] * 100.0
    );
    let model = Model::calibrated(model::design()?, &of.kinds, &of.from)?;
    told(&of.from, &model);
    compare(&of.kinds, &model, &of.from, &of.loads)
}

/// What was measured at one load, again and again.
#[derive(Default, Serialize, Deserialize)]
struct AtLoad {
    seen: Vec<Seen>,
    used: Busy,
}

/// Every load in turn, so that what changes on the machine concerns all of them.
fn rounds(bench: &mut Bench<'_>, capacity: f64, progress: &dyn Fn(&str)) -> Result<Vec<AtLoad>> {
    let mut measured: Vec<AtLoad> = LOADS.iter().map(|_| AtLoad::default()).collect();
    for round in 1..=bench.options.rounds {
        progress(&format!("round {round} of {}", bench.options.rounds));
        for (share, at) in LOADS.iter().zip(&mut measured) {
            let (seen, used) = bench.asked(Ok(capacity * share), bench.options.time)?;
            at.seen.push(seen);
            at.used = at.used.and(used);
        }
    }
    Ok(measured)
}

fn compare(kinds: &[String], model: &Model, from: &Calibration, measured: &[AtLoad]) -> Result<()> {
    for (share, at) in LOADS.iter().zip(measured) {
        let times = share / LOADS[0];
        let said = model.at(times, 1.0)?;
        let count: f64 = at.seen.iter().map(Seen::count).sum();
        let requests = count / at.seen.iter().map(|seen| seen.time).sum::<f64>();
        let each = at.used.per(count).on(&from.cores);
        println!(
            "\nAt {:.0} %: {:.0} us of the cores a request, which are {:.0} % busy; {:.0} % predicted",
            share * 100.0,
            each * 1e6,
            each * requests / f64::from(from.cores.server) * 100.0,
            model.utilisation(times)? * 100.0
        );
        table(kinds, &said, &at.seen);
    }
    Ok(())
}

/// What a request used of the processors, and whether others were at work on them.
fn told(from: &Calibration, model: &Model) {
    let all = std::thread::available_parallelism().map_or(1, |all| all.get());
    let others = from.busy.others(from.time * all as f64);
    let (low, full) = (from.per_request(), from.full);
    let us = |of: fn(&Busy) -> f64| (of(&low) * 1e6, of(&full) * 1e6);
    let (server, database, client) = (us(|of| of.server), us(|of| of.database), us(|of| of.client));
    println!(
        "\nCPU of a request at {:.0} % and at most: server {:.0} and {:.0} us, database {:.0} and {:.0} us, client {:.0} and {:.0} us{}. A core that was free takes {:.0} us more, a thread that slept {:.1} us. Others used {:.0} % of the machine.",
        LOADS[0] * 100.0,
        server.0,
        server.1,
        database.0,
        database.1,
        client.0,
        client.1,
        if from.cores.apart { " on a core of its own" } else { "" },
        model.setup() * 1e6,
        from.switch.unwrap_or(0.0) * 1e6,
        others * 100.0,
    );
    if let Some((often, time)) = model.stalls() {
        println!(
            "\nBeside all operations {:.0} us; a commit {:.2} ms; {often:.1} times a second something else has the core for {:.1} ms.",
            model.beside() * 1e6,
            model.commit() * 1e3,
            time * 1e3,
        );
    }
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
fn table(kinds: &[String], said: &[[f64; 3]], measured: &[Seen]) {
    let mut rows = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
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
                kind.clone(),
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
