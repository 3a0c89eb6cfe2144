//! All families of decisions with their options, simplest first: what `decisions:` of a model may
//! name, whether the family is built yet or not.

use base::did_you_mean;

/// What a family is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The whole system; the subject is written `system`.
    System,
    /// Each of these, by name.
    Named(&'static str),
}

/// An option of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Name, kebab-case.
    pub name: &'static str,
    /// What it is, in a few words.
    pub what: &'static str,
    /// Complexity points: 1 a store technology or cache layer, 2 a broker or deployable, 3 a
    /// transaction across services (house figures).
    pub price: u32,
    /// Whether the runtime can run it.
    pub runnable: bool,
}

/// A kind of decision.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Name, kebab-case.
    pub name: &'static str,
    /// What it is asked about.
    pub subject: Subject,
    /// The options, simplest first; empty where the answer is numbers or free text.
    pub choices: &'static [Choice],
}

impl Family {
    /// The option of that name.
    #[must_use]
    pub fn choice(&self, name: &str) -> Option<&'static Choice> {
        self.choices.iter().find(|choice| choice.name == name)
    }
}

/// The family of that name.
#[must_use]
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// The family whose name is nearest.
#[must_use]
pub fn nearest_family(name: &str) -> Option<&'static str> {
    did_you_mean(name, FAMILIES.iter().map(|family| family.name))
}

/// The position of a family in the catalogue; those that are not in it come last.
#[must_use]
pub fn position(name: &str) -> usize {
    FAMILIES.iter().position(|family| family.name == name).unwrap_or(FAMILIES.len())
}

macro_rules! subject {
    (system) => {
        Subject::System
    };
    ($name:literal) => {
        Subject::Named($name)
    };
}

macro_rules! families {
    ($($name:literal $subject:tt {
        $($choice:literal $what:literal $price:literal $($runs:ident)?;)*
    })*) => {
        /// The whole catalogue, in its order.
        pub const FAMILIES: &[Family] = &[$(Family {
            name: $name,
            subject: subject!($subject),
            choices: &[$(Choice {
                name: $choice, what: $what, price: $price, runnable: runs!($($runs)?),
            }),*],
        }),*];
    };
}

macro_rules! runs {
    () => {
        false
    };
    (runs) => {
        true
    };
}

