//! Findings over a design: what the language allows, but a careful reviewer would ask about.
//!
//! A check is a file in `checks/` with a page of the same stem. The page is its documentation, its
//! `firm explain` text and its test: the model under *Wrong* yields exactly this finding, the one
//! under *Right* none at all.

mod checks;
mod context;
mod floor;
mod grants;
pub mod numbers;
mod people;
mod spoiling;
mod usage;
mod walk;

pub use checks::ALL;
pub use context::{Check, Context, Group, Sink};

use base::{Diagnostic, sort_diagnostics};
use decide::Design;

/// Runs every check. Findings that the model accepts are left out.
#[must_use]
pub fn check(design: &Design) -> Vec<Diagnostic> {
    let context = Context::new(design);
    let mut sink = Sink::default();
    for check in ALL {
        sink.begin(check);
        (check.run)(&context, &mut sink);
    }
    let mut findings = sink.into_findings(&design.model.accepted);
    sort_diagnostics(&mut findings);
    findings
}

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
