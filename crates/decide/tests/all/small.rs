//! A small model made by hand: a shop of customers, products and orders.

use std::sync::Arc;

use base::{Quantity, Rate, Span, Spanned};
use expression::{
    EntityId, EntityShape, FieldIndex, FieldShape, PartShape, RecordShape, Type, Value,
    ir::{Binary, Expression, Kind, VariableIndex},
    types::TextFormat,
};
use model::{Model, model::*};

pub fn spanned<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

fn at(index: usize) -> FieldIndex {
    FieldIndex(u16::try_from(index).unwrap())
}

pub struct EntityBuilder {
    pub entity: Entity,
    shape: EntityShape,
}

impl EntityBuilder {
    pub fn field(mut self, name: &str, ty: Type) -> Self {
        self.push(name, ty, None);
        self
    }

    fn push(&mut self, name: &str, ty: Type, built_in: Option<BuiltIn>) {
        self.shape.fields.push(FieldShape { name: name.into(), ty: ty.clone() });
        self.entity.fields.push(Field {
            name: spanned(name.to_owned()),
            ty,
            built_in,
            default: None,
            modifiers: Modifiers::default(),
            doc: None,
        });
    }

    pub fn mark(mut self, mark: impl Fn(&mut Modifiers)) -> Self {
        mark(&mut self.entity.fields.last_mut().unwrap().modifiers);
        self
    }

    pub fn unique(mut self, code: &str, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|name| self.shape.field(name).unwrap()).collect();
        self.entity.unique.push(Unique { code: spanned(code.into()), fields, condition: None });
        self
    }

    pub fn states(mut self, states: &[&str]) -> Self {
        let members: Arc<[String]> = states.iter().map(|s| (*s).to_owned()).collect();
        self.push("status", Type::Enum(members), Some(BuiltIn::Status));
        let field = at(self.entity.fields.len() - 1);
        let states = states.iter().map(|state| (spanned((*state).to_owned()), vec![])).collect();
        self.entity.states = Some(States { field, states });
        self
    }

    pub fn soft(mut self) -> Self {
        self.entity.soft_delete = true;
        self.push("deleted_at", Type::Timestamp.optional(), Some(BuiltIn::DeletedAt));
        self
    }

    pub fn part(mut self, name: &str, fields: &[(&str, Type)]) -> Self {
        let shapes =
            fields.iter().map(|(name, ty)| FieldShape { name: (*name).into(), ty: ty.clone() });
        self.shape.parts.push(PartShape {
            name: name.into(),
            one: false,
            min: 1,
            max: 100,
            fields: shapes.collect(),
        });
        let fields = fields.iter().map(|(name, ty)| Field {
            name: spanned((*name).to_owned()),
            ty: ty.clone(),
            built_in: None,
            default: None,
            modifiers: Modifiers::default(),
            doc: None,
        });
        let fields = fields.collect();
        self.entity.parts.push(Part { name: spanned(name.into()), rows: None, fields });
        self
    }

    pub fn rows(mut self, rows: f64) -> Self {
        let volume = Volume { rows, inflow: Rate::default() };
        self.entity.rows = Some(Quantity::given(volume, Span::default()));
        self
    }

    pub fn add(self, model: &mut Model) -> EntityId {
        let id = EntityId(u32::try_from(model.entities.len()).unwrap());
        model.entities.push(self.entity);
        model.schema.entities.push(self.shape);
        id
    }
}

pub fn entity(model: &Model, name: &str, plural: &str, context: u16) -> EntityBuilder {
    let id = EntityId(u32::try_from(model.entities.len()).unwrap());
    let mut builder = EntityBuilder {
        entity: Entity {
            name: spanned(name.into()),
            context: ContextId(context),
            plural: plural.into(),
            doc: None,
            rows: None,
            fields: vec![],
            parts: vec![],
            states: None,
            unique: vec![],
            exclusive: vec![],
            invariants: vec![],
            rules: vec![],
            retain: None,
            subject: None,
            keep: None,
            soft_delete: false,
            append_only: false,
            volatile: false,
            ttl: None,
            audit: None,
            history: false,
            strong_consistency: None,
            skew: None,
            size: None,
            shared: false,
            identity: vec![],
        },
        shape: EntityShape {
            name: name.into(),
            context: model.contexts[usize::from(context)].name.value.as_str().into(),
            fields: vec![],
            parts: vec![],
        },
    };
    builder.push("id", Type::Reference(id), Some(BuiltIn::Id));
    builder.push("created_at", Type::Timestamp, Some(BuiltIn::CreatedAt));
    builder.push("updated_at", Type::Timestamp, Some(BuiltIn::UpdatedAt));
    builder.push("version", Type::Int { min: 1, max: 1 << 40 }, Some(BuiltIn::Version));
    builder
}

