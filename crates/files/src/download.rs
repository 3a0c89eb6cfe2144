//! A content goes out: `GET /files/{id}` (RFC 9110, sections 8.8.3, 13.1 and 14).

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE,
    RANGE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use runtime::Problem;
use runtime::files::Held;
use runtime::http::reply::{empty, problem};
use runtime::http::{Reply, ReplyBody};
use runtime::operations::report;
use runtime::problem::code;

use crate::body::Sent;
use crate::contents::ContentsError;
use crate::disposition::disposition;
use crate::links::{micros, seconds};
use crate::media_type;
use crate::mount::{Files, unavailable};
use crate::range::{self, Asked};
use crate::thumbnail::Variant;

/// Whoever shows it runs nothing of it, and loads nothing.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
/// Browsers' own viewer of these does not work in a sandbox.
const VIEWER: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// The address admits, wherever the page is from that shows the content.
const ANYWHERE: HeaderValue = HeaderValue::from_static("cross-origin");
const EMBEDDING: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What an address asks for.
struct Wanted {
    key: String,
    /// Until when it is good, in seconds since the Unix epoch.
    end: u64,
    variant: Option<Variant>,
    /// To be saved, whatever it is.
    saved: bool,
}

impl Files {
    /// Sends a content, a part of it, or an image made from it.
    pub(crate) async fn download(
        self: Arc<Self>,
        request: Request<Incoming>,
        path: &str,
    ) -> Result<Reply, Problem> {
        let wanted = self.wanted(path, request.uri().query().unwrap_or_default())?;
        let missing = || Problem::new(&code::NOT_FOUND);
        let held = self.records.find(&wanted.key, micros()).await?.ok_or_else(missing)?;
        let headers = request.headers();
        let tag = match wanted.variant {
            None => format!("\"{}\"", held.sha256),
            Some(variant) => format!("\"{}-{variant}\"", held.sha256),
        };
        let known = text(headers, &IF_NONE_MATCH).is_some_and(|tags| names(&tags, &tag));
        if known {
            let mut reply = empty(304);
            say(&mut reply, &wanted, &held, &tag);
            return Ok(reply);
        }
        if let Some(variant) = wanted.variant {
            let (image, media_type) = self.image(&wanted.key, &held, variant).await?;
            let mut reply = Response::new(ReplyBody::from(image));
            let held = Held { media_type: media_type.to_owned(), ..held };
            say(&mut reply, &wanted, &held, &tag);
            return Ok(reply);
        }
        let head = *request.method() == Method::HEAD;
        self.content(&wanted, &held, &tag, (headers, head)).await
    }

    async fn content(
        &self,
        wanted: &Wanted,
        held: &Held,
        tag: &str,
        (headers, head): (&HeaderMap, bool),
    ) -> Result<Reply, Problem> {
        let size = held.bytes;
        // What has changed since a part was fetched is fetched whole; dates are no tags.
        let same = text(headers, &IF_RANGE).is_none_or(|of| of == tag);
        // RFC 9110, section 14.2: ranges are defined for GET alone.
        let asked = text(headers, &RANGE).filter(|_| same && !head);
        let (status, start, end) = match range::asked(asked.as_deref(), size) {
            Asked::All => (StatusCode::OK, 0, size),
            Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part.start, part.end),
            Asked::Nothing => return Ok(not_satisfiable(size)),
        };
        let body = match (head, start == end) {
            (true, _) => ReplyBody::stream(Sent::untold(size)),
            (_, true) => ReplyBody::from(Bytes::new()),
            _ => self.body(&wanted.key, (start, end)).await?,
        };
        let mut reply = Response::new(body);
        *reply.status_mut() = status;
        say(&mut reply, wanted, held, tag);
        let headers = reply.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_LENGTH, (end - start).into());
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
            headers.extend(HeaderValue::try_from(range).map(|range| (CONTENT_RANGE, range)));
        }
        Ok(reply)
    }

    async fn body(&self, key: &str, range: (u64, u64)) -> Result<ReplyBody, Problem> {
        let place = self.downloads.clone().try_acquire_owned();
        let place = place.map_err(|_| Problem::new(&code::OVERLOADED).retry_after(1))?;
        let found = self.contents.read(key, range).await.map_err(|error| lost(key, &error))?;
        Ok(ReplyBody::stream(Sent::new(found, place)))
    }

    /// What an address that was signed here asks for, as long as it is good.
    fn wanted(&self, path: &str, query: &str) -> Result<Wanted, Problem> {
        let missing = || Problem::new(&code::NOT_FOUND);
        let invalid = || Problem::new(&code::INVALID_LINK);
        let id = path.strip_prefix("/files/").unwrap_or_default();
        let id = runtime::json::parse_uuid(id).ok_or_else(missing)?;
        let key = format!("{id:032x}");
        let (mut end, mut signature, mut size, mut fit, mut saved) =
            (None, None, None, None, false);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let twice = match &*name {
                "expires" => end.replace(value).is_some(),
                "signature" => signature.replace(value).is_some(),
                "thumbnail" => size.replace(value).is_some(),
                "fit" => fit.replace(value).is_some(),
                "download" => std::mem::replace(&mut saved, true),
                _ => true,
            };
            if twice {
                let expected = "Expected `thumbnail`, `fit` and `download` beside the signature.";
                return Err(Problem::new(&code::UNKNOWN_PARAMETER).detail(expected));
            }
        }
        let end = end.and_then(|end| end.parse().ok()).ok_or_else(invalid)?;
        let admits = self.signer.admits(&key, end, &signature.unwrap_or_default());
        if !admits || end <= seconds() {
            return Err(invalid());
        }
        let variant = Variant::parse(size.as_deref(), fit.as_deref())?;
        Ok(Wanted { key, end, variant, saved })
    }
}

/// The problem of a content that cannot be read although rows refer to it.
pub(crate) fn lost(key: &str, error: &ContentsError) -> Problem {
    match error {
        ContentsError::Missing => {
            report::error("file-lost", &format!("the content {key} is not where it should be"));
            Problem::new(&code::NOT_FOUND)
        }
        error => unavailable(error),
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Whether a list of tags names one, weak or not (RFC 9110, section 13.1.2).
fn names(tags: &str, tag: &str) -> bool {
    let mut tags = tags.split(',').map(str::trim);
    tags.any(|of| of == "*" || of.strip_prefix("W/").unwrap_or(of) == tag)
}

fn not_satisfiable(size: u64) -> Reply {
    let mut reply = problem(&Problem::new(&code::RANGE_NOT_SATISFIABLE));
    let range = HeaderValue::try_from(format!("bytes */{size}"));
    reply.headers_mut().extend(range.map(|range| (CONTENT_RANGE, range)));
    reply
}

/// What is said of a content however much of it is sent.
fn say(reply: &mut Reply, wanted: &Wanted, held: &Held, tag: &str) {
    let shown = media_type::is_shown(&held.media_type) && !wanted.saved;
    let policy = if held.media_type == "application/pdf" { VIEWER } else { SANDBOX };
    let left = wanted.end.saturating_sub(seconds());
    let headers = reply.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(EMBEDDING, ANYWHERE);
    let texts = [
        (CONTENT_TYPE, media_type::header(&held.media_type)),
        (CONTENT_DISPOSITION, disposition(shown, &held.name)),
        // A content never changes; its address ends.
        (CACHE_CONTROL, format!("private, max-age={left}, immutable")),
        (ETAG, tag.to_owned()),
    ];
    for (name, text) in texts {
        headers.extend(HeaderValue::try_from(text).map(|value| (name, value)));
    }
}
