//! Lognormal times: the usual shape of latencies, fitted to stated percentiles.

/// `ln(time)` is normal with this mean and standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    /// Mean of the logarithm.
    pub location: f64,
    /// Standard deviation of the logarithm.
    pub scale: f64,
}

impl Lognormal {
    /// Through two percentiles `(share, time)`: exact. `None` unless both shares lie in (0, 1),
    /// and times and shares rise together.
    #[must_use]
    pub fn through(low: (f64, f64), high: (f64, f64)) -> Option<Self> {
        let inside = |share: f64| share > 0.0 && share < 1.0;
        if !inside(low.0) || !inside(high.0) || low.0 >= high.0 || low.1 <= 0.0 || high.1 < low.1 {
            return None;
        }
        let (z_low, z_high) = (normal_quantile(low.0), normal_quantile(high.0));
        let scale = (high.1 / low.1).ln() / (z_high - z_low);
        Some(Self { location: low.1.ln() - scale * z_low, scale })
    }

    /// Least squares through any number of percentiles, in logarithms; one alone gets a scale of
    /// 0.5 (house: between a cache hit and a call across the internet).
    #[must_use]
    pub fn fit(percentiles: &[(f64, f64)]) -> Option<Self> {
        const LONE_SCALE: f64 = 0.5;
        let usable = |&&(share, time): &&(f64, f64)| share > 0.0 && share < 1.0 && time > 0.0;
        let points: Vec<(f64, f64)> = percentiles
            .iter()
            .filter(usable)
            .map(|&(share, time)| (normal_quantile(share), time.ln()))
            .collect();
        match points.as_slice() {
            [] => None,
            [(z, log)] => Some(Self { location: log - LONE_SCALE * z, scale: LONE_SCALE }),
            _ => Some(least_squares(&points)),
        }
    }

    /// Mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.location + self.scale * self.scale / 2.0).exp()
    }

    /// Squared coefficient of variation.
    #[must_use]
    pub fn variability(&self) -> f64 {
        (self.scale * self.scale).exp_m1()
    }

    /// A quantile.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        (self.location + self.scale * normal_quantile(share)).exp()
    }

    /// Probability of at most `time`.
    #[must_use]
    pub fn distribution(&self, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        let z = (time.ln() - self.location) / self.scale;
        0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
    }
}

fn least_squares(points: &[(f64, f64)]) -> Lognormal {
    #[expect(clippy::cast_precision_loss, reason = "a handful of percentiles")]
    let count = points.len() as f64;
    let (mean_z, mean_log) = (
        points.iter().map(|p| p.0).sum::<f64>() / count,
        points.iter().map(|p| p.1).sum::<f64>() / count,
    );
    let square: f64 = points.iter().map(|p| (p.0 - mean_z).powi(2)).sum();
    let product: f64 = points.iter().map(|p| (p.0 - mean_z) * (p.1 - mean_log)).sum();
    let scale = if square > 0.0 { (product / square).max(0.0) } else { 0.0 };
    Lognormal { location: mean_log - scale * mean_z, scale }
}

/// The standard normal value that a share of values lies below, by Newton's method on the error
/// function; infinite at 0 and 1.
#[must_use]
pub fn normal_quantile(share: f64) -> f64 {
    if share <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if share >= 1.0 {
        return f64::INFINITY;
    }
    if share > 0.5 {
        return -normal_quantile(1.0 - share);
    }
    // A start good to three digits (Abramowitz and Stegun 26.2.23), then Newton in the tail.
    let t = (-2.0 * share.ln()).sqrt();
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = top / bottom - t;
    for _ in 0..4 {
        let below = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        z -= (below - share) / density;
    }
    z
}
