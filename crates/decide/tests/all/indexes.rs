use std::sync::Arc;

use base::{Quantity, Rate, Span};
use decide::{Design, design::Index};
use expression::{
    EntityId, Type,
    ir::{Kind, VariableIndex},
};
use model::{Model, model::*};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT, equals, expression, operation, own, text};

fn design(model: Model) -> Design {
    decide::decide(Arc::new(model)).0
}

fn names(design: &Design, entity: EntityId) -> Vec<&str> {
    design.table(entity).indexes.iter().map(|index| index.name.as_str()).collect()
}

fn sort(model: &Model, entity: EntityId, name: &str, descending: bool) -> Sort {
    Sort { field: model.shape(entity).field(name).unwrap(), descending }
}

#[test]
fn keys_and_references_are_indexed_without_any_operation() {
    let design = design(small::shop());
    assert_eq!(names(&design, CUSTOMER), ["customers_email_taken_key"]);
    assert!(design.table(CUSTOMER).indexes[0].live_only);
    assert_eq!(names(&design, ORDER), ["orders_customer_index"]);
    let parts = &design.table(ORDER).parts[0].indexes;
    assert_eq!(parts[0].name, "orders_lines_product_index");
}

#[test]
fn a_list_has_its_constant_condition_as_predicate_and_its_sort_as_columns() {
    let mut model = small::shop();
    let active = model.shape(PRODUCT).field("active").unwrap();
    let list = operation(&mut model, "browse", OperationKind::List, PRODUCT);
    model.operations[list].condition = Some(own(PRODUCT, active, Type::Bool));
    model.operations[list].sort = vec![sort(&model, PRODUCT, "price", true)];
    let design = design(model);
    let index = &design.table(PRODUCT).indexes[1];
    assert_eq!(index.name, "products_price_id_index");
    assert!(index.fields[0].1);
    assert!(index.condition.is_some());
    assert_eq!(index.because, ["sales.browse"]);
}

fn my_orders() -> Model {
    let mut model = small::shop();
    let customer = model.shape(ORDER).field("customer").unwrap();
    let list = operation(&mut model, "listMyOrders", OperationKind::List, ORDER);
    let actor = expression(Kind::Variable(VariableIndex::ACTOR), Type::Reference(CUSTOMER));
    let mine = equals(own(ORDER, customer, Type::Reference(CUSTOMER)), actor);
    let grant = Grant { actor: ActorId(1), condition: Some(mine), span: Span::default() };
    model.operations[list].by = vec![grant];
    model.operations[list].sort = vec![sort(&model, ORDER, "placed_at", false)];
    model
}

#[test]
fn an_owner_comes_first_and_the_foreign_key_shares_the_index() {
    let design = design(my_orders());
    assert_eq!(names(&design, ORDER), ["orders_customer_placed_at_id_index"]);
    let because = &design.table(ORDER).indexes[0].because;
    assert_eq!(because, &["sales.listMyOrders", "foreign key customer"]);
}

#[test]
fn small_tables_are_read_whole() {
    let mut model = my_orders();
    let volume = Volume { rows: 500.0, inflow: Rate::default() };
    model.entities[ORDER.0 as usize].rows = Some(Quantity::given(volume, Span::default()));
    assert_eq!(names(&design(model), ORDER), ["orders_customer_index"]);
}

#[test]
fn a_state_makes_a_partial_index() {
    let mut model = my_orders();
    let status = model.shape(ORDER).field("status").unwrap();
    let ty = model.shape(ORDER).fields[usize::from(status.0)].ty.clone();
    model.operations[0].by[0].condition = Some(equals(own(ORDER, status, ty), text("open")));
    let design = design(model);
    let partial: Vec<&Index> =
        design.table(ORDER).indexes.iter().filter(|index| index.condition.is_some()).collect();
    assert_eq!(partial[0].name, "orders_placed_at_id_index");
}

#[test]
fn a_unique_key_serves_the_filter_on_it() {
    let mut model = small::shop();
    let list = operation(&mut model, "find", OperationKind::List, PRODUCT);
    let code = model.shape(PRODUCT).field("code").unwrap();
    model.operations[list].filter = vec![code];
    let design = design(model);
    assert_eq!(names(&design, PRODUCT), ["products_code_taken_key"]);
    assert_eq!(design.table(PRODUCT).indexes[0].because.len(), 2);
}

#[test]
fn an_index_is_read_from_either_end() {
    let mut model = small::shop();
    let shape = model.shape(PRODUCT);
    let weight = shape.field("weight").unwrap();
    let orders = ["price", "name", "weight", "created_at", "updated_at", "version"];
    let both = |name: &str| [sort(&model, PRODUCT, name, false), sort(&model, PRODUCT, name, true)];
    let orders: Vec<Sort> = orders.iter().flat_map(|name| both(name)).collect();
    let list = operation(&mut model, "browse", OperationKind::List, PRODUCT);
    model.operations[list].sort = orders;
    let other = operation(&mut model, "heaviest", OperationKind::List, PRODUCT);
    model.operations[other].sort = vec![Sort { field: weight, descending: true }];
    let design = design(model);
    // A key, and an index for each of the six; none is left without.
    assert_eq!(names(&design, PRODUCT).len(), 7);
    let of_weight = design.table(PRODUCT).indexes.iter().find(|of| of.fields[0].0 == weight);
    assert_eq!(of_weight.unwrap().because, ["sales.heaviest", "sales.browse"]);
}

#[test]
fn filters_go_before_the_default_sort_and_the_rarest_are_left_out() {
    let mut model = small::shop();
    let list = operation(&mut model, "browse", OperationKind::List, PRODUCT);
    let shape = model.shape(PRODUCT);
    let filters = ["name", "price", "weight", "active", "created_at", "updated_at", "version"];
    let filters: Vec<_> = filters.iter().map(|name| shape.field(name).unwrap()).collect();
    model.operations[list].sort = vec![sort(&model, PRODUCT, "price", false)];
    model.operations[list].filter = filters;
    let design = design(model);
    let names = names(&design, PRODUCT);
    // One key and six secondary ones; `price` alone is served by the sort.
    assert_eq!(names.len(), 7);
    assert_eq!(names[1..3], ["products_price_id_index", "products_name_price_id_index"]);
}
