//! What is sent: messages of the frontend (PostgreSQL's manual, "Message Formats").

use bytes::{BufMut as _, BytesMut};

use crate::wire::Bind;

/// A message of a type; its length is written when its content is there.
fn message(out: &mut BytesMut, kind: u8, content: impl FnOnce(&mut BytesMut)) {
    out.put_u8(kind);
    sized(out, 0, content);
}

/// Something behind its length, which counts `besides` bytes less than itself and the content.
fn sized(out: &mut BytesMut, besides: usize, content: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_i32(-1);
    content(out);
    let size = i32::try_from(out.len() - start - besides).unwrap_or(i32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&size.to_be_bytes());
    }
}

fn text(out: &mut BytesMut, text: &str) {
    out.put_slice(text.as_bytes());
    out.put_u8(0);
}

/// A statement's name: none for number 0.
fn name(out: &mut BytesMut, number: u32) {
    if number > 0 {
        out.put_u8(b's');
        let mut digits = [0; 10];
        let mut rest = number;
        let mut first = digits.len();
        while rest > 0 {
            first -= 1;
            if let Some(digit) = digits.get_mut(first) {
                *digit = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
        }
        out.put_slice(digits.get(first..).unwrap_or_default());
    }
    out.put_u8(0);
}

fn count(out: &mut BytesMut, many: usize) {
    // More parameters than that are refused before they get here.
    out.put_u16(u16::try_from(many).unwrap_or(u16::MAX));
}

/// Prepares a statement.
pub(super) fn parse(out: &mut BytesMut, number: u32, sql: &str, binds: &[Bind]) {
    message(out, b'P', |out| {
        name(out, number);
        text(out, sql);
        count(out, binds.len());
        binds.iter().for_each(|bind| out.put_u32(bind.ty().oid()));
    });
}

/// Binds values, in binary, and runs the statement to its end; what it yields comes in binary.
pub(super) fn execute(out: &mut BytesMut, number: u32, binds: &[Bind]) {
    message(out, b'B', |out| {
        text(out, "");
        name(out, number);
        out.put_u16(1);
        out.put_u16(1);
        count(out, binds.len());
        binds.iter().for_each(|bind| match bind {
            Bind::Null(_) => out.put_i32(-1),
            bind => sized(out, 4, |out| bind.write(out)),
        });
        out.put_u16(1);
        out.put_u16(1);
    });
    message(out, b'E', |out| {
        text(out, "");
        out.put_i32(0);
    });
}

/// Ends what is answered together.
pub(super) fn sync(out: &mut BytesMut) {
    message(out, b'S', |_| {});
}

/// Statements without values, together.
pub(super) fn query(out: &mut BytesMut, sql: &str) {
    message(out, b'Q', |out| text(out, sql));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_the_manual_has_them() {
        let mut out = BytesMut::new();
        parse(&mut out, 12, "SELECT $1", &[Bind::Int(7)]);
        assert_eq!(&out[..], b"P\0\0\0\x18s12\0SELECT $1\0\0\x01\0\0\0\x14");
        out.clear();
        execute(&mut out, 0, &[Bind::Bool(true), Bind::Null(crate::wire::Wire::Text)]);
        let bind = b"B\0\0\0\x19\0\0\0\x01\0\x01\0\x02\0\0\0\x01\x01\xff\xff\xff\xff\0\x01\0\x01";
        assert_eq!(&out[..], [&bind[..], b"E\0\0\0\x09\0\0\0\0\0"].concat());
        out.clear();
        sync(&mut out);
        query(&mut out, "COMMIT");
        assert_eq!(&out[..], b"S\0\0\0\x04Q\0\0\0\x0bCOMMIT\0");
    }
}
