//! How callers prove who they are.

use decide::{Design, design::Route};
use model::model::Authentication;
use serde_json::{Map, Value, json};

/// The cookie of somebody who signed in with a browser.
const SESSION: &str = "session";
/// What a page shows with it where it writes.
const CSRF: &str = "csrf";
/// The key of a program.
const KEY: &str = "apiKey";
const BEARER: &str = "bearer";

/// What an operation asks for, one of these: nothing where an actor without sign-in is admitted (a
/// token may admit to more), a token; where people are admitted their session, where programs are
/// their key.
pub fn requirements(design: &Design, route: &Route) -> Value {
    let admits = |wanted| {
        let mut actors = route.actors.iter().map(|id| design.model.actor(*id).authentication);
        actors.any(|authentication| authentication == wanted)
    };
    let mut all = Vec::new();
    if admits(Authentication::None) {
        all.push(json!({}));
    }
    all.push(json!({ BEARER: [] }));
    if admits(Authentication::User) {
        all.push(match route.method.name() {
            "GET" => json!({ SESSION: [] }),
            _ => json!({ SESSION: [], CSRF: [] }),
        });
    }
    if admits(Authentication::Key) {
        all.push(json!({ KEY: [] }));
    }
    all.into()
}

/// The schemes that the text of the operations names.
pub fn schemes(used: &str) -> Value {
    let all = [
        (
            BEARER,
            json!({
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A signed token that names the caller.",
            }),
        ),
        (
            SESSION,
            json!({
                "type": "apiKey",
                "in": "cookie",
                "name": "__Host-session",
                "description": "The cookie that /auth/sign-in sets; `session` on plain connections to this machine itself.",
            }),
        ),
        (
            CSRF,
            json!({
                "type": "apiKey",
                "in": "header",
                "name": "X-CSRF-Token",
                "description": "What /auth/session tells a page of this origin, to be shown with the cookie.",
            }),
        ),
        (
            KEY,
            json!({
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "A key of a program; `Authorization: Bearer` takes it too.",
            }),
        ),
    ];
    let named =
        |(name, _): &(&str, Value)| *name == BEARER || used.contains(&format!("\"{name}\":[]"));
    let kept = all.into_iter().filter(named);
    Value::Object(kept.map(|(name, scheme)| (name.to_owned(), scheme)).collect())
}

/// Takes out what is served only where people sign in and programs have keys.
pub fn without_accounts(document: &mut Value) {
    let own = |name: &str| matches!(name, SESSION | CSRF | KEY);
    if let Some(schemes) = document.pointer_mut("/components/securitySchemes") {
        let schemes = schemes.as_object_mut();
        schemes.map(|schemes| schemes.retain(|name, _| !own(name))).unwrap_or_default();
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut) {
        let Some(all) = operation.get_mut("security").and_then(Value::as_array_mut) else {
            continue;
        };
        let kept =
            |one: &Value| one.as_object().is_none_or(|one| !one.keys().any(|name| own(name)));
        all.retain(kept);
    }
}
