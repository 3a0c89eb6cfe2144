//! Every number that the decisions assume, in one table: what it is, the range in which it is
//! plausible, and who says so. `house` marks the ones that are ours; measure and override them.
//! Decisions read them through [`crate::facts::Facts`], so that flips can move each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

mod operations;

/// A number that nobody stated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// Position in [`ALL`].
    pub(crate) index: usize,
    /// Name, kebab-case.
    pub name: &'static str,
    /// Value, unless [`Numbers`] say otherwise.
    pub default: f64,
    /// Unit; empty for a plain count or factor.
    pub unit: &'static str,
    /// Least plausible value.
    pub low: f64,
    /// Greatest plausible value.
    pub high: f64,
    /// Who says so.
    pub source: &'static str,
}

/// A value for each number of the table.
#[derive(Clone, Debug)]
pub struct Numbers {
    values: Arc<[f64]>,
    /// Where it is noted which of them were read, if anybody wants to know.
    reads: Option<Arc<Reads>>,
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self { values: ALL.iter().map(|number| number.default).collect(), reads: None }
    }
}

impl Numbers {
    /// The value of a number.
    #[must_use]
    pub fn value(&self, number: &Number) -> f64 {
        if let Some(reads) = &self.reads {
            reads.note(number);
        }
        self.values.get(number.index).copied().unwrap_or(number.default)
    }

    /// The same but for one number.
    #[must_use]
    pub fn with(&self, number: &Number, value: f64) -> Self {
        let changed = |(at, old): (usize, &f64)| if at == number.index { value } else { *old };
        let values = self.values.iter().enumerate().map(changed).collect();
        Self { values, reads: self.reads.clone() }
    }

    /// The same, noting what is read.
    pub(crate) fn noting(&self) -> (Self, Arc<Reads>) {
        let reads = Arc::new(Reads::default());
        (Self { values: self.values.clone(), reads: Some(reads.clone()) }, reads)
    }
}

/// Which numbers were read since it was last asked: what was never read cannot matter.
#[derive(Debug)]
pub(crate) struct Reads(Vec<AtomicBool>);

impl Default for Reads {
    fn default() -> Self {
        Self(ALL.iter().map(|_| AtomicBool::new(false)).collect())
    }
}

impl Reads {
    fn note(&self, number: &Number) {
        if let Some(read) = self.0.get(number.index) {
            read.store(true, Ordering::Relaxed);
        }
    }

    /// Whether each number was read, by its position in [`ALL`]; from now on it counts anew.
    pub(crate) fn take(&self) -> Vec<bool> {
        self.0.iter().map(|read| read.swap(false, Ordering::Relaxed)).collect()
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $id:ident = $name:literal $value:literal $unit:literal
        in $low:literal .. $high:literal from $source:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named like its number")]
        enum Index { $($id),* }

        $($(#[$doc])* pub const $id: Number = Number {
            index: Index::$id as usize, name: $name, default: $value, unit: $unit, low: $low, high: $high, source: $source,
        };)*
        /// The whole table.
        pub const ALL: &[Number] = &[$($id),*];
    };
}

