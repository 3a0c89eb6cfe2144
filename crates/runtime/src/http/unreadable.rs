//! What cannot be read as a request is answered like everything else that is refused.
//!
//! The protocol's own answers to it are a bare head; it is given a problem document on its way out.
//! No answer of ours has one of these statuses and no body.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::reply;
use crate::problem::{Code, Problem, code};

/// How the protocol begins its own answers, and what they mean.
const BARE: [(&[u8], &Code); 3] = [
    (b"HTTP/1.1 400 ", &code::MALFORMED_REQUEST),
    (b"HTTP/1.1 414 ", &code::URI_TOO_LONG),
    (b"HTTP/1.1 431 ", &code::HEADERS_TOO_LARGE),
];

const EMPTY: &str = "\r\ncontent-length: 0\r\n";

/// The longest head of such an answer, in bytes.
const LONGEST: usize = 1024;

/// A stream on which HTTP is spoken.
pub(super) struct Explained<S> {
    stream: S,
    /// What is sent instead of something bare.
    instead: Option<Instead>,
}

/// An answer that is on its way in the place of another one.
struct Instead {
    bytes: Vec<u8>,
    sent: usize,
    /// How long the other one is.
    of: usize,
}

impl<S> Explained<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, instead: None }
    }
}

/// The whole of an answer of the protocol, with a body; nothing for any other bytes.
fn explained(bare: &[u8]) -> Option<Instead> {
    let (_, code) = BARE.iter().find(|(begin, _)| bare.starts_with(begin))?;
    let head = std::str::from_utf8(bare).ok().filter(|head| head.len() <= LONGEST)?;
    let (before, after) = head.split_once(EMPTY)?;
    let body = reply::document(&Problem::new(code));
    let fields = format!(
        "\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\ncontent-length: {}\r\n",
        body.len()
    );
    let bytes = [before.as_bytes(), fields.as_bytes(), after.as_bytes(), &body].concat();
    Some(Instead { bytes, sent: 0, of: bare.len() })
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<usize>>> {
        while let Some(instead) = &mut self.instead {
            let left = instead.bytes.get(instead.sent..).unwrap_or_default();
            if left.is_empty() {
                let of = instead.of;
                self.instead = None;
                return Poll::Ready(Ok(Some(of)));
            }
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, left))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            instead.sent = instead.sent.saturating_add(sent);
        }
        Poll::Ready(Ok(None))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.instead = explained(bytes);
        }
        match ready!(self.send(cx))? {
            Some(of) => Poll::Ready(Ok(of)),
            None => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.instead = bytes.first().and_then(|first| explained(first));
        }
        match ready!(self.send(cx))? {
            Some(of) => Poll::Ready(Ok(of)),
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
