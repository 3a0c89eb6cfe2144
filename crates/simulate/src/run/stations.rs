//! Stations: who comes waits or is served, and who leaves makes room for the next.

use crate::kernel::{Calendar, Distribution, ListId, Random, Sampler, Seed, Time};
use crate::network::{Discipline, Station, Step};
use crate::statistics::Recorder;

use super::cache::FLIGHT;
use super::jobs::{Role, State};
use super::meter::{Failure, NUMBERS, StationRecord};
use super::queue::Queue;
use super::sharing::Sharing;
use super::{Ready, Run, kind, stream};

/// A station while it runs.
#[derive(Debug)]
pub(super) struct StationState {
    pub(super) servers: u32,
    limited: bool,
    capacity: u32,
    pub(super) failures: f64,
    /// Whether ways in turn pass it by.
    pub(super) closed: bool,
    /// Whether it is a replica that is not there at present.
    pub(super) spare: bool,
    /// Integral of busy servers in the windows before this one.
    busy_before: u128,
    drop_expired: bool,
    setup: Option<Sampler>,
    /// Whether its servers are workers.
    manned: bool,
    pub(super) slowness: f64,
    pub(super) busy: u32,
    pub(super) queue: Queue,
    sharing: Option<Sharing>,
    patience: Option<Patience>,
    pub(super) fate: Random,
    pub(super) record: StationRecord,
    /// Waits of those who began service.
    pub(super) waits: Recorder,
    /// When the window opened, and until when the integrals are kept.
    since: Time,
    metered: Time,
}

/// How long those who wait stay.
#[derive(Debug)]
enum Patience {
    /// All equally long.
    Constant(ListId),
    /// As long as is drawn.
    Drawn(Sampler),
}

/// What became of one who came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Turned away.
    Rejected,
    /// Waits, or is being served.
    Waits,
    /// Has its server, to keep.
    Entered,
}

impl StationState {
    pub(super) fn new(
        station: &Station,
        seed: Seed,
        levels: usize,
        calendar: &mut Calendar,
    ) -> Self {
        let patience = station.patience.as_ref().map(|patience| match patience {
            Distribution::Constant(length) => {
                Patience::Constant(calendar.list(Distribution::Constant(*length).time()))
            }
            drawn => {
                let random = stream(seed, &station.name, "patience");
                Patience::Drawn(Sampler::new(drawn.clone(), random))
            }
        });
        let shared = station.discipline == Discipline::Sharing;
        Self {
            servers: station.servers.unwrap_or(u32::MAX),
            limited: station.servers.is_some(),
            capacity: station.capacity.unwrap_or(u32::MAX),
            failures: station.failures,
            closed: false,
            spare: false,
            busy_before: 0,
            drop_expired: station.drop_expired,
            setup: (!station.has_workers())
                .then_some(station.setup.as_ref())
                .flatten()
                .map(|setup| Sampler::new(setup.clone(), stream(seed, &station.name, "setup"))),
            manned: station.has_workers(),
            slowness: 1.0,
            busy: 0,
            queue: Queue::new(station.discipline, levels),
            sharing: shared.then(Sharing::default),
            patience,
            fate: stream(seed, &station.name, "failure"),
            record: StationRecord::new(0),
            waits: Recorder::default(),
            since: 0,
            metered: 0,
        }
    }

    /// Inside, waiting and in service. At a shared station everybody is in service.
    #[inline]
    pub(super) const fn inside(&self) -> u32 {
        self.busy + self.queue.length
    }

    /// Keeps the integrals up to now; to be called before anything changes.
    #[inline]
    pub(super) fn meter(&mut self, now: Time) {
        let elapsed = now - self.metered;
        if elapsed == 0 {
            return;
        }
        self.metered = now;
        let there = self.is_open() || self.busy > 0;
        let record = &mut self.record;
        let area = |number: u32| u128::from(number) * u128::from(elapsed);
        let inside = self.busy + self.queue.length;
        record.inside += area(inside);
        record.waiting += area(self.queue.length);
        record.busy += area(self.busy.min(self.servers));
        // A replica that is not there has no servers, but may end what it has begun.
        if self.limited && there {
            record.servers += area(self.servers);
        }
        record.numbers[(inside as usize).min(NUMBERS - 1)] += elapsed;
    }

