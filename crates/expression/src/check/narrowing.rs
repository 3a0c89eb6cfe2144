//! What is known not to be null at a place: `x != null && ...`, `has(x.y)`, ternaries.

use crate::ir::{Binary, Expression, Kind, VariableIndex};
use crate::value::Value;

/// A variable and the fields read from it: what null can be ruled out for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    root: VariableIndex,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Field(u16),
    Part(u16),
}

/// Paths that cannot be null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(Vec<Path>);

impl Facts {
    /// Nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn know(&self, expression: &Expression) -> bool {
        !self.0.is_empty() && path(expression).is_some_and(|path| self.0.contains(&path))
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn forget(&mut self, variable: VariableIndex) {
        self.0.retain(|path| path.root != variable);
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    fn both(self, other: &Self) -> Self {
        Self(self.0.into_iter().filter(|path| other.0.contains(path)).collect())
    }

    fn with(mut self, other: Self) -> Self {
        self.extend(other);
        self
    }
}

fn path(expression: &Expression) -> Option<Path> {
    let mut steps = Vec::new();
    let mut node = expression;
    loop {
        match &node.kind {
            Kind::Variable(root) => {
                steps.reverse();
                return Some(Path { root: *root, steps });
            }
            Kind::Field { of, field } => {
                steps.push(Step::Field(field.0));
                node = of;
            }
            Kind::PartRows { of, part } => {
                steps.push(Step::Part(part.index));
                node = of;
            }
            _ => return None,
        }
    }
}

/// What cannot be null where a condition is true.
pub(crate) fn facts_if_true(condition: &Expression) -> Facts {
    facts(condition, true)
}

/// What cannot be null where a condition is false.
pub(crate) fn facts_if_false(condition: &Expression) -> Facts {
    facts(condition, false)
}

fn facts(condition: &Expression, outcome: bool) -> Facts {
    match &condition.kind {
        Kind::Not(inner) => facts(inner, !outcome),
        Kind::Binary(Binary::And, left, right) => {
            let (left, right) = (facts(left, outcome), facts(right, outcome));
            if outcome { left.with(right) } else { left.both(&right) }
        }
        Kind::Binary(Binary::Or, left, right) => {
            let (left, right) = (facts(left, outcome), facts(right, outcome));
            if outcome { left.both(&right) } else { left.with(right) }
        }
        Kind::Binary(Binary::Equal, left, right) => equality(left, right, outcome),
        Kind::Binary(Binary::NotEqual, left, right) => equality(left, right, !outcome),
        _ => Facts::new(),
    }
}

/// `x == null` that is false, or `x == y` that is true with a `y` that is never null.
fn equality(left: &Expression, right: &Expression, equal: bool) -> Facts {
    let is_null = |side: &Expression| matches!(side.kind, Kind::Literal(Value::Null));
    let proves = |other: &Expression| if equal { !other.ty.is_optional() } else { is_null(other) };
    let sides = [(left, right), (right, left)];
    Facts(
        sides.into_iter().filter(|(_, other)| proves(other)).filter_map(|(x, _)| path(x)).collect(),
    )
}