operations::followed_by_those_of_operations! {
    /// How far ahead volumes are planned for.
    HORIZON = "horizon" 24.0 "months" in 12.0..60.0 from "house";
    /// Multiple of the stated peak, where the model states none.
    HEADROOM = "headroom" 2.0 "x" in 1.0..10.0 from "house";
    /// How far a number must be beyond its threshold to turn a decision that was accepted.
    HYSTERESIS = "hysteresis" 0.2 "share" in 0.05..0.5 from "house";
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
    /// How long a version of an API is served beside its successor.
    DEPRECATION = "deprecation" 180.0 "days" in 90.0..365.0 from "AIP-185, deprecation";
    /// The same where clients belong to others.
    PARTNER_DEPRECATION = "partner-deprecation" 730.0 "days" in 180.0..1_095.0
        from "Microsoft Graph, versioning, support and breaking change policies: 24 months";
    /// How long audit records are kept, where neither model nor law says.
    AUDIT_DAYS = "audit-days" 365.0 "days" in 90.0..2_555.0 from "house";
    /// Bytes of an audit record.
    AUDIT_BYTES = "audit-bytes" 600.0 "bytes" in 200.0..4_000.0 from "house";
    /// How long events are kept for those who read them late.
    EVENT_DAYS = "event-days" 7.0 "days" in 1.0..90.0 from "house";
    /// Changes a second that a store tells all replicas of a service by itself.
    NOTIFICATIONS = "notifications" 2_000.0 "per second" in 500.0..5_000.0 from "house";
    /// Bytes of retained events from which a log is needed that is made for it.
    LOG_RETAINED = "log-retained" 1e12 "bytes" in 2e11..1e13 from "house";
    /// Time of a consumer's partition that handling events may take.
    PARTITION_BUSY = "partition-busy" 0.7 "share" in 0.5..0.9 from "house";
    /// Time of one event within a transaction of many.
    EVENT_WORK = "event-work" 0.1 "ms" in 0.02..1.0 from "house";
    /// Attempts after which an event is set aside.
    DELIVERIES = "deliveries" 5.0 "attempts" in 3.0..20.0 from "house";
    /// Wait before an event is delivered again; it doubles.
    DELIVERY_WAIT = "delivery-wait" 1.0 "s" in 0.1..10.0 from "house";
    /// Longest wait before an event is delivered again.
    DELIVERY_WAIT_MOST = "delivery-wait-most" 300.0 "s" in 30.0..3_600.0 from "house";
    /// Bytes of a table with its indexes above which one heap is unwieldy.
    LARGE_TABLE = "large-table" 1e11 "bytes" in 2e10..5e11 from "house";
    /// Memory of the database node that is planned for; a table should not be larger.
    PLANNED_MEMORY = "planned-memory" 1.28e11 "bytes" in 3.2e10..1e12
        from "PostgreSQL documentation, table partitioning: larger than the memory of the server";
    /// Rows that fall due in a day from which deleting them one by one is too slow.
    EXPIRING_ROWS = "expiring-rows" 1e6 "rows a day" in 2e5..1e7 from "house";
    /// Bytes that one partition should have at most.
    PARTITION_BYTES = "partition-bytes" 2e10 "bytes" in 5e9..1e11 from "house";
    /// Share of the largest node that writes may take before rows go to several servers.
    SHARD_SHARE = "shard-share" 0.85 "share" in 0.6..0.95 from "house";
    /// Share of a worker's time above which writes of one row wait for each other too long.
    HOT_ROW = "hot-row" 0.6 "share" in 0.3..0.8 from "house";
    /// Popularity of rows (the exponent of Zipf's law), where the model states none.
    ZIPF = "zipf" 0.8 "" in 0.6..1.1
        from "Breslau et al. 1999, Web caching and Zipf-like distributions";
    /// Popularity of rows among writers (the exponent of Zipf's law), where the model states none:
    /// what people write is spread more evenly than what they read.
    WRITE_ZIPF = "write-zipf" 0.6 "" in 0.0..1.1 from "house";
    /// Time within a data centre, there and back.
    ZONE_TRIP = "zone-trip" 0.3 "ms" in 0.15..1.2 from "house";
    /// Database cores that a cache in the process must save.
    CACHE_CORES = "cache-cores" 0.5 "cores" in 0.1..2.0 from "house";
    /// Hit ratio of a cache in the process below which a shared one is looked at.
    LOCAL_HITS = "local-hits" 0.5 "share" in 0.2..0.8 from "house";
    /// Replicas from which a shared cache pays.
    SHARED_REPLICAS = "shared-replicas" 4.0 "replicas" in 2.0..10.0 from "house";
    /// Share of a database node that a shared cache must save.
    SHARED_SHARE = "shared-share" 0.25 "share" in 0.1..0.5 from "house";
    /// How many times slower than the shared cache the database must be.
    SHARED_FACTOR = "shared-factor" 5.0 "x" in 2.0..20.0 from "house";
    /// Cores of the database node that a cache relieves.
    CACHED_NODE = "cached-node" 8.0 "cores" in 2.0..64.0 from "house";
    /// How far the times to live of a cache differ from each other.
    CACHE_JITTER = "cache-jitter" 0.1 "share" in 0.05..0.3 from "house";
    /// When a popular item is loaded anew, as a share of its time to live.
    CACHE_REFRESH = "cache-refresh" 0.8 "share" in 0.5..0.95 from "house";
    /// Different questions that people type into a search.
    QUESTIONS = "questions" 100_000.0 "questions" in 1_000.0..1e7 from "house";
    /// Values of a filter that is neither a choice nor a reference.
    FILTER_VALUES = "filter-values" 1_000.0 "values" in 10.0..1e6 from "house";
    /// Pages of a list that are asked for.
    PAGES_READ = "pages-read" 3.0 "pages" in 1.0..20.0 from "house";
    /// Reads for each write from which a copy made for reading pays.
    READS_PER_WRITE = "reads-per-write" 20.0 "x" in 5.0..100.0 from "house";
    /// Database time of a row that is only counted or summed.
    ROW_SCAN = "row-scan" 0.5 "us" in 0.1..5.0 from "house";
    /// Share of an objective that a query may take.
    QUERY_SHARE = "query-share" 0.3 "share" in 0.1..0.6 from "house";
    /// Schemas times tables that one database holds.
    TENANT_TABLES = "tenant-tables" 20_000.0 "tables" in 5_000.0..100_000.0 from "house";
    /// Share of a database node from which a tenant gets one of its own.
    TENANT_NODE = "tenant-node" 0.5 "share" in 0.2..0.85 from "house";
    /// Share of the load from which a tenant is watched.
    TENANT_SHARE = "tenant-share" 0.3 "share" in 0.1..0.5 from "house";
    /// Life of a key that encrypts fields.
    KEY_DAYS = "key-days" 365.0 "days" in 90.0..730.0 from "house";
    /// Reference steps from which the client, not the server, should shape an answer.
    GRAPH_DEPTH = "graph-depth" 2.0 "references" in 1.0..4.0 from "house";
    /// Entities that an actor reads from which it should.
    GRAPH_ENTITIES = "graph-entities" 3.0 "entities" in 2.0..6.0 from "house";
    /// Share of reads among its requests from which it should.
    GRAPH_READS = "graph-reads" 0.8 "share" in 0.5..0.95 from "house";
    /// Longest run of one function.
    FUNCTION_MINUTES = "function-minutes" 15.0 "minutes" in 5.0..60.0
        from "AWS Lambda documentation, quotas: 900 s";
    /// Share of the contexts up to which what is audited is kept small by keeping it apart.
    AUDITED_SHARE = "audited-share" 0.34 "share" in 0.2..0.6 from "house: a third";
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
    /// Objective of an operation that states none, at p95.
    LATENCY = "latency" 200.0 "ms" in 50.0..1_000.0 from "house";
    /// People whom a team needs to run a deployable of its own.
    TEAM_LEAST = "team-least" 5.0 "people" in 3.0..8.0 from "house";
    /// People whom a rota at one place needs.
    TEAM_ROTA = "team-rota" 8.0 "people" in 5.0..10.0
        from "Beyer et al., Site Reliability Engineering, chapter 11";
    /// People from which a team that owns nothing else speaks for a deployable of its own.
    PEOPLE_TO_DIVIDE = "people-to-divide" 15.0 "people" in 8.0..30.0 from "house";
    /// Time that one deployment holds the pipeline.
    PIPELINE_MINUTES = "pipeline-minutes" 30.0 "minutes" in 5.0..60.0 from "house";
    /// Working time of a day.
    WORKING_MINUTES = "working-minutes" 480.0 "minutes" in 300.0..1_440.0 from "house";
    /// Share of the working day above which teams wait for each other's deployments.
    CONTENTION = "contention" 0.7 "share" in 0.4..0.9 from "house";
    /// How much less unavailability than others speaks for a deployable of its own.
    BUDGET_RATIO = "budget-ratio" 10.0 "x" in 3.0..30.0 from "house";
    /// Open streams that speak for a deployable of its own.
    SOCKETS = "sockets" 10_000.0 "streams" in 3_000.0..50_000.0 from "house";
    /// Requests a second to a store that no other context uses.
    OWN_STORE_RATE = "own-store-rate" 5_000.0 "per second" in 1_000.0..20_000.0 from "house";
    /// Cores from which one context's load speaks for a deployable of its own.
    BUSY_CORES = "busy-cores" 20.0 "cores" in 8.0..64.0 from "house";
    /// Share of all cores that it then takes at least.
    CPU_SHARE = "cpu-share" 0.5 "share" in 0.3..0.8 from "house";
    /// Application time of a get, update, delete or act, beside the database.
    CPU_GET = "cpu-get" 0.3 "ms" in 0.06..1.5 from "house";
    /// Application time of a page of a list.
    CPU_LIST = "cpu-list" 0.8 "ms" in 0.16..4.0 from "house";
    /// Application time of a write.
    CPU_WRITE = "cpu-write" 0.6 "ms" in 0.12..3.0 from "house";
    /// Peak against mean above which functions that run on demand pay.
    SERVERLESS_PEAK = "serverless-peak" 20.0 "x" in 10.0..50.0 from "house";
    /// Objective at p95 that bears their cold starts.
    SERVERLESS_LATENCY = "serverless-latency" 500.0 "ms" in 200.0..2_000.0 from "house";
    /// p99 of the time until an event is applied elsewhere.
    EVENT_LAG = "event-lag" 1.0 "s" in 0.1..10.0 from "house";
    /// What `stale` must leave beyond that.
    LAG_MARGIN = "lag-margin" 1.0 "s" in 0.1..5.0 from "house";
    /// Deployables that a chain of synchronous calls may cross.
    SYNC_DEPTH = "sync-depth" 2.0 "crossings" in 1.0..4.0 from "house";
    /// How long a write holds its rows.
    WRITE_HOLD = "write-hold" 4.0 "ms" in 1.3..20.0 from "house";
    /// How long one transaction may hold rows.
    TRANSACTION_HOLD = "transaction-hold" 100.0 "ms" in 30.0..500.0 from "house";
    /// Participants up to which events alone keep a flow readable.
    CHOREOGRAPHY_PARTICIPANTS = "choreography-participants" 2.0 "contexts" in 2.0..4.0
        from "house";
    /// Deadline of a request as a multiple of its objective.
    DEADLINE_FACTOR = "deadline-factor" 5.0 "x" in 2.0..10.0 from "house";
    /// Shortest deadline.
    DEADLINE_LEAST = "deadline-least" 1.0 "s" in 0.3..3.0 from "house";
    /// Longest deadline.
    DEADLINE_MOST = "deadline-most" 10.0 "s" in 5.0..60.0 from "house";
    /// Median of an external call that states no times.
    EXTERNAL_P50 = "external-p50" 200.0 "ms" in 20.0..1_000.0 from "house";
    /// p99 of an external call that states no times.
    EXTERNAL_P99 = "external-p99" 1_000.0 "ms" in 100.0..10_000.0 from "house";
    /// Share of the unavailability budget that timeouts of good answers may spend.
    FALSE_TIMEOUTS = "false-timeouts" 0.1 "share" in 0.02..0.5 from "house";
    /// Share of the unavailability budget that full bulkheads may spend.
    TURNED_AWAY = "turned-away" 0.1 "share" in 0.02..0.5 from "house";
    /// Most good answers cut off by a timeout where a retry follows.
    FALSE_TIMEOUTS_MOST = "false-timeouts-most" 0.001 "share" in 0.0001..0.01
        from "Amazon Builders' Library, Timeouts, retries and backoff with jitter";
    /// Attempts of a call, the first included.
    ATTEMPTS = "attempts" 3.0 "attempts" in 1.0..5.0
        from "Beyer et al., Site Reliability Engineering, chapter 21";
    /// Retries of a client, as a share of its calls.
    RETRY_BUDGET = "retry-budget" 0.1 "share" in 0.05..0.3
        from "Beyer et al., Site Reliability Engineering, chapter 21";
    /// Wait before the first retry, at most; it doubles with each.
    RETRY_BASE = "retry-base" 100.0 "ms" in 20.0..500.0 from "house";
    /// Longest wait before a retry, as a share of the deadline.
    BACKOFF_CAP = "backoff-cap" 0.25 "share" in 0.1..0.5 from "house";
    /// What a breaker looks back on.
    BREAKER_WINDOW = "breaker-window" 10.0 "s" in 5.0..60.0 from "house";
    /// Calls that it must have seen.
    BREAKER_CALLS = "breaker-calls" 20.0 "calls" in 10.0..100.0 from "house";
    /// Share of failures at which it opens.
    BREAKER_FAILURES = "breaker-failures" 0.5 "share" in 0.2..0.8
        from "Resilience4j, CircuitBreakerConfig: default 50 %";
    /// How long it stays open.
    BREAKER_OPEN = "breaker-open" 15.0 "s" in 5.0..60.0 from "house";
    /// Calls that it then lets through to see.
    BREAKER_PROBES = "breaker-probes" 5.0 "calls" in 1.0..10.0 from "house";
    /// Failures one after another that open it where calls are rare.
    BREAKER_IN_A_ROW = "breaker-in-a-row" 5.0 "failures" in 3.0..10.0 from "house";
    /// Share of an external's limit that is used.
    LIMIT_SHARE = "limit-share" 0.9 "share" in 0.7..1.0 from "house";
    /// Window of an objective.
    SLO_WINDOW = "slo-window" 30.0 "days" in 7.0..90.0
        from "Beyer et al., The Site Reliability Workbook, chapter 5";
    /// Bad requests that an alert must be able to see in its window.
    BAD_EVENTS = "bad-events" 10.0 "requests" in 3.0..30.0 from "house";
    /// Time between probes where there are too few requests.
    PROBE_INTERVAL = "probe-interval" 10.0 "s" in 5.0..60.0 from "house";
    /// Failures a day that open a ticket where nothing else sees them.
    TICKET_FAILURES = "ticket-failures" 3.0 "failures" in 1.0..10.0 from "house";
    /// How far consumers, or replicas without a stated recovery point, may be behind before
    /// somebody is told.
    ALERT_LAG = "alert-lag" 60.0 "s" in 10.0..600.0 from "house";
    /// People of one team up to which few entities are one context.
    SMALL_TEAM = "small-team" 8.0 "people" in 5.0..12.0 from "house";
    /// Entities from which a small team's model may be divided.
    FEW_ENTITIES = "few-entities" 12.0 "entities" in 8.0..20.0 from "house";
    /// People for each context, at least.
    PEOPLE_PER_CONTEXT = "people-per-context" 3.0 "people" in 2.0..5.0 from "house";
    /// Share of the others that refer to an entity, above which it says nothing about who belongs
    /// together.
    HUB_SHARE = "hub-share" 0.4 "share" in 0.25..0.6 from "house";
    /// Tie of a reference.
    TIE_REFERENCE = "tie-reference" 1.0 "" in 0.5..3.0
        from "Service Cutter, semantic proximity: aggregation";
    /// Tie of being written by one operation.
    TIE_WRITTEN = "tie-written" 10.0 "" in 5.0..10.0
        from "Service Cutter, semantic proximity: written together";
    /// Tie of being read, or read and written, by one operation.
    TIE_READ = "tie-read" 3.0 "" in 1.0..5.0
        from "Service Cutter, semantic proximity: read together";
    /// Tie of a flow that goes through both.
    TIE_FLOW = "tie-flow" 1.0 "" in 0.0..3.0 from "house";
    /// Multiple of a reference by which a parent owns its child.
    TIE_OWNED = "tie-owned" 2.0 "x" in 1.0..6.0 from "house: measured, docs/design/boundaries.md";
    /// Power of the number of entities that refer to one, or read it, by which each such tie is
    /// divided: 0 not at all, 1 in full.
    TIE_DAMPING = "tie-damping" 0.5 "power" in 0.0..1.0
        from "house: measured, docs/design/boundaries.md";
    /// Tie of being written by the same actors.
    TIE_ACTORS = "tie-actors" 3.0 "" in 1.0..10.0 from "house: shared owner of Service Cutter";
    /// Tie of an entity to all whose names begin with the same word.
    TIE_NAMES = "tie-names" 3.0 "" in 0.0..6.0 from "house: measured, docs/design/boundaries.md";
    /// Tie of an entity to all whose names share a word that is not the first of both.
    TIE_WORDS = "tie-words" 1.0 "" in 0.0..3.0 from "house: measured, docs/design/boundaries.md";
    /// What is left of such a tie at each place further on in a name.
    WORD_STEP = "word-step" 0.5 "share" in 0.1..1.0
        from "house: measured, docs/design/boundaries.md";
    /// Share of all names that begin with a word, above which the word says nothing.
    COMMON_WORD = "common-word" 0.8 "share" in 0.5..1.0 from "house";
    /// What one point of difference in a characteristic takes off a tie.
    TIE_MISMATCH = "tie-mismatch" 0.2 "" in 0.0..1.0
        from "house; the points are those of Service Cutter, data.sql";
    /// How much more than chance must hold a group together.
    RESOLUTION = "resolution" 1.0 "x" in 0.5..2.0
        from "Newman and Girvan 2004, Finding and evaluating community structure in networks";
    /// Share of one context's writes that need a write of another, from which the two are one.
    MERGE_SHARE = "merge-share" 0.5 "share" in 0.3..0.8 from "house";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_lies_in_its_own_range_and_has_a_name_of_its_own() {
        for (at, number) in ALL.iter().enumerate() {
            assert!(number.low <= number.default && number.default <= number.high, "{number:?}");
            assert!(ALL.iter().skip(at + 1).all(|other| other.name != number.name), "{number:?}");
            assert!(!number.source.is_empty());
            assert_eq!(number.index, at);
        }
    }
}
