//! A stream that is lent for the time of signing in.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// A stream that somebody else uses.
pub(super) struct Lent<S>(Arc<Mutex<S>>);

impl<S> Clone for Lent<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Unpin> Lent<S> {
    pub fn new(stream: S) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// The stream, when nobody else has it any more.
    pub fn back(self) -> Option<S> {
        let stream = Arc::try_unwrap(self.0).ok()?;
        Some(stream.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(&self, work: impl FnOnce(Pin<&mut S>) -> T) -> T {
        work(Pin::new(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lent<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(cx, buffer))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lent<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}

impl<S: TlsStream + Unpin> TlsStream for Lent<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.with(|stream| stream.channel_binding())
    }
}

/// Makes TLS of a stream, and keeps a hold of it.
pub(super) struct Keeping<T, S> {
    pub tls: T,
    pub kept: Arc<Mutex<Option<Lent<S>>>>,
}

type Connecting<S, E> = Pin<Box<dyn Future<Output = Result<Lent<S>, E>> + Send>>;

impl<T, L> TlsConnect<L> for Keeping<T, T::Stream>
where
    T: TlsConnect<L>,
    T::Future: Send + 'static,
    T::Stream: Send + 'static,
{
    type Stream = Lent<T::Stream>;
    type Error = T::Error;
    type Future = Connecting<T::Stream, T::Error>;

    fn connect(self, stream: L) -> Self::Future {
        let Self { tls, kept } = self;
        let connecting = tls.connect(stream);
        Box::pin(async move {
            let lent = Lent::new(connecting.await?);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(lent.clone());
            Ok(lent)
        })
    }
}
