//! Erlang A (M/M/c+M): those who wait give up at a constant rate (Palm 1957).

use crate::finite::birth_and_death;

/// An M/M/c station whose clients leave the queue when their patience ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Services per second of one busy server.
    pub service: f64,
    /// Servers.
    pub servers: u32,
    /// Rate at which one who waits gives up: 1 / mean patience.
    pub abandonment: f64,
}

impl Patience {
    /// Probabilities of the number inside, up to where no more than 1e-16 is left.
    fn numbers(&self) -> Vec<f64> {
        let down = |n: u32| {
            let waiting = f64::from(n.saturating_sub(self.servers));
            f64::from(n.min(self.servers)) * self.service + waiting * self.abandonment
        };
        let mut most = self.servers + 64;
        while most < 1 << 20 {
            let numbers = birth_and_death(most, |_| self.arrivals, down);
            if numbers.last().is_some_and(|last| *last < 1e-16) {
                return numbers;
            }
            most *= 2;
        }
        birth_and_death(most, |_| self.arrivals, down)
    }

    fn mean_waiting(&self) -> f64 {
        let waiting = |n: u32| f64::from(n.saturating_sub(self.servers));
        (0u32..).zip(self.numbers()).map(|(n, p)| waiting(n) * p).sum()
    }

    /// Share of arrivals that wait, whether served later or not.
    #[must_use]
    pub fn waiting_probability(&self) -> f64 {
        self.numbers().iter().skip(self.servers as usize).sum()
    }

    /// Share of arrivals that give up.
    #[must_use]
    pub fn abandonment_probability(&self) -> f64 {
        self.abandonment * self.mean_waiting() / self.arrivals
    }

    /// Mean wait of all arrivals, those who give up included.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.mean_waiting() / self.arrivals
    }

    /// Served per second.
    #[must_use]
    pub fn goodput(&self) -> f64 {
        self.arrivals * (1.0 - self.abandonment_probability())
    }
}
