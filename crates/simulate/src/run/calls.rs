//! Calls: attempts with a time limit, retries with backoff and a budget, and what becomes of work
//! that nobody waits for any more.

use crate::kernel::Time;
use crate::network::{Call, Policy, Step};

use super::cache::FLIGHT;
use super::jobs::{NONE, Role, State};
use super::meter::Failure;
use super::{Run, kind};

impl Run<'_> {
    /// The call that a job is in.
    fn call_of(&self, job: u32) -> Option<(u32, &Call)> {
        match self.network.steps[self.jobs[job].step as usize] {
            Step::Call { call } => Some((call, &self.network.calls[call as usize])),
            _ => None,
        }
    }

    /// A job begins a call.
    pub(super) fn call(&mut self, job: u32, call: u32) {
        if let Some(budget) = self.network.calls[call as usize].policy.budget {
            let tokens = &mut self.calls[call as usize].tokens;
            *tokens = (*tokens + budget.share).min(budget.burst);
        }
        self.jobs[job].retries = 0;
        self.attempt(job);
    }

    /// An attempt of a job's call: everything that is asked, at once.
    pub(super) fn attempt(&mut self, job: u32) {
        let network = self.network;
        let Some((at, _)) = self.call_of(job) else { return };
        let call = &network.calls[at as usize];
        let now = self.now;
        if self.calls[at as usize].breaker.as_mut().is_some_and(|breaker| !breaker.admits(now)) {
            // What is tried until it is done is tried again; else there is something else to do.
            return match call.policy.put_back {
                Some(_) => self.again(job, at, Failure::Rejected),
                None => {
                    self.jobs.renew(job);
                    self.jobs[job].state = State::Ready;
                    self.give_up_call(job, at, Failure::Rejected);
                }
            };
        }
        let limit = self.set_limit(job, at);
        let place = &mut self.jobs[job];
        place.state = State::Calling;
        place.missing = u32::try_from(call.targets.len()).unwrap_or(u32::MAX);
        let (source, level, started) = (place.source, place.level, place.started);
        let deadline = place.deadline.min(limit);
        let counts = match place.role {
            Role::Request => call.policy.retries > 0,
            Role::Begun => place.retries > 0,
            _ => false,
        };
        if counts {
            self.sources[source as usize].record.attempts += 1;
        }
        for &target in &call.targets {
            let part = match call.begins {
                Some(begun) => self.begin_request(begun, target, started),
                None => self.jobs.add(Role::Part, source, level, target, now),
            };
            self.jobs[part].deadline = deadline;
            self.jobs.tie(job, part);
            self.wake(part);
        }
    }

    /// Sets the timer of an attempt: until when there is time for an answer.
    fn set_limit(&mut self, job: u32, call: u32) -> Time {
        let (now, epoch) = (self.now, self.jobs.renew(job));
        let policy = &self.network.calls[call as usize].policy;
        let place = &self.jobs[job];
        let (Some(timeout), Some(list)) = (policy.timeout, self.calls[call as usize].timeout)
        else {
            return Time::MAX;
        };
        let from = if policy.from_start { place.started } else { now };
        let mut limit = from.saturating_add(timeout).max(now);
        if let Some(share) = policy.share_left {
            limit = limit.min(now.saturating_add(part(place.deadline.saturating_sub(now), share)));
        }
        // Timers of one length expire in the order in which they are set, and cost less.
        if limit == now.saturating_add(timeout) {
            self.calendar.set_timer(list, now, kind::TIME_OUT, job, epoch);
        } else {
            self.calendar.schedule(limit, kind::TIME_OUT, job, epoch);
        }
        limit
    }

    /// A part of a job has its answer.
    pub(super) fn answered(&mut self, job: u32, failure: Option<Failure>) {
        match failure {
            None => {
                self.jobs[job].missing -= 1;
                if self.jobs[job].missing == 0 {
                    self.tell_breaker(job, true);
                    self.jobs.renew(job);
                    self.jobs[job].state = State::Ready;
                    self.jobs[job].step += 1;
                    self.wake(job);
                }
            }
            Some(failure) => self.attempt_failed(job, failure),
        }
    }

    /// The time for an answer is over.
    pub(super) fn time_out(&mut self, job: u32) {
        self.attempt_failed(job, Failure::TimedOut);
    }

    fn attempt_failed(&mut self, job: u32, failure: Failure) {
        let network = self.network;
        let Some((at, _)) = self.call_of(job) else { return };
        let policy = &network.calls[at as usize].policy;
        self.abandon_parts(job, policy.cancel);
        self.tell_breaker(job, false);
        self.again(job, at, failure);
    }

    /// The next attempt is made later, if there is one.
    fn again(&mut self, job: u32, at: u32, failure: Failure) {
        let network = self.network;
        let policy = &network.calls[at as usize].policy;
        let epoch = self.jobs.renew(job);
        self.jobs[job].state = State::Ready;
        let made = !matches!(failure, Failure::Rejected | Failure::Abandoned);
        let done = policy.once && made;
        let late = policy.share_left.is_some() && self.is_late(job);
        if done || late || !self.may_retry(job, at, policy) {
            return self.give_up_call(job, at, failure);
        }
        self.jobs[job].retries += 1;
        let mut wait = self.backoff(self.jobs[job].retries, at, policy);
        if let Some(put_back) = policy.put_back
            && (self.jobs[job].retries.is_multiple_of(put_back.tries.max(1)) || self.is_late(job))
        {
            wait = wait.saturating_add(self.until_look(at, put_back.look));
            self.let_go(job, failure);
        }
        self.calendar.schedule(self.now.saturating_add(wait), kind::RETRY, job, epoch);
    }

    /// Whether nobody waits for a job any more.
    fn is_late(&self, job: u32) -> bool {
        self.now >= self.jobs[job].deadline
    }

    /// Time until somebody looks for what is due.
    fn until_look(&mut self, call: u32, between: Time) -> Time {
        let jitter = self.network.calls[call as usize].jitter as usize;
        part(between, self.samplers[jitter].random.inside())
    }

    /// Whoever waits for a job that others have begun learns that it takes longer, where that is an
    /// answer.
    fn let_go(&mut self, job: u32, failure: Failure) {
        let parent = self.jobs[job].parent;
        if self.jobs[job].role != Role::Begun || parent == NONE {
            return;
        }
        if self.call_of(parent).is_some_and(|(_, call)| call.otherwise.is_some()) {
            self.attempt_failed(parent, failure);
        }
    }

    /// No attempt went well: the job goes on elsewhere, or fails.
    fn give_up_call(&mut self, job: u32, call: u32, failure: Failure) {
        match self.network.calls[call as usize].otherwise {
            Some(step) => {
                self.jobs[job].step = step;
                self.wake(job);
            }
            None => self.fail(job, failure),
        }
    }

    /// Tells the breaker of a job's call how an attempt ended.
    fn tell_breaker(&mut self, job: u32, well: bool) {
        let now = self.now;
        let Some((at, _)) = self.call_of(job) else { return };
        if let Some(breaker) = &mut self.calls[at as usize].breaker {
            breaker.ended(now, well);
        }
    }

    fn may_retry(&mut self, job: u32, call: u32, policy: &Policy) -> bool {
        if self.jobs[job].retries >= policy.retries {
            return false;
        }
        let tokens = &mut self.calls[call as usize].tokens;
        match policy.budget {
            None => true,
            Some(_) if *tokens >= 1.0 => {
                *tokens -= 1.0;
                true
            }
            Some(_) => false,
        }
    }

    /// Wait before a retry, in nanoseconds.
    fn backoff(&mut self, retry: u32, call: u32, policy: &Policy) -> u64 {
        if policy.again.is_some() {
            let again = self.network.calls[call as usize].jitter as usize;
            return self.samplers[again].time();
        }
        let doubled = policy.backoff.saturating_mul(1 << (retry - 1).min(62));
        let wait = doubled.min(policy.longest_backoff);
        if !policy.jitter || wait == 0 {
            return wait;
        }
        let jitter = self.network.calls[call as usize].jitter as usize;
        let drawn = self.samplers[jitter].random.inside();
        part(wait, policy.least + (1.0 - policy.least) * drawn)
    }

    /// Nobody waits for the parts of a job any more: they are stopped, or go on for nothing.
    fn abandon_parts(&mut self, job: u32, cancel: bool) {
        loop {
            let part = self.jobs[job].first_part;
            if part == NONE {
                return;
            }
            self.jobs.untie(part);
            if self.jobs[part].role == Role::Begun {
                continue;
            }
            self.jobs[part].role = Role::Orphan;
            if cancel {
                self.cancel(part);
            }
        }
    }

    /// Stops a job and all that it has set in motion: first everything goes, then the places are
    /// taken by others, so that nobody takes a place who is about to go.
    fn cancel(&mut self, job: u32) {
        let (mut open, mut freed, mut landed) = (vec![job], Vec::new(), Vec::new());
        while let Some(job) = open.pop() {
            loop {
                let part = self.jobs[job].first_part;
                if part == NONE {
                    break;
                }
                self.jobs.untie(part);
                if self.jobs[part].role == Role::Begun {
                    continue;
                }
                self.jobs[part].role = Role::Orphan;
                open.push(part);
            }
            // Whoever is asked has not answered: that counts as a failure there.
            if self.jobs[job].state == State::Calling {
                self.tell_breaker(job, false);
            }
            if matches!(self.jobs[job].state, State::Waiting | State::Serving) {
                self.take_away(job);
                freed.push(self.jobs[job].station);
            }
            while let Some(hold) = self.jobs.release(job) {
                if hold.station & FLIGHT != 0 {
                    landed.push((hold.station, hold.entered));
                    continue;
                }
                self.vacate(hold.station, hold.entered);
                freed.push(hold.station);
            }
            self.jobs.remove(job);
        }
        for station in freed {
            self.refill(station);
        }
        for (flight, key) in landed {
            self.land(flight, key);
        }
    }
}

/// A share of a time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "waits are far below 2^53 nanoseconds, and `as` saturates"
)]
fn part(time: Time, share: f64) -> Time {
    (time as f64 * share) as Time
}
