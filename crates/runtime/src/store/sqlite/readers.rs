//! Readers: connections that cannot write.
//!
//! A read on a key takes a few microseconds, less than handing it to another thread: it runs where
//! it is asked. A page over a large table may take seconds: it runs on a thread of its own, where
//! it does not hold up the tasks that serve everybody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::failure;
use super::session::Session;
use super::work;
use crate::store::StoreError;

/// A piece of reading.
pub(super) type Task = Box<dyn FnOnce(&mut Session) + Send>;

/// Connections for short reads, and handles on the threads for long ones. Dropping it finishes
/// the queued work.
#[derive(Debug)]
pub(super) struct Readers {
    idle: Mutex<Vec<Session>>,
    queue: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each session of `long`. At most `waiting` pieces of work queue up.
    pub fn start(
        short: Vec<Session>,
        long: Vec<Session>,
        waiting: usize,
    ) -> Result<Self, StoreError> {
        let (queue, tasks) = sync_channel(waiting);
        let tasks = Arc::new(Mutex::new(tasks));
        let mut threads = Vec::with_capacity(long.len());
        for session in long {
            let tasks = Arc::clone(&tasks);
            let thread = std::thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || serve(session, &tasks))
                .map_err(|error| failure::io("starting a reader thread", &error))?;
            threads.push(thread);
        }
        Ok(Self { idle: Mutex::new(short), queue: Some(queue), threads })
    }

    /// Takes a connection for short work, if one is idle.
    pub fn take(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Runs short work here and now, and gives its connection back.
    ///
    /// # Errors
    /// Where the work panics.
    pub fn run<R>(
        &self,
        mut session: Session,
        work: impl FnOnce(&mut Session) -> R,
    ) -> Result<R, StoreError> {
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut session)));
        session.roll_back();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        result.map_err(|_| work::abandoned())
    }

    /// Queues a piece of work.
    pub fn submit(&self, task: Task) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn serve(mut session: Session, tasks: &Mutex<Receiver<Task>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        // A panic is a defect of the work: its caller hears of it, the thread goes on.
        drop(catch_unwind(AssertUnwindSafe(|| task(&mut session))));
        drop(session.unwatched());
        session.roll_back();
    }
}
