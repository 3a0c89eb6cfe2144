//! Services that prove who they are by a certificate (in the spirit of RFC 8705): the connection
//! was verified against the configured authorities, and a name of the certificate is somebody here.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Model;
use model::model::{ActorId, Authentication};
use runtime::call::{Caller, Identity};
use runtime::http::Peer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Who vouches for names of certificates.
const ISSUER: &str = "urn:firmitas:certificates";
/// Most certificates that are remembered.
const REMEMBERED: u64 = 1024;

/// The names of certificates that are somebody here.
pub struct Certificates {
    names: BTreeMap<String, ActorId>,
    anonymous: Caller,
    known: moka::sync::Cache<Arc<[u8]>, Option<Caller>>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Pairs such as `uri:spiffe://shop/warehouse` and `warehouse`, or `dns:pay.internal` and
    /// `cardProcessor`.
    ///
    /// # Errors
    /// One line that says which actor does not exist or proves itself otherwise.
    pub fn new(
        model: &Model,
        anonymous: Caller,
        names: &[(String, String)],
    ) -> Result<Self, String> {
        let mut known = BTreeMap::new();
        for (name, actor) in names {
            if !(name.starts_with("uri:") || name.starts_with("dns:")) {
                return Err(format!("`{name}` is neither `uri:...` nor `dns:...`"));
            }
            let fits = |how| matches!(how, Authentication::Service | Authentication::Certificate);
            let mut actors = model.actors();
            let found = actors.find(|(_, of)| of.name.value == *actor && fits(of.authentication));
            let Some((id, _)) = found else {
                return Err(format!("no actor `{actor}` has `auth: service` or `certificate`"));
            };
            known.insert(normal(name), id);
        }
        Ok(Self { names: known, anonymous, known: moka::sync::Cache::new(REMEMBERED) })
    }

    /// Who is at the other end; `None` where no certificate says.
    #[must_use]
    pub fn caller(&self, peer: &Peer) -> Option<Caller> {
        let certificate = peer.certificate.as_ref()?;
        if let Some(known) = self.known.get(certificate) {
            return known;
        }
        let caller = self.named(certificate);
        self.known.insert(Arc::clone(certificate), caller.clone());
        caller
    }

    fn named(&self, der: &[u8]) -> Option<Caller> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let mut named = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(format!("uri:{uri}")),
            GeneralName::DNSName(name) => Some(normal(&format!("dns:{name}"))),
            _ => None,
        });
        let (name, actor) = named
            .find_map(|name| Some((self.names.get(&name).copied()?, name)))
            .map(|(actor, name)| (name, actor))?;
        let mut actors = vec![actor];
        actors.extend(&self.anonymous.actors);
        let subject = name.as_str().into();
        let identity = Identity { issuer: ISSUER.into(), subject, ..Identity::default() };
        Some(Caller { actors, identity: Some(identity), ..Caller::default() })
    }
}

/// Names of hosts have no case.
fn normal(name: &str) -> String {
    if name.starts_with("dns:") { name.to_ascii_lowercase() } else { name.to_owned() }
}
