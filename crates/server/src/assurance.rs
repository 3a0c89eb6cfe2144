//! What the model asks of how people prove who they are, and nobody here can.

use base::Diagnostic;
use decide::sessions;
use model::Model;
use model::model::{Authentication, Operation};

use crate::OidcSettings;

/// What does not run here, that among it.
pub(crate) fn told(
    model: &Model,
    settings: &OidcSettings,
    not_running: &[Diagnostic],
) -> Vec<Diagnostic> {
    let mut all = unreached(model, settings);
    all.extend_from_slice(not_running);
    all
}

/// One warning for each place that asks people for AAL3, which is hardware (NIST SP 800-63B-4,
/// section 2.3): the sign-in here reaches AAL2. An issuer of others may vouch for more. Their
/// operations are never served for less.
fn unreached(model: &Model, settings: &OidcSettings) -> Vec<Diagnostic> {
    let vouched = |level: &u8| *level == 3;
    let reached = settings.issuers.iter().any(|issuer| {
        issuer.assurance.values().any(&vouched)
            || issuer.assurance_otherwise.as_ref().is_some_and(vouched)
    });
    let person = |operation: &&Operation| {
        let mut actors = operation.by.iter().map(|grant| model.actor(grant.actor));
        actors.any(|actor| actor.authentication == Authentication::User)
    };
    let asking = model.operations.iter().filter(person);
    let asking = asking.filter(|operation| sessions::asked(model, operation) == 3).count();
    if reached || asking == 0 {
        return Vec::new();
    }
    let contexts = model.contexts.iter().map(|context| &context.needs);
    let operations = model.operations.iter().map(|operation| &operation.needs);
    let needs = std::iter::once(&model.system.needs).chain(contexts).chain(operations);
    let stated = needs.filter_map(|needs| needs.assurance.as_ref());
    let strict = stated.filter(|level| level.value == "L3");
    strict
        .map(|level| {
            let message = format!(
                "`assurance: L3` asks people for hardware authenticators (AAL3), which the sign-in \
                 here does not have: {asking} operations answer people 401 until an issuer of \
                 others vouches for level 3"
            );
            Diagnostic::warning("not-running", level.span, message)
                .label("asked for here")
                .help("`--issuers FILE` with `\"assurance\": {\"ACR\": 3}`")
        })
        .collect()
}
