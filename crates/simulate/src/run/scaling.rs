//! Autoscaling: replicas come and go as they are busy, as the horizontal autoscaler of Kubernetes
//! does it: every so often the utilisation since the last look is held against the target, new
//! replicas serve after they have started, and fewer are wanted only after a while of calm.

use std::collections::VecDeque;

use super::{Run, kind};
use crate::kernel::Time;
use crate::network::Scaling;

/// A group of stations that is scaled, while it runs.
#[derive(Debug)]
pub(super) struct ScalingState<'n> {
    scaling: &'n Scaling,
    /// Integral of busy servers at the last look.
    busy: u128,
    looked: Time,
    /// Replicas that were asked for and do not serve yet.
    starting: u32,
    /// What was wanted at each look within the time of calm.
    wanted: VecDeque<(Time, u32)>,
    /// How many were added or removed when, within the period of the policy.
    added: VecDeque<(Time, u32)>,
    removed: VecDeque<(Time, u32)>,
}

impl<'n> ScalingState<'n> {
    pub(super) const fn new(scaling: &'n Scaling) -> Self {
        Self {
            scaling,
            busy: 0,
            looked: 0,
            starting: 0,
            wanted: VecDeque::new(),
            added: VecDeque::new(),
            removed: VecDeque::new(),
        }
    }

    /// How many replicas are wanted, of which so many serve, busy to this share.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and it is brought inside the bounds"
    )]
    fn desired(&self, serving: u32, utilisation: f64) -> u32 {
        let of = self.scaling;
        let ratio = utilisation / of.target;
        let wanted = match (ratio - 1.0).abs() <= of.tolerance {
            true => serving + self.starting,
            false => (f64::from(serving) * ratio - 1e-9).ceil() as u32,
        };
        wanted.clamp(of.least, of.most())
    }

    /// By how many the number changes now: at the most doubled within a period, and reduced by its
    /// share of that, to the most that was wanted within the time of calm.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count of replicas"
    )]
    fn step(&mut self, now: Time, current: u32, desired: u32) -> i64 {
        let of = self.scaling;
        keep_since(&mut self.wanted, now.saturating_sub(of.calm));
        keep_since(&mut self.added, now.saturating_sub(of.growth_period));
        keep_since(&mut self.removed, now.saturating_sub(of.shrink_period));
        self.wanted.push_back((now, desired));
        let sum = |of: &VecDeque<(Time, u32)>| of.iter().map(|(_, count)| count).sum::<u32>();
        if desired > current {
            let before = current.saturating_sub(sum(&self.added)).max(1);
            let most = (f64::from(before) * (1.0 + of.growth)).ceil() as u32;
            let added = desired.min(most).saturating_sub(current);
            self.added.push_back((now, added));
            return i64::from(added);
        }
        let calm = self.wanted.iter().map(|(_, count)| *count).max().unwrap_or(desired);
        let before = current + sum(&self.removed);
        let least = before.saturating_sub(((f64::from(before) * of.shrink) as u32).max(1));
        let removed = current.saturating_sub(calm.max(least));
        self.removed.push_back((now, removed));
        -i64::from(removed)
    }
}

fn keep_since(list: &mut VecDeque<(Time, u32)>, since: Time) {
    while list.front().is_some_and(|(at, _)| *at <= since) {
        list.pop_front();
    }
}

impl Run<'_> {
    /// The first looks.
    pub(super) fn begin_scaling(&mut self) {
        for (at, scaling) in (0u32..).zip(&self.network.scalings) {
            for station in scaling.stations.iter().skip(scaling.at_first as usize) {
                self.stations[*station as usize].spare = true;
            }
            self.calendar.schedule(scaling.interval, kind::SCALE, at, 0);
        }
    }

    /// A look at how busy the replicas are.
    pub(super) fn scale(&mut self, at: u32) {
        let now = self.now;
        let of = self.scalings[at as usize].scaling;
        let (mut serving, mut servers, mut busy) = (0, 0u64, 0);
        for &station in &of.stations {
            let station = &mut self.stations[station as usize];
            station.meter(now);
            busy += station.busy_in_all();
            if !station.spare && !station.closed {
                serving += 1;
                servers += u64::from(station.servers);
            }
        }
        let state = &mut self.scalings[at as usize];
        let time = u128::from(now - state.looked) * u128::from(servers);
        let utilisation = share(busy - state.busy, time);
        (state.busy, state.looked) = (busy, now);
        let desired = state.desired(serving, utilisation);
        let change = state.step(now, serving + state.starting, desired);
        for _ in 0..change {
            self.scalings[at as usize].starting += 1;
            self.calendar.schedule(now.saturating_add(of.start), kind::STARTED, at, 0);
        }
        for _ in change..0 {
            self.turn(at, true);
        }
        self.calendar.schedule(now.saturating_add(of.interval), kind::SCALE, at, 0);
    }

    /// A replica has started.
    pub(super) fn started(&mut self, at: u32) {
        let state = &mut self.scalings[at as usize];
        state.starting = state.starting.saturating_sub(1);
        self.turn(at, false);
    }

    /// The first spare replica serves, or the last that serves is spare: what it has begun it ends.
    fn turn(&mut self, at: u32, spare: bool) {
        let of = self.scalings[at as usize].scaling;
        let now = self.now;
        let eligible = |state: &super::StationState| state.spare != spare && !state.closed;
        let mut places = of.stations.iter().copied();
        let found = match spare {
            true => places.rfind(|at| eligible(&self.stations[*at as usize])),
            false => places.find(|at| eligible(&self.stations[*at as usize])),
        };
        if let Some(found) = found {
            let station = &mut self.stations[found as usize];
            station.meter(now);
            station.spare = spare;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Time = 1_000_000_000;

    fn scaling() -> Scaling {
        Scaling {
            stations: (0..10).collect(),
            at_first: 2,
            least: 2,
            target: 0.6,
            tolerance: 0.1,
            interval: 15 * SECOND,
            start: 30 * SECOND,
            calm: 300 * SECOND,
            growth: 1.0,
            growth_period: 30 * SECOND,
            shrink: 0.1,
            shrink_period: 60 * SECOND,
        }
    }

    #[test]
    fn more_are_wanted_in_proportion_and_none_within_the_tolerance() {
        let scaling = scaling();
        let state = ScalingState::new(&scaling);
        assert_eq!(state.desired(4, 0.6), 4);
        assert_eq!(state.desired(4, 0.65), 4);
        assert_eq!(state.desired(4, 0.9), 6);
        assert_eq!(state.desired(4, 1.0), 7);
        assert_eq!(state.desired(4, 0.3), 2);
        assert_eq!(state.desired(8, 1.0), 10, "the most");
        assert_eq!(state.desired(4, 0.0), 2, "the least");
    }

    #[test]
    fn it_doubles_within_a_period_and_shrinks_by_a_tenth_after_calm() {
        let scaling = scaling();
        let mut state = ScalingState::new(&scaling);
        assert_eq!(state.step(15 * SECOND, 2, 10), 2);
        assert_eq!(state.step(30 * SECOND, 4, 10), 0, "doubled already");
        assert_eq!(state.step(60 * SECOND, 4, 10), 4);
        assert_eq!(state.step(120 * SECOND, 8, 2), 0, "ten were wanted a minute ago");
        assert_eq!(state.step(400 * SECOND, 8, 2), -1);
        assert_eq!(state.step(415 * SECOND, 7, 2), 0, "one a minute");
        assert_eq!(state.step(475 * SECOND, 7, 2), -1);
    }
}
