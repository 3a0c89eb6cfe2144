//! What it takes of a core when a thread of the server sleeps and is woken again.
//!
//! A request alone wakes every thread that has to do with it, and one among many wakes hardly any.
//! Operations differ in how many threads they need, so that what a request takes more of the
//! processor when it is alone tells two things: what each time takes that a thread sleeps, and what
//! all have in common, which is the core that was free. It is taken on the embedded store, where
//! reads by key need one thread and lists two.

use std::time::Duration;

use anyhow::Result;

use super::busy::sleeps;
use super::{ALL_IT_CAN, Bench};

/// Of one run.
const TIME: Duration = Duration::from_secs(1);
/// Runs of each, of which the one counts that took least: others on the machine only add.
const RUNS: usize = 3;

/// What a request took: seconds of the server's processor, and how often its threads slept.
#[derive(Clone, Copy)]
struct Taken {
    processor: f64,
    sleeps: f64,
}

/// Seconds of a core for each time that a thread sleeps and is woken: how much more of the processor
/// operations take alone, over how many more sleeps, by least squares.
pub fn seconds(bench: &mut Bench<'_>) -> Result<f64> {
    let mix = bench.mix.clone();
    let mut points = Vec::new();
    // What writes share among many is their commit as well.
    for kind in mix.iter().filter(|kind| (kind.request)(0).starts_with(b"GET ")) {
        bench.mix = vec![super::Kind { share: 1.0, ..kind.clone() }];
        let (alone, many) = (least(bench, 1), least(bench, ALL_IT_CAN));
        let (alone, many) = (alone?, many?);
        points.push((alone.sleeps - many.sleeps, alone.processor - many.processor));
    }
    bench.mix = mix;
    Ok(slope(&points).max(0.0))
}

fn least(bench: &mut Bench<'_>, connections: usize) -> Result<Taken> {
    let mut best = Taken { processor: f64::INFINITY, sleeps: 0.0 };
    for _ in 0..RUNS {
        let before = sleeps(bench.shop.server.id())?;
        let (seen, busy) = bench.asked(Err(connections), TIME)?;
        let sleeps = sleeps(bench.shop.server.id())?.saturating_sub(before);
        let (count, processor) = (seen.count(), busy.per(seen.count()).server);
        if processor < best.processor {
            best = Taken { processor, sleeps: sleeps as f64 / count.max(1.0) };
        }
    }
    Ok(best)
}

/// The slope of the straight line through the points, or nothing where there is none.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let product: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let square: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if square > 1e-9 { product / square } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_line_has_its_slope() {
        assert!((slope(&[(1.0, 45.0), (4.0, 90.0), (2.0, 60.0)]) - 15.0).abs() < 1e-9);
        assert_eq!(slope(&[(1.0, 45.0), (1.0, 46.0)]), 0.0);
        assert_eq!(slope(&[]), 0.0);
    }
}
