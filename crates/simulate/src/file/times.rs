//! Distributions as they were written become distributions in nanoseconds.

use base::{Diagnostic, Duration, Span, Spanned};
use model::network::{BatchSyntax, DistributionSyntax, EmpiricalSyntax, LognormalSyntax};

use crate::kernel::{Distribution, normal_quantile};

/// Most stages of an Erlang distribution: each costs a random number.
const MOST_STAGES: u32 = 1000;
/// Most that come at once.
const MOST_AT_ONCE: f64 = 100_000.0;
/// Most that times may vary: beyond, no run of any length would tell the mean.
const MOST_VARIABILITY: f64 = 10_000.0;

/// In nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "a nanosecond in a year does not matter")]
fn nanoseconds(duration: &Spanned<Duration>) -> f64 {
    duration.value.0 as f64
}

fn implausible<T>(span: Span, message: impl Into<String>, out: &mut Vec<Diagnostic>) -> Option<T> {
    out.push(Diagnostic::error("implausible-number", span, message));
    None
}

/// The distribution; nothing where something of it was refused, here or before.
pub(super) fn distribution(
    syntax: &DistributionSyntax,
    out: &mut Vec<Diagnostic>,
) -> Option<Distribution> {
    if let Some(constant) = &syntax.constant {
        return Some(Distribution::Constant(nanoseconds(constant)));
    }
    if let Some(mean) = &syntax.exponential {
        return Some(Distribution::Exponential(nanoseconds(mean)));
    }
    if let Some(lognormal) = &syntax.lognormal {
        return self::lognormal(lognormal, out);
    }
    if let Some(erlang) = &syntax.erlang {
        let (stages, mean) = (erlang.stages.as_ref()?, erlang.mean.as_ref()?);
        if !(1..=MOST_STAGES).contains(&stages.value) {
            return implausible(stages.span, format!("1 to {MOST_STAGES} stages"), out);
        }
        let stage = nanoseconds(mean) / f64::from(stages.value);
        return Some(Distribution::Erlang { stages: stages.value, stage });
    }
    if let Some(two) = &syntax.hyperexponential {
        let (mean, variability) = (two.mean.as_ref()?, two.variability.as_ref()?);
        if !(1.0..=MOST_VARIABILITY).contains(&variability.value) {
            let message = "two exponentials vary as one does or more: 1 to 10_000";
            return implausible(variability.span, message, out);
        }
        return Some(Distribution::balanced(nanoseconds(mean), variability.value));
    }
    if let Some(pareto) = &syntax.pareto {
        return self::pareto(pareto, out);
    }
    if let Some(uniform) = &syntax.uniform {
        let high = uniform.to.as_ref()?;
        let low = uniform.from.as_ref().map_or(0.0, nanoseconds);
        if low >= nanoseconds(high) {
            return implausible(high.span, "the greatest value is not above the least", out);
        }
        return Some(Distribution::Uniform { low, high: nanoseconds(high) });
    }
    empirical(syntax.empirical.as_ref()?, syntax.span, out)
}

fn lognormal(syntax: &LognormalSyntax, out: &mut Vec<Diagnostic>) -> Option<Distribution> {
    if let Some(percentiles) = &syntax.percentiles {
        return through(percentiles, out);
    }
    let (mean, variability) = (syntax.mean.as_ref()?, syntax.variability.as_ref()?);
    if !(0.0..=MOST_VARIABILITY).contains(&variability.value) {
        return implausible(variability.span, "a variability is 0 to 10_000", out);
    }
    Some(Distribution::lognormal(nanoseconds(mean), variability.value))
}

/// Through two percentiles; through more by least squares in logarithms.
fn through(
    percentiles: &Spanned<base::Percentiles>,
    out: &mut Vec<Diagnostic>,
) -> Option<Distribution> {
    let points: Vec<(f64, f64)> = percentiles
        .value
        .0
        .iter()
        .map(|(share, time)| (normal_quantile(share.0), libm::log(time.as_secs_f64() * 1e9)))
        .collect();
    if points.len() < 2 {
        let message = "one percentile does not say how much the times spread";
        let diagnostic = Diagnostic::error("missing-percentile", percentiles.span, message);
        out.push(diagnostic.help("write two, for example `p50 180ms p99 900ms`"));
        return None;
    }
    let count = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (z, log) = (mean(|point| point.0), mean(|point| point.1));
    let product: f64 = points.iter().map(|point| (point.0 - z) * (point.1 - log)).sum();
    let square: f64 = points.iter().map(|point| (point.0 - z) * (point.0 - z)).sum();
    let scale = (product / square).max(0.0);
    Some(Distribution::Lognormal { location: log - scale * z, scale })
}

fn pareto(
    syntax: &model::network::ParetoSyntax,
    out: &mut Vec<Diagnostic>,
) -> Option<Distribution> {
    let (least, shape) = (syntax.minimum.as_ref()?, syntax.shape.as_ref()?);
    let maximum = syntax.maximum.as_ref().map_or(f64::INFINITY, nanoseconds);
    if shape.value <= 1.0 && maximum.is_infinite() {
        let message = "the mean is infinite: a tail needs a shape above 1, or a `maximum`";
        return implausible(shape.span, message, out);
    }
    if shape.value <= 0.0 || shape.value > 1000.0 {
        return implausible(shape.span, "a shape lies above 0 and up to 1000", out);
    }
    if maximum <= nanoseconds(least) {
        return implausible(least.span, "the least value is not below the greatest", out);
    }
    Some(Distribution::Pareto { minimum: nanoseconds(least), shape: shape.value, maximum })
}

fn empirical(
    values: &[EmpiricalSyntax],
    span: Span,
    out: &mut Vec<Diagnostic>,
) -> Option<Distribution> {
    let part = |value: &EmpiricalSyntax| {
        Some((value.share.as_ref()?.value.0, nanoseconds(value.time.as_ref()?)))
    };
    let parts = values.iter().map(part).collect::<Option<Vec<(f64, f64)>>>()?;
    let total: f64 = parts.iter().map(|(share, _)| share).sum();
    if (total - 1.0).abs() > 1e-9 {
        let percent = total * 100.0;
        return implausible(span, format!("the shares add up to {percent}%, not to 100%"), out);
    }
    Some(Distribution::Discrete(parts))
}

/// How many come at once.
pub(super) fn batch(syntax: &BatchSyntax, out: &mut Vec<Diagnostic>) -> Option<Distribution> {
    let (mean, span) = match (&syntax.constant, &syntax.geometric) {
        (Some(constant), _) => (f64::from(constant.value), constant.span),
        (None, Some(mean)) => (mean.value, mean.span),
        (None, None) => return None,
    };
    if !(1.0..=MOST_AT_ONCE).contains(&mean) {
        return implausible(span, "1 to 100_000 may come at once", out);
    }
    Some(match syntax.constant {
        Some(_) => Distribution::Constant(mean),
        None => Distribution::Geometric(mean),
    })
}
