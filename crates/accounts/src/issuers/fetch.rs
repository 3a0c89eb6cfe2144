//! Documents of a configured host, and of no other: no redirects, no proxies, bounded in size and
//! time.

use std::time::Duration;

use serde_json::Value as Json;

/// Most bytes of a document.
const LIMIT: usize = 256 * 1024;
/// For a document to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client for documents.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn client() -> Result<reqwest::Client, String> {
    // Another part of the process may have installed one already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    builder.build().map_err(|error| format!("issuers cannot be reached: {error}"))
}

/// A JSON document.
///
/// # Errors
/// One line that says why there is none.
pub(super) async fn document(client: &reqwest::Client, url: &str) -> Result<Json, String> {
    let failed = |error: reqwest::Error| {
        let why = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
        why.to_owned()
    };
    let request = client.get(url).header("accept", "application/json");
    let mut answer = request.send().await.map_err(failed)?;
    if answer.status() != 200 {
        return Err(format!("status {}", answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > LIMIT {
            return Err(format!("more than {LIMIT} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|_| "it is no JSON".to_owned())
}
