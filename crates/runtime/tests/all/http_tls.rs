//! Encryption: versions, protocols, certificates that change, clients that prove who they are.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use runtime::http::{Arrival, Edge, Limits, Mount, RateSettings, Reply, TlsFiles, reply};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http_support::{LIBRARY, Server};
use crate::store_support::Folder;

/// A certificate for `localhost` with its key, in the files of a server.
fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    certificate.der().clone()
}

fn files(folder: &Path, client_authorities: Option<PathBuf>, client_required: bool) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        client_authorities,
        client_required,
    }
}

fn edge(tls: TlsFiles) -> Edge {
    let rates = RateSettings { off: true, ..RateSettings::default() };
    Edge { rates, tls: Some(tls), ..Edge::default() }
}

struct Client {
    versions: &'static [&'static SupportedProtocolVersion],
    protocols: Vec<Vec<u8>>,
    certificate: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
}

impl Client {
    fn new() -> Self {
        Self { versions: rustls::ALL_VERSIONS, protocols: Vec::new(), certificate: None }
    }

    async fn connect(
        self,
        server: &Server,
        root: &CertificateDer<'static>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.certificate {
            Some((certificate, key)) => {
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.protocols;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
    }
}

async fn ask(stream: &mut TlsStream<TcpStream>, path: &str) -> std::io::Result<String> {
    let text = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(text.as_bytes()).await?;
    let mut bytes = vec![0; 4096];
    let many = stream.read(&mut bytes).await?;
    bytes.truncate(many);
    Ok(String::from_utf8(bytes).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_and_both_protocols_are_spoken() {
    let folder = Folder::new();
    let root = write_pair(folder.path());
    let tls = files(folder.path(), None, false);
    let server = Server::at_edge(Folder::new(), LIBRARY, Limits::default(), edge(tls)).await;
    const ONE_EACH: [&[&SupportedProtocolVersion]; 2] =
        [&[&rustls::version::TLS12], &[&rustls::version::TLS13]];
    for versions in ONE_EACH {
        let client = Client { versions, ..Client::new() };
        let mut stream = client.connect(&server, &root).await.unwrap();
        let answer = ask(&mut stream, "/health").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    }
    for (offered, chosen) in [(&["h2", "http/1.1"][..], "h2"), (&["http/1.1"], "http/1.1")] {
        let protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let client = Client { protocols, ..Client::new() };
        let stream = client.connect(&server, &root).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen.as_bytes()));
    }
    // Plain HTTP gets nowhere, and who begins a handshake and stops is not waited for.
    let mut plain = server.connect().await;
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_ends_is_cut() {
    let folder = Folder::new();
    write_pair(folder.path());
    let limits = Limits { head_time: Duration::from_millis(300), ..Limits::default() };
    let tls = edge(files(folder.path(), None, false));
    let server = Server::at_edge(Folder::new(), LIBRARY, limits, tls).await;
    let started = Instant::now();
    let mut stream = server.connect().await;
    stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_certificates_are_taken_and_broken_ones_are_not() {
    let folder = Folder::new();
    let old = write_pair(folder.path());
    let tls = files(folder.path(), None, false);
    let server = Server::at_edge(Folder::new(), LIBRARY, Limits::default(), edge(tls)).await;
    let mut open = Client::new().connect(&server, &old).await.unwrap();
    assert!(ask(&mut open, "/health").await.unwrap().starts_with("HTTP/1.1 200"));
    std::fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(Client::new().connect(&server, &old).await.is_ok(), "what was in force stays");
    let new = write_pair(folder.path());
    let deadline = Instant::now() + Duration::from_secs(20);
    while Client::new().connect(&server, &new).await.is_err() {
        assert!(Instant::now() < deadline, "the new certificate is not taken");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(Client::new().connect(&server, &old).await.is_err(), "the old one is gone");
    assert!(ask(&mut open, "/health").await.unwrap().starts_with("HTTP/1.1 200"), "no cut");
}

/// Remembers what peers proved to hold.
#[derive(Default)]
struct Seen(Mutex<Vec<Option<Vec<u8>>>>);

impl Mount for Seen {
    fn name(&self) -> &'static str {
        "seen"
    }

    fn takes(&self, head: &hyper::http::request::Parts) -> bool {
        head.uri.path() == "/seen"
    }

    fn answer<'a>(
        &'a self,
        _request: hyper::Request<Incoming>,
        arrival: Arrival,
    ) -> std::pin::Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        assert!(arrival.peer.secure);
        let held = arrival.peer.certificate.map(|certificate| certificate.to_vec());
        self.0.lock().unwrap().push(held);
        Box::pin(std::future::ready(reply::empty(204)))
    }
}

/// An authority in a file, and a client that it vouches for.
fn client_of(folder: &Path) -> (PathBuf, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let path = folder.join("ca.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["ordering".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    (path, certificate.der().clone(), key)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_prove_who_they_are() {
    for required in [false, true] {
        let folder = Folder::new();
        let root = write_pair(folder.path());
        let (authorities, certificate, key) = client_of(folder.path());
        let tls = edge(files(folder.path(), Some(authorities), required));
        let seen = Arc::new(Seen::default());
        let mounts: Vec<Arc<dyn Mount>> = vec![seen.clone()];
        let server = Server::mounted(Folder::new(), LIBRARY, Limits::default(), tls, mounts).await;
        let known =
            Client { certificate: Some((certificate.clone(), key.clone_key())), ..Client::new() };
        let mut stream = known.connect(&server, &root).await.unwrap();
        assert!(ask(&mut stream, "/seen").await.unwrap().starts_with("HTTP/1.1 204"));
        let held = seen.0.lock().unwrap().pop().unwrap();
        assert_eq!(held.as_deref(), Some(certificate.as_ref()));
        // Without one: welcome only where none is required. TLS 1.3 says so at the first read.
        let mut stream = Client::new().connect(&server, &root).await.unwrap();
        let answer = ask(&mut stream, "/seen").await.unwrap_or_default();
        assert_eq!(answer.starts_with("HTTP/1.1 204"), !required, "{answer}");
        // One that somebody else vouches for is never welcome.
        let other = Folder::new();
        let (_, certificate, key) = client_of(other.path());
        let stranger = Client { certificate: Some((certificate, key)), ..Client::new() };
        let answer = match stranger.connect(&server, &root).await {
            Ok(mut stream) => ask(&mut stream, "/seen").await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        assert_eq!(answer, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_sent_on() {
    let folder = Folder::new();
    write_pair(folder.path());
    // Bound and let go: free at the moment, as every port that is told in advance.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let edge = Edge { redirect: Some(free), ..edge(files(folder.path(), None, false)) };
    let server = Server::at_edge(Folder::new(), LIBRARY, Limits::default(), edge).await;
    let port = server.running.as_ref().unwrap().address().port();
    let mut stream = TcpStream::connect(free).await.unwrap();
    stream.write_all(b"GET /a?b HTTP/1.1\r\nhost: shop.example.com\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    let location = format!("location: https://shop.example.com:{port}/a?b\r\n");
    assert!(answer.contains(&location), "{answer}");
}
