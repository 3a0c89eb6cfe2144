//! A number with its interval, from independent replications.

use super::student_quantile;

/// The mean of independent replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Standard error of the mean; infinite from one replication.
    pub error: f64,
    /// How many replications.
    pub replications: u32,
}

impl Estimate {
    /// From one number per replication; none of nothing.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let replications = u32::try_from(values.len()).ok().filter(|count| *count > 0)?;
        let count = f64::from(replications);
        let value = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|other| (other - value) * (other - value)).sum();
        let error = match replications {
            1 => f64::INFINITY,
            _ => libm::sqrt(squares / (count - 1.0) / count),
        };
        Some(Self { value, error, replications })
    }

    /// The value alone: its replications do not tell how far off it may be.
    #[must_use]
    pub(crate) const fn without_interval(self) -> Self {
        Self { error: f64::INFINITY, ..self }
    }

    /// Half the width of the interval that holds the true mean with this confidence, if the
    /// replications are about normal.
    #[must_use]
    pub fn half_width(&self, confidence: f64) -> f64 {
        if self.error == 0.0 {
            return 0.0;
        }
        student_quantile(self.replications - 1, f64::midpoint(1.0, confidence)) * self.error
    }

    /// Whether the interval holds a value.
    #[must_use]
    pub fn covers(&self, value: f64, confidence: f64) -> bool {
        (value - self.value).abs() <= self.half_width(confidence)
    }

    /// Half the width of the 95 % interval as a share of the value.
    #[must_use]
    pub fn relative(&self) -> f64 {
        if self.value == 0.0 {
            return if self.error == 0.0 { 0.0 } else { f64::INFINITY };
        }
        self.half_width(0.95) / self.value.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_the_textbooks() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((estimate.value - 2.5).abs() < 1e-12);
        assert!((estimate.error - (5.0f64 / 12.0).sqrt()).abs() < 1e-12);
        assert!((estimate.half_width(0.95) - 3.182_446_305 * estimate.error).abs() < 1e-8);
        assert!(estimate.covers(4.5, 0.95) && !estimate.covers(4.6, 0.95));
        assert!(Estimate::of(&[]).is_none());
        assert!(Estimate::of(&[1.0]).unwrap().half_width(0.95).is_infinite());
        assert!(Estimate::of(&[0.0, 0.0]).unwrap().relative() == 0.0);
    }
}
