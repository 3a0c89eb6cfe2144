//! Numbers as people read them: three digits, a unit, and how much they may be off.

use crate::statistics::Estimate;

/// Three significant digits.
pub(crate) fn digits(value: f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        return "0".to_owned();
    }
    if size < 1e-3 {
        return format!("{value:.1e}");
    }
    if size >= 9_999.5 {
        return format!(
            "{:.0}",
            (value / 10f64.powi(magnitude(size) - 2)).round() * 10f64.powi(magnitude(size) - 2)
        );
    }
    let decimals = usize::try_from((2 - magnitude(size)).max(0)).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// Power of ten of the first digit, after rounding to three of them.
#[expect(clippy::cast_possible_truncation, reason = "logarithms are small")]
fn magnitude(size: f64) -> i32 {
    let power = size.log10().floor() as i32;
    let rounded = (size / 10f64.powi(power - 2)).round() * 10f64.powi(power - 2);
    if rounded >= 10f64.powi(power + 1) { power + 1 } else { power }
}

/// A time in seconds: `12.3us`, `745ms`, `1.75s`.
pub(crate) fn time(seconds: f64) -> String {
    let (factor, unit) = match seconds.abs() {
        size if size < 1e-12 => return "0".to_owned(),
        size if size < 0.999_5e-6 => (1e9, "ns"),
        size if size < 0.999_5e-3 => (1e6, "us"),
        size if size < 0.999_5 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{}{unit}", digits(seconds * factor))
}

/// A share: `12.3%`.
pub(crate) fn share(value: f64) -> String {
    format!("{}%", digits(value * 100.0))
}

/// A number with half of its 95 % interval, as a share of it.
pub(crate) fn with_interval(estimate: &Estimate, shown: impl Fn(f64) -> String) -> String {
    let relative = estimate.relative();
    if relative == 0.0 || !relative.is_finite() {
        return shown(estimate.value);
    }
    format!("{} ±{:.1}%", shown(estimate.value), relative * 100.0)
}

/// A number with its unit, without zeros that say nothing: `5ms`, never `5.00ms`.
pub(crate) fn shortened(text: &str) -> String {
    let end = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    match number.contains('.') && !number.contains('e') {
        true => format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.')),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let shown =
            [0.0, 3.196_7, 0.745_54, 12.345, 999.6, 4321.4, 123_456.0, 0.000_012].map(digits);
        assert_eq!(shown, ["0", "3.20", "0.746", "12.3", "1000", "4321", "123000", "1.2e-5"]);
        let times = [0.0, 1.745_54, 0.745_54, 0.000_012_3, 2e-8, 0.999_9, 100.0].map(time);
        assert_eq!(times, ["0", "1.75s", "746ms", "12.3us", "20.0ns", "1.00s", "100s"]);
        assert_eq!(share(0.079_96), "8.00%");
    }
}
