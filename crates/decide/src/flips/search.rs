//! Searching the range of one number: a logarithmic grid, then halving where neighbours differ.
//! Verdicts need not change in one direction only, so that halving alone would miss some.

use super::rerun::Choices;

/// Steps on each side of the present value.
const STEPS: u32 = 8;
/// Relative width at which halving ends.
const WIDTH: f64 = 0.005;

/// Where the number goes.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Its present value, on the scale on which it is moved.
    pub now: f64,
    /// One end of its range.
    pub low: f64,
    /// The other.
    pub high: f64,
    /// Only whole numbers make sense.
    pub whole: bool,
}

/// Between two values something is decided otherwise.
#[derive(Clone, Debug)]
pub struct Change {
    /// The value nearer to the present one.
    pub near: f64,
    /// The value beyond.
    pub far: f64,
    /// What is chosen at `near`.
    pub before: Choices,
    /// What is chosen at `far`.
    pub after: Choices,
}

/// Every change in the range, those below the present value first, each side outwards.
pub fn changes(
    range: Range,
    base: &Choices,
    decide: &mut dyn FnMut(f64) -> Choices,
) -> Vec<Change> {
    let mut found = Vec::new();
    for end in [range.low, range.high] {
        let mut near = (range.now, base.clone());
        for value in steps(range, end) {
            let far = (value, decide(value));
            narrow(range, near, far.clone(), decide, &mut found);
            near = far;
        }
    }
    found
}

/// Values that show what a number touches at all: the ends of its range and the middle of each side.
pub fn probes(range: Range) -> Vec<f64> {
    let halfway = usize::try_from(STEPS / 2).unwrap_or_default();
    let pick = |end: f64| {
        let steps = steps(range, end);
        let middle = steps.get(halfway.saturating_sub(1)).copied();
        middle.into_iter().chain(steps.last().copied()).collect::<Vec<f64>>()
    };
    [range.low, range.high].into_iter().flat_map(pick).collect()
}

/// The grid from the present value to an end of the range.
fn steps(range: Range, end: f64) -> Vec<f64> {
    let now = range.now;
    if (end - now).abs() <= f64::EPSILON * now.abs() {
        return Vec::new();
    }
    let logarithmic = now > 0.0 && end > 0.0;
    let step = |at: u32| {
        let share = f64::from(at) / f64::from(STEPS);
        let value = match logarithmic {
            true => now * (end / now).powf(share),
            false => now + (end - now) * share,
        };
        if range.whole { value.round() } else { value }
    };
    let mut steps: Vec<f64> = (1..=STEPS).map(step).collect();
    steps.dedup();
    steps.retain(|value| (value - now).abs() > f64::EPSILON * now.abs());
    steps
}

fn narrow(
    range: Range,
    near: (f64, Choices),
    far: (f64, Choices),
    decide: &mut dyn FnMut(f64) -> Choices,
    found: &mut Vec<Change>,
) {
    if near.1 == far.1 {
        return;
    }
    let logarithmic = near.0 > 0.0 && far.0 > 0.0;
    let close = match logarithmic {
        true => (far.0 / near.0).ln().abs() <= WIDTH,
        false => (far.0 - near.0).abs() <= WIDTH * (range.high - range.low).abs(),
    };
    if close || (range.whole && (far.0 - near.0).abs() <= 1.0) {
        found.push(Change { near: near.0, far: far.0, before: near.1, after: far.1 });
        return;
    }
    let middle = if logarithmic { (near.0 * far.0).sqrt() } else { f64::midpoint(near.0, far.0) };
    let middle = if range.whole {
        middle.round().clamp(near.0.min(far.0) + 1.0, near.0.max(far.0) - 1.0)
    } else {
        middle
    };
    let middle = (middle, decide(middle));
    narrow(range, near, middle.clone(), decide, found);
    narrow(range, middle, far, decide, found);
}

/// The roundest number between two.
pub fn roundest(one: f64, other: f64) -> f64 {
    let (low, high) = (one.min(other), one.max(other));
    let middle = f64::midpoint(low, high);
    if middle <= 0.0 || !middle.is_finite() {
        return middle;
    }
    let magnitude = middle.log10().floor();
    for digits in [1.0, 2.0, 3.0] {
        let unit = 10f64.powf(magnitude + 1.0 - digits);
        let round = (middle / unit).round() * unit;
        if (low..=high).contains(&round) {
            return round;
        }
    }
    middle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn chosen(choice: &'static str) -> Choices {
        Choices(vec![Arc::new(vec![("system".to_owned(), choice)])])
    }

    fn thresholds(range: Range, rule: impl Fn(f64) -> &'static str) -> Vec<(f64, &'static str)> {
        let found = changes(range, &chosen(rule(range.now)), &mut |value| chosen(rule(value)));
        let after =
            |change: &Change| change.after.0.first().and_then(|of| of.first()).map(|of| of.1);
        found
            .iter()
            .map(|change| (roundest(change.near, change.far), after(change).unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_verdict_that_comes_back_flips_twice() {
        let range = Range { now: 50.0, low: 5.0, high: 500.0, whole: false };
        let band = |value: f64| if (100.0..200.0).contains(&value) { "b" } else { "a" };
        assert_eq!(thresholds(range, band), [(100.0, "b"), (200.0, "a")]);
    }

    #[test]
    fn two_thresholds_between_neighbours_of_the_grid_are_both_found() {
        let range = Range { now: 50.0, low: 5.0, high: 500.0, whole: false };
        let stairs = |value: f64| match value {
            high if high >= 110.0 => "c",
            middle if middle >= 100.0 => "b",
            _ => "a",
        };
        assert_eq!(thresholds(range, stairs), [(100.0, "b"), (110.0, "c")]);
    }

    #[test]
    fn whole_numbers_flip_between_whole_numbers() {
        let range = Range { now: 6.0, low: 1.0, high: 60.0, whole: true };
        let found = changes(range, &chosen("a"), &mut |people| {
            chosen(if people < 5.0 { "b" } else { "a" })
        });
        let ends: Vec<(f64, f64)> = found.iter().map(|change| (change.near, change.far)).collect();
        assert_eq!(ends, [(5.0, 4.0)]);
    }

    #[test]
    fn from_nothing_the_way_up_is_walked_in_equal_steps() {
        let range = Range { now: 0.0, low: 0.0, high: 3.0, whole: false };
        let found = thresholds(range, |growth| if growth > 0.7 { "b" } else { "a" });
        assert_eq!(found.len(), 1);
        assert!((found[0].0 - 0.7).abs() < 0.02, "{found:?}");
    }
}
