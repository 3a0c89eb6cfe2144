//! Time and new ids.

/// Microseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A new `UUIDv7`: ids rise with time, so that new rows lie together.
pub(crate) fn new_id() -> u128 {
    uuid::Uuid::now_v7().as_u128()
}
