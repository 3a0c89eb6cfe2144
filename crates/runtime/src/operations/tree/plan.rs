//! From what is wanted to a question to the store, and a plan of what is written.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, FieldShape, Type, Value, ir::Expression};
use model::model::{OperationId, OutputValue};

use super::misplaced;
use crate::call::Caller;
use crate::operations::access::Access;
use crate::operations::assurance;
use crate::operations::failure::Failure;
use crate::operations::plan::Plans;
use crate::operations::session::Session;
use crate::operations::sign_in;
use crate::operations::work::Work;
use crate::problem::code;
use crate::selection::{Selected, Selection, Shape, What};
use crate::store::{Condition, Level, PartLevel, Reference, Snapshot, TreeRow};

/// Rows of one entity: what is read and what is written of each.
#[derive(Debug)]
pub(super) struct Planned<'q> {
    /// What the store is asked; taken away once it is.
    pub level: Level,
    /// What is written.
    pub items: Vec<Item<'q>>,
    /// What is computed, over the whole row and its parts, and as whom.
    pub computed: Vec<Expression>,
    pub actor: Value,
    pub entity: EntityId,
    /// Of the rows that references name, in the order of the level's.
    pub references: Vec<Self>,
    /// Of the rows that references of parts' rows name, part by part.
    pub parts: Vec<Vec<Self>>,
}

impl Planned<'_> {
    /// What the store is to be asked.
    pub fn take(&mut self) -> Level {
        std::mem::replace(&mut self.level, Level::of(self.entity))
    }
}

/// A property as it is written.
#[derive(Debug)]
pub(super) struct Item<'q> {
    /// `"name":`
    pub key: Vec<u8>,
    pub source: Source<'q>,
}

