//! What is measured at a station and of a source, in whole numbers, so that the laws of
//! conservation hold exactly or the simulator is wrong.

use crate::kernel::Time;
use crate::statistics::Histogram;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A station was full, or refused everything.
    Rejected,
    /// Patience ended in a queue.
    Abandoned,
    /// Its turn came after its caller had stopped waiting, and it was dropped.
    Expired,
    /// A station answered with a failure.
    Error,
    /// No answer in time.
    TimedOut,
}

impl Failure {
    /// All, in the order of their counts.
    pub const ALL: [Self; 5] =
        [Self::Rejected, Self::Abandoned, Self::Expired, Self::Error, Self::TimedOut];

    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Abandoned => "abandoned",
            Self::Expired => "expired",
            Self::Error => "error",
            Self::TimedOut => "timed-out",
        }
    }
}

/// What happened to the requests of a source during a window.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRecord {
    /// In progress when the window opened.
    pub before: u64,
    /// Begun.
    pub started: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Ended badly, by reason.
    pub failed: [u64; Failure::ALL.len()],
    /// In progress when the window closed, counted there.
    pub after: u64,
    /// Of those, whom was told that it goes on.
    pub accepted: u64,
    /// Attempts of the calls that the requests made themselves and may repeat; of those that others
    /// began, the first of several calls alone.
    pub attempts: u64,
    /// Time from start to end of those that ended well, in nanoseconds.
    pub latency: Histogram,
}

impl SourceRecord {
    pub(super) fn new(before: u64) -> Self {
        Self {
            before,
            started: 0,
            succeeded: 0,
            failed: [0; Failure::ALL.len()],
            after: 0,
            accepted: 0,
            attempts: 0,
            latency: Histogram::default(),
        }
    }

    /// Ended, well or badly.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed.iter().sum::<u64>()
    }

    /// Whoever was there or came has left or is still there.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.before + self.started == self.ended() + self.after
    }
}

/// What happened at a station during a window.
#[derive(Clone, Debug, PartialEq)]
pub struct StationRecord {
    /// Inside when the window opened.
    pub before: u64,
    /// Came, those who were turned away included.
    pub arrived: u64,
    /// Left after their service.
    pub served: u64,
    /// Turned away at the door.
    pub rejected: u64,
    /// Gave up waiting.
    pub abandoned: u64,
    /// Dropped when their turn came.
    pub expired: u64,
    /// Taken away by their caller, waiting or in service.
    pub cancelled: u64,
    /// Inside when the window closed, counted there.
    pub after: u64,
    /// Of those who began service, how many had waited.
    pub waited: u64,
    /// Wait of those who began service, in nanoseconds.
    pub waits: Histogram,
    /// Integral over time of the number inside, in nanoseconds.
    pub inside: u128,
    /// Integral of the number waiting.
    pub waiting: u128,
    /// Integral of the number of busy servers.
    pub busy: u128,
    /// Integral of the number of servers that were there; nothing for a station without limit.
    pub servers: u128,
    /// Time for which each number was inside, from zero, the last entry for all that is more.
    pub numbers: Vec<Time>,
    /// Sum over those inside of the time they were there.
    pub stays: u128,
    /// Sum over those inside of the time they waited.
    pub delays: u128,
}

/// Numbers inside that are told apart.
pub(super) const NUMBERS: usize = 64;

impl StationRecord {
    pub(super) fn new(before: u64) -> Self {
        Self {
            before,
            arrived: 0,
            served: 0,
            rejected: 0,
            abandoned: 0,
            expired: 0,
            cancelled: 0,
            after: 0,
            waited: 0,
            waits: Histogram::default(),
            inside: 0,
            waiting: 0,
            busy: 0,
            servers: 0,
            numbers: vec![0; NUMBERS],
            stays: 0,
            delays: 0,
        }
    }

    /// Whoever was there or came has left or is still there.
    #[must_use]
    pub const fn is_conserved(&self) -> bool {
        let gone = self.served + self.rejected + self.abandoned + self.expired + self.cancelled;
        self.before + self.arrived == gone + self.after
    }

    /// Little's law as an identity of whole numbers: the integral of the number inside is the sum
    /// of the times inside, and the same for those who wait.
    #[must_use]
    pub const fn meets_littles_law(&self) -> bool {
        self.inside == self.stays && self.waiting == self.delays
    }
}
