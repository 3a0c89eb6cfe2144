//! Solving for a quantile, and for where a rising function is zero.

/// The `x >= 0` at which a falling tail probability reaches `1 - quantile`: doubling, then
/// bisection to the last bit that matters.
pub fn quantile(quantile: f64, tail: impl Fn(f64) -> f64) -> f64 {
    let target = 1.0 - quantile;
    if tail(0.0) <= target {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1e-9);
    while tail(high) > target && high < 1e18 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if tail(middle) > target { low = middle } else { high = middle }
    }
    high
}

/// Where a function that rises from `low` to `high` is zero, to the last bit that matters.
pub fn root(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if function(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
