//! From an accepted connection to the requests on it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::Patient;
use super::limits::Limits;
use super::peer::Peer;
use super::reply::ReplyBody;
use super::seats::{Busy, NoSeat, Seat, Seats};
use super::service::{Execute, Service};
use super::tls::Tls;
use super::unreadable::Explained;
use super::until::until;

/// Between two looks for something that is free again.
const MOMENT: Duration = Duration::from_millis(20);

/// Lets connections in.
pub(super) struct Door<E> {
    pub(super) service: Arc<Service<E>>,
    tls: Option<Arc<Tls>>,
    seats: Arc<Seats>,
    handshakes: Semaphore,
    protocol: Builder<TokioExecutor>,
    /// One of each open connection.
    open: Arc<Semaphore>,
}

/// More than there are ever connections.
const ALL: u32 = 1 << 28;

impl<E: Execute> Door<E> {
    pub(super) fn new(service: Arc<Service<E>>, tls: Option<Arc<Tls>>) -> Self {
        let limits = &service.limits;
        Self {
            seats: Arc::new(Seats::new(limits.connections, limits.connections_of_address)),
            handshakes: Semaphore::new(limits.handshakes.max(1)),
            protocol: protocol(limits),
            open: Arc::new(Semaphore::new(ALL as usize)),
            service,
            tls,
        }
    }

    /// The next connection that gets a seat. Nothing where there is none for it, or for a moment
    /// none for anybody.
    pub(super) async fn next(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, Seat)> {
        let Ok((stream, address)) = listener.accept().await else {
            // Out of file descriptors, most likely: some will be free in a moment.
            sleep(MOMENT).await;
            return None;
        };
        // Everybody comes through a proxy.
        let counted = (!self.service.edge.proxies.has(address.ip())).then_some(address.ip());
        loop {
            match self.seats.take(counted) {
                Ok(seat) => return Some((stream, address, seat)),
                Err(NoSeat::Address) => {
                    self.service.metrics.refused.fetch_add(1, Relaxed);
                    return None;
                }
                // Those behind it wait in the system's queue.
                Err(NoSeat::Full) => sleep(MOMENT).await,
            }
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn admit(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        seat: Seat,
        watcher: Watcher,
    ) {
        let _open = Arc::clone(&self.open).acquire_owned().await;
        let _counted = self.service.metrics.connect();
        // Answers are written at once; waiting for more only delays them.
        drop(stream.set_nodelay(true));
        let limits = &self.service.limits;
        let stream = Patient::new(stream, limits.silence, limits.slowest);
        let guest = Arc::clone(&seat.guest);
        let mute = async {
            // For the handshake, and for a first request: what the protocols do not bound.
            sleep(limits.head_time * 2).await;
            if !guest.is_mute() {
                std::future::pending::<()>().await;
            }
        };
        let end = async {
            tokio::select! {
                () = guest.cut() => {}
                () = mute => {}
            }
        };
        until(end, self.speak(stream, Peer::plain(address), seat, watcher)).await;
    }

    async fn speak(&self, stream: Patient, mut peer: Peer, seat: Seat, watcher: Watcher) {
        let Some(tls) = &self.tls else { return self.serve(stream, peer, seat, watcher).await };
        let limit = self.service.limits.head_time;
        let Ok(Some(stream)) = timeout(limit, self.handshake(tls, stream)).await else { return };
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        peer.certificate = certificates.first().map(|first| Arc::from(first.as_ref()));
        peer.secure = true;
        self.serve(stream, peer, seat, watcher).await;
    }

    async fn handshake(&self, tls: &Tls, stream: Patient) -> Option<TlsStream<Patient>> {
        let _one = self.handshakes.acquire().await.ok()?;
        TlsAcceptor::from(tls.config()).accept(stream).await.ok()
    }

    async fn serve<S>(&self, stream: S, peer: Peer, seat: Seat, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (service, seat) = (Arc::clone(&self.service), Arc::new(seat));
        let answer = service_fn(move |mut request: Request<Incoming>| {
            let (service, busy) = (Arc::clone(&service), seat.busy());
            let mut peer = peer.clone();
            service.edge.proxies.look_behind(&mut peer, request.headers_mut());
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&seat.guest));
            async move {
                let reply = service.serve(request).await;
                Ok::<_, Infallible>(match reply.body() {
                    ReplyBody::Whole(_) => reply,
                    ReplyBody::Stream(_) => {
                        reply.map(|body| ReplyBody::stream(Sending { body, _busy: busy }))
                    }
                })
            }
        });
        // Peers that break off or speak something else are no concern of ours.
        let serving = self.protocol.serve_connection(TokioIo::new(Explained::new(stream)), answer);
        drop(watcher.watch(serving).await);
    }

    /// Ends when the last connection is gone.
    pub(super) async fn empty(&self) {
        drop(self.open.acquire_many(ALL).await);
    }
}

/// A body that keeps its connection busy while it is sent.
struct Sending {
    body: ReplyBody,
    _busy: Busy,
}

impl Body for Sending {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn protocol(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head.max(8192))
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.silence / 2)
        .keep_alive_timeout(limits.head_time);
    builder
}
