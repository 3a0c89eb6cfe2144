//! One server with any distribution of service time (M/G/1), with a constant one (M/D/1), and as
//! many servers as needed (M/G/inf).

use crate::root::quantile;

/// An M/G/1 station, first come first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneralService {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean service time.
    pub mean: f64,
    /// Squared coefficient of variation of the service time: 0 constant, 1 exponential.
    pub variability: f64,
}

impl GeneralService {
    /// Share of the time that the server is busy.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.arrivals * self.mean
    }

    /// Mean wait before service (Pollaczek 1930, Khinchine 1932).
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        let rho = self.utilisation();
        if rho >= 1.0 {
            return f64::INFINITY;
        }
        rho * self.mean * (1.0 + self.variability) / (2.0 * (1.0 - rho))
    }

    /// Mean time from arrival to departure.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_wait() + self.mean
    }

    /// Mean number inside.
    #[must_use]
    pub fn mean_number(&self) -> f64 {
        self.arrivals * self.mean_sojourn()
    }
}

/// An M/D/1 station: every service takes the same time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeterministicService {
    /// Arrivals per second.
    pub arrivals: f64,
    /// The service time.
    pub time: f64,
}

impl DeterministicService {
    /// Mean wait before service.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        GeneralService { arrivals: self.arrivals, mean: self.time, variability: 0.0 }.mean_wait()
    }

    /// Probabilities of 0, 1, .. `count` inside, by balancing the crossings of each level at
    /// departures: all terms are positive, so nothing cancels.
    fn numbers(&self, count: usize) -> Vec<f64> {
        let load = self.arrivals * self.time;
        let arriving = |k: usize| poisson(load, k);
        let mut beyond = vec![1.0 - arriving(0)];
        for k in 1..=count {
            beyond.push((beyond[k - 1] - arriving(k)).max(0.0));
        }
        let mut probability = vec![1.0 - load];
        for n in 1..=count {
            let from_empty = probability[0] * beyond[n - 1];
            let from_others: f64 = (1..n).map(|i| probability[i] * beyond[n - i]).sum();
            probability.push((from_empty + from_others) / arriving(0));
        }
        probability
    }

    /// Probability that the wait is at most `wait` (Franx 2001).
    #[must_use]
    pub fn wait_distribution(&self, wait: f64) -> f64 {
        let whole = (wait / self.time).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let services = (whole as usize).min(100_000) + 1;
        let rest = self.arrivals * ((whole + 1.0) * self.time - wait);
        let mut at_most = self.numbers(services);
        for n in 1..at_most.len() {
            at_most[n] += at_most[n - 1];
        }
        (0..services).map(|j| at_most[services - j] * poisson(rest, j)).sum()
    }

    /// A quantile of the wait before service.
    #[must_use]
    pub fn wait_quantile(&self, share: f64) -> f64 {
        quantile(share, |t| 1.0 - self.wait_distribution(t))
    }

    /// A quantile of the time from arrival to departure.
    #[must_use]
    pub fn sojourn_quantile(&self, share: f64) -> f64 {
        self.wait_quantile(share) + self.time
    }
}

fn poisson(mean: f64, count: usize) -> f64 {
    if mean == 0.0 {
        return if count == 0 { 1.0 } else { 0.0 };
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let count = count as f64;
    (count * mean.ln() - mean - libm::lgamma(count + 1.0)).exp()
}

/// M/G/inf: nobody waits; the number inside is Poisson whatever the service time's shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InfiniteServers {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean service time.
    pub mean: f64,
}

impl InfiniteServers {
    /// Mean number inside.
    #[must_use]
    pub fn mean_number(&self) -> f64 {
        self.arrivals * self.mean
    }

    /// Probability that nobody is inside.
    #[must_use]
    pub fn idle_probability(&self) -> f64 {
        (-self.mean_number()).exp()
    }
}
