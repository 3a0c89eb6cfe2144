//! Docker Compose: everything on one machine, for trying the design and for small systems.

use decide::sizing::{BrokerKind, Store, StoreKind};
use serde_json::{Map, Value, json};

use super::environment::{self, externals, password, upper};
use super::plan::{Deployed, PORT, Plan};
use crate::yaml;

/// `compose.yaml`.
pub fn text(plan: &Plan<'_>) -> String {
    let mut services = Map::new();
    for deployed in &plan.services {
        services.insert(deployed.name().to_owned(), service(plan, deployed));
    }
    let mut volumes = Map::from_iter([(KEYS.to_owned(), json!({}))]);
    for deployed in &plan.services {
        volumes.insert(volume(deployed.name()), json!({}));
    }
    for store in &plan.stores {
        if let Some((name, definition)) = server(store) {
            volumes.insert(volume(&name), json!({}));
            services.insert(name, definition);
        }
    }
    if let Some((name, definition)) = broker(plan) {
        volumes.insert(volume(name), json!({}));
        services.insert(name.to_owned(), definition);
    }
    services.extend(observers());
    let document = json!({ "name": plan.system, "services": services, "volumes": volumes });
    format!(
        "# Everything on one machine: `docker compose --file design/deploy/compose.yaml up --build`.\n\
         # Settings and secrets come from `.env` beside this file, see .env.example. The broker that is\n\
         # decided starts with `--profile broker`, Prometheus with `--profile observe`.\n{}",
        yaml::document(&document)
    )
}

/// The volume of the keys that all deployables share.
const KEYS: &str = "keys";

fn volume(name: &str) -> String {
    format!("{name}-data")
}

fn service(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    let name = deployed.name();
    let mut service = json!({
        "image": format!("{name}:latest"),
        "build": {
            "context": "../..",
            "dockerfile": "design/deploy/Dockerfile",
            "args": { "FIRMITAS_IMAGE": format!("${{FIRMITAS_IMAGE:-{}}}", super::dockerfile::PROGRAM) },
        },
        "command": deployed.arguments(),
        "environment": variables(deployed),
        "healthcheck": ready(),
        "volumes": [format!("{}:/data", volume(name)), format!("{KEYS}:{}", environment::KEYS)],
        "networks": { "default": { "aliases": [format!("{name}-replicas")] } },
        "deploy": { "resources": { "limits": { "memory": mebibytes(deployed.service.replica_memory) } } },
        "read_only": true,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "stop_grace_period": "30s",
        "restart": "unless-stopped",
    });
    let mut more = Map::new();
    if deployed.public {
        let port = environment::published(plan, deployed);
        let port = format!("127.0.0.1:${{{}_PORT:-{port}}}:{PORT}", upper(name));
        more.insert("ports".to_owned(), json!([port]));
    }
    let after = starts_after(plan, deployed);
    if !after.is_empty() {
        more.insert("depends_on".to_owned(), Value::Object(after));
    }
    if let Value::Object(service) = &mut service {
        service.extend(more);
    }
    service
}

fn variables(deployed: &Deployed<'_>) -> Value {
    let one = |variable: environment::Variable| {
        let value = match variable.name {
            "FIRM_STORE" => environment::chosen_store(deployed),
            "FIRM_EXTERNAL" => format!("${{{}:-}}", externals(deployed)),
            "FIRM_LOG" => "${FIRM_LOG:-json}".to_owned(),
            _ => variable.value.unwrap_or_default(),
        };
        (variable.name.to_owned(), json!(value))
    };
    // Without a value: Compose hands on what is set beside it, and nothing otherwise.
    let handed_on = super::tuning::TUNING.iter().map(|(name, _)| ((*name).to_owned(), Value::Null));
    Value::Object(environment::of(deployed).into_iter().map(one).chain(handed_on).collect())
}

/// Asks `/ready` with nothing but the shell that the image has.
fn ready() -> Value {
    let ask = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{PORT}; printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3; \
         head -n 1 <&3 | grep -q ' 200 '"
    );
    json!({
        "test": ["CMD", "bash", "-c", ask],
        "interval": "10s", "timeout": "3s", "retries": 3, "start_period": "10s",
    })
}

