//! `firm up` on PostgreSQL beside what one would write by hand and what people use.

pub mod by_hand;
mod contestants;
pub mod database;
mod requests;

use std::time::Duration;

use anyhow::Result;

use crate::load::{self, Expected, Measured};
use crate::machine;
use crate::predict::busy::Busy;
use crate::process::remove;
use crate::soak;
use crate::table;
use contestants::{Contestant, Field, Kind};
use database::Extent;
use requests::Question;

const CONNECTIONS: &str = "32,256";

/// Which part is measured, how often and over how much.
struct Options {
    rounds: usize,
    /// Of one run.
    time: Duration,
    extent: Extent,
    connections: Vec<usize>,
    /// A part of the names of the requests that are wanted.
    only: String,
}

impl Options {
    /// `FIRMITAS_BENCH_ROUNDS`, `FIRMITAS_BENCH_SECONDS`, `FIRMITAS_BENCH_ORDERS`,
    /// `FIRMITAS_BENCH_PRODUCTS`, `FIRMITAS_BENCH_CONNECTIONS`, `FIRMITAS_BENCH_ONLY`.
    fn read() -> Self {
        let number = |name: &str, default: i64| {
            std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let products = number("FIRMITAS_BENCH_PRODUCTS", 100_000);
        let orders = number("FIRMITAS_BENCH_ORDERS", 1_000_000);
        let rounds = usize::try_from(number("FIRMITAS_BENCH_ROUNDS", 3)).unwrap_or(3);
        let seconds = u64::try_from(number("FIRMITAS_BENCH_SECONDS", 2)).unwrap_or(2);
        let time = Duration::from_secs(seconds);
        let text =
            |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let connections = text("FIRMITAS_BENCH_CONNECTIONS", CONNECTIONS);
        let connections = connections.split(',').filter_map(|of| of.parse().ok()).collect();
        let only = text("FIRMITAS_BENCH_ONLY", "");
        Self { rounds, time, extent: Extent { products, orders }, connections, only }
    }

    /// Whether a kind of request is measured.
    fn wants(&self, question: Question) -> bool {
        question.name().contains(&self.only)
    }
}

/// Rate, CPU microseconds per request, median and p99 in milliseconds, and the CPU microseconds of
/// the database.
async fn once(
    field: &Field,
    contestant: &Contestant,
    question: Question,
    connections: usize,
    time: Duration,
    run: u64,
) -> Result<[f64; 5]> {
    let requests = question.requests(field, contestant.kind, run);
    let address = &contestant.server.address;
    let before = Busy::now(&contestant.server, Some(field.database))?;
    let Measured { rate, count, median, p99 } =
        load::run(address, connections, time, Expected::Success, requests).await?;
    let used = Busy::now(&contestant.server, Some(field.database))?.since(before);
    let used = used.per(count as f64);
    let [median, p99] = [median, p99].map(|time| time.as_secs_f64() * 1e3);
    Ok([rate, used.server * 1e6, median, p99, used.database * 1e6])
}

/// Interleaves the contestants round by round and prints medians.
pub fn measure(admin: &str) -> Result<()> {
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        machine::print(&database::version(admin).await?);
        let field = Field::open(admin, options.extent, &Kind::ALL).await?;
        let mut run = 0;
        let mut targets = Vec::new();
        for &connections in &options.connections {
            let mut rows = Vec::new();
            for question in Question::ALL.into_iter().filter(|of| options.wants(*of)) {
                let all = compare(&field, question, connections, &options, &mut run).await?;
                targets.push(target(question, connections, &all));
                rows.extend(shown(question, &all));
            }
            let head = [
                "request",
                "server",
                "per second",
                "CPU us each",
                "of bare",
                "database us",
                "median ms",
                "p99 ms",
            ];
            let title = format!(
                "Serving on PostgreSQL, {connections} connections (medians of {} interleaved runs of {} s; {} products, {} orders)",
                options.rounds,
                options.time.as_secs(),
                options.extent.products,
                options.extent.orders
            );
            table::print(&title, &head, &rows);
        }
        let head = [
            "request",
            "connections",
            "CPU of bare (at most 2)",
            "rate of the same checks (at least 0.8)",
            "rate of fastify (at least 2)",
        ];
        table::print("`firm up` against its targets", &head, &targets);
        paced(&field, &options, &mut run).await?;
        for contestant in &field.contestants {
            println!("{}: {:.0} MB resident", contestant.name, contestant.server.resident()?);
        }
        remove(&field.data);
        Ok(())
    })
}

