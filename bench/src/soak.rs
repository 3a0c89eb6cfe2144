//! Half an hour at half of what it can do: memory stays flat. Not part of a plain run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::load;
use crate::process::Server;

/// Sends requests at a rate for so long, and prints how memory and latency go.
pub async fn run(
    name: &str,
    server: &Server,
    rate: f64,
    time: Duration,
    requests: load::Requests,
) -> Result<()> {
    const STEP: Duration = Duration::from_secs(60);
    let start = Instant::now();
    let mut sent = 0u64;
    println!("\n{name} at {rate:.0} requests/s");
    println!(
        "{:>7} {:>10} {:>10} {:>9} {:>9}",
        "minute", "requests", "memory MB", "median ms", "p99 ms"
    );
    while start.elapsed() < time {
        let (requests, offset) = (requests.clone(), sent);
        let shifted: load::Requests = Arc::new(move |n| requests(offset + n));
        let measured = load::paced(&server.address, 32, rate, STEP, shifted).await?;
        sent += measured.count + 32;
        println!(
            "{:>7.0} {:>10} {:>10.1} {:>9.2} {:>9.2}",
            start.elapsed().as_secs_f64() / 60.0,
            sent,
            server.resident()?,
            measured.median.as_secs_f64() * 1e3,
            measured.p99.as_secs_f64() * 1e3,
        );
    }
    Ok(())
}
