//! The bytes of protobuf, read without a copy and written in place. What a message means is
//! elsewhere.

/// A value as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Raw<'a> {
    /// Integers, booleans, enums.
    Varint(u64),
    /// A `double`.
    Eight([u8; 8]),
    /// A `float`, which no contract of ours has.
    Four,
    /// Text, messages, packed numbers.
    Bytes(&'a [u8]),
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Groups within groups that are skipped at most.
const DEPTH: usize = 32;

/// The fields of a message, in the order in which they are written.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next field with its number; unknown groups are skipped.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Raw<'a>)>, Broken> {
        while !self.0.is_empty() {
            match self.key()? {
                (number, 3) => self.skip_group(number)?,
                (number, kind) => return Ok(Some((number, self.value(kind)?))),
            }
        }
        Ok(None)
    }

    fn key(&mut self) -> Result<(u32, u8), Broken> {
        let key = u32::try_from(self.varint()?).map_err(|_| Broken)?;
        let kind = u8::try_from(key & 7).map_err(|_| Broken)?;
        if key >> 3 == 0 { Err(Broken) } else { Ok((key >> 3, kind)) }
    }

    fn value(&mut self, kind: u8) -> Result<Raw<'a>, Broken> {
        Ok(match kind {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Eight(self.take(8)?.try_into().map_err(|_| Broken)?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                Raw::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Raw::Four
            }
            _ => return Err(Broken),
        })
    }

    fn skip_group(&mut self, number: u32) -> Result<(), Broken> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            match self.key()? {
                (number, 3) if open.len() < DEPTH => open.push(number),
                (number, 4) if number == innermost => drop(open.pop()),
                (_, 3 | 4) => return Err(Broken),
                (_, kind) => drop(self.value(kind)?),
            }
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of at most ten bytes.
    pub(crate) fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for at in 0..10_u32 {
            let (&byte, rest) = self.0.split_first().ok_or(Broken)?;
            self.0 = rest;
            if at == 9 && byte > 1 {
                return Err(Broken);
            }
            value |= u64::from(byte & 0x7F) << (7 * at);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `double` of a packed list.
    pub(crate) fn eight(&mut self) -> Result<[u8; 8], Broken> {
        self.take(8)?.try_into().map_err(|_| Broken)
    }
}

/// The last value of each of the fields 1 to `N`.
pub(crate) fn members<const N: usize>(bytes: &[u8]) -> Result<[Option<Raw<'_>>; N], Broken> {
    let mut found = [None; N];
    let mut fields = Fields::of(bytes);
    while let Some((number, value)) = fields.next()? {
        let at = usize::try_from(number).map_err(|_| Broken)?.saturating_sub(1);
        if let Some(slot) = found.get_mut(at) {
            *slot = Some(value);
        }
    }
    Ok(found)
}

/// Appends a number.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends the number of a field with the kind of its value: 0 varint, 1 eight bytes, 2 bytes.
pub(crate) fn put_key(out: &mut Vec<u8>, number: u32, kind: u8) {
    put_varint(out, (u64::from(number) << 3) | u64::from(kind));
}

/// Appends a field of bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_key(out, number, 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field of a number, unless it is zero, which an absent one means.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u32, value: i64) {
    if value != 0 {
        put_key(out, number, 0);
        put_varint(out, value.cast_unsigned());
    }
}

/// Begins a field whose length is not known yet; see [`end`].
pub(crate) fn begin(out: &mut Vec<u8>, number: u32) -> usize {
    put_key(out, number, 2);
    out.push(0);
    out.len()
}

/// Ends a field that began here: its length is put before it.
pub(crate) fn end(out: &mut Vec<u8>, from: usize) {
    let mut length = Vec::with_capacity(5);
    put_varint(&mut length, (out.len() - from) as u64);
    drop(out.splice(from - 1..from, length));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_longer_ones_are_broken() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(Fields::of(&out).varint(), Ok(value));
        }
        assert_eq!(Fields::of(&[0xFF; 10]).varint(), Err(Broken));
        assert_eq!(Fields::of(&[0x80]).varint(), Err(Broken));
    }

    #[test]
    fn what_is_no_message_is_broken() {
        // Field 0, an end without a beginning, a length beyond the end, kinds that do not exist.
        for bytes in [&[0x02, 0][..], &[0x0C], &[0x0A, 5, 1], &[0x0E], &[0x0F], &[0x09, 1]] {
            assert_eq!(Fields::of(bytes).next(), Err(Broken), "{bytes:?}");
        }
        let nested = [[0x0B; 40], [0x0C; 40]].concat();
        assert_eq!(Fields::of(&nested).next(), Err(Broken));
        assert_eq!(Fields::of(&[0x0B, 0x13, 0x18, 1, 0x14, 0x0C]).next(), Ok(None));
    }

    #[test]
    fn lengths_are_put_in_place() {
        let mut out = vec![9];
        let from = begin(&mut out, 1);
        out.extend_from_slice(&[7; 300]);
        end(&mut out, from);
        let mut fields = Fields::of(&out[1..]);
        assert_eq!(fields.next(), Ok(Some((1, Raw::Bytes(&[7; 300][..])))));
        assert_eq!(fields.next(), Ok(None));
    }
}
