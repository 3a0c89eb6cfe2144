//! The named objects and enums of a context, for languages in which every type has a name: protobuf
//! and GraphQL. JSON Schema needs none of this; see [`crate::json_schema`].

use std::collections::{BTreeMap, BTreeSet};

use decide::{Design, naming::upper_camel};
use expression::{EntityId, FieldIndex, FieldShape, PartShape, Type, Value as Constant};
use model::model::{
    Assigns, BuiltIn, Default, Field as ModelField, Operation, OperationKind, OutputField,
    OutputValue, Parameter, Target,
};

/// Which way a value goes. What is sent and what is answered may need types of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Sent by a caller.
    In,
    /// Answered.
    Out,
}

/// A type, with objects and enums by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A value that is no object.
    Scalar(Type),
    /// An enum of the catalogue.
    Enum(String),
    /// An object of the catalogue.
    Object(String),
    /// A list; its items are never null.
    List {
        /// The items.
        of: Box<Self>,
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
    },
}

/// A property of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Name, `snake_case`.
    pub name: String,
    /// Documentation.
    pub doc: Option<String>,
    /// Type of a value that is present.
    pub ty: Ty,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it is where a caller leaves it out.
    pub default: Option<Constant>,
}

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Documentation.
    pub doc: Option<String>,
    /// Properties, in the order of the model.
    pub properties: Vec<Property>,
}

/// The named types of a context, by name.
#[derive(Debug, std::default::Default)]
pub struct Catalogue {
    /// Objects.
    pub objects: BTreeMap<String, Object>,
    /// Enums, with their members.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Names of the objects that are sent as they are, or within others.
    pub sent: BTreeSet<String>,
    reserved: BTreeSet<String>,
    /// Behind the names of objects that are sent.
    input_suffix: &'static str,
    /// Whether updates send some members of values of `types`.
    merges: bool,
}

impl Catalogue {
    /// An empty one that hands none of these names out, and puts `input_suffix` behind the names
    /// of objects that are sent.
    pub fn new(reserved: impl IntoIterator<Item = String>, input_suffix: &'static str) -> Self {
        Self { reserved: reserved.into_iter().collect(), input_suffix, ..Self::default() }
    }

    /// The same where updates may send some members of values of `types`, and the others stay.
    #[must_use]
    pub const fn that_merges(mut self) -> Self {
        self.merges = true;
        self
    }

    /// Adds an object under the wanted name, or under the nearest that nothing else has. What is
    /// sent and what is answered are never one object.
    pub fn object(&mut self, wanted: &str, object: Object, way: Way) -> String {
        let sent = way == Way::In;
        let same = |all: &Self, name: &str| {
            all.objects.get(name) == Some(&object) && all.sent.contains(name) == sent
        };
        let name = self.free(wanted, same);
        if sent {
            self.sent.insert(name.clone());
        }
        self.objects.insert(name.clone(), object);
        name
    }

    fn members(&mut self, wanted: &str, members: &[String]) -> String {
        let same = |all: &Self, name: &str| all.enums.get(name).is_some_and(|of| of == members);
        let name = self.free(wanted, same);
        self.enums.insert(name.clone(), members.to_vec());
        name
    }

    /// Adds an enum.
    pub fn choice(&mut self, wanted: &str, members: &[String]) -> Ty {
        Ty::Enum(self.members(wanted, members))
    }

    /// Whether a name may not be given to anything else.
    pub fn is_taken(&self, name: &str) -> bool {
        self.reserved.contains(name)
            || self.objects.contains_key(name)
            || self.enums.contains_key(name)
    }

    /// Keeps a name for something else.
    pub fn reserve(&mut self, name: &str) {
        self.reserved.insert(name.to_owned());
    }

