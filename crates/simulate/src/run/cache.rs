//! Caches while they run. What a cache held before the run began is drawn when a key is first asked
//! for, so that hours of time to live need no hours of warm-up, and keys that nobody asks for take no
//! memory.

use std::collections::BTreeMap;

use crate::kernel::{Random, Seed, Time, Zipf};
use crate::network::{Before, Cache};

use super::{Run, jobs::State, stream};

/// A hold that is the fetch of a key and not a server; the rest is the cache.
pub(super) const FLIGHT: u32 = 1 << 31;

/// Entries from which those that have ended are looked for.
const SWEEP: usize = 4096;

/// A cache.
#[derive(Debug)]
pub(super) struct CacheState {
    time_to_live: Time,
    capacity: usize,
    single_flight: bool,
    /// What it held before, how popular each key is, and what draws it.
    before: Option<(Before, Zipf, f64)>,
    fate: Random,
    /// When each answer ends, and when it was used last.
    entries: BTreeMap<u64, Entry>,
    /// Keys in the order of their use, where there is a bound.
    used: BTreeMap<u64, u64>,
    uses: u64,
    sweep_at: usize,
    /// Keys that are being fetched, with those who wait (job and epoch).
    flights: BTreeMap<u64, Vec<(u32, u32)>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    ends: Time,
    used: u64,
}

impl CacheState {
    pub(super) fn new(cache: &Cache, seed: Seed) -> Self {
        let zipf = Zipf::new(cache.keys.count, cache.keys.exponent);
        let unbounded = cache.capacity.is_none() && cache.time_to_live.is_some();
        let before = cache.before.filter(|_| unbounded).map(|of| (of, zipf, zipf.total()));
        Self {
            time_to_live: cache.time_to_live.unwrap_or(Time::MAX),
            capacity: cache.capacity.map_or(usize::MAX, |most| most as usize),
            single_flight: cache.single_flight,
            before,
            fate: stream(seed, &cache.name, "before"),
            entries: BTreeMap::new(),
            used: BTreeMap::new(),
            uses: 0,
            sweep_at: SWEEP,
            flights: BTreeMap::new(),
        }
    }

    /// Whether the answer to a key is there and counts.
    fn holds(&mut self, key: u64, now: Time) -> bool {
        if !self.entries.contains_key(&key)
            && let Some(ends) = self.held_before(key)
        {
            self.entries.insert(key, Entry { ends, used: 0 });
        }
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.ends > now) else {
            return false;
        };
        if self.capacity < usize::MAX {
            self.used.remove(&entry.used);
            self.uses += 1;
            entry.used = self.uses;
            self.used.insert(self.uses, key);
        }
        true
    }

    /// Until when the answer to a key counts that was there when the run began: it was there with
    /// the share of time for which it is, and as old as chance has it.
    fn held_before(&mut self, key: u64) -> Option<Time> {
        let (before, zipf, total) = self.before?;
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer keys than 2^53")]
        let share = zipf.weight(key as f64) / total;
        let life = crate::network::seconds(self.time_to_live);
        let expected = before.asked(share) * life;
        let there = self.fate.inside() < expected / (1.0 + expected);
        let left = self.fate.inside();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between nothing and the time to live"
        )]
        // One that had ended is remembered as such, so that it is drawn once.
        let ends = if there { (left * life * 1e9) as Time } else { 0 };
        Some(ends)
    }

    /// Keeps the answer to a key.
    fn keep(&mut self, key: u64, now: Time) {
        if let Some(old) = self.entries.get(&key) {
            self.used.remove(&old.used);
        }
        self.uses += 1;
        let entry = Entry { ends: now.saturating_add(self.time_to_live), used: self.uses };
        self.entries.insert(key, entry);
        if self.capacity < usize::MAX {
            self.used.insert(self.uses, key);
        }
        while self.used.len() > self.capacity
            && let Some((_, oldest)) = self.used.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.sweep(now);
    }

    /// Forgets what has ended, once in a while. What was there before the run counts as ended by
    /// then only after one time to live: until then it must not be drawn a second time.
    fn sweep(&mut self, now: Time) {
        let early = self.before.is_some() && now < self.time_to_live;
        if early || self.capacity < usize::MAX || self.entries.len() < self.sweep_at {
            return;
        }
        self.before = None;
        self.entries.retain(|_, entry| entry.ends > now);
        self.sweep_at = (2 * self.entries.len()).max(SWEEP);
    }
}

/// What a look into a cache finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The answer.
    Answer,
    /// Nothing: whoever asks fetches it.
    Nothing,
    /// Somebody who is fetching it: whoever asks waits.
    Fetched,
}

impl Run<'_> {
    /// A job looks for the answer to its key.
    pub(super) fn look(&mut self, job: u32, at: u32) -> Found {
        let (now, key) = (self.now, self.jobs[job].key);
        let cache = &mut self.caches[at as usize];
        if cache.holds(key, now) {
            return Found::Answer;
        }
        if !cache.single_flight {
            return Found::Nothing;
        }
        if let Some(waiting) = cache.flights.get_mut(&key) {
            let epoch = self.jobs.renew(job);
            self.jobs[job].state = State::Ready;
            waiting.push((job, epoch));
            return Found::Fetched;
        }
        cache.flights.insert(key, Vec::new());
        // Given back however the fetch ends, as a server would be.
        self.jobs.hold(job, FLIGHT | at, key);
        Found::Nothing
    }

    /// A job has fetched the answer to its key.
    pub(super) fn keep(&mut self, job: u32, at: u32) {
        let (now, key) = (self.now, self.jobs[job].key);
        let cache = &mut self.caches[at as usize];
        cache.keep(key, now);
        if cache.single_flight
            && let Some(hold) = self.jobs.release(job)
        {
            self.land(hold.station, hold.entered);
        }
    }

    /// A fetch is over, well or badly: those who wait look again, and the first of them fetches
    /// where there is nothing.
    pub(super) fn land(&mut self, flight: u32, key: u64) {
        let cache = &mut self.caches[(flight & !FLIGHT) as usize];
        for (job, epoch) in cache.flights.remove(&key).unwrap_or_default() {
            if self.jobs.is_current(job, epoch) {
                self.wake(job);
            }
        }
    }
}
