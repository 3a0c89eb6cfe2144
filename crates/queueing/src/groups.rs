//! Services in groups: whoever waits is served together, as commits are that share one flush.

use crate::root::root;

/// M/M^\[1,K\]/1: one server takes up to `most` of those who wait, however few there are, and serves
/// them together in an exponential time; who comes meanwhile waits for the next group (Bailey 1954;
/// Chaudhry and Templeton 1983).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupService {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean time to serve a group, whatever its size.
    pub service: f64,
    /// Most in a group.
    pub most: u32,
}

impl GroupService {
    /// Share of what it could serve that comes: one and more is too much.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.arrivals * self.service / f64::from(self.most)
    }

    /// The number that waits falls by this factor, the root between zero and one of
    /// `mu r^(K+1) - (lambda + mu) r + lambda`.
    fn ratio(&self) -> f64 {
        let (arrivals, service) = (self.arrivals, 1.0 / self.service);
        let most = f64::from(self.most);
        // Divided by (r - 1): mu (r + .. + r^K) = lambda.
        let sum = |r: f64| {
            if (1.0 - r).abs() < 1e-12 { most } else { (r - r.powf(most + 1.0)) / (1.0 - r) }
        };
        root(0.0, 1.0, |r| service * sum(r) - arrivals)
    }

    /// Share of the time that it serves.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        if self.load() >= 1.0 {
            return 1.0;
        }
        let idle = 1.0 / (self.arrivals * self.service);
        1.0 - idle / (idle + 1.0 / (1.0 - self.ratio()))
    }

    /// Mean wait before the service of one's group begins; infinite at full load.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        if self.load() >= 1.0 {
            return f64::INFINITY;
        }
        let ratio = self.ratio();
        self.utilisation() * ratio / (1.0 - ratio) / self.arrivals
    }

    /// Mean time from arrival to departure.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_wait() + self.service
    }
}

/// M/G^\[1,inf\]/1: one server takes all who wait. Who comes while it serves waits for what is left of
/// that, and is in the next group for certain; how often it serves follows from how often nobody
/// comes during a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeGroups {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean time to serve a group.
    pub service: f64,
    /// Squared coefficient of variation of that time.
    pub variability: f64,
    /// Probability that nobody comes during a service: its Laplace transform at the rate of arrivals.
    pub nobody: f64,
}

impl WholeGroups {
    /// Always the same time.
    #[must_use]
    pub fn constant(arrivals: f64, service: f64) -> Self {
        let nobody = libm::exp(-arrivals * service);
        Self { arrivals, service, variability: 0.0, nobody }
    }

    /// Share of the time that it serves.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        let offered = self.arrivals * self.service;
        offered / (offered + self.nobody)
    }

    /// Mean number in a group.
    #[must_use]
    pub fn mean_size(&self) -> f64 {
        self.arrivals * self.service / self.utilisation()
    }

    /// Mean wait before the service of one's group begins.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.utilisation() * self.service * (1.0 + self.variability) / 2.0
    }

    /// Mean time from arrival to departure.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_wait() + self.service
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MultiServer;
    use crate::near::near;

    #[test]
    fn groups_of_one_are_the_usual_server() {
        let usual = MultiServer { arrivals: 0.8, service: 1.0, servers: 1 };
        let ones = GroupService { arrivals: 0.8, service: 1.0, most: 1 };
        near(ones.mean_sojourn(), usual.mean_sojourn(), 1e-9);
        near(ones.utilisation(), 0.8, 1e-9);
        assert!(GroupService { arrivals: 4.0, service: 1.0, most: 4 }.mean_wait().is_infinite());
    }

    #[test]
    fn groups_without_bound_are_those_of_any_size() {
        let nobody = 1.0 / (1.0 + 3.0);
        let whole = WholeGroups { arrivals: 3.0, service: 1.0, variability: 1.0, nobody };
        let bounded = GroupService { arrivals: 3.0, service: 1.0, most: 500 };
        near(bounded.mean_sojourn(), whole.mean_sojourn(), 1e-9);
        near(bounded.utilisation(), whole.utilisation(), 1e-9);
        // Nobody waits longer than one service in the mean, whatever comes.
        let busy = WholeGroups::constant(1000.0, 1.0);
        near(busy.mean_sojourn(), 1.5, 1e-9);
        near(busy.mean_size(), 1000.0, 1e-9);
    }

    /// By iterating the chain of (serves, how many wait).
    #[test]
    fn the_root_agrees_with_the_chain() {
        const MOST: usize = 400;
        let (arrivals, service, group) = (3.2, 1.0, 4);
        let step = 1.0 / (arrivals + service);
        let (mut idle, mut waiting) = (1.0, vec![0.0; MOST + 1]);
        for _ in 0..20_000 {
            let mut next = vec![0.0; MOST + 1];
            let mut next_idle = idle * (1.0 - arrivals * step);
            next[0] += idle * arrivals * step;
            for (count, share) in waiting.iter().enumerate() {
                next[(count + 1).min(MOST)] += share * arrivals * step;
                match count {
                    0 => next_idle += share * service * step,
                    _ => next[count.saturating_sub(group)] += share * service * step,
                }
            }
            (idle, waiting) = (next_idle, next);
        }
        let mean: f64 = waiting.iter().enumerate().map(|(count, share)| count as f64 * share).sum();
        let found = GroupService { arrivals, service, most: 4 };
        near(found.mean_wait() * arrivals, mean, 1e-7);
        near(found.utilisation(), 1.0 - idle, 1e-7);
    }
}
