//! What `firm up` runs with, and where each setting comes from.

use std::{net::SocketAddr, path::PathBuf};

use base::SourceMap;
use clap::{ArgMatches, Args, ValueEnum, parser::ValueSource};
use runtime::telemetry::AccessLog;
use serde_json::{Value, json};
use server::StoreAddress;

use super::settings::{
    cache::CacheArguments, database::Database, edge::EdgeArgs, files::FilesArguments,
    graphql::GraphQlArgs, grpc::GrpcArgs, identity::IdentityArguments, keys::KeyArguments,
    limits::LimitArgs, oidc::OidcArguments, page::PageArguments, telemetry::TelemetryArgs,
};
use crate::{
    console::{style, styled},
    failure::Failure,
    folder::Folder,
    settings_file::FromFile,
};

/// Where the backend listens unless told otherwise: this machine alone can reach it.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Settings of `firm up`; a flag wins over the environment, which wins over the file, which wins
/// over the default.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// File with settings, by the names of these flags [default: `firm.yaml` beside the model, if it
    /// is there]
    #[arg(long, env = "FIRM_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address and port, or a port alone; port 0 takes a free one
    #[arg(long, env = "FIRM_LISTEN", value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    #[arg(value_parser = address)]
    pub listen: SocketAddr,

    /// Folder for the data [default: `.firm` in the model folder]
    #[arg(long, env = "FIRM_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// The store: `sqlite` (embedded, in the data folder) or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "FIRM_STORE", value_name = "URL", default_value = EMBEDDED)]
    pub store: String,

    /// The database.
    #[command(flatten)]
    pub database: Database,

    /// Keys.
    #[command(flatten)]
    pub keys: KeyArguments,

    /// Where an external is; without it a stand-in answers as the model says (may be repeated)
    #[arg(long, env = "FIRM_EXTERNAL", value_name = "NAME=URL", value_delimiter = ',')]
    pub external: Vec<String>,

    /// One JSON line for each request, on standard error
    #[arg(long, env = "FIRM_LOG", value_name = "FORMAT", default_value = "json")]
    pub log: Log,

    /// The way in.
    #[command(flatten)]
    pub edge: EdgeArgs,

    /// Bounds.
    #[command(flatten)]
    pub limits: LimitArgs,

    /// Where answers are kept.
    #[command(flatten)]
    pub cache: CacheArguments,

    /// Where contents of files are kept.
    #[command(flatten)]
    pub files: FilesArguments,

    /// GraphQL.
    #[command(flatten)]
    pub graphql: GraphQlArgs,

    /// gRPC.
    #[command(flatten)]
    pub grpc: GrpcArgs,

    /// Where traces go.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,

    /// Who asks.
    #[command(flatten)]
    pub identity: IdentityArguments,

    /// Tokens and certificates.
    #[command(flatten)]
    pub oidc: OidcArguments,

    /// The developer's page.
    #[command(flatten)]
    pub page: PageArguments,
}

/// The embedded store.
pub const EMBEDDED: &str = "sqlite";

/// Whether this is the address of a PostgreSQL database.
fn is_postgresql(store: &str) -> bool {
    store.starts_with("postgres://") || store.starts_with("postgresql://")
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// A JSON line for each request
    Json,
    /// Nothing
    Off,
}

impl Settings {
    /// The data folder.
    #[must_use]
    pub fn data(&self, folder: &Folder) -> PathBuf {
        self.data.clone().unwrap_or_else(|| folder.default_data())
    }

    /// The data folder as people are told it.
    #[must_use]
    pub fn shown_data(&self, folder: &Folder) -> String {
        let data = self.data.clone().unwrap_or_else(|| folder.path().join(".firm"));
        data.display().to_string().trim_start_matches("./").to_owned()
    }

    /// The database as people are told it, where the store is not embedded.
    #[must_use]
    pub fn shown_database(&self) -> Option<String> {
        is_postgresql(&self.store).then(|| masked(&self.store))
    }

    /// The settings of the server, which listens at `address`; `field_numbers` is what
    /// `proto/fields.lock` holds.
    ///
    /// # Errors
    /// As [`Self::externals`].
    pub fn of_server(
        &self,
        folder: &Folder,
        sources: &SourceMap,
        address: SocketAddr,
        field_numbers: &str,
    ) -> Result<server::Settings, Failure> {
        Ok(server::Settings {
            listen: address,
            data: self.data(folder),
            store: self.store_address(),
            keys: self.keys.settings(),
            externals: self.externals()?,
            access_log: match self.log {
                Log::Json => AccessLog::Stderr,
                Log::Off => AccessLog::Off,
            },
            limits: self.limits.limits(),
            edge: self.edge.edge()?,
            cache: self.cache.settings()?,
            files: self.files.settings()?,
            graphql: self.graphql.settings(),
            grpc: self.grpc.settings(field_numbers),
            traces: self.telemetry.traces()?,
            identity: self.identity.of_server(),
            oidc: self.oidc.of_server()?,
            page: self.page.of_server(sources),
        })
    }

    /// Externals by name with their URLs.
    ///
    /// # Errors
    /// `invalid-external` for what is not `NAME=URL` with an `http` or `https` URL.
    pub fn externals(&self) -> Result<Vec<(String, String)>, Failure> {
        let parse = |setting: &String| {
            let (name, url) = setting.split_once('=')?;
            let known = url.starts_with("http://") || url.starts_with("https://");
            known.then(|| (name.to_owned(), url.to_owned()))
        };
        let invalid = |setting: &String| {
            let message = format!("`--external {}` is not NAME=URL", masked(setting));
            Failure::new("invalid-external", message)
                .help("for example `--external cardProcessor=https://pay.example.com/v1`")
        };
        let pairs = self.external.iter();
        pairs.map(|setting| parse(setting).ok_or_else(|| invalid(setting))).collect()
    }

