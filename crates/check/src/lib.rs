//! Findings over a design: what the language allows, but a careful reviewer would ask about.
//!
//! A check is a file in `checks/` with a page of the same stem. The page is its documentation, its
//! `firm explain` text and its test: the model under *Wrong* yields exactly this finding, the one
//! under *Right* none at all.

mod accepted;
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

/// Runs every check. Findings that the model accepts are left out, unless the day to which it does
/// lies before `today` (`2026-12-31`; nothing expires where it is not known).
#[must_use]
pub fn check(design: &Design, today: Option<&str>) -> Vec<Diagnostic> {
    let context = Context::new(design);
    let mut sink = Sink::default();
    for check in ALL {
        sink.begin(check);
        (check.run)(&context, &mut sink);
    }
    let mut findings = accepted::settle(sink.into_findings(), &design.model, today);
    sort_diagnostics(&mut findings);
    findings
}

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
