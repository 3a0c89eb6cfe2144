//! What the head of a request says about the tenant it is for.

use std::sync::Arc;

use hyper::header::{HOST, HeaderName};
use hyper::http::request::Parts;
use model::Model;
use model::model::{Actor, TenantFrom};

use super::head;
use crate::call::Caller;
use crate::problem::{Problem, code};

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");
/// Most characters of a host name (RFC 1035, section 2.3.4).
const HOST_LIMIT: usize = 253;

/// What has to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct TenantReader {
    host: bool,
    /// Whether some actor may name a tenant.
    named: bool,
}

impl TenantReader {
    /// Nothing where there is one tenant.
    pub(super) fn new(model: &Model) -> Option<Self> {
        let tenancy = model.system.tenancy.as_ref()?;
        let host = matches!(tenancy.from, TenantFrom::Host(_));
        let linked = |actor: &Actor| !host && actor.entity.is_some();
        let named = model.actors().any(|(_, actor)| actor.all_tenants || linked(actor));
        Some(Self { host, named })
    }

    /// Notes what is said.
    ///
    /// # Errors
    /// 400 for a header that is given twice or is no id.
    pub(super) fn read(self, parts: &Parts, caller: &mut Caller) -> Result<(), Problem> {
        if self.host {
            caller.tenant.host = host(parts)?;
        }
        if self.named
            && let Some(text) = head::single(&parts.headers, &TENANT)?
        {
            let id = crate::json::parse_uuid(text).ok_or_else(|| {
                let detail = "The header `x-tenant-id` is not an id.";
                Problem::new(&code::MALFORMED_REQUEST).detail(detail)
            })?;
            caller.tenant.asked = Some(id);
        }
        Ok(())
    }
}

/// The host that a request is for: of its target (HTTP/2, and the absolute form, which outweighs
/// the header: RFC 9112, section 3.2.2), else of its header.
fn host(parts: &Parts) -> Result<Option<Arc<str>>, Problem> {
    let named = match parts.uri.host() {
        Some(host) => Some(host),
        None => head::single(&parts.headers, &HOST)?.map(without_port),
    };
    Ok(named.and_then(plain))
}

/// The host of a host and port; addresses of IPv6 stand in brackets.
fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => text,
    }
}

/// One spelling for each host.
fn plain(host: &str) -> Option<Arc<str>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let fits = !host.is_empty() && host.len() <= HOST_LIMIT;
    fits.then(|| host.to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        let named = |text| plain(without_port(text));
        for text in ["acme.example", "ACME.example:8080", "acme.example.", "acme.example.:443"] {
            assert_eq!(named(text).as_deref(), Some("acme.example"), "{text}");
        }
        assert_eq!(named("[::1]:8080").as_deref(), Some("[::1]"));
        assert_eq!(named("[::1]").as_deref(), Some("[::1]"));
        assert_eq!(named(":80"), None);
        assert_eq!(named(&"a".repeat(254)), None);
    }
}
