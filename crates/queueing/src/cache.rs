//! Hit ratios of caches that keep an item for a fixed time, or as many as there is room for.

use crate::root::quantile;

/// How requests spread over items: the n-th most popular is asked for in proportion to `n^-exponent`
/// (Zipf).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Popularity {
    /// Items.
    pub items: f64,
    /// 0 is uniform; the web is near 0.8 (Breslau et al. 1999).
    pub exponent: f64,
}

/// Ranks that are summed one by one; beyond them, ranges of ranks are taken together.
const SINGLE: u16 = 256;
/// Ranges per factor of e in rank: the error stays below a tenth of a percent.
const RANGES: f64 = 32.0;

/// The least divisor above one, by rank.
const DIVISORS: [u16; SINGLE as usize + 1] = {
    let mut divisors = [1; SINGLE as usize + 1];
    let mut rank = 2;
    while rank <= SINGLE {
        let mut divisor = 2;
        while rank % divisor != 0 {
            divisor += 1;
        }
        divisors[rank as usize] = divisor;
        rank += 1;
    }
    divisors
};

impl Popularity {
    /// How much an item is asked for, and how many are asked for as much: the first ranks alone,
    /// the rest in ranges. Few powers are computed, since the others are products of them.
    fn weights(self) -> Vec<(f64, f64)> {
        let mut weights = self.single();
        let start = f64::from(SINGLE) + 0.5;
        let end = self.items + 0.5;
        let count = ((end / start).ln().max(0.0) * RANGES).ceil();
        let step = if count > 0.0 { (end / start).powf(1.0 / count) } else { 1.0 };
        let fall = step.powf(-self.exponent);
        let mut weight = (start * step.sqrt()).powf(-self.exponent);
        let mut low = start;
        while low < end * (1.0 - 1e-12) {
            let high = (low * step).min(end);
            weights.push((weight, high - low));
            low = high;
            weight *= fall;
        }
        weights
    }

    /// The first ranks. The power of a product is the product of the powers, which leaves those of
    /// primes.
    fn single(self) -> Vec<(f64, f64)> {
        let mut weights: Vec<(f64, f64)> = Vec::with_capacity(1 << 10);
        let ranks = (1..=SINGLE).zip(DIVISORS.into_iter().skip(1));
        for (rank, divisor) in ranks.take_while(|(rank, _)| f64::from(*rank) <= self.items) {
            let known = |rank: u16| weights.get(usize::from(rank) - 1).map(|(weight, _)| *weight);
            let weight = match (known(divisor), known(rank / divisor)) {
                (Some(one), Some(other)) => one * other,
                _ => f64::from(rank).powf(-self.exponent),
            };
            weights.push((weight, 1.0));
        }
        weights
    }
}

/// Share of requests answered from a cache that keeps each item for `time_to_live` seconds after it
/// was fetched, at `rate` requests per second in all: the sum over items of
/// `p * rate p T / (1 + rate p T)` (renewal argument; Jung, Berger and Balakrishnan 2003). Within a
/// thousandth of the sum over every single item.
#[must_use]
pub fn hit_ratio(popularity: Popularity, rate: f64, time_to_live: f64) -> f64 {
    let weights = popularity.weights();
    let total: f64 = weights.iter().map(|(weight, items)| items * weight).sum();
    if total <= 0.0 {
        return 0.0;
    }
    let hits = weights.iter().map(|(weight, items)| {
        let share = weight / total;
        let expected = rate * share * time_to_live;
        items * share * expected / (1.0 + expected)
    });
    hits.sum()
}

/// Share of requests answered from a cache that holds `capacity` items and drops the least recently
/// used: an item is there if it was asked for within a time that is nearly the same for all (Che, Tung
/// and Wang 2002; Fricker, Robert and Roberts 2012 say why that is so near).
#[must_use]
pub fn lru_hit_ratio(popularity: Popularity, capacity: f64) -> f64 {
    let weights = popularity.weights();
    let total: f64 = weights.iter().map(|(weight, items)| items * weight).sum();
    if total <= 0.0 || capacity <= 0.0 {
        return 0.0;
    }
    if capacity >= popularity.items {
        return 1.0;
    }
    // The share of items that nobody asked for within a time, in units of the time between two
    // requests.
    let absent = |time: f64| {
        let each = weights.iter();
        let left = |(weight, items): &(f64, f64)| items * libm::exp(-time * weight / total);
        each.map(left).sum::<f64>() / popularity.items
    };
    let time = quantile(capacity / popularity.items, absent);
    let hits = weights.iter().map(|(weight, items)| {
        let share = weight / total;
        items * share * -libm::expm1(-time * share)
    });
    hits.sum()
}
