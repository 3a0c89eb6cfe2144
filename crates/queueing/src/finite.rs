//! Stations with a bound: on the room (M/M/c/K) or on the population (M/M/c//N).

use crate::root::quantile;

/// M/M/c/K: at most `room` inside, waiting and in service; whoever finds it full is turned away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FiniteRoom {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Services per second of one busy server.
    pub service: f64,
    /// Servers.
    pub servers: u32,
    /// Most inside.
    pub room: u32,
}

impl FiniteRoom {
    /// Probabilities of 0, 1, .. `room` inside.
    fn numbers(&self) -> Vec<f64> {
        birth_and_death(
            self.room,
            |_| self.arrivals,
            |n| f64::from(n.min(self.servers)) * self.service,
        )
    }

    /// Share of arrivals that are turned away.
    #[must_use]
    pub fn blocking_probability(&self) -> f64 {
        self.numbers().last().copied().unwrap_or(1.0)
    }

    /// Departures per second.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        self.arrivals * (1.0 - self.blocking_probability())
    }

    /// Mean number inside.
    #[must_use]
    pub fn mean_number(&self) -> f64 {
        mean(&self.numbers())
    }

    /// Mean time inside of those who got in.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_number() / self.throughput()
    }

    /// Mean wait of those who got in.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.mean_sojourn() - 1.0 / self.service
    }

    /// Share of the time that a server is busy.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.throughput() / (f64::from(self.servers) * self.service)
    }

    /// A quantile of the time inside of those who got in.
    #[must_use]
    pub fn sojourn_quantile(&self, share: f64) -> f64 {
        let numbers = self.numbers();
        let admitted: f64 = numbers[..self.room as usize].iter().sum();
        quantile(share, |t| {
            let found = (0..self.room).zip(&numbers);
            found.map(|(n, p)| p * self.tail_behind(n, t)).sum::<f64>() / admitted
        })
    }

    /// Probability of staying longer than `t` after finding `number` inside: services of those
    /// ahead until a server is free (an Erlang time), then one's own.
    fn tail_behind(&self, number: u32, t: f64) -> f64 {
        let served = (-self.service * t).exp();
        if number < self.servers {
            return served;
        }
        let ahead = number - self.servers + 1;
        let servers = f64::from(self.servers);
        let waiting = erlang_tail(ahead, servers * self.service, t);
        if self.servers == 1 {
            return erlang_tail(ahead + 1, self.service, t);
        }
        let ratio = servers / (servers - 1.0);
        let faster = erlang_tail(ahead, (servers - 1.0) * self.service, t);
        waiting + served * ratio.powf(f64::from(ahead)) * (1.0 - faster)
    }
}

/// Probability that the sum of `stages` exponential times of this rate exceeds `t`.
fn erlang_tail(stages: u32, rate: f64, t: f64) -> f64 {
    let mut term = (-rate * t).exp();
    let mut sum = term;
    for stage in 1..stages {
        term *= rate * t / f64::from(stage);
        sum += term;
    }
    sum
}

/// M/M/c//N: `population` clients who think, ask, and wait for the answer (machine repair).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// Clients.
    pub population: u32,
    /// Servers.
    pub servers: u32,
    /// Mean time between an answer and the next request.
    pub think: f64,
    /// Mean service time.
    pub service: f64,
}

impl Population {
    /// Requests per second.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        let thinking = |n: u32| f64::from(self.population - n) / self.think;
        let serving = |n: u32| f64::from(n.min(self.servers)) / self.service;
        let numbers = birth_and_death(self.population, thinking, serving);
        (0..=self.population).zip(&numbers).map(|(n, p)| p * serving(n)).sum()
    }

    /// Mean time from request to answer.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        f64::from(self.population) / self.throughput() - self.think
    }

    /// Share of the time that a server is busy.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.throughput() * self.service / f64::from(self.servers)
    }
}

/// Stationary probabilities of 0..=`most` inside, with `up(n)` arrivals and `down(n)` departures
/// per second at n inside. Scaled as it goes, so that large populations do not overflow.
pub fn birth_and_death(most: u32, up: impl Fn(u32) -> f64, down: impl Fn(u32) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    let (mut weight, mut sum) = (1.0, 1.0);
    for n in 1..=most {
        weight *= up(n - 1) / down(n);
        weights.push(weight);
        sum += weight;
        if sum > 1e200 {
            weights.iter_mut().for_each(|w| *w /= sum);
            weight /= sum;
            sum = 1.0;
        }
    }
    weights.iter().map(|w| w / sum).collect()
}

/// Mean of a distribution over 0, 1, 2, ..
pub fn mean(probabilities: &[f64]) -> f64 {
    (0u32..).zip(probabilities).map(|(n, p)| f64::from(n) * p).sum()
}
