use std::sync::Arc;

use expression::Type;

use crate::small::{self, ORDER, PRODUCT, entity};

#[test]
fn names_are_snake_case_and_parts_belong_to_their_entity() {
    let (design, _) = decide::decide(Arc::new(small::shop()));
    let orders = design.table(ORDER);
    assert_eq!((orders.schema.as_str(), orders.name.as_str()), ("sales", "orders"));
    assert_eq!(orders.parts[0].name, "orders_lines");
    // `position` is the runtime's own column of a part.
    assert_eq!(orders.parts[0].columns, ["product", "position_2"]);
    assert!(design.table(PRODUCT).columns.contains(&"price".to_owned()));
}

#[test]
fn names_that_would_meet_are_kept_apart() {
    let mut model = small::shop();
    entity(&model, "OrdersLine", "orders-lines", 0)
        .field("place_latitude", Type::Bool)
        .field("place", Type::Geo)
        .field("rowid", Type::Bool)
        .add(&mut model);
    let (design, _) = decide::decide(Arc::new(model));
    let table = design.tables.last().unwrap();
    assert_eq!(table.name, "orders_lines_2");
    assert_eq!(table.columns[4..], ["place_latitude", "place_2", "rowid_2"]);
}

#[test]
fn schemas_of_the_engines_are_left_to_them() {
    for (context, schema) in [("pgStats", "context_pg_stats"), ("pg", "context_pg")] {
        let mut model = small::shop();
        model.contexts[0].name.value = context.into();
        let (design, _) = decide::decide(Arc::new(model));
        assert_eq!(design.table(ORDER).schema, schema);
    }
}
