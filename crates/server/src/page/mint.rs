//! Tokens of chosen actors, for who develops on this very machine.
//!
//! Whoever can read the key of the data folder can make tokens (`firm token`); the page must not
//! admit more people than that. So the link that `firm up` prints holds a secret that is derived
//! from this key, behind the `#`, which browsers do not send. Without it nobody gets a token: not
//! another site, not another user of the machine, and nobody for whom a proxy on the machine passes
//! requests on in good faith. What a request says about where it comes from is looked at as well,
//! so that the secret alone, should it leak, is of no use from elsewhere (DNS rebinding, proxies).

use std::sync::Arc;
use std::time::Duration;

use accounts::secret;
use decide::Design;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, FORWARDED, HOST, HeaderMap, HeaderName, ORIGIN, VIA};
use hyper::http::request::Parts;
use model::model::{ActorId, Authentication};
use runtime::call::{Identity, Trace};
use runtime::http::{Arrival, Reply, reply, single_header};
use runtime::identity::Issuer;
use runtime::problem::{Problem, code};
use runtime::telemetry::{AuditEvent, AuditKind, AuditLog};
use serde::Deserialize;
use serde_json::json;

/// How long a token of the page is good; it asks for another one by itself.
const LIFETIME: Duration = Duration::from_secs(3600);
/// Most bytes of a question.
const LIMIT: usize = 4096;
/// For it to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// The header of the secret.
const KEY: HeaderName = HeaderName::from_static("x-page-key");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Makes tokens for the page.
pub(super) struct Mint {
    design: Arc<Design>,
    issuer: Issuer,
    key: String,
    audit: AuditLog,
}

/// Whose token is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    actor: String,
    subject: Option<String>,
    tenant: Option<String>,
}

impl Mint {
    pub(super) fn new(design: Arc<Design>, issuer: Issuer, audit: AuditLog) -> Self {
        let key = issuer.derived(b"firmitas developer's page");
        // A key is text for a link; what it is derived from stays secret whatever becomes of it.
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = secret::derived(&hex, "firmitas developer's page");
        Self { design, issuer, key, audit }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Answers a question for a token.
    pub(super) async fn answer(&self, head: &Parts, body: Incoming, arrival: &Arrival) -> Reply {
        let asked = match self.admit(head, arrival) {
            Ok(()) => self.token(head, body).await,
            Err(problem) => Err(problem),
        };
        let (reason, subject) = match &asked {
            Ok((_, subject)) => (None, subject.as_str()),
            Err(problem) => (Some(&*problem.code), ""),
        };
        self.tell(reason, subject, &arrival.trace);
        asked.map_or_else(|problem| reply::problem(&problem), |(reply, _)| reply)
    }

    /// Lets in who knows the secret and asks from a page of this server on this machine.
    fn admit(&self, head: &Parts, arrival: &Arrival) -> Result<(), Problem> {
        let refused = |why: &str| Err(Problem::new(&code::FORGED_REQUEST).detail(why));
        if !arrival.peer.address.ip().to_canonical().is_loopback() || was_forwarded(&head.headers) {
            return refused("Tokens of the page are for this machine alone.");
        }
        let text = |name: &HeaderName| {
            let value = single_header(&head.headers, name)?;
            Ok::<_, Problem>(value.unwrap_or_default().to_ascii_lowercase())
        };
        let host = match head.uri.authority() {
            Some(authority) => authority.as_str().to_ascii_lowercase(),
            None => text(&HOST)?,
        };
        if !accounts::is_this_machine(&host) {
            return refused("This is not a name of this machine.");
        }
        let site = text(&FETCH_SITE)?;
        let from_here = site.is_empty() || site == "same-origin";
        if !from_here || text(&ORIGIN)? != format!("http://{host}") {
            return refused("It comes from another site.");
        }
        let shown = single_header(&head.headers, &KEY)?.unwrap_or_default();
        if !secret::equal(shown, &self.key) {
            return refused("The key of the page is missing or wrong: `firm up` prints its link.");
        }
        Ok(())
    }

    async fn token(&self, head: &Parts, body: Incoming) -> Result<(Reply, String), Problem> {
        // A type that no form of another site can send without being asked about.
        let media = single_header(&head.headers, &CONTENT_TYPE)?.unwrap_or_default();
        if media.split(';').next().unwrap_or_default().trim() != "application/json" {
            return Err(Problem::new(&code::UNSUPPORTED_MEDIA_TYPE));
        }
        let wanted = read(body).await?;
        let actor = self.actor(&wanted.actor)?;
        let id = |text: &String| {
            let wrong = || Problem::invalid("/tenant", "invalid-format", "Expected an id.");
            runtime::json::parse_uuid(text).ok_or_else(wrong)
        };
        let tenant = wanted.tenant.as_ref().filter(|text| !text.is_empty()).map(id).transpose()?;
        let subject = wanted.subject.filter(|text| !text.trim().is_empty());
        let subject = subject.unwrap_or_else(|| wanted.actor.clone());
        if subject.chars().count() > 255 || subject.chars().any(char::is_control) {
            let why = "At most 255 visible characters.";
            return Err(Problem::invalid("/subject", "invalid-format", why));
        }
        let token = self.issuer.issue_for(tenant, actor, &subject, LIFETIME);
        let token = token.map_err(|_| Problem::new(&code::INTERNAL))?;
        let told = json!({
            "token": token,
            "actor": wanted.actor,
            "subject": subject,
            "expires_in": LIFETIME.as_secs(),
        });
        Ok((reply::json(200, told.to_string()), subject))
    }

    /// An actor for whom tokens exist.
    fn actor(&self, name: &str) -> Result<ActorId, Problem> {
        let proves = |how| !matches!(how, Authentication::None | Authentication::System);
        let mut actors = self.design.model.actors();
        let found =
            actors.find(|(_, actor)| actor.name.value == name && proves(actor.authentication));
        let unknown = || Problem::invalid("/actor", "unknown-member", "No tokens exist for it.");
        found.map(|(id, _)| id).ok_or_else(unknown)
    }

    fn tell(&self, reason: Option<&str>, subject: &str, trace: &Trace) {
        let outcome = if reason.is_some() { "denied" } else { "allowed" };
        let identity = Identity { subject: subject.into(), ..Identity::default() };
        self.audit.write(&AuditEvent {
            reason,
            identity: (!subject.is_empty()).then_some(&identity),
            ..AuditEvent::new(AuditKind::Authentication, "page-token", outcome, trace)
        });
    }
}

/// Whether something between the browser and this server says that it is there.
fn was_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        name == FORWARDED.as_str()
            || name == VIA.as_str()
            || name == "x-real-ip"
            || name.starts_with("x-forwarded")
            || name.starts_with("cf-")
    })
}

async fn read(body: Incoming) -> Result<Wanted, Problem> {
    let reading = Limited::new(body, LIMIT).collect();
    let bytes = match tokio::time::timeout(PATIENCE, reading).await {
        Err(_) => return Err(Problem::new(&code::REQUEST_TIMEOUT)),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Problem::new(&code::PAYLOAD_TOO_LARGE));
        }
        Ok(Err(_)) => return Err(Problem::new(&code::MALFORMED_REQUEST)),
        Ok(Ok(collected)) => collected.to_bytes(),
    };
    serde_json::from_slice(&bytes).map_err(|_| {
        Problem::new(&code::MALFORMED_JSON).detail("Expected `actor`, `subject`, `tenant`.")
    })
}