/// Its decided store, where that is started too.
fn starts_after(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Map<String, Value> {
    let mut after = Map::new();
    let healthy = || json!({ "condition": "service_healthy", "required": false });
    for store in &deployed.stores {
        if let Some((name, _)) = server(store) {
            after.insert(name, healthy());
        }
    }
    if let Some((name, _)) = broker(plan) {
        after.insert(name.to_owned(), json!({ "condition": "service_started", "required": false }));
    }
    after
}

fn server(store: &Store) -> Option<(String, Value)> {
    let name = store.name.clone();
    let definition = match store.kind {
        StoreKind::Postgresql => postgresql(store),
        StoreKind::Redis => redis(store),
        StoreKind::Document | StoreKind::SearchEngine | StoreKind::TimeSeries => return None,
    };
    Some((name, definition))
}

fn postgresql(store: &Store) -> Value {
    let password = password(store);
    json!({
        "image": "postgres:17-bookworm",
        "environment": {
            "POSTGRES_USER": "firm",
            "POSTGRES_DB": "firm",
            "POSTGRES_PASSWORD": format!("${{{password}:?a long random text}}"),
        },
        "command": ["postgres", "-c", format!("max_connections={}", store.connections_most.max(20))],
        "healthcheck": {
            "test": ["CMD", "pg_isready", "--username", "firm", "--dbname", "firm"],
            "interval": "5s", "timeout": "3s", "retries": 10,
        },
        "volumes": [format!("{}:/var/lib/postgresql/data", volume(&store.name))],
        "shm_size": "256m",
        "stop_grace_period": "60s",
        "restart": "unless-stopped",
    })
}

fn redis(store: &Store) -> Value {
    json!({
        "image": "redis:7-bookworm",
        "command": ["redis-server", "--maxmemory", mebibytes(store.memory).to_lowercase() + "b",
            "--maxmemory-policy", "volatile-ttl"],
        "healthcheck": {
            "test": ["CMD", "redis-cli", "ping"],
            "interval": "5s", "timeout": "3s", "retries": 10,
        },
        "volumes": [format!("{}:/data", volume(&store.name))],
        "restart": "unless-stopped",
    })
}

/// One server of the broker: enough to try the design with, not to survive a loss.
fn broker(plan: &Plan<'_>) -> Option<(&'static str, Value)> {
    let (name, image, command, data) = match plan.broker()? {
        BrokerKind::Nats => {
            let command = json!(["--jetstream", "--store_dir", "/data", "--http_port", "8222"]);
            ("nats-jetstream", "nats:2.11", command, "/data")
        }
        BrokerKind::Rabbitmq => {
            ("rabbitmq", "rabbitmq:4-management", Value::Null, "/var/lib/rabbitmq")
        }
        BrokerKind::Kafka => ("kafka", "apache/kafka:4.0.0", Value::Null, "/var/lib/kafka/data"),
        BrokerKind::Sqs => return None,
    };
    let mut service = json!({
        "image": image,
        "profiles": ["broker"],
        "volumes": [format!("{}:{data}", volume(name))],
        "restart": "unless-stopped",
    });
    if let Value::Object(service) = &mut service
        && !command.is_null()
    {
        service.insert("command".to_owned(), command);
    }
    Some((name, service))
}

/// Prometheus with the rules of this design, and what probes for it.
fn observers() -> [(String, Value); 2] {
    let prometheus = json!({
        "image": "prom/prometheus:v3.5.0",
        "profiles": ["observe"],
        "command": ["--config.file=/etc/prometheus/prometheus.yaml", "--storage.tsdb.retention.time=35d"],
        "volumes": ["../slo:/etc/prometheus:ro"],
        "ports": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
        "restart": "unless-stopped",
    });
    let blackbox = json!({
        "image": "prom/blackbox-exporter:v0.27.0",
        "profiles": ["observe"],
        "restart": "unless-stopped",
    });
    [("prometheus".to_owned(), prometheus), ("blackbox".to_owned(), blackbox)]
}

/// A size in whole mebibytes, as Compose writes it: `4096M`.
pub fn mebibytes(bytes: f64) -> String {
    format!("{:.0}M", (bytes / 1_048_576.0).ceil().max(64.0))
}
