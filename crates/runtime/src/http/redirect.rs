//! Sends plain HTTP on to HTTPS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::connection::Patient;
use super::limits::Limits;

/// Connections at once: each is for one short answer.
const MOST: usize = 256;

/// Answers every request with the same address under HTTPS, at the port where it is served.
///
/// # Errors
/// The address cannot be listened on.
pub(super) async fn listen(
    address: SocketAddr,
    port: u16,
    limits: &Limits,
) -> std::io::Result<JoinHandle<()>> {
    let listener = TcpListener::bind(address).await?;
    let (time, slowest) = (limits.head_time, limits.slowest);
    let places = Arc::new(Semaphore::new(MOST));
    Ok(tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                continue;
            };
            tokio::spawn(async move {
                let answer = service_fn(move |request: Request<Incoming>| async move {
                    Ok::<_, Infallible>(answer(&request, port))
                });
                let mut builder = hyper::server::conn::http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(time).keep_alive(false);
                let io = TokioIo::new(Patient::new(stream, time, slowest));
                drop(tokio::time::timeout(time * 2, builder.serve_connection(io, answer)).await);
                drop(place);
            });
        }
    }))
}

/// 308 keeps the method; without a usable `Host` there is nowhere to send anybody.
fn answer(request: &Request<Incoming>, port: u16) -> Response<Empty<Bytes>> {
    let mut reply = Response::new(Empty::new());
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = host.and_then(|host| location(host, port, path));
    match location.and_then(|text| HeaderValue::try_from(text).ok()) {
        Some(location) => {
            *reply.status_mut() = StatusCode::PERMANENT_REDIRECT;
            reply.headers_mut().insert(LOCATION, location);
        }
        None => *reply.status_mut() = StatusCode::BAD_REQUEST,
    }
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

fn location(host: &str, port: u16, path: &str) -> Option<String> {
    let authority: hyper::http::uri::Authority = host.parse().ok()?;
    // No user, which only misleads people about where they are sent.
    if host.contains('@') || !path.starts_with('/') {
        return None;
    }
    let name = authority.host();
    Some(if port == 443 {
        format!("https://{name}{path}")
    } else {
        format!("https://{name}:{port}{path}")
    })
}

#[cfg(test)]
mod tests {
    use super::location;

    #[test]
    fn the_same_address_under_https() {
        assert_eq!(location("a.example:80", 443, "/x?y").as_deref(), Some("https://a.example/x?y"));
        assert_eq!(location("[::1]:80", 8443, "/").as_deref(), Some("https://[::1]:8443/"));
        for host in ["", "a@b", "a b", "a/b"] {
            assert!(location(host, 443, "/").is_none(), "{host}");
        }
    }
}
