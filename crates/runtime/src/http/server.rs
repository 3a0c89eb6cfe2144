//! Listens, accepts, and stops in order.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::door::Door;
use super::redirect;
use super::router::RouteError;
use super::service::{Execute, Service};
use super::tls::Tls;
use super::until::until;
use crate::telemetry::EVERY;

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
    /// A setting does not fit the design.
    #[error("{0}")]
    Setting(String),
    /// The files for TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] super::tls::TlsError),
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
/// The address cannot be listened on, or the files for TLS cannot be used.
pub async fn listen<E: Execute>(
    service: Arc<Service<E>>,
    address: SocketAddr,
) -> Result<Running, ServerError> {
    let failed = |address| move |source| ServerError::Listen { address, source };
    let tls = service.edge.tls.clone().map(Tls::open).transpose()?.map(Arc::new);
    let listener = TcpListener::bind(address).await.map_err(failed(address))?;
    let bound = listener.local_addr().map_err(failed(address))?;
    let mut beside = Vec::new();
    if let Some(from) = service.edge.redirect {
        let redirecting = redirect::listen(from, bound.port(), &service.limits).await;
        beside.push(redirecting.map_err(failed(from))?);
    }
    if let Some(tls) = &tls {
        beside.push(tokio::spawn(Arc::clone(tls).watch()));
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(look(Arc::downgrade(&service)));
    let door = Arc::new(Door::new(service, tls));
    let accepting = tokio::spawn(async move {
        accept(listener, door, stopped).await;
        for task in beside {
            task.abort();
        }
    });
    Ok(Running { address: bound, stop, accepting })
}

/// Looks at how the objectives do, as long as the server is there.
async fn look<E: Execute>(service: Weak<Service<E>>) {
    while let Some(service) = service.upgrade() {
        service.look();
        drop(service);
        tokio::time::sleep(EVERY).await;
    }
}

/// Accepts until the server stops, and then for as long as whoever spreads the load needs to
/// notice.
async fn accept<E: Execute>(
    listener: TcpListener,
    door: Arc<Door<E>>,
    mut stopped: watch::Receiver<bool>,
) {
    let (service, graceful) = (Arc::clone(&door.service), GracefulShutdown::new());
    let (cut, is_cut) = watch::channel(false);
    let ending = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        service.draining.store(true, Relaxed);
        service.mounts.iter().for_each(|mount| mount.drain());
        tokio::time::sleep(service.edge.drain_delay).await;
    };
    tokio::pin!(ending);
    loop {
        let seated = tokio::select! {
            seated = door.next(&listener) => seated,
            () = &mut ending => break,
        };
        let Some((stream, address, seat)) = seated else { continue };
        let (door, watcher, mut is_cut) = (Arc::clone(&door), graceful.watcher(), is_cut.clone());
        tokio::spawn(async move {
            let cut = async move { drop(is_cut.wait_for(|cut| *cut).await) };
            until(cut, door.admit(stream, address, seat, watcher)).await;
        });
    }
    drop(listener);
    if tokio::time::timeout(service.limits.drain, graceful.shutdown()).await.is_err() {
        let _ = cut.send(true);
    }
    door.empty().await;
    service.backend.close().await;
}
