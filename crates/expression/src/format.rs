//! What texts must look like.

use crate::assign::AssignError;
use crate::types::TextFormat;

/// Whether a text has the right length and form.
///
/// # Errors
/// What would have been right.
pub fn check(text: &str, format: TextFormat, min: u32, max: u32) -> Result<(), AssignError> {
    let refuse = |code, message: String| Err(AssignError { code, message });
    // A character takes one to four bytes: most texts need no counting.
    let length = if text.is_ascii() { text.len() } else { text.chars().count() };
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if length > max {
        return refuse("too-long", format!("must have at most {max} characters, not {length}"));
    }
    if length < min {
        return refuse("too-short", format!("must have at least {min} characters, not {length}"));
    }
    // Neither PostgreSQL nor C interfaces can hold it.
    if text.contains('\0') {
        return refuse("invalid-format", "must not contain the character U+0000".to_owned());
    }
    let (fits, form) = match format {
        TextFormat::String | TextFormat::Text | TextFormat::Markdown => return Ok(()),
        TextFormat::Email => (is_email(text), "an email address such as ada@example.org"),
        TextFormat::Url => (is_url(text), "a URL such as https://example.org/path"),
        TextFormat::Phone => (is_phone(text), "a phone number such as +4930123456"),
    };
    if fits { Ok(()) } else { refuse("invalid-format", format!("must be {form}")) }
}

/// A mailbox without quotes (RFC 5321's dot-string) at a domain with a dot.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let short = text.len() <= 254 && local.len() <= 64;
    short && local.split('.').all(atom) && domain.contains('.') && is_host(domain)
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// An absolute `http` or `https` URL in ASCII, as RFC 3986 asks, with a host and without user name
/// or password: those are secrets, and do not belong into data.
#[must_use]
pub fn is_url(text: &str) -> bool {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = rest else { return false };
    let clean = rest.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fine = address
        .map_or_else(|| is_host(host), |address| address.parse::<std::net::Ipv6Addr>().is_ok());
    clean && fine && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// E.164: `+` and 8 to 15 digits.
#[must_use]
pub fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (8..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_accept_what_is_usual_and_nothing_broken() {
        assert!(is_email("ada.l+x@example.co.uk"));
        for wrong in [
            "ada",
            "ada@",
            "@b.c",
            "a b@c.de",
            "a@localhost",
            "a@-b.de",
            "a@b..de",
            "a..b@c.de",
            "é@b.de",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
        for right in [
            "https://example.org",
            "http://a.b:8080/x?y#z",
            "http://[::1]:80/",
            "http://localhost/a",
            "HTTP://A.B",
        ] {
            assert!(is_url(right), "{right}");
        }
        for wrong in [
            "ftp://a.b",
            "https://",
            "https://a b",
            "http://a:99999/",
            "https://u:p@a.b",
            "https://é.fr",
            "javascript:alert(1)",
        ] {
            assert!(!is_url(wrong), "{wrong}");
        }
        assert!(is_phone("+4930123456"));
        assert!(!is_phone("030123456") && !is_phone("+0301234567") && !is_phone("+49"));
    }
}
