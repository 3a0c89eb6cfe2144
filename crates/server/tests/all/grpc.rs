//! gRPC, driven by a library that is not ours (PyPI `grpcio`) and compared with REST.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use decide::Design;
use runtime::http::{Edge, Limits};
use runtime::identity::Issuer;
use runtime::telemetry::AccessLog;
use serde_json::{Value as Json, json};
use server::{
    CacheSettings, FilesSettings, GrpcSettings, IdentitySettings, OidcSettings, PageSettings,
    Server, Settings, StoreAddress,
};

/// Types of fields in the language, by what the client calls them.
const TYPES: [(&str, &str); 16] = [
    ("bool", "bool"),
    ("small", "int(-2147483648..2147483647)"),
    ("large", "int"),
    ("decimal", "decimal(18,4)"),
    ("money", "money(0..)"),
    ("float", "float"),
    ("date", "date"),
    ("time", "time"),
    ("timestamp", "timestamp"),
    ("duration", "duration"),
    ("geo", "geo"),
    ("text", "string(0..60)"),
    ("enum", "enum(plain, very_fine, odd)"),
    ("json", "json"),
    ("uuid", "uuid"),
    ("text", "text"),
];

/// Numbers that look random and are the same each time (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Fields of a model: every type for seed 0, else some of them.
fn fields(seed: u64) -> Vec<Json> {
    let mut random = Random(seed * 2 + 1);
    let many = if seed == 0 { TYPES.len() * 2 } else { 1 + random.below(12) };
    let field = |at: usize| {
        let kind = if seed == 0 { at % TYPES.len() } else { random.below(TYPES.len()) };
        let list = random.below(5) == 0 && TYPES[kind].0 != "json";
        let optional = if seed == 0 { at >= TYPES.len() } else { random.below(2) == 0 };
        json!({"name": format!("f{at}"), "type": TYPES[kind].0, "of": TYPES[kind].1,
            "optional": optional && !list, "list": list})
    };
    (0..many).map(field).collect()
}

fn model(fields: &[Json]) -> String {
    let mut declared = String::new();
    for field in fields {
        let of = field["of"].as_str().unwrap();
        let list = if field["list"] == true { format!("list({of}, ..5)") } else { of.to_owned() };
        let mark = if field["optional"] == true { "?" } else { "" };
        writeln!(declared, "          {}: \"{list}{mark}\"", field["name"].as_str().unwrap())
            .unwrap();
    }
    let names: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
    let names = names.join(", ");
    format!(
        r#"
firmitas: 1
system: {{ name: Kitchen, currency: EUR }}
actors:
  everyone: {{ auth: none }}
  guest: {{ auth: user }}
  staff: {{ auth: user, role: staff }}
contexts:
  main:
    entities:
      Thing:
        fields:
{declared}
        parts:
          lines:
            rows: 1 per Thing
            size: 0..9
            fields:
              label: "string(0..40)?"
              count: "int(0..9)"
              kind: "enum(plain, odd)?"
    operations:
      addThing: {{ create: Thing, by: [staff], input: [{names}, lines.label, lines.count, lines.kind], rate: 1/s }}
      editThing: {{ update: Thing, by: [staff], input: [{names}], rate: 1/s }}
      dropThing: {{ delete: Thing, by: [staff], rate: 1/s }}
      viewThing: {{ get: Thing, by: [everyone], rate: 1/s }}
      listThings: {{ list: Thing, by: [everyone], sort: [created_at, updated_at], rate: 1/s }}
      sureThing: {{ get: Thing, by: [everyone], route: sure, input: {{ least: int, other: Thing? }}, where: "self.version >= input.least && (input.other == null || self != input.other)", rate: 1/s }}
      dropSure: {{ delete: Thing, by: [staff], route: sure, input: {{ least: int, other: Thing? }}, where: "self.version >= input.least && (input.other == null || self != input.other)", rate: 1/s }}
      someThings: {{ list: Thing, by: [everyone], route: some, input: {{ things: "list(Thing, 1..9)", least: "int?" }}, where: "self in input.things && (input.least == null || self.version >= input.least)", rate: 1/s }}
      hidden: {{ act: Thing, by: [system], rate: 1/s }}
"#
    )
}

fn design(text: &str) -> Arc<Design> {
    let files = BTreeMap::from([(engine::ROOT.to_owned(), text.to_owned())]);
    let checked = engine::check(&files);
    let wrong: Vec<_> = checked.diagnostics.iter().map(|of| (of.id, &of.message)).collect();
    checked.design.unwrap_or_else(|| panic!("{wrong:#?}\n{text}"))
}

/// The Python interpreter with `grpcio`, if there is one.
fn python() -> Option<PathBuf> {
    let Ok(folder) = std::env::var("FIRMITAS_TEST_PYTHON") else {
        eprintln!("skipped: FIRMITAS_TEST_PYTHON names no folder with `python` and `grpcio`");
        return None;
    };
    Some(PathBuf::from(folder).join("python"))
}

