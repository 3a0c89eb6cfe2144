//! STRIDE at every boundary that this design has: spoofing, tampering, repudiation, information
//! disclosure, denial of service, elevation of privilege.

use model::model::{Authentication, EndpointKind, Verification};

use super::scan::Scan;
use crate::markdown::{Markdown, some};

/// The answers at one boundary, in the order of the letters.
struct Boundary {
    name: String,
    answers: [String; 6],
}

const LETTERS: [&str; 6] = [
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
];

/// The section.
pub fn write(scan: &Scan<'_>, page: &mut Markdown) {
    page.section("Boundaries and threats");
    page.paragraph(
        "A boundary is where data passes between parties that do not trust each other in \
         everything. At each, the six kinds of threat (STRIDE) and what this design asks for; the \
         table of the ASVS below says what `firm up` does of it.",
    );
    for boundary in boundaries(scan) {
        page.subsection(&boundary.name);
        let rows = LETTERS.iter().zip(&boundary.answers);
        let rows = rows.map(|(letter, answer)| vec![(*letter).to_owned(), answer.clone()]);
        page.table(&["threat", "what is done"], rows, "Nothing crosses it.");
    }
}

fn boundaries(scan: &Scan<'_>) -> Vec<Boundary> {
    let mut all = outside(scan);
    all.extend(stores(scan));
    all.extend(between(scan));
    all.extend(externals(scan));
    all.extend(callbacks(scan));
    all.extend(webhooks(scan));
    all.extend(pipelines(scan));
    all.extend(tenants(scan));
    all
}

/// Clients and each deployable that serves them.
fn outside(scan: &Scan<'_>) -> Vec<Boundary> {
    let one = |of: &decide::deployables::Deployable| {
        let here = |id| of.contexts.contains(&scan.operation(id).context);
        let served: Vec<_> = scan.public.iter().filter(|(id, _)| here(*id)).collect();
        let writes = served.iter().filter(|(id, _)| scan.operation(*id).writes()).count();
        if served.is_empty() {
            return None;
        }
        let named = |names: Vec<String>| {
            let here: Vec<String> = names
                .into_iter()
                .filter(|name| served.iter().any(|(_, known)| known == name))
                .collect();
            here
        };
        let open = named(scan.anonymous(false));
        let open_writes = named(scan.anonymous(true));
        let wide = named(scan.unconditional());
        let mut spoofing = format!(
            "{} of {} public operations ask who is calling",
            served.len() - open.len() - open_writes.len(),
            served.len()
        );
        if !open_writes.is_empty() {
            spoofing += &format!("; **everyone may write** through {}", some(&open_writes));
        }
        let tampering = format!(
            "{writes} operations write: unknown properties, `readonly` and `internal` fields are \
             refused, values are held to their types and ranges, rows to {} invariants and {} \
             unique keys; TLS in transit",
            scan.design.model.entities.iter().map(|of| of.invariants.len()).sum::<usize>(),
            scan.design.model.entities.iter().map(|of| of.unique.len()).sum::<usize>(),
        );
        let disclosure = format!(
            "`secret`, `internal` and `sensitive` fields are never returned unasked; a row that a \
             caller may not see is answered like one that does not exist (404); operations whose \
             rows some actor sees without a condition: {}",
            if wide.is_empty() { "none".to_owned() } else { some(&wide) }
        );
        Some(Boundary {
            name: format!("Clients and `{}`", of.name),
            answers: [
                spoofing,
                tampering,
                repudiation(scan),
                disclosure,
                denial(scan),
                elevation(scan),
            ],
        })
    };
    scan.deployables.iter().filter_map(one).collect()
}

fn repudiation(scan: &Scan<'_>) -> String {
    let mut audited: Vec<&str> = scan
        .design
        .verdicts
        .iter()
        .filter(|of| of.family == "audit" && of.choice != "none")
        .map(|of| of.subject.as_str())
        .collect();
    audited.sort_unstable();
    let log = "every request is logged with its trace, its operation and the caller's subject";
    if audited.is_empty() {
        return format!("{log}; no entity is audited");
    }
    format!("{log}; audited: {}", some(&audited))
}

fn denial(scan: &Scan<'_>) -> String {
    let limited = scan.design.verdicts.iter().filter(|of| of.family == "rate-limit");
    let limited = limited.filter(|of| of.choice != "none").count();
    format!(
        "bodies, pages (1,000 rows), lists and depth are bounded, every request has a deadline; \
         rate limits are decided for {limited} pairs of actor and API"
    )
}

