//! Open networks of M/M/c stations (Jackson 1957), and the time through stations in a row.

use crate::multi_server::MultiServer;
use crate::root::quantile;

/// A station of a [`Network`].
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Arrivals per second from outside.
    pub arrivals: f64,
    /// Services per second of one busy server.
    pub service: f64,
    /// Servers.
    pub servers: u32,
    /// Where it goes on: (station, share). What is left leaves the network.
    pub next: Vec<(usize, f64)>,
}

/// An open network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network(pub Vec<Station>);

/// What happens at a station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationResult {
    /// The station alone, with all that arrives there.
    pub station: MultiServer,
}

impl Network {
    /// Each station with its arrivals from outside and inside; `None` where routing keeps
    /// everything inside for ever.
    #[must_use]
    pub fn solve(&self) -> Option<Vec<StationResult>> {
        let arrivals = self.arrivals()?;
        let results = self.0.iter().zip(arrivals).map(|(station, arrivals)| StationResult {
            station: MultiServer { arrivals, service: station.service, servers: station.servers },
        });
        Some(results.collect())
    }

    /// Mean number in the whole network and mean time through it.
    #[must_use]
    pub fn totals(&self) -> Option<(f64, f64)> {
        let number: f64 = self.solve()?.iter().map(|r| r.station.mean_number()).sum();
        let outside: f64 = self.0.iter().map(|station| station.arrivals).sum();
        Some((number, number / outside))
    }

    /// The traffic equations `a = outside + a P`, by Gaussian elimination with pivoting.
    fn arrivals(&self) -> Option<Vec<f64>> {
        let size = self.0.len();
        let mut rows = vec![vec![0.0; size + 1]; size];
        for (from, station) in self.0.iter().enumerate() {
            rows[from][from] += 1.0;
            rows[from][size] += station.arrivals;
            for &(to, share) in &station.next {
                rows.get_mut(to)?[from] -= share;
            }
        }
        for column in 0..size {
            let pivot = (column..size)
                .max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
            rows.swap(column, pivot);
            let top = rows[column].clone();
            if top[column].abs() < 1e-12 {
                return None;
            }
            for (at, row) in rows.iter_mut().enumerate().filter(|(at, _)| *at != column) {
                debug_assert_ne!(at, column);
                let factor = row[column] / top[column];
                row.iter_mut().zip(&top).for_each(|(cell, above)| *cell -= factor * above);
            }
        }
        Some(rows.iter().enumerate().map(|(at, row)| row[size] / row[at]).collect())
    }
}

/// A quantile of the time through M/M/1 stations in a row, whose sojourn times are independent
/// exponentials (Reich 1957): a hypoexponential distribution. Equal rates are told apart by one
/// part in a million, which moves the result by less than that.
#[must_use]
pub fn tandem_sojourn_quantile(arrivals: f64, services: &[f64], share: f64) -> f64 {
    let mut rates: Vec<f64> = services.iter().map(|service| service - arrivals).collect();
    if rates.iter().any(|rate| *rate <= 0.0) {
        return f64::INFINITY;
    }
    rates.sort_by(f64::total_cmp);
    for at in 1..rates.len() {
        if rates[at] - rates[at - 1] < 1e-6 * rates[at] {
            rates[at] = rates[at - 1] * (1.0 + 1e-6);
        }
    }
    let weight = |own: f64| -> f64 {
        rates.iter().filter(|rate| **rate != own).map(|rate| rate / (rate - own)).product()
    };
    let weights: Vec<f64> = rates.iter().map(|rate| weight(*rate)).collect();
    quantile(share, |t| weights.iter().zip(&rates).map(|(w, rate)| w * (-rate * t).exp()).sum())
}
