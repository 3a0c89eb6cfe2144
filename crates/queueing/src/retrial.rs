//! Requests that find the server busy and try again until they do not.

/// M/G/1 without a queue: who finds the server busy goes away and tries again after exponential
/// times, again and again, independently of others (Falin and Templeton 1997, chapter 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retrial {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean service time.
    pub service: f64,
    /// Squared coefficient of variation of the service time.
    pub variability: f64,
    /// Mean time until one who was turned away tries again.
    pub again: f64,
}

impl Retrial {
    /// Share of the time that the server is busy.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        (self.arrivals * self.service).min(1.0)
    }

    /// Mean number of those who will try again; infinite at full load.
    #[must_use]
    pub fn mean_orbit(&self) -> f64 {
        self.arrivals * self.mean_wait()
    }

    /// Mean time from the first attempt until service begins: the wait in a queue, and what nobody
    /// uses of the server between its end and the next attempt.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        let load = self.arrivals * self.service;
        if load >= 1.0 {
            return f64::INFINITY;
        }
        let square = self.service * self.service * (1.0 + self.variability);
        self.arrivals * (square / 2.0 + self.service * self.again) / (1.0 - load)
    }

    /// Mean time from the first attempt to the end of service.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_wait() + self.service
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GeneralService;
    use crate::near::near;

    #[test]
    fn who_tries_again_at_once_is_in_a_queue() {
        let known = GeneralService { arrivals: 0.7, mean: 1.0, variability: 0.4 };
        let eager = Retrial { arrivals: 0.7, service: 1.0, variability: 0.4, again: 1e-12 };
        near(eager.mean_sojourn(), known.mean_sojourn(), 1e-9);
        assert!(Retrial { arrivals: 1.0, ..eager }.mean_wait().is_infinite());
    }

    /// By iterating the chain of (busy, how many will try again) with exponential services.
    #[test]
    fn the_orbit_agrees_with_the_chain() {
        const MOST: usize = 80;
        let (arrivals, service, again): (f64, f64, f64) = (0.5, 1.0, 0.5);
        let step = 1.0 / (arrivals + service + again * MOST as f64);
        let mut shares = vec![[0.0; 2]; MOST + 1];
        shares[0][0] = 1.0;
        for _ in 0..200_000 {
            let mut next = vec![[0.0; 2]; MOST + 1];
            for (orbit, [free, busy]) in shares.iter().enumerate() {
                let tries = again * orbit as f64;
                next[orbit][0] += free * (1.0 - (arrivals + tries) * step);
                next[orbit][1] += free * arrivals * step;
                if orbit > 0 {
                    next[orbit - 1][1] += free * tries * step;
                }
                let more = if orbit < MOST { arrivals } else { 0.0 };
                next[orbit][1] += busy * (1.0 - (more + service) * step);
                next[(orbit + 1).min(MOST)][1] += busy * more * step;
                next[orbit][0] += busy * service * step;
            }
            shares = next;
        }
        let mean: f64 = shares
            .iter()
            .enumerate()
            .map(|(orbit, [free, busy])| orbit as f64 * (free + busy))
            .sum();
        let found = Retrial { arrivals, service: 1.0, variability: 1.0, again: 1.0 / again };
        near(found.mean_orbit(), mean, 1e-6);
    }
}
