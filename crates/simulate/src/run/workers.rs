//! Servers that are told apart: threads. One sleeps until somebody wakes it, needs a core to work,
//! keeps that as long as somebody waits for it or until its slice is over, looks once more before it
//! sleeps again, and may answer all that it has taken up together, with one commit.
//!
//! At its cores a worker is a job like others, so that lines, laws of conservation and utilisation of
//! cores are those of every station.

use std::collections::VecDeque;

use crate::kernel::{Sampler, Seed, Time};
use crate::network::Network;

use super::jobs::{Role, State};
use super::stations::{Arrival, slowed};
use super::{Run, kind, stream};

/// All workers, and what they have in common by station.
#[derive(Debug)]
pub(super) struct Workers {
    /// By station; none of a station whose servers are not told apart.
    crews: Vec<Option<Crew>>,
    all: Vec<Worker>,
}

/// The workers of a station.
#[derive(Debug)]
struct Crew {
    /// Where they get a core, and for how long; they have one each where there is no such station.
    cores: Option<u32>,
    slice: Time,
    setup: Option<Sampler>,
    rest: Option<Sampler>,
    /// Most in a group, and what follows it.
    group: Option<(u32, Sampler)>,
    /// Whether a request is bound to the one that is woken for it.
    bound: bool,
    asleep: Vec<u32>,
    awake: u32,
    /// Those awake who have nothing in hand, and will take up the next who waits.
    looking: u32,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing, or it waits for a core.
    Idle,
    /// It works on what it has in hand.
    Working,
    /// It has found nobody and is about to sleep.
    Resting,
    /// It waits for a commit.
    Committing,
}

/// A server that is told apart.
#[derive(Debug)]
struct Worker {
    station: u32,
    /// The job that stands for it at its cores and in the calendar.
    job: u32,
    phase: Phase,
    /// Whether it has been woken and not worked since.
    woken: bool,
    /// What the core that it found free needs more.
    owes: Time,
    /// Whether it has nothing in hand, and is counted as one of those.
    looking: bool,
    /// Whether it has to answer those whose commit is done.
    answering: bool,
    /// Whom it serves.
    current: Option<u32>,
    /// Those of its group that it has served.
    served: VecDeque<u32>,
    /// Since when it works, how much is left of it, and until when it may keep its core.
    since: Time,
    left: Time,
    until: Time,
}

impl Workers {
    pub(super) fn new(network: &Network, seed: Seed) -> Self {
        let crews = network.stations.iter().map(|station| {
            let sampler = |distribution: &Option<_>, purpose| {
                let random = stream(seed, &station.name, purpose);
                distribution.clone().map(|distribution| Sampler::new(distribution, random))
            };
            let cores = station.cores.map(|cores| cores.index());
            let slice = cores.and_then(|at| network.stations.get(at)?.slice);
            station.has_workers().then(|| Crew {
                cores: cores.and_then(|at| u32::try_from(at).ok()),
                slice: slice.unwrap_or(Time::MAX).max(1),
                setup: sampler(&station.setup, "setup"),
                rest: sampler(&station.rest, "rest"),
                group: station.group.as_ref().map(|group| {
                    let random = stream(seed, &station.name, "commit");
                    (group.most.max(1), Sampler::new(group.commit.clone(), random))
                }),
                bound: station.bound,
                asleep: Vec::new(),
                awake: 0,
                looking: 0,
            })
        });
        Self { crews: crews.collect(), all: Vec::new() }
    }
}

