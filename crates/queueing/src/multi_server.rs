//! M/M/c: Poisson arrivals, exponential service, `c` servers, one queue.

use crate::root::quantile;

/// An M/M/c station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiServer {
    /// Arrivals per second.
    pub arrivals: f64,
    /// Services per second of one busy server.
    pub service: f64,
    /// Servers.
    pub servers: u32,
}

/// Erlang's loss formula: the share of arrivals that find `servers` servers busy when there is no
/// queue, at `offered` Erlangs. By the recursion of Jagerman (1984), which neither overflows nor
/// cancels.
#[must_use]
pub fn erlang_b(offered: f64, servers: u32) -> f64 {
    (1..=servers).fold(1.0, |blocked, n| offered * blocked / (f64::from(n) + offered * blocked))
}

/// The fewest servers at which at most `share` of arrivals wait (Erlang C); `None` if more than a
/// million would be needed.
#[must_use]
pub fn servers_for_waiting_probability(offered: f64, share: f64) -> Option<u32> {
    let mut blocked = 1.0;
    for servers in 1..=1_000_000u32 {
        let count = f64::from(servers);
        blocked = offered * blocked / (count + offered * blocked);
        let waiting = blocked / (1.0 - (offered / count) * (1.0 - blocked));
        if count > offered && waiting <= share {
            return Some(servers);
        }
    }
    None
}

/// The fewest servers at which at most `share` of arrivals find all of them busy where nobody waits
/// (Erlang B); `None` if more than a million would be needed. It holds for any distribution of
/// service times (Sevastyanov 1957).
#[must_use]
pub fn servers_for_blocking_probability(offered: f64, share: f64) -> Option<u32> {
    let mut blocked = 1.0;
    (1..=1_000_000u32).find(|servers| {
        blocked = offered * blocked / (f64::from(*servers) + offered * blocked);
        blocked <= share
    })
}

impl MultiServer {
    /// Offered load in Erlangs.
    #[must_use]
    pub fn offered(&self) -> f64 {
        self.arrivals / self.service
    }

    /// Share of the time that a server is busy; 1 or more means that the queue grows for ever.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.offered() / f64::from(self.servers)
    }

    /// Whether the queue stays finite. The other figures are infinite or meaningless otherwise.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.utilisation() < 1.0
    }

    /// Erlang C: the share of arrivals that wait (Erlang 1917).
    #[must_use]
    pub fn waiting_probability(&self) -> f64 {
        if !self.is_stable() {
            return 1.0;
        }
        let blocked = erlang_b(self.offered(), self.servers);
        blocked / (1.0 - self.utilisation() * (1.0 - blocked))
    }

    /// How much faster the queue drains than it fills.
    fn drain(&self) -> f64 {
        f64::from(self.servers) * self.service - self.arrivals
    }

    /// Mean wait before service.
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        if self.is_stable() { self.waiting_probability() / self.drain() } else { f64::INFINITY }
    }

    /// Mean time from arrival to departure.
    #[must_use]
    pub fn mean_sojourn(&self) -> f64 {
        self.mean_wait() + 1.0 / self.service
    }

    /// Mean number waiting.
    #[must_use]
    pub fn mean_waiting(&self) -> f64 {
        self.arrivals * self.mean_wait()
    }

    /// Mean number waiting or in service.
    #[must_use]
    pub fn mean_number(&self) -> f64 {
        self.arrivals * self.mean_sojourn()
    }

    /// Probability that at least `number` are inside, for `number >= servers`.
    #[must_use]
    pub fn probability_at_least(&self, number: u32) -> f64 {
        let beyond = number.saturating_sub(self.servers);
        self.waiting_probability() * self.utilisation().powf(f64::from(beyond))
    }

    /// A quantile (0.95 for p95) of the wait before service.
    #[must_use]
    pub fn wait_quantile(&self, share: f64) -> f64 {
        let waiting = self.waiting_probability();
        if !self.is_stable() {
            return f64::INFINITY;
        }
        if waiting <= 1.0 - share { 0.0 } else { (waiting / (1.0 - share)).ln() / self.drain() }
    }

    /// Probability that the time from arrival to departure exceeds `time`.
    #[must_use]
    pub fn sojourn_tail(&self, time: f64) -> f64 {
        let (mu, theta, waiting) = (self.service, self.drain(), self.waiting_probability());
        let served = (-mu * time).exp();
        let both = if (theta - mu).abs() < 1e-9 * mu {
            (1.0 + mu * time) * served
        } else {
            (theta * served - mu * (-theta * time).exp()) / (theta - mu)
        };
        (1.0 - waiting) * served + waiting * both
    }

    /// A quantile of the time from arrival to departure.
    #[must_use]
    pub fn sojourn_quantile(&self, share: f64) -> f64 {
        if self.is_stable() { quantile(share, |t| self.sojourn_tail(t)) } else { f64::INFINITY }
    }
}
