//! What a content is: what its first bytes say, and whether whoever sent it said the same.

/// First bytes that are looked at.
pub(crate) const HEAD: usize = 8 * 1024;

/// Contents that browsers may show where they are; all others are saved. Nothing here can hold a
/// script that would run.
const SHOWN: [&str; 15] = [
    "application/pdf",
    "audio/aac",
    "audio/m4a",
    "audio/mpeg",
    "audio/ogg",
    "audio/x-flac",
    "audio/x-wav",
    "image/avif",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/mp4",
    "video/webm",
];

/// Other names of the same type.
const SAME: [(&str, &str); 15] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("image/heic", "image/heif"),
    ("image/x-icon", "image/vnd.microsoft.icon"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/wav", "audio/x-wav"),
    ("audio/wave", "audio/x-wav"),
    ("audio/flac", "audio/x-flac"),
    ("audio/mp4", "audio/m4a"),
    ("audio/x-m4a", "audio/m4a"),
    ("application/x-gzip", "application/gzip"),
    ("application/x-zip-compressed", "application/zip"),
    ("application/xml", "text/xml"),
    ("application/x-pdf", "application/pdf"),
];

/// Beginnings of types whose contents all begin alike: what the first bytes say is what they are
/// made of.
const MADE_OF: [(&str, &[&str]); 10] = [
    (
        "application/zip",
        &["application/vnd.", "application/epub+zip", "application/java-archive", "application/x-"],
    ),
    ("text/xml", &["image/svg+xml", "application/"]),
    ("application/x-ole-storage", &["application/vnd.ms-", "application/msword"]),
    ("video/mp4", &["video/", "audio/m4a"]),
    ("video/quicktime", &["video/mp4"]),
    ("video/x-m4v", &["video/mp4"]),
    ("video/x-matroska", &["video/webm", "audio/webm"]),
    ("audio/ogg", &["video/ogg", "audio/opus"]),
    ("application/font-woff", &["font/"]),
    ("application/font-sfnt", &["font/"]),
];

/// The type of a content that begins like this, if it can be what it is said to be.
///
/// # Errors
/// What it is instead.
pub(crate) fn of(head: &[u8], said: Option<&str>) -> Result<String, String> {
    let said = said.map(named).filter(|said| *said != "application/octet-stream");
    let found = infer::get(head).map(|found| canonical(found.mime_type()).to_owned());
    let Some(said) = said else {
        return Ok(found.unwrap_or_else(|| unsaid(head).to_owned()));
    };
    match found {
        Some(found) if found == said || is_made_of(&said, &found) => Ok(said),
        // A text may begin like anything that is a text.
        Some(found) if said == "text/plain" && found.starts_with("text/") => Ok(said),
        Some(found) => Err(found),
        None if is_text(&said) && !looks_like_text(head) => Err("no text".to_owned()),
        None if infer_knows(&said) => Err("something else".to_owned()),
        None => Ok(said),
    }
}

/// The essence of a type in lower case, without parameters; what cannot be one is unknown.
fn named(said: &str) -> String {
    let essence = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let part = |part: &str| {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        (1..=127).contains(&part.len()) && part.bytes().all(token)
    };
    match essence.split_once('/') {
        Some((kind, sub)) if part(kind) && part(sub) => canonical(&essence).to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

fn canonical(name: &str) -> &str {
    SAME.iter().find(|(other, _)| *other == name).map_or(name, |(_, usual)| usual)
}

fn is_made_of(said: &str, found: &str) -> bool {
    let known = MADE_OF.iter().find(|(made_of, _)| *made_of == found);
    known.is_some_and(|(_, begins)| begins.iter().any(|begin| said.starts_with(begin)))
        && !infer_tells_apart(said)
}

/// Types among those that are made of others which the first bytes tell for certain.
fn infer_tells_apart(said: &str) -> bool {
    matches!(said, "application/vnd.rar" | "application/x-7z-compressed" | "application/x-tar")
}

/// Whether the first bytes of all contents of a type tell what they are.
fn infer_knows(said: &str) -> bool {
    !is_text(said) && infer::is_mime_supported(said)
}

fn is_text(name: &str) -> bool {
    name.starts_with("text/")
        || matches!(name, "application/json" | "application/javascript" | "application/x-ndjson")
        || name.ends_with("+xml")
        || name.ends_with("+json")
}

fn unsaid(head: &[u8]) -> &'static str {
    if !head.is_empty() && looks_like_text(head) {
        "text/plain"
    } else {
        "application/octet-stream"
    }
}

/// UTF-8 without what no text has; a character may be cut at the end.
fn looks_like_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() - error.valid_up_to() < 4,
    };
    let odd = |byte: &u8| *byte < 0x20 && !matches!(*byte, b'\t' | b'\n' | b'\r' | 0x0C);
    whole && !head.iter().any(odd)
}

/// Whether browsers may show contents of a type where they are.
pub(crate) fn is_shown(media_type: &str) -> bool {
    SHOWN.contains(&media_type)
}

/// The type as a header says it.
pub(crate) fn header(media_type: &str) -> String {
    if is_text(media_type) { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0";

    fn fits(head: &[u8], said: &str) -> Option<String> {
        of(head, Some(said)).ok()
    }

    #[test]
    fn what_is_said_must_be_what_is_there() {
        assert_eq!(of(PNG, None).as_deref(), Ok("image/png"));
        assert_eq!(fits(PNG, "application/octet-stream").as_deref(), Some("image/png"));
        assert_eq!(fits(PNG, "IMAGE/PNG; q=1").as_deref(), Some("image/png"));
        for said in ["image/jpeg", "text/plain", "text/html", "application/pdf", "video/mp4"] {
            assert_eq!(of(PNG, Some(said)), Err("image/png".to_owned()), "{said}");
        }
        let script = b"<script>alert(1)</script>";
        assert_eq!(fits(script, "image/png"), None);
        assert_eq!(fits(script, "text/plain").as_deref(), Some("text/plain"));
        assert_eq!(fits(b"MZ\x90\0\x03", "image/jpeg"), None);
        assert_eq!(fits(b"", "image/png"), None);
        assert_eq!(fits(b"\0\x01\x02", "text/csv"), None);
        assert_eq!(fits(b"a,b\n1,2\n", "text/csv").as_deref(), Some("text/csv"));
        assert_eq!(of(b"just words", None).as_deref(), Ok("text/plain"));
        assert_eq!(of(b"\0\x01\x02", None).as_deref(), Ok("application/octet-stream"));
    }

    #[test]
    fn what_is_made_of_something_may_be_that() {
        let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert_eq!(fits(ZIP, word).as_deref(), Some(word));
        assert_eq!(fits(ZIP, "application/zip").as_deref(), Some("application/zip"));
        assert_eq!(fits(ZIP, "application/vnd.rar"), None);
        assert_eq!(fits(ZIP, "image/png"), None);
        let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        assert_eq!(fits(svg, "image/svg+xml").as_deref(), Some("image/svg+xml"));
        assert!(!is_shown("image/svg+xml") && !is_shown("text/html") && is_shown("image/png"));
    }

    #[test]
    fn a_character_may_be_cut_where_the_look_ends() {
        let text = "Straße".as_bytes();
        assert!(looks_like_text(&text[..5]) && !looks_like_text(&[0xFF, 0xFE, b'a', b'b', b'c']));
    }

    #[test]
    fn what_is_no_type_is_unknown() {
        for said in ["", "image", "image/", "a b/c", "image/png\u{e4}", "/png"] {
            assert_eq!(fits(PNG, said).as_deref(), Some("image/png"), "{said}");
        }
    }
}
