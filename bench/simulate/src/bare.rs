//! One line for four servers as one would write it for this case alone: a binary heap of times, a
//! queue of arrival times, and a sum.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use simulate::kernel::Random;

/// Runs so many events, and returns how many.
pub fn run(round: u32, most: u64) -> u64 {
    let mut random = Random::new(u64::from(round));
    let mut exponential = |mean: f64| (-mean * random.positive().ln()) as u64;
    let mut heap: BinaryHeap<Reverse<(u64, u64, bool)>> = BinaryHeap::new();
    let (mut queue, mut busy, mut number, mut waits) = (VecDeque::new(), 0, 0u64, 0u64);
    heap.push(Reverse((exponential(312_500_000.0), 0, true)));
    let mut events = 0;
    while events < most {
        let Some(Reverse((now, _, arrival))) = heap.pop() else { break };
        events += 1;
        if arrival {
            number += 1;
            heap.push(Reverse((now + exponential(312_500_000.0), number, true)));
            queue.push_back(now);
        } else {
            busy -= 1;
        }
        if busy < 4
            && let Some(came) = queue.pop_front()
        {
            busy += 1;
            number += 1;
            waits += now - came;
            heap.push(Reverse((now + exponential(1e9), number, false)));
        }
    }
    std::hint::black_box(waits);
    events
}
