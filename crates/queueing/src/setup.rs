//! A server that needs a set-up when it was idle.

use crate::MultiServer;

/// M/G/1 whose server, found idle, needs a set-up before that one service: the first of each busy
/// period takes longer (Welch 1964, "On a generalized M/G/1 queuing process in which the first
/// customer of each busy period receives exceptional service").
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetupServer {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Mean service time, without the set-up.
    pub service: f64,
    /// Squared coefficient of variation of the service time.
    pub service_variability: f64,
    /// Mean set-up time, independent of the service.
    pub setup: f64,
    /// Squared coefficient of variation of the set-up time.
    pub setup_variability: f64,
}

impl SetupServer {
    /// Share of the time that it is idle: who comes then pays the set-up. Nothing at full load,
    /// which set-ups do not change.
    #[must_use]
    pub fn idle(&self) -> f64 {
        let load = self.arrivals * self.service;
        ((1.0 - load) / (1.0 + self.arrivals * self.setup)).max(0.0)
    }

    /// Share of the time that it serves or is set up.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        1.0 - self.idle()
    }

    /// Mean time that a request keeps it busy: the less, the more come.
    #[must_use]
    pub fn mean_busy(&self) -> f64 {
        self.service + self.idle() * self.setup
    }

    /// Mean wait before service or set-up; infinite at full load.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        let (rate, setup) = (self.arrivals, self.setup);
        let load = rate * self.service;
        if load >= 1.0 {
            return f64::INFINITY;
        }
        let square = self.service * self.service * (1.0 + self.service_variability);
        let more = setup * setup * (1.0 + self.setup_variability) + 2.0 * setup * self.service;
        rate * square / (2.0 * (1.0 - load)) + rate * more / (2.0 * (1.0 + rate * setup))
    }

    /// Mean time from arrival to departure.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_wait() + self.mean_busy()
    }
}

/// What one request needs of the servers, without and with a set-up, from the mean times that it kept
/// them busy at two loads: seconds without, and seconds that it takes more where it finds a free
/// server. `busy` is (requests per second, mean busy seconds of one) of each load. How often a free
/// server is found is as in M/M/c with so many servers so busy (Erlang 1917); of one server this is
/// exact, and Welch's. Nothing where no such pair exists, as where a request took more at the higher
/// load.
#[must_use]
pub fn setup_through(servers: u32, busy: [(f64, f64); 2]) -> Option<(f64, f64)> {
    let free = |(rate, time): (f64, f64)| {
        let full = rate * time / f64::from(servers) >= 1.0;
        let station = MultiServer { arrivals: rate, service: 1.0 / time, servers };
        if full { 0.0 } else { 1.0 - station.waiting_probability() }
    };
    let [one, other] = busy;
    let setup = (one.1 - other.1) / (free(one) - free(other));
    let service = one.1 - setup * free(one);
    (setup.is_finite() && setup >= 0.0 && service > 0.0).then_some((service, setup))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GeneralService;
    use crate::near::same;

    fn server(arrivals: f64, setup: f64) -> SetupServer {
        let (service, service_variability) = (1.0, 0.5);
        SetupServer { arrivals, service, service_variability, setup, setup_variability: 2.0 }
    }

    #[test]
    fn without_a_setup_it_is_pollaczek_and_khinchine() {
        let known = GeneralService { arrivals: 0.7, mean: 1.0, variability: 0.5 };
        same(server(0.7, 0.0).mean_sojourn(), known.mean_sojourn());
        assert!(server(1.0, 0.5).mean_wait().is_infinite());
    }

    /// The usual form: a wait in M/G/1 plus `(2 E[D] + r E[D^2]) / (2 (1 + r E[D]))`.
    #[test]
    fn a_setup_adds_what_the_decomposition_says() {
        let (rate, setup): (f64, f64) = (0.6, 0.4);
        let known = GeneralService { arrivals: rate, mean: 1.0, variability: 0.5 };
        let square = setup * setup * 3.0;
        let added = (2.0 * setup + rate * square) / (2.0 * (1.0 + rate * setup));
        same(server(rate, setup).mean_sojourn(), known.mean_sojourn() + added);
    }

    #[test]
    fn two_loads_tell_service_and_setup() {
        let busy = |rate: f64| (rate, server(rate, 0.8).mean_busy());
        let (service, setup) = setup_through(1, [busy(0.2), busy(0.9)]).unwrap();
        same(service, 1.0);
        same(setup, 0.8);
        assert_eq!(setup_through(1, [(0.2, 1.0), (0.5, 1.1)]), None);
        assert_eq!(setup_through(2, [(0.2, 1.0), (0.2, 1.0)]), None);
    }
}
