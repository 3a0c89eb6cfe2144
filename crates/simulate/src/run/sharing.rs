//! Processor sharing in virtual time: the clock of attained service runs slower, the more there are,
//! and a job is done when the clock has moved by what it asks for. An arrival or departure costs a
//! logarithm, however many are inside.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::kernel::Time;

/// A shared station's clock and who leaves when.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// Service that everybody has got who was here all the time, in nanoseconds.
    attained: f64,
    updated: Time,
    /// Bits of the clock at which a job is done (positive numbers sort as their bits do), a number
    /// that keeps the order of arrivals, and the job with its epoch.
    done: BinaryHeap<Reverse<(u64, u64, u32, u32)>>,
    arrivals: u64,
    /// Epoch of the event that waits for the next departure.
    pub(super) epoch: u32,
}

impl Sharing {
    /// Moves the clock to `now`, at this speed since the last time.
    pub(super) fn advance(&mut self, now: Time, speed: f64) {
        self.attained += as_number(now - self.updated) * speed;
        self.updated = now;
    }

    /// A job that asks for so much service.
    pub(super) fn add(&mut self, job: u32, epoch: u32, demand: Time) {
        self.arrivals += 1;
        let done = self.attained + as_number(demand);
        self.done.push(Reverse((done.to_bits(), self.arrivals, job, epoch)));
    }

    /// When the first is done at this speed, unless something changes.
    pub(super) fn next(
        &mut self,
        now: Time,
        speed: f64,
        is_live: impl Fn(u32, u32) -> bool,
    ) -> Option<Time> {
        while let Some(&Reverse((_, _, job, epoch))) = self.done.peek()
            && !is_live(job, epoch)
        {
            self.done.pop();
        }
        let &Reverse((done, ..)) = self.done.peek()?;
        let left = (f64::from_bits(done) - self.attained).max(0.0);
        (speed > 0.0).then(|| now.saturating_add(whole(left / speed)))
    }

    /// Takes out the job that is done, whose time has come.
    pub(super) fn take(&mut self) -> Option<u32> {
        let Reverse((done, _, job, _)) = self.done.pop()?;
        self.attained = self.attained.max(f64::from_bits(done));
        Some(job)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a part in 10^16 of the time simulated")]
const fn as_number(time: Time) -> f64 {
    time as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole(time: f64) -> Time {
    (time + 0.5) as Time
}
