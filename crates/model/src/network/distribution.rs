//! How long something takes: a time, or a distribution of times.

use base::{Duration, Percentiles, Share, Span, Spanned};

use crate::syntax::bind::{Binder, Form, List, Shape, Short, keys};
use crate::syntax::short::{Count, Latency, ShareForm, Waiting, Whole};
use crate::yaml::{Mapping, Node, NodeKind};

/// A distribution of times: exactly one of these.
#[derive(Clone, Debug, Default)]
pub struct DistributionSyntax {
    /// Where it stands.
    pub span: Span,
    /// Always the same.
    pub constant: Option<Spanned<Duration>>,
    /// Exponential with this mean.
    pub exponential: Option<Spanned<Duration>>,
    /// Lognormal.
    pub lognormal: Option<LognormalSyntax>,
    /// A sum of exponentials.
    pub erlang: Option<ErlangSyntax>,
    /// One of two exponentials.
    pub hyperexponential: Option<HyperexponentialSyntax>,
    /// A tail that falls like a power.
    pub pareto: Option<ParetoSyntax>,
    /// Even between two times.
    pub uniform: Option<UniformSyntax>,
    /// So often this, so often that.
    pub empirical: Option<Vec<EmpiricalSyntax>>,
}

/// A lognormal distribution: through percentiles, or by mean and variability.
#[derive(Clone, Debug, Default)]
pub struct LognormalSyntax {
    /// Percentiles it goes through.
    pub percentiles: Option<Spanned<Percentiles>>,
    /// Mean.
    pub mean: Option<Spanned<Duration>>,
    /// Squared coefficient of variation.
    pub variability: Option<Spanned<f64>>,
}

/// An Erlang distribution.
#[derive(Clone, Debug, Default)]
pub struct ErlangSyntax {
    /// Number of stages.
    pub stages: Option<Spanned<u32>>,
    /// Mean of their sum.
    pub mean: Option<Spanned<Duration>>,
}

/// A hyperexponential distribution with balanced means.
#[derive(Clone, Debug, Default)]
pub struct HyperexponentialSyntax {
    /// Mean.
    pub mean: Option<Spanned<Duration>>,
    /// Squared coefficient of variation, at least one.
    pub variability: Option<Spanned<f64>>,
}

/// A Pareto distribution.
#[derive(Clone, Debug, Default)]
pub struct ParetoSyntax {
    /// The least value.
    pub minimum: Option<Spanned<Duration>>,
    /// Exponent of the tail.
    pub shape: Option<Spanned<f64>>,
    /// The greatest value.
    pub maximum: Option<Spanned<Duration>>,
}

/// A uniform distribution.
#[derive(Clone, Debug, Default)]
pub struct UniformSyntax {
    /// The least value; zero where nothing is said.
    pub from: Option<Spanned<Duration>>,
    /// The greatest value.
    pub to: Option<Spanned<Duration>>,
}

/// A value with its share.
#[derive(Clone, Debug, Default)]
pub struct EmpiricalSyntax {
    /// The value.
    pub time: Option<Spanned<Duration>>,
    /// How often it comes.
    pub share: Option<Spanned<Share>>,
}

/// How many come at once: exactly one of these.
#[derive(Clone, Debug, Default)]
pub struct BatchSyntax {
    /// Always so many.
    pub constant: Option<Spanned<u32>>,
    /// One or more with this mean.
    pub geometric: Option<Spanned<f64>>,
}

/// The keys of a distribution; a time alone is [`DistributionSyntax`]'s own.
#[derive(Default)]
struct Keys(DistributionSyntax);

impl std::ops::Deref for Keys {
    type Target = DistributionSyntax;

    fn deref(&self) -> &DistributionSyntax {
        &self.0
    }
}

impl std::ops::DerefMut for Keys {
    fn deref_mut(&mut self) -> &mut DistributionSyntax {
        &mut self.0
    }
}

const SHAPES: [&str; 7] =
    ["exponential", "lognormal", "erlang", "hyperexponential", "pareto", "uniform", "empirical"];

