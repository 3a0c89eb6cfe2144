//! Which bytes are asked for (RFC 9110, section 14).

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All: there is no header, it is not understood, or it asks for several ranges, which a server
    /// need not send (section 14.2).
    All,
    /// These bytes.
    Part(Range<u64>),
    /// None that there are.
    Nothing,
}

/// What a header asks for of so many bytes.
pub(crate) fn asked(header: Option<&str>, size: u64) -> Asked {
    let Some(text) = header.map(str::trim) else { return Asked::All };
    let Some((unit, set)) = text.split_once('=') else { return Asked::All };
    let set = set.trim();
    if !unit.eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Asked::All;
    }
    let Some((first, last)) = set.split_once('-') else { return Asked::All };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // What no number can hold is beyond every end.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Asked::All,
        (Some(_), None) if !last.is_empty() => Asked::All,
        (Some(first), last) if first < size => {
            let end = last.map_or(size, |last| last.saturating_add(1).min(size));
            Asked::Part(first..end)
        }
        (Some(_), _) => Asked::Nothing,
        (None, Some(count)) if first.is_empty() => match count.min(size) {
            0 => Asked::Nothing,
            count => Asked::Part(size - count..size),
        },
        _ => Asked::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_whatever_else_means_all() {
        let part = |range| Asked::Part(range);
        for (header, expected) in [
            ("bytes=0-0", part(0..1)),
            ("bytes=0-9", part(0..10)),
            ("bytes=0-99", part(0..10)),
            ("bytes=9-", part(9..10)),
            ("bytes=-3", part(7..10)),
            ("bytes=-99", part(0..10)),
            ("BYTES = 2-4", Asked::All),
            ("Bytes=2-4", part(2..5)),
            ("bytes=0-99999999999999999999999", part(0..10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=99999999999999999999999-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=4-2", Asked::All),
            ("bytes=0-1,3-4", Asked::All),
            ("bytes=", Asked::All),
            ("bytes=-", Asked::All),
            ("bytes=a-b", Asked::All),
            ("bytes=1-b", Asked::All),
            ("bytes=+1-2", Asked::All),
            ("lines=1-2", Asked::All),
            ("bytes", Asked::All),
        ] {
            assert_eq!(asked(Some(header), 10), expected, "{header}");
        }
        assert_eq!(asked(None, 10), Asked::All);
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Nothing);
        assert_eq!(asked(Some("bytes=-1"), 0), Asked::Nothing);
    }
}
