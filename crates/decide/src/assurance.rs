//! Chapters of OWASP ASVS 5.0, and which of them a model gives something to verify.

use expression::Type;
use model::model::{Authentication, ClientKind, OperationKind};

use crate::facts::Facts;

/// A chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Number: `V6`.
    pub number: &'static str,
    /// Title.
    pub title: &'static str,
    /// What of the model it is about, or why it does not apply.
    pub about: Result<String, &'static str>,
}

/// All chapters in order.
#[must_use]
pub fn chapters(model: Facts<'_>) -> Vec<Chapter> {
    let with = |authentication: &[Authentication]| {
        let mut names: Vec<&str> = model
            .actors
            .iter()
            .filter(|actor| authentication.contains(&actor.authentication))
            .map(|actor| actor.name.value.as_str())
            .collect();
        names.sort_unstable();
        names.join(", ")
    };
    let people = with(&[Authentication::User]);
    let programs =
        with(&[Authentication::Service, Authentication::Key, Authentication::Certificate]);
    let known = [people.as_str(), programs.as_str()];
    let known: Vec<&str> = known.into_iter().filter(|names| !names.is_empty()).collect();
    let known = known.join(", ");
    let browsers = model.actors.iter().any(|actor| actor.clients.contains(&ClientKind::Browser));
    let writes = model.operations.iter().filter(|operation| operation.writes()).count();
    let streams = model.operations.iter().filter(|of| of.kind == OperationKind::Stream).count();
    let marked = |what: fn(&model::model::Modifiers) -> bool| {
        model.entities.iter().flat_map(|of| &of.fields).filter(|of| what(&of.modifiers)).count()
    };
    let files = model
        .entities
        .iter()
        .flat_map(|entity| &entity.fields)
        .filter(|field| matches!(field.ty.required(), Type::File { .. }))
        .count();
    let personal = marked(|of| of.pii || of.sensitive);
    let secret = marked(|of| of.secret || of.sensitive);
    let some = |count: usize, about: String, none| if count > 0 { Ok(about) } else { Err(none) };
    let signed = |about: String, none| if known.is_empty() { Err(none) } else { Ok(about) };
    let rows: [(&str, &str, Result<String, &'static str>); 17] = [
        (
            "V1",
            "Encoding and Sanitization",
            Ok("every filter, sort and search reaches SQL as a bound value".to_owned()),
        ),
        (
            "V2",
            "Validation and Business Logic",
            some(
                writes,
                format!("{writes} operations that write: types, ranges, states and invariants"),
                "nothing is written",
            ),
        ),
        (
            "V3",
            "Web Frontend Security",
            if browsers {
                Ok("headers and cookies of the interface that browsers use; pages are not of this model".to_owned())
            } else {
                Err("no actor is said to use a browser")
            },
        ),
        (
            "V4",
            "API and Web Service",
            Ok(format!(
                "{} operations{}",
                model.operations.len(),
                if streams > 0 { format!(", {streams} of them streams") } else { String::new() }
            )),
        ),
        (
            "V5",
            "File Handling",
            some(files, format!("{files} fields that hold files"), "no field holds a file"),
        ),
        ("V6", "Authentication", signed(known.clone(), "nobody is asked who they are")),
        (
            "V7",
            "Session Management",
            if people.is_empty() { Err("no person signs in") } else { Ok(people.clone()) },
        ),
        (
            "V8",
            "Authorization",
            signed("the `by` of every operation".to_owned(), "everybody may do everything"),
        ),
        (
            "V9",
            "Self-contained Tokens",
            signed("tokens of callers".to_owned(), "there are no tokens"),
        ),
        (
            "V10",
            "OAuth and OIDC",
            if people.is_empty() {
                Err("no person signs in")
            } else {
                Ok("sign-in of people by the authorization code with PKCE".to_owned())
            },
        ),
        (
            "V11",
            "Cryptography",
            Ok(if secret > 0 {
                format!("{secret} secret or sensitive fields, signed tokens and cursors")
            } else {
                "signed tokens and cursors".to_owned()
            }),
        ),
        (
            "V12",
            "Secure Communication",
            Ok(format!(
                "TLS of all routes, of the store{}",
                if model.externals.is_empty() {
                    String::new()
                } else {
                    format!(" and of {} externals", model.externals.len())
                }
            )),
        ),
        (
            "V13",
            "Configuration",
            Ok("secrets, connections and their limits, by dependency".to_owned()),
        ),
        (
            "V14",
            "Data Protection",
            some(
                personal + secret,
                format!("{personal} personal or sensitive and {secret} secret fields"),
                "no field is personal, sensitive or secret",
            ),
        ),
        (
            "V15",
            "Secure Coding and Architecture",
            Ok("limits of resources, dependencies, transactions".to_owned()),
        ),
        (
            "V16",
            "Security Logging and Error Handling",
            Ok("problem documents without internals; sign-ins and refusals logged".to_owned()),
        ),
        ("V17", "WebRTC", Err("nothing here speaks WebRTC")),
    ];
    rows.into_iter().map(|(number, title, about)| Chapter { number, title, about }).collect()
}
