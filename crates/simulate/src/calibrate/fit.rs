//! Fits a distribution to how many times lie between which bounds: the likeliest lognormal, or the
//! likeliest two phases where they fit better (interval-censored maximum likelihood).

use queueing::Lognormal;

use super::bins::{Bin, Bins, number};
use super::likely::least;
use super::{Fit, Shape};

/// Fewer times than this say too little.
const LEAST: u64 = 30;
/// Half of a 95 % interval in standard errors.
const WIDE: f64 = 1.959_963_985;
/// The percentile whose interval is told.
const HIGH: f64 = 0.95;

/// A distribution of these times. `usual` is the coefficient of variation where they tell the mean
/// alone: all lie in one bucket. None where there are too few.
#[must_use]
pub fn fit(bins: &Bins, usual: f64) -> Option<Fit> {
    let count = bins.count();
    if count < LEAST {
        return None;
    }
    let mut fit = match bins.bins.len() {
        1 => alone(bins, usual)?,
        2 => held(bins, usual)?,
        _ => free(bins),
    };
    fit.mean_error = bins.mean().map(|mean| fit.shape.mean() / mean - 1.0);
    Some(fit)
}

/// Everything in one bucket: its mean, between the bounds, and the usual variation.
fn alone(bins: &Bins, usual: f64) -> Option<Fit> {
    let bin = bins.bins.first()?;
    let middle = if bin.high.is_finite() { f64::midpoint(bin.low, bin.high) } else { bin.low };
    let mean = bins.mean().unwrap_or(middle);
    if mean <= 0.0 {
        return None;
    }
    let chance = WIDE * usual * mean / libm::sqrt(number(bins.count()));
    let (low, high) = match bins.mean() {
        Some(_) => (mean - chance, mean + chance),
        None => (bin.low, bin.high),
    };
    let shape = Shape::spread(mean, usual);
    Some(Fit { mean_alone: true, ..told(shape, bins.count(), (low, high), (bin.low, bin.high)) })
}

/// Two buckets tell one number: with the mean, that is a distribution.
fn held(bins: &Bins, usual: f64) -> Option<Fit> {
    let Some(mean) = bins.mean() else {
        let middle = bins.bins.iter().map(|bin| number(bin.count) * geometric(bin)).sum::<f64>();
        let known = Bins { bins: bins.bins.clone(), sum: Some(middle) };
        let mut fit = held(&known, usual)?;
        fit.mean = (bins.bins.first()?.low, bins.bins.last()?.high);
        return Some(fit);
    };
    let shape = |[scale]: &[f64; 1]| Shape::spread(mean, libm::exp(*scale));
    let value = |point: &[f64; 1]| bounded(point) + surprise(bins, &shape(point));
    let (best, _) = least([libm::log(usual)], [0.3], value);
    Some(estimated(bins, &best, &shape, &value))
}

/// As many buckets as it takes: whichever family is likelier for its number of parameters (the
/// Bayesian information criterion).
fn free(bins: &Bins) -> Fit {
    let start = start(bins);
    let lognormal = |[location, scale]: &[f64; 2]| {
        Shape::Lognormal(Lognormal { location: *location, scale: libm::exp(*scale) })
    };
    let first = |point: &[f64; 2]| bounded(&point[1..]) + surprise(bins, &lognormal(point));
    let (best, unlikely) = least([start.0, libm::log(start.1)], [0.3, 0.3], first);
    let phases = |[odds, fast, slow]: &[f64; 3]| Shape::Phases {
        share: 1.0 / (1.0 + libm::exp(-odds)),
        first: libm::exp(*fast),
        second: libm::exp(*slow),
    };
    let second = |point: &[f64; 3]| bounded(&point[..1]) + surprise(bins, &phases(point));
    let starts = [[0.0, -0.5, 0.5], [2.0, -0.5, 1.5], [4.0, -0.2, 3.0]];
    let found = starts.map(|[odds, fast, slow]| {
        least([odds, start.0 + fast, start.0 + slow], [0.5, 0.3, 0.5], second)
    });
    let likeliest = found.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let price = libm::log(number(bins.count())) / 2.0;
    match likeliest {
        Some((point, value)) if bins.bins.len() > 3 && value + price < unlikely => {
            estimated(bins, point, &phases, &second)
        }
        _ => estimated(bins, &best, &lognormal, &first),
    }
}

/// Location and scale of the logarithm, from the middles of the bins.
fn start(bins: &Bins) -> (f64, f64) {
    let count = number(bins.count());
    let sum = |of: &dyn Fn(f64) -> f64| {
        let each = |bin: &Bin| number(bin.count) * of(libm::log(geometric(bin)));
        bins.bins.iter().map(each).sum::<f64>() / count
    };
    let location = sum(&|log| log);
    let square = sum(&|log| (log - location) * (log - location));
    (location, libm::sqrt(square).clamp(0.05, 3.0))
}

