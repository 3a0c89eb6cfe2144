//! A closed-loop load generator: a fixed number of keep-alive connections, each sending its next
//! request when the last answer is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes the bytes of the n-th request.
pub type Requests = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Looks at the bytes of an answer.
pub type See = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// What a run measured.
pub struct Measured {
    /// Answers per second.
    pub rate: f64,
    /// Answers in all.
    pub count: u64,
    /// Median latency.
    pub median: Duration,
    /// 99th percentile of latency.
    pub p99: Duration,
}

/// Which answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This one alone.
    Status(u16),
    /// 200 and 201.
    Success,
}

impl Expected {
    const fn fits(self, status: u16) -> bool {
        match self {
            Self::Status(wanted) => status == wanted,
            Self::Success => matches!(status, 200 | 201),
        }
    }
}

/// Sends for `time` over `connections`; every answer must be an `expected` one.
pub async fn run(
    address: &str,
    connections: usize,
    time: Duration,
    expected: Expected,
    requests: Requests,
) -> Result<Measured> {
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (next, requests, address) = (next.clone(), requests.clone(), address.to_owned());
            tokio::spawn(async move {
                connection(&address, start + time, expected, &next, &requests).await
            })
        })
        .collect();
    gather(tasks, start).await
}

/// Sends so many requests per second over `connections`, each when it is due: the time that one
/// waits because the one before is late counts as its own.
pub async fn paced(
    address: &str,
    connections: usize,
    rate: f64,
    time: Duration,
    requests: Requests,
) -> Result<Measured> {
    let start = Instant::now();
    let every = Duration::from_secs_f64(connections as f64 / rate);
    let tasks: Vec<_> = (0..connections)
        .map(|at| {
            let (requests, address) = (requests.clone(), address.to_owned());
            let first = start + every.mul_f64(at as f64 / connections as f64);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(64 << 10));
                let (mut due, mut number) = (first, at as u64);
                while due < start + time {
                    tokio::time::sleep_until(due.into()).await;
                    stream.write_all(&requests(number)).await?;
                    let status = answer(&mut stream, &mut buffer).await?;
                    if !Expected::Success.fits(status) {
                        bail!("status {status}: {}", String::from_utf8_lossy(&buffer));
                    }
                    latencies.push(due.elapsed());
                    due += every;
                    number += connections as u64;
                }
                Ok(latencies)
            })
        })
        .collect();
    gather(tasks, start).await
}

/// Sends so many requests, the n-th of them numbered from `first`; `see` gets each answer.
pub async fn counted(
    address: &str,
    connections: usize,
    (first, count): (u64, u64),
    requests: Requests,
    see: See,
) -> Result<Measured> {
    let next = Arc::new(AtomicU64::new(first));
    let start = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (next, requests, see) = (next.clone(), requests.clone(), see.clone());
            let address = address.to_owned();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(64 << 10));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= first + count {
                        return Ok(latencies);
                    }
                    let sent = Instant::now();
                    stream.write_all(&requests(number)).await?;
                    let status = answer(&mut stream, &mut buffer).await?;
                    latencies.push(sent.elapsed());
                    if !Expected::Success.fits(status) {
                        bail!("status {status}: {}", String::from_utf8_lossy(&buffer));
                    }
                    see(&buffer);
                }
            })
        })
        .collect();
    gather(tasks, start).await
}

async fn gather(
    tasks: Vec<tokio::task::JoinHandle<Result<Vec<Duration>>>>,
    start: Instant,
) -> Result<Measured> {
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let count = latencies.len() as u64;
    let at = |share: f64| {
        latencies.get(((latencies.len() as f64) * share) as usize).copied().unwrap_or_default()
    };
    Ok(Measured { rate: count as f64 / elapsed, count, median: at(0.5), p99: at(0.99) })
}

async fn connection(
    address: &str,
    end: Instant,
    expected: Expected,
    next: &AtomicU64,
    requests: &Requests,
) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(64 << 10));
    while Instant::now() < end {
        let request = requests(next.fetch_add(1, Ordering::Relaxed));
        let sent = Instant::now();
        stream.write_all(&request).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        latencies.push(sent.elapsed());
        if !expected.fits(status) {
            bail!("status {status}: {}", String::from_utf8_lossy(&buffer));
        }
    }
    Ok(latencies)
}

/// Sends one request and returns the status and the whole answer, for preparation.
pub async fn once(address: &str, request: &[u8]) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut buffer = Vec::new();
    let status = answer(&mut stream, &mut buffer).await?;
    Ok((status, String::from_utf8_lossy(&buffer).into_owned()))
}

/// Reads one answer with a `content-length`; leaves it in the buffer.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    let head = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            bail!("the connection was closed");
        }
    };
    let text = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
    let status = text.get(9..12).context("no status")?.parse()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("no content-length")?.trim().parse()?;
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the connection was closed");
        }
    }
    Ok(status)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
