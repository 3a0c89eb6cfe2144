//! Pages for people: small, without scripts, in no frame of others.

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY};
use runtime::http::{Reply, reply};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const FRAMES: HeaderName = HeaderName::from_static("x-frame-options");
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;\
padding:0 1rem;color:#1c2024;background:#fcfcfd}h1{font-size:1.3rem}button{font:inherit;\
padding:.5rem 1.2rem;border-radius:.4rem;border:1px solid #8b8d98;background:#fff;\
margin-right:.5rem;cursor:pointer}button.main{background:#3451b2;border-color:#3451b2;color:#fff}\
@media(prefers-color-scheme:dark){body{color:#edeef0;background:#111113}\
button{background:#212225;color:#edeef0}}";

/// A page. `target` is where else than here a form may lead: the address of a client.
#[must_use]
pub fn page(status: u16, title: &str, body: &str, target: Option<&str>) -> Reply {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    );
    let mut reply = reply::typed(status, html, HTML);
    let headers = reply.headers_mut();
    let target = target.and_then(origin).map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'{target}"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(FRAMES, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    reply
}

/// A page that says what went wrong where nobody can be sent anywhere.
#[must_use]
pub fn failure(status: u16, what: &str) -> Reply {
    page(status, "This does not work", &format!("<p>{}</p>", escaped(what)), None)
}

/// Sends a browser elsewhere, by GET whatever it came with (RFC 9700, section 4.12), telling nobody
/// where it comes from.
#[must_use]
pub fn redirect(to: &str) -> Reply {
    let mut reply = reply::empty(303);
    match HeaderValue::try_from(to) {
        Ok(location) => {
            reply.headers_mut().insert(LOCATION, location);
            reply.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            reply
        }
        Err(_) => failure(400, "The address to go on at is not valid."),
    }
}

/// A text in HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// What a policy names of an address: scheme and host, or the scheme of an app.
fn origin(uri: &str) -> Option<String> {
    let url = reqwest::Url::parse(uri).ok()?;
    if matches!(url.scheme(), "http" | "https") {
        return Some(url.origin().ascii_serialization());
    }
    Some(format!("{}:", url.scheme()))
}
