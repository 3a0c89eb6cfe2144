//! Load that does not wait for answers: requests are due at random times (Poisson), whatever became
//! of those before. Threads with sockets of their own, so that times are the kernel's and not those
//! of a timer wheel; the time that a request waits for a free one counts as its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use simulate::kernel::{Distribution, Random};

/// Connections: more than are ever needed below capacity.
const CONNECTIONS: usize = 64;
/// No answer takes as long.
const DEADLINE: Duration = Duration::from_secs(20);

/// Makes the bytes of the n-th request.
pub type Requests = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// A kind of request.
#[derive(Clone)]
pub struct Kind {
    /// Its operation, qualified.
    pub name: &'static str,
    /// How often it comes, as a share.
    pub share: f64,
    /// The n-th request.
    pub request: Requests,
}

/// Latencies by kind, in seconds and rising, and answers per second.
#[derive(Serialize, Deserialize)]
pub struct Seen {
    pub latencies: Vec<Vec<f64>>,
    pub rate: f64,
    /// Seconds that it took.
    pub time: f64,
}

impl Seen {
    /// Requests.
    pub fn count(&self) -> f64 {
        self.latencies.iter().map(Vec::len).sum::<usize>() as f64
    }

    /// A percentile of a kind; none where fewer than five lie beyond it.
    pub fn percentile(&self, kind: usize, share: f64) -> Option<f64> {
        let all = self.latencies.get(kind)?;
        let beyond = all.len() as f64 * (1.0 - share);
        all.get((all.len() as f64 * share) as usize).copied().filter(|_| beyond >= 5.0)
    }
}

/// When the next request is due, and what it is.
struct Schedule {
    random: Random,
    between: Option<Distribution>,
    shares: Vec<f64>,
    /// Seconds after the start.
    due: f64,
    number: u64,
}

impl Schedule {
    fn next(&mut self) -> (f64, usize, u64) {
        if let Some(between) = &self.between {
            self.due += between.draw(&mut self.random);
        }
        self.number += 1;
        let mut left = self.random.inside();
        let kind = self.shares.iter().position(|share| {
            left -= share;
            left <= 0.0
        });
        (self.due, kind.unwrap_or(0), self.number)
    }
}

/// Sends `rate` requests a second for a time; as fast as answers come over so many connections
/// where there is no rate. `run` makes what is written unlike that of other runs.
pub fn load(
    address: &str,
    kinds: &[Kind],
    rate: Result<f64, usize>,
    time: Duration,
    run: u64,
) -> Result<Seen> {
    let schedule = Arc::new(Mutex::new(Schedule {
        random: Random::new(run),
        between: rate.ok().map(|rate| Distribution::Exponential(1.0 / rate)),
        shares: kinds.iter().map(|kind| kind.share).collect(),
        due: 0.0,
        number: run << 32,
    }));
    let connections = rate.err().unwrap_or(CONNECTIONS);
    let streams = (0..connections).map(|_| connect(address)).collect::<Result<Vec<_>>>()?;
    let start = Instant::now();
    let threads: Vec<_> = streams
        .into_iter()
        .map(|stream| {
            let (kinds, schedule) = (kinds.to_vec(), schedule.clone());
            let open = rate.is_ok();
            thread::spawn(move || worker(stream, &kinds, &schedule, start, time, open))
        })
        .collect();
    let mut latencies = vec![Vec::new(); kinds.len()];
    for thread in threads {
        let own = thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        for (all, own) in latencies.iter_mut().zip(own) {
            all.extend(own);
        }
    }
    let elapsed = start.elapsed().as_secs_f64();
    let count: usize = latencies.iter().map(Vec::len).sum();
    latencies.iter_mut().for_each(|all| all.sort_by(f64::total_cmp));
    Ok(Seen { latencies, rate: count as f64 / elapsed, time: elapsed })
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    Ok(stream)
}

fn worker(
    mut stream: TcpStream,
    kinds: &[Kind],
    schedule: &Mutex<Schedule>,
    start: Instant,
    time: Duration,
    open: bool,
) -> Result<Vec<Vec<f64>>> {
    let mut latencies = vec![Vec::new(); kinds.len()];
    let mut buffer = Vec::with_capacity(256 << 10);
    loop {
        let (due, at, number) = schedule.lock().unwrap_or_else(PoisonError::into_inner).next();
        let due = if open { start + Duration::from_secs_f64(due) } else { Instant::now() };
        if due >= start + time {
            return Ok(latencies);
        }
        let kind = kinds.get(at).context("no such kind")?;
        let request = (kind.request)(number);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(&request)?;
        let status = answer(&mut stream, &mut buffer).with_context(|| kind.name)?;
        latencies[at].push(due.elapsed().as_secs_f64());
        if !matches!(status, 200 | 201) {
            bail!("{}: status {status}: {}", kind.name, String::from_utf8_lossy(&buffer));
        }
    }
}

/// One request and its answer, for preparation.
pub fn once(address: &str, request: &[u8]) -> Result<(u16, String)> {
    let mut stream = connect(address)?;
    stream.write_all(request)?;
    let mut buffer = Vec::new();
    let status = answer(&mut stream, &mut buffer)?;
    let text = String::from_utf8_lossy(&buffer);
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    Ok((status, body.unwrap_or_default()))
}

/// Reads one answer with a `content-length`.
fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    let mut chunk = [0; 16 << 10];
    let mut wanted = usize::MAX;
    while buffer.len() < wanted {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            bail!("the connection was closed");
        }
        buffer.extend_from_slice(&chunk[..count]);
        if wanted == usize::MAX
            && let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&buffer[..end])?.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            wanted = end + 4 + length.context("no content-length")?.trim().parse::<usize>()?;
        }
    }
    Ok(std::str::from_utf8(&buffer[9..12])?.parse()?)
}
