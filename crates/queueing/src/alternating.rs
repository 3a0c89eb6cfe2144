//! One server that goes from one line to the other, as a core does that runs two threads.

/// Two lines of Poisson arrivals at one server that stays with a line until nobody is left in it and
/// then goes to the other one: alternating priorities (Avi-Itzhak, Maxwell and Miller 1965; exhaustive
/// polling with two queues). Each line is first come, first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlternatingLines {
    /// Arrivals per second of each.
    pub arrivals: [f64; 2],
    /// Mean service time of each.
    pub service: [f64; 2],
    /// Squared coefficient of variation of the service time of each.
    pub variability: [f64; 2],
}

impl AlternatingLines {
    /// Share of the time that the server works.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        self.load(0) + self.load(1)
    }

    fn load(&self, line: usize) -> f64 {
        self.arrivals[line] * self.service[line]
    }

    /// Arrivals times the mean square of their service times.
    fn square(&self, line: usize) -> f64 {
        let time = self.service[line];
        self.arrivals[line] * time * time * (1.0 + self.variability[line])
    }

    /// Mean wait before service in each line; infinite at full load. It is that of the line alone
    /// and, of the time that the server is away, the mean of what is left of it, whose second moment
    /// solves two linear equations (each absence is a busy period of the other line).
    #[must_use]
    pub fn mean_waits(&self) -> [f64; 2] {
        [self.mean_wait(0), self.mean_wait(1)]
    }

    fn mean_wait(&self, line: usize) -> f64 {
        let other = 1 - line;
        let (own, others) = (self.load(line), self.load(other));
        let idle = 1.0 - own - others;
        if idle <= 0.0 {
            return f64::INFINITY;
        }
        let alone = self.square(line) / (2.0 * (1.0 - own));
        let absence =
            others * others * self.square(line) / (1.0 - own) + (1.0 - own) * self.square(other);
        alone + absence / (2.0 * idle * (idle + 2.0 * own * others))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GeneralService;
    use crate::near::same;

    #[test]
    fn lines_that_are_alike_wait_as_one_line_does() {
        let lines =
            AlternatingLines { arrivals: [0.4; 2], service: [1.0; 2], variability: [0.5; 2] };
        let one = GeneralService { arrivals: 0.8, mean: 1.0, variability: 0.5 };
        let [first, second] = lines.mean_waits();
        same(first, one.mean_wait());
        same(second, one.mean_wait());
    }

    /// Kleinrock's law: no order that never rests changes the waits weighted by load.
    #[test]
    fn work_is_conserved() {
        let lines = AlternatingLines {
            arrivals: [0.5, 0.02],
            service: [1.0, 12.0],
            variability: [0.3, 4.0],
        };
        let [first, second] = lines.mean_waits();
        let load = lines.utilisation();
        let together = load * (lines.square(0) + lines.square(1)) / (2.0 * (1.0 - load));
        same(lines.load(0) * first + lines.load(1) * second, together);
        assert!(first < second, "{first} {second}");
    }

    #[test]
    fn without_the_other_line_it_is_pollaczek_and_khinchine() {
        let lines = AlternatingLines {
            arrivals: [0.7, 1e-12],
            service: [1.0, 1.0],
            variability: [2.0, 0.0],
        };
        let one = GeneralService { arrivals: 0.7, mean: 1.0, variability: 2.0 };
        same(lines.mean_waits()[0], one.mean_wait());
        let full = AlternatingLines { arrivals: [0.5, 0.5], ..lines };
        assert!(full.mean_waits()[1].is_infinite());
    }
}
