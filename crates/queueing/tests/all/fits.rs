//! Lognormal fits and cache hit ratios against values derived by brute force.

use queueing::{Lognormal, Popularity, hit_ratio, normal_quantile};

#[test]
fn normal_quantiles_match_known_values() {
    // Values of the standard normal distribution to 12 digits.
    for (share, z) in [
        (0.5, 0.0),
        (0.9, 1.281_551_565_545),
        (0.95, 1.644_853_626_951),
        (0.99, 2.326_347_874_041),
        (0.999, 3.090_232_306_168),
        (1e-9, -5.997_807_015_008),
    ] {
        let found = normal_quantile(share);
        assert!((found - z).abs() < 1e-11, "{share}: {found} instead of {z}");
    }
}

#[test]
fn a_lognormal_goes_through_its_percentiles() {
    // cardProcessor.charge of the shop: p50 180 ms, p99 900 ms.
    let fit = Lognormal::through((0.5, 0.18), (0.99, 0.9)).unwrap();
    assert!((fit.quantile(0.5) - 0.18).abs() < 1e-12);
    assert!((fit.quantile(0.99) - 0.9).abs() < 1e-12);
    assert!((fit.distribution(0.9) - 0.99).abs() < 1e-12);
    let sigma = 5f64.ln() / 2.326_347_874_041;
    assert!((fit.mean() - 0.18 * (sigma * sigma / 2.0).exp()).abs() < 1e-12);
    let same = Lognormal::fit(&[(0.5, 0.18), (0.99, 0.9)]).unwrap();
    assert!((same.scale - fit.scale).abs() < 1e-12);
    // Consistent percentiles in between change nothing.
    let points = [(0.5, 0.18), (0.9, fit.quantile(0.9)), (0.99, 0.9)];
    assert!((Lognormal::fit(&points).unwrap().scale - fit.scale).abs() < 1e-12);
    assert!(Lognormal::through((0.99, 0.1), (0.5, 0.2)).is_none());
}

#[test]
fn the_mean_of_a_fit_is_the_integral_of_its_tail() {
    let fit = Lognormal::through((0.5, 0.25), (0.99, 1.2)).unwrap();
    let step = 1e-4;
    let tail = |n: u32| 1.0 - fit.distribution((f64::from(n) + 0.5) * step);
    let integral: f64 = (0..400_000).map(|n| tail(n) * step).sum();
    assert!((integral - fit.mean()).abs() < 1e-5, "{integral} and {}", fit.mean());
}

/// The sum over every single item.
fn exact(items: u32, exponent: f64, rate: f64, time: f64) -> f64 {
    let weights: Vec<f64> = (1..=items).map(|rank| f64::from(rank).powf(-exponent)).collect();
    let total: f64 = weights.iter().sum();
    let hit = |weight: &f64| {
        let share = weight / total;
        share * (rate * share * time) / (1.0 + rate * share * time)
    };
    weights.iter().map(hit).sum()
}

#[test]
fn hit_ratios_match_the_sum_over_every_item() {
    for items in [1, 10, 256, 257, 1_000, 200_000] {
        for exponent in [0.0, 0.6, 0.8, 1.0, 1.1] {
            for (rate, time) in [(0.1, 60.0), (500.0, 60.0), (2000.0, 1.0)] {
                let popularity = Popularity { items: f64::from(items), exponent };
                let (found, wanted) =
                    (hit_ratio(popularity, rate, time), exact(items, exponent, rate, time));
                let close = (found - wanted).abs() < 1e-3;
                assert!(close, "{items} {exponent} {rate} {time}: {found} instead of {wanted}");
            }
        }
    }
}
