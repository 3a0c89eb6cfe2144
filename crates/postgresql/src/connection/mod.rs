//! A connection to the database that whoever holds it drives itself.
//!
//! Statements are collected and leave together, behind them one synchronisation: the database works
//! on them in order, in one transaction where none is open, answers once, and leaves out what
//! follows an error. A statement is prepared on the way the first time it is used. No task stands
//! between the work and the network, so an answer wakes up nobody but the one who waits for it.

mod answer;
mod lent;
mod message;
mod open;
mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use runtime::store::Tenant;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::text::Text;
use crate::wire::Bind;
use answer::Message;

pub(crate) use answer::{Refusal, Row};
pub(crate) use open::{Canceller, open};

/// Statements that stay prepared.
const STATEMENTS: usize = 1024;
/// How much is collected before it is sent.
const COLLECTED: usize = 64 << 10;

/// What bytes go through.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// A connection.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    output: BytesMut,
    input: BytesMut,
    /// Whether something was written that may wait in the stream.
    unflushed: bool,
    /// What was sent and is not answered yet, in order.
    awaited: VecDeque<Awaited>,
    /// What was answered and nobody has taken yet, in order.
    answers: Vec<Answer>,
    /// By the address of their texts, which are kept so that no other takes it; with a number each.
    statements: BTreeMap<usize, (Arc<Text>, u32)>,
    last: u32,
    /// Rows of the statement that is being answered, and how many bytes they are.
    rows: Vec<Row>,
    taken: usize,
    /// What was refused since the last synchronisation.
    refused: Option<Refusal>,
    /// Whether no transaction is open, as of the last synchronisation.
    idle: bool,
    /// Why it is of no use any more.
    broken: Option<Broken>,
    /// For whom work without a transaction is, as the database was told last; nothing where that is
    /// not known.
    pub whom: Option<Tenant>,
    /// Whether nobody stands between it and the server: what is set on it is its own.
    pub direct: bool,
    canceller: Arc<Canceller>,
}

/// Why a connection is of no use any more.
#[derive(Clone, Debug)]
pub(crate) enum Broken {
    /// The network or the other end.
    Gone(String),
    /// What the database said last.
    Refused(Refusal),
}

/// What is awaited.
#[derive(Debug)]
enum Awaited {
    /// A statement; the key of its text while it is being prepared, and how many bytes of rows
    /// are enough.
    Statement {
        preparing: Option<usize>,
        wanted: bool,
        enough: usize,
    },
    /// Statements without values, which are synchronised for themselves.
    Query,
    Sync,
}

/// The answer to a statement.
#[derive(Debug)]
pub(crate) enum Answer {
    Done {
        rows: Vec<Row>,
        /// How many rows it changed or yields, those among them that were left out.
        count: u64,
        /// Whether it has undone the transaction.
        undone: bool,
    },
    Refused(Refusal),
    /// Not done, because something before it was refused.
    Omitted,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("awaited", &self.awaited).finish_non_exhaustive()
    }
}

impl Connection {
    fn new(stream: Box<dyn Stream>, canceller: Arc<Canceller>) -> Self {
        Self {
            stream,
            output: BytesMut::with_capacity(1024),
            input: BytesMut::with_capacity(8192),
            unflushed: false,
            awaited: VecDeque::new(),
            answers: Vec::new(),
            statements: BTreeMap::new(),
            last: 0,
            rows: Vec::new(),
            taken: 0,
            refused: None,
            idle: true,
            broken: None,
            whom: Some(Tenant::None),
            direct: false,
            canceller,
        }
    }

    /// Adds a statement to those that leave next. Without a name where the next one may meet
    /// another server: then it is prepared each time.
    pub fn add(&mut self, text: &Arc<Text>, binds: &[Bind], named: bool) {
        self.add_for(text, binds, named, usize::MAX);
    }

    /// As [`Self::add`]; of the rows that come, those after so many bytes are left out. They are
    /// read, since the database sends them, but never held.
    pub fn add_for(&mut self, text: &Arc<Text>, binds: &[Bind], named: bool, enough: usize) {
        let key = Arc::as_ptr(text).addr();
        let known = self.statements.get(&key).map(|(_, number)| *number).filter(|_| named);
        let number = known.unwrap_or_else(|| if named { self.name(key, text) } else { 0 });
        if known.is_none() {
            message::parse(&mut self.output, number, &text.0, binds);
        }
        message::execute(&mut self.output, number, binds);
        let preparing = (known.is_none() && named).then_some(key);
        self.awaited.push_back(Awaited::Statement { preparing, wanted: true, enough });
    }

