//! Requests that go where the fewest are.

use crate::MultiServer;

/// Poisson arrivals at servers with a line each, where each request joins the shortest of all lines;
/// exponential services. No closed form is known for more than two; between these two bounds it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShortestLine {
    /// Arrivals per second, in all.
    pub arrivals: f64,
    /// Services per second of one server.
    pub service: f64,
    /// Servers.
    pub servers: u32,
}

impl ShortestLine {
    /// No less than this mean time: one line for all servers, so that none is idle while somebody
    /// waits.
    #[must_use]
    pub fn lower_bound(&self) -> f64 {
        let Self { arrivals, service, servers } = *self;
        MultiServer { arrivals, service, servers }.mean_sojourn()
    }

    /// No more than this mean time: lines that are chosen by chance (the shortest is the best of all
    /// choices that look at lengths alone, Winston 1977).
    #[must_use]
    pub fn upper_bound(&self) -> f64 {
        let arrivals = self.arrivals / f64::from(self.servers);
        MultiServer { arrivals, service: self.service, servers: 1 }.mean_sojourn()
    }
}

/// Mean time where there are very many servers, each of them as busy as `load` says, and a request
/// joins the shorter of `choices` lines that are drawn: the limit for many servers (Vvedenskaya,
/// Dobrushin and Karpelevich 1996; Mitzenmacher 2001). `service` is the mean of one.
#[must_use]
pub fn shorter_of(choices: u32, load: f64, service: f64) -> f64 {
    if load >= 1.0 {
        return f64::INFINITY;
    }
    if choices < 2 {
        return service / (1.0 - load);
    }
    // At least n are in a line with probability load^((d^n - 1) / (d - 1)).
    let choices = f64::from(choices);
    let (mut sum, mut exponent) = (0.0, 1.0_f64);
    loop {
        let share = load.powf(exponent);
        sum += share;
        exponent = exponent * choices + 1.0;
        if share < sum * 1e-17 {
            return service * sum / load;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_hold_each_other_and_choices_help() {
        let lines = ShortestLine { arrivals: 3.2, service: 1.0, servers: 4 };
        assert!((lines.lower_bound() - 1.745_540_589_734).abs() < 1e-9);
        assert!((lines.upper_bound() - 5.0).abs() < 1e-9);
        assert!((shorter_of(1, 0.9, 2.0) - 20.0).abs() < 1e-9);
        // 1 + 0.5^2 + 0.5^6 + 0.5^14 + ..
        assert!((shorter_of(2, 0.5, 1.0) - 1.265_686_036).abs() < 1e-8);
        assert!(shorter_of(3, 0.9, 1.0) < shorter_of(2, 0.9, 1.0));
        assert!(shorter_of(2, 1.0, 1.0).is_infinite());
    }
}
