//! `firm client`: the applications that may ask the OpenID Connect provider for tokens.

use std::path::PathBuf;
use std::sync::Arc;

use accounts::oidc::{Client, ClientAuthentication, Clients, Grant, OAuthError, digest};
use clap::{Args, Subcommand};
use serde_json::json;

use super::kept::Kept;
use crate::{
    console::Console,
    failure::{Failure, Outcome},
    live,
};

/// Arguments of `firm client`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm client create shop-web --redirect-uri https://shop.example/back --first-party
  firm client create partner --redirect-uri https://partner.example/back --secret

A secret is shown once: the last line of standard output. The embedded store belongs to one process
at a time: stop `firm up` first, or name clients in a file (`firm up --oauth-client FILE`).")]
pub struct ClientArguments {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    kept: Kept,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Add a client
    Create(Box<NewClient>),
    /// Show the clients of the store
    List,
    /// Remove a client; its tokens are worth nothing any more
    Remove {
        /// The client
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
struct NewClient {
    /// What it is known by
    id: String,

    /// What people are told it is
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,

    /// Where it may be answered (may be repeated)
    #[arg(long, value_name = "URL")]
    redirect_uri: Vec<String>,

    /// Where it may send people after signing out (may be repeated)
    #[arg(long, value_name = "URL")]
    post_logout_redirect_uri: Vec<String>,

    /// The most that it may ask for
    #[arg(long, value_name = "WORDS", default_value = "openid profile email")]
    scope: String,

    /// It is ours: people are not asked whether it may act for them
    #[arg(long)]
    first_party: bool,

    /// Give it a secret
    #[arg(long, conflicts_with = "jwks")]
    secret: bool,

    /// A file with its public keys (RFC 7517)
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,

    /// The actor that it is when it asks for itself (client credentials)
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,

    /// A role that it has then (may be repeated)
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
}

/// Adds, shows or removes clients.
///
/// # Errors
/// The store cannot be used, or the client makes no sense.
pub fn run(arguments: &ClientArguments, console: &Console) -> Result<Outcome, Failure> {
    let runtime = live::tokio()?;
    runtime.block_on(async {
        let opened = match arguments.kept.open().await? {
            Ok(opened) => opened,
            Err(loaded) => return Ok(loaded.refuse(console)),
        };
        let clients = Clients::new(Arc::clone(&opened.records), Vec::new());
        match &arguments.what {
            What::Create(new) => create(&clients, new, console).await,
            What::List => list(&clients, console).await,
            What::Remove { id } => {
                let now = live::now();
                if !clients.remove(id, now).await.map_err(|why| failed(&why))? {
                    let message = format!("the store has no client `{id}`");
                    return Err(Failure::new("unknown-client", message));
                }
                console.prose(format!("removed {id}"));
                if console.json() {
                    console.document(&json!({ "version": 1, "diagnostics": [], "removed": id }));
                }
                Ok(Outcome::Success)
            }
        }
    })
}

fn failed(error: &OAuthError) -> Failure {
    Failure::new("store-unusable", error.description.clone())
}

async fn create(clients: &Clients, new: &NewClient, console: &Console) -> Result<Outcome, Failure> {
    let wrong = |why: String| Failure::new("invalid-client", why);
    let secret = match new.secret {
        true => Some(accounts::secret::random().map_err(|error| wrong(error.to_string()))?),
        false => None,
    };
    let client = new.client(secret.as_deref())?;
    client.verify().map_err(wrong)?;
    if !clients.add(&client, live::now()).await.map_err(|why| failed(&why))? {
        return Err(wrong(format!("there is a client `{}` already", client.client_id)));
    }
    if console.json() {
        console.document(&json!({
            "version": 1, "diagnostics": [], "client": client, "client_secret": secret,
        }));
        return Ok(Outcome::Success);
    }
    console.prose(format!("added {}", client.client_id));
    if let Some(secret) = secret {
        console.answer(secret);
    }
    Ok(Outcome::Success)
}

impl NewClient {
    fn client(&self, secret: Option<&str>) -> Result<Client, Failure> {
        let jwks = match &self.jwks {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Failure::file("read", path, &error))?;
                let keys = serde_json::from_str(&text).map_err(|error| {
                    Failure::new("invalid-client", format!("`{}`: {error}", path.display()))
                })?;
                Some(keys)
            }
            None => None,
        };
        let mut grants = std::collections::BTreeSet::new();
        if !self.redirect_uri.is_empty() {
            grants.extend([Grant::AuthorizationCode, Grant::RefreshToken]);
        }
        if self.actor.is_some() {
            grants.insert(Grant::ClientCredentials);
        }
        let people = grants.contains(&Grant::AuthorizationCode);
        Ok(Client {
            client_id: self.id.clone(),
            client_name: self.name.clone(),
            token_endpoint_auth_method: match (secret, &jwks) {
                (Some(_), _) => ClientAuthentication::ClientSecretBasic,
                (None, Some(_)) => ClientAuthentication::PrivateKeyJwt,
                (None, None) => ClientAuthentication::None,
            },
            grant_types: grants,
            redirect_uris: self.redirect_uri.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uri.clone(),
            scope: if people { self.scope.clone() } else { String::new() },
            id_token_signed_response_alg: "ES256".to_owned(),
            client_secret_sha256: secret.map(digest),
            jwks,
            first_party: self.first_party,
            actor: self.actor.clone(),
            roles: self.role.clone(),
        })
    }
}

async fn list(clients: &Clients, console: &Console) -> Result<Outcome, Failure> {
    let all = clients.list().await.map_err(|why| failed(&why))?;
    if console.json() {
        console.document(&json!({ "version": 1, "diagnostics": [], "clients": all }));
        return Ok(Outcome::Success);
    }
    if all.is_empty() {
        console.prose("the store has no clients");
    }
    for client in all {
        let whose = if client.first_party { "ours" } else { "of others" };
        let proof = if client.is_confidential() { "proves itself" } else { "public" };
        console.answer(format!("{}  {whose}, {proof}  {}", client.client_id, client.scope));
    }
    Ok(Outcome::Success)
}
