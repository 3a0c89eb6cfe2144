//! `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10, structured fields
//! of RFC 9651).

use std::fmt::Write as _;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::{Quota, Told};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Tells a caller what it has left.
pub(in crate::http) fn tell(headers: &mut HeaderMap, told: &Told<'_>) {
    headers.insert(POLICY, told.policy.clone());
    let (name, level) = (told.name, &told.level);
    let text = format!("\"{name}\";r={};t={}", level.left, seconds(level.refilled));
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(LIMIT, value);
    }
}

/// Whole seconds, rounded up: whoever waits as long does not come too early.
pub(super) fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// `"caller";q=50;w=10, "address";q=500;w=10`.
pub(super) fn policy(quotas: &[(&str, Quota)]) -> HeaderValue {
    let mut text = String::new();
    for (name, quota) in quotas {
        let comma = if text.is_empty() { "" } else { ", " };
        let window = seconds(quota.window()).max(1);
        let _ = write!(text, "{comma}\"{name}\";q={};w={window}", quota.burst());
    }
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_lists_of_structured_fields() {
        let quotas = [("caller", Quota::new(5.0, 50.0)), ("address", Quota::new(0.3, 1.0))];
        assert_eq!(policy(&quotas), r#""caller";q=50;w=10, "address";q=1;w=4"#);
    }
}
