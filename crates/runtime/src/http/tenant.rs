//! What the head of a request says about the tenant it is for.

use std::sync::Arc;

use hyper::header::{HOST, HeaderName};
use hyper::http::request::Parts;
use model::Model;
use model::model::{Actor, TenantFrom};

use super::head;
use crate::call::Caller;
use crate::host::spelled;
use crate::problem::{Problem, code};

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");

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
        None => head::single(&parts.headers, &HOST)?,
    };
    Ok(named.and_then(spelled))
}
