//! The servers that are compared, over one database.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::database::{self, CALLERS, Extent};
use crate::load;
use crate::process::{Server, firm, folder};

/// What is served, by whom, and how requests are written for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `firm up`, everything on.
    Firm,
    /// The same of another build: `FIRMITAS_BENCH_BEFORE` is the path of its `firm`.
    Before,
    /// axum and tokio-postgres with the same checks.
    Checked,
    /// axum and tokio-postgres without any.
    Bare,
    /// fastify and pg, no checks.
    Fastify,
    /// Express and Prisma, no checks.
    Express,
    /// PostGraphile, no checks.
    PostGraphile,
}

impl Kind {
    /// Everybody.
    pub const ALL: [Self; 7] = [
        Self::Firm,
        Self::Before,
        Self::Checked,
        Self::Bare,
        Self::Fastify,
        Self::Express,
        Self::PostGraphile,
    ];

    /// As tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firm => "firm up",
            Self::Before => "firm up, before",
            Self::Checked => "axum, same checks",
            Self::Bare => "axum, no checks",
            Self::Fastify => "fastify + pg",
            Self::Express => "Express + Prisma",
            Self::PostGraphile => "PostGraphile",
        }
    }
}

/// One of them, running.
pub struct Contestant {
    pub kind: Kind,
    pub name: &'static str,
    pub server: Server,
}

impl Contestant {
    const fn new(kind: Kind, server: Server) -> Self {
        Self { kind, name: kind.name(), server }
    }
}

/// Everything that requests are made of.
pub struct Field {
    pub contestants: Vec<Contestant>,
    /// A token for each caller.
    pub tokens: Vec<String>,
    /// A token that may add products.
    pub staff: String,
    pub products: Vec<String>,
    /// Orders with the position of the caller whose they are.
    pub orders: Vec<(usize, String)>,
    pub data: PathBuf,
    /// The process above all of the database's.
    pub database: u32,
}

impl Field {
    /// Makes the database and starts everybody who is wanted and can be started.
    pub async fn open(admin: &str, extent: Extent, kinds: &[Kind]) -> Result<Self> {
        let database = database::create(admin, "firmitas_bench").await?;
        let data = folder("firm-postgresql")?;
        let firm = start_firm(&firm()?, &database, &data)?;
        let tokens: Vec<String> = (0..CALLERS)
            .map(|at| token(&data, "customer", &database::caller(at)))
            .collect::<Result<_>>()?;
        let staff = token(&data, "merchandiser", database::STAFF)?;
        database::fill(&database, extent).await?;
        let (products, orders) = database::samples(&database).await?;
        let keys = keys(&firm.address).await?;
        let mut contestants = vec![Contestant::new(Kind::Firm, firm)];
        for &kind in kinds.iter().filter(|kind| **kind != Kind::Firm) {
            let script = match kind {
                Kind::Firm => continue,
                Kind::Before => {
                    if let Some(before) = std::env::var_os("FIRMITAS_BENCH_BEFORE") {
                        let server = start_firm(Path::new(&before), &database, &data)?;
                        contestants.push(Contestant::new(kind, server));
                    }
                    continue;
                }
                Kind::Checked | Kind::Bare => {
                    let keys = (kind == Kind::Checked).then_some(keys.as_str());
                    contestants.push(Contestant::new(kind, by_hand(&database, keys)?));
                    continue;
                }
                Kind::Fastify => "fastify.mjs",
                Kind::Express => "express.mjs",
                Kind::PostGraphile => "postgraphile.mjs",
            };
            match peers() {
                Some(folder) => {
                    contestants.push(Contestant::new(kind, node(&folder, script, &database)?));
                }
                None => println!("FIRMITAS_BENCH_PEERS is not set: {} is left out", kind.name()),
            }
        }
        let database = database::process(&database).await?;
        Ok(Self { contestants, tokens, staff, products, orders, data, database })
    }
}

/// Where the packages of `bench/peers` are installed.
fn peers() -> Option<PathBuf> {
    std::env::var_os("FIRMITAS_BENCH_PEERS").map(PathBuf::from)
}

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("model")
}

fn start_firm(firm: &Path, database: &str, data: &Path) -> Result<Server> {
    let mut command = Command::new(firm);
    command.arg("up").arg(model()).args(["--listen", "127.0.0.1:0", "--json", "--log", "off"]);
    command.args(["--store", database, "--data"]).arg(data);
    // What nobody would leave on for their own load test: one client sends everything.
    Server::start(command.args(["--rate-limit", "off"]))
}

fn token(data: &Path, actor: &str, subject: &str) -> Result<String> {
    let mut command = Command::new(firm()?);
    command.arg("token").arg(model()).args(["--actor", actor, "--as", subject, "--data"]);
    let output = command.arg(data).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().last().context("`firm token` printed nothing")?.to_owned())
}

async fn keys(address: &str) -> Result<String> {
    let request = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: bench\r\n\r\n";
    let set: serde_json::Value = json(address, request).await?;
    let first = set["keys"].as_array().into_iter().flatten();
    let keys: Vec<_> = first.filter(|key| key["crv"] == "Ed25519").collect();
    Ok(serde_json::json!({ "keys": keys }).to_string())
}

async fn json(address: &str, request: &str) -> Result<serde_json::Value> {
    let (_, answer) = load::once(address, request.as_bytes()).await?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).with_context(|| answer.clone())
}

fn by_hand(database: &str, keys: Option<&str>) -> Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    Server::start(command.arg("postgresql-server").arg(database).args(keys))
}

fn node(folder: &Path, script: &str, database: &str) -> Result<Server> {
    let mut command = Command::new("node");
    command.arg(folder.join(script)).env("DATABASE_URL", database).env("NODE_ENV", "production");
    Server::start(&mut command)
}