/// Where a property comes from: a row, a part's row, or a value of several properties.
#[derive(Debug)]
pub(super) enum Source<'q> {
    Constant(&'static str),
    Text(&'q str),
    /// A value of the row, by its position among what was read.
    Field(usize, Type, Form<'q>),
    /// A value that was computed.
    Computed(usize, Type, Form<'q>),
    /// The rows of a part; one or none where it is `one`.
    Part(usize, bool, Vec<Item<'q>>),
    /// The row that a reference names.
    Reference(usize),
    /// The row that a value names, read afterwards.
    Later(Box<Self>, usize),
    Group(Vec<Item<'q>>),
}

/// How a value is written.
#[derive(Debug)]
pub(super) enum Form<'q> {
    Plain,
    Capitals,
    /// Of values of several properties, by position.
    Object(Vec<Item<'q>>),
}

/// References that cannot be joined, and the rows that they name.
#[derive(Debug)]
pub(super) struct Later<'q> {
    pub planned: Planned<'q>,
    pub conditions: Vec<Condition>,
    pub rows: BTreeMap<u128, TreeRow>,
}

/// The way to the rows of an entity for this caller: conditions, and as whom; none where it has no
/// grant.
type Door = Option<(Vec<Condition>, Value)>;

/// A plan as it grows.
pub(super) struct Planner<'w, 't, 'q, X> {
    work: &'w mut Work<'t, X>,
    plans: Arc<Plans>,
    session: &'w Session,
    caller: &'w Caller,
    doors: BTreeMap<OperationId, Door>,
    /// A place is empty while what belongs there is planned.
    pub laters: Vec<Option<Later<'q>>>,
}

type Planning<'f, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'f>>;

/// Where the properties of a selection are found.
struct Place<'p> {
    /// Position of each property among the values, with its type.
    values: Vec<Option<(Type, At)>>,
    /// What is read of the row, where there is one.
    onto: Onto<'p>,
}

/// Where a value is.
#[derive(Clone, Copy, Debug)]
enum At {
    /// A field of the row that has to be read.
    Stored(FieldIndex),
    /// At this position of what is there anyhow.
    Here(usize),
    Computed(usize),
    Part(u16, usize),
}

/// What references are joined to.
enum Onto<'p> {
    Row(&'p mut Level),
    Part(&'p mut PartLevel),
    Nothing,
}

impl Onto<'_> {
    fn field(&mut self, field: FieldIndex) -> Option<usize> {
        match self {
            Self::Row(level) => Some(level.field(field)),
            Self::Part(level) => Some(level.field(field)),
            Self::Nothing => None,
        }
    }

    fn join(&mut self, reference: Reference) {
        match self {
            Self::Row(level) => level.references.push(reference),
            Self::Part(level) => level.references.push(reference),
            Self::Nothing => {}
        }
    }
}

/// Plans of the rows that references name, of the row's own and of its parts' rows.
#[derive(Default)]
struct Named<'q> {
    references: Vec<Planned<'q>>,
    parts: Vec<Vec<Planned<'q>>>,
}

impl<'w, 't, 'q, X: Snapshot> Planner<'w, 't, 'q, X> {
    pub fn new(work: &'w mut Work<'t, X>, session: &'w Session, caller: &'w Caller) -> Self {
        let plans = work.plans.clone();
        Self { work, plans, session, caller, doors: BTreeMap::new(), laters: Vec::new() }
    }

    /// What is read and written of rows as an operation answers them to `actor`.
    pub fn row<'f>(
        &'f mut self,
        operation: OperationId,
        selection: &'q Selection,
        actor: Value,
    ) -> Planning<'f, Planned<'q>>
    where
        'q: 'f,
    {
        Box::pin(async move {
            let plans = self.plans.clone();
            let of = plans.model.operation(operation);
            let entity = of.entity().ok_or_else(misplaced)?;
            let mut level = Level::of(entity);
            let shape = plans.model.shape(entity);
            let (mut computed, mut values) = (Vec::new(), Vec::new());
            let wanted = properties(selection);
            for (at, field) in of.fields.iter().enumerate() {
                values.push(match &field.value {
                    OutputValue::Field(index) => shape
                        .fields
                        .get(usize::from(index.0))
                        .map(|field| (field.ty.clone(), At::Stored(*index))),
                    OutputValue::Part(part, _) => Some((Type::Null, At::Part(*part, at))),
                    OutputValue::Expression(expression) if wanted.contains(&at) => {
                        computed.push(expression.clone());
                        Some((expression.ty.clone(), At::Computed(computed.len() - 1)))
                    }
                    OutputValue::Expression(_) => None,
                });
            }
            if !computed.is_empty() {
                whole(&mut level, shape);
            }
            let mut named = Named::default();
            let mut place = Place { values, onto: Onto::Row(&mut level) };
            let items = self.items(operation, selection, &mut place, &mut named).await?;
            let Named { references, parts } = named;
            Ok(Planned { level, items, computed, actor, entity, references, parts })
        })
    }

    fn items<'f>(
        &'f mut self,
        operation: OperationId,
        selection: &'q Selection,
        place: &'f mut Place<'_>,
        named: &'f mut Named<'q>,
    ) -> Planning<'f, Vec<Item<'q>>>
    where
        'q: 'f,
    {
        Box::pin(async move {
            let mut items = Vec::with_capacity(selection.0.len());
            for selected in &selection.0 {
                let source = self.source(operation, selected, place, named).await?;
                let mut key = Vec::with_capacity(selected.key.len() + 3);
                crate::json::write_string(&mut key, &selected.key);
                key.push(b':');
                items.push(Item { key, source });
            }
            Ok(items)
        })
    }

    async fn source(
        &mut self,
        operation: OperationId,
        selected: &'q Selected,
        place: &mut Place<'_>,
        named: &mut Named<'q>,
    ) -> Result<Source<'q>, Failure> {
        match &selected.what {
            What::Constant(json) => Ok(Source::Constant(json)),
            What::Text(text) => Ok(Source::Text(text)),
            What::Group(inner) => {
                Ok(Source::Group(self.items(operation, inner, place, named).await?))
            }
            What::Property(at, shape) => {
                let (ty, found) = place.values.get(*at).cloned().flatten().ok_or_else(misplaced)?;
                if let At::Part(part, output) = found {
                    return self.part(operation, (part, output), shape, place, named).await;
                }
                let form = self.form(operation, &ty, shape).await?;
                value(found, &mut place.onto, ty, form).ok_or_else(misplaced)
            }
            What::Expanded { reference, through, selection } => {
                let found = place.values.get(*reference).cloned().flatten();
                let (ty, at) = found.ok_or_else(misplaced)?;
                let Some((conditions, actor)) = self.door(*through).await? else {
                    return Ok(Source::Constant("null"));
                };
                let joined = match (&place.onto, at) {
                    (Onto::Nothing, _) => None,
                    (_, At::Stored(field)) => Some(field),
                    _ => None,
                };
                let Some(field) = joined else {
                    let of = value(at, &mut place.onto, ty, Form::Plain).ok_or_else(misplaced)?;
                    let number = self.later(*through, selection, conditions, actor).await?;
                    return Ok(Source::Later(Box::new(of), number));
                };
                let mut planned = self.row(*through, selection, actor).await?;
                let level = planned.take();
                place.onto.join(Reference { field, conditions, level });
                named.references.push(planned);
                Ok(Source::Reference(named.references.len() - 1))
            }
        }
    }

    /// The rows of a part.
    async fn part(
        &mut self,
        operation: OperationId,
        (part, output): (u16, usize),
        shape: &'q Shape,
        place: &mut Place<'_>,
        named: &mut Named<'q>,
    ) -> Result<Source<'q>, Failure> {
        let plans = self.plans.clone();
        let of = plans.model.operation(operation);
        let returned = match of.fields.get(output).map(|field| &field.value) {
            Some(OutputValue::Part(_, fields)) => fields,
            _ => return Err(misplaced()),
        };
        let (Onto::Row(level), Shape::Object(selection)) = (&mut place.onto, shape) else {
            return Err(misplaced());
        };
        let entity = plans.model.shape(level.entity);
        let rows = entity.parts.get(usize::from(part)).ok_or_else(misplaced)?;
        let known = level.parts.iter().position(|known| known.part == part);
        let slot = known.unwrap_or_else(|| {
            level.parts.push(PartLevel { part, fields: Vec::new(), references: Vec::new() });
            level.parts.len() - 1
        });
        named.parts.resize_with(named.parts.len().max(level.parts.len()), Vec::new);
        let at = |field: &FieldIndex| {
            let shape: Option<&FieldShape> = rows.fields.get(usize::from(field.0));
            shape.map(|shape| (shape.ty.clone(), At::Stored(*field)))
        };
        let values = returned.iter().map(at).collect();
        let part = level.parts.get_mut(slot).ok_or_else(misplaced)?;
        let mut inner = Named {
            references: named.parts.get_mut(slot).map(std::mem::take).unwrap_or_default(),
            parts: Vec::new(),
        };
        let mut place = Place { values, onto: Onto::Part(part) };
        let items = self.items(operation, selection, &mut place, &mut inner).await?;
        if let Some(of) = named.parts.get_mut(slot) {
            *of = inner.references;
        }
        Ok(Source::Part(slot, rows.one, items))
    }

    /// How a value of several properties is written.
    async fn form(
        &mut self,
        operation: OperationId,
        ty: &Type,
        shape: &'q Shape,
    ) -> Result<Form<'q>, Failure> {
        let selection = match shape {
            Shape::Plain => return Ok(Form::Plain),
            Shape::Capitals => return Ok(Form::Capitals),
            Shape::Object(selection) => selection,
        };
        let plans = self.plans.clone();
        let schema = &plans.model.schema;
        let fields = |of: &[FieldShape]| of.iter().map(|field| field.ty.clone()).collect();
        let types: Vec<Type> = match element(ty) {
            Type::Record(record) => fields(&schema.record(*record).fields),
            Type::Part(part) => fields(&schema.part(*part).fields),
            // The properties of money, places and files are written by name.
            _ => vec![Type::Null; 2],
        };
        let values = types.into_iter().enumerate().map(|(at, ty)| Some((ty, At::Here(at))));
        let mut place = Place { values: values.collect(), onto: Onto::Nothing };
        let items = self.items(operation, selection, &mut place, &mut Named::default()).await?;
        Ok(Form::Object(items))
    }

    /// What a caller may get through the `get` of an entity.
    async fn door(&mut self, through: OperationId) -> Result<Door, Failure> {
        if let Some(known) = self.doors.get(&through) {
            return Ok(known.clone());
        }
        let operation = self.plans.model.operation(through);
        let asked = self.work.plans.plan(through).map_or(1, |plan| plan.assurance);
        let closed = !self.caller.reaches(through)
            || assurance::is_short(&self.work.plans, operation, asked, self.caller)
            || sign_in::check_fresh(operation, self.caller, self.work.now).is_err();
        if closed {
            self.doors.insert(through, None);
            return Ok(None);
        }
        let door = match Access::find(self.work, self.session, through) {
            Ok(access) => {
                let conditions = access.conditions(self.work, through).await?;
                Some((conditions, access.actor()))
            }
            // Nobody is told why: a row that may not be seen is like one that is not there.
            Err(Failure::Problem(problem)) if !problem.is(&code::INTERNAL) => None,
            Err(failure) => return Err(failure),
        };
        self.doors.insert(through, door.clone());
        Ok(door)
    }

    async fn later(
        &mut self,
        through: OperationId,
        selection: &'q Selection,
        conditions: Vec<Condition>,
        actor: Value,
    ) -> Result<usize, Failure> {
        let number = self.laters.len();
        self.laters.push(None);
        let planned = self.row(through, selection, actor).await?;
        let rows = BTreeMap::new();
        if let Some(place) = self.laters.get_mut(number) {
            *place = Some(Later { planned, conditions, rows });
        }
        Ok(number)
    }
}