    /// Whether ways in turn lead here.
    pub(super) const fn is_open(&self) -> bool {
        !self.closed && !self.spare
    }

    /// Integral of busy servers since the run began.
    pub(super) const fn busy_in_all(&self) -> u128 {
        self.busy_before + self.record.busy
    }

    /// The part of a stay since `entered` that lies in the window.
    #[inline]
    fn within(&self, entered: Time, now: Time) -> u128 {
        u128::from(now - entered.max(self.since))
    }

    /// One leaves who came at `entered`.
    #[inline]
    pub(super) fn stayed(&mut self, entered: Time, now: Time) {
        self.record.stays += self.within(entered, now);
    }

    /// One stops waiting who came at `entered`.
    #[inline]
    pub(super) fn delayed(&mut self, entered: Time, now: Time) {
        self.record.delays += self.within(entered, now);
    }

    /// Closes the window and opens the next.
    pub(super) fn close(&mut self, now: Time, after: u64) -> StationRecord {
        self.since = now;
        self.busy_before += self.record.busy;
        self.record.after = after;
        self.record.waits = self.waits.take();
        std::mem::replace(&mut self.record, StationRecord::new(after))
    }

    /// Speed of each who shares the servers.
    fn speed(&self) -> f64 {
        let share = (f64::from(self.servers) / f64::from(self.busy.max(1))).min(1.0);
        share / self.slowness
    }
}

impl Distribution {
    /// A constant in whole nanoseconds.
    fn time(&self) -> Time {
        Sampler::new(self.clone(), Random::new(0)).time()
    }
}