    fn free(&self, wanted: &str, same: impl Fn(&Self, &str) -> bool) -> String {
        let numbered = (2u32..).map(|number| format!("{wanted}{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names
            .find(|name| same(self, name) || !self.is_taken(name))
            .unwrap_or_else(|| wanted.to_owned())
    }

    /// The type of a field; `owner` and `field` name what has no name of its own.
    pub fn ty(&mut self, design: &Design, ty: &Type, owner: &str, field: &str, way: Way) -> Ty {
        let schema = &design.model.schema;
        let own = || format!("{owner}{}", upper_camel(field));
        match ty.required() {
            Type::Enum(members) => self.choice(&own(), members),
            Type::List { of, min, max } => Ty::List {
                of: Box::new(self.ty(design, of.required(), owner, field, way)),
                min: *min,
                max: *max,
            },
            Type::Record(record) => {
                let shape = schema.record(*record);
                let name = upper_camel(&letters(&shape.name));
                let default = |at| schema.defaults.get(&(*record, at)).cloned();
                self.shape(design, &name, &shape.fields, &default, way)
            }
            Type::Part(part) => {
                let entity = &schema.entity(part.entity).name;
                let shape = schema.part(*part);
                let name = row_name(entity, &shape.name);
                self.shape(design, &name, &shape.fields, &|_| None, way)
            }
            // What is sent is the id of an upload.
            Type::File { .. } if way == Way::In => Ty::Scalar(Type::Uuid),
            scalar => Ty::Scalar(scalar.clone()),
        }
    }

    /// An object of fields without documentation.
    fn shape(
        &mut self,
        design: &Design,
        name: &str,
        fields: &[FieldShape],
        default: &dyn Fn(u16) -> Option<Constant>,
        way: Way,
    ) -> Ty {
        let properties = (0..)
            .zip(fields)
            .map(|(at, field)| Property {
                name: field.name.clone(),
                doc: None,
                ty: self.ty(design, &field.ty, name, &field.name, way),
                optional: field.ty.is_optional(),
                default: if way == Way::In { default(at) } else { None },
            })
            .collect();
        Ty::Object(self.named(name, Object { doc: None, properties }, way))
    }

    /// Adds an object; one that is sent under a name that says so.
    pub fn named(&mut self, name: &str, object: Object, way: Way) -> String {
        let suffix = if way == Way::In { self.input_suffix } else { "" };
        self.object(&format!("{name}{suffix}"), object, way)
    }

    /// What an operation answers for each row: the entity's or view's own object where that is all
    /// of it, else an object of the operation's.
    pub fn answer(&mut self, design: &Design, operation: &Operation) -> String {
        let own = format!("{}Row", upper_camel(&operation.name));
        let (wanted, doc) = match operation.target {
            Target::Entity(entity) => {
                let of = design.model.entity(entity);
                let whole = if is_whole(design, entity, operation) { &of.name.value } else { &own };
                (whole.clone(), of.doc.clone())
            }
            Target::View(view) => {
                (upper_camel(&design.model.view(view).name), design.model.view(view).doc.clone())
            }
            Target::History(_) | Target::Audit(_) => (own, None),
        };
        let recorded = matches!(operation.target, Target::History(_) | Target::Audit(_));
        let properties = match recorded {
            true => recorded_properties(),
            false => {
                operation.fields.iter().map(|field| self.output(design, operation, field)).collect()
            }
        };
        self.object(&wanted, Object { doc, properties }, Way::Out)
    }

    fn output(&mut self, design: &Design, operation: &Operation, field: &OutputField) -> Property {
        let entity = operation.entity();
        let property = |ty, optional, doc| Property {
            name: field.name.clone(),
            doc,
            ty,
            optional,
            default: None,
        };
        match (&field.value, entity) {
            (OutputValue::Field(at), Some(entity)) => {
                let of = design.model.entity(entity).field(*at);
                let owner = &design.model.shape(entity).name;
                let ty = self.ty(design, &of.ty, owner, &of.name, Way::Out);
                property(ty, of.ty.is_optional(), documented(of))
            }
            (OutputValue::Part(part, fields), Some(entity)) => {
                let owner = &design.model.shape(entity).name;
                let Some(shape) = design.model.shape(entity).parts.get(usize::from(*part)) else {
                    return property(Ty::Scalar(Type::Json), true, None);
                };
                let name = row_name(owner, &shape.name);
                let declared = design.model.entity(entity).parts.get(usize::from(*part));
                let declared = declared.map_or(&[][..], |part| &part.fields);
                let row = self.part(design, &name, &name, declared, fields, Way::Out);
                property(rows(row, shape), shape.one, None)
            }
            (OutputValue::Field(at), None) => self.view_field(design, operation, field, *at),
            (OutputValue::Part(..), None) => property(Ty::Scalar(Type::Json), true, None),
            (OutputValue::Expression(expression), _) => {
                let owner = upper_camel(&operation.name);
                let ty = self.ty(design, &expression.ty, &owner, &field.name, Way::Out);
                property(ty, expression.ty.is_optional(), None)
            }
        }
    }

    fn view_field(
        &mut self,
        design: &Design,
        operation: &Operation,
        field: &OutputField,
        at: FieldIndex,
    ) -> Property {
        let shape = match operation.target {
            Target::View(view) => {
                let view = design.model.view(view);
                let record = design.model.schema.record(view.record);
                record.fields.get(usize::from(at.0)).map(|of| (upper_camel(&view.name), of))
            }
            _ => None,
        };
        let (ty, optional) = match shape {
            Some((owner, of)) => {
                (self.ty(design, &of.ty, &owner, &of.name, Way::Out), of.ty.is_optional())
            }
            None => (Ty::Scalar(Type::Json), true),
        };
        Property { name: field.name.clone(), doc: None, ty, optional, default: None }
    }

    /// The object of a part's row with these fields. Enums belong to `owner`.
    fn part(
        &mut self,
        design: &Design,
        name: &str,
        owner: &str,
        declared: &[ModelField],
        fields: &[FieldIndex],
        way: Way,
    ) -> Ty {
        let chosen = fields.iter().filter_map(|at| declared.get(usize::from(at.0)));
        let properties = chosen
            .map(|field| Property {
                name: field.name.value.clone(),
                doc: field.doc.clone(),
                ty: self.ty(design, &field.ty, owner, &field.name, way),
                optional: field.ty.is_optional() || (way == Way::In && field.default.is_some()),
                default: constant(field.default.as_ref()).filter(|_| way == Way::In),
            })
            .collect();
        Ty::Object(self.named(name, Object { doc: None, properties }, way))
    }

    /// What an operation takes.
    pub fn inputs(&mut self, design: &Design, operation: &Operation) -> Vec<Property> {
        let all = operation.input.parameters.iter();
        all.map(|parameter| self.input(design, operation, parameter)).collect()
    }

    fn input(&mut self, design: &Design, operation: &Operation, of: &Parameter) -> Property {
        let own = upper_camel(&operation.name);
        let entity = operation.entity();
        let field = |at: FieldIndex| Some(design.model.entity(entity?).field(at));
        let (ty, doc) = match (&of.assigns, entity) {
            (Assigns::Part(part, fields), Some(entity)) => {
                let declared = design.model.entity(entity).parts.get(usize::from(*part));
                let declared = declared.map_or(&[][..], |part| &part.fields);
                let name = row_name(&own, &of.name);
                let owner = row_name(&design.model.shape(entity).name, &of.name);
                let row = self.part(design, &name, &owner, declared, fields, Way::In);
                let shape = design.model.shape(entity).parts.get(usize::from(*part));
                (shape.map_or_else(|| row.clone(), |shape| rows(row.clone(), shape)), None)
            }
            (Assigns::Field(at), Some(entity)) => {
                let owner = &design.model.shape(entity).name;
                let name = field(*at).map_or(&*of.name.value, |field| &*field.name.value);
                let merges =
                    self.merges && operation.kind == OperationKind::Update && !operation.upsert;
                let ty = match merges {
                    true => self.patch(design, &of.ty, owner, name),
                    false => self.ty(design, &of.ty, owner, name, Way::In),
                };
                (ty, field(*at).and_then(|field| field.doc.clone()))
            }
            _ => (self.ty(design, &of.ty, &own, &of.name, Way::In), None),
        };
        // What an update leaves out stays as it is.
        let default = match operation.kind {
            OperationKind::Update => None,
            _ => constant(of.default.as_ref()),
        };
        Property { name: of.name.value.clone(), doc, ty, optional: !of.required, default }
    }
}

fn recorded_properties() -> Vec<Property> {
    let property = |(name, ty, doc): (&str, Type, &str)| Property {
        name: name.to_owned(),
        doc: Some(doc.to_owned()),
        optional: ty.is_optional(),
        ty: match ty.required() {
            Type::List { of, min, max } => {
                Ty::List { of: Box::new(Ty::Scalar((**of).clone())), min: *min, max: *max }
            }
            other => Ty::Scalar(other.clone()),
        },
        default: None,
    };
    recorded().into_iter().map(property).collect()
}

/// What a line of a history or an audit says: name, type, documentation.
pub fn recorded() -> [(&'static str, Type, &'static str); 7] {
    let text = || Type::string(255);
    let rows = Type::List { of: Box::new(Type::Uuid), min: 0, max: 1000 };
    [
        ("at", Type::Timestamp, "When it was done."),
        ("who", text().optional(), "The subject of the token; absent for what everybody may do."),
        ("actor", text(), "As which actor of the model."),
        ("operation", text(), "What was done."),
        ("rows", rows, "The row that was written or read; all of a page."),
        ("before", Type::Json.optional(), "The row before; absent where it was created."),
        ("after", Type::Json.optional(), "The row after; absent where it was removed."),
    ]
}

/// What everybody knows of a built-in field.
const fn built_in(which: BuiltIn) -> &'static str {
    match which {
        BuiltIn::Id => "Names the row.",
        BuiltIn::CreatedAt => "When the row was created.",
        BuiltIn::UpdatedAt => "When the row was last changed.",
        BuiltIn::Version => "Counts the changes of the row.",
        BuiltIn::DeletedAt => "When the row was deleted; absent before.",
        BuiltIn::Status => "The state of the row.",
    }
}

/// The documentation of a field.
fn documented(field: &ModelField) -> Option<String> {
    field.doc.clone().or_else(|| field.built_in.map(|which| built_in(which).to_owned()))
}

fn constant(default: Option<&Default>) -> Option<Constant> {
    match default {
        Some(Default::Value(value)) => Some(value.clone()),
        _ => None,
    }
}

fn rows(row: Ty, part: &PartShape) -> Ty {
    if part.one { row } else { Ty::List { of: Box::new(row), min: part.min, max: part.max } }
}

/// `OrderLinesRow`.
fn row_name(owner: &str, part: &str) -> String {
    format!("{owner}{}Row", upper_camel(part))
}

/// Names of records may hold words for people.
pub fn letters(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(word).collect()
}

/// Whether an operation answers all that clients may see of an entity, as it is stored.
fn is_whole(design: &Design, entity: EntityId, operation: &Operation) -> bool {
    let of = design.model.entity(entity);
    let shown = |field: &&ModelField| {
        let limits = &field.modifiers;
        !(limits.secret || limits.internal || limits.sensitive)
    };
    let fields = of.fields.iter().filter(shown).map(|field| field.name.value.as_str());
    let parts = of.parts.iter().map(|part| part.name.value.as_str());
    let all: BTreeSet<&str> = fields.chain(parts).collect();
    let stored = |field: &&OutputField| match &field.value {
        OutputValue::Field(_) => true,
        OutputValue::Part(part, fields) => {
            let declared = of.parts.get(usize::from(*part));
            declared.is_some_and(|part| part.fields.iter().filter(shown).count() == fields.len())
        }
        OutputValue::Expression(_) => false,
    };
    let returned = operation.fields.iter().filter(stored).map(|field| field.name.as_str());
    operation.fields.len() == all.len() && returned.collect::<BTreeSet<&str>>() == all
}

/// Whom a way of talking to a context was decided for.
pub fn served(design: &Design, context: &str, paradigm: &str) -> String {
    let end = format!("->{context}");
    let mut actors: Vec<String> = design
        .verdicts
        .iter()
        .filter(|verdict| verdict.family == "paradigm" && verdict.choice == paradigm)
        .filter_map(|verdict| Some(format!("`{}`", verdict.subject.strip_suffix(&end)?)))
        .collect();
    actors.sort();
    let decided = match actors.as_slice() {
        [] => "Decided for no actor here: whoever would rather talk this way finds the contract."
            .to_owned(),
        actors => format!("Decided for {}.", actors.join(", ")),
    };
    let family = decide::catalogue::family("paradigm");
    let choice = family.and_then(|family| family.choice(paradigm));
    match choice.is_some_and(|choice| choice.runnable) {
        true => decided,
        false => format!("{decided} `firm up` does not serve it yet."),
    }
}

/// What an operation does, in a sentence: its documentation, else what its kind and target say.
pub fn sentence(design: &Design, operation: &Operation) -> String {
    let doc = operation.doc.as_deref().map(str::trim).filter(|doc| !doc.is_empty());
    if let Some(doc) = doc {
        return doc.to_owned();
    }
    let rows = match operation.target {
        Target::Entity(entity) => format!("`{}`", design.model.entity(entity).name),
        Target::View(view) => format!("the view `{}`", design.model.view(view).name),
        Target::History(entity) => format!("the history of `{}`", design.model.entity(entity).name),
        Target::Audit(entity) => format!("the audit of `{}`", design.model.entity(entity).name),
    };
    match operation.kind {
        OperationKind::List => format!("Lists rows of {rows}."),
        OperationKind::Get => format!("Reads a row of {rows}."),
        OperationKind::Create => format!("Creates a row of {rows}."),
        OperationKind::Update if operation.upsert => format!("Writes a row of {rows}, new or not."),
        OperationKind::Update => format!("Changes a row of {rows}."),
        OperationKind::Delete => format!("Removes a row of {rows}."),
        OperationKind::Act => format!("Acts on a row of {rows}."),
        OperationKind::Stream => format!("Follows rows of {rows} as they change."),
    }
}
