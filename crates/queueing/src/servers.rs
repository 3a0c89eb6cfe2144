//! Stations beyond the usual ones: several servers with constant service times (M/D/c), requests in
//! batches, and a server that breaks down.

use std::f64::consts::TAU;

/// M/D/c: Poisson arrivals, services that all take the same time, `servers` servers, one queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeterministicServers {
    /// Arrivals per second.
    pub arrivals: f64,
    /// The service time.
    pub time: f64,
    /// Servers.
    pub servers: u32,
}

impl DeterministicServers {
    /// Busy servers on average (Erlangs).
    fn offered(&self) -> f64 {
        self.arrivals * self.time
    }

    /// Mean number inside, infinite at full load: seen every service time, whoever was in service is
    /// gone, so that the generating function has its poles where `z^c = exp(a (z - 1))` (Crommelin
    /// 1932). Each root inside the unit circle is the fixed point of a contraction.
    #[must_use]
    pub fn mean_number(&self) -> f64 {
        let (offered, servers) = (self.offered(), f64::from(self.servers));
        if offered >= servers {
            return f64::INFINITY;
        }
        let roots =
            (1..self.servers).map(|k| inverse_distance(offered / servers, f64::from(k) / servers));
        offered / (2.0 * (servers - offered)) + 0.5 * (offered - servers + 1.0) + roots.sum::<f64>()
    }

    /// Mean wait before service.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        (self.mean_number() - self.offered()).max(0.0) / self.arrivals
    }
}

/// The real part of `1 / (1 - z)`, where `z = exp(rho (z - 1) + 2 pi i turn)`.
fn inverse_distance(load: f64, turn: f64) -> f64 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    // The error falls by the load with each round.
    for _ in 0..100_000 {
        let size = libm::exp(load * (real - 1.0));
        let angle = load * imaginary + TAU * turn;
        let next = (size * libm::cos(angle), size * libm::sin(angle));
        let moved = (next.0 - real).abs() + (next.1 - imaginary).abs();
        (real, imaginary) = next;
        if moved < 1e-16 {
            break;
        }
    }
    let away = 1.0 - real;
    away / (away * away + imaginary * imaginary)
}

/// M[X]/M/1: requests come in batches, whose sizes have a mean and a mean of their squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchArrivals {
    /// Batches per second.
    pub batches: f64,
    /// Mean size of a batch.
    pub size: f64,
    /// Mean of the squared sizes.
    pub square: f64,
    /// Services per second.
    pub service: f64,
}

impl BatchArrivals {
    /// Mean time from arrival to departure (Gross and Harris, chapter 3); infinite at full load.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        let load = self.batches * self.size / self.service;
        if load >= 1.0 {
            return f64::INFINITY;
        }
        (self.square + self.size) / (2.0 * self.size * self.service * (1.0 - load))
    }
}

/// M/M/1 whose server breaks down while it works, and goes on with the same service when it is
/// repaired (Avi-Itzhak and Naor 1963).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breakdowns {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Services per second of a server that works.
    pub service: f64,
    /// Breakdowns per second of work.
    pub breakdowns: f64,
    /// Repairs per second of a server that is broken.
    pub repairs: f64,
}

impl Breakdowns {
    /// Mean time from arrival to departure: that of an M/G/1 whose services hold their repairs;
    /// infinite at full load.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        let stretch = 1.0 + self.breakdowns / self.repairs;
        let mean = stretch / self.service;
        let repairs = 2.0 * self.breakdowns / (self.service * self.repairs * self.repairs);
        let square = 2.0 * mean * mean + repairs;
        let load = self.arrivals * mean;
        if load >= 1.0 {
            return f64::INFINITY;
        }
        mean + self.arrivals * square / (2.0 * (1.0 - load))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::near::near;
    use crate::{DeterministicService, MultiServer};

    #[test]
    fn constant_services_wait_as_published() {
        let four = DeterministicServers { arrivals: 3.2, time: 1.0, servers: 4 };
        near(four.mean_wait(), 0.386_094_931, 2e-9);
        for load in [0.1, 0.5, 0.9, 0.99] {
            let one = DeterministicServers { arrivals: load, time: 1.0, servers: 1 };
            let known = DeterministicService { arrivals: load, time: 1.0 };
            near(one.mean_wait(), known.mean_wait(), 1e-9);
        }
        let full = DeterministicServers { arrivals: 4.0, time: 1.0, servers: 4 };
        assert!(full.mean_wait().is_infinite());
    }

    /// By iterating the number inside from one service time to the next.
    #[test]
    fn the_roots_agree_with_the_chain() {
        let (servers, offered) = (7usize, 5.6f64);
        let mut arriving = vec![libm::exp(-offered)];
        for n in 1..400u32 {
            arriving.push(arriving.last().unwrap() * offered / f64::from(n));
        }
        let mut inside = vec![0.0; 400];
        inside[0] = 1.0;
        for _ in 0..2000 {
            let mut next = vec![0.0; 400];
            for (n, share) in inside.iter().enumerate().filter(|(_, share)| **share > 1e-18) {
                let left = n.saturating_sub(servers);
                for (to, more) in next[left..].iter_mut().zip(&arriving) {
                    *to += share * more;
                }
            }
            inside = next;
        }
        let mean: f64 = inside.iter().enumerate().map(|(n, share)| n as f64 * share).sum();
        let found = DeterministicServers { arrivals: offered, time: 1.0, servers: 7 };
        near(found.mean_number(), mean, 1e-9);
    }

    #[test]
    fn batches_of_one_and_servers_that_never_break_are_the_usual_station() {
        let usual = MultiServer { arrivals: 0.8, service: 1.0, servers: 1 }.mean_sojourn();
        let ones = BatchArrivals { batches: 0.8, size: 1.0, square: 1.0, service: 1.0 };
        near(ones.mean_sojourn(), usual, 1e-12);
        let sound = Breakdowns { arrivals: 0.8, service: 1.0, breakdowns: 0.0, repairs: 1.0 };
        near(sound.mean_sojourn(), usual, 1e-12);
        let pairs = BatchArrivals { batches: 0.4, size: 2.0, square: 4.0, service: 1.0 };
        // Half of a pair waits for the other half: one and a half times as long.
        near(pairs.mean_sojourn(), 1.5 * usual, 1e-12);
        let broken = Breakdowns { arrivals: 0.9, service: 1.0, breakdowns: 0.2, repairs: 1.0 };
        assert!(broken.mean_sojourn().is_infinite());
    }
}