    /// Refuses what this version cannot do.
    ///
    /// # Errors
    /// `store-not-built` for another store than SQLite and PostgreSQL.
    pub fn verify(&self) -> Result<(), Failure> {
        if self.store == EMBEDDED || is_postgresql(&self.store) {
            return Ok(());
        }
        let message = format!("this version cannot use the store `{}`", masked(&self.store));
        Err(Failure::new("store-not-built", message).help(
            "leave out `--store` for the embedded SQLite store (`--data DIR` says where it is), \
             or name a database: postgres://USER:PASSWORD@HOST:5432/DATABASE",
        ))
    }

    fn store_address(&self) -> StoreAddress {
        match is_postgresql(&self.store) {
            true => StoreAddress::PostgreSql(self.database.at(&self.store)),
            false => StoreAddress::Embedded,
        }
    }

    /// Every setting with its origin, secrets masked, as a table or as JSON.
    #[must_use]
    pub fn describe(&self, folder: &Folder, origins: Origins<'_>) -> Effective {
        let file = origins.file.path.as_ref();
        let file = file.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
        let mut rows = vec![
            row("config", file, origins),
            row("listen", self.listen.to_string(), origins),
            row("data", self.data(folder).display().to_string(), origins),
            row("store", masked(&self.store), origins),
        ];
        rows.extend(self.keys.printed().map(|(name, value)| row(name, value, origins)));
        for setting in &self.external {
            rows.push(Setting { name: "external", ..row("external", masked(setting), origins) });
        }
        let log = if self.log == Log::Json { "json" } else { "off" };
        rows.push(row("log", log.to_owned(), origins));
        let groups = [
            self.database.printed(masked),
            self.edge.printed(),
            self.limits.printed(),
            self.identity.printed(),
            self.oidc.printed(),
            self.page.printed(),
        ];
        for (name, value) in groups.into_iter().flatten() {
            rows.push(row(name, value, origins));
        }
        rows.push(row("cache", masked(&self.cache.cache), origins));
        let size = self.cache.cache_size.map_or("designed".to_owned(), |size| size.to_string());
        rows.push(row("cache-size", size, origins));
        let groups = [self.files.printed(), self.graphql.printed(), self.grpc.printed()];
        for (name, value) in groups.into_iter().flatten() {
            rows.push(row(name, value, origins));
        }
        for (name, value) in self.telemetry.printed() {
            rows.push(row(name, masked(&value), origins));
        }
        Effective(rows)
    }
}

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` or `8080`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse() {
        return Ok((std::net::Ipv4Addr::LOCALHOST, port).into());
    }
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = local.as_deref().unwrap_or(text).parse();
    parsed.map_err(|_| format!("an address with a port, such as {DEFAULT_LISTEN} or 0.0.0.0:80"))
}

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Effective(Vec<Setting>);

#[derive(Clone, Debug)]
struct Setting {
    name: &'static str,
    value: String,
    origin: String,
}

impl Effective {
    /// One aligned line for each.
    #[must_use]
    pub fn table(&self) -> String {
        let width = self.0.iter().map(|row| row.value.chars().count()).max().unwrap_or(0);
        let names = self.0.iter().map(|row| row.name.len()).max().unwrap_or(0);
        let line = |row: &Setting| {
            let origin = styled(style::DIM, &row.origin);
            format!("{:<names$} {:<width$}  {origin}", row.name, row.value)
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// `[{"name", "value", "origin"}]`.
    #[must_use]
    pub fn json(&self) -> Value {
        let one =
            |row: &Setting| json!({ "name": row.name, "value": row.value, "origin": row.origin });
        self.0.iter().map(one).collect()
    }
}

/// Where settings come from.
#[derive(Clone, Copy, Debug)]
pub struct Origins<'o> {
    /// The command line.
    pub matches: &'o ArgMatches,
    /// The file.
    pub file: &'o FromFile,
}

fn row(name: &'static str, value: String, origins: Origins<'_>) -> Setting {
    let variable = || name.to_uppercase().replace('-', "_");
    let id = name.replace('-', "_");
    let origin = match origins.matches.value_source(&id) {
        _ if let Some(place) = origins.file.origins.get(&id) => place.clone(),
        Some(ValueSource::CommandLine) => format!("flag --{name}"),
        Some(ValueSource::EnvVariable) => format!("environment FIRM_{}", variable()),
        _ => "default".to_owned(),
    };
    Setting { name, value, origin }
}

/// The text with passwords of URLs, and of their queries everything, masked.
fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?***"),
        None => (rest, ""),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or("");
            format!("{user}:***@{host}")
        }
        None => authority.to_owned(),
    };
    format!("{scheme}://{authority}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::{address, masked};

    #[test]
    fn a_port_alone_is_on_this_machine() {
        for text in ["8080", ":8080", "localhost:8080", "127.0.0.1:8080"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:8080");
        }
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for wrong in ["", "x", "99999", "127.0.0.1", "example.com:80"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_masked_wherever_a_url_holds_them() {
        assert_eq!(masked("postgres://me:secret@db:5432/shop"), "postgres://me:***@db:5432/shop");
        assert_eq!(masked("pay=https://a.example/x?key=secret"), "pay=https://a.example/x?***");
        assert_eq!(masked("pay=https://a.example/x@y"), "pay=https://a.example/x@y");
        assert_eq!(masked("sqlite"), "sqlite");
    }
}
