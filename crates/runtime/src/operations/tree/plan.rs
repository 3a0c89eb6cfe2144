//! From what is wanted to a question to the store, and a plan of what is written.

use std::pin::Pin;
use std::sync::Arc;

use expression::{FieldIndex, FieldShape, Type, Value};
use model::model::{OperationId, OutputValue};

use super::doors::{Asker, Doors, Ways};
use super::misplaced;
use super::planned::{Form, Item, Later, Planned, Source, TreePlan};
use crate::operations::failure::Failure;
use crate::operations::plan::Plans;
use crate::selection::{Selected, Selection, Shape, Wanted, What};
use crate::store::{Level, PartLevel, Reference, Snapshot, TreeShape};

/// How what is wanted is read and written, and on which ways.
pub(super) async fn plan<X: Snapshot>(
    mut asker: Asker<'_, '_, X>,
    (operation, sort): (OperationId, &[FieldIndex]),
    wanted: &Wanted,
    actor: Value,
) -> Result<(Arc<TreePlan>, Ways), Failure> {
    let mut doors = Doors::default();
    for known in wanted.plans.all() {
        let sorted_by = known.sorted_by.iter().map(|(of, _)| of);
        let same = known.operation == operation && sorted_by.eq(sort);
        if same && doors.fit(&mut asker, &known).await? {
            let ways = doors.ways(&known, actor);
            return Ok((known, ways));
        }
    }
    let plans = asker.work.plans.clone();
    let (asked, laters) = (Vec::new(), Vec::new());
    let mut planner = Planner { asker, plans, doors, asked, laters };
    let (planned, mut level) = planner.row(operation, &wanted.selection, 0).await?;
    let sorted_by = sort.iter().map(|field| (*field, level.field(*field))).collect();
    let Planner { doors, asked, laters, .. } = planner;
    let shape = Arc::new(TreeShape::new(level));
    let laters = laters.into_iter().flatten().collect();
    let plan = Arc::new(TreePlan { operation, doors: asked, sorted_by, planned, shape, laters });
    wanted.plans.keep(plan.clone());
    let ways = doors.ways(&plan, actor);
    Ok((plan, ways))
}

/// Properties of a file.
const FILE: usize = 6;

/// A plan as it grows.
struct Planner<'w, 't, X> {
    asker: Asker<'w, 't, X>,
    plans: Arc<Plans>,
    doors: Doors,
    /// The ways that were asked about.
    asked: Vec<(OperationId, bool)>,
    /// A place is empty while what belongs there is planned.
    laters: Vec<Option<Later>>,
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
struct Named {
    references: Vec<Planned>,
    parts: Vec<Vec<Planned>>,
}

impl<X: Snapshot> Planner<'_, '_, X> {
    /// What is read and written of rows as an operation answers them to `actor`.
    fn row<'f>(
        &'f mut self,
        operation: OperationId,
        selection: &'f Selection,
        actor: usize,
    ) -> Planning<'f, (Planned, Level)> {
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
            Ok((Planned { items, computed, actor, entity, references, parts }, level))
        })
    }

    fn items<'f>(
        &'f mut self,
        operation: OperationId,
        selection: &'f Selection,
        place: &'f mut Place<'_>,
        named: &'f mut Named,
    ) -> Planning<'f, Vec<Item>> {
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
        selected: &Selected,
        place: &mut Place<'_>,
        named: &mut Named,
    ) -> Result<Source, Failure> {
        match &selected.what {
            What::Constant(json) => Ok(Source::Constant(json)),
            What::Text(text) => Ok(Source::Text(text.clone())),
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
                let Some(door) = self.door(*through).await? else {
                    return Ok(Source::Constant("null"));
                };
                let joined = match (&place.onto, at) {
                    (Onto::Nothing, _) => None,
                    (_, At::Stored(field)) => Some(field),
                    _ => None,
                };
                let Some(field) = joined else {
                    let of = value(at, &mut place.onto, ty, Form::Plain).ok_or_else(misplaced)?;
                    let number = self.later(*through, selection, door).await?;
                    return Ok(Source::Later(Box::new(of), number));
                };
                let (planned, level) = self.row(*through, selection, door + 1).await?;
                place.onto.join(Reference { field, door, level });
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
        shape: &Shape,
        place: &mut Place<'_>,
        named: &mut Named,
    ) -> Result<Source, Failure> {
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
        shape: &Shape,
    ) -> Result<Form, Failure> {
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
            // Of values, what is written is known by its place.
            Type::File { .. } => vec![Type::Null; FILE],
            _ => vec![Type::Null; 2],
        };
        let values = types.into_iter().enumerate().map(|(at, ty)| Some((ty, At::Here(at))));
        let mut place = Place { values: values.collect(), onto: Onto::Nothing };
        let items = self.items(operation, selection, &mut place, &mut Named::default()).await?;
        Ok(Form::Object(items))
    }

    /// The number of the way to the rows of an entity, if it is open.
    async fn door(&mut self, through: OperationId) -> Result<Option<usize>, Failure> {
        let known = self.asked.iter().position(|(of, _)| *of == through);
        let number = match known {
            Some(number) => number,
            None => {
                let open = self.doors.ask(&mut self.asker, through).await?;
                self.asked.push((through, open));
                self.asked.len() - 1
            }
        };
        Ok(self.asked.get(number).is_some_and(|(_, open)| *open).then_some(number))
    }

    async fn later(
        &mut self,
        through: OperationId,
        selection: &Selection,
        door: usize,
    ) -> Result<usize, Failure> {
        let number = self.laters.len();
        self.laters.push(None);
        let (planned, level) = self.row(through, selection, door + 1).await?;
        if let Some(place) = self.laters.get_mut(number) {
            *place = Some(Later { planned, shape: Arc::new(TreeShape::new(level)), door });
        }
        Ok(number)
    }
}

fn value(at: At, onto: &mut Onto<'_>, ty: Type, form: Form) -> Option<Source> {
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
