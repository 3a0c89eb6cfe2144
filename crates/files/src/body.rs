//! A content on its way to the client.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream as _, StreamExt as _, stream};
use hyper::body::{Body, Frame, SizeHint};
use object_store::{GetResult, GetResultPayload};
use tokio::sync::OwnedSemaphorePermit;

/// Bytes that are read from a file together.
const STEP: usize = 64 * 1024;

/// So many bytes, as they are read. Fewer are an error: the client must not take them for all.
pub(crate) struct Sent {
    bytes: BoxStream<'static, io::Result<Bytes>>,
    left: u64,
    _place: Option<OwnedSemaphorePermit>,
}

impl Sent {
    /// What a place of contents answers.
    pub(crate) fn new(found: GetResult, place: OwnedSemaphorePermit) -> Self {
        let left = found.range.end.saturating_sub(found.range.start);
        let bytes = match found.payload {
            GetResultPayload::File(file, _) => of_file(file, found.range.start, left).boxed(),
            GetResultPayload::Stream(stream) => stream.map(|part| part.map_err(other)).boxed(),
        };
        Self { bytes, left, _place: Some(place) }
    }

    /// What is told of bytes that are not sent.
    pub(crate) fn untold(left: u64) -> Self {
        Self { bytes: stream::empty().boxed(), left, _place: None }
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

/// The bytes of a file, read where that holds nobody up.
fn of_file(
    file: std::fs::File,
    start: u64,
    length: u64,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((file, start, length), |(mut file, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = move || {
            file.seek(SeekFrom::Start(at))?;
            let mut part = vec![0; STEP.min(usize::try_from(left).unwrap_or(STEP))];
            let length = file.read(&mut part)?;
            part.truncate(length);
            Ok::<_, io::Error>((file, part))
        };
        let (file, part) = tokio::task::spawn_blocking(read).await.map_err(other)??;
        let length = part.len() as u64;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some((Bytes::from(part), (file, at + length, left.saturating_sub(length)))))
    })
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let part = match ready!(Pin::new(&mut self.bytes).poll_next(cx)) {
            Some(Ok(part)) => part,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        };
        let Some(left) = self.left.checked_sub(part.len() as u64) else {
            return Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
        };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
