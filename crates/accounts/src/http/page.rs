//! The page where people sign in: one document, nothing from elsewhere, no script.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use runtime::http::{Reply, reply};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;\
place-items:center;background:#f5f5f4;color:#1c1917}\
main{box-sizing:border-box;width:min(26rem,92vw);background:#fff;\
padding:2rem;border-radius:.75rem;box-shadow:0 1px 3px #0003}h1{font-size:1.25rem;margin:0 0 1rem}\
label{display:block;margin:.75rem 0 .25rem}input{font:inherit;width:100%;box-sizing:border-box;\
padding:.5rem;border:1px solid #a8a29e;border-radius:.375rem}button{font:inherit;width:100%;\
margin-top:1.25rem;padding:.6rem;border:0;border-radius:.375rem;background:#1d4ed8;color:#fff}\
p[role=alert]{color:#b91c1c}code,li{font-family:ui-monospace,monospace;overflow-wrap:anywhere}\
svg{display:block;width:11rem;margin:1rem auto;background:#fff}\
@media(prefers-color-scheme:dark){body{background:#1c1917;\
color:#f5f5f4}main{background:#292524}input{background:#1c1917;color:inherit}\
p[role=alert]{color:#fca5a5}}";

/// The page, with what went wrong the last time.
pub(super) fn sign_in(system: &str, login: &str, next: &str, wrong: Option<(u16, &str)>) -> Reply {
    let (system, login, next) = (escaped(system), escaped(login), escaped(next));
    let alert = wrong
        .map_or_else(String::new, |(_, text)| format!("<p role=\"alert\">{}</p>", escaped(text)));
    let focus = |here: bool| if here { " autofocus" } else { "" };
    let content = format!(
        "<h1>Sign in to {system}</h1>{alert}<form method=\"post\" action=\"/auth/sign-in\">\
         <label for=\"login\">Email address or phone number</label>\
         <input id=\"login\" name=\"login\" value=\"{login}\" autocomplete=\"username\" required{}>\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required{}>\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <button>Sign in</button></form>",
        focus(login.is_empty()),
        focus(!login.is_empty()),
    );
    document(wrong.map_or(200, |(status, _)| status), &format!("Sign in to {system}"), "", &content)
}

/// A page that goes on by itself. A redirect would do, if policies about where forms lead did not
/// follow it to the client that asked for the sign-in.
pub(super) fn go_on(next: &str) -> Reply {
    let next = escaped(next);
    let head = format!("<meta http-equiv=\"refresh\" content=\"0;url={next}\">");
    let content = format!("<h1>Signed in</h1><p><a href=\"{next}\">Go on</a></p>");
    document(200, "Signed in", &head, &content)
}

/// Sends a browser to another page of ours.
pub(super) fn go_elsewhere(path: &str) -> Reply {
    let mut reply = reply::empty(303);
    if let Ok(location) = HeaderValue::try_from(path) {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply
}

pub(super) fn document(status: u16, title: &str, head: &str, content: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">{head}\
         <title>{title}</title><style>{STYLE}</style></head>\
         <body><main>{content}</main></body></html>"
    );
    let mut reply =
        reply::typed(status, html, HeaderValue::from_static("text/html; charset=utf-8"));
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let headers = reply.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // `same-origin`, not `no-referrer`: with the latter, browsers send `Origin: null` with the form.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
    reply
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Where to go on: a path of this very server, never another one.
pub(super) fn own_path(next: &str) -> &str {
    let sound = next.starts_with('/')
        && !next.starts_with("//")
        && !next.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    if sound { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_gone_on_to() {
        for own in ["/", "/orders?page=2", "/oauth/authorize?redirect_uri=https%3A%2F%2Fapp"] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nset-cookie:x",
            "\\\\evil",
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
    }

    #[test]
    fn what_people_type_stays_text() {
        assert_eq!(escaped("\"><script>'&"), "&quot;&gt;&lt;script&gt;&#39;&amp;");
    }
}
