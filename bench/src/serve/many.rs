//! The shape in which embedded backends are compared elsewhere: 100,000 rows are inserted under the
//! rules of the model, then a million are read by id, with 64 requests under way at a time.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

use super::{Contestant, HEAD, new_product, row};
use crate::load::{self, Requests};
use crate::table;

const CONNECTIONS: usize = 64;
/// In how many pieces, between which contestants take turns.
const PIECES: u64 = 10;

/// Sums over the pieces.
#[derive(Clone, Default)]
struct Sums {
    count: f64,
    seconds: f64,
    cpu: f64,
    medians: Vec<f64>,
    p99s: Vec<f64>,
}

impl Sums {
    fn figures(&self) -> [f64; 4] {
        let (median, p99) = (table::median(self.medians.clone()), table::median(self.p99s.clone()));
        [self.count / self.seconds, self.cpu * 1e6 / self.count, median, p99]
    }
}

type Ids = Arc<Mutex<Vec<String>>>;

/// Sends a piece to a contestant.
async fn piece(
    contestant: &Contestant,
    range: (u64, u64),
    requests: Requests,
    see: load::See,
    sums: &mut Sums,
) -> Result<()> {
    let before = contestant.server.cpu_seconds()?;
    let address = &contestant.server.address;
    let measured = load::counted(address, CONNECTIONS, range, requests, see).await?;
    sums.cpu += contestant.server.cpu_seconds()? - before;
    sums.count += measured.count as f64;
    sums.seconds += measured.count as f64 / measured.rate;
    sums.medians.push(measured.median.as_secs_f64() * 1e3);
    sums.p99s.push(measured.p99.as_secs_f64() * 1e3);
    Ok(())
}

/// The id of the row that an answer shows.
fn id(answer: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(answer).ok()?;
    let (_, rest) = text.split_once("\"id\":\"")?;
    rest.get(..36).map(str::to_owned)
}

/// Inserts, then reads; `FIRMITAS_BENCH_INSERTS` and `FIRMITAS_BENCH_READS` make it smaller.
pub(super) async fn measure(contestants: &[Contestant]) -> Result<()> {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let inserts = number("FIRMITAS_BENCH_INSERTS", 100_000) / PIECES;
    let reads = number("FIRMITAS_BENCH_READS", 1_000_000) / PIECES;
    let ids: Vec<Ids> = contestants.iter().map(|_| Ids::default()).collect();
    let mut sums = vec![[Sums::default(), Sums::default()]; contestants.len()];
    for at in 0..PIECES {
        for ((contestant, ids), sums) in contestants.iter().zip(&ids).zip(&mut sums) {
            let token = contestant.token.clone();
            let requests: Requests =
                Arc::new(move |n| new_product(token.as_deref(), &format!("many-{n}"), n));
            let ids = ids.clone();
            let see = move |answer: &[u8]| {
                ids.lock().unwrap_or_else(PoisonError::into_inner).extend(id(answer));
            };
            let range = (at * inserts, inserts);
            piece(contestant, range, requests, Arc::new(see), &mut sums[0]).await?;
        }
    }
    for at in 0..PIECES {
        for ((contestant, ids), sums) in contestants.iter().zip(&ids).zip(&mut sums) {
            let ids = ids.lock().unwrap_or_else(PoisonError::into_inner).clone();
            ids.first().context("no row was inserted")?;
            let requests: Requests = Arc::new(move |n| {
                let id = &ids[(n as usize).wrapping_mul(7919) % ids.len()];
                format!("GET /catalog/v1/products/{id} HTTP/1.1\r\nhost: bench\r\n\r\n").into()
            });
            piece(contestant, (at * reads, reads), requests, Arc::new(|_| {}), &mut sums[1])
                .await?;
        }
    }
    let mut rows = Vec::new();
    for (at, name) in [(0, "insert"), (1, "read by id")] {
        for (contestant, sums) in contestants.iter().zip(&sums) {
            rows.push(row(name, contestant, sums[at].figures()));
        }
    }
    let title = format!(
        "{} inserts under the rules, then {} reads, {CONNECTIONS} at a time, on the embedded store",
        inserts * PIECES,
        reads * PIECES
    );
    table::print(&title, &HEAD, &rows);
    Ok(())
}
