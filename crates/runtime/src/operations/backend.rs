//! The one entrance: a request for any operation in, its answer or the reason against it out.

use std::sync::Arc;

use decide::design::Design;

use crate::call::{Answer, Request};
use crate::problem::{Problem, code};

/// A design that runs.
#[derive(Debug)]
pub struct Backend {
    design: Arc<Design>,
}

impl Backend {
    /// The design it runs.
    #[must_use]
    pub const fn design(&self) -> &Arc<Design> {
        &self.design
    }

    /// What the model states but this version does not run yet, one line for each place.
    #[must_use]
    pub fn not_running(&self) -> &[String] {
        &[]
    }

    /// Executes one operation.
    ///
    /// # Errors
    /// The reason why nothing was changed. Once the answer is there, what it says is committed.
    pub async fn execute(&self, _request: Request) -> Result<Answer, Problem> {
        Err(Problem::new(&code::NOT_RUNNING))
    }
}
