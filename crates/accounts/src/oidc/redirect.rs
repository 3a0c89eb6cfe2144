//! Where a client may be sent: exactly the addresses that it registered (RFC 9700, section 2.1),
//! but for the port of this machine, which a native app cannot know before (RFC 8252, section 7.3).

/// Longest address.
const LIMIT: usize = 2000;
/// The addresses of this machine, as they stand in a URL.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Why an address cannot be registered.
///
/// # Errors
/// One line that says why.
pub fn acceptable(uri: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("`{uri}` {why}"));
    if uri.len() > LIMIT || !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return refuse("is too long or holds more than visible ASCII");
    }
    if uri.contains(['#', '\\', '"', '<', '>', '*']) {
        return refuse("holds a fragment, a wildcard or a character that has no place in a URL");
    }
    let Ok(url) = reqwest::Url::parse(uri) else { return refuse("is not an absolute URL") };
    if !url.username().is_empty() || url.password().is_some() || authority(uri).contains('@') {
        return refuse("holds credentials");
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_this_machine(&url) => Ok(()),
        "http" => refuse("is not encrypted: `http` is for this machine alone"),
        // A scheme that an app owns is the reverse of a domain (RFC 8252, section 7.1): that keeps
        // `javascript`, `data` and the like out as well.
        scheme if scheme.contains('.') => Ok(()),
        _ => refuse("has neither `https` nor a scheme of an app such as `com.example.app`"),
    }
}

fn authority(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
}

/// Whether a client that registered one address may be sent to another. Texts are compared, never
/// parsed: what two parsers understand differently is not the same text.
#[must_use]
pub fn admits(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    LOOPBACK.iter().any(|base| {
        let registered = registered.strip_prefix(base).and_then(without_port);
        let asked = asked.strip_prefix(base).and_then(without_port);
        registered.is_some() && registered == asked
    })
}

/// What follows the host: without a port, from the path on. `None` where the host goes on.
fn without_port(rest: &str) -> Option<&str> {
    let Some(after) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest);
    };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let (port, path) = after.split_at_checked(digits)?;
    let ends = path.is_empty() || path.starts_with(['/', '?']);
    (ends && port.parse::<u16>().is_ok()).then_some(path)
}

/// An address with parameters added to its query.
#[must_use]
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, value);
    }
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_as_texts() {
        let registered = "https://app.example/back";
        assert!(admits(registered, registered));
        for other in [
            "https://app.example/back/",
            "https://app.example/back?x=1",
            "https://app.example/back#x",
            "https://app.example/back/../other",
            "https://app.example/%62ack",
            "https://APP.example/back",
            "HTTPS://app.example/back",
            "https://app.example:443/back",
            "https://app.example.evil.test/back",
            "https://evil.test/https://app.example/back",
            "https://app.example@evil.test/back",
            "https://user@app.example/back",
            "https://app.example\\@evil.test/back",
            "http://app.example/back",
            "//app.example/back",
            "",
        ] {
            assert!(!admits(registered, other), "{other}");
        }
    }

    #[test]
    fn this_machine_may_take_any_port() {
        for registered in ["http://127.0.0.1/back", "http://127.0.0.1:4000/back"] {
            assert!(admits(registered, "http://127.0.0.1:51234/back"));
            assert!(admits(registered, "http://127.0.0.1/back"));
            for other in [
                "http://127.0.0.1:1@evil.test/back",
                "http://127.0.0.1.evil.test/back",
                "http://127.0.0.1:x/back",
                "http://127.0.0.1:99999/back",
                "http://127.0.0.1:80.evil.test/back",
                "http://127.0.0.1:80/other",
                "http://127.0.0.2:80/back",
                "http://localhost:80/back",
                "http://[::1]:80/back",
                "https://127.0.0.1:80/back",
            ] {
                assert!(!admits(registered, other), "{other}");
            }
        }
        assert!(!admits("http://localhost:3000/back", "http://localhost:3001/back"));
        assert!(!admits("https://app.example/back", "https://app.example:80/back"));
    }

    #[test]
    fn only_safe_addresses_are_registered() {
        for fine in [
            "https://app.example/back?kind=web",
            "http://127.0.0.1/back",
            "http://[::1]:1/back",
            "http://localhost:3000/back",
            "com.example.app:/back",
        ] {
            assert_eq!(acceptable(fine), Ok(()));
        }
        for wrong in [
            "http://app.example/back",
            "http://localhost.evil.test/back",
            "https://app.example/back#part",
            "https://*.example/back",
            "https://user:secret@app.example/back",
            "https://@app.example/back",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp://back",
            "/back",
            "https://app.example/b ck",
            "",
        ] {
            assert!(acceptable(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_join_those_that_are_there() {
        let added = |uri| with_parameters(uri, &[("code", "a&b"), ("state", "x y")]);
        assert_eq!(added("https://a.example/b"), "https://a.example/b?code=a%26b&state=x+y");
        assert_eq!(
            added("https://a.example/b?c=d"),
            "https://a.example/b?c=d&code=a%26b&state=x+y"
        );
    }
}
