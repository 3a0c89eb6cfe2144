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

/// One of them, running.
pub struct Contestant {
    pub kind: Kind,
    pub name: &'static str,
    pub server: Server,
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
}

impl Field {
    /// Makes the database and starts everybody who is wanted and can be started.
    pub async fn open(admin: &str, extent: Extent) -> Result<Self> {
        let database = database::create(admin, "firmitas_bench").await?;
        let data = folder("firm-postgresql")?;
        let firm = start_firm(&database, &data)?;
        let tokens: Vec<String> = (0..CALLERS)
            .map(|at| token(&data, "customer", &format!("caller{at}@example.org")))
            .collect::<Result<_>>()?;
        let staff = token(&data, "merchandiser", "staff")?;
        let mut callers = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let subject = format!("caller{at}@example.org");
            callers.push((subject.clone(), join(&firm.address, token, &subject).await?));
        }
        database::fill(&database, extent, &callers).await?;
        let (products, orders) = database::samples(&database, &callers).await?;
        let keys = keys(&firm.address).await?;
        let mut contestants = vec![Contestant { kind: Kind::Firm, name: "firm up", server: firm }];
        let mut add = |kind, name, server| contestants.push(Contestant { kind, name, server });
        let checked = by_hand(&database, Some(&keys))?;
        add(Kind::Checked, "axum, same checks", checked);
        add(Kind::Bare, "axum, no checks", by_hand(&database, None)?);
        match peers() {
            Some(folder) => {
                add(Kind::Fastify, "fastify + pg", node(&folder, "fastify.mjs", &database)?);
                add(Kind::Express, "Express + Prisma", node(&folder, "express.mjs", &database)?);
                let graph = node(&folder, "postgraphile.mjs", &database)?;
                add(Kind::PostGraphile, "PostGraphile", graph);
            }
            None => println!("FIRMITAS_BENCH_PEERS is not set: the Node.js stacks are left out"),
        }
        Ok(Self { contestants, tokens, staff, products, orders, data })
    }
}

/// Where the packages of `bench/peers` are installed.
fn peers() -> Option<PathBuf> {
    std::env::var_os("FIRMITAS_BENCH_PEERS").map(PathBuf::from)
}

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("model")
}

fn start_firm(database: &str, data: &Path) -> Result<Server> {
    let mut command = Command::new(firm()?);
    command.arg("up").arg(model()).args(["--listen", "127.0.0.1:0", "--json", "--log", "off"]);
    command.args(["--store", database, "--data"]).arg(data);
    // What nobody would leave on for their own load test: one client sends everything.
    Server::start(command.args(["--rate-limits", "off"]))
}

fn token(data: &Path, actor: &str, subject: &str) -> Result<String> {
    let mut command = Command::new(firm()?);
    command.arg("token").arg(model()).args(["--actor", actor, "--as", subject, "--data"]);
    let output = command.arg(data).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().last().context("`firm token` printed nothing")?.to_owned())
}

/// Makes the caller's own row; its id.
async fn join(address: &str, token: &str, email: &str) -> Result<String> {
    let body = format!("{{\"email\":\"{email}\"}}");
    let request = format!(
        "POST /sales/v1/customers HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nidempotency-key: join\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let row: serde_json::Value = json(address, &request).await?;
    Ok(row["id"].as_str().with_context(|| row.to_string())?.to_owned())
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