/// The middle of a bin on the scale of logarithms.
fn geometric(bin: &Bin) -> f64 {
    let high = if bin.high.is_finite() { bin.high } else { bin.low * 2.0 };
    let low = if bin.low > 0.0 { bin.low } else { high / 4.0 };
    libm::sqrt(low * high)
}

/// How unlikely the bins are: the negative logarithm of their likelihood.
fn surprise(bins: &Bins, shape: &Shape) -> f64 {
    let each = |bin: &Bin| {
        let inside = shape.below(bin.high) - shape.below(bin.low);
        -number(bin.count) * libm::log(inside.max(1e-300))
    };
    bins.bins.iter().map(each).sum()
}

/// Keeps parameters that are logarithms of widths and odds within reason.
fn bounded(parameters: &[f64]) -> f64 {
    let beyond = |value: &f64| 1e3 * (value.abs() - 8.0).max(0.0);
    parameters.iter().map(beyond).sum()
}

/// A shape with the intervals that the curvature of the likelihood gives: chance, and what buckets
/// leave open. Where the curvature gives none, those of the buckets.
fn estimated<const N: usize>(
    bins: &Bins,
    best: &[f64; N],
    shape: &impl Fn(&[f64; N]) -> Shape,
    value: &impl Fn(&[f64; N]) -> f64,
) -> Fit {
    let curvature = curvature(best, value);
    let interval = |of: &dyn Fn(&Shape) -> f64| {
        let middle = of(&shape(best));
        let slope = slope(best, &|point| of(&shape(point)));
        let variance = solved(curvature, slope)?.iter().zip(slope).map(|(x, g)| x * g).sum::<f64>();
        let half = WIDE * libm::sqrt(variance.max(0.0));
        (variance >= 0.0 && half.is_finite()).then(|| ((middle - half).max(0.0), middle + half))
    };
    let shaped = shape(best);
    let whole = (
        bins.bins.first().map_or(0.0, |bin| bin.low),
        bins.bins.last().map_or(f64::INFINITY, |bin| bin.high),
    );
    let mean = interval(&Shape::mean).unwrap_or(whole);
    let p95 = interval(&|shape| shape.quantile(HIGH));
    let p95 = p95.or_else(|| bins.percentile(HIGH)).unwrap_or(whole);
    told(shaped, bins.count(), mean, p95)
}

fn told(shape: Shape, count: u64, mean: (f64, f64), p95: (f64, f64)) -> Fit {
    Fit { shape, count, mean, p95, mean_alone: false, mean_error: None, errors: Vec::new() }
}

/// Step of numerical derivatives.
const STEP: f64 = 1e-3;

fn moved<const N: usize>(point: &[f64; N], steps: &[(usize, f64)]) -> [f64; N] {
    let mut moved = *point;
    for (axis, step) in steps {
        moved[*axis] += step * STEP;
    }
    moved
}

fn slope<const N: usize>(at: &[f64; N], of: &dyn Fn(&[f64; N]) -> f64) -> [f64; N] {
    std::array::from_fn(|axis| {
        (of(&moved(at, &[(axis, 1.0)])) - of(&moved(at, &[(axis, -1.0)]))) / (2.0 * STEP)
    })
}

/// Second derivatives.
fn curvature<const N: usize>(at: &[f64; N], of: &impl Fn(&[f64; N]) -> f64) -> [[f64; N]; N] {
    std::array::from_fn(|a| {
        std::array::from_fn(|b| {
            let corner = |x: f64, y: f64| of(&moved(at, &[(a, x), (b, y)]));
            let sum = corner(1.0, 1.0) - corner(1.0, -1.0) - corner(-1.0, 1.0) + corner(-1.0, -1.0);
            sum / (4.0 * STEP * STEP)
        })
    })
}

/// Solves a small system of equations (Gauss, with the greatest pivot); none where it has no one
/// solution.
fn solved<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> Option<[f64; N]> {
    for column in 0..N {
        let greatest =
            |a: &usize, b: &usize| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs());
        let pivot = (column..N).max_by(greatest)?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let head = matrix[column];
        let usable = head[column].abs() > 1e-9;
        if !usable {
            return None;
        }
        for row in (0..N).filter(|row| *row != column) {
            let factor = matrix[row][column] / head[column];
            for (cell, above) in matrix[row].iter_mut().zip(head) {
                *cell -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    Some(std::array::from_fn(|axis| right[axis] / matrix[axis][axis]))
}
