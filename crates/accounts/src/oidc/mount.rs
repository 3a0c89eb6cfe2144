//! The endpoints of the provider, beside the operations.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request};
use runtime::http::{Arrival, Mount, Reply, reply};
use runtime::problem::{Problem, code};
use serde_json::Value as Json;

use super::error::OAuthError;
use super::parameters::Parameters;
use super::provider::Provider;
use super::{authorize, consent, logout};

/// The endpoints of a provider.
#[derive(Debug)]
pub struct OpenIdMount {
    provider: Arc<Provider>,
    /// The public key of tokens for local use (RFC 7517).
    local: Json,
}

const KEYS: &str = "/.well-known/jwks.json";
const METADATA: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

/// Whether an address is read, posted to, or both.
fn methods(path: &str) -> Option<&'static [Method]> {
    const READ: &[Method] = &[Method::GET, Method::HEAD];
    const POST: &[Method] = &[Method::POST];
    const BOTH: &[Method] = &[Method::GET, Method::HEAD, Method::POST];
    match path {
        KEYS => Some(READ),
        path if METADATA.contains(&path) => Some(READ),
        "/oauth/token" | "/oauth/revoke" | "/oauth/introspect" | consent::PATH => Some(POST),
        authorize::PATH | logout::PATH | "/oauth/userinfo" => Some(BOTH),
        _ => None,
    }
}

impl OpenIdMount {
    /// The endpoints of a provider.
    #[must_use]
    pub const fn new(provider: Arc<Provider>, local: Json) -> Self {
        Self { provider, local }
    }

    async fn reply(&self, head: &Parts, body: Incoming, arrival: &Arrival) -> Reply {
        let path = head.uri.path();
        let allowed = methods(path).unwrap_or_default();
        if head.method == Method::OPTIONS || !allowed.contains(&head.method) {
            return other_method(head, allowed);
        }
        let provider = &self.provider;
        match path {
            KEYS => provider.key_set(&self.local),
            "/oauth/userinfo" => provider.user_info(head).await.unwrap_or_else(|problem| {
                provider.tell_refused(path, &problem, &arrival.trace);
                reply::problem(&problem)
            }),
            path if METADATA.contains(&path) => told(provider.metadata()),
            authorize::PATH | logout::PATH | consent::PATH => {
                let asked = parameters(head, body).await;
                let client = client(&asked);
                let reply = match asked {
                    Ok(parameters) => self.page(head, arrival, parameters).await,
                    Err(error) => super::page::failure(error.status, &error.description),
                };
                provider.tell_page(path, &client, &reply, &arrival.trace);
                reply
            }
            _ => {
                let asked = Parameters::form(head, body).await;
                let client = client(&asked);
                let answered = match asked {
                    Ok(form) => self.form(head, &form).await,
                    Err(error) => Err(error),
                };
                provider.tell_client(path, &client, &answered, &arrival.trace);
                told(answered)
            }
        }
    }

    /// What people see.
    async fn page(&self, head: &Parts, arrival: &Arrival, parameters: Parameters) -> Reply {
        let (provider, peer) = (&self.provider, &arrival.peer);
        match head.uri.path() {
            consent::PATH => provider.answered_question(head, peer, &parameters).await,
            logout::PATH => provider.log_out(head, peer, parameters).await,
            _ => provider.authorize(head, peer, parameters).await,
        }
    }

    /// What clients send.
    async fn form(&self, head: &Parts, form: &Parameters) -> Result<Reply, OAuthError> {
        match head.uri.path() {
            "/oauth/token" => self.provider.token(head, form).await,
            "/oauth/revoke" => self.provider.revoke(head, form).await,
            _ => self.provider.introspect(head, form).await,
        }
    }
}

/// The client that a request names.
fn client(asked: &Result<Parameters, OAuthError>) -> String {
    let named = asked.as_ref().ok().and_then(|form| form.get("client_id"));
    named.unwrap_or_default().to_owned()
}

async fn parameters(head: &Parts, body: Incoming) -> Result<Parameters, OAuthError> {
    if head.method == Method::POST {
        return Parameters::form(head, body).await;
    }
    Parameters::parse(head.uri.query().unwrap_or_default())
}

fn told(result: Result<Reply, OAuthError>) -> Reply {
    result.unwrap_or_else(|error| error.reply())
}

fn other_method(head: &Parts, allowed: &[Method]) -> Reply {
    let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    let allow = format!("{}, OPTIONS", names.join(", "));
    let allow = HeaderValue::try_from(allow).unwrap_or(HeaderValue::from_static("OPTIONS"));
    if head.method == Method::OPTIONS {
        let mut reply = reply::empty(204);
        reply.headers_mut().insert(ALLOW, allow);
        return reply;
    }
    reply::not_allowed(&Problem::new(&code::METHOD_NOT_ALLOWED), allow)
}

impl Mount for OpenIdMount {
    fn name(&self) -> &'static str {
        "oauth"
    }

    fn takes(&self, head: &Parts) -> bool {
        methods(head.uri.path()).is_some()
    }

    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            self.reply(&head, body, &arrival).await
        })
    }
}
