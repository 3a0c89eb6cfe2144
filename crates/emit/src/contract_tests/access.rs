//! Who is admitted: each actor, on rows that are and are not theirs, and everybody else.

use model::model::{ActorId, Addressed, Authentication, OperationKind};

use super::endpoint::{Case, Endpoint, Kind};

/// One success for each actor, and every way of being refused.
pub fn cases(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, actor) in endpoint.admitted() {
        all.push(happy(endpoint, name, actor));
        all.extend(not_theirs(endpoint, name, actor));
        let entity = endpoint.design.model.actor(actor).entity;
        let creates_itself = endpoint.operation.kind == OperationKind::Create
            && endpoint.operation.entity() == entity;
        if entity.is_some() && !creates_itself && !endpoint.is_open() {
            let given = "the subject of the token is linked to no row";
            all.push(
                Case::new(Kind::Access, format!("{name}-not-linked"), given, 403)
                    .by(name)
                    .refused("not-linked"),
            );
        }
    }
    if !endpoint.is_open() {
        all.push(
            Case::new(Kind::Access, "no-token", "no `Authorization`", 401)
                .refused("unauthenticated")
                .asserts("`WWW-Authenticate: Bearer`"),
        );
        all.extend(strangers(endpoint));
    }
    let forged = "a token whose signature is changed by one bit";
    all.push(Case::new(Kind::Access, "forged-token", forged, 401).refused("invalid-token"));
    let old = "a token that expired a minute ago";
    all.push(Case::new(Kind::Access, "expired-token", old, 401).refused("token-expired"));
    all
}

fn happy(endpoint: &Endpoint<'_>, name: &str, actor: ActorId) -> Case {
    let operation = endpoint.operation;
    let given = match (endpoint.condition(actor), operation.kind) {
        (_, OperationKind::Create) => endpoint.usual().to_owned(),
        (Some(condition), OperationKind::List | OperationKind::Stream) => {
            format!("rows for which `{condition}` holds, and others")
        }
        (Some(condition), _) => {
            format!("a row for which `{condition}` holds; {}", endpoint.usual())
        }
        (None, OperationKind::List | OperationKind::Stream) => "some rows".to_owned(),
        (None, _) => format!("a row; {}", endpoint.usual()),
    };
    let mut case = Case::new(Kind::Happy, name, given, endpoint.route.success).by(name);
    if operation.kind != OperationKind::Delete {
        case = case.asserts("the body fits the schema of the contract");
    }
    for field in hidden(endpoint) {
        case = case.asserts(format!("the body has no `{field}`"));
    }
    match operation.kind {
        OperationKind::Create => case = case.asserts("`Location` leads to the row"),
        OperationKind::Delete => case = case.asserts("a `GET` of the row answers 404 afterwards"),
        OperationKind::List => {
            if let Some(condition) = endpoint.condition(actor) {
                case = case.asserts(format!("no row for which `{condition}` does not hold"));
            }
        }
        _ => {}
    }
    case
}

/// Fields of the entity that no answer may hold.
fn hidden(endpoint: &Endpoint<'_>) -> Vec<String> {
    let entity = endpoint.operation.entity().map(|entity| endpoint.design.model.entity(entity));
    if endpoint.operation.kind == OperationKind::Delete {
        return Vec::new();
    }
    let fields = entity.into_iter().flat_map(|entity| &entity.fields);
    let hidden = fields.filter(|field| field.modifiers.secret || field.modifiers.internal);
    let mut names: Vec<String> = hidden.map(|field| field.name.value.clone()).collect();
    names.sort();
    names
}

/// The same actor where its condition does not hold, and in another tenant.
fn not_theirs(endpoint: &Endpoint<'_>, name: &str, actor: ActorId) -> Vec<Case> {
    let mut all = Vec::new();
    let operation = endpoint.operation;
    if let Some(condition) = endpoint.condition(actor) {
        let given = format!("a row for which `{condition}` does not hold");
        match operation.kind {
            OperationKind::List | OperationKind::Stream => {}
            OperationKind::Create => {
                let mut case = Case::new(Kind::Access, format!("{name}-condition"), given, 403)
                    .by(name)
                    .refused("forbidden");
                case.not_run = Some("needs input for which the condition fails".to_owned());
                all.push(case);
            }
            _ => all.push(
                Case::new(Kind::Access, format!("{name}-condition"), given, 404)
                    .by(name)
                    .refused("not-found")
                    .asserts("the answer is the same as for a row that does not exist"),
            ),
        }
    }
    let entity = operation.entity().map(|entity| endpoint.design.model.entity(entity));
    let crosses = endpoint.design.model.actor(actor).all_tenants;
    let tenants = endpoint.design.model.system.tenancy.is_some() && !crosses;
    if tenants && entity.is_some_and(|entity| !entity.shared) {
        let name = format!("{name}-other-tenant");
        let case = match operation.addressed {
            Addressed::Collection if operation.kind == OperationKind::List => Some(
                Case::new(Kind::Access, name, "rows of two tenants", endpoint.route.success)
                    .asserts("only rows of the caller's tenant"),
            ),
            Addressed::Collection => None,
            _ => Some(
                Case::new(Kind::Access, name, "a row of another tenant", 404).refused("not-found"),
            ),
        };
        let actor = &endpoint.design.model.actor(actor).name;
        all.extend(case.map(|case| case.by(actor)));
    }
    all
}

/// Actors that are not admitted at all.
fn strangers(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let model = &endpoint.design.model;
    let mut names: Vec<&str> = model
        .actors()
        .filter(|(id, of)| {
            let token = !matches!(of.authentication, Authentication::None | Authentication::System);
            token && !endpoint.route.actors.contains(id)
        })
        .map(|(_, of)| of.name.value.as_str())
        .collect();
    names.sort_unstable();
    let case = |name: &str| {
        let given = "a token of an actor that is not admitted";
        Case::new(Kind::Access, format!("{name}-refused"), given, 403).by(name).refused("forbidden")
    };
    names.into_iter().map(case).collect()
}
