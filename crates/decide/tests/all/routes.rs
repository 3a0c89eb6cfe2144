use std::sync::Arc;

use base::Span;
use decide::{Design, design::Method};
use model::{Model, model::*};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT, operation};

fn decided(model: Model) -> (Design, Vec<base::Diagnostic>) {
    decide::decide(Arc::new(model))
}

fn route(kind: OperationKind, change: impl Fn(&mut Operation)) -> String {
    let mut model = small::shop();
    let at = operation(&mut model, "doSomething", kind, ORDER);
    change(&mut model.operations[at]);
    let (design, _) = decided(model);
    let route = design.routes[at].as_ref().unwrap();
    format!("{} {} {}", route.method.name(), route.path(), route.success)
}

#[test]
fn every_kind_has_its_place() {
    use OperationKind::*;
    let plain = |_: &mut Operation| {};
    assert_eq!(route(List, plain), "GET /sales/v1/orders 200");
    assert_eq!(route(Get, plain), "GET /sales/v1/orders/{id} 200");
    assert_eq!(route(Create, plain), "POST /sales/v1/orders 201");
    assert_eq!(route(Update, plain), "PATCH /sales/v1/orders/{id} 200");
    assert_eq!(route(Delete, plain), "DELETE /sales/v1/orders/{id} 204");
    assert_eq!(route(Act, plain), "POST /sales/v1/orders/{id}/do-something 200");
    assert_eq!(route(Stream, plain), "GET /sales/v1/orders/do-something 200");
    let asynchronous = |operation: &mut Operation| operation.asynchronous = true;
    assert_eq!(route(Act, asynchronous), "POST /sales/v1/orders/{id}/do-something 202");
    let to_ship = |operation: &mut Operation| operation.route = Some("to-ship".into());
    assert_eq!(route(List, to_ship), "GET /sales/v1/orders/to-ship 200");
    assert_eq!(route(Get, to_ship), "GET /sales/v1/orders/{id}/to-ship 200");
    let history = |operation: &mut Operation| operation.target = Target::History(ORDER);
    assert_eq!(route(List, history), "GET /sales/v1/orders/history 200");
}

#[test]
fn keys_address_gets_and_upserts() {
    let mut model = small::shop();
    let email = model.shape(CUSTOMER).field("email").unwrap();
    let get = operation(&mut model, "find", OperationKind::Get, CUSTOMER);
    model.operations[get].addressed = Addressed::Key(email);
    let put = operation(&mut model, "remember", OperationKind::Update, CUSTOMER);
    model.operations[put].addressed = Addressed::Key(email);
    model.operations[put].upsert = true;
    let (design, diagnostics) = decided(model);
    assert!(diagnostics.is_empty());
    let get = design.routes[get].as_ref().unwrap();
    assert_eq!(get.path(), "/sales/v1/customers/by-email/{value}");
    let put = design.routes[put].as_ref().unwrap();
    assert_eq!((put.method, put.if_match), (Method::Put, false));
}

#[test]
fn posts_need_a_key_and_changes_a_version() {
    let mut model = small::shop();
    let kinds = [OperationKind::Create, OperationKind::Update, OperationKind::Act];
    for kind in kinds {
        operation(&mut model, "change", kind, ORDER);
    }
    let (design, _) = decided(model);
    let headers = design.routes.iter().flatten().map(|r| (r.idempotency_key, r.if_match));
    assert_eq!(headers.collect::<Vec<_>>(), [(true, false), (false, true), (true, false)]);
}

#[test]
fn what_only_the_system_does_has_no_route() {
    let mut model = small::shop();
    let at = operation(&mut model, "settle", OperationKind::Act, ORDER);
    let grant = |actor| Grant { actor: ActorId(actor), condition: None, span: Span::default() };
    model.operations[at].by = vec![grant(2)];
    let both = operation(&mut model, "flag", OperationKind::Act, ORDER);
    model.operations[both].by = vec![grant(2), grant(1), grant(1)];
    let (design, _) = decided(model);
    assert!(design.routes[at].is_none());
    assert_eq!(design.routes[both].as_ref().unwrap().actors, [ActorId(1)]);
}

#[test]
fn two_lists_of_one_entity_collide_until_one_has_a_route() {
    let mut model = small::shop();
    operation(&mut model, "cheap", OperationKind::List, PRODUCT);
    let second = operation(&mut model, "heavyOnes", OperationKind::List, PRODUCT);
    let (_, diagnostics) = decided(model.clone());
    let [collision] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!(collision.id, "route-collision");
    assert_eq!(collision.related.len(), 1);
    assert!(collision.help.as_ref().unwrap().contains("route: heavy-ones"));
    model.operations[second].route = Some("heavy".into());
    assert!(decided(model).1.is_empty());
}

#[test]
fn a_filter_cannot_be_told_from_a_parameter_of_its_name() {
    let mut model = small::shop();
    small::entity(&model, "Quota", "quotas", 0)
        .field("limit", expression::Type::Bool)
        .add(&mut model);
    let entity = expression::EntityId(3);
    let list = operation(&mut model, "quotas", OperationKind::List, entity);
    model.operations[list].filter = vec![model.shape(entity).field("limit").unwrap()];
    let (_, diagnostics) = decided(model);
    assert_eq!(diagnostics.iter().map(|found| found.id).collect::<Vec<_>>(), ["reserved-filter"]);
}
