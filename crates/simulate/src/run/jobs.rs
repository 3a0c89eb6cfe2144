//! The slab of jobs: a request, or a part of one that was asked of somebody else. A place is used
//! again after its job ends; the epoch tells events of the earlier one apart.

use crate::kernel::Time;

/// No job, no hold.
pub(super) const NONE: u32 = u32::MAX;

/// Whom a job's end concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The place is free.
    Free,
    /// A request of a source.
    Request,
    /// Part of the job that asked for it.
    Part,
    /// A request of a source that another job has begun, and may wait for. It goes on when that one
    /// does not wait any more.
    Begun,
    /// A part that nobody waits for any more.
    Orphan,
    /// No request: a server that is told apart, where it waits for a core and keeps it. Its program
    /// is empty, so that it is at its end when it has one.
    Worker,
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// About to take its next step, or waiting for a moment.
    Ready,
    /// In the queue of a station.
    Waiting,
    /// In service.
    Serving,
    /// Waiting for answers.
    Calling,
}

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Moves whenever what it waits for changes: events of before are stale.
    pub(super) epoch: u32,
    pub(super) role: Role,
    pub(super) state: State,
    /// Class of its source, for stations that heed priority.
    pub(super) level: u8,
    pub(super) source: u32,
    pub(super) step: u32,
    /// Where it waits or is served.
    pub(super) station: u32,
    /// When it came to be.
    pub(super) started: Time,
    /// When it came to the station.
    pub(super) entered: Time,
    /// What it asks of the station.
    pub(super) demand: Time,
    /// What it asks of caches.
    pub(super) key: u64,
    /// When its caller stops waiting.
    pub(super) deadline: Time,
    /// Retries of the present call so far.
    pub(super) retries: u32,
    /// Answers that are still missing.
    pub(super) missing: u32,
    pub(super) parent: u32,
    pub(super) first_part: u32,
    pub(super) next_part: u32,
    pub(super) previous_part: u32,
    /// Neighbours in a queue.
    pub(super) next: u32,
    pub(super) previous: u32,
    /// The server it entered last.
    pub(super) held: u32,
}

/// A server that a job keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    /// Or the flight of a cache.
    pub(super) station: u32,
    /// Since when; of a flight the key.
    pub(super) entered: Time,
    /// The one it entered before, or the next free place.
    pub(super) before: u32,
}

/// All jobs.
#[derive(Debug)]
pub(super) struct Jobs {
    places: Vec<Job>,
    free: Vec<u32>,
    pub(super) alive: u64,
    holds: Vec<Hold>,
    free_hold: u32,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new(), alive: 0, holds: Vec::new(), free_hold: NONE }
    }
}

impl std::ops::Index<u32> for Jobs {
    type Output = Job;

    #[inline]
    fn index(&self, job: u32) -> &Job {
        &self.places[job as usize]
    }
}

impl std::ops::IndexMut<u32> for Jobs {
    #[inline]
    fn index_mut(&mut self, job: u32) -> &mut Job {
        &mut self.places[job as usize]
    }
}

impl Jobs {
    /// A new job.
    #[inline]
    pub(super) fn add(&mut self, role: Role, source: u32, level: u8, step: u32, now: Time) -> u32 {
        self.alive += 1;
        let Some(place) = self.free.pop() else {
            let place = u32::try_from(self.places.len()).unwrap_or(NONE);
            self.places.push(fresh(role, source, level, step, now));
            return place;
        };
        let job = &mut self[place];
        job.role = role;
        job.state = State::Ready;
        job.level = level;
        job.source = source;
        job.step = step;
        job.started = now;
        job.deadline = Time::MAX;
        job.parent = NONE;
        place
    }

    /// Ends a job; whatever was scheduled for it is stale.
    #[inline]
    pub(super) fn remove(&mut self, place: u32) {
        self.alive -= 1;
        let job = &mut self[place];
        job.epoch = job.epoch.wrapping_add(1);
        job.role = Role::Free;
        self.free.push(place);
    }

    /// Makes everything stale that was scheduled for a job, and returns the epoch of what follows.
    #[inline]
    pub(super) fn renew(&mut self, place: u32) -> u32 {
        let job = &mut self[place];
        job.epoch = job.epoch.wrapping_add(1);
        job.epoch
    }

    /// Whether an event of this epoch still concerns a job.
    #[inline]
    pub(super) fn is_current(&self, place: u32, epoch: u32) -> bool {
        self.places.get(place as usize).is_some_and(|job| job.epoch == epoch)
    }

    /// The jobs that are alive.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.places.iter().filter(|job| job.role != Role::Free)
    }

    /// Ties a part to the job that asked for it.
    pub(super) fn tie(&mut self, parent: u32, part: u32) {
        let first = self[parent].first_part;
        let job = &mut self[part];
        (job.parent, job.next_part, job.previous_part) = (parent, first, NONE);
        if first != NONE {
            self[first].previous_part = part;
        }
        self[parent].first_part = part;
    }

    /// Unties a part from the job that asked for it.
    pub(super) fn untie(&mut self, part: u32) {
        let (parent, next, previous) = {
            let job = &self[part];
            (job.parent, job.next_part, job.previous_part)
        };
        match previous {
            NONE => self[parent].first_part = next,
            _ => self[previous].next_part = next,
        }
        if next != NONE {
            self[next].previous_part = previous;
        }
        self[part].parent = NONE;
    }

    /// Remembers that a job keeps a server.
    pub(super) fn hold(&mut self, job: u32, station: u32, entered: Time) {
        let hold = Hold { station, entered, before: self[job].held };
        let place = self.free_hold;
        match self.holds.get_mut(place as usize) {
            Some(free) => {
                self.free_hold = free.before;
                *free = hold;
                self[job].held = place;
            }
            None => {
                self[job].held = u32::try_from(self.holds.len()).unwrap_or(NONE);
                self.holds.push(hold);
            }
        }
    }

    /// The server that a job entered last, which it keeps no longer.
    pub(super) fn release(&mut self, job: u32) -> Option<Hold> {
        let place = self[job].held;
        let hold = self.holds.get_mut(place as usize)?;
        let released = *hold;
        hold.before = self.free_hold;
        self.free_hold = place;
        self[job].held = released.before;
        Some(released)
    }

    /// The servers that a job keeps.
    pub(super) fn held<'a>(&'a self, job: &Job) -> impl Iterator<Item = Hold> + 'a {
        let mut at = job.held;
        std::iter::from_fn(move || {
            let hold = *self.holds.get(at as usize)?;
            at = hold.before;
            Some(hold)
        })
    }
}

const fn fresh(role: Role, source: u32, level: u8, step: u32, now: Time) -> Job {
    Job {
        epoch: 0,
        role,
        state: State::Ready,
        level,
        source,
        step,
        station: NONE,
        started: now,
        entered: now,
        demand: 0,
        key: 0,
        deadline: Time::MAX,
        retries: 0,
        missing: 0,
        parent: NONE,
        first_part: NONE,
        next_part: NONE,
        previous_part: NONE,
        next: NONE,
        previous: NONE,
        held: NONE,
    }
}
