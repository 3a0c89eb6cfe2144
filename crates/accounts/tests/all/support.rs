//! A model, requests, and an issuer of others on this machine.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use decide::Design;
use hyper::http::request::Parts;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use runtime::call::Caller;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const MODEL: &str = "
firmitas: 1
system: { name: Library, summary: Books that people borrow. }
actors:
  everyone: { auth: none }
  reader: { auth: user }
  librarian: { auth: user, role: staff }
  stock: { auth: service }
  machine: { auth: certificate }
contexts:
  lending:
    entities:
      Book: { rows: 1k, fields: { title: 'string(1..100)' } }
    operations:
      addBook: { create: Book, by: [librarian, stock, machine], input: [title], rate: 1/s }
      books: { list: Book, by: [everyone, reader], rate: 1/s }
";

pub fn design() -> Arc<Design> {
    let files = BTreeMap::from([(engine::ROOT.to_owned(), MODEL.to_owned())]);
    let checked = engine::check(&files);
    let found: Vec<String> = checked.diagnostics.iter().map(|of| of.message.clone()).collect();
    checked.design.unwrap_or_else(|| panic!("{found:#?}"))
}

/// Names of the actors that a caller may be.
pub fn names(design: &Design, caller: &Caller) -> Vec<String> {
    let name = |id| design.model.actor(id).name.value.clone();
    caller.actors.iter().map(|&id| name(id)).collect()
}

pub fn anonymous(design: &Design) -> Caller {
    let everyone = design.model.actors().find(|(_, of)| of.name.value == "everyone").unwrap().0;
    Caller { actors: vec![everyone], ..Caller::default() }
}

/// The head of a request with a token.
pub fn head(token: &str) -> Parts {
    let request =
        hyper::Request::builder().uri("/").header("authorization", format!("Bearer {token}"));
    request.body(()).unwrap().into_parts().0
}

pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// An issuer that answers what it is told, and counts.
pub struct Elsewhere {
    pub url: String,
    pub documents: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
    pub asked: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Elsewhere {
    pub async fn start(keys: &[Json]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let documents: Arc<Mutex<BTreeMap<String, (u16, String)>>> = Arc::default();
        let asked = Arc::new(AtomicU32::new(0));
        let (served, counted) = (Arc::clone(&documents), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = vec![0; 8192];
                let length = stream.read(&mut text).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&text[..length]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                counted.fetch_add(1, Ordering::SeqCst);
                let found = served.lock().unwrap().get(&path).cloned();
                let (status, body) = found.unwrap_or((404, String::new()));
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nlocation: /keys\r\n\
                     connection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body.as_bytes()).await;
            }
        });
        let issuer = Self { url, documents, asked, task };
        let configuration =
            json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url) });
        issuer.serve("/.well-known/openid-configuration", 200, &configuration.to_string());
        issuer.publish(keys);
        issuer
    }

    pub fn serve(&self, path: &str, status: u16, body: &str) {
        self.documents.lock().unwrap().insert(path.to_owned(), (status, body.to_owned()));
    }

    pub fn publish(&self, keys: &[Json]) {
        self.serve("/keys", 200, &json!({ "keys": keys }).to_string());
    }
}

/// A key of an issuer.
pub struct Signer {
    pub algorithm: Algorithm,
    pub key: EncodingKey,
    pub id: String,
}

impl Signer {
    pub fn ed(seed: u8) -> Self {
        const HEAD: [u8; 16] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        let key = EncodingKey::from_ed_der(&[&HEAD[..], &[seed; 32]].concat());
        Self { algorithm: Algorithm::EdDSA, key, id: format!("ed{seed}") }
    }

    pub fn rsa() -> Self {
        let key = EncodingKey::from_rsa_pem(include_bytes!("rsa.pem")).unwrap();
        Self { algorithm: Algorithm::RS256, key, id: "rsa".to_owned() }
    }

    pub fn public(&self) -> Json {
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.id);
        jwk
    }

    pub fn sign(&self, claims: &Json) -> String {
        self.sign_as(claims, "JWT")
    }

    pub fn sign_as(&self, claims: &Json, kind: &str) -> String {
        let mut head = Header::new(self.algorithm);
        head.kid = Some(self.id.clone());
        head.typ = Some(kind.to_owned());
        jsonwebtoken::encode(&head, claims, &self.key).unwrap()
    }
}