fn value<'q>(at: At, onto: &mut Onto<'_>, ty: Type, form: Form<'q>) -> Option<Source<'q>> {
    Some(match at {
        At::Stored(field) => Source::Field(onto.field(field)?, ty, form),
        At::Here(at) => Source::Field(at, ty, form),
        At::Computed(at) => Source::Computed(at, ty, form),
        At::Part(..) => return None,
    })
}

/// Asks for everything, field by field in their order: expressions read what they like.
fn whole(level: &mut Level, shape: &expression::EntityShape) {
    let all = |count: usize| (0u16..).map(FieldIndex).take(count).collect();
    level.fields = all(shape.fields.len());
    let part = |(at, part): (u16, &expression::PartShape)| PartLevel {
        part: at,
        fields: all(part.fields.len()),
        references: Vec::new(),
    };
    level.parts = (0u16..).zip(&shape.parts).map(part).collect();
}

/// The properties that a selection names of the row itself.
fn properties(selection: &Selection) -> Vec<usize> {
    let mut all = Vec::new();
    for selected in &selection.0 {
        match &selected.what {
            What::Property(at, _) => all.push(*at),
            What::Expanded { reference, .. } => all.push(*reference),
            What::Group(inner) => all.extend(properties(inner)),
            What::Constant(_) | What::Text(_) => {}
        }
    }
    all
}

/// The type of what a list holds, or the type itself.
pub(super) fn element(ty: &Type) -> &Type {
    match ty.required() {
        Type::List { of, .. } => element(of),
        other => other,
    }
}