// name subject { option "what it is" price [runs]; }
families! {
    "style" system {
        "monolith" "one process, one context" 0 runs;
        "modular-monolith" "one process, contexts kept apart inside it" 0 runs;
        "hybrid" "a modular monolith and some services" 2;
        "microservices" "a deployable for each context" 4;
        "serverless" "functions that run on demand" 2;
    }
    "boundary" "context" {
        "keep" "the context stays as the model has it" 0 runs;
        "merge" "joined with another context" 0;
        "split" "divided into several contexts" 0 runs;
    }
    "service" "context" {
        "shared" "shares a deployable with others" 0 runs;
        "own" "a deployable of its own" 2;
    }
    "paradigm" "actor x context" {
        "rest" "resources over HTTP" 0 runs;
        "graphql" "a graph that the client selects from" 1 runs;
        "grpc" "typed calls between services" 1 runs;
        "websocket" "a two-way connection" 1;
        "sse" "server-sent events" 0;
        "queue" "messages, no answer" 2;
    }
    "versioning" "api" {
        "path" "a major version in the path" 0 runs;
        "header" "a version in a header" 0;
        "none" "no version" 0;
    }
    "link" "context -> context" {
        "in-process" "a function call" 0 runs;
        "copy" "a copy kept up to date by events" 1;
        "sync" "a call over the network" 1;
        "async" "a command that needs no answer" 2;
    }
    "saga" "flow" {
        "transaction" "one transaction" 0 runs;
        "choreography" "each participant reacts to events" 2;
        "orchestration" "one durable process drives the steps" 1;
    }
    "broker" system {
        "none" "in process, from the outbox" 0 runs;
        "nats-jetstream" "NATS with JetStream" 2;
        "kafka" "Apache Kafka" 2;
        "rabbitmq" "RabbitMQ" 2;
        "sqs" "Amazon SQS" 2;
    }
    "delivery" "event" {
        "unordered" "no order" 0;
        "single" "one ordered stream" 0;
        "partitioned" "ordered by key, spread over partitions" 0;
    }
    "store" "context" {
        "postgresql" "one relational database" 0 runs;
        "redis" "PostgreSQL, and Redis for what may be lost" 1;
        "document" "a document store" 1;
        "search-engine" "PostgreSQL, and a search engine" 1;
        "time-series" "a time series database" 1;
        "object-store" "PostgreSQL, and an object store for files" 1;
    }
    "key" "entity" {
        "uuidv7" "UUID version 7: ordered by time, made anywhere" 0 runs;
        "natural" "fields of the entity" 0;
        "sequence" "a counter" 0;
        "uuidv4" "a random UUID" 0;
    }
    "money" "entity" {
        "decimal" "a decimal amount with its currency" 0 runs;
        "minor-units" "an integer of the smallest coin" 0;
    }
    "deletion" "entity" {
        "hard" "the row is removed" 0 runs;
        "soft" "the row is marked" 0 runs;
    }
    "audit" "entity" {
        "none" "nothing is recorded" 0 runs;
        "writes" "who wrote what" 0 runs;
        "all" "reads as well" 0 runs;
    }
    "index" "operation" {
        "none" "the table is read" 0 runs;
        "unique" "a unique key that is there anyway" 0 runs;
        "b-tree" "columns in order" 0 runs;
        "partial" "columns in order, of some rows" 0 runs;
        "full-text" "words of text" 0 runs;
        "trigram" "parts of words" 0;
        "geo" "places" 0;
        "covering" "an index that holds the answer" 0;
    }
    "partitioning" "entity" {
        "none" "one table" 0 runs;
        "time" "by time" 1;
        "hash" "by key" 1;
        "tenant" "by tenant" 1;
    }
    "replicas" "store" {
        "none" "one server" 0 runs;
        "standby" "one server and a standby" 0 runs;
        "read-replicas" "servers to read from" 1;
    }
    "read-model" "operation" {
        "none" "the tables are read" 0 runs;
        "materialised-view" "a view refreshed from time to time" 1;
        "projection" "a table kept by events" 1;
        "event-sourcing" "events are what is stored" 3;
    }
    "cache" "operation" {
        "none" "no cache" 0 runs;
        "http" "browsers and content delivery networks" 1 runs;
        "l1" "in the process" 1 runs;
        "l2" "Redis beside the processes" 1 runs;
    }
    "authentication" "actor" {
        "none" "nobody is asked" 0 runs;
        "session" "a session cookie" 0 runs;
        "jwt" "a short signed token, renewed by a rotating one" 0 runs;
        "api-key" "a key, of which only a hash is stored" 0 runs;
        "mtls" "a client certificate" 1 runs;
        "service-token" "a short signed token of a service" 0 runs;
    }
    "password-hash" system {
        "argon2id" "Argon2id" 0 runs;
        "scrypt" "scrypt" 0;
        "bcrypt" "bcrypt" 0;
        "pbkdf2" "PBKDF2 with SHA-256" 0;
    }
    "authorisation" "operation" {
        "public" "everyone" 0 runs;
        "role" "who the caller is" 0 runs;
        "attribute" "what the caller has to do with the row" 0 runs;
        "both" "by role for some actors, by attribute for others" 0 runs;
        "system" "the system alone" 0 runs;
    }
    "tenancy" system {
        "none" "one tenant" 0 runs;
        "pool" "shared tables with row-level security" 0 runs;
        "bridge" "a schema for each tenant" 1;
        "silo" "a database for each tenant" 2;
    }
    "resilience" "caller -> callee" {
        "timeout" "a timeout" 0;
        "retry" "a timeout and retries" 0;
        "breaker" "a timeout, retries and a circuit breaker" 0;
        "fallback" "all of it, and a fallback" 0;
    }
    "idempotency" "operation" {
        "natural" "repeating it changes nothing more" 0 runs;
        "key" "a key of the caller; the first answer is kept" 0 runs;
    }
    "rate-limit" "actor x api" {
        "token-bucket" "tokens refilled at a rate" 0 runs;
        "none" "no limit" 0 runs;
    }
    "availability" "service" {
        "single" "one replica" 0 runs;
        "replicated" "several replicas" 0;
        "zones" "several replicas in several zones" 1;
    }
    "recovery" "store" {
        "backup" "backups and a log to replay" 0 runs;
        "pilot-light" "a store kept ready elsewhere" 1;
        "warm-standby" "a small copy of everything elsewhere" 2;
        "active-active" "everything twice" 3;
    }
    "region" system {
        "one" "one region" 0 runs;
        "active-passive" "a second region waits" 2;
        "active-active" "several regions serve" 4;
    }
    "capacity" "service or store" {
        "fixed" "as much as the stated peak takes" 0 runs;
        "autoscaled" "replicas come and go with the load" 1;
        "pooled" "a pooler in front of the store" 1 runs;
    }
    "slo" "operation" {
        "burn-rate" "alerts by how fast the error budget burns" 0 runs;
        "ticket" "too little traffic for alerts: counted by the day" 0 runs;
    }
    "encryption" "field" {
        "at-rest" "the disk is encrypted" 0;
        "field" "each value is encrypted" 1;
        "vault" "the value is kept in a vault" 1;
    }
    "secrets" system {
        "environment" "environment or files" 0 runs;
        "vault" "a vault" 1;
    }
    "retention" "entity" {
        "keep" "rows stay" 0 runs;
        "delete" "rows are removed" 0 runs;
        "anonymise" "personal data is emptied" 0 runs;
        "archive" "rows move to an archive" 1 runs;
    }
    "asvs" system {
        "l1" "OWASP ASVS level 1" 0;
        "l2" "OWASP ASVS level 2" 0;
        "l3" "OWASP ASVS level 3" 0;
    }
    "deployment" system {
        "systemd" "a process of the operating system" 0 runs;
        "containers" "containers" 1;
        "kubernetes" "Kubernetes" 2;
    }
    "rollout" system {
        "phases" "core, scale, hardening" 0;
        "strangler" "routes move from the old system one after another" 1;
    }
    "concurrency" "entity" {
        "row-lock" "writes wait for each other" 0 runs;
        "slots" "a hot row is spread over several" 1;
        "queue" "writes are queued" 1;
    }
    "telemetry" system {
        "metrics" "metrics and logs" 0 runs;
        "traces" "metrics, logs and sampled traces" 1 runs;
    }
    "edge" system {
        "none" "the process itself" 0 runs;
        "gateway" "a gateway" 1;
        "cdn" "a content delivery network" 1;
        "mesh" "a service mesh" 2;
    }
    "stack" system {
        "interpreted" "the model is the program" 0 runs;
        "jvm" "Java, Kotlin or Scala" 0;
        "dotnet" "C# or F#" 0;
        "go" "Go" 0;
        "rust" "Rust" 0;
        "node" "TypeScript or JavaScript" 0;
        "python" "Python" 0;
        "ruby" "Ruby" 0;
        "php" "PHP" 0;
        "elixir" "Elixir" 0;
    }
    "headroom-gap" system {
        "reachable" "the headroom can be reached" 0;
        "gap" "it cannot, and this stops it" 0;
    }
    "cap" "store" {
        "consistent" "gives up availability in a partition" 0 runs;
        "available" "gives up consistency in a partition" 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_differ() {
        let kebab = |name: &str| {
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        for (at, family) in FAMILIES.iter().enumerate() {
            assert!(kebab(family.name), "{}", family.name);
            assert_eq!(position(family.name), at);
            for (at, choice) in family.choices.iter().enumerate() {
                assert!(kebab(choice.name), "{}", choice.name);
                let first = family.choices.iter().position(|other| other.name == choice.name);
                assert_eq!(first, Some(at), "{}", choice.name);
            }
        }
    }
}
