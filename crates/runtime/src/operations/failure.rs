//! What stops a transaction, before it becomes the problem that a client sees.

use expression::{AssignError, EvaluationError};

use crate::problem::{FieldError, Problem, code};
use crate::store::StoreError;

/// Why a transaction was not committed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// A refusal.
    Problem(Box<Problem>),
    /// An expression has no value: denies in `by` and `where`, is a 422 elsewhere.
    Evaluation(EvaluationError),
    /// Another transaction was in the way: this one may be tried again.
    Conflict,
    /// It asks more than was expected: it may be tried again without that expectation.
    Several,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        Self::Evaluation(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict,
            StoreError::Several => Self::Several,
            error => Self::Problem(Box::new(error.into())),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Problem(problem) => *problem,
            Failure::Conflict => StoreError::Conflict.into(),
            Failure::Several => StoreError::Several.into(),
            Failure::Evaluation(EvaluationError::Failed { code: reason, .. })
                if reason == code::CURRENCY_MISMATCH.code =>
            {
                Self::new(&code::CURRENCY_MISMATCH)
            }
            Failure::Evaluation(EvaluationError::Failed { code: reason, .. }) => {
                Self::new(&code::EVALUATION_FAILED).detail(reason.replace('-', " "))
            }
            Failure::Evaluation(error) => internal(&error.to_string()),
        }
    }
}

/// A defect or a broken store: the details are for the operator's log alone.
pub(crate) fn internal(message: &str) -> Problem {
    super::report::error("internal", message);
    Problem::new(&code::INTERNAL)
}

/// A value that effects compute, and that its field does not take.
pub(super) fn does_not_fit(pointer: String, error: AssignError) -> Problem {
    let error = FieldError { pointer, code: error.code.into(), detail: error.message };
    Problem { errors: vec![error], ..Problem::new(&code::EVALUATION_FAILED) }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique { code } if code == code::IN_PROGRESS.code => {
                Self::new(&code::IN_PROGRESS).retry_after(1)
            }
            StoreError::Unique { code } => Self::of_model(409, &code, "The key is taken."),
            StoreError::MissingReference { .. } => Self::new(&code::CONFLICT)
                .detail("A row that this one refers to was removed meanwhile."),
            StoreError::StillReferenced { .. } => Self::new(&code::STILL_REFERENCED),
            StoreError::Vanished { .. } => Self::new(&code::NOT_FOUND),
            StoreError::Apart => Self::new(&code::NO_TENANT).detail("Name one with X-Tenant-ID."),
            StoreError::Busy | StoreError::Conflict | StoreError::Several | StoreError::Closed => {
                Self::new(&code::OVERLOADED).retry_after(1)
            }
            StoreError::Unreachable { .. } => {
                super::report::warning("store-unreachable", &error.to_string());
                Self::new(&code::UNAVAILABLE).retry_after(1)
            }
            StoreError::Full { .. } => {
                super::report::error("store-full", &error.to_string());
                Self::new(&code::UNAVAILABLE).retry_after(60)
            }
            other => internal(&other.to_string()),
        }
    }
}
