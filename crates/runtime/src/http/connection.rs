//! A connection that cannot be held open by doing nothing.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A stream that fails when the peer neither sends nor takes a byte for too long. It covers what
/// protocol timeouts do not: a preface that never ends, an answer that nobody reads.
pub(super) struct Patient {
    stream: TcpStream,
    read: Deadline,
    write: Deadline,
    slowest: usize,
}

/// How long operations may have waited. What the peer takes earns it more time, at the slowest rate
/// that is borne: whoever takes a byte now and then is as late as whoever takes none.
struct Deadline {
    limit: Duration,
    left: Duration,
    timer: Pin<Box<Sleep>>,
    since: Option<Instant>,
}

impl Deadline {
    fn new(limit: Duration) -> Self {
        Self { limit, left: limit, timer: Box::pin(sleep(limit)), since: None }
    }

    /// Passes a result on, of which `earned` tells how much time it is worth; where there is none
    /// yet, fails once it is late.
    fn check<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
        earned: impl FnOnce(&T) -> Duration,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(result) = &poll {
            let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
            let earned = result.as_ref().map_or(Duration::ZERO, earned);
            self.left = self.left.saturating_sub(waited).saturating_add(earned).min(self.limit);
            return poll;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let late = since + self.left;
        // A timer that ends too early is set again when it does: that is seldom, while requests
        // come often.
        if self.timer.deadline() > late {
            self.timer.as_mut().reset(late);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= late {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(late);
        }
        Poll::Pending
    }
}

impl Patient {
    /// A stream whose peer may be silent for `limit`, and has to take `slowest` bytes a second of
    /// what is sent to it.
    pub(super) fn new(stream: TcpStream, limit: Duration, slowest: usize) -> Self {
        let (read, write) = (Deadline::new(limit), Deadline::new(limit));
        Self { stream, read, write, slowest: slowest.max(1) }
    }

    /// The time that a result of writing is worth.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        poll: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let slowest = self.slowest;
        let earned = |&bytes: &usize| {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            Duration::from_secs_f64(f64::from(bytes) / slowest as f64)
        };
        self.write.check(cx, poll, earned)
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let limit = self.read.limit;
        self.read.check(cx, poll, |()| limit)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.write.check(cx, poll, |()| Duration::ZERO)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
