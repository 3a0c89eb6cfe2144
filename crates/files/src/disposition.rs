//! Names of files, as they come in and as they go out.

use std::fmt::Write as _;

/// Most characters of a name.
const LONGEST: usize = 200;

/// The name without folders, without what no name may have, and not too long.
pub(crate) fn cleaned(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: &char| !c.is_control() && !is_invisible(*c) && !"<>:\"|?*".contains(*c);
    let name: String = last.chars().filter(plain).collect();
    // Dots at the beginning hide files, at the end some systems drop them.
    let name = name.trim().trim_matches('.').trim();
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = if ending.len() <= 16 { format!(".{ending}") } else { String::new() };
    let kept = LONGEST.saturating_sub(ending.chars().count());
    let stem: String = name.chars().take(kept).collect();
    format!("{stem}{ending}")
}

/// What changes the direction or width of text, so that `exe.jpg` can look like something else.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' | '\u{061C}')
}

/// `Content-Disposition` (RFC 6266): the name in ASCII for old readers, and all of it as RFC 8187
/// writes it.
pub(crate) fn disposition(inline: bool, name: &str) -> String {
    let mut header = (if inline { "inline" } else { "attachment" }).to_owned();
    if name.is_empty() {
        return header;
    }
    let ascii = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '_' };
    let plain: String = name.chars().map(ascii).filter(|c| !"\"\\%".contains(*c)).collect();
    let _ = write!(header, "; filename=\"{plain}\"");
    if plain != name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            // attr-char of RFC 8187, section 3.2.1.
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                header.push(char::from(byte));
            } else {
                let _ = write!(header, "%{byte:02X}");
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (name, expected) in [
            ("photo.png", "photo.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\anna\\photo.png", "photo.png"),
            ("..", ""),
            ("/", ""),
            (".htaccess", "htaccess"),
            ("a\r\nSet-Cookie: x=1", "aSet-Cookie x=1"),
            ("a\0b", "ab"),
            ("gpj.\u{202E}exe", "gpj.exe"),
            ("  Straße 7.pdf ", "Straße 7.pdf"),
        ] {
            assert_eq!(cleaned(name), expected, "{name:?}");
        }
        let long = cleaned(&format!("{}.jpeg", "ä".repeat(900)));
        assert!(long.chars().count() == 200 && long.ends_with("ä.jpeg"));
    }

    #[test]
    fn headers_hold_every_name() {
        assert_eq!(disposition(true, ""), "inline");
        assert_eq!(disposition(false, "a b.png"), "attachment; filename=\"a b.png\"");
        assert_eq!(
            disposition(true, "Straße \"7\".pdf"),
            "inline; filename=\"Stra_e 7.pdf\"; filename*=UTF-8''Stra%C3%9Fe%20%227%22.pdf"
        );
        let name = cleaned("x\"; filename=evil.exe; a=\"\r\n.png");
        assert!(hyper::header::HeaderValue::try_from(disposition(false, &name)).is_ok());
    }
}
