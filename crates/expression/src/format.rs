//! What texts must look like.

use crate::assign::AssignError;
use crate::types::TextFormat;

/// Whether a text has the right length and form.
pub(crate) fn check(text: &str, format: TextFormat, min: u32, max: u32) -> Result<(), AssignError> {
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

/// `local@domain` as HTML's `type=email` has it, the domain with a dot.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    !local.is_empty() && local.chars().all(plain) && domain.contains('.') && is_host(domain)
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// `http` or `https`, a host, and no blanks.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(']') || port.parse::<u16>().is_ok() => {
            (host, Some(port))
        }
        _ => (host, None),
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fine = address
        .map_or_else(|| is_host(host), |address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let blank = |c: char| c.is_whitespace() || c.is_control();
    fine && port.is_none_or(|port| port.parse::<u16>().is_ok()) && !text.contains(blank)
}

/// E.164: `+` and 8 to 15 digits.
fn is_phone(text: &str) -> bool {
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
        for wrong in ["ada", "ada@", "@b.c", "a b@c.de", "a@localhost", "a@-b.de", "a@b..de"] {
            assert!(!is_email(wrong), "{wrong}");
        }
        for right in [
            "https://example.org",
            "http://a.b:8080/x?y#z",
            "http://[::1]:80/",
            "http://localhost/a",
        ] {
            assert!(is_url(right), "{right}");
        }
        for wrong in
            ["ftp://a.b", "https://", "https://a b", "http://a:99999/", "javascript:alert(1)"]
        {
            assert!(!is_url(wrong), "{wrong}");
        }
        assert!(is_phone("+4930123456"));
        assert!(!is_phone("030123456") && !is_phone("+0301234567") && !is_phone("+49"));
    }
}