impl Run<'_> {
    /// A job comes to a station and asks for a service of `demand`, or for a server to keep.
    #[inline]
    pub(super) fn come(&mut self, job: u32, at: u32, demand: Time) -> Arrival {
        let now = self.now;
        let station = &mut self.stations[at as usize];
        station.meter(now);
        station.record.arrived += 1;
        let free = station.busy < station.servers;
        let inside = station.inside();
        if inside >= station.capacity {
            station.record.rejected += 1;
            return Arrival::Rejected;
        }
        let place = &mut self.jobs[job];
        (place.station, place.entered, place.demand) = (at, now, demand);
        if let Some(setup) = &mut station.setup
            && free
        {
            place.demand = demand.saturating_add(setup.time());
        }
        if station.sharing.is_some() {
            self.share(job, at);
            return Arrival::Waits;
        }
        if free && station.queue.length == 0 && !station.manned {
            return self.start(job, at);
        }
        place.state = State::Waiting;
        station.queue.push(&mut self.jobs, job);
        let manned = station.manned;
        match &mut station.patience {
            None => {}
            Some(Patience::Constant(list)) => {
                let epoch = self.jobs.renew(job);
                self.calendar.set_timer(*list, now, kind::GIVE_UP, job, epoch);
            }
            Some(Patience::Drawn(sampler)) => {
                let epoch = self.jobs.renew(job);
                let end = now.saturating_add(sampler.time());
                self.calendar.schedule(end, kind::GIVE_UP, job, epoch);
            }
        }
        if manned {
            self.call_worker(at);
        }
        Arrival::Waits
    }

    /// A job gets its server.
    #[inline]
    fn start(&mut self, job: u32, at: u32) -> Arrival {
        let now = self.now;
        let epoch = self.jobs.renew(job);
        let place = &mut self.jobs[job];
        let station = &mut self.stations[at as usize];
        let wait = now - place.entered;
        station.busy += 1;
        station.waits.record(wait);
        station.record.waited += u64::from(place.state == State::Waiting);
        let keeps = matches!(self.network.steps[place.step as usize], Step::Enter { .. });
        if keeps || place.role == Role::Worker {
            place.state = State::Ready;
            let entered = place.entered;
            self.jobs.hold(job, at, entered);
            return Arrival::Entered;
        }
        place.state = State::Serving;
        let time = slowed(place.demand, station.slowness);
        self.calendar.schedule(now.saturating_add(time), kind::COMPLETE, job, epoch);
        Arrival::Waits
    }

    /// Those who wait get the servers that are free.
    #[inline]
    pub(super) fn start_waiting(&mut self, at: u32) {
        loop {
            let station = &self.stations[at as usize];
            if station.busy >= station.servers {
                return;
            }
            let Some(job) = self.next_waiting(at) else { return };
            if self.start(job, at) == Arrival::Entered {
                self.jobs[job].step += u32::from(self.jobs[job].role != Role::Worker);
                self.wake(job);
            }
        }
    }

    /// Whose turn it is; who is dropped instead has gone.
    #[inline]
    pub(super) fn next_waiting(&mut self, at: u32) -> Option<u32> {
        loop {
            let station = &mut self.stations[at as usize];
            let job = station.queue.pop(&mut self.jobs)?;
            let (entered, deadline) = (self.jobs[job].entered, self.jobs[job].deadline);
            station.delayed(entered, self.now);
            if !station.drop_expired || deadline > self.now {
                return Some(job);
            }
            station.stayed(entered, self.now);
            station.record.expired += 1;
            self.jobs[job].state = State::Ready;
            // Later: whom the failure concerns may be in the middle of something.
            let (epoch, failure) = (self.jobs.renew(job), Some(Failure::Expired));
            self.ready.push_back(Ready { job, epoch, failure });
        }
    }

    /// A service ends.
    #[inline]
    pub(super) fn complete(&mut self, job: u32) {
        let (at, entered) = (self.jobs[job].station, self.jobs[job].entered);
        self.give_back(at, entered);
        self.served(job, at);
    }

    /// One server of a station is free again; whoever kept it came at `entered`.
    #[inline]
    pub(super) fn give_back(&mut self, at: u32, entered: Time) {
        if at & FLIGHT != 0 {
            return self.land(at, entered);
        }
        let now = self.now;
        let station = &mut self.stations[at as usize];
        station.meter(now);
        station.busy -= 1;
        station.stayed(entered, now);
        station.record.served += 1;
        if station.queue.length > 0 {
            self.start_waiting(at);
        }
    }

    /// The same for one who was made to go; nobody takes the place yet.
    pub(super) fn vacate(&mut self, at: u32, entered: Time) {
        let now = self.now;
        let station = &mut self.stations[at as usize];
        station.meter(now);
        station.busy -= 1;
        station.stayed(entered, now);
        station.record.cancelled += 1;
    }

    /// What follows a service: a failure by chance, or the next step.
    #[inline]
    pub(super) fn served(&mut self, job: u32, at: u32) {
        self.jobs[job].state = State::Ready;
        if !self.is_struck(at) {
            return self.step_on(job);
        }
        // What answers at once with a failure does nothing: it refuses.
        let refuses = self.stations[at as usize].slowness <= 0.0;
        self.fail(job, if refuses { Failure::Rejected } else { Failure::Error });
    }

    /// Whether a service at this station fails now.
    #[inline]
    pub(super) fn is_struck(&mut self, at: u32) -> bool {
        let station = &mut self.stations[at as usize];
        station.failures > 0.0 && station.fate.inside() < station.failures
    }

    /// Patience ends.
    pub(super) fn give_up(&mut self, job: u32) {
        let (at, entered) = (self.jobs[job].station, self.jobs[job].entered);
        let station = &mut self.stations[at as usize];
        station.meter(self.now);
        station.queue.remove(&mut self.jobs, job);
        station.record.abandoned += 1;
        station.delayed(entered, self.now);
        station.stayed(entered, self.now);
        self.jobs[job].state = State::Ready;
        self.fail(job, Failure::Abandoned);
    }

    /// Takes a job out of its station, because its caller stops waiting; nobody takes the place yet.
    pub(super) fn take_away(&mut self, job: u32) {
        let now = self.now;
        let place = &self.jobs[job];
        let (at, entered) = (place.station, place.entered);
        let serving = place.state == State::Serving;
        if serving && self.stations[at as usize].manned {
            self.drop_from_worker(job);
            return self.vacate(at, entered);
        }
        let station = &mut self.stations[at as usize];
        if serving {
            let speed = station.speed();
            if let Some(sharing) = &mut station.sharing {
                sharing.advance(now, speed);
            }
            return self.vacate(at, entered);
        }
        station.meter(now);
        station.queue.remove(&mut self.jobs, job);
        station.delayed(entered, now);
        station.stayed(entered, now);
        station.record.cancelled += 1;
    }

    /// The places that became free at a station are taken.
    pub(super) fn refill(&mut self, at: u32) {
        if self.stations[at as usize].sharing.is_some() {
            self.await_shared(at);
        } else if self.stations[at as usize].manned {
            while self.call_worker(at) {}
        } else {
            self.start_waiting(at);
        }
    }

    /// A job joins those who share a station.
    fn share(&mut self, job: u32, at: u32) {
        let now = self.now;
        let epoch = self.jobs.renew(job);
        let station = &mut self.stations[at as usize];
        let speed = station.speed();
        let place = &mut self.jobs[job];
        if let Some(sharing) = &mut station.sharing {
            sharing.advance(now, speed);
            sharing.add(job, epoch, place.demand);
        }
        place.state = State::Serving;
        station.busy += 1;
        station.waits.record(0);
        self.await_shared(at);
    }

    /// Schedules the next departure of a shared station anew.
    fn await_shared(&mut self, at: u32) {
        let station = &mut self.stations[at as usize];
        let speed = station.speed();
        let Some(sharing) = &mut station.sharing else { return };
        sharing.epoch = sharing.epoch.wrapping_add(1);
        let jobs = &self.jobs;
        let live = |job, epoch| jobs.is_current(job, epoch);
        if let Some(time) = sharing.next(self.now, speed, live) {
            self.calendar.schedule(time, kind::SHARED, at, sharing.epoch);
        }
    }

    /// The first of a shared station is done.
    pub(super) fn finish_shared(&mut self, at: u32, epoch: u32) {
        let now = self.now;
        let station = &mut self.stations[at as usize];
        let speed = station.speed();
        let Some(sharing) = &mut station.sharing else { return };
        if sharing.epoch != epoch {
            return;
        }
        sharing.advance(now, speed);
        let Some(job) = sharing.take() else { return };
        station.meter(now);
        station.busy -= 1;
        station.stayed(self.jobs[job].entered, now);
        station.record.served += 1;
        self.jobs.renew(job);
        self.await_shared(at);
        self.served(job, at);
    }

    pub(super) fn set_servers(&mut self, at: u32, servers: Option<u32>) {
        self.change_speed(at, |station| {
            station.servers = servers.unwrap_or(u32::MAX);
            station.limited = servers.is_some();
        });
    }

    pub(super) fn set_slowness(&mut self, at: u32, factor: f64) {
        self.change_speed(at, |station| station.slowness = factor);
    }

    fn change_speed(&mut self, at: u32, change: impl FnOnce(&mut StationState)) {
        let now = self.now;
        let station = &mut self.stations[at as usize];
        station.meter(now);
        let speed = station.speed();
        if let Some(sharing) = &mut station.sharing {
            sharing.advance(now, speed);
        }
        change(station);
        self.refill(at);
    }
}

#[inline]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of services are far below 2^53 nanoseconds, and `as` saturates"
)]
pub(super) fn slowed(time: Time, factor: f64) -> Time {
    if factor == 1.0 { time } else { (time as f64 * factor + 0.5) as Time }
}
