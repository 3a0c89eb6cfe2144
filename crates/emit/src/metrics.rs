//! The numbers that rules and dashboards read: their names stand here once, with who exposes them.
//! A test of the runtime holds what it exposes against this list.

/// Who exposes a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposed {
    /// Every backend that this program runs, on `/metrics`.
    Runtime,
    /// A program beside it.
    By(&'static str),
    /// Nobody yet: the runtime lacks the part that would.
    Later(&'static str),
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Name of the series.
    pub name: &'static str,
    /// Its labels, besides `job` and `instance`.
    pub labels: &'static [&'static str],
    /// Who exposes it.
    pub exposed: Exposed,
}

macro_rules! metrics {
    ($($id:ident = $name:literal [$($label:literal),*] $exposed:expr;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub const $id: Metric =
                Metric { name: $name, labels: &[$($label),*], exposed: $exposed };
        )*
        /// All of them.
        pub const ALL: &[Metric] = &[$($id),*];
    };
}

use Exposed::{By, Later, Runtime};

metrics! {
    REQUESTS = "http_server_requests_total" ["operation", "status"] Runtime;
    SLOW_REQUESTS = "http_server_slow_requests_total" ["operation"] Runtime;
    DURATION_BUCKET = "http_server_request_duration_seconds_bucket" ["operation", "le"] Runtime;
    IN_FLIGHT = "http_server_requests_in_flight" [] Runtime;
    IN_FLIGHT_LIMIT = "http_server_requests_limit" [] Runtime;
    SHED = "http_server_shed_total" [] Runtime;
    PANICS = "http_server_panics_total" [] Runtime;
    CONNECTIONS = "http_server_connections" [] Runtime;
    CPU = "process_cpu_seconds_total" [] Runtime;
    CORES = "process_available_cores" [] Runtime;
    MEMORY = "process_resident_memory_bytes" [] Runtime;
    OUTBOX_EVENTS = "outbox_events" [] Runtime;
    OUTBOX_AGE = "outbox_oldest_event_seconds" [] Runtime;
    CALLS_WAITING = "durable_calls_waiting" [] Runtime;
    CALLS_LATE = "durable_calls_late_seconds" [] Runtime;
    CALLS_FAILING = "durable_calls_failing" [] Runtime;
    EXTERNAL_CALLS = "external_calls_total" ["external", "operation", "outcome"] Runtime;
    DEAD_LETTERS = "dead_letter_events" ["event"] Later("delivery of events");
    PROBE = "probe_success" [] By("the blackbox exporter");
    PROBE_SECONDS = "probe_duration_seconds" [] By("the blackbox exporter");
    UP = "up" [] By("Prometheus");
    NATS_PENDING = "jetstream_consumer_num_pending" ["stream_name", "consumer_name"]
        By("the NATS exporter, with -jsz=all");
    KAFKA_LAG = "kafka_consumergroup_lag" ["consumergroup", "topic"] By("the Kafka exporter");
    RABBITMQ_READY = "rabbitmq_queue_messages_ready" ["queue"] By("RabbitMQ");
    STORE_UP = "pg_up" [] By("the PostgreSQL exporter");
    STORE_CONNECTIONS = "pg_stat_activity_count" ["datname", "state"] By("the PostgreSQL exporter");
    STORE_CONNECTIONS_MOST = "pg_settings_max_connections" [] By("the PostgreSQL exporter");
    STORE_LAG = "pg_replication_lag_seconds" [] By("the PostgreSQL exporter");
    STORE_BYTES = "pg_database_size_bytes" ["datname"] By("the PostgreSQL exporter");
}
