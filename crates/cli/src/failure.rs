//! How a command ends: exit codes, and what is said when it could not run at all.

use std::process::ExitCode;

pub use server::Failure;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No errors: 0.
    Success,
    /// The model has errors (warnings too with `--strict`): 1.
    Findings,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Findings => Self::from(1),
        }
    }
}

/// The exit code of a command that could not run.
pub const COULD_NOT_RUN: u8 = 2;
