//! The variables that a deployable and its stores read: once, for every form of deployment.

use decide::sizing::{BrokerKind, Store, StoreKind};

use super::plan::{Deployed, PORT, Plan};

/// The folder of the keys that all deployables of a system share.
pub const KEYS: &str = "/keys";

/// The secret of Kubernetes that holds these keys.
pub fn secret(plan: &Plan<'_>) -> String {
    format!("{}-keys", plan.system)
}

/// A variable that a deployable reads.
pub struct Variable {
    /// Name.
    pub name: &'static str,
    /// Value; none of a secret.
    pub value: Option<String>,
}

/// What a deployable reads: in containers it listens to everybody and keeps its data in a volume.
pub fn of(deployed: &Deployed<'_>) -> Vec<Variable> {
    let given = |name, value: String| Variable { name, value: Some(value) };
    let mut all = vec![
        given("FIRM_LISTEN", format!("0.0.0.0:{PORT}")),
        given("FIRM_DATA", "/data".to_owned()),
        given("FIRM_KEYS", KEYS.to_owned()),
        given("FIRM_LOG", "json".to_owned()),
        Variable { name: "FIRM_STORE", value: None },
    ];
    if !deployed.externals.is_empty() {
        all.push(Variable { name: "FIRM_EXTERNAL", value: None });
    }
    all
}

/// The password of a store's server, as a variable: `SHOP_POSTGRESQL_PASSWORD`.
pub fn password(store: &Store) -> String {
    format!("{}_PASSWORD", upper(&store.name))
}

/// A name in the case of variables.
pub fn upper(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

/// The store of a deployable, as Compose puts it together: the decided one unless a variable says
/// otherwise.
pub fn chosen_store(deployed: &Deployed<'_>) -> String {
    let decided = deployed.postgresql().map_or_else(|| "sqlite".to_owned(), url);
    format!("${{{}:-{decided}}}", store(deployed))
}

/// The variable by which Compose is told the store of a deployable: `SHOP_STORE`.
pub fn store(deployed: &Deployed<'_>) -> String {
    format!("{}_STORE", upper(deployed.name()))
}

/// The variable by which Compose is told where the externals are: `SHOP_EXTERNAL`.
pub fn externals(deployed: &Deployed<'_>) -> String {
    format!("{}_EXTERNAL", upper(deployed.name()))
}

/// The port of a deployable on the machine that Compose runs on: each has its own.
pub fn published(plan: &Plan<'_>, deployed: &Deployed<'_>) -> usize {
    let at = plan.services.iter().position(|of| of.name() == deployed.name());
    usize::from(PORT) + at.unwrap_or(0)
}

/// The URL of a PostgreSQL server in Compose, its password left to the variable.
pub fn url(store: &Store) -> String {
    let (name, password) = (&store.name, password(store));
    format!("postgres://firm:${{{password}}}@{name}:5432/firm")
}

/// `.env.example`: every variable that Compose, `firm up` and the stores read.
pub fn example(plan: &Plan<'_>) -> String {
    let mut out = String::from(
        "# Copy to `.env` beside compose.yaml and fill in what is empty. `.env` holds secrets: keep it\n\
         # out of version control.\n\n\
         # The image that holds the program `firm`.\n",
    );
    out += &format!("FIRMITAS_IMAGE={}\n", super::dockerfile::PROGRAM);
    out += "\n# A line of JSON for each request on standard error (json), or none (off).\nFIRM_LOG=json\n";
    out += &format!(
        "\n# Inside a container these are set for you; `firm up` without one reads them too.\n\
         # Address and port.\n# FIRM_LISTEN=0.0.0.0:{PORT}\n# Folder for embedded data.\n\
         # FIRM_DATA=/data\n# Folder for the keys that all replicas share; FIRM_DATA without it.\n\
         # FIRM_KEYS={KEYS}\n"
    );
    for deployed in &plan.services {
        out += &of_deployable(plan, deployed);
    }
    for store in plan.stores.iter().filter(|store| store.kind == StoreKind::Postgresql) {
        out += &format!(
            "\n# Password of the database {}: a long random text, for example of `openssl rand -hex 32`.\n\
             {}=\n",
            store.name,
            password(store)
        );
    }
    out += &beside(plan);
    out += &super::tuning::example();
    out
}

fn of_deployable(plan: &Plan<'_>, deployed: &Deployed<'_>) -> String {
    let name = deployed.name();
    let mut out = format!(
        "\n# {name}: its port on this machine.\n{}_PORT={}\n",
        upper(name),
        published(plan, deployed),
    );
    out += &match deployed.postgresql() {
        Some(store) => format!(
            "# {name}: its store, FIRM_STORE inside, where it is not the decided one: {}\n{}=\n",
            url(store),
            self::store(deployed)
        ),
        None => {
            format!("# {name}: its store, FIRM_STORE inside.\n{}=sqlite\n", self::store(deployed))
        }
    };
    if !deployed.externals.is_empty() {
        let names: Vec<&str> = deployed.externals.iter().copied().collect();
        let example: Vec<String> =
            names.iter().map(|name| format!("{name}=https://{name}.example.com")).collect();
        out += &format!(
            "# {name}: where externals are (FIRM_EXTERNAL inside); those without a URL are stood in \
             for: {}.\n# {}={}\n{}=\n",
            names.join(", "),
            externals(deployed),
            example.join(","),
            externals(deployed),
        );
    }
    out
}

fn beside(plan: &Plan<'_>) -> String {
    let mut out = String::new();
    if let Some(broker) = plan.broker() {
        let example = match broker {
            BrokerKind::Nats => "nats://nats-jetstream:4222",
            BrokerKind::Kafka => "kafka://kafka:9092",
            BrokerKind::Rabbitmq => "amqp://rabbitmq:5672",
            BrokerKind::Sqs => "https://sqs.REGION.amazonaws.com",
        };
        out += &format!(
            "\n# The broker that is decided. This version has no part that reads it: events stay in \
             the outbox.\n# FIRM_BUS={example}\n"
        );
    }
    if plan.stores.iter().any(|store| store.kind == StoreKind::Redis) {
        out += "\n# The store for what may be lost. This version keeps rows in FIRM_STORE alone, and there\n\
                # what replicas share for a while: answers and what is left of limits.\n\
                # FIRM_CACHE=redis://redis:6379\n";
    }
    out
}
