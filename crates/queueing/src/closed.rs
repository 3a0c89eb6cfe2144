//! Closed networks by exact mean value analysis (Reiser and Lavenberg 1980).

/// Clients who think, then visit single-server stations.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// Clients.
    pub population: u32,
    /// Mean time between an answer and the next request.
    pub think: f64,
    /// Service demand at each station: visits times mean service time.
    pub demands: Vec<f64>,
}

/// What mean value analysis yields.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedResult {
    /// Requests per second.
    pub throughput: f64,
    /// Mean time from request to answer.
    pub response: f64,
    /// Mean number at each station.
    pub numbers: Vec<f64>,
    /// Share of the time that each station is busy.
    pub utilisations: Vec<f64>,
}

impl Closed {
    /// Adds one client at a time: a newcomer finds the queues of the network without it.
    #[must_use]
    pub fn solve(&self) -> ClosedResult {
        let mut numbers = vec![0.0; self.demands.len()];
        let (mut throughput, mut response) = (0.0, self.demands.iter().sum());
        for clients in 1..=self.population {
            let times: Vec<f64> =
                self.demands.iter().zip(&numbers).map(|(demand, n)| demand * (1.0 + n)).collect();
            response = times.iter().sum();
            throughput = f64::from(clients) / (self.think + response);
            numbers = times.iter().map(|time| throughput * time).collect();
        }
        let utilisations = self.demands.iter().map(|demand| demand * throughput).collect();
        ClosedResult { throughput, response, numbers, utilisations }
    }

    /// The population beyond which queueing sets in: (think + demands) / largest demand.
    #[must_use]
    pub fn knee(&self) -> f64 {
        let largest = self.demands.iter().copied().fold(0.0, f64::max);
        (self.think + self.demands.iter().sum::<f64>()) / largest
    }
}