/// Keeps `firm up` busy with everything at half of its capacity, which is measured first.
pub fn soak(admin: &str, minutes: u64) -> Result<()> {
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let field = Field::open(admin, options.extent, &[Kind::Firm]).await?;
        let Some(firm) = field.contestants.first() else { return Ok(()) };
        let all = |run| Question::Mixed.requests(&field, Kind::Firm, run);
        let full = load::run(&firm.server.address, 32, options.time * 3, Expected::Success, all(1))
            .await?;
        let time = Duration::from_secs(minutes * 60);
        soak::run("firm up on PostgreSQL, mixed", &firm.server, full.rate / 2.0, time, all(2))
            .await?;
        remove(&field.data);
        Ok(())
    })
}

/// Medians of a server, see [`once`]; not a number where it could not do it.
type Medians = (Kind, [f64; 5]);

async fn compare(
    field: &Field,
    question: Question,
    connections: usize,
    options: &Options,
    run: &mut u64,
) -> Result<Vec<Medians>> {
    let mut figures = vec![Vec::new(); field.contestants.len()];
    // One run that is not counted warms everybody's caches and pools.
    for round in 0..=options.rounds {
        for (contestant, figures) in field.contestants.iter().zip(&mut figures) {
            *run += 1;
            match once(field, contestant, question, connections, options.time, *run).await {
                Ok(figure) if round > 0 => figures.push(figure),
                Ok(_) => {}
                Err(error) if round == 0 => {
                    println!("{} cannot {}: {error:#}", contestant.name, question.name());
                }
                Err(_) => {}
            }
        }
    }
    let middle = |figures: &[[f64; 5]]| {
        [0, 1, 2, 3, 4].map(|at| table::median(figures.iter().map(|figure| figure[at]).collect()))
    };
    let all = field.contestants.iter().zip(&figures);
    Ok(all.map(|(contestant, figures)| (contestant.kind, middle(figures))).collect())
}

/// One of the figures of a server.
fn of(all: &[Medians], kind: Kind, figure: usize) -> f64 {
    let found = all.iter().find(|(of, _)| *of == kind);
    found.map_or(f64::NAN, |(_, medians)| medians[figure])
}

fn shown(question: Question, all: &[Medians]) -> Vec<Vec<String>> {
    let bare = of(all, Kind::Bare, 1);
    let there = all.iter().filter(|(_, medians)| medians[0].is_finite());
    let row = |(kind, medians): &Medians| {
        vec![
            question.name().to_owned(),
            kind.name().to_owned(),
            format!("{:.0}", medians[0]),
            format!("{:.0}", medians[1]),
            format!("{:.2}x", medians[1] / bare),
            format!("{:.0}", medians[4]),
            format!("{:.2}", medians[2]),
            format!("{:.2}", medians[3]),
        ]
    };
    there.map(row).collect()
}

fn target(question: Question, connections: usize, all: &[Medians]) -> Vec<String> {
    let ratio = |figure: usize, other: Kind| {
        let ratio = of(all, Kind::Firm, figure) / of(all, other, figure);
        if ratio.is_finite() { format!("{ratio:.2}x") } else { "-".to_owned() }
    };
    vec![
        question.name().to_owned(),
        connections.to_string(),
        ratio(1, Kind::Bare),
        ratio(0, Kind::Checked),
        ratio(0, Kind::Fastify),
    ]
}

/// Latency at one rate that all can serve: requests are sent when they are due, whatever the
/// answers before took.
async fn paced(field: &Field, options: &Options, run: &mut u64) -> Result<()> {
    const RATE: f64 = 1000.0;
    let mut rows = Vec::new();
    let questions = [Question::Get, Question::Page, Question::Create, Question::Mixed];
    for question in questions.into_iter().filter(|of| options.wants(*of)) {
        let mut figures = vec![Vec::new(); field.contestants.len()];
        for _ in 0..options.rounds {
            for (contestant, figures) in field.contestants.iter().zip(&mut figures) {
                *run += 1;
                let requests = question.requests(field, contestant.kind, *run);
                let address = &contestant.server.address;
                if let Ok(measured) = load::paced(address, 32, RATE, options.time, requests).await {
                    figures.push([
                        measured.median.as_secs_f64() * 1e3,
                        measured.p99.as_secs_f64() * 1e3,
                    ]);
                }
            }
        }
        for (contestant, figures) in field.contestants.iter().zip(&figures) {
            let middle = |at: usize| table::median(figures.iter().map(|f| f[at]).collect());
            rows.push(vec![
                question.name().to_owned(),
                contestant.name.to_owned(),
                format!("{:.2}", middle(0)),
                format!("{:.2}", middle(1)),
            ]);
        }
    }
    let title = format!("At {RATE} requests/s, open loop, 32 connections");
    table::print(&title, &["request", "server", "median ms", "p99 ms"], &rows);
    Ok(())
}
