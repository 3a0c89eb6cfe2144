//! Files in rows: uploads that an input names become files of the row, and contents are counted
//! with the rows that refer to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::value::File;
use expression::{EntityId, Row, Schema, Type, Value};
use model::Model;
use model::model::Operation;

use super::failure::Failure;
use super::work::{Key, Work};
use crate::call::{Caller, InputValues};
use crate::files::{HELD, Held, UPLOAD, Upload, released, uploader};
use crate::problem::{FieldError, Problem, code};
use crate::store::Transaction;

/// For how long an upload is kept that was used but is in no row yet, in microseconds: a day.
const LATER: i64 = 86_400_000_000;

/// Which entities hold files, by position.
#[derive(Debug, Default)]
pub(crate) struct Holders(Vec<bool>);

impl Holders {
    pub(crate) fn of(model: &Model) -> Self {
        let holds = |(id, _)| {
            let shape = model.shape(id);
            let fields = shape.fields.iter().chain(shape.parts.iter().flat_map(|of| &of.fields));
            fields.into_iter().any(|field| holds(&model.schema, &field.ty))
        };
        Self(model.entities().map(holds).collect())
    }

    /// Whether rows of an entity hold files.
    fn holds(&self, entity: EntityId) -> bool {
        self.0.get(entity.0 as usize).is_some_and(|holds| *holds)
    }

    /// Whether any do.
    pub(crate) fn any(&self) -> bool {
        self.0.contains(&true)
    }
}

fn holds(schema: &Schema, ty: &Type) -> bool {
    match ty.required() {
        Type::File { .. } => true,
        Type::List { of, .. } => holds(schema, of),
        Type::Record(record) => {
            schema.record(*record).fields.iter().any(|of| holds(schema, &of.ty))
        }
        Type::Part(part) => schema.part(*part).fields.iter().any(|of| holds(schema, &of.ty)),
        _ => false,
    }
}

/// What a transaction knows of uploads and contents.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Uploads that inputs name, locked, with whom they are counted for.
    uploads: BTreeMap<String, (String, Upload)>,
    /// Rows that are moved elsewhere, with their files.
    moved: Vec<Key>,
}

impl Contents {
    /// A row goes from its table but not its files: what it becomes refers to them.
    pub(crate) fn moves(&mut self, key: Key) {
        self.moved.push(key);
    }
}

/// A place in an input that names a file.
struct Named {
    key: String,
    most: u64,
    pointer: String,
}

/// Puts files in the place of the ids that inputs name them by: uploads of the caller that are
/// unused, and files that the row holds already.
///
/// # Errors
/// 422 with all that name nothing of the kind, or something too large.
pub(crate) async fn take<X: Transaction>(
    work: &mut Work<'_, X>,
    caller: &Caller,
    operation: &Operation,
    input: InputValues,
    row: Option<&Row>,
) -> Result<InputValues, Failure> {
    let plans = work.plans.clone();
    let mut named = Vec::new();
    for (parameter, value) in operation.input.parameters.iter().zip(&input.values) {
        if let Some(value) = value {
            let pointer = format!("/{}", parameter.name.value);
            names(value, &parameter.ty, &plans.model.schema, pointer, &mut named);
        }
    }
    if named.is_empty() {
        return Ok(input);
    }
    let mut known: BTreeMap<String, Arc<File>> = BTreeMap::new();
    if let Some(row) = row {
        each_of_row(row, &mut |file| drop(known.insert(file.key.clone(), file.clone())));
    }
    // In the order of the keys, so that transactions do not wait for each other in a circle.
    named.sort_by(|a, b| a.key.cmp(&b.key));
    let by = uploader(caller);
    let mut errors = Vec::new();
    for Named { key, most, pointer } in named {
        if !known.contains_key(&key)
            && let Some((owner, upload)) = upload(work, &key, &by).await?
        {
            known.insert(key.clone(), Arc::new(upload.file(&key)));
            work.contents.uploads.insert(key.clone(), (owner, upload));
        }
        let wrong = match known.get(&key) {
            Some(file) if file.bytes <= most => continue,
            Some(_) => ("too-large", format!("Expected a file of at most {most} bytes.")),
            None => ("unknown-file", "There is no such upload of yours that is unused.".to_owned()),
        };
        errors.push(FieldError { pointer, code: wrong.0.into(), detail: wrong.1 });
    }
    if errors.is_empty() {
        let taken = |value: &Option<Value>| value.as_ref().map(|value| replaced(value, &known));
        return Ok(InputValues::of(input.values.iter().map(taken).collect()));
    }
    errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    Err(Problem { errors, ..Problem::new(&code::VALIDATION_FAILED) }.into())
}

/// An upload of the caller that has arrived and is not used, locked.
async fn upload<X: Transaction>(
    work: &mut Work<'_, X>,
    key: &str,
    by: &str,
) -> Result<Option<(String, Upload)>, Failure> {
    let Some(record) = work.store.lock_record(UPLOAD, key, work.now).await? else {
        return Ok(None);
    };
    let upload = Upload::of_record(&record)?;
    let usable = upload.arrived && upload.by == by && upload.until > work.now;
    Ok(usable.then_some((record.owner, upload)))
}

