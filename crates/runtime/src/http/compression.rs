//! Answers, compressed for those who take gzip (RFC 9110, sections 8.4.1.3 and 12.5.3).
//!
//! The level is the fastest one: an answer waits for it. What is short, what is compressed as it is
//! (images), and what is made while it is sent goes as it is. Whether mounts are compressed is theirs
//! to say: what mixes secrets with what a request says must not be, since its length would tell of
//! them (BREACH). For the same reason nothing is that another site asks for with a visitor's cookie.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, ETAG, HeaderName,
    HeaderValue, IF_NONE_MATCH, VARY,
};
use hyper::{HeaderMap, Method, StatusCode};

use super::reply::{Reply, ReplyBody};

/// Answers from this size on are worth compressing.
const WORTH: u64 = 1024;
/// Answers from this size on take a thread of their own: milliseconds.
const LONG: usize = 128 * 1024;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What stands behind the tag of an answer that is compressed.
const SUFFIX: &str = "-gzip";

/// Whether answers are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// With gzip, for those who take it.
    #[default]
    Gzip,
    /// Never.
    Off,
}

/// What a request says about it.
pub(super) struct Wanted {
    gzip: bool,
    head: bool,
    /// What the client has already.
    tags: Option<HeaderValue>,
}

impl Compression {
    /// What a request asks for; nothing where answers are never compressed.
    pub(super) fn wanted(self, method: &Method, headers: &HeaderMap) -> Option<Wanted> {
        let from_elsewhere = headers.get(SITE).is_some_and(|site| site == "cross-site");
        (self == Self::Gzip).then(|| Wanted {
            gzip: takes_gzip(headers) && !(from_elsewhere && headers.contains_key(COOKIE)),
            head: *method == Method::HEAD,
            tags: headers.get(IF_NONE_MATCH).cloned(),
        })
    }
}

/// The answer as the client takes it.
pub(super) async fn coded(reply: Reply, wanted: Option<Wanted>) -> Reply {
    match wanted {
        Some(wanted) => wanted.answer(reply).await,
        None => reply,
    }
}

impl Wanted {
    async fn answer(self, mut reply: Reply) -> Reply {
        if reply.status() == StatusCode::NOT_MODIFIED {
            self.same_tag(reply.headers_mut());
            return reply;
        }
        if !is_worth(&reply, self.head) {
            return reply;
        }
        reply.headers_mut().append(VARY, BY_ENCODING);
        if !self.gzip {
            return reply;
        }
        if self.head {
            // The length would be that of another answer, and this one's is not known.
            reply.headers_mut().remove(CONTENT_LENGTH);
            encoded(reply.headers_mut());
            return reply;
        }
        compressed(reply).await
    }

    /// What has not changed keeps the tag that the client knows: that of the compressed answer.
    fn same_tag(&self, headers: &mut HeaderMap) {
        let (Some(tag), Some(known)) = (headers.get(ETAG), &self.tags) else { return };
        let with_suffix = suffixed(tag);
        let named = |tag: &HeaderValue| {
            let (Ok(tag), Ok(known)) = (tag.to_str(), known.to_str()) else { return false };
            known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
        };
        headers.append(VARY, BY_ENCODING);
        if let Some(tag) = with_suffix.filter(named) {
            headers.insert(ETAG, tag);
        }
    }
}

/// Whether an answer may be compressed, and gains by it.
fn is_worth(reply: &Reply, head: bool) -> bool {
    let headers = reply.headers();
    let known = match reply.body() {
        ReplyBody::Whole(body) => body.size_hint().exact(),
        ReplyBody::Stream(_) => return false,
    };
    let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length = if head { said.or(known) } else { known };
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.map(|value| value.split(';').next().unwrap_or_default().trim());
    let text = media.is_some_and(|media| {
        media.starts_with("text/")
            || media.ends_with("/json")
            || media.ends_with("+json")
            || matches!(media, "application/openmetrics-text" | "image/svg+xml")
    });
    text && !headers.contains_key(CONTENT_ENCODING) && length.is_some_and(|length| length >= WORTH)
}

async fn compressed(reply: Reply) -> Reply {
    let (mut parts, body) = reply.into_parts();
    let Ok(body) = body.collect().await else {
        return Reply::from_parts(parts, ReplyBody::default());
    };
    let plain = body.to_bytes();
    let packed = if plain.len() < LONG {
        pack(&plain)
    } else {
        let of = plain.clone();
        tokio::task::spawn_blocking(move || pack(&of)).await.unwrap_or_default()
    };
    let body = match packed.filter(|packed| packed.len() < plain.len()) {
        Some(packed) => {
            encoded(&mut parts.headers);
            packed
        }
        None => plain,
    };
    Reply::from_parts(parts, body.into())
}

fn pack(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Level::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Another coding is another representation: its strong tag has to differ (RFC 9110, section
/// 8.8.3.3).
fn encoded(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, GZIP);
    if let Some(tag) = headers.get(ETAG).and_then(suffixed) {
        headers.insert(ETAG, tag);
    }
}

fn suffixed(tag: &HeaderValue) -> Option<HeaderValue> {
    let inner = tag.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::try_from(format!("{inner}{SUFFIX}\"")).ok()
}

/// A tag as the row has it, however its answer was coded: without quotes.
pub(super) fn plain_tag(tag: &str) -> &str {
    tag.strip_suffix(SUFFIX).unwrap_or(tag)
}

/// Whether gzip is named, or meant by `*`, with at least the weight of no coding at all.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let weight = weight.map_or(Some(1.0), |text| text.parse::<f32>().ok()).unwrap_or(0.0);
        match &*name {
            "gzip" | "x-gzip" => gzip = Some(weight),
            "*" => any = Some(weight),
            "identity" => identity = Some(weight),
            _ => {}
        }
    }
    let weight = gzip.or(any).unwrap_or(0.0);
    weight > 0.0 && weight >= identity.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_where_it_is_wanted() {
        let takes = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(text));
            takes_gzip(&headers)
        };
        for yes in
            ["gzip", "br, GZIP;q=0.5", "*", "deflate, *;q=0.1", "gzip, identity;q=1", "x-gzip"]
        {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "identity, gzip;q=0.5", "gzip;q=x"]
        {
            assert!(!takes(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
