//! W3C trace context: which requests belong together.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Hands out identifiers that are unlikely to repeat: not secret, but cheap.
#[derive(Debug)]
pub struct TraceIds {
    next: AtomicU64,
}

impl Default for TraceIds {
    /// Starts anywhere.
    fn default() -> Self {
        Self { next: AtomicU64::new(RandomState::new().build_hasher().finish()) }
    }
}

impl TraceIds {
    /// A number that is not zero: a Weyl sequence through the finaliser of SplitMix64.
    pub fn next(&self) -> u64 {
        mixed(self.next.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed))
    }
}

/// The finaliser of SplitMix64; never zero.
pub(super) const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    if z == 0 { 1 } else { z }
}

/// The trace that a request is part of, and this server's span in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Shared by everything that one request causes.
    pub trace: u128,
    /// This server's part.
    pub span: u64,
    /// The client's part, which this is a part of; 0 where the trace begins here.
    pub parent: u64,
    /// The flags that the client sent; not sampled where it sent none.
    pub flags: u8,
}

impl TraceContext {
    /// Continues the trace of a valid `traceparent`, else begins one.
    #[must_use]
    pub fn of(traceparent: Option<&str>, ids: &TraceIds) -> Self {
        let span = ids.next();
        if let Some((trace, parent, flags)) = traceparent.and_then(parse) {
            return Self { trace, span, parent, flags };
        }
        let trace = (u128::from(ids.next()) << 64) | u128::from(ids.next());
        Self { trace, span, parent: 0, flags: 0 }
    }

    /// Whether everything that belongs to the trace is kept.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// The trace as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> [u8; 32] {
        let mut digits = [0; 32];
        let mut left = self.trace;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789abcdef"[(left & 0xF) as usize];
            left >>= 4;
        }
        digits
    }

    /// The `traceparent` to hand on.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// Trace, parent and flags of `00-{32 hex}-{16 hex}-{2 hex}`; later versions may have more behind it.
fn parse(text: &str) -> Option<(u128, u64, u8)> {
    let mut parts = text.splitn(5, '-');
    let mut part = |length: usize| {
        let part = parts.next()?;
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        (part.len() == length && part.bytes().all(hex)).then_some(part)
    };
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let more = parts.next().is_some();
    let trace = u128::from_str_radix(trace, 16).ok().filter(|&trace| trace != 0)?;
    let span = u64::from_str_radix(span, 16).ok()?;
    if span == 0 || version == "ff" || (version == "00" && more) {
        return None;
    }
    Some((trace, span, u8::from_str_radix(flags, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_traces_are_continued_and_others_replaced() {
        let ids = TraceIds::default();
        let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let continued = TraceContext::of(Some(given), &ids);
        assert_eq!(continued.traceparent()[..36], given[..36]);
        assert_ne!(continued.traceparent(), given);
        assert_eq!(continued.trace_id(), given.as_bytes()[3..35]);
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for bad in [zero, "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "", "a-b-c-d"]
        {
            assert_eq!(TraceContext::of(Some(bad), &ids).flags, 0, "{bad}");
        }
        assert_ne!(TraceContext::of(None, &ids).trace, TraceContext::of(None, &ids).trace);
    }
}