/// A client that does one task after the other.
struct Client {
    child: Child,
    tasks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Client {
    fn start(python: &PathBuf) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/grpc_client.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tasks, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, tasks, answers: BufReader::new(answers) }
    }

    fn send(&mut self, task: &Json) {
        writeln!(self.tasks, "{task}").unwrap();
    }

    fn expect_ok(&mut self, task: &Json) {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let told = serde_json::from_str::<String>(&answer).unwrap_or(answer);
        assert_eq!(told.trim(), "ok", "{}: {told}", task["do"]);
    }

    fn run(&mut self, task: &Json) {
        self.send(task);
        tokio::task::block_in_place(|| self.expect_ok(task));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server with the tokens of its actors.
struct Live {
    server: Server,
    folder: PathBuf,
    tokens: Json,
}

impl Live {
    async fn start(name: &str, design: &Arc<Design>, store: StoreAddress) -> Self {
        let folder = std::env::temp_dir().join(format!("firm-grpc-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut edge = Edge::default();
        edge.rates.off = true;
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            data: folder.clone(),
            store,
            externals: Vec::new(),
            identity: IdentitySettings::default(),
            oidc: OidcSettings::default(),
            access_log: AccessLog::Off,
            limits: Limits::default(),
            edge,
            cache: CacheSettings::default(),
            files: FilesSettings::default(),
            graphql: server::GraphQlSettings::default(),
            grpc: GrpcSettings { serving: grpc::Serving::On, ..GrpcSettings::default() },
            page: PageSettings::default(),
            keys: server::KeySettings::default(),
            traces: None,
        };
        let server = Server::start(design, settings).await.map_err(|why| format!("{why:?}"));
        let issuer = Issuer::open(&folder, design.model.clone()).unwrap();
        let hour = Duration::from_secs(3600);
        let tokens = design.model.actors().filter_map(|(id, actor)| {
            let name = actor.name.value.clone();
            Some((name.clone(), issuer.issue(id, &name, hour).ok()?.into()))
        });
        let tokens = Json::Object(tokens.collect());
        Self { server: server.unwrap(), folder, tokens }
    }

    fn connect(&self, package: &str) -> Json {
        json!({"do": "connect", "address": self.server.address().to_string(),
            "tokens": self.tokens, "package": package})
    }

    async fn stop(self) {
        self.server.stop().await;
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Runs a statement as the administrator; the client has a runtime of its own.
fn administer(url: &str, statement: &str) {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    let run = move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.batch_execute(&statement).unwrap();
    };
    std::thread::spawn(run).join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_by_grpc_is_what_is_sent_by_rest() {
    let Some(python) = python() else { return };
    let mut client = Client::start(&python);
    for seed in 0..4_u64 {
        let fields = fields(seed);
        let live = Live::start(
            &format!("values-{seed}"),
            &design(&model(&fields)),
            StoreAddress::Embedded,
        )
        .await;
        client.run(&live.connect("main.v1"));
        let requests = if seed == 0 { 60 } else { 30 };
        client.run(&json!({"do": "values", "seed": seed, "fields": fields, "requests": requests}));
        live.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_answers_alike() {
    let Some(python) = python() else { return };
    let Ok(url) = std::env::var("FIRMITAS_TEST_POSTGRES") else {
        eprintln!("skipped: FIRMITAS_TEST_POSTGRES names no database");
        return;
    };
    let name = format!("grpc_{}", std::process::id());
    administer(&url, &format!("CREATE DATABASE {name}"));
    let (base, _) = url.rsplit_once('/').unwrap();
    let fields = fields(0);
    let database = server::DatabaseSettings::from(format!("{base}/{name}").as_str());
    let store = StoreAddress::PostgreSql(database);
    let live = Live::start("postgresql", &design(&model(&fields)), store).await;
    let mut client = Client::start(&python);
    client.run(&live.connect("main.v1"));
    client.run(&json!({"do": "values", "seed": 9, "fields": fields, "requests": 20}));
    client.run(&json!({"do": "errors", "fields": fields}));
    live.stop().await;
    administer(&url, &format!("DROP DATABASE {name} WITH (FORCE)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_health_and_hostile_bytes() {
    let Some(python) = python() else { return };
    let fields = fields(0);
    let live = Live::start("errors", &design(&model(&fields)), StoreAddress::Embedded).await;
    let mut client = Client::start(&python);
    client.run(&live.connect("main.v1"));
    for task in ["errors", "hostile", "health"] {
        client.run(&json!({"do": task, "fields": fields, "seed": 3}));
    }
    let task = json!({"do": "drained"});
    client.send(&task);
    live.stop().await;
    tokio::task::block_in_place(|| client.expect_ok(&task));
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_tells_what_protoc_makes_of_the_emitted_files() {
    let Some(python) = python() else { return };
    let mut client = Client::start(&python);
    for (name, package) in [("shop", "catalog.v1"), ("rides", "trips.v1")] {
        let path = format!("{}/../../examples/{name}/firmitas.yaml", env!("CARGO_MANIFEST_DIR"));
        let design = design(&std::fs::read_to_string(path).unwrap());
        let packages = emit::protobuf::packages(&design, "");
        let package = packages.iter().map(|of| of.file.package.clone()).find(|of| of == package);
        let first = package.unwrap_or_else(|| packages[0].file.package.clone());
        let own = packages.iter().map(|of| (of.path.clone(), of.text.clone()));
        let shared = (emit::protobuf::TYPES_PATH.to_owned(), emit::protobuf::TYPES.to_owned());
        let files: BTreeMap<String, String> = own.chain([shared]).collect();
        let live = Live::start(name, &design, StoreAddress::Embedded).await;
        client.run(&live.connect(&first));
        client.run(&json!({"do": "descriptors", "files": files}));
        live.stop().await;
    }
}
