//! Work of the interface as tasks of the threads.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot::Sender;

use super::session::Session;
use super::{readers, writer};
use crate::store::{StoreError, Terms, Work};

/// The writer's task: runs the work, and answers when its group is committed.
pub(super) fn writing<T, E, W>(terms: Terms, work: W, answer: Sender<Result<T, E>>) -> writer::Task
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
{
    Box::new(move |session| {
        // Whoever asked has gone away (a deadline, a closed connection): nothing is done.
        if answer.is_closed() {
            return None;
        }
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                let _ = answer.send(Err(error.into()));
                return None;
            }
        };
        let result = match session.serve(terms) {
            Ok(()) => drive(work(session)),
            Err(error) => Err(error.into()),
        };
        let keep = result.is_ok();
        let tell = move |committed: Result<(), StoreError>| {
            // The caller may have gone by now; the change is committed all the same.
            let _ = answer.send(committed.map_err(E::from).and(result));
        };
        Some(writer::Done { keep, answer: Box::new(tell) })
    })
}

/// Virtual machine steps between two looks whether anybody still waits: well under a millisecond.
pub(super) const STEPS: std::ffi::c_int = 20_000;

/// Marks a read as one that nobody waits for, once it is dropped.
#[derive(Debug, Default)]
pub(super) struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A reader's task: answers with what the work yields on one snapshot. It is interrupted when its
/// caller gives up, so that what nobody reads holds no thread and no snapshot.
pub(super) fn scanning<T, E, W>(
    terms: Terms,
    work: W,
    waiting: &Waiting,
    answer: Sender<Result<T, E>>,
) -> readers::Task
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E> + Send + 'static,
{
    let gone = Arc::clone(&waiting.0);
    Box::new(move |session| {
        if answer.is_closed() {
            return;
        }
        let result = session.watched_by(gone.clone()).map_err(E::from);
        let _ = answer.send(result.and_then(|()| read(terms, work, session)));
    })
}

/// Runs the work on one snapshot. One statement has one by itself.
pub(super) fn read<T, E, W>(terms: Terms, work: W, session: &mut Session) -> Result<T, E>
where
    E: From<StoreError>,
    W: for<'a> FnOnce(&'a mut Session) -> Work<'a, T, E>,
{
    if !terms.single {
        session.execute("BEGIN")?;
    }
    let result = match session.serve(terms) {
        Ok(()) => drive(work(session)),
        Err(error) => Err(error.into()),
    };
    session.roll_back();
    session.leave();
    result
}

/// Runs work to its end. It awaits nothing but the session, which is always ready.
fn drive<T, E: From<StoreError>>(mut work: Work<'_, T, E>) -> Result<T, E> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::as_mut(&mut work).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(E::from(StoreError::Internal {
            message: "work on a transaction awaited something else".to_owned(),
        })),
    }
}

/// What is known of work whose task ended without an answer.
pub(super) fn abandoned() -> StoreError {
    StoreError::Internal { message: "work on the store panicked".to_owned() }
}
