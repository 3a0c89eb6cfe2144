//! Listens, accepts, and stops in order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::connection::Patient;
use super::limits::Limits;
use super::peer::Peer;
use super::router::RouteError;
use super::service::{Execute, Service};

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The design is broken.
    #[error(transparent)]
    Route(#[from] RouteError),
}

/// A server that accepts connections. Dropping it stops it at once; [`Running::stop`] lets it
/// finish.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Running {
    /// Where it listens: with the port that the system chose, if none was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, says so at `/ready`, finishes what is under way within
    /// [`Limits::drain`], and closes what is left.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        // A panic of the accept loop leaves nothing to wait for.
        let _ = self.accepting.await;
    }
}

/// Serves on an address until it is stopped.
///
/// # Errors
/// The address cannot be listened on.
pub async fn listen<E: Execute>(
    service: Arc<Service<E>>,
    address: SocketAddr,
) -> Result<Running, ServerError> {
    let failed = |source| ServerError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, service, stopped));
    Ok(Running { address: bound, stop, accepting })
}

async fn accept<E: Execute>(
    listener: TcpListener,
    service: Arc<Service<E>>,
    mut stopped: watch::Receiver<bool>,
) {
    let limits = service.limits.clone();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let protocol = Arc::new(protocol(&limits));
    let graceful = GracefulShutdown::new();
    let (cut, is_cut) = watch::channel(false);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            next = next => next,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let (Ok(slot), Ok((stream, address))) = (slot, accepted) else {
            // Out of file descriptors, most likely: some will be free in a moment.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (service, protocol) = (Arc::clone(&service), Arc::clone(&protocol));
        let (watcher, mut is_cut) = (graceful.watcher(), is_cut.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(service, &protocol, (stream, address), watcher) => {}
                _ = is_cut.wait_for(|cut| *cut) => {}
            }
            drop(slot);
        });
    }
    service.draining.store(true, Relaxed);
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        let _ = cut.send(true);
    }
    // All slots are back when the last connection is gone.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    drop(slots.acquire_many(all).await);
    service.backend.close().await;
}

async fn connection<E: Execute>(
    service: Arc<Service<E>>,
    protocol: &Builder<TokioExecutor>,
    (stream, address): (TcpStream, SocketAddr),
    watcher: Watcher,
) {
    // Answers are written at once; waiting for more only delays them.
    drop(stream.set_nodelay(true));
    let _open = service.metrics.connect();
    let io = TokioIo::new(Patient::new(stream, service.limits.silence));
    let shared = Arc::clone(&service);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer::plain(address));
        let service = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(service.serve(request).await) }
    });
    // Peers that break off or speak something else are no concern of ours.
    drop(watcher.watch(protocol.serve_connection(io, answer)).await);
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
