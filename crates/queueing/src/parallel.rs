//! Work that is split and joined.

use crate::GeneralService;

fn harmonic(count: u32) -> f64 {
    (1..=count).map(|n| 1.0 / f64::from(n)).sum()
}

/// Each arrival sends one task to each of `branches` M/M/1 queues and waits for the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForkJoin {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Services per second of each queue.
    pub service: f64,
    /// Queues.
    pub branches: u32,
}

impl ForkJoin {
    fn alone(&self) -> f64 {
        1.0 / (self.service - self.arrivals)
    }

    /// Mean time until the last task is done: exact for two branches (Flatto and Hahn 1984), within
    /// 5 % for more (Nelson and Tantawi 1988).
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        let rho = self.arrivals / self.service;
        let two = (12.0 - rho) / 8.0 * self.alone();
        if self.branches < 2 {
            return self.alone();
        }
        let growth = harmonic(self.branches) / harmonic(2);
        (growth + 4.0 / 11.0 * (1.0 - growth) * rho) * two
    }

    /// No more than this: branches independent of each other.
    #[must_use]
    pub fn upper_bound(&self) -> f64 {
        harmonic(self.branches) * self.alone()
    }

    /// No less than this: one branch with its queue, or all without queues.
    #[must_use]
    pub fn lower_bound(&self) -> f64 {
        self.alone().max(harmonic(self.branches) / self.service)
    }
}

/// Each arrival sends one task to each of `branches` servers, and the next one begins when all of
/// them are done: M/G/1 whose service is the slowest of the tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitMerge {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Services per second of each server.
    pub service: f64,
    /// Servers.
    pub branches: u32,
}

impl SplitMerge {
    /// Mean time for which one request keeps all servers.
    #[must_use]
    pub fn mean_service(&self) -> f64 {
        harmonic(self.branches) / self.service
    }

    /// Mean time from arrival until the last task is done (Pollaczek and Khinchine); infinite at full
    /// load, which is the earlier the more branches there are.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        let mean = self.mean_service();
        // The slowest of n is a sum of n exponentials, of rates n mu, .., mu.
        let variance: f64 =
            (1..=self.branches).map(|n| (f64::from(n) * self.service).powi(-2)).sum();
        let variability = variance / (mean * mean);
        GeneralService { arrivals: self.arrivals, mean, variability }.mean_sojourn()
    }
}

/// The slowest of `calls` independent exponential calls without queueing.
pub mod fan_out {
    use super::harmonic;

    /// Mean of the slowest, at this mean of one call.
    #[must_use]
    pub fn mean(calls: u32, mean: f64) -> f64 {
        harmonic(calls) * mean
    }

    /// A quantile of the slowest.
    #[must_use]
    pub fn quantile(calls: u32, mean: f64, share: f64) -> f64 {
        -mean * (-share.powf(1.0 / f64::from(calls))).ln_1p()
    }

    /// Probability that at least one call exceeds its own quantile `share`.
    #[must_use]
    pub fn any_beyond(calls: u32, share: f64) -> f64 {
        1.0 - share.powf(f64::from(calls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_branch_is_one_server_and_more_wait_for_the_slowest() {
        let of = |branches| SplitMerge { arrivals: 0.4, service: 1.0, branches };
        assert!((of(1).mean_sojourn() - 1.0 / 0.6).abs() < 1e-12);
        let forked = ForkJoin { arrivals: 0.4, service: 1.0, branches: 2 };
        // Who may begin while others wait for their slowest is sooner done.
        assert!(of(2).mean_sojourn() > forked.mean_sojourn());
        assert!(of(8).mean_sojourn().is_infinite());
    }
}
