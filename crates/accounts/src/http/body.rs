//! What people send to sign in: JSON, or the form of the page.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use runtime::http::single_header;
use runtime::problem::{Problem, code};

/// Most bytes of a body.
const LIMIT: usize = 8 * 1024;
/// For it to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The texts of a body by name.
pub(super) struct Fields {
    texts: BTreeMap<String, String>,
    pub(super) form: bool,
}

impl Fields {
    /// Reads a body.
    pub(super) async fn read(head: &Parts, body: Incoming) -> Result<Self, Problem> {
        let media = single_header(&head.headers, &CONTENT_TYPE)?.unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let form = match &*media {
            "application/json" => false,
            "application/x-www-form-urlencoded" => true,
            _ => {
                let detail = "Bodies are application/json, or the form of the page.";
                return Err(Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail));
            }
        };
        let reading = Limited::new(body, LIMIT).collect();
        let bytes = match tokio::time::timeout(PATIENCE, reading).await {
            Err(_) => return Err(Problem::new(&code::REQUEST_TIMEOUT)),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return Err(Problem::new(&code::PAYLOAD_TOO_LARGE));
            }
            Ok(Err(_)) => return Err(Problem::new(&code::MALFORMED_REQUEST)),
            Ok(Ok(collected)) => collected.to_bytes(),
        };
        let texts = if form { form_texts(&bytes) } else { serde_json::from_slice(&bytes).ok() };
        let texts = texts.ok_or_else(|| {
            Problem::new(&code::MALFORMED_JSON).detail("Expected an object of texts.")
        })?;
        Ok(Self { texts, form })
    }

    /// A text that has to be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| {
            Problem::invalid(format!("/{name}"), "required", format!("`{name}` is missing."))
        })
    }

    /// A text, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }
}

fn form_texts(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    query_texts(std::str::from_utf8(bytes).ok()?)
}

/// The pairs of a query or form.
pub(super) fn query_texts(text: &str) -> Option<BTreeMap<String, String>> {
    let mut url = reqwest::Url::parse("http://localhost/").ok()?;
    url.set_query(Some(text));
    Some(url.query_pairs().into_owned().collect())
}
