//! What the claims of an issuer mean here: which actors, which roles, how well proven.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::format;
use model::Model;
use model::model::{Actor, ActorId, Authentication};
use runtime::call::{Caller, Identity, TenantHint};
use serde_json::Value as Json;

use super::settings::IssuerSettings;
use crate::oidc::jwt::{self, Claims};

/// How the claims of one issuer are read.
pub(super) struct Mapping {
    issuer: Arc<str>,
    roles: String,
    tenant: Option<String>,
    /// The actors that its tokens may admit to, with the role that each needs.
    actors: Vec<(ActorId, Option<String>)>,
    assurance: BTreeMap<String, u8>,
    otherwise: Option<u8>,
}

/// Longest subject that is taken.
const SUBJECT: usize = 255;

impl Mapping {
    pub(super) fn of(settings: &IssuerSettings, model: &Model) -> Result<Self, String> {
        let proves = |of: &Actor| {
            !matches!(of.authentication, Authentication::None | Authentication::System)
        };
        if let Some(unknown) = settings
            .actors
            .iter()
            .flatten()
            .find(|name| !model.actors.iter().any(|of| of.name.value == **name && proves(of)))
        {
            let issuer = &settings.issuer;
            return Err(format!("the issuer `{issuer}`: no actor `{unknown}` proves who it is"));
        }
        let admitted = |of: &Actor| match &settings.actors {
            Some(names) => proves(of) && names.contains(&of.name.value),
            None => of.authentication == Authentication::User,
        };
        let actors = model.actors().filter(|(_, of)| admitted(of));
        Ok(Self {
            issuer: settings.issuer.as_str().into(),
            roles: settings.roles_claim.clone(),
            tenant: settings.tenant_claim.clone(),
            actors: actors.map(|(id, of)| (id, of.role.clone())).collect(),
            assurance: settings.assurance.clone(),
            otherwise: settings.assurance_otherwise,
        })
    }

    /// Who it is; `None` where the claims name nobody.
    pub(super) fn caller(&self, claims: &Claims, anonymous: &Caller) -> Option<Caller> {
        let subject = jwt::text(claims, "sub").filter(|sub| (1..=SUBJECT).contains(&sub.len()))?;
        let roles = self.roles(claims);
        let has = |role: &Option<String>| role.as_ref().is_none_or(|role| roles.contains(&&**role));
        let mut actors: Vec<ActorId> =
            self.actors.iter().filter(|(_, role)| has(role)).map(|(id, _)| *id).collect();
        actors.extend(&anonymous.actors);
        let seconds = claims.get("auth_time").and_then(Json::as_i64);
        let identity = Identity {
            issuer: Arc::clone(&self.issuer),
            subject: subject.into(),
            logins: logins(claims),
            authenticated_at: seconds.map(|seconds| seconds.saturating_mul(1_000_000)),
            assurance: self.assurance(claims),
            sought: false,
        };
        let tenant = TenantHint { claim: self.tenant(claims)?, ..TenantHint::default() };
        Some(Caller { actors, identity: Some(identity), tenant, ..Caller::default() })
    }

    /// The tenant that is named, if one is; `None` where what stands there is the id of none: whoever
    /// issued it meant to keep its bearer within bounds that are not known here.
    fn tenant(&self, claims: &Claims) -> Option<Option<u128>> {
        match self.tenant.as_ref().and_then(|name| claims.get(name)) {
            None | Some(Json::Null) => Some(None),
            Some(claim) => runtime::json::parse_uuid(claim.as_str()?).map(Some),
        }
    }

    /// A claim of this name, or else the value at this path.
    fn roles<'c>(&self, claims: &'c Claims) -> Vec<&'c str> {
        let path = || {
            let (first, rest) = self.roles.split_once('.')?;
            rest.split('.').try_fold(claims.get(first)?, |value, name| value.get(name))
        };
        match claims.get(&self.roles).or_else(path) {
            Some(Json::String(words)) => words.split(' ').filter(|word| !word.is_empty()).collect(),
            other => jwt::texts(other),
        }
    }

    /// By `acr` as configured; a second factor that `amr` names (RFC 8176) is level 2; else what is
    /// configured for tokens that say nothing.
    fn assurance(&self, claims: &Claims) -> Option<u8> {
        let stated = jwt::text(claims, "acr").and_then(|acr| self.assurance.get(acr)).copied();
        let named = || jwt::texts(claims.get("amr")).contains(&"mfa").then_some(2);
        stated.or_else(named).or(self.otherwise)
    }
}

/// Addresses that the issuer has verified.
fn logins(claims: &Claims) -> Vec<Arc<str>> {
    let verified = |name: &str| match claims.get(name) {
        Some(Json::Bool(verified)) => *verified,
        // Some issuers write it as a text.
        Some(Json::String(text)) => text == "true",
        _ => false,
    };
    let email = jwt::text(claims, "email")
        .filter(|text| verified("email_verified") && format::is_email(text));
    let phone = jwt::text(claims, "phone_number")
        .filter(|text| verified("phone_number_verified") && format::is_phone(text));
    email.map(|mail| mail.to_lowercase().into()).into_iter().chain(phone.map(Into::into)).collect()
}
