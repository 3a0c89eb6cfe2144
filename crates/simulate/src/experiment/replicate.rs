//! Replications on several threads. Each depends on nothing but its number, and what they yield is
//! taken in the order of their numbers, so that the result is the same for any count of threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::kernel::Seed;
use crate::network::Network;
use crate::run::{Horizon, Outcome, run};

/// Runs these replications and hands their outcomes over in order.
pub(super) fn replicate(
    network: &Network,
    seed: u64,
    numbers: Range<u32>,
    horizon: &Horizon,
    threads: usize,
    mut take: impl FnMut(Outcome),
) {
    let count = threads.clamp(1, numbers.len().max(1));
    let next = AtomicU32::new(numbers.start);
    let end = numbers.end;
    thread::scope(|scope| {
        // A thread that is far ahead waits, so that few outcomes are held at once.
        let (sender, receiver) = sync_channel(count);
        for _ in 0..count {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let replication = next.fetch_add(1, Ordering::Relaxed);
                    if replication >= end {
                        return;
                    }
                    let outcome = run(network, Seed { seed, replication }, horizon);
                    if sender.send((replication, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), numbers.start);
        for (replication, outcome) in receiver {
            early.insert(replication, outcome);
            while let Some(outcome) = early.remove(&due) {
                take(outcome);
                due += 1;
            }
        }
    });
}
