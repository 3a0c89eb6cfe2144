//! `latency`: `p95 200ms`, `p50 180ms p99 900ms`.

use base::{Duration, Percentile, Percentiles};

use super::duration::duration;
use super::{Parsed, Problem, Scan, ShortForm};

const PERCENTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];
const HOUR: Duration = Duration::from_millis(3_600_000);

/// Percentiles of a latency, in rising order.
pub(crate) struct Latency;

impl ShortForm for Latency {
    type Value = Percentiles;
    const NAME: &'static str = "a latency";
    const EXAMPLES: &'static [&'static str] = &["p95 200ms", "p50 40ms p99 250ms"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Percentiles> {
        let mut percentiles: Vec<(Percentile, Duration)> = Vec::new();
        while percentiles.is_empty() || !scan.is_done() {
            let start = scan.at;
            let pair = pair(scan)?;
            let rising = |last: &(Percentile, Duration)| last.0 < pair.0 && last.1 <= pair.1;
            if !percentiles.last().is_none_or(rising) {
                let message = "percentiles and their latencies rise from left to right";
                return Err(Problem::new("falling-percentiles", start..scan.at, message));
            }
            percentiles.push(pair);
            scan.skip_space();
        }
        Ok(Percentiles(percentiles))
    }
}

fn pair(scan: &mut Scan<'_>) -> Parsed<(Percentile, Duration)> {
    let range = scan.word_range();
    let word = scan.text(range.clone());
    let Some((_, percentile)) = PERCENTILES.iter().find(|(name, _)| *name == word) else {
        return Err(no_percentile(scan));
    };
    scan.at = range.end;
    scan.skip_space();
    let start = scan.at;
    let duration = duration(scan)?;
    if duration > HOUR {
        let message = "a latency above an hour is not a latency";
        return Err(Problem::implausible(start..scan.at, message));
    }
    Ok((Percentile(*percentile), duration))
}

fn no_percentile(scan: &Scan<'_>) -> Problem {
    let range = scan.chunk();
    let found = scan.text(range.clone());
    if scan.at_number() {
        let message = format!("`{found}` says nothing of which percentile it is");
        return Problem::new("missing-percentile", range, message)
            .help("say for which share of requests: `p95 200ms`");
    }
    let percentile = found.starts_with('p') && found[1..].starts_with(|c: char| c.is_ascii_digit());
    if percentile || found.is_empty() {
        let message = format!("`{found}` is not one of the percentiles");
        return Problem::new("bad-percentile", range, message)
            .help("one of p50, p90, p95, p99 or p999");
    }
    Problem::new("vague-number", range, format!("`{found}` is not a number"))
}
