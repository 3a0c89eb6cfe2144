//! What a server is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use runtime::http::{Edge, Limits};
use runtime::telemetry::AccessLog;

use crate::{
    CacheSettings, FilesSettings, GraphQlSettings, GrpcSettings, IdentitySettings, KeySettings,
    OidcSettings, PageSettings, TraceSettings,
};

/// Everything that can be set, with the defaults of a machine for development. What tells the
/// settings from flags, the environment and files is the caller's.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder for the embedded store and for keys.
    pub data: PathBuf,
    /// Where the rows are.
    pub store: StoreAddress,
    /// Where its keys are.
    pub keys: KeySettings,
    /// Externals by name with their URLs; the others are stood in for.
    pub externals: Vec<(String, String)>,
    /// Who asks.
    pub identity: IdentitySettings,
    /// The OpenID Connect provider, issuers of others, certificates.
    pub oidc: OidcSettings,
    /// Where a line for each request goes.
    pub access_log: AccessLog,
    /// Bounds.
    pub limits: Limits,
    /// Who may come in, how, and how often.
    pub edge: Edge,
    /// Where answers are kept.
    pub cache: CacheSettings,
    /// Where contents of files are kept.
    pub files: FilesSettings,
    /// GraphQL.
    pub graphql: GraphQlSettings,
    /// The developer's page.
    pub page: PageSettings,
    /// gRPC.
    pub grpc: GrpcSettings,
    /// Where traces go, if anywhere.
    pub traces: Option<TraceSettings>,
}

/// Where the rows are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StoreAddress {
    /// In the embedded SQLite store, in the data folder.
    #[default]
    Embedded,
    /// In a PostgreSQL database.
    PostgreSql(postgresql::Settings),
}
