//! Key reads, pages and inserts: `firm up` beside a bare axum + rusqlite handler.

mod many;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::load::{self, Expected, Measured, Requests};
use crate::process::{Server, firm, folder, remove, shop};
use crate::table;

const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(2);
const PRODUCTS: u64 = 2_000;

/// One of the two servers, with what its requests need.
struct Contestant {
    name: &'static str,
    server: Server,
    token: Option<String>,
    ids: Vec<String>,
    data: PathBuf,
}

/// A kind of request with its connections and expected status.
struct Scenario {
    name: &'static str,
    connections: usize,
    status: u16,
    requests: fn(&Contestant, u64) -> Requests,
}

const SCENARIOS: [Scenario; 6] = [
    Scenario { name: "read by id", connections: 16, status: 200, requests: read },
    Scenario { name: "read by id, 64 clients", connections: 64, status: 200, requests: read },
    Scenario { name: "page of 50", connections: 16, status: 200, requests: page },
    Scenario { name: "insert, 1 client", connections: 1, status: 201, requests: insert },
    Scenario { name: "insert, 16 clients", connections: 16, status: 201, requests: insert },
    Scenario { name: "insert, 64 clients", connections: 64, status: 201, requests: insert },
];

fn read(contestant: &Contestant, _: u64) -> Requests {
    let ids = contestant.ids.clone();
    Arc::new(move |n| {
        let id = &ids[(n as usize * 7919) % ids.len()];
        format!("GET /catalog/v1/products/{id} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
    })
}

fn page(_: &Contestant, _: u64) -> Requests {
    Arc::new(|_| b"GET /catalog/v1/products?limit=50 HTTP/1.1\r\nhost: bench\r\n\r\n".to_vec())
}

fn insert(contestant: &Contestant, round: u64) -> Requests {
    let token = contestant.token.clone();
    Arc::new(move |n| new_product(token.as_deref(), &format!("r{round}-{n}"), n))
}

fn new_product(token: Option<&str>, sku: &str, n: u64) -> Vec<u8> {
    let body = format!(
        "{{\"sku\":\"{sku}\",\"name\":\"Product {n}\",\"description\":\"A plain product\",\"price\":{{\"amount\":\"{}.50\",\"currency\":\"EUR\"}}}}",
        n % 90 + 1
    );
    let authorization = token.map_or(String::new(), |t| format!("authorization: Bearer {t}\r\n"));
    format!(
        "POST /catalog/v1/products HTTP/1.1\r\nhost: bench\r\n{authorization}content-type: application/json\r\nidempotency-key: {sku}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn fill(contestant: &mut Contestant) -> Result<()> {
    for n in 0..PRODUCTS {
        let request = new_product(contestant.token.as_deref(), &format!("seed-{n}"), n);
        let (status, answer) = load::once(&contestant.server.address, &request).await?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let row: serde_json::Value = serde_json::from_str(body).with_context(|| answer.clone())?;
        let id = row["id"].as_str().with_context(|| format!("{status}: {answer}"))?;
        contestant.ids.push(id.to_owned());
    }
    Ok(())
}

fn firmitas(name: &'static str, firm: &Path) -> Result<Contestant> {
    let data = folder(name)?;
    let mut command = Command::new(firm);
    command.arg("up").arg(shop()).args([
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--log",
        "off",
        // One client sends everything.
        "--rate-limit",
        "off",
        "--data",
    ]);
    let server = Server::start(command.arg(&data))?;
    let token = token(firm, &data)?;
    Ok(Contestant { name, server, token: Some(token), ids: Vec::new(), data })
}

fn token(firm: &Path, data: &Path) -> Result<String> {
    let mut command = Command::new(firm);
    command.arg("token").arg(shop()).args(["--actor", "merchandiser", "--as", "bench", "--data"]);
    let output = command.arg(data).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().last().context("`firm token` printed nothing")?.to_owned())
}

fn bare() -> Result<Contestant> {
    let data = folder("bare")?;
    let mut command = Command::new(std::env::current_exe()?);
    let server = Server::start(command.arg("bare-server").arg(&data))?;
    Ok(Contestant { name: "bare axum", server, token: None, ids: Vec::new(), data })
}

/// Rate, CPU microseconds per request, median and p99 in milliseconds.
async fn once(contestant: &Contestant, scenario: &Scenario, round: u64) -> Result<[f64; 4]> {
    let requests = (scenario.requests)(contestant, round);
    let before = contestant.server.cpu_seconds()?;
    let address = &contestant.server.address;
    let run =
        load::run(address, scenario.connections, TIME, Expected::Status(scenario.status), requests);
    let Measured { rate, count, median, p99 } = run.await?;
    let cpu = contestant.server.cpu_seconds()? - before;
    let cpu = cpu * 1e6 / count.max(1) as f64;
    Ok([rate, cpu, median.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3])
}

/// `firm up`, perhaps another build of it (`FIRMITAS_BENCH_BEFORE` is the path of its `firm`), and
/// the handler written by hand.
async fn contestants() -> Result<Vec<Contestant>> {
    let mut all = vec![firmitas("firm up", &firm()?)?];
    if let Some(before) = std::env::var_os("FIRMITAS_BENCH_BEFORE") {
        all.push(firmitas("firm up, before", Path::new(&before))?);
    }
    all.push(bare()?);
    for contestant in &mut all {
        fill(contestant).await?;
    }
    Ok(all)
}

/// Interleaves the contestants round by round and prints medians.
pub fn measure() -> Result<()> {
    let only = std::env::var("FIRMITAS_BENCH_ONLY").unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let contestants = contestants().await?;
        let mut rows = Vec::new();
        let mut unique = 0;
        for scenario in SCENARIOS.iter().filter(|of| of.name.contains(&only)) {
            let mut figures = vec![Vec::new(); contestants.len()];
            for _ in 0..ROUNDS {
                unique += 1;
                for (contestant, figures) in contestants.iter().zip(&mut figures) {
                    figures.push(once(contestant, scenario, unique).await?);
                }
            }
            for (contestant, figures) in contestants.iter().zip(&figures) {
                let middle = |at: usize| table::median(figures.iter().map(|f| f[at]).collect());
                rows.push(row(scenario.name, contestant, [0, 1, 2, 3].map(middle)));
            }
        }
        table::print(
            "Serving on the embedded store (medians of 5 interleaved runs of 2 s)",
            &HEAD,
            &rows,
        );
        if "many inserts, then reads".contains(&only) {
            many::measure(&contestants).await?;
        }
        contestants.iter().for_each(|contestant| remove(&contestant.data));
        Ok(())
    })
}

const HEAD: [&str; 6] = ["request", "server", "per second", "CPU us each", "median ms", "p99 ms"];

fn row(name: &str, contestant: &Contestant, figures: [f64; 4]) -> Vec<String> {
    let [rate, cpu, median, p99] = figures;
    vec![
        name.to_owned(),
        contestant.name.to_owned(),
        format!("{rate:.0}"),
        format!("{cpu:.1}"),
        format!("{median:.2}"),
        format!("{p99:.2}"),
    ]
}