fn elevation(scan: &Scan<'_>) -> String {
    let inner = if scan.inner.is_empty() {
        "no operation is the system's alone".to_owned()
    } else {
        format!("{} have no route at all: {}", scan.inner.len(), some(&scan.inner))
    };
    let roles = scan.design.model.actors.iter().filter_map(|of| of.role.as_deref());
    let mut roles: Vec<&str> = roles.collect();
    roles.sort_unstable();
    roles.dedup();
    let roles = if roles.is_empty() {
        String::new()
    } else {
        format!("; roles come from the verified token alone: {}", some(&roles))
    };
    format!("denied unless `by` admits the actor; {inner}{roles}")
}

fn stores(scan: &Scan<'_>) -> Vec<Boundary> {
    let one = |of: &decide::sizing::Store| {
        let contexts: Vec<&str> = of
            .contexts
            .iter()
            .map(|id| scan.design.model.context(*id).name.value.as_str())
            .collect();
        let backups = scan
            .design
            .verdicts
            .iter()
            .find(|known| known.family == "recovery" && known.subject == of.name);
        let backups = backups.map_or("backups are encrypted".to_owned(), |of| {
            format!("recovery is `{}`, backups are encrypted", of.choice)
        });
        Boundary {
            name: format!("Services and `{}`", of.name),
            answers: [
                format!("one role for each of {} contexts, whose password comes from the environment or a vault", contexts.len()),
                "statements are prepared, values are bound: no text of a client becomes SQL; constraints stand in the database as well".to_owned(),
                "the log of the database names the role of the context".to_owned(),
                format!("no grants across the schemas of {}; {backups}", some(&contexts)),
                format!("{} connections at most, statements and locks have timeouts", of.connections_most),
                "roles of services own no tables and may not change the schema; migrations run as another role".to_owned(),
            ],
        }
    };
    scan.design.sizing.stores.iter().map(one).collect()
}

fn between(scan: &Scan<'_>) -> Vec<Boundary> {
    let one = |(from, to): (String, String)| {
        Boundary {
        name: format!("`{from}` and `{to}`"),
        answers: [
            "both ends show certificates of the system's own authority, or short signed tokens that name the caller".to_owned(),
            "TLS; the callee validates what it is sent as it does for clients".to_owned(),
            "the trace goes along, so that both logs tell one story".to_owned(),
            "a user's token is never passed on: the callee gets what the call needs and no more".to_owned(),
            "timeout, bulkhead and breaker of `resilience`; the callee sheds what is beyond its capacity".to_owned(),
            "what a service may call is an allow-list (network policy), and the callee admits it as `system` for those operations alone".to_owned(),
        ],
    }
    };
    scan.remote().into_iter().map(one).collect()
}

fn externals(scan: &Scan<'_>) -> Vec<Boundary> {
    let one = |name: &str| {
        let external = scan.design.model.externals.iter().find(|of| of.name.value == name)?;
        let keyed = external.operations.iter().filter(|of| of.idempotent).count();
        let mut refusals: Vec<&str> = external
            .operations
            .iter()
            .flat_map(|of| &of.errors)
            .map(|code| code.value.as_str())
            .collect();
        refusals.sort_unstable();
        let limit = external.limit.as_ref().map(|of| decide::facts::per_second(of.value.mean));
        Some(Boundary {
            name: format!("Us and `{name}`"),
            answers: [
                "its certificate is verified; our credential is a secret of the environment or a vault".to_owned(),
                format!("what it answers is held to the declared types before anything is done with it; {keyed} of {} calls carry a key against doing things twice", external.operations.len()),
                "each call that changes something is stored before it is made, with its key and its outcome; lookups are not".to_owned(),
                "it gets the declared input and nothing else; redirects are not followed".to_owned(),
                limit.map_or("it states no limit: ours is the bulkhead".to_owned(), |of| format!("we keep within nine tenths of its {of}; a bulkhead keeps it from taking all our workers")),
                if refusals.is_empty() { "its answers decide nothing but the call's own outcome".to_owned() } else { format!("it says that it refuses with {}; any other 4xx with a code refuses as well, and everything else is a failure", some(&refusals)) },
            ],
        })
    };
    scan.externals().into_iter().filter_map(one).collect()
}

