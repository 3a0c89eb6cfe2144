//! Every number that the decisions assume, in one table: what it is, the range in which it is
//! plausible, and who says so. `house` marks the ones that are ours; measure and override them.

/// A number that nobody stated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// Name, kebab-case.
    pub name: &'static str,
    /// Value.
    pub value: f64,
    /// Unit; empty for a plain count or factor.
    pub unit: &'static str,
    /// Least plausible value.
    pub low: f64,
    /// Greatest plausible value.
    pub high: f64,
    /// Who says so.
    pub source: &'static str,
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $id:ident = $name:literal $value:literal $unit:literal
        in $low:literal .. $high:literal from $source:literal;)*) => {
        $($(#[$doc])* pub const $id: Number = Number {
            name: $name, value: $value, unit: $unit, low: $low, high: $high, source: $source,
        };)*
        /// The whole table.
        pub const ALL: &[Number] = &[$($id),*];
    };
}

numbers! {
    /// How far ahead volumes are planned for.
    HORIZON = "horizon" 24.0 "months" in 12.0..60.0 from "house";
    /// Multiple of the stated peak, where the model states none.
    HEADROOM = "headroom" 2.0 "x" in 1.0..10.0 from "house";
    /// Growth a year, where the model states none.
    GROWTH = "growth" 0.3 "per year" in 0.0..3.0 from "house";
    /// Peak against mean, where only a mean is stated.
    PEAK_FACTOR = "peak-factor" 4.0 "x" in 2.0..10.0 from "house";
    /// Rate of an operation that states none.
    RATE = "rate" 0.1 "per second" in 0.01..10.0 from "house";
    /// Availability, where the model states none.
    AVAILABILITY = "availability" 0.995 "share" in 0.99..0.9999 from "house";
    /// Tables up to this many rows are read whole rather than through an index.
    INDEX_ROWS = "index-rows" 1000.0 "rows" in 100.0..10000.0 from "house";
    /// Secondary indexes that a table may have.
    INDEXES_PER_TABLE = "indexes-per-table" 6.0 "indexes" in 3.0..12.0 from "house";
    /// Secondary indexes of a table with many writes.
    INDEXES_PER_BUSY_TABLE = "indexes-per-busy-table" 3.0 "indexes" in 1.0..6.0 from "house";
    /// From how many writes a second a table counts as busy.
    BUSY_WRITES = "busy-writes" 1000.0 "per second" in 300.0..3000.0 from "house";
    /// Share of a list's requests that use one given optional filter.
    FILTER_SHARE = "filter-share" 0.2 "share" in 0.05..0.6 from "house";
    /// Share of a list's requests that use one given sort that is not the default.
    SORT_SHARE = "sort-share" 0.1 "share" in 0.02..0.5 from "house";
    /// Share of the requests of a list with `search` that search.
    SEARCH_SHARE = "search-share" 0.2 "share" in 0.05..0.6 from "house";
    /// Durable writes that one PostgreSQL server of 8 cores commits.
    POSTGRESQL_WRITES = "postgresql-writes" 10_000.0 "per second" in 3_000.0..30_000.0
        from "derived from Vonng, pgtpc: 0.7 core-ms per TPC-B transaction";
    /// Writes of losable rows from which an in-memory store pays.
    VOLATILE_WRITES = "volatile-writes" 5_000.0 "per second" in 2_000.0..15_000.0
        from "house: half of POSTGRESQL_WRITES";
    /// Core time of a text search.
    SEARCH_CPU = "search-cpu" 5.0 "ms" in 1.7..50.0 from "house";
    /// Cores of the largest database node planned for.
    NODE_CORES = "node-cores" 64.0 "cores" in 8.0..192.0 from "house";
    /// Most bytes that one PostgreSQL server holds.
    POSTGRESQL_BYTES = "postgresql-bytes" 4e12 "bytes" in 1e12..1.6e13 from "house";
    /// Bytes of a row that states no size.
    ROW_BYTES = "row-bytes" 200.0 "bytes" in 50.0..1_600.0 from "house";
    /// Indexes and dead rows beside the rows.
    BLOAT = "bloat" 1.6 "x" in 1.2..3.0 from "house";
    /// Reference steps from which the client, not the server, should shape an answer.
    GRAPH_DEPTH = "graph-depth" 2.0 "references" in 1.0..4.0 from "house";
    /// Writes a second of one principal from which a stream becomes a two-way connection.
    TWO_WAY_RATE = "two-way-rate" 0.1 "per second" in 0.02..1.0 from "house";
    /// How long the first answer to an idempotency key is kept.
    IDEMPOTENCY_HOURS = "idempotency-hours" 24.0 "hours" in 1.0..168.0
        from "IETF draft-ietf-httpapi-idempotency-key-header-06; Zalando RESTful API Guidelines";
    /// Largest answer that is kept whole for an idempotency key.
    IDEMPOTENCY_BYTES = "idempotency-bytes" 4096.0 "bytes" in 1024.0..65536.0 from "house";
    /// Life of an access token.
    ACCESS_TOKEN_MINUTES = "access-token-minutes" 15.0 "minutes" in 5.0..60.0 from "house";
    /// Life of a refresh token.
    REFRESH_TOKEN_DAYS = "refresh-token-days" 7.0 "days" in 1.0..30.0 from "house";
    /// Memory of one Argon2id hash.
    ARGON2_MEMORY = "argon2-memory" 46.0 "MiB" in 19.0..128.0 from "OWASP ASVS 5.0, appendix C";
    /// Time of one Argon2id hash with that memory.
    ARGON2_TIME = "argon2-time" 50.0 "ms" in 25.0..150.0 from "house";
    /// Share of a machine's memory that password hashes may take together.
    ARGON2_SHARE = "argon2-share" 0.25 "share" in 0.1..0.5 from "house";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_lies_in_its_own_range_and_has_a_name_of_its_own() {
        for (at, number) in ALL.iter().enumerate() {
            assert!(number.low <= number.value && number.value <= number.high, "{number:?}");
            assert!(ALL.iter().skip(at + 1).all(|other| other.name != number.name), "{number:?}");
            assert!(!number.source.is_empty());
        }
    }
}
