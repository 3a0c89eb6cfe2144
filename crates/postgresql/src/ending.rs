//! How work ends: committed, undone, or to be done again because it took something for granted.

use runtime::store::StoreError;

use crate::connection::Answer;
use crate::failure;
use crate::session::{Questions, Session, missing};
use crate::silence;
use crate::statements as sql;

impl Session {
    /// Ends a read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where what it took for granted is not so, whatever it has come to.
    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        if let Some(apart) = &mut self.apart {
            apart.end();
        }
        match self.questions {
            Questions::Any => self.end(),
            Questions::One if self.failed.is_none() && !self.standings.is_empty() => {
                silence::bounded(self.ask_alone(None)).await??;
            }
            Questions::One => self.held.clean = true,
            Questions::Done => {}
        }
        Ok(())
    }

    fn end(&mut self) {
        if !self.opened {
            // Nothing was asked.
            self.held.clean = true;
        } else if self.pending.is_empty() {
            let how = if self.failed.is_none() { &sql::COMMIT } else { &sql::ROLLBACK };
            self.held.clean = self.end_with(how);
        }
    }

    /// Commits what was written in this database. Only its answer counts as success.
    pub(crate) async fn commit_here(mut self) -> Result<(), StoreError> {
        // What has gone wrong is remembered.
        drop(self.make_sure().await);
        if self.assumed && self.unanswered {
            // Nothing was written that would have been refused.
            self.fail(StoreError::Conflict);
        }
        if !self.opened {
            self.held.clean = self.failed.is_none();
            return self.failed.take().map_or(Ok(()), |error| Err(self.judged(error)));
        }
        if let Some(error) = self.failed.take() {
            self.held.clean = self.end_with(&sql::ROLLBACK);
            return Err(self.judged(error));
        }
        let named = !self.pool().pooler();
        self.held.get()?.add(&sql::COMMIT, &[], named);
        let error = match self.answers().await {
            Ok(answers) => match answers.into_iter().next() {
                Some(Answer::Done { undone: false, .. }) => {
                    self.stay();
                    return Ok(());
                }
                Some(Answer::Refused(refusal)) => unknown(failure::refused(&refusal)),
                _ => missing(),
            },
            // Everything is answered: something before it was refused, and it was left out.
            Err(error) if !self.held.get()?.is_broken() => {
                self.held.clean = self.end_with(&sql::ROLLBACK);
                error
            }
            Err(error) => unknown(error),
        };
        let error = self.fail(error);
        Err(self.judged(error))
    }

    /// An error of work that has taken something for granted may come of that: then it has to be
    /// done again.
    fn judged(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Unreachable { .. }
            | StoreError::Busy
            | StoreError::Closed
            | StoreError::Full { .. }
            | StoreError::Corrupt { .. } => error,
            _ if self.assumed => StoreError::Conflict,
            error => error,
        }
    }

    /// Undoes what was written.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where what it took for granted is not so, or may not be: then the
    /// reason for undoing it is none.
    pub(crate) async fn roll_back(mut self) -> Result<(), StoreError> {
        if let Some(apart) = &mut self.apart {
            apart.end();
        }
        let sure = match self.failed.clone().map(|error| self.judged(error)) {
            None if self.assumed => Err(StoreError::Conflict),
            None => self.make_sure().await,
            Some(StoreError::Conflict) => Err(StoreError::Conflict),
            Some(_) => Ok(()),
        };
        self.held.clean = !self.opened || self.end_with(&sql::ROLLBACK);
        sure
    }
}

/// What has come between a commit and its answer.
fn unknown(error: StoreError) -> StoreError {
    match error {
        StoreError::Unreachable { message } => StoreError::Unreachable {
            message: format!(
                "{message}; whether the change was committed is not known, the same request with \
                 the same idempotency key tells"
            ),
        },
        other => other,
    }
}
