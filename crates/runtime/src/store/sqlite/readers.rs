//! Readers: connections that cannot write.
//!
//! A read on a key takes a few microseconds, less than handing it to another thread: it runs where
//! it is asked. A page over a large table may take seconds: it runs on a thread of its own, where
//! it does not hold up the tasks that serve everybody else.
//!
//! Each connection holds the schema of the whole database, so there are none before they are
//! needed, and no more than were needed at once.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::failure;
use super::session::Session;
use super::work;
use crate::store::StoreError;

/// A piece of reading.
pub(super) type Task = Box<dyn FnOnce(&mut Session) + Send>;

/// Opens a connection that cannot write.
type Open = Box<dyn Fn() -> Result<Session, StoreError> + Send + Sync>;

/// Connections for short reads, and handles on the threads for long ones. Dropping it finishes
/// the queued work.
pub(super) struct Readers {
    open: Open,
    most: usize,
    short: Mutex<Short>,
    queue: Option<SyncSender<Task>>,
    tasks: Arc<Mutex<Receiver<Task>>>,
    /// Long reads that run or wait.
    under_way: Arc<AtomicUsize>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Connections for short reads.
#[derive(Debug, Default)]
struct Short {
    idle: Vec<Session>,
    /// How many there are, idle or not.
    opened: usize,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("most", &self.most).finish_non_exhaustive()
    }
}

impl Readers {
    /// At most so many connections of each kind. At most `waiting` pieces of long work queue up.
    pub fn new(
        open: impl Fn() -> Result<Session, StoreError> + Send + Sync + 'static,
        most: usize,
        waiting: usize,
    ) -> Self {
        let (queue, tasks) = sync_channel(waiting);
        Self {
            open: Box::new(open),
            most: most.max(1),
            short: Mutex::default(),
            queue: Some(queue),
            tasks: Arc::new(Mutex::new(tasks)),
            under_way: Arc::default(),
            threads: Mutex::default(),
        }
    }

    fn short(&self) -> MutexGuard<'_, Short> {
        self.short.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection for short work, if one is idle or another may be opened.
    pub fn take(&self) -> Option<Session> {
        let mut short = self.short();
        if let Some(session) = short.idle.pop() {
            return Some(session);
        }
        if short.opened >= self.most {
            return None;
        }
        short.opened += 1;
        drop(short);
        let opened = (self.open)();
        if opened.is_err() {
            // Whoever queues the work instead is told why.
            self.short().opened -= 1;
        }
        opened.ok()
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
        session.leave();
        self.short().idle.push(session);
        result.map_err(|_| work::abandoned())
    }

    /// Queues a piece of work.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where too much waits already; where there is nobody who could do it.
    pub fn submit(&self, task: Task) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        let under_way = Underway::count(&self.under_way);
        self.reinforce()?;
        let task: Task = Box::new(move |session| {
            let _under_way = under_way;
            task(session);
        });
        queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }

    /// Starts another thread, if more is under way than there are, and there may be more.
    fn reinforce(&self) -> Result<(), StoreError> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.under_way.load(SeqCst).min(self.most);
        if threads.len() >= enough {
            return Ok(());
        }
        match (self.start(), threads.is_empty()) {
            (Ok(thread), _) => threads.push(thread),
            (Err(error), true) => return Err(error),
            // Those that there are do it.
            (Err(_), false) => {}
        }
        Ok(())
    }

    fn start(&self) -> Result<JoinHandle<()>, StoreError> {
        let (session, tasks) = ((self.open)()?, Arc::clone(&self.tasks));
        std::thread::Builder::new()
            .name("store-reader".to_owned())
            .spawn(move || serve(session, &tasks))
            .map_err(|error| failure::io("starting a reader thread", &error))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        let threads = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// A piece of work that runs or waits, until this is dropped.
struct Underway(Arc<AtomicUsize>);

impl Underway {
    fn count(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn serve(mut session: Session, tasks: &Mutex<Receiver<Task>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        // A panic is a defect of the work: its caller hears of it, the thread goes on.
        drop(catch_unwind(AssertUnwindSafe(|| task(&mut session))));
        session.roll_back();
        session.leave();
        drop(session.unwatched());
    }
}
