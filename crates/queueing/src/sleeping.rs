//! A server that looks once more before it sleeps, and has to be woken.

/// M/G/1 whose server, when nobody waits any more, goes on for a constant time before it sleeps; who
/// comes meanwhile waits for the end of that and finds it awake, and who comes later pays for waking
/// it: a single vacation and a set-up (Doshi 1986; Takagi 1991), by the decomposition of Fuhrmann and
/// Cooper (1985). It is how a thread serves that polls before it blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SleepingServer {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean service time.
    pub service: f64,
    /// Squared coefficient of variation of the service time.
    pub service_variability: f64,
    /// Mean time to wake it, independent of the service.
    pub setup: f64,
    /// Squared coefficient of variation of that.
    pub setup_variability: f64,
    /// For how long it goes on before it sleeps.
    pub rest: f64,
}

impl SleepingServer {
    /// Probability that it falls asleep when nobody waits.
    fn sleeps(&self) -> f64 {
        libm::exp(-self.arrivals * self.rest)
    }

    /// Time between two busy periods but for the sleep itself, and how much of it is left out.
    fn between(&self) -> f64 {
        self.rest + self.sleeps() * (1.0 / self.arrivals + self.setup)
    }

    /// Share of the time that it sleeps.
    #[must_use]
    pub fn asleep(&self) -> f64 {
        let load = self.arrivals * self.service;
        ((1.0 - load) * self.sleeps() / self.arrivals / self.between()).max(0.0)
    }

    /// Share of the time that it serves, is being woken, or goes on.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        1.0 - self.asleep()
    }

    /// Share of requests that wake it.
    #[must_use]
    pub fn woken(&self) -> f64 {
        self.asleep()
    }

    /// Mean wait before service or set-up; infinite at full load.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.mean_sojourn() - self.service - self.woken() * self.setup
    }

    /// Mean time from arrival to departure; infinite at full load.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        let (rate, setup) = (self.arrivals, self.setup);
        let load = rate * self.service;
        if load >= 1.0 {
            return f64::INFINITY;
        }
        let square = self.service * self.service * (1.0 + self.service_variability);
        let setups = setup * setup * (1.0 + self.setup_variability);
        // Who is there while it does not serve, over time.
        let there =
            rate * self.rest * self.rest / 2.0 + self.sleeps() * (setup + rate * setups / 2.0);
        rate * square / (2.0 * (1.0 - load)) + there / (rate * self.between()) + self.service
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::near::same;
    use crate::{GeneralService, SetupServer};

    fn server(setup: f64, rest: f64) -> SleepingServer {
        SleepingServer {
            arrivals: 0.6,
            service: 1.0,
            service_variability: 0.5,
            setup,
            setup_variability: 1.0,
            rest,
        }
    }

    #[test]
    fn who_sleeps_at_once_is_the_server_with_a_setup() {
        let known = SetupServer {
            arrivals: 0.6,
            service: 1.0,
            service_variability: 0.5,
            setup: 0.7,
            setup_variability: 1.0,
        };
        same(server(0.7, 0.0).mean_sojourn(), known.mean_sojourn());
        same(server(0.7, 0.0).mean_wait(), known.mean_wait());
        same(server(0.7, 0.0).utilisation(), known.utilisation());
    }

    #[test]
    fn without_setup_and_rest_it_is_pollaczek_and_khinchine() {
        let known = GeneralService { arrivals: 0.6, mean: 1.0, variability: 0.5 };
        same(server(0.0, 0.0).mean_sojourn(), known.mean_sojourn());
        same(server(0.0, 0.0).utilisation(), 0.6);
    }

    /// Who never sleeps (a rest without end) takes vacations of the length that is left.
    #[test]
    fn a_long_rest_is_a_long_wait() {
        let known = GeneralService { arrivals: 0.6, mean: 1.0, variability: 0.5 };
        same(server(5.0, 200.0).mean_sojourn(), known.mean_sojourn() + 100.0);
        same(server(5.0, 200.0).utilisation(), 1.0);
    }
}
