//! The OpenID Connect provider, issuers of others and certificates, as they are configured.

use std::net::SocketAddr;
use std::sync::Arc;

use accounts::issuers::{Certificates, IssuerOptions, IssuerSettings, Tokens};
use accounts::oidc::{Client, OpenIdMount, Provider, ProviderSettings};
use accounts::{Accounts, Clock, Recognise};
use decide::Design;
use hyper::http::request::Parts;
use runtime::Backend;
use runtime::http::{Peer, ServeOptions};
use runtime::identity::{Authenticate, Issuer, Proof};
use runtime::operations::report;
use runtime::store::Store;

use crate::Failure;

/// What can be set about tokens and certificates.
#[derive(Clone, Debug, Default)]
pub struct OidcSettings {
    /// Under which URL clients reach this server; where it listens if absent.
    pub public_url: Option<String>,
    /// Clients of the provider that a file describes.
    pub clients: Vec<Client>,
    /// Issuers of others whose tokens are accepted.
    pub issuers: Vec<IssuerSettings>,
    /// Names of certificates, such as `uri:spiffe://shop/warehouse`, and the actors that they are.
    pub certificates: Vec<(String, String)>,
}

/// The provider of accounts where there are any, and who else is recognised.
pub(crate) struct Oidc {
    provider: Option<Arc<Provider>>,
    pub(crate) further: Vec<Arc<dyn Recognise>>,
}

impl Oidc {
    /// Starts the provider, and to fetch the keys of others.
    pub(crate) async fn start<S: Store>(
        design: &Design,
        settings: &OidcSettings,
        backend: &Arc<Backend<S>>,
        accounts: Option<&Arc<Accounts>>,
        issuer: &Issuer,
    ) -> Result<Self, Failure> {
        let provider = match accounts {
            Some(accounts) => Some(provider(design, settings, backend, accounts, issuer).await?),
            None => None,
        };
        let options = IssuerOptions {
            issuers: settings.issuers.clone(),
            clock: Clock::default(),
            warn: Arc::new(|why| report::warning("issuer-silent", why)),
            between: None,
        };
        let (model, everyone) = (&design.model, issuer.anonymous().clone());
        let tokens = Tokens::new(model, everyone.clone(), provider.clone(), options);
        let mut further: Vec<Arc<dyn Recognise>> = vec![Arc::new(tokens.map_err(wrong)?)];
        if !settings.certificates.is_empty() {
            let named = Certificates::new(model, everyone, &settings.certificates);
            further.push(Arc::new(named.map_err(wrong)?));
        }
        Ok(Self { provider, further })
    }

    /// Serves the provider.
    pub(crate) fn serve(&self, options: &mut ServeOptions) {
        let Some(provider) = &self.provider else { return };
        let local = serde_json::to_value(options.issuer.public_key()).unwrap_or_default();
        options.mounts.push(Arc::new(OpenIdMount::new(Arc::clone(provider), local)));
    }

    /// Tells the provider where it listens.
    pub(crate) fn listens_at(&self, address: SocketAddr, secure: bool) {
        if let Some(provider) = &self.provider {
            provider.listens_at(address, secure);
        }
    }
}

async fn provider<S: Store>(
    design: &Design,
    settings: &OidcSettings,
    backend: &Arc<Backend<S>>,
    accounts: &Arc<Accounts>,
    issuer: &Issuer,
) -> Result<Arc<Provider>, Failure> {
    let decided = accounts::Settings::of(design);
    let told = ProviderSettings {
        issuer: settings.public_url.clone(),
        clients: settings.clients.clone(),
        clock: decided.clock,
        remembered: decided.remembered,
    };
    let seal = provider_seal(issuer);
    let (model, records) = (Arc::clone(&design.model), Arc::clone(backend));
    Provider::start(model, records, Arc::clone(accounts), &seal, told).await.map_err(wrong)
}

/// The secret that seals the provider's keys and questions.
#[must_use]
pub fn provider_seal(issuer: &Issuer) -> [u8; 32] {
    issuer.derived(b"firmitas provider")
}

fn wrong(why: String) -> Failure {
    Failure::new("no-identity", why)
}

/// Who asks where nobody signs in here: whoever others vouch for, and tokens for local use.
pub(crate) struct TokensAlone {
    issuer: Issuer,
    further: Vec<Arc<dyn Recognise>>,
}

impl TokensAlone {
    pub(crate) const fn new(issuer: Issuer, further: Vec<Arc<dyn Recognise>>) -> Self {
        Self { issuer, further }
    }
}

impl Authenticate for TokensAlone {
    fn caller<'a>(&'a self, head: &'a Parts, peer: &'a Peer) -> Proof<'a> {
        let further = self.further.iter().find_map(|known| known.recognise(head, peer));
        further.unwrap_or_else(|| Authenticate::caller(&self.issuer, head, peer))
    }
}