pub fn operation(model: &mut Model, name: &str, kind: OperationKind, entity: EntityId) -> usize {
    let record = model.schema.add_record(RecordShape { name: name.into(), fields: vec![] });
    let addressed = match kind {
        OperationKind::List | OperationKind::Create | OperationKind::Stream => {
            Addressed::Collection
        }
        _ => Addressed::Id,
    };
    model.operations.push(Operation {
        name: spanned(name.into()),
        context: model.entity(entity).context,
        doc: None,
        kind,
        target: Target::Entity(entity),
        addressed,
        upsert: false,
        by: vec![Grant { actor: ActorId(0), condition: None, span: Span::default() }],
        condition: None,
        input: Input { record, parameters: vec![] },
        fields: vec![],
        filter: vec![],
        sort: vec![],
        search: false,
        near: None,
        uses: vec![],
        batch: None,
        route: None,
        asynchronous: false,
        reauthenticate: None,
        accepts: vec![],
        effects: vec![],
        workload: Workload::default(),
        needs: Needs::default(),
    });
    model.operations.len() - 1
}

pub fn string(min: u32, max: u32) -> Type {
    Type::Text { format: TextFormat::String, min, max }
}

pub fn own(entity: EntityId, field: FieldIndex, ty: Type) -> Expression {
    let of = expression(Kind::Variable(VariableIndex::SELF), Type::Reference(entity));
    expression(Kind::Field { of: Box::new(of), field }, ty)
}

pub fn equals(left: Expression, right: Expression) -> Expression {
    expression(Kind::Binary(Binary::Equal, Box::new(left), Box::new(right)), Type::Bool)
}

pub fn text(text: &str) -> Expression {
    expression(Kind::Literal(Value::text(text)), string(0, 255))
}

pub fn expression(kind: Kind, ty: Type) -> Expression {
    Expression { kind, ty, span: Span::default() }
}

pub const CUSTOMER: EntityId = EntityId(0);
pub const PRODUCT: EntityId = EntityId(1);
pub const ORDER: EntityId = EntityId(2);

/// Customers, products and orders in the context `sales`, actors `anyone` and `customer`, no
/// operation.
pub fn shop() -> Model {
    let mut model = Model::default();
    model.system.name = "Small".into();
    model.contexts.push(Context {
        name: spanned("sales".into()),
        summary: Some("It's what is sold.".into()),
        team: None,
        needs: Needs::default(),
        unassigned: false,
    });
    let actor = |name: &str, authentication, entity| Actor {
        name: spanned(name.to_owned()),
        authentication,
        entity,
        login: None,
        role: None,
        when: None,
        clients: vec![],
        count: None,
        all_tenants: false,
    };
    model.actors.push(actor("anyone", Authentication::None, None));
    model.actors.push(actor("customer", Authentication::User, Some(CUSTOMER)));
    model.actors.push(actor("system", Authentication::System, None));
    let customer = entity(&model, "Customer", "customers", 0).soft();
    let customer = customer
        .field("email", Type::Text { format: TextFormat::Email, min: 3, max: 254 })
        .mark(|marks| marks.pii = true)
        .unique("email-taken", &["email"]);
    customer.rows(1e6).add(&mut model);
    entity(&model, "Product", "products", 0)
        .field("code", string(1, 40))
        .unique("code-taken", &["code"])
        .field("name", string(1, 255))
        .mark(|marks| marks.search = true)
        .field("price", Type::Money { min: Some(0.into()), max: None })
        .field("weight", Type::Decimal { precision: 6, scale: 3 }.optional())
        .field("active", Type::Bool)
        .field("place", Type::Geo.optional())
        .rows(2e5)
        .add(&mut model);
    let lines = [("product", Type::Reference(PRODUCT)), ("position", Type::Int { min: 1, max: 9 })];
    entity(&model, "Order", "orders", 0)
        .states(&["open", "paid"])
        .field("customer", Type::Reference(CUSTOMER))
        .field("placed_at", Type::Timestamp)
        .field("tags", Type::List { of: Box::new(string(0, 9)), min: 0, max: 3 })
        .part("lines", &lines)
        .rows(5e6)
        .add(&mut model);
    model
}