keys!(Keys, "a distribution", span span, {
    "exponential" => exponential: Short<Waiting>, "Exponential with this mean.";
    "lognormal" => lognormal: LognormalSyntax, "Lognormal.";
    "erlang" => erlang: ErlangSyntax, "A sum of exponentials.";
    "hyperexponential" => hyperexponential: HyperexponentialSyntax, "One of two exponentials.";
    "pareto" => pareto: ParetoSyntax, "A tail that falls like a power.";
    "uniform" => uniform: UniformSyntax, "Even between two times.";
    "empirical" => empirical: List<EmpiricalSyntax>, "Times with their shares.";
} one_shape);

fn one_shape(_: &mut Keys, mapping: &Mapping, binder: &mut Binder<'_>) {
    super::one_of_these(mapping, binder, &SHAPES, "write a time, or a distribution of times");
}

impl Form for DistributionSyntax {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        if matches!(node.kind, NodeKind::Mapping(_)) {
            return Keys::read(node, binder).map(|keys| keys.0);
        }
        let constant = Short::<Waiting>::read(node, binder)?;
        Some(Self { span: node.span, constant: Some(constant), ..Self::default() })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Short::<Waiting>::shape(), Keys::shape()])
    }
}

#[derive(Default)]
struct Moments(LognormalSyntax);

impl std::ops::Deref for Moments {
    type Target = LognormalSyntax;

    fn deref(&self) -> &LognormalSyntax {
        &self.0
    }
}

impl std::ops::DerefMut for Moments {
    fn deref_mut(&mut self) -> &mut LognormalSyntax {
        &mut self.0
    }
}

keys!(Moments, "a lognormal distribution", {
    "mean" => mean: Short<Waiting> [required], "Mean.";
    "variability" => variability: Short<Count> [required], "Squared coefficient of variation.";
});

impl Form for LognormalSyntax {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        if matches!(node.kind, NodeKind::Mapping(_)) {
            return Moments::read(node, binder).map(|moments| moments.0);
        }
        let percentiles = Short::<Latency>::read(node, binder)?;
        Some(Self { percentiles: Some(percentiles), ..Self::default() })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Short::<Latency>::shape(), Moments::shape()])
    }
}

keys!(ErlangSyntax, "an Erlang distribution", {
    "stages" => stages: Short<Whole> [required], "Number of stages.";
    "mean" => mean: Short<Waiting> [required], "Mean of their sum.";
});

keys!(HyperexponentialSyntax, "a hyperexponential distribution", {
    "mean" => mean: Short<Waiting> [required], "Mean.";
    "variability" => variability: Short<Count> [required], "Squared coefficient of variation.";
});

keys!(ParetoSyntax, "a Pareto distribution", {
    "minimum" => minimum: Short<Waiting> [required], "The least value.";
    "shape" => shape: Short<Count> [required], "Exponent of the tail.";
    "maximum" => maximum: Short<Waiting>, "The greatest value.";
});

keys!(UniformSyntax, "a uniform distribution", {
    "from" => from: Short<Waiting>, "The least value.";
    "to" => to: Short<Waiting> [required], "The greatest value.";
});

keys!(EmpiricalSyntax, "a time with its share", {
    "time" => time: Short<Waiting> [required], "The time.";
    "share" => share: Short<ShareForm> [required], "How often it comes.";
});

#[derive(Default)]
struct Geometric(BatchSyntax);

impl std::ops::Deref for Geometric {
    type Target = BatchSyntax;

    fn deref(&self) -> &BatchSyntax {
        &self.0
    }
}

impl std::ops::DerefMut for Geometric {
    fn deref_mut(&mut self) -> &mut BatchSyntax {
        &mut self.0
    }
}

keys!(Geometric, "a batch", {
    "geometric" => geometric: Short<Count> [required], "One or more with this mean.";
});

impl Form for BatchSyntax {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        if matches!(node.kind, NodeKind::Mapping(_)) {
            return Geometric::read(node, binder).map(|geometric| geometric.0);
        }
        let constant = Short::<Whole>::read(node, binder)?;
        Some(Self { constant: Some(constant), ..Self::default() })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Short::<Whole>::shape(), Geometric::shape()])
    }
}
