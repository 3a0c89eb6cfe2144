//! How transactions begin.

use std::fmt::Write as _;
use std::time::Instant;

use runtime::store::Terms;

use crate::catalog::Catalog;
use crate::pool::Held;

/// What opens a transaction that reads one snapshot.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// What opens a transaction that writes.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// The same where rules ask about rows that nobody can lock, because they may not be there yet.
const SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// What opens a transaction on these terms, in one message; whom it is for follows.
pub(crate) fn opening(held: &Held, catalog: &Catalog, terms: Terms, writes: bool) -> String {
    let begin = match (writes, catalog.serializable) {
        (false, _) => READ,
        (true, false) => WRITE,
        (true, true) => SERIALIZABLE,
    };
    let mut sql = begin.to_owned();
    // Writing to a string cannot fail.
    if let Some(each_time) = held.pool().each_time() {
        let _ = write!(sql, "; {each_time}");
    }
    // A read that nobody waits for any more is cancelled with its future.
    if let Some(deadline) = terms.deadline.filter(|_| writes) {
        let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
        let _ = write!(sql, "; SET LOCAL statement_timeout = {left}");
    }
    sql
}
