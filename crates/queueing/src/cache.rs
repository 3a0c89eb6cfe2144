//! Hit ratios of caches that keep an item for a fixed time.

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
const SINGLE: u32 = 256;
/// Ranges per factor of e in rank: the error stays below a tenth of a percent.
const RANGES: f64 = 32.0;

impl Popularity {
    /// Ranks with how many items they stand for: the first ones alone, the rest in ranges.
    fn ranks(self) -> impl Iterator<Item = (f64, f64)> {
        let single = (1..=SINGLE).map(f64::from).take_while(move |rank| *rank <= self.items);
        let start = f64::from(SINGLE) + 0.5;
        let end = self.items + 0.5;
        let count = ((end / start).ln().max(0.0) * RANGES).ceil();
        let step = if count > 0.0 { (end / start).powf(1.0 / count) } else { 1.0 };
        let mut low = start;
        let ranges = std::iter::from_fn(move || {
            (low < end * (1.0 - 1e-12)).then(|| {
                let high = (low * step).min(end);
                let item = ((low * high).sqrt(), high - low);
                low = high;
                item
            })
        });
        single.map(|rank| (rank, 1.0)).chain(ranges)
    }
}

/// Share of requests answered from a cache that keeps each item for `time_to_live` seconds after it
/// was fetched, at `rate` requests per second in all: the sum over items of
/// `p * rate p T / (1 + rate p T)` (renewal argument; Jung, Berger and Balakrishnan 2003).
#[must_use]
pub fn hit_ratio(popularity: Popularity, rate: f64, time_to_live: f64) -> f64 {
    let weight = |rank: f64| rank.powf(-popularity.exponent);
    let total: f64 = popularity.ranks().map(|(rank, items)| items * weight(rank)).sum();
    if total <= 0.0 {
        return 0.0;
    }
    let hits = popularity.ranks().map(|(rank, items)| {
        let share = weight(rank) / total;
        let expected = rate * share * time_to_live;
        items * share * expected / (1.0 + expected)
    });
    hits.sum()
}
