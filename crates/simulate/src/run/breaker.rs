//! Breakers: a call that fails all the time is not made for a while.

use std::collections::VecDeque;

use crate::kernel::Time;
use crate::network::{Breaker, Opening};

/// Slices of a breaker's window: counts move in steps of a tenth of it.
const SLICES: u64 = 10;

/// A breaker while it runs.
#[derive(Debug)]
pub(super) struct BreakerState {
    breaker: Breaker,
    /// Calls and failures of each slice of the window: number of the slice, calls, failures.
    slices: VecDeque<(u64, u32, u32)>,
    in_a_row: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Until then nothing is asked.
    Open(Time),
    /// So many probes may still be sent, and so many answers are missing until it closes.
    Probing {
        to_send: u32,
        missing: u32,
    },
}

impl BreakerState {
    pub(super) fn new(breaker: Breaker) -> Self {
        Self { breaker, slices: VecDeque::new(), in_a_row: 0, state: State::Closed }
    }

    /// Whether a call may be made now.
    pub(super) fn admits(&mut self, now: Time) -> bool {
        let probes = self.breaker.probes.max(1);
        match self.state {
            State::Closed => true,
            State::Open(until) if now < until => false,
            State::Open(_) => {
                self.state = State::Probing { to_send: probes - 1, missing: probes };
                true
            }
            State::Probing { to_send: 0, .. } => false,
            State::Probing { to_send, missing } => {
                self.state = State::Probing { to_send: to_send - 1, missing };
                true
            }
        }
    }

    /// A call that was made has ended.
    pub(super) fn ended(&mut self, now: Time, well: bool) {
        match self.state {
            State::Open(_) => {}
            State::Probing { .. } if !well => self.open(now),
            State::Probing { missing: 0 | 1, .. } => self.close(),
            State::Probing { to_send, missing } => {
                self.state = State::Probing { to_send, missing: missing - 1 };
            }
            State::Closed => {
                self.in_a_row = if well { 0 } else { self.in_a_row + 1 };
                if self.fails_too_often(now, well) {
                    self.open(now);
                }
            }
        }
    }

    fn open(&mut self, now: Time) {
        self.close();
        self.state = State::Open(now.saturating_add(self.breaker.open));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.in_a_row = 0;
        self.slices.clear();
    }

    fn fails_too_often(&mut self, now: Time, well: bool) -> bool {
        match self.breaker.opening {
            Opening::InARow(failures) => self.in_a_row >= failures.max(1),
            Opening::Share { failures, calls, window } => {
                let slice = now / (window / SLICES).max(1);
                self.count(slice, well);
                let (asked, failed) = self
                    .slices
                    .iter()
                    .fold((0, 0), |(asked, failed), (_, of, bad)| (asked + of, failed + bad));
                !well && asked >= calls && f64::from(failed) >= failures * f64::from(asked)
            }
        }
    }

    fn count(&mut self, slice: u64, well: bool) {
        while self.slices.front().is_some_and(|(old, ..)| old + SLICES <= slice) {
            self.slices.pop_front();
        }
        if self.slices.back().is_none_or(|(last, ..)| *last != slice) {
            self.slices.push_back((slice, 0, 0));
        }
        if let Some((_, calls, failures)) = self.slices.back_mut() {
            *calls += 1;
            *failures += u32::from(!well);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Time = 1_000_000_000;

    fn breaker(opening: Opening) -> BreakerState {
        BreakerState::new(Breaker { opening, open: 15 * SECOND, probes: 2 })
    }

    #[test]
    fn failures_in_a_row_open_it_and_good_probes_close_it() {
        let mut breaker = breaker(Opening::InARow(3));
        for well in [false, false, true, false, false] {
            breaker.ended(0, well);
            assert!(breaker.admits(0));
        }
        breaker.ended(0, false);
        assert!(!breaker.admits(14 * SECOND));
        assert!(breaker.admits(15 * SECOND) && breaker.admits(15 * SECOND));
        assert!(!breaker.admits(15 * SECOND), "a third probe");
        breaker.ended(16 * SECOND, true);
        assert!(!breaker.admits(16 * SECOND));
        breaker.ended(16 * SECOND, true);
        assert!(breaker.admits(16 * SECOND) && breaker.admits(16 * SECOND));
    }

    #[test]
    fn a_bad_probe_opens_it_again() {
        let mut breaker = breaker(Opening::InARow(1));
        breaker.ended(0, false);
        assert!(breaker.admits(15 * SECOND));
        breaker.ended(15 * SECOND, false);
        assert!(!breaker.admits(29 * SECOND));
    }

    #[test]
    fn a_share_counts_only_what_lies_in_the_window() {
        let opening = Opening::Share { failures: 0.5, calls: 4, window: 10 * SECOND };
        let mut breaker = breaker(opening);
        for _ in 0..3 {
            breaker.ended(0, false);
        }
        // The three have left the window: too few calls are left.
        breaker.ended(11 * SECOND, false);
        assert!(breaker.admits(11 * SECOND));
        for _ in 0..4 {
            breaker.ended(11 * SECOND, true);
        }
        for _ in 0..2 {
            breaker.ended(12 * SECOND, false);
        }
        assert!(breaker.admits(12 * SECOND), "three of seven");
        breaker.ended(12 * SECOND, false);
        assert!(!breaker.admits(12 * SECOND), "four of eight");
    }
}
