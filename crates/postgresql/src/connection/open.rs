//! How connections are made. Signing in is left to `tokio-postgres`; then its stream is taken back.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use runtime::store::StoreError;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_postgres::config::{Host, LoadBalanceHosts, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Config};

use super::lent::{Keeping, Lent};
use super::socket::Socket;
use super::{Answer, Broken, Connection, Stream};
use crate::failure;
use crate::text::Text;
use crate::tls::Tls;

/// The port of a server that is given without one.
const PORT: u16 = 5432;

/// One place where a server may be.
#[derive(Clone, Debug)]
struct Place {
    at: At,
    /// For its certificate.
    name: Option<String>,
}

#[derive(Clone, Debug)]
enum At {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// Stops what a connection is at.
pub(crate) struct Canceller {
    token: CancelToken,
    place: Place,
    config: Config,
    tls: Tls,
}

impl Canceller {
    /// Asks the server to stop.
    pub async fn cancel(&self) {
        let name = self.place.name.as_deref().unwrap_or_default();
        let Ok(tls) = MakeTlsConnect::<Socket>::make_tls_connect(&mut self.tls.clone(), name);
        if let Ok(stream) = self.place.connect(&self.config).await {
            drop(self.token.cancel_query_raw(stream, tls).await);
        }
    }
}

/// A connection to the first server of the address that can be reached and suits.
///
/// # Errors
/// [`StoreError::Unreachable`].
pub(crate) async fn open(config: &Config, tls: &Tls) -> Result<Connection, StoreError> {
    let mut last = unreachable("its address names no host");
    for place in places(config).await? {
        match open_at(place, config, tls).await {
            Ok(connection) => return Ok(connection),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn unreachable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unreachable { message: why.to_string() }
}

/// Where to look, in this order.
async fn places(config: &Config) -> Result<Vec<Place>, StoreError> {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let ports = config.get_ports();
    let mut places = Vec::new();
    let mut last = None;
    for at in 0..hosts.len().max(addresses.len()) {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
        let name = match hosts.get(at) {
            #[cfg(unix)]
            Some(Host::Unix(folder)) => {
                let file = folder.join(format!(".s.PGSQL.{port}"));
                places.push(Place { at: At::Unix(file), name: None });
                continue;
            }
            Some(Host::Tcp(name)) => Some(name.clone()),
            None => None,
        };
        let found = match (addresses.get(at), &name) {
            (Some(address), _) => Ok(vec![SocketAddr::new(*address, port)]),
            (None, Some(name)) => {
                tokio::net::lookup_host((name.as_str(), port)).await.map(Iterator::collect)
            }
            (None, None) => Ok(Vec::new()),
        };
        match found {
            Ok(found) => places
                .extend(found.into_iter().map(|at| Place { at: At::Tcp(at), name: name.clone() })),
            Err(error) => last = Some(error),
        }
    }
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let many = places.len().max(1);
        places.rotate_left(NEXT.fetch_add(1, Ordering::Relaxed) % many);
    }
    match last {
        Some(error) if places.is_empty() => Err(unreachable(error)),
        _ => Ok(places),
    }
}

impl Place {
    async fn connect(&self, config: &Config) -> io::Result<Socket> {
        let connecting = async {
            Ok::<Socket, io::Error>(match &self.at {
                At::Tcp(address) => Socket::Tcp(tuned(TcpStream::connect(address).await?, config)?),
                #[cfg(unix)]
                At::Unix(file) => Socket::Unix(tokio::net::UnixStream::connect(file).await?),
            })
        };
        match config.get_connect_timeout() {
            Some(limit) => tokio::time::timeout(*limit, connecting).await?,
            None => connecting.await,
        }
    }
}

/// Sends at once, and notices that the other end is gone.
fn tuned(stream: TcpStream, config: &Config) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    #[cfg(target_os = "linux")]
    if let Some(limit) = config.get_tcp_user_timeout() {
        socket.set_tcp_user_timeout(Some(*limit))?;
    }
    if config.get_keepalives() {
        let mut alive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
        #[cfg(not(windows))]
        if let Some(many) = config.get_keepalives_retries() {
            alive = alive.with_retries(many);
        }
        if let Some(interval) = config.get_keepalives_interval() {
            alive = alive.with_interval(interval);
        }
        socket.set_tcp_keepalive(&alive)?;
    }
    Ok(stream)
}

async fn open_at(place: Place, config: &Config, tls: &Tls) -> Result<Connection, StoreError> {
    let socket = place.connect(config).await.map_err(unreachable)?;
    let ends = socket.ends();
    let stream = Lent::new(socket);
    let name = place.name.as_deref();
    let mut tls_to = tls.clone();
    let Ok(inner) =
        MakeTlsConnect::<Lent<Socket>>::make_tls_connect(&mut tls_to, name.unwrap_or_default());
    let kept = Arc::default();
    let keeping = Keeping { tls: inner, kept: Arc::clone(&kept) };
    let signing_in = tokio_postgres::Config::connect_raw(config, stream.clone(), keeping);
    let (client, connection) = signing_in.await.map_err(|error| failure::plain(&error))?;
    let token = client.cancel_token();
    // Neither says anything to the server when it goes.
    drop((client, connection));
    let encrypted = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let back: Option<Box<dyn Stream>> = match encrypted {
        Some(lent) => lent.back().map(|stream| Box::new(stream) as _),
        None => stream.back().map(|stream| Box::new(stream) as _),
    };
    let stream = back.ok_or_else(|| unreachable("its stream is used by somebody else"))?;
    let canceller = Canceller { token, place, config: config.clone(), tls: tls.clone() };
    let mut connection = Connection::new(stream, Arc::new(canceller));
    if let Some(ends) = ends {
        connection.direct = is_direct(&mut connection, ends).await?;
    }
    suits(&mut connection, config.get_target_session_attrs()).await?;
    Ok(connection)
}

/// Whether the server sees both ends of the connection as we do: then nobody stands between, such
/// as a pooler, who would give what is set on it to others. One end would not do: a pooler on this
/// machine may reach the server from the port from which we reach the pooler.
async fn is_direct(connection: &mut Connection, ends: [SocketAddr; 2]) -> Result<bool, StoreError> {
    let seen = "SELECT host(inet_client_addr()) || ' ' || inet_client_port() || ' ' || \
                host(inet_server_addr()) || ' ' || inet_server_port()";
    connection.add(&Text::new(seen), &[], false);
    connection.synchronise();
    let answers = connection.answers().await.map_err(|broken| broken.error())?;
    let Some(Answer::Done { rows, .. }) = answers.first() else { return Ok(false) };
    let [own, other] = ends.map(|end| format!("{} {}", end.ip().to_canonical(), end.port()));
    let expected = format!("{own} {other}");
    Ok(rows.first().and_then(|row| row.bytes(0)).flatten() == Some(expected.as_bytes()))
}

/// Whether the server is what the address asks for.
async fn suits(connection: &mut Connection, wanted: TargetSessionAttrs) -> Result<(), StoreError> {
    if wanted == TargetSessionAttrs::Any {
        return Ok(());
    }
    connection.add(&Text::new("SHOW transaction_read_only"), &[], false);
    connection.synchronise();
    let answers = connection.answers().await.map_err(|broken| broken.error())?;
    let Some(Answer::Done { rows, .. }) = answers.into_iter().next() else {
        return Err(unreachable("it does not say whether it takes writes"));
    };
    let read_only = rows.first().and_then(|row| row.bytes(0)).flatten() == Some(b"on");
    match (wanted, read_only) {
        (TargetSessionAttrs::ReadWrite, true) => Err(unreachable("it takes no writes")),
        (TargetSessionAttrs::ReadOnly, false) => Err(unreachable("it takes writes")),
        _ => Ok(()),
    }
}

impl Broken {
    /// In the store's words.
    pub(crate) fn error(&self) -> StoreError {
        match self {
            Self::Gone(why) => unreachable(why),
            Self::Refused(refusal) => match failure::refused(refusal) {
                // Whatever it said, it went away.
                error @ (StoreError::Busy | StoreError::Unreachable { .. }) => error,
                other => unreachable(other),
            },
        }
    }
}
