//! Student's t: what a mean of few replications is worth (Gosset 1908).

/// The value that a t variable with so many degrees of freedom stays below with this probability;
/// by bisection on the distribution, so it is as exact as that.
#[must_use]
pub fn student_quantile(degrees: u32, share: f64) -> f64 {
    if degrees == 0 || share.is_nan() || share <= 0.0 || share >= 1.0 {
        return f64::INFINITY;
    }
    if share < 0.5 {
        return -student_quantile(degrees, 1.0 - share);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while distribution(degrees, high) < share && high < 1e12 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if distribution(degrees, middle) < share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Probability of at most `t >= 0`.
fn distribution(degrees: u32, t: f64) -> f64 {
    let count = f64::from(degrees);
    1.0 - 0.5 * incomplete_beta(count / 2.0, 0.5, count / (count + t * t))
}

/// The regularised incomplete beta function by its continued fraction (Abramowitz and Stegun
/// 26.5.8, evaluated by Lentz's method).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let log = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * libm::log(x)
        + b * libm::log1p(-x);
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut denominator = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let (mut numerator, mut fraction) = (1.0, denominator);
    for step in 1..10_000u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            denominator = 1.0 / away(1.0 + term * denominator);
            numerator = away(1.0 + term / numerator);
            change = denominator * numerator;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    libm::exp(log) * fraction / a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let table = [
            (1, 0.975, 12.706_204_736),
            (2, 0.975, 4.302_652_730),
            (7, 0.975, 2.364_624_252),
            (9, 0.9995, 4.780_912_586),
            (30, 0.975, 2.042_272_456),
            (1000, 0.975, 1.962_339_081),
            (5, 0.5, 0.0),
            (7, 0.025, -2.364_624_252),
        ];
        for (degrees, share, wanted) in table {
            let found = student_quantile(degrees, share);
            assert!((found - wanted).abs() < 1e-8, "{degrees} {share}: {found}");
        }
    }
}
