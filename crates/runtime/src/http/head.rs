//! What the header fields of a request say, checked.

use std::time::Duration;

use hyper::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Version};

use super::compression::plain_tag;
use crate::call::IfMatch;
use crate::problem::{Problem, code};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Most characters of an `Idempotency-Key`.
const KEY_LIMIT: usize = 255;

/// The one value of a header; a second one, or one that is not visible ASCII, is refused.
///
/// # Errors
/// 400 `malformed-request`.
pub fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match value.to_str() {
        Ok(text) if values.next().is_none() => Ok(Some(text)),
        _ => {
            let detail = format!("The header `{name}` is given twice or is not ASCII.");
            Err(Problem::new(&code::MALFORMED_REQUEST).detail(detail))
        }
    }
}

/// Whether it is clear for whom a request is: HTTP/1.1 names exactly one host (RFC 9112, section
/// 3.2), and no authority says who asks (RFC 9113, section 8.3.1).
///
/// # Errors
/// 400 `malformed-request`.
pub(super) fn one_host(head: &Parts) -> Result<(), Problem> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let is_host = |value: &HeaderValue| {
        let text = value.as_bytes();
        text.is_empty() || !text.iter().any(|b| b" /\\?#@,".contains(b))
    };
    let needed = head.version == Version::HTTP_11;
    let bare = head.uri.authority().is_none_or(|of| !of.as_str().contains('@'));
    if bare && second.is_none() && first.map_or(!needed, is_host) {
        return Ok(());
    }
    Err(Problem::new(&code::MALFORMED_REQUEST).detail("Expected one `Host`."))
}

/// JSON is all there is: refuses requests that accept none of it.
pub(super) fn accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut ranges =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if ranges.peek().is_none() {
        return Ok(());
    }
    let admits = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
        });
        matches!(
            &*media,
            "" | "*/*" | "application/*" | "application/json" | "application/problem+json"
        ) && !refused
    };
    if ranges.any(|value| value.split(',').any(admits)) {
        return Ok(());
    }
    Err(Problem::new(&code::NOT_ACCEPTABLE).detail("Answers are application/json."))
}

/// Refuses bodies that are not plain JSON.
pub(super) fn content_is_json(headers: &HeaderMap, patch: bool) -> Result<(), Problem> {
    let refused = |detail: &str| Err(Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    if single(headers, &CONTENT_ENCODING)?
        .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return refused("Bodies must not be compressed.");
    }
    let Some(value) = single(headers, &CONTENT_TYPE)? else {
        return refused("A body needs `Content-Type: application/json`.");
    };
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let media = parts.next().unwrap_or_default();
    let json = media == "application/json" || (patch && media == "application/merge-patch+json");
    let utf8 = parts.all(|part| {
        part.strip_prefix("charset=")
            .is_none_or(|name| matches!(name.trim_matches('"'), "utf-8" | "utf8"))
    });
    if json && utf8 { Ok(()) } else { refused("Bodies are application/json in UTF-8.") }
}

/// The key that makes a request repeatable.
pub(super) fn idempotency_key(
    headers: &HeaderMap,
    required: bool,
) -> Result<Option<&str>, Problem> {
    let problem = || {
        Problem::new(&code::IDEMPOTENCY_KEY_REQUIRED).detail(
            "Send an `Idempotency-Key` of 1 to 255 visible ASCII characters, new for each request.",
        )
    };
    // Operations that repeat harmlessly take no notice of a key.
    if !required {
        return Ok(None);
    }
    let Some(key) = single(headers, &IDEMPOTENCY_KEY)? else { return Err(problem()) };
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    if key.is_empty() || key.len() > KEY_LIMIT || !visible { Err(problem()) } else { Ok(Some(key)) }
}

/// The version that the row must have.
pub(super) fn if_match(headers: &HeaderMap, required: bool) -> Result<Option<IfMatch>, Problem> {
    let Some(value) = single(headers, &IF_MATCH)? else {
        let missing = Problem::new(&code::PRECONDITION_REQUIRED);
        return if required { Err(missing) } else { Ok(None) };
    };
    let value = value.trim();
    if value == "*" {
        return Ok(Some(IfMatch::Any));
    }
    let malformed = |detail| Err(Problem::new(&code::MALFORMED_REQUEST).detail(detail));
    if value.contains(',') {
        return malformed("`If-Match` takes one version at a time.");
    }
    let tag = value.strip_prefix("W/").unwrap_or(value);
    let Some(tag) = unquoted(tag) else {
        return malformed("`If-Match` takes the quoted `ETag` of an answer.");
    };
    let tag = plain_tag(tag);
    // A weak tag, and one that was never handed out, match no version (RFC 9110, section 13.1.1).
    let version = if value.starts_with("W/") { None } else { tag.parse().ok() };
    Ok(Some(IfMatch::Version(version.unwrap_or(-1))))
}

fn unquoted(tag: &str) -> Option<&str> {
    tag.strip_prefix('"')?.strip_suffix('"')
}

/// Whether the client has this version already.
pub(super) fn if_none_match(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = |tag: &str| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || unquoted(tag).map(plain_tag) == unquoted(etag)
    };
    values.flat_map(|value| value.split(',')).any(known)
}

/// How long a client is prepared to wait: `Prefer: wait=SECONDS` (RFC 7240, section 4.3), at least
/// one second.
pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let seconds = values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("wait");
        named.then(|| value.trim().trim_matches('"').parse::<u32>().ok()).flatten()
    });
    seconds.map(|seconds| Duration::from_secs(u64::from(seconds.max(1))))
}

/// Tells a client that its wish was heeded.
pub(super) fn applied(headers: &mut HeaderMap, wait: Duration) {
    if let Ok(value) = HeaderValue::try_from(format!("wait={}", wait.as_secs())) {
        headers.insert(PREFERENCE_APPLIED, value);
    }
}

/// A text header if it is short and visible: such as are echoed or logged.
pub(super) fn short<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let text = headers.get(name)?.to_str().ok()?;
    ((1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_clear_which_host_is_meant() {
        let head = |uri: &str, hosts: &[&str], version| {
            let mut request = hyper::Request::builder().uri(uri).version(version);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            one_host(&request.body(()).unwrap().into_parts().0).is_ok()
        };
        assert!(head("/", &["a.example"], Version::HTTP_11));
        assert!(head("https://a.example:8443/", &[], Version::HTTP_2));
        assert!(!head("/", &[], Version::HTTP_11));
        assert!(!head("/", &["a.example", "b.example"], Version::HTTP_11));
        assert!(!head("/", &["a@b.example"], Version::HTTP_11));
        assert!(!head("https://a.example@b.example/", &[], Version::HTTP_2));
    }
}
