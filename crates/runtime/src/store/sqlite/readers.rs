//! Readers: connections that cannot write, on threads of their own.
//!
//! A read on a key takes a few microseconds, a page over a large table may take seconds; on its
//! own thread neither holds up the tasks that serve everybody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::failure;
use super::session::Session;
use crate::store::StoreError;

/// A piece of reading.
pub(super) type Task = Box<dyn FnOnce(&mut Session) + Send>;

/// Handles on the reader threads. Dropping it finishes the queued work.
#[derive(Debug)]
pub(super) struct Readers {
    queue: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each session. At most `waiting` pieces of work queue up.
    pub fn start(sessions: Vec<Session>, waiting: usize) -> Result<Self, StoreError> {
        let (queue, tasks) = sync_channel(waiting);
        let tasks = Arc::new(Mutex::new(tasks));
        let mut threads = Vec::with_capacity(sessions.len());
        for session in sessions {
            let tasks = Arc::clone(&tasks);
            let thread = std::thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || serve(session, &tasks))
                .map_err(|error| failure::io("starting a reader thread", &error))?;
            threads.push(thread);
        }
        Ok(Self { queue: Some(queue), threads })
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
        session.roll_back();
    }
}
