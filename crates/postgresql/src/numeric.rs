//! PostgreSQL's `numeric` as it travels: digits to the base 10,000.

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;

const BASE: u128 = 10_000;
const NEGATIVE: u16 = 0x4000;

/// Writes a decimal.
pub(crate) fn write(number: &Decimal, out: &mut BytesMut) {
    let scale = number.scale();
    let mut rest = number.mantissa().unsigned_abs();
    // The fraction fills whole digits.
    let missing = (4 - scale % 4) % 4;
    let fraction_digits = scale.div_ceil(4);
    let mut digits = [0i16; 12];
    let mut count = 0;
    if missing > 0 {
        let unit = 10u128.pow(4 - missing);
        let last = rest % unit * 10u128.pow(missing);
        rest /= unit;
        push(&mut digits, &mut count, last);
    }
    while rest > 0 {
        push(&mut digits, &mut count, rest % BASE);
        rest /= BASE;
    }
    let used = digits.get(..count).unwrap_or_default();
    let zeros = used.iter().take_while(|digit| **digit == 0).count();
    let significant = used.get(zeros..).unwrap_or_default();
    let weight =
        i32::try_from(count).unwrap_or(0) - i32::try_from(fraction_digits).unwrap_or(0) - 1;
    out.put_i16(i16::try_from(significant.len()).unwrap_or(0));
    out.put_i16(if significant.is_empty() { 0 } else { i16::try_from(weight).unwrap_or(0) });
    let negative = number.is_sign_negative() && !significant.is_empty();
    out.put_u16(if negative { NEGATIVE } else { 0 });
    out.put_i16(i16::try_from(scale).unwrap_or(0));
    for digit in significant.iter().rev() {
        out.put_i16(*digit);
    }
}

fn push(digits: &mut [i16; 12], count: &mut usize, digit: u128) {
    if let (Some(place), Ok(digit)) = (digits.get_mut(*count), i16::try_from(digit)) {
        *place = digit;
        *count += 1;
    }
}

/// Reads a decimal; `None` for what none can hold.
pub(crate) fn read(bytes: &[u8]) -> Option<Decimal> {
    let word = |at: usize| Some(i16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let (count, weight, sign, scale) = (word(0)?, word(2)?, word(4)?, word(6)?);
    if sign != 0 && sign != i16::try_from(NEGATIVE).ok()? {
        return None;
    }
    let mut mantissa = 0i128;
    for at in 0..usize::try_from(count).ok()? {
        mantissa = mantissa.checked_mul(10_000)?.checked_add(i128::from(word(8 + 2 * at)?))?;
    }
    // The last digit stands for 10,000 to the power of this.
    let exponent = 4 * (i32::from(weight) - i32::from(count) + 1);
    let shift = exponent + i32::from(scale);
    let power = 10i128.checked_pow(shift.unsigned_abs())?;
    let mantissa = if shift >= 0 { mantissa.checked_mul(power)? } else { mantissa / power };
    let mantissa = if sign == 0 { mantissa } else { -mantissa };
    Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_comes_back() {
        let texts = [
            "0",
            "0.00",
            "1",
            "-1",
            "10000",
            "9999",
            "0.1",
            "-0.0001",
            "0.00001",
            "123456.789",
            "100000000.00",
            "-79228162514264337593543950335",
            "0.0000000000000000000000000001",
            "12345678901234567890.12345678",
        ];
        for text in texts {
            let number: Decimal = text.parse().unwrap();
            let mut out = BytesMut::new();
            write(&number, &mut out);
            assert_eq!(read(&out).map(|read| read.to_string()), Some(text.to_owned()));
        }
    }
}
