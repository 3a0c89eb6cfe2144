//! Where the start of a run stops showing, and whether it has a steady state at all.

use super::Estimate;

/// Observations in a batch.
const BATCH: usize = 5;

/// How many observations to leave out at the start: MSER-5 (White 1997; White, Cobb and Spratt
/// 2000), the cut after which the squared standard error of the rest is least. None where that cut
/// lies beyond half of the series, which then tells nothing of a steady state.
#[must_use]
pub fn warm_up(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = series
        .chunks_exact(BATCH)
        .map(|five| five.iter().sum::<f64>() / as_number(BATCH))
        .collect();
    if batches.len() < 4 {
        return None;
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut errors = Vec::with_capacity(batches.len());
    for (kept, value) in (1u32..).zip(batches.iter().rev()) {
        let count = f64::from(kept);
        sum += value;
        squares += value * value;
        errors.push((squares - sum * sum / count).max(0.0) / (count * count));
    }
    errors.reverse();
    // The last batches are too few for their spread to mean anything.
    let considered = &errors[..batches.len() - 3];
    let least = considered.iter().copied().fold(f64::INFINITY, f64::min);
    let cut = considered.iter().position(|error| *error <= least)?;
    (cut <= batches.len() / 2).then_some(cut * BATCH)
}

/// How much a series grows from its first to its last observation, as a share of its mean, one per
/// replication: nothing where that is chance (99.9 %) or small.
#[must_use]
pub fn growth(series: &[Vec<f64>]) -> Option<f64> {
    /// Growth beyond this share of the mean is none that more patience would average out.
    const MATERIAL: f64 = 0.25;
    let slopes: Vec<f64> = series.iter().map(|values| slope(values)).collect();
    let means: Vec<f64> = series.iter().filter_map(|values| mean(values)).collect();
    let (slope, mean) = (Estimate::of(&slopes)?, Estimate::of(&means)?);
    let sure = slope.replications < 2 || slope.value > slope.half_width(0.999);
    let grown = slope.value / mean.value.max(f64::MIN_POSITIVE);
    (sure && mean.value > 0.0 && grown > MATERIAL).then_some(grown)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / as_number(values.len()))
}

/// Rise of the least-squares line from the first to the last value.
fn slope(values: &[f64]) -> f64 {
    let Some(mean) = mean(values) else { return 0.0 };
    let length = as_number(values.len());
    let middle = (length - 1.0) / 2.0;
    let (mut product, mut square) = (0.0, 0.0);
    for (at, value) in (0u32..).zip(values) {
        let distance = f64::from(at) - middle;
        product += distance * (value - mean);
        square += distance * distance;
    }
    if square > 0.0 { product / square * length } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "lengths of series")]
const fn as_number(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Random;

    /// Noise around `level(n)`.
    fn series(seed: u64, level: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..1000).map(|n| level(f64::from(n)) + random.inside() - 0.5).collect()
    }

    #[test]
    fn the_start_is_cut_off_where_it_ends() {
        let cut = warm_up(&series(1, |n| if n < 100.0 { n / 10.0 } else { 10.0 })).unwrap();
        assert!((80..=120).contains(&cut), "{cut}");
        assert!(warm_up(&series(2, |_| 10.0)).unwrap() < 300);
        assert_eq!(warm_up(&series(3, |n| n)), None);
        assert_eq!(warm_up(&[1.0; 10]), None);
    }

    #[test]
    fn growth_is_told_from_chance() {
        let growing: Vec<Vec<f64>> = (0..8).map(|seed| series(seed, |n| 1.0 + n / 100.0)).collect();
        assert!(growth(&growing).unwrap() > 1.0);
        let steady: Vec<Vec<f64>> = (0..8).map(|seed| series(seed, |_| 5.0)).collect();
        assert_eq!(growth(&steady), None);
        assert_eq!(growth(&[vec![0.0; 10], vec![0.0; 10]]), None);
    }
}