    fn name(&mut self, key: usize, text: &Arc<Text>) -> u32 {
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
            // Numbers go on, so that none is taken twice wherever this is left out.
            message::parse(&mut self.output, 0, "DEALLOCATE ALL", &[]);
            message::execute(&mut self.output, 0, &[]);
            let enough = usize::MAX;
            self.awaited.push_back(Awaited::Statement { preparing: None, wanted: false, enough });
        }
        self.last = self.last.wrapping_add(1).max(1);
        self.statements.insert(key, (text.clone(), self.last));
        self.last
    }

    /// Adds statements without values, which are synchronised for themselves.
    pub fn add_query(&mut self, sql: &str) {
        message::query(&mut self.output, sql);
        self.awaited.push_back(Awaited::Query);
    }

    /// Ends what leaves together.
    pub fn synchronise(&mut self) {
        message::sync(&mut self.output);
        self.awaited.push_back(Awaited::Sync);
    }

    /// Whether as much is collected as should leave.
    pub fn is_full(&self) -> bool {
        self.output.len() >= COLLECTED
    }

    /// Whether everything is answered and no transaction is open.
    pub fn is_idle(&self) -> bool {
        self.idle && self.awaited.is_empty() && self.output.is_empty() && self.broken.is_none()
    }

    /// Whether it is of use: what has arrived meanwhile is looked at.
    pub fn is_open(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let looked = self.poll(&mut context, true);
        !matches!(looked, Poll::Ready(Err(_))) && self.broken.is_none()
    }

    /// Stops what it is at.
    pub fn canceller(&self) -> Arc<Canceller> {
        self.canceller.clone()
    }

    /// Writes what was added; answers may be left to come.
    pub async fn send(&mut self) -> Result<(), Broken> {
        poll_fn(|cx| match self.poll(cx, false) {
            Poll::Pending if self.output.is_empty() && !self.unflushed => Poll::Ready(Ok(())),
            poll => poll,
        })
        .await
    }

    /// Writes what was added without waiting for anything; whether all of it has left.
    pub fn send_now(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let sent = !matches!(self.poll(&mut context, false), Poll::Ready(Err(_)));
        sent && self.output.is_empty() && !self.unflushed
    }

    /// Sends what was added and waits for all answers: one for each statement, in order.
    pub async fn answers(&mut self) -> Result<Vec<Answer>, Broken> {
        poll_fn(|cx| self.poll(cx, false)).await?;
        Ok(std::mem::take(&mut self.answers))
    }

    /// Nobody wants the answers to what was added.
    pub fn expect_nothing(&mut self) {
        self.answers.clear();
        for awaited in &mut self.awaited {
            if let Awaited::Statement { wanted, .. } = awaited {
                *wanted = false;
            }
        }
    }

    /// Whether it is of no use any more.
    pub const fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Writes and reads until everything is answered, or until it breaks. With `always` it reads
    /// although nothing is awaited, and is never done.
    fn poll(&mut self, cx: &mut Context<'_>, always: bool) -> Poll<Result<(), Broken>> {
        if let Some(broken) = &self.broken {
            return Poll::Ready(Err(broken.clone()));
        }
        let polled = self.exchange(cx, always);
        if let Poll::Ready(Err(broken)) = &polled {
            self.broken = Some(broken.clone());
        }
        polled
    }

    fn exchange(&mut self, cx: &mut Context<'_>, always: bool) -> Poll<Result<(), Broken>> {
        self.write(cx)?;
        loop {
            while let Some(message) = answer::next(&mut self.input).map_err(|why| self.gone(why))? {
                self.take(message)?;
            }
            if self.awaited.is_empty() && self.output.is_empty() && !always {
                return Poll::Ready(Ok(()));
            }
            if self.input.capacity() - self.input.len() < 1024 {
                self.input.reserve(8192);
            }
            match pin!(self.stream.read_buf(&mut self.input)).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.gone("connection closed"))),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.gone(error))),
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        while !self.output.is_empty() {
            match pin!(self.stream.write_buf(&mut self.output)).poll(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(self.gone("connection closed")),
                Poll::Ready(Ok(_)) => self.unflushed = true,
                Poll::Ready(Err(error)) => return Err(self.gone(error)),
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Err(self.gone(error)),
            }
        }
        Ok(())
    }

    /// Puts a message where it belongs.
    fn take(&mut self, message: Message) -> Result<(), Broken> {
        match message {
            Message::Aside => {}
            Message::Parsed => {
                if let Some(Awaited::Statement { preparing, .. }) = self.awaited.front_mut() {
                    *preparing = None;
                }
            }
            Message::Row(row) => {
                let enough = match self.awaited.front() {
                    Some(Awaited::Statement { enough, .. }) => *enough,
                    _ => usize::MAX,
                };
                if self.rows.is_empty() || self.taken < enough {
                    self.taken = self.taken.saturating_add(row.content().len());
                    self.rows.push(row);
                }
            }
            Message::Done { count, undone } => {
                let rows = std::mem::take(&mut self.rows);
                self.taken = 0;
                if matches!(self.awaited.front(), Some(Awaited::Statement { .. })) {
                    self.answered(Answer::Done { rows, count, undone });
                }
            }
            Message::Refused(refusal) => {
                self.rows.clear();
                self.taken = 0;
                if self.awaited.is_empty() {
                    // It says why it is about to close.
                    return Err(Broken::Refused(refusal));
                }
                self.refused = Some(refusal.clone());
                if matches!(self.awaited.front(), Some(Awaited::Statement { .. })) {
                    self.answered(Answer::Refused(refusal));
                }
            }
            Message::Ready { idle } => {
                self.idle = idle;
                self.synchronised();
            }
        }
        Ok(())
    }

    /// The statement in front has this answer.
    fn answered(&mut self, answer: Answer) {
        let Some(Awaited::Statement { preparing, wanted, .. }) = self.awaited.pop_front() else {
            return;
        };
        if let Some(key) = preparing {
            // It came to nothing: whoever needs it next prepares it again.
            self.statements.remove(&key);
        }
        if wanted {
            self.answers.push(answer);
        }
    }

    /// What is not answered by now never will be.
    fn synchronised(&mut self) {
        let refused = self.refused.take();
        while let Some(front) = self.awaited.front() {
            match front {
                Awaited::Statement { .. } => self.answered(Answer::Omitted),
                Awaited::Sync => {
                    self.awaited.pop_front();
                    return;
                }
                Awaited::Query => {
                    self.awaited.pop_front();
                    let done = Answer::Done { rows: Vec::new(), count: 0, undone: false };
                    self.answers.push(refused.map_or(done, Answer::Refused));
                    return;
                }
            }
        }
    }

    /// The other end is gone; what it has said last tells why.
    fn gone(&mut self, why: impl fmt::Display) -> Broken {
        match self.refused.take() {
            Some(refusal) => Broken::Refused(refusal),
            None => Broken::Gone(why.to_string()),
        }
    }
}
