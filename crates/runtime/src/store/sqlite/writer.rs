//! The one writer: a thread that runs queued work in order and commits it in groups.
//!
//! A durable commit costs one flush of the disk, whatever it holds. So the writer takes all work
//! that is waiting, runs each piece in a savepoint of its own, commits once, and only then
//! answers. While the disk flushes, the next group gathers: the busier, the cheaper each write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::failure;
use super::session::Session;
use crate::store::StoreError;

/// Most pieces of work in one commit: bounds how much is undone when a commit fails.
const GROUP_LIMIT: usize = 512;
/// Longest time that a commit waits for more work that is already queued.
const GROUP_TIME: Duration = Duration::from_millis(20);
/// How often an idle writer tidies up.
const IDLE: Duration = Duration::from_secs(30);

/// What a piece of work leaves behind.
pub(super) struct Done {
    /// Whether its changes shall be committed.
    pub keep: bool,
    /// Tells the caller, once it is known whether the group was committed.
    pub answer: Answer,
}

/// Tells a caller how its group ended.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A piece of work, given a session in a transaction, or the reason why there is none. `None` if
/// nobody waits for the answer any more.
pub(super) type Task = Box<dyn FnOnce(Result<&mut Session, StoreError>) -> Option<Done> + Send>;

/// What the writer has done since it started. Writes for each commit say how well groups form.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Groups that were ended, each with one flush of the disk.
    pub commits: AtomicU64,
    /// Pieces of work in them.
    pub writes: AtomicU64,
}

/// A handle on the writer thread. Dropping it finishes the queued work and closes the database.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

impl Writer {
    /// Starts the thread. At most `waiting` pieces of work queue up.
    pub fn start(session: Session, waiting: usize) -> Result<Self, StoreError> {
        let (queue, tasks) = sync_channel(waiting);
        let counts = Arc::new(Counts::default());
        let counting = Arc::clone(&counts);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(session, &tasks, &counting))
            .map_err(|error| failure::io("starting the writer thread", &error))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), counts })
    }

    /// What it has done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
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

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened; nothing is left to do.
            drop(thread.join());
        }
    }
}

fn serve(mut session: Session, tasks: &Receiver<Task>, counts: &Counts) {
    loop {
        match tasks.recv_timeout(IDLE) {
            Ok(first) => group(&mut session, first, tasks, counts),
            Err(RecvTimeoutError::Timeout) => session.tidy(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Runs the first piece and whatever else is waiting, commits, and answers.
fn group(session: &mut Session, first: Task, tasks: &Receiver<Task>, counts: &Counts) {
    let started = Instant::now();
    let mut answers = Vec::new();
    let most = if session.is_apart() { 1 } else { GROUP_LIMIT };
    let mut open = session.begin();
    let mut next = Some(first);
    while let Some(task) = next.take() {
        match &open {
            Ok(()) => {
                if let Some(answer) = one(session, task, &mut open) {
                    answers.push(answer);
                }
            }
            Err(error) => drop(task(Err(error.clone()))),
        }
        let more = answers.len() < most && started.elapsed() < GROUP_TIME && open.is_ok();
        next = if more { tasks.try_recv().ok() } else { None };
    }
    let ended = open.and_then(|()| session.commit());
    if ended.is_err() {
        session.roll_back();
    }
    session.leave();
    counts.commits.fetch_add(1, Relaxed);
    counts.writes.fetch_add(answers.len() as u64, Relaxed);
    for answer in answers {
        answer(ended.clone());
    }
}

/// Runs one piece in a savepoint of its own. Sets `open` to the reason if the database gave the
/// whole transaction up.
fn one(session: &mut Session, task: Task, open: &mut Result<(), StoreError>) -> Option<Answer> {
    if let Err(error) = session.execute("SAVEPOINT work") {
        *open = Err(error.clone());
        return task(Err(error)).map(|done| done.answer);
    }
    // A panic is a defect of the work, not of the writer: it must not take the others along.
    let done = catch_unwind(AssertUnwindSafe(|| task(Ok(session)))).unwrap_or(None);
    if session.is_autocommit() {
        // A full disk or a failing one makes SQLite roll the transaction back by itself.
        *open = Err(session.failed_with());
        return done.map(|done| done.answer);
    }
    let keep = done.as_ref().is_some_and(|done| done.keep);
    let ended = if keep {
        session.execute("RELEASE work")
    } else {
        session.undone();
        session.execute("ROLLBACK TO work").and_then(|()| session.execute("RELEASE work"))
    };
    if let Err(error) = ended {
        *open = Err(error);
    }
    done.map(|done| done.answer)
}
