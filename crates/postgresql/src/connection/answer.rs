//! What comes back: messages of the backend, as far as statements are answered by them.

use std::ops::Range;

use bytes::{Buf as _, Bytes, BytesMut};

/// Most bytes of one message: what is longer is none.
const LONGEST: usize = 1 << 30;

/// A message.
#[derive(Debug)]
pub(super) enum Message {
    /// A statement is prepared.
    Parsed,
    /// A row.
    Row(Row),
    /// A statement is done: how many rows it was about, and whether that was to undo everything.
    Done { count: u64, undone: bool },
    /// The database has refused something.
    Refused(Refusal),
    /// Everything up to a synchronisation is answered; whether no transaction is open.
    Ready { idle: bool },
    /// Nothing that matters here.
    Aside,
}

/// A row in the binary formats.
#[derive(Debug)]
pub(crate) struct Row {
    content: Bytes,
    columns: Vec<Option<Range<u32>>>,
}

impl Row {
    /// All of it, as it was sent: the same where all columns are.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The bytes of a column, if it is not null; nothing where there is no such column.
    pub fn bytes(&self, at: usize) -> Option<Option<&[u8]>> {
        let Some(range) = self.columns.get(at)? else { return Some(None) };
        let range = range.start as usize..range.end as usize;
        Some(Some(self.content.get(range)?))
    }
}

/// What the database has said against a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// SQLSTATE.
    pub code: String,
    pub message: String,
    /// The constraint that is violated, if one is.
    pub constraint: String,
}

/// The next message, once it has arrived as a whole.
///
/// # Errors
/// What is no message.
pub(super) fn next(input: &mut BytesMut) -> Result<Option<Message>, &'static str> {
    let Some((&kind, rest)) = input.split_first() else { return Ok(None) };
    let Some(length) = rest.first_chunk() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if !(4..LONGEST).contains(&length) {
        return Err("it sent a message of an impossible length");
    }
    if rest.len() < length {
        return Ok(None);
    }
    let content = rest.get(4..length).unwrap_or_default();
    let message = match kind {
        b'D' => {
            let mut content = input.split_to(1 + length).freeze();
            content.advance(5);
            return row(content).map(|row| Some(Message::Row(row))).ok_or("it sent a broken row");
        }
        b'1' => Message::Parsed,
        b'C' => done(content),
        b'I' => Message::Done { count: 0, undone: false },
        b'E' => Message::Refused(refusal(content)),
        b'Z' => Message::Ready { idle: content == b"I" },
        _ => Message::Aside,
    };
    input.advance(1 + length);
    Ok(Some(message))
}

fn row(content: Bytes) -> Option<Row> {
    let (count, mut rest) = content.split_first_chunk()?;
    let mut columns = Vec::with_capacity(usize::from(u16::from_be_bytes(*count)));
    for _ in 0..columns.capacity() {
        let (length, behind) = rest.split_first_chunk()?;
        let at = u32::try_from(content.len() - behind.len()).ok()?;
        let Ok(length) = u32::try_from(i32::from_be_bytes(*length)) else {
            columns.push(None);
            rest = behind;
            continue;
        };
        rest = behind.get(length as usize..)?;
        columns.push(Some(at..at + length));
    }
    Some(Row { content, columns })
}

/// `INSERT 0 1`, `UPDATE 3`, `COMMIT`.
fn done(content: &[u8]) -> Message {
    let tag = content.strip_suffix(b"\0").unwrap_or(content);
    let last = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let digit = |count: u64, byte: &u8| match byte {
        b'0'..=b'9' => count.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    };
    let count = last.iter().try_fold(0, digit).unwrap_or(0);
    Message::Done { count, undone: tag == b"ROLLBACK" }
}

fn refusal(mut content: &[u8]) -> Refusal {
    let mut refusal = Refusal::default();
    while let Some((&kind, rest)) = content.split_first() {
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        let text = || String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        match kind {
            b'C' => refusal.code = text(),
            b'M' => refusal.message = text(),
            b'n' => refusal.constraint = text(),
            _ => {}
        }
        content = rest.get(end + 1..).unwrap_or_default();
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_whole_or_not_yet() {
        let sent = b"1\0\0\0\x04D\0\0\0\x11\0\x02\0\0\0\x03abc\xff\xff\xff\xffC\0\0\0\x0dUPDATE 2\0Z\0\0\0\x05I";
        for cut in 0..sent.len() {
            let mut input = BytesMut::from(&sent[..cut]);
            while next(&mut input).unwrap().is_some() {}
            assert!(input.len() < 19, "{cut}");
        }
        let mut input = BytesMut::from(&sent[..]);
        assert!(matches!(next(&mut input), Ok(Some(Message::Parsed))));
        let Ok(Some(Message::Row(row))) = next(&mut input) else { panic!() };
        assert_eq!(row.bytes(0), Some(Some(&b"abc"[..])));
        assert_eq!((row.bytes(1), row.bytes(2)), (Some(None), None));
        assert!(matches!(next(&mut input), Ok(Some(Message::Done { count: 2, undone: false }))));
        assert!(matches!(next(&mut input), Ok(Some(Message::Ready { idle: true }))));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for wrong in [&b"Z\0\0\0\x03"[..], b"D\0\0\0\x08\0\x01\0\0", b"D\xff\xff\xff\xff"] {
            assert!(next(&mut BytesMut::from(wrong)).is_err(), "{wrong:?}");
        }
        assert!(next(&mut BytesMut::from(&b"D\0\0\0\x0a\0\x01\0\0\0\x05"[..])).is_err());
    }

    #[test]
    fn a_refusal_says_what_and_why() {
        let content = b"SERROR\0C23505\0Mtaken\0nproducts_sku\0\0";
        let refusal = refusal(content);
        assert_eq!((&*refusal.code, &*refusal.constraint), ("23505", "products_sku"));
        assert!(matches!(done(b"ROLLBACK\0"), Message::Done { undone: true, .. }));
    }
}
