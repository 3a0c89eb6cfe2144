//! Breakers: a call that fails all the time is not made for a while. `firm up` has them, and the
//! simulator plays them: the clock is theirs.

use std::collections::VecDeque;

use crate::protection::{self, Opens};

/// Nanoseconds, from wherever the caller counts.
pub type Time = u64;

/// Stops a call from being made while its callee fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    /// When it opens.
    pub opening: Opening,
    /// How long it stays open, in nanoseconds.
    pub open: Time,
    /// Calls that it then lets through; it closes when all of them went well.
    pub probes: u32,
}

/// When a breaker opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Opening {
    /// After so many failures one after another.
    InARow(u32),
    /// When so great a share of at least so many attempts within a window failed.
    Share {
        /// Share of failures.
        failures: f64,
        /// Attempts that it must have seen.
        calls: u32,
        /// Window, in nanoseconds.
        window: Time,
    },
}

impl From<protection::Breaker> for Breaker {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of a few calls, and times of seconds; `as` saturates"
    )]
    fn from(of: protection::Breaker) -> Self {
        let nanoseconds = |seconds: f64| (seconds * 1e9).round() as Time;
        let opening = match of.opens {
            Opens::InARow(failures) => Opening::InARow(failures as u32),
            Opens::Share { failures, calls, window } => {
                Opening::Share { failures, calls: calls as u32, window: nanoseconds(window) }
            }
        };
        Self { opening, open: nanoseconds(of.open), probes: of.probes as u32 }
    }
}

/// Slices of a breaker's window: counts move in steps of a tenth of it.
const SLICES: u64 = 10;

/// A breaker while it runs.
#[derive(Debug)]
pub struct BreakerState {
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
    /// So many probes may still be sent, and so many answers are missing until it closes. Of those
    /// that have not come by then nothing is heard any more: others are sent.
    Probing {
        to_send: u32,
        missing: u32,
        until: Time,
    },
}

impl BreakerState {
    /// A closed one.
    #[must_use]
    pub const fn new(breaker: Breaker) -> Self {
        Self { breaker, slices: VecDeque::new(), in_a_row: 0, state: State::Closed }
    }

    /// Whether a call may be made now.
    pub fn admits(&mut self, now: Time) -> bool {
        let probes = self.breaker.probes.max(1);
        match self.state {
            State::Closed => true,
            State::Open(until) if now < until => false,
            State::Probing { to_send: 0, until, .. } if now < until => false,
            State::Open(_) | State::Probing { to_send: 0, .. } => {
                let until = now.saturating_add(self.breaker.open);
                self.state = State::Probing { to_send: probes - 1, missing: probes, until };
                true
            }
            State::Probing { to_send, missing, until } => {
                self.state = State::Probing { to_send: to_send - 1, missing, until };
                true
            }
        }
    }

    /// A call that was made has ended.
    pub fn ended(&mut self, now: Time, well: bool) {
        match self.state {
            State::Open(_) => {}
            State::Probing { .. } if !well => self.open(now),
            State::Probing { missing: 0 | 1, .. } => self.close(),
            State::Probing { to_send, missing, until } => {
                self.state = State::Probing { to_send, missing: missing - 1, until };
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
    fn probes_of_which_nothing_is_heard_do_not_keep_it_open() {
        let mut breaker = breaker(Opening::InARow(1));
        breaker.ended(0, false);
        assert!(breaker.admits(15 * SECOND) && breaker.admits(15 * SECOND));
        assert!(!breaker.admits(29 * SECOND));
        assert!(breaker.admits(30 * SECOND) && breaker.admits(30 * SECOND));
        breaker.ended(31 * SECOND, true);
        breaker.ended(31 * SECOND, true);
        assert!((0..9).all(|_| breaker.admits(31 * SECOND)));
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
