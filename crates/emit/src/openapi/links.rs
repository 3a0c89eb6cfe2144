//! From a created row to what can be done with it.

use decide::{Design, design::Route};
use model::model::{Addressed, Operation, OperationKind, Target};
use serde_json::{Map, Value, json};

/// Links of a `create`: to what addresses its row by id, and admits everybody whom it admits.
pub fn all(design: &Design, operation: &Operation, route: &Route) -> Map<String, Value> {
    let mut links = Map::new();
    let answers_id = operation.fields.iter().any(|field| field.name == "id");
    if operation.kind != OperationKind::Create || operation.batch.is_some() || !answers_id {
        return links;
    }
    for other in design.routes.iter().flatten().filter(|other| other.not_served.is_none()) {
        let target = design.model.operation(other.operation);
        let same = matches!(target.target, Target::Entity(_))
            && target.target == operation.target
            && target.context == operation.context
            && target.addressed == Addressed::Id;
        let admits = route.actors.iter().all(|actor| other.actors.contains(actor));
        if same && admits {
            let link = json!({
                "operationId": target.name.value,
                "parameters": { "id": "$response.body#/id" },
                "description": format!("{} the row that was created.", verb(target.kind)),
            });
            links.insert(target.name.value.clone(), link);
        }
    }
    links.sort_keys();
    links
}

const fn verb(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Get => "Reads",
        OperationKind::Update => "Changes",
        OperationKind::Delete => "Removes",
        _ => "Acts on",
    }
}
