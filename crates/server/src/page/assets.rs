//! The files of the page, part of the program.

use std::borrow::Cow;
use std::sync::LazyLock;

use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
};
use hyper::http::request::Parts;
use runtime::http::{Reply, reply};

/// Nothing from elsewhere, nothing inline, no text that becomes markup.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'",
);
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// A file.
pub(super) struct Asset {
    text: Cow<'static, str>,
    media_type: &'static str,
    tag: String,
}

impl Asset {
    /// A file that was made at start.
    pub(super) fn made(text: impl Into<Cow<'static, str>>, media_type: &'static str) -> Self {
        let text = text.into();
        let tag = format!("\"{}\"", accounts::secret::sha256(&text).get(..24).unwrap_or_default());
        Self { text, media_type, tag }
    }

    /// The file, or that the browser has it.
    pub(super) fn reply(&self, head: &Parts) -> Reply {
        let known = head.headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let same = known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == self.tag));
        let mut reply = match (same, &self.text) {
            (true, _) => reply::empty(304),
            (false, Cow::Borrowed(text)) => {
                reply::typed(200, text.as_bytes(), HeaderValue::from_static(self.media_type))
            }
            (false, Cow::Owned(text)) => {
                reply::typed(200, text.clone(), HeaderValue::from_static(self.media_type))
            }
        };
        let headers = reply.headers_mut();
        // Kept, and asked for each time: after an update nobody has half of it.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(OPENER, HeaderValue::from_static("same-origin"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        if let Ok(tag) = HeaderValue::try_from(&*self.tag) {
            headers.insert(ETAG, tag);
        }
        reply
    }
}

macro_rules! files {
    ($($name:literal $media_type:expr;)*) => {
        static FILES: LazyLock<Vec<(&'static str, Asset)>> = LazyLock::new(|| vec![
            $(($name, Asset::made(include_str!(concat!("web/", $name)), $media_type)),)*
        ]);
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

files! {
    "index.html" "text/html; charset=utf-8";
    "icon.svg" "image/svg+xml";
    "layout.css" "text/css; charset=utf-8";
    "parts.css" "text/css; charset=utf-8";
    "actor.js" SCRIPT;
    "answer.js" SCRIPT;
    "contracts.js" SCRIPT;
    "dom.js" SCRIPT;
    "operation.js" SCRIPT;
    "overview.js" SCRIPT;
    "page.js" SCRIPT;
    "request.js" SCRIPT;
    "schema.js" SCRIPT;
    "search.js" SCRIPT;
    "try.js" SCRIPT;
}

/// A file by its name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|(own, _)| *own == name).map(|(_, asset)| asset)
}
