//! Programs: a job takes step after step until it has to wait.

use crate::network::{Route, Step};

use super::cache::Found;
use super::jobs::{NONE, Role};
use super::meter::Failure;
use super::stations::Arrival;
use super::{Ready, Run, kind};

impl Run<'_> {
    /// A job goes on as soon as what happens now is over.
    pub(super) fn wake(&mut self, job: u32) {
        let epoch = self.jobs[job].epoch;
        self.ready.push_back(Ready { job, epoch, failure: None });
    }

    /// The present step is done.
    #[inline]
    pub(super) fn step_on(&mut self, job: u32) {
        self.jobs[job].step += 1;
        self.advance(job);
    }

    /// Takes steps until the job waits or ends.
    #[inline]
    pub(super) fn advance(&mut self, job: u32) {
        loop {
            let step = self.network.steps[self.jobs[job].step as usize];
            match step {
                Step::Jump { to } => self.jobs[job].step = to,
                Step::Serve { station, sampler } => {
                    let demand = self.samplers[sampler as usize].time();
                    if self.come(job, station, demand) == Arrival::Rejected {
                        self.fail(job, Failure::Rejected);
                    }
                    return;
                }
                Step::Succeed => return self.end(job, None),
                other => {
                    if !self.take_step(job, other) {
                        return;
                    }
                }
            }
        }
    }

    /// Takes one of the rarer steps; whether the job can go on at once.
    fn take_step(&mut self, job: u32, step: Step) -> bool {
        match step {
            Step::Enter { station } => match self.come(job, station, 0) {
                Arrival::Entered => self.jobs[job].step += 1,
                Arrival::Waits => return false,
                Arrival::Rejected => {
                    self.fail(job, Failure::Rejected);
                    return false;
                }
            },
            Step::Leave => {
                if let Some(hold) = self.jobs.release(job) {
                    self.give_back(hold.station, hold.entered);
                }
                self.jobs[job].step += 1;
            }
            Step::Pass { sampler } => {
                let time = self.samplers[sampler as usize].time();
                let epoch = self.jobs.renew(job);
                self.calendar.schedule(self.now.saturating_add(time), kind::WAKE, job, epoch);
                return false;
            }
            Step::Call { call } => {
                self.call(job, call);
                return false;
            }
            Step::Route { route } => self.jobs[job].step = self.way(route),
            Step::Risk { station } => {
                if self.is_struck(station) {
                    self.fail(job, Failure::Error);
                    return false;
                }
                self.jobs[job].step += 1;
            }
            Step::Accept => {
                let source = self.jobs[job].source as usize;
                self.sources[source].record.accepted += 1;
                self.jobs[job].step += 1;
            }
            Step::Key { keys } => {
                let (zipf, stream) = &self.keys[keys as usize];
                self.jobs[job].key = zipf.draw(&mut self.samplers[*stream as usize].random);
                self.jobs[job].step += 1;
            }
            Step::Look { cache, found } => match self.look(job, cache) {
                Found::Answer => self.jobs[job].step = found,
                Found::Nothing => self.jobs[job].step += 1,
                Found::Fetched => return false,
            },
            Step::Keep { cache } => {
                self.keep(job, cache);
                self.jobs[job].step += 1;
            }
            Step::Jump { .. } | Step::Serve { .. } | Step::Succeed => {}
        }
        true
    }

    /// Which way a route leads now.
    fn way(&mut self, route: u32) -> u32 {
        match &self.network.routes[route as usize] {
            Route::Shares { ways, stream } => {
                let share = self.samplers[*stream as usize].random.inside();
                let at = ways.partition_point(|(sum, _)| *sum <= share).min(ways.len() - 1);
                ways[at].1
            }
            Route::Turns(ways) => {
                let turn = &mut self.turns[route as usize];
                // Where all are closed, the last is as good as any other.
                for _ in 0..ways.len() {
                    let (station, way) = ways[*turn as usize];
                    *turn = if *turn as usize + 1 < ways.len() { *turn + 1 } else { 0 };
                    if station.is_none_or(|at| self.stations[at as usize].is_open()) {
                        return way;
                    }
                }
                ways[*turn as usize].1
            }
            Route::Shortest(ways) => {
                let inside = |at: u32| self.stations[at as usize].inside();
                let shortest = ways.iter().min_by_key(|(station, _)| inside(*station));
                shortest.map_or(0, |(_, way)| *way)
            }
        }
    }

    /// A job fails: what it keeps is given back, and whoever waits for it is told.
    pub(super) fn fail(&mut self, job: u32, failure: Failure) {
        while let Some(hold) = self.jobs.release(job) {
            self.give_back(hold.station, hold.entered);
        }
        self.end(job, Some(failure));
    }

    /// A job ends, well or badly.
    #[inline]
    pub(super) fn end(&mut self, job: u32, failure: Option<Failure>) {
        let place = &self.jobs[job];
        let (role, parent) = (place.role, place.parent);
        match role {
            Role::Request => {
                let (source, started) = (place.source as usize, place.started);
                self.jobs.remove(job);
                self.request_ended(source, started, failure);
            }
            Role::Part => {
                if parent != NONE {
                    self.jobs.untie(job);
                }
                self.jobs.remove(job);
                self.answered(parent, failure);
            }
            Role::Begun => {
                let (source, started) = (place.source as usize, place.started);
                if parent != NONE {
                    self.jobs.untie(job);
                }
                self.jobs.remove(job);
                self.request_ended(source, started, failure);
                if parent != NONE {
                    self.answered(parent, failure);
                }
            }
            Role::Orphan | Role::Free => self.jobs.remove(job),
            Role::Worker => self.has_core(job),
        }
    }
}
