//! The example models are part of the specification: they resolve without any diagnostic.

use crate::expect::{lines, source};
use model::Model;

const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");

/// What the two leave out: tenancy, types, parts of every kind, views, webhooks, pipelines, ...
const CLINIC: &str = include_str!("clinic.yaml");

fn clean(text: &str) -> Model {
    let (sources, root) = source(text);
    let (model, diagnostics) = model::load(&sources, root);
    assert_eq!(lines(&sources, &diagnostics), Vec::<String>::new());
    model
}

#[test]
fn shop_resolves_without_a_diagnostic() {
    clean(SHOP);
}

#[test]
fn rides_resolves_without_a_diagnostic() {
    clean(RIDES);
}

#[test]
fn the_rest_of_the_language_resolves_without_a_diagnostic() {
    let model = clean(CLINIC);
    assert_eq!(model.views.len(), 1);
    assert_eq!(model.views[0].fields.len(), 5);
    assert_eq!(model.schema.record(model.views[0].record).fields[0].name, "window_start");
    assert_eq!(model.webhooks[0].events.len(), 2);
    assert_eq!((model.pipelines.len(), model.schedules.len(), model.flows.len()), (2, 2, 1));
    assert_eq!(model.externals[0].callbacks.len(), 1);
    assert_eq!(model.accepted.len(), 1);
}

#[test]
fn entities_of_the_shop_have_their_built_in_fields_first() {
    let model = clean(SHOP);
    let names = |entity: &str| {
        let shape = model.schema.entities.iter().find(|shape| shape.name == entity).unwrap();
        shape.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names("Order"),
        "id created_at updated_at version status customer card total placed_at refund_due"
    );
    assert_eq!(names("Card"), "id created_at updated_at version deleted_at customer token last4");
    let plurals: Vec<&str> = model.entities.iter().map(|entity| entity.plural.as_str()).collect();
    assert_eq!(
        plurals,
        [
            "users",
            "categories",
            "products",
            "stock-items",
            "reservations",
            "orders",
            "cards",
            "payments"
        ]
    );
}

#[test]
fn what_clients_of_the_shop_never_see() {
    let model = clean(SHOP);
    let output = |name: &str| {
        let operation = model.operations.iter().find(|op| op.name.value == name).unwrap();
        operation.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert!(!output("listMyCards").contains("token"));
    assert_eq!(output("ordersToShip"), "id placed_at lines status");
    assert!(output("viewProfile").contains("email"));
}
