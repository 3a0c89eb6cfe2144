use std::sync::Arc;

use crate::firm::Scratch;

use cli::seed::{Purpose, Random, Targets, Values};
use expression::{
    EntityId, FieldShape, RecordShape, Schema, Type, Value, assign, types::TextFormat,
};

/// Ten rows of every entity.
struct Ten;

impl Targets for Ten {
    fn pick(&self, _: EntityId, unique: bool, index: u64, random: &mut Random) -> Option<u128> {
        if unique { Some(u128::from(index)) } else { random.below(10).map(|at| at as u128) }
    }
}

fn every_type(schema: &mut Schema) -> Vec<Type> {
    let text = |format, min, max| Type::Text { format, min, max };
    let line = schema.add_record(RecordShape {
        name: "line".into(),
        fields: vec![
            FieldShape { name: "product".into(), ty: Type::Reference(EntityId(0)) },
            FieldShape { name: "quantity".into(), ty: Type::Int { min: 1, max: 1000 } },
        ],
    });
    let mut types = vec![
        Type::Bool,
        Type::INT,
        Type::Int { min: -5, max: -5 },
        Type::Decimal { precision: 18, scale: 18 },
        Type::Decimal { precision: 5, scale: 2 },
        Type::MONEY,
        Type::Money { min: Some(5.into()), max: Some(5.into()) },
        Type::Float,
        text(TextFormat::String, 0, 255),
        text(TextFormat::String, 1, 1),
        text(TextFormat::String, 4, 4),
        text(TextFormat::String, 200, 200),
        text(TextFormat::Email, 0, 255),
        text(TextFormat::Url, 0, 255),
        text(TextFormat::Phone, 0, 255),
        text(TextFormat::Markdown, 0, 65_536),
        Type::Date,
        Type::Time,
        Type::Timestamp,
        Type::Duration,
        Type::Uuid,
        Type::Geo,
        Type::Json,
        Type::Enum(Arc::from(["a".to_owned(), "b".to_owned()])),
        Type::Reference(EntityId(0)),
        Type::Record(line),
        Type::List { of: Box::new(Type::Record(line)), min: 1, max: 100 },
        Type::List { of: Box::new(Type::Bool), min: 3, max: 3 },
    ];
    types.extend(types.clone().into_iter().map(Type::optional));
    types
}

#[test]
fn every_value_can_be_assigned_to_its_type() {
    let mut schema = Schema::default();
    let types = every_type(&mut schema);
    let values = Values { schema: &schema, targets: &Ten, now: 1_800_000_000_000_000 };
    for ty in &types {
        for (index, field) in (0..200).zip(["name", "sku", "quantity", "note", "x"].iter().cycle())
        {
            let mut random = Random::of(1, field, index);
            let purpose = Purpose { entity: "User", field, unique: false, index };
            let value = values.make(ty, purpose, &mut random).unwrap();
            assign(value.clone(), ty, &schema)
                .unwrap_or_else(|error| panic!("{ty:?}: {value:?}: {error}"));
        }
    }
}

#[test]
fn unique_values_differ() {
    let schema = Schema::default();
    let values = Values { schema: &schema, targets: &Ten, now: 0 };
    let text = |format, max| Type::Text { format, min: 0, max };
    for (field, ty) in [
        ("email", text(TextFormat::Email, 255)),
        ("sku", text(TextFormat::String, 40)),
        ("code", text(TextFormat::String, 6)),
        ("name", text(TextFormat::String, 80)),
        ("slug", text(TextFormat::String, 8)),
        ("phone", text(TextFormat::Phone, 255)),
        ("number", Type::Int { min: 0, max: 100_000 }),
        ("product", Type::Reference(EntityId(0))),
    ] {
        let mut seen: Vec<Value> = Vec::new();
        for index in 0..500 {
            let purpose = Purpose { entity: "Product", field, unique: true, index };
            let value = values.make(&ty, purpose, &mut Random::of(3, field, index)).unwrap();
            assert!(!seen.contains(&value), "{field}: {value:?} twice");
            seen.push(value);
        }
    }
}

#[test]
fn a_store_is_filled_by_the_rules_of_the_model_and_never_twice() {
    let scratch = Scratch::new("seed");
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    let seeded = scratch.firm(&["seed", "library", "--rows", "60", "--json"]);
    assert_eq!(seeded.code, 0, "{seeded:?}");
    let made = seeded.json();
    let rows = |entity: &str| made["rows"][entity].as_u64().unwrap();
    assert!(rows("lending.Member") >= 5, "{made:#}");
    assert!(rows("lending.Book") > rows("lending.Member"), "shared out by volume: {made:#}");
    assert!(rows("lending.Loan") > rows("lending.Book"), "shared out by volume: {made:#}");
    assert_eq!(made["subjects"][0]["actor"], "member");

    let twice = scratch.firm(&["seed", "library", "--rows", "10"]);
    assert_eq!(twice.code, 2, "{twice:?}");
    assert!(twice.stderr.contains("error[store-not-empty]"), "{}", twice.stderr);
    // Another store, the same seed: the same rows.
    let again = scratch.firm(&["seed", "library", "--rows", "60", "--data", "other", "--json"]);
    assert_eq!(again.json()["rows"], made["rows"]);
}