impl Run<'_> {
    /// Somebody waits at a station with workers: one more is woken, unless there are enough who
    /// have nothing in hand. Whether one was.
    pub(super) fn call_worker(&mut self, at: u32) -> bool {
        let station = &self.stations[at as usize];
        let (waiting, servers) = (station.queue.length, station.servers);
        let Some(crew) = &mut self.workers.crews[at as usize] else { return false };
        if waiting <= crew.looking || crew.awake >= servers {
            return false;
        }
        crew.awake += 1;
        let worker = match crew.asleep.pop() {
            Some(worker) => worker,
            None => self.new_worker(at),
        };
        self.worker(worker).woken = true;
        self.looks(worker, true);
        if self.crew(worker).is_some_and(|crew| crew.bound) {
            self.take_up(worker);
        }
        self.want_core(worker);
        true
    }

    fn new_worker(&mut self, station: u32) -> u32 {
        let worker = u32::try_from(self.workers.all.len()).unwrap_or(u32::MAX);
        // Its program is the end of all: the first step of every network.
        let job = self.jobs.add(Role::Worker, 0, 0, 0, self.now);
        self.jobs.alive -= 1;
        self.jobs[job].key = u64::from(worker);
        self.workers.all.push(Worker {
            station,
            job,
            phase: Phase::Idle,
            woken: false,
            owes: 0,
            looking: false,
            answering: false,
            current: None,
            served: VecDeque::new(),
            since: 0,
            left: 0,
            until: 0,
        });
        worker
    }

    fn worker(&mut self, worker: u32) -> &mut Worker {
        &mut self.workers.all[worker as usize]
    }

    /// What a worker has in common with the others of its station.
    fn crew(&mut self, worker: u32) -> Option<&mut Crew> {
        let station = self.workers.all[worker as usize].station;
        self.workers.crews[station as usize].as_mut()
    }

    /// A worker waits for a core, or has one.
    fn want_core(&mut self, worker: u32) {
        let cores = self.crew(worker).and_then(|crew| crew.cores);
        let of = self.worker(worker);
        of.phase = Phase::Idle;
        let job = of.job;
        let entered = cores.is_none_or(|cores| self.come(job, cores, 0) == Arrival::Entered);
        if entered {
            let owes = if cores.is_some() { self.jobs[job].demand } else { 0 };
            self.worker(worker).owes += owes;
            self.has_core(job);
        }
    }

    /// A worker gives its core back.
    fn leave_core(&mut self, worker: u32) {
        let job = self.worker(worker).job;
        if let Some(hold) = self.jobs.release(job) {
            self.give_back(hold.station, hold.entered);
        }
    }

    /// A worker has got a core.
    #[expect(clippy::cast_possible_truncation, reason = "it was put there as 32 bits")]
    pub(super) fn has_core(&mut self, job: u32) {
        let worker = self.jobs[job].key as u32;
        let slice = self.crew(worker).map_or(Time::MAX, |crew| crew.slice);
        self.worker(worker).until = self.now.saturating_add(slice);
        self.go_on(worker);
    }

    /// A worker with a core does what is next: what it has in hand, who waits, the commit of its
    /// group, or nothing.
    fn go_on(&mut self, worker: u32) {
        if self.gives_way(worker) {
            return;
        }
        let of = self.worker(worker);
        if of.current.is_none() && !of.answering {
            let count = of.served.len();
            let most = self.crew(worker).and_then(|crew| crew.group.as_ref());
            let most = most.map_or(1, |(most, _)| *most as usize);
            if count >= most || !self.take_up(worker) {
                return if count > 0 { self.commit(worker) } else { self.rest(worker) };
            }
        }
        let now = self.now;
        let of = self.worker(worker);
        of.left = of.left.saturating_add(std::mem::take(&mut of.owes));
        (of.phase, of.since) = (Phase::Working, now);
        let end = now.saturating_add(of.left).min(of.until);
        self.turn_at(worker, end);
    }

    fn turn_at(&mut self, worker: u32, time: Time) {
        let job = self.worker(worker).job;
        let epoch = self.jobs.renew(job);
        self.calendar.schedule(time, kind::TURN, job, epoch);
    }

    /// Whether a worker whose slice is over has to let others have its core.
    fn gives_way(&mut self, worker: u32) -> bool {
        let now = self.now;
        if now < self.worker(worker).until {
            return false;
        }
        let Some(crew) = self.crew(worker) else { return false };
        let (cores, slice) = (crew.cores, crew.slice);
        let wanted = cores.is_some_and(|at| self.stations[at as usize].queue.length > 0);
        if wanted {
            self.leave_core(worker);
            self.want_core(worker);
        } else {
            self.worker(worker).until = now.saturating_add(slice);
        }
        wanted
    }

    /// A worker takes up whoever is next, if somebody waits.
    fn take_up(&mut self, worker: u32) -> bool {
        let (now, at) = (self.now, self.worker(worker).station);
        self.stations[at as usize].meter(now);
        let Some(job) = self.next_waiting(at) else { return false };
        self.jobs.renew(job);
        let place = &mut self.jobs[job];
        let wait = now - place.entered;
        (place.state, place.previous) = (State::Serving, worker);
        let demand = place.demand;
        let station = &mut self.stations[at as usize];
        station.busy += 1;
        station.waits.record(wait);
        station.record.waited += u64::from(wait > 0);
        let mut slowness = station.slowness;
        let woken = std::mem::take(&mut self.worker(worker).woken);
        self.looks(worker, false);
        let Some(crew) = self.crew(worker) else { return false };
        let setup = crew.setup.as_mut().filter(|_| woken).map_or(0, Sampler::time);
        if let Some(cores) = crew.cores {
            slowness *= self.stations[cores as usize].slowness;
        }
        let of = self.worker(worker);
        of.current = Some(job);
        of.left = slowed(demand.saturating_add(setup), slowness);
        true
    }

    /// Something that a worker did is over.
    #[expect(clippy::cast_possible_truncation, reason = "it was put there as 32 bits")]
    pub(super) fn worker_turn(&mut self, job: u32) {
        let worker = self.jobs[job].key as u32;
        match self.worker(worker).phase {
            Phase::Idle => {}
            Phase::Working => self.worked(worker),
            Phase::Resting => {
                let at = self.worker(worker).station;
                match self.stations[at as usize].queue.length {
                    0 => self.sleep(worker),
                    _ => self.go_on(worker),
                }
            }
            Phase::Committing => {
                let setup = self.crew(worker).and_then(|crew| crew.setup.as_mut());
                let setup = setup.map_or(0, Sampler::time);
                let of = self.worker(worker);
                (of.answering, of.left) = (true, setup);
                self.want_core(worker);
            }
        }
    }

    /// A worker's work, or its slice, is over.
    fn worked(&mut self, worker: u32) {
        let now = self.now;
        let of = self.worker(worker);
        of.left = of.left.saturating_sub(now - of.since);
        if of.left == 0 {
            let grouped = self.crew(worker).is_some_and(|crew| crew.group.is_some());
            let of = self.worker(worker);
            if std::mem::take(&mut of.answering) {
                self.answer_group(worker);
            } else if let Some(job) = of.current.take() {
                match grouped {
                    true => of.served.push_back(job),
                    false => {
                        self.looks(worker, true);
                        self.depart(job);
                    }
                }
            }
        }
        self.go_on(worker);
    }

    /// Whether a worker has nothing in hand.
    fn looks(&mut self, worker: u32, now: bool) {
        let before = std::mem::replace(&mut self.worker(worker).looking, now);
        if let Some(crew) = self.crew(worker) {
            crew.looking = crew.looking + u32::from(now) - u32::from(before);
        }
    }

    /// All of a group are done. One that ends may stop others of them.
    fn answer_group(&mut self, worker: u32) {
        self.looks(worker, true);
        while let Some(job) = self.worker(worker).served.pop_front() {
            self.depart(job);
        }
    }

    /// One leaves who was served by a worker.
    fn depart(&mut self, job: u32) {
        let now = self.now;
        let (at, entered) = (self.jobs[job].station, self.jobs[job].entered);
        let station = &mut self.stations[at as usize];
        station.meter(now);
        station.busy -= 1;
        station.stayed(entered, now);
        station.record.served += 1;
        self.jobs.renew(job);
        self.served(job, at);
    }

    /// A worker waits for what its group has to wait for, and needs no core.
    fn commit(&mut self, worker: u32) {
        let at = self.worker(worker).station;
        let slowness = self.stations[at as usize].slowness;
        let group = self.crew(worker).and_then(|crew| crew.group.as_mut());
        let time = group.map_or(0, |(_, commit)| slowed(commit.time(), slowness));
        self.worker(worker).phase = Phase::Committing;
        self.turn_at(worker, self.now.saturating_add(time));
        self.leave_core(worker);
    }

    /// Nobody waits for a worker.
    fn rest(&mut self, worker: u32) {
        self.looks(worker, true);
        let rest = self.crew(worker).and_then(|crew| crew.rest.as_mut()).map(Sampler::time);
        match rest {
            Some(time) => {
                self.worker(worker).phase = Phase::Resting;
                self.turn_at(worker, self.now.saturating_add(time));
            }
            None => self.sleep(worker),
        }
    }

    fn sleep(&mut self, worker: u32) {
        self.worker(worker).phase = Phase::Idle;
        self.looks(worker, false);
        if let Some(crew) = self.crew(worker) {
            crew.awake -= 1;
            crew.asleep.push(worker);
        }
        self.leave_core(worker);
    }

    /// A worker loses one whom it serves, because nobody waits for the answer any more.
    pub(super) fn drop_from_worker(&mut self, job: u32) {
        let worker = self.jobs[job].previous;
        let of = self.worker(worker);
        let stopped = of.current == Some(job);
        match stopped {
            true => (of.current, of.left) = (None, 0),
            false => of.served.retain(|served| *served != job),
        }
        let working = of.phase == Phase::Working;
        let empty = of.current.is_none() && of.served.is_empty() && !of.answering;
        if empty && of.phase != Phase::Committing {
            self.looks(worker, true);
        }
        if stopped && working {
            self.turn_at(worker, self.now);
        }
    }
}