fn callbacks(scan: &Scan<'_>) -> Vec<Boundary> {
    let mut all = Vec::new();
    for external in &scan.design.model.externals {
        for callback in &external.callbacks {
            let proof = match callback.verify {
                Verification::Hmac => {
                    "a keyed hash (HMAC) of the whole body, compared in constant time"
                }
                Verification::Mtls => "its client certificate",
                Verification::Jwt => "a signed token with issuer, audience and expiry",
            };
            let window = callback
                .window
                .as_ref()
                .map(|of| format!("messages older than {} are refused; ", of.value));
            let again = if callback.id.is_some() {
                "a message that came before is acknowledged and not done again"
            } else {
                "**nothing tells repetitions apart**: give the callback an `id`"
            };
            all.push(Boundary {
                name: format!("`{}` calling `{}`", external.name, callback.name),
                answers: [
                    proof.to_owned(),
                    format!("{}{again}", window.unwrap_or_default()),
                    "the message is stored with the proof that came with it".to_owned(),
                    "the answer is empty, whatever happened inside".to_owned(),
                    "the proof is checked before the body is read as JSON; bodies are bounded"
                        .to_owned(),
                    "it calls one declared operation as `system`".to_owned(),
                ],
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn webhooks(scan: &Scan<'_>) -> Vec<Boundary> {
    let one = |of: &model::model::Webhook| {
        Boundary {
        name: format!("Us and subscribers of `{}`", of.name),
        answers: [
            "the body is signed with a key of the subscription; the subscriber's certificate is verified".to_owned(),
            "the signature covers body and time, so that neither can be changed or sent again later".to_owned(),
            "every delivery is recorded with its outcome".to_owned(),
            "payloads have no `secret` or `internal` fields; each subscriber gets what its row selects".to_owned(),
            "bounded retries, then the subscription is switched off; one slow subscriber holds up no other".to_owned(),
            "private, loopback and link-local addresses are refused when connecting, redirects are not followed (server-side request forgery)".to_owned(),
        ],
    }
    };
    let mut all: Vec<Boundary> = scan.design.model.webhooks.iter().map(one).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn pipelines(scan: &Scan<'_>) -> Vec<Boundary> {
    let far = |kind: &EndpointKind| !matches!(kind, EndpointKind::Entity(_));
    let one = |of: &model::model::Pipeline| {
        let comes = far(&of.from.kind);
        Boundary {
            name: format!("Pipeline `{}`", of.name),
            answers: [
                "the far end is named in the model, with a credential of its own; host keys and certificates are verified".to_owned(),
                if comes { "every row is held to the entity's types and invariants; what fails goes to a dead-letter table with the reason" } else { "what is written is written whole, under a name that is not used again" }.to_owned(),
                "each run is recorded: rows read, written and refused".to_owned(),
                "files wait encrypted, and are removed once they were taken".to_owned(),
                "rows are taken in batches of bounded size; a run that is late does not start a second".to_owned(),
                "it writes as `system` through the entity's own rules, never past them".to_owned(),
            ],
        }
    };
    let mut all: Vec<Boundary> = scan.design.model.pipelines.iter().map(one).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn tenants(scan: &Scan<'_>) -> Option<Boundary> {
    scan.design.model.system.tenancy.as_ref()?;
    let how = scan.verdict("tenancy", "system").map_or("pool", |of| of.choice);
    let crossing: Vec<&str> = scan
        .design
        .model
        .actors
        .iter()
        .filter(|of| of.all_tenants && of.authentication != Authentication::System)
        .map(|of| of.name.value.as_str())
        .collect();
    Some(Boundary {
        name: "One tenant and another".to_owned(),
        answers: [
            "the tenant follows from the verified caller or the host; `X-Tenant-ID` chooses only among those that are the caller's own".to_owned(),
            "the runtime sets the tenant of every new row; references never lead to another tenant's".to_owned(),
            "who crosses tenants is audited".to_owned(),
            format!("isolation is `{how}`: the tenant is part of every query and unique key, and row-level security in the database holds where a query forgets it"),
            "limits count for each principal; a tenant that is much larger than the others is a candidate for a store of its own".to_owned(),
            if crossing.is_empty() { "no actor crosses tenants".to_owned() } else { format!("these cross tenants: {}", some(&crossing)) },
        ],
    })
}