fn names(value: &Value, ty: &Type, schema: &Schema, pointer: String, found: &mut Vec<Named>) {
    let fields = match (ty.required(), value) {
        (Type::File { max_bytes }, Value::File(file)) => {
            let (key, most) = (file.key.clone(), *max_bytes);
            return found.push(Named { key, most, pointer });
        }
        (Type::List { of, .. }, Value::List(items)) => {
            for (at, item) in items.iter().enumerate() {
                names(item, of, schema, format!("{pointer}/{at}"), found);
            }
            return;
        }
        (Type::Record(record), Value::Record(_)) => &schema.record(*record).fields,
        (Type::Part(part), Value::Record(_)) => &schema.part(*part).fields,
        _ => return,
    };
    let Value::Record(values) = value else { return };
    for (field, value) in fields.iter().zip(values.iter()) {
        names(value, &field.ty, schema, format!("{pointer}/{}", field.name), found);
    }
}

fn replaced(value: &Value, known: &BTreeMap<String, Arc<File>>) -> Value {
    let all = |items: &[Value]| items.iter().map(|item| replaced(item, known)).collect();
    match value {
        Value::File(file) => Value::File(known.get(&file.key).unwrap_or(file).clone()),
        Value::List(items) => Value::List(all(items)),
        Value::Record(items) => Value::Record(all(items)),
        other => other.clone(),
    }
}

fn each_of_row(row: &Row, then: &mut impl FnMut(&Arc<File>)) {
    row.fields.iter().for_each(|value| each(value, then));
    row.parts.iter().flatten().for_each(|row| row.iter().for_each(|value| each(value, then)));
}

fn each(value: &Value, then: &mut impl FnMut(&Arc<File>)) {
    match value {
        Value::File(file) if !file.key.is_empty() => then(file),
        Value::List(items) | Value::Record(items) => items.iter().for_each(|of| each(of, then)),
        _ => {}
    }
}

/// Counts what rows refer to now and did not before, and the other way round; what nothing refers
/// to any more is released.
pub(crate) async fn count<X: Transaction>(
    work: &mut Work<'_, X>,
    changed: &[Key],
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let mut changes: BTreeMap<String, (i64, Arc<File>)> = BTreeMap::new();
    for key in changed.iter().filter(|key| plans.holders.holds(key.0)) {
        let Some(entry) = work.rows.0.get(key) else { continue };
        let mut add = |row: &Option<Arc<Row>>, by: i64| {
            let mut add = |file: &Arc<File>| {
                changes.entry(file.key.clone()).or_insert_with(|| (0, file.clone())).0 += by;
            };
            row.iter().for_each(|row| each_of_row(row, &mut add));
        };
        add(&entry.now, 1);
        if !work.contents.moved.contains(key) {
            add(&entry.before, -1);
        }
    }
    for (key, (change, file)) in changes.into_iter().filter(|(_, (change, _))| *change != 0) {
        let upload = work.contents.uploads.remove(&key);
        counted(work, &key, change, &file, upload.is_some()).await?;
    }
    // Others may be put in a row by what follows a durable call.
    for (key, (owner, upload)) in std::mem::take(&mut work.contents.uploads) {
        let upload = Upload { until: work.now.saturating_add(LATER), ..upload };
        work.store.put_record(&upload.to_record(&key, &owner)).await?;
    }
    Ok(())
}

async fn counted<X: Transaction>(
    work: &mut Work<'_, X>,
    key: &str,
    change: i64,
    file: &File,
    is_new: bool,
) -> Result<(), Failure> {
    if is_new {
        work.store.remove_record(UPLOAD, key).await?;
        let held = Held::of(file, change.unsigned_abs());
        return Ok(work.store.add_record(&held.to_record(key)).await?);
    }
    let held = work.store.lock_record(HELD, key, work.now).await?;
    let held = held.map(|record| Held::of_record(&record)).transpose()?;
    let before = held.as_ref().map_or(0, |held| held.references);
    let references = before.saturating_add_signed(change);
    if before == 0 && change > 0 && !work.store.remove_record(UPLOAD, key).await? {
        let detail = "The file was uploaded too long ago.";
        return Err(Problem::new(&code::EVALUATION_FAILED).detail(detail).into());
    }
    if references > 0 {
        return Ok(work.store.put_record(&Held::of(file, references).to_record(key)).await?);
    }
    // What nobody counted is left alone.
    if work.store.remove_record(HELD, key).await? {
        work.store.put_record(&released(key)).await?;
    }
    Ok(())
}

/// Releases files that no row but something else referred to.
pub(crate) async fn let_go<X: Transaction>(
    work: &mut Work<'_, X>,
    values: &[Value],
) -> Result<(), Failure> {
    let mut files = BTreeMap::new();
    for value in values {
        each(value, &mut |file| drop(files.insert(file.key.clone(), file.clone())));
    }
    for (key, file) in files {
        counted(work, &key, -1, &file, false).await?;
    }
    Ok(())
}
