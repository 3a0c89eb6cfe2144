//! As whom a kept answer was read: not as a caller, but as everybody to whom the same grants apply.
//!
//! That no condition of these grants reads `actor`, and neither `where` nor an output does, is
//! proven when the plan is made. The store is then asked with these grants alone: a caller's rows
//! and rights are no part of it, so they cannot be part of what is kept.

/// Positions of grants in the operation's plan, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View(Vec<usize>);

impl View {
    /// Everything that a grant without a condition shows: which one it was says nothing.
    pub(crate) const EVERYTHING: Self = Self(Vec::new());

    pub(crate) const fn of(grants: Vec<usize>) -> Self {
        Self(grants)
    }

    /// The grants; none where everything is seen.
    pub(crate) fn grants(&self) -> &[usize] {
        &self.0
    }
}
