//! Work that is split and joined.

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
