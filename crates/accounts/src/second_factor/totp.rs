//! Time-based one-time codes (RFC 6238) as the apps of phones make them: HMAC-SHA-1, six digits, a
//! new one every 30 seconds. Those three are what all of them understand.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _, digest::KeyInit};
use sha1::Sha1;

use crate::clock::SECOND;

/// Seconds for which a code is shown.
pub(super) const STEP: i64 = 30;
/// Digits of a code.
pub(super) const DIGITS: usize = 6;
/// Bytes of a secret: as many as the hash has (RFC 4226, section 4, R6).
pub(super) const SECRET: usize = 20;
/// Steps before and after the present one whose codes are good as well: clocks differ, and people
/// type (RFC 6238, section 5.2).
const DRIFT: i64 = 1;

/// The step of a time in microseconds since the Unix epoch.
const fn step(now: i64) -> i64 {
    now.div_euclid(STEP * SECOND)
}

/// The code of a step (RFC 4226, section 5.3).
fn code(secret: &[u8; SECRET], step: i64) -> String {
    // A key of exactly one block, which HMAC takes without a way to fail.
    let mut block = [0; 64];
    block.iter_mut().zip(secret).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha1> as KeyInit>::new(&block.into());
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(digest[19] & 0x0f);
    let bits = digest.iter().skip(at).take(4).fold(0, |all, byte| (all << 8) | u32::from(*byte));
    format!("{:06}", (bits & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code this is, if it is one that is good now and later than the last that was
/// used: a code is good once (RFC 6238, section 5.2).
pub(super) fn used(secret: &[u8; SECRET], given: &str, last: i64, now: i64) -> Option<i64> {
    let now = step(now);
    let mut found = None;
    // All are computed: how long it takes tells nothing.
    for step in now - DRIFT..=now + DRIFT {
        if crate::secret::equal(&code(secret, step), given) && step > last {
            found = Some(step);
        }
    }
    found
}

/// What apps read (the key URI format that all of them share).
pub(super) fn uri(secret: &str, system: &str, login: &str) -> String {
    let escape = |text: &str| -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let (system, login) = (escape(system), escape(login));
    format!(
        "otpauth://totp/{system}:{login}?secret={secret}&issuer={system}\
         &algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
}

/// In base32 without padding (RFC 4648, section 6).
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            let digit = (bits >> count) & 31;
            text.push(char::from(ALPHABET[digit as usize]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[((bits << (5 - count)) & 31) as usize]));
    }
    text
}

/// A secret as it is kept, inside of what is sealed.
pub(super) fn written(secret: &[u8; SECRET]) -> String {
    STANDARD.encode(secret)
}

/// What [`written`] wrote.
pub(super) fn read(text: &[u8]) -> Option<[u8; SECRET]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standards() {
        let secret = *b"12345678901234567890";
        // RFC 4226, appendix D.
        for (count, expected) in
            ["755224", "287082", "359152", "969429", "338314"].iter().enumerate()
        {
            assert_eq!(code(&secret, count as i64), *expected);
        }
        // RFC 6238, appendix B, the last six of its eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(&secret, step(seconds * SECOND)), expected);
        }
    }

    #[test]
    fn a_code_is_good_for_its_time_and_once() {
        let secret = *b"12345678901234567890";
        let now = 1_111_111_109 * SECOND;
        let step = step(now);
        assert_eq!(used(&secret, "081804", -1, now), Some(step));
        assert_eq!(used(&secret, "081804", step, now), None);
        assert_eq!(used(&secret, "081804", -1, now + STEP * SECOND), Some(step));
        assert_eq!(used(&secret, "081804", -1, now + 2 * STEP * SECOND), None);
        assert_eq!(used(&secret, "081804", -1, now - 2 * STEP * SECOND), None);
        assert_eq!(used(&secret, "", -1, now), None);
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        // RFC 4648, section 10.
        for (text, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), expected);
        }
        let uri = uri("ABC", "My Shop & Co", "anna+1@example.com");
        assert!(uri.starts_with("otpauth://totp/My%20Shop%20%26%20Co:anna%2B1%40example.com?"));
    }
}
