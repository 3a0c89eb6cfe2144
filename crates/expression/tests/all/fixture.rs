//! A small shop: the shapes that the tests' expressions are about.

use std::ops::Range;

use base::{Diagnostic, FileId, Span};
use expression::ir::{Expression, VariableIndex};
use expression::{
    Ast, EntityId, EntityShape, FieldShape, PartShape, RecordShape, Rules, Schema, Scope, Type,
    check, parse,
};

pub const USER: EntityId = EntityId(0);
pub const CATEGORY: EntityId = EntityId(1);
pub const PRODUCT: EntityId = EntityId(2);
pub const ORDER: EntityId = EntityId(3);
pub const MEMBERSHIP: EntityId = EntityId(4);

pub fn field(name: &str, ty: Type) -> FieldShape {
    FieldShape { name: name.to_owned(), ty }
}

pub fn members(names: &[&str]) -> Type {
    Type::Enum(names.iter().map(|name| (*name).to_owned()).collect())
}

pub fn list(of: Type, max: u32) -> Type {
    Type::List { of: Box::new(of), min: 0, max }
}

fn entity(context: &str, name: &str, id: EntityId, fields: Vec<FieldShape>) -> EntityShape {
    let built_in = [
        field("id", Type::Reference(id)),
        field("created_at", Type::Timestamp),
        field("version", Type::Int { min: 1, max: 1 << 53 }),
    ];
    let fields = built_in.into_iter().chain(fields).collect();
    EntityShape { name: name.to_owned(), context: context.into(), fields, parts: Vec::new() }
}

fn decimal() -> Type {
    Type::Decimal { precision: 9, scale: 3 }
}

fn small() -> Type {
    Type::Int { min: 0, max: 1000 }
}

fn user() -> EntityShape {
    entity(
        "identity",
        "User",
        USER,
        vec![
            field("name", Type::string(200)),
            field("nickname", Type::string(50).optional()),
            field("level", small()),
        ],
    )
}

fn category() -> EntityShape {
    entity(
        "shop",
        "Category",
        CATEGORY,
        vec![
            field("name", Type::string(80)),
            field("parent", Type::Reference(CATEGORY).optional()),
            field("rank", small().optional()),
        ],
    )
}

fn product() -> EntityShape {
    entity(
        "shop",
        "Product",
        PRODUCT,
        vec![
            field("name", Type::string(255)),
            field("description", Type::string(255).optional()),
            field("price", Type::MONEY),
            field("discount", Type::MONEY.optional()),
            field("category", Type::Reference(CATEGORY).optional()),
            field("active", Type::Bool),
            field("featured", Type::Bool.optional()),
            field("weight", decimal()),
            field("score", Type::Float),
            field("stock", Type::INT),
            field("kind", members(&["book", "toy", "food"])),
            field("released", Type::Date),
            field("tags", list(Type::string(20), 10)),
            field("place", Type::Geo),
            field("seller", Type::Reference(USER)),
        ],
    )
}

fn order() -> EntityShape {
    let mut order = entity(
        "shop",
        "Order",
        ORDER,
        vec![
            field("status", members(&["pending", "confirmed", "shipped"])),
            field("customer", Type::Reference(USER)),
            field("total", Type::MONEY),
            field("paid_at", Type::Timestamp.optional()),
            field("note", Type::string(200).optional()),
            field("factor", decimal()),
            field("count", small()),
            field("reviewer", Type::Reference(USER).optional()),
            field("main_product", Type::Reference(PRODUCT).optional()),
        ],
    );
    order.parts = vec![
        PartShape {
            name: "lines".to_owned(),
            one: false,
            min: 1,
            max: 100,
            fields: vec![
                field("product", Type::Reference(PRODUCT)),
                field("quantity", Type::Int { min: 1, max: 1000 }),
                field("unit_price", Type::MONEY),
                field("label", Type::string(20).optional()),
                field("share", decimal()),
            ],
        },
        PartShape {
            name: "address".to_owned(),
            one: true,
            min: 0,
            max: 1,
            fields: vec![field("city", Type::string(50)), field("zip", small().optional())],
        },
    ];
    order
}

fn membership() -> EntityShape {
    entity(
        "shop",
        "Membership",
        MEMBERSHIP,
        vec![
            field("order", Type::Reference(ORDER)),
            field("member", Type::Reference(USER)),
            field("weight", small()),
        ],
    )
}

pub fn schema() -> Schema {
    let input = RecordShape {
        name: "input of placeOrder".to_owned(),
        fields: vec![
            field("quantity", small()),
            field("reason", Type::string(80).optional()),
            field("amount", Type::MONEY),
            field("ids", list(Type::Reference(PRODUCT), 10)),
        ],
    };
    Schema {
        entities: vec![user(), category(), product(), order(), membership()],
        records: vec![input],
        ..Schema::default()
    }
}

pub fn place(range: Range<usize>) -> Span {
    Span::new(FileId(0), range.start, range.end)
}

pub fn ast(text: &str) -> Ast {
    let (ast, diagnostics) = parse(text, &place);
    ast.unwrap_or_else(|| panic!("`{text}` is not read: {diagnostics:?}"))
}

pub fn rules() -> Rules {
    let rule = |entity, name: &str, text: &str| ((entity, name.to_owned()), ast(text));
    Rules::from([
        rule(ORDER, "is_mine", "self.customer == actor"),
        rule(ORDER, "is_member", "Membership.exists(m, m.order == self && m.member == actor.id)"),
        rule(ORDER, "endless", "self.endless"),
        rule(PRODUCT, "is_sold_by_actor", "self.seller == actor.id"),
    ])
}

/// A scope in the context `shop` where `self` is an order.
pub fn scope<'a>(schema: &'a Schema, rules: &'a Rules) -> Scope<'a> {
    let mut scope = Scope::new(schema, Some("shop"));
    scope.bind_row("self", VariableIndex::SELF, ORDER);
    scope.bind("input", VariableIndex::INPUT, Type::Record(expression::RecordId(0)));
    scope.bind_row("actor", VariableIndex::ACTOR, USER);
    scope.bind("now", VariableIndex::NOW, Type::Timestamp);
    scope.with_rules(rules);
    scope
}

/// The checked expression, over an order as `self`.
pub fn checked(text: &str, expected: Option<&Type>) -> (Option<Expression>, Vec<Diagnostic>) {
    let (schema, rules) = (schema(), rules());
    check(&ast(text), &scope(&schema, &rules), expected)
}
