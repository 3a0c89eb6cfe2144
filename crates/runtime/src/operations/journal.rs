//! Who wrote and read rows (`audit`), and what rows were before (`history`).
//!
//! Writes are recorded in their own transaction; reads before they are answered. Secret, internal
//! and encrypted fields are never recorded, personal data stands apart so that it can be erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::Design;
use expression::{EntityId, FieldShape, Row, Schema, Value};
use model::model::{AuditLevel, Authentication, Entity, Field, Operation, Target};

use super::access::Access;
use super::clock::new_id;
use super::failure::{Failure, internal};
use super::finish;
use super::session::{Session, subject};
use super::work::{Key, Work};
use crate::call::{Answer, Body, Request};
use crate::json::{write_array, write_array_until, write_string, write_timestamp, write_value};
use crate::problem::{Problem, code};
use crate::selection::{Selected, Selection, What};
use crate::store::{
    Cursor, JournalEntry, JournalQuery, Log, PAGE_BYTES, Snapshot, Subject, Tenant, Transaction,
    Versions,
};

const DAY: f64 = 86_400e6;

/// What is recorded of each entity, by position.
#[derive(Debug, Default)]
pub(crate) struct Journals(Vec<Journal>);

/// What is recorded of the rows of an entity.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    audit: Option<AuditLevel>,
    /// Microseconds for which a line of the audit is kept.
    audit_kept: i64,
    history: bool,
    /// The same of the history: as long as rows, or for good.
    history_kept: Option<i64>,
}

/// A row that was written: what it was before, and what it is now.
pub(crate) type Written = (Key, Option<Arc<Row>>, Option<Arc<Row>>);

/// Who does what a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) who: Option<Subject>,
    /// As which actor.
    pub(crate) actor: String,
    /// Qualified name of the operation.
    pub(crate) operation: String,
    /// Whether it erases: then nothing personal is recorded.
    pub(crate) erases: bool,
}

impl Journals {
    pub(crate) fn of(design: &Design) -> Self {
        let names = decide::subjects::Names::of(&design.model);
        let (audits, retentions) = (decide::audit::of(design), decide::retention::of(design));
        let journal = |(id, entity): (EntityId, &Entity)| {
            let audit = audits.iter().find(|audit| audit.entity == id);
            let chosen = design.verdict("audit", names.entity(id)).map(|verdict| verdict.choice);
            let level = match chosen {
                Some("none") => None,
                Some("writes") => Some(AuditLevel::Writes),
                Some("all") => Some(AuditLevel::All),
                _ => audit.and_then(|audit| audit.level),
            };
            let retention = retentions.iter().find(|retention| retention.entity == id);
            let kept = retention.and_then(|retention| retention.seconds.as_ref());
            Journal {
                audit: level,
                audit_kept: audit.map_or(i64::MAX, |audit| micros(audit.days.value * DAY)),
                history: entity.history,
                history_kept: kept.map(|seconds| micros(seconds.value * 1e6)),
            }
        };
        Self(design.model.entities().map(journal).collect())
    }

    fn of_entity(&self, entity: EntityId) -> Option<&Journal> {
        self.0.get(entity.0 as usize)
    }

    /// Whether it is recorded who reads rows of an entity.
    pub(crate) fn reads(&self, entity: EntityId) -> bool {
        self.of_entity(entity).is_some_and(|journal| journal.audit == Some(AuditLevel::All))
    }

    /// Whether anything is recorded at all.
    pub(crate) fn any(&self) -> bool {
        self.0.iter().any(|journal| journal.audit.is_some() || journal.history)
    }
}

impl Journal {
    /// The logs to which a write goes, with how long their lines are kept.
    fn of_writes(&self) -> impl Iterator<Item = (Log, Option<i64>)> {
        let audit = self.audit.map(|_| (Log::Audit, Some(self.audit_kept)));
        audit.into_iter().chain(self.history.then_some((Log::History, self.history_kept)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float to an integer saturates")]
const fn micros(value: f64) -> i64 {
    value as i64
}

impl Author {
    /// The caller, as the first actor for whom it is admitted.
    pub(crate) fn of<X>(
        work: &Work<'_, X>,
        session: &Session,
        access: &Access,
        operation: model::model::OperationId,
    ) -> Self {
        let model = &work.plans.model;
        let actor = access.actor_id(work, operation).map(|actor| model.actor(actor));
        let actor = actor.map_or("system", |actor| actor.name.value.as_str());
        Self {
            who: session.identity.as_ref().map(subject),
            actor: actor.to_owned(),
            operation: model.qualified_operation(operation),
            erases: false,
        }
    }

    /// The server by itself.
    pub(crate) fn system(job: &str, erases: bool) -> Self {
        let (actor, operation) = ("system".to_owned(), job.to_owned());
        Self { who: None, actor, operation, erases }
    }

    fn line(&self, log: Log, key: (EntityId, Vec<u128>), now: i64) -> JournalEntry {
        let (entity, rows) = key;
        JournalEntry {
            id: new_id(),
            log,
            entity,
            rows,
            at: now,
            who: self.who.clone(),
            actor: self.actor.clone(),
            operation: self.operation.clone(),
            before: None,
            after: None,
            expires: None,
        }
    }
}

/// Records the rows that were written, with what they were, each for the tenant for whom it was
/// written.
///
/// # Errors
/// Where nobody said who writes them: nothing is written unrecorded.
pub(crate) async fn record<X: Transaction>(
    work: &mut Work<'_, X>,
    written: &[Written],
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let current = work.store.tenant();
    let mut by_tenant: BTreeMap<Tenant, Vec<JournalEntry>> = BTreeMap::new();
    for ((entity, row), before, after) in written {
        let Some(journal) = plans.journals.of_entity(*entity) else { continue };
        for (log, kept) in journal.of_writes() {
            let author = work.author.as_ref().ok_or_else(|| internal("a write by nobody"))?;
            let version = |row: &Option<Arc<Row>>| {
                let version = row.as_deref().map(|row| versions(&plans.model, row));
                version.map(|of| if author.erases { Versions { personal: None, ..of } } else { of })
            };
            let line = JournalEntry {
                before: version(before),
                after: version(after),
                expires: kept.map(|kept| work.now.saturating_add(kept)),
                ..author.line(log, (*entity, vec![*row]), work.now)
            };
            let tenant = work.tenant_of((*entity, *row)).unwrap_or(current);
            by_tenant.entry(tenant).or_default().push(line);
        }
    }
    for (tenant, lines) in by_tenant {
        finish::re_enter(work, tenant).await?;
        work.store.add_to_journal(&lines).await?;
    }
    finish::re_enter(work, current).await
}

/// The lines that say who read the rows that were shown, if that is to be recorded: those of each
/// tenant are in its own log, whoever read them.
pub(crate) async fn of_reads<X: Snapshot>(
    work: &mut Work<'_, X>,
) -> Result<BTreeMap<Tenant, Vec<JournalEntry>>, Failure> {
    let mut shown = std::mem::take(&mut work.shown);
    shown.sort_unstable();
    shown.dedup();
    let current = work.store.tenant();
    let mut by_tenant: BTreeMap<Tenant, Vec<JournalEntry>> = BTreeMap::new();
    for (entity, row) in shown {
        let tenant = match current {
            Tenant::All => whose(work, (entity, row)).await?.unwrap_or(current),
            one => one,
        };
        let entries = by_tenant.entry(tenant).or_default();
        match entries.last_mut().filter(|entry| entry.entity == entity) {
            Some(entry) => entry.rows.push(row),
            None => {
                let author = work.author.as_ref().ok_or_else(|| internal("a read by nobody"))?;
                let kept = work.plans.journals.of_entity(entity);
                let kept = kept.map(|journal| work.now.saturating_add(journal.audit_kept));
                let line = author.line(Log::Audit, (entity, vec![row]), work.now);
                entries.push(JournalEntry { expires: kept, ..line });
            }
        }
    }
    Ok(by_tenant)
}

/// The tenant of a row that was read for everybody; none of what is shared.
async fn whose<X: Snapshot>(
    work: &mut Work<'_, X>,
    (entity, row): Key,
) -> Result<Option<Tenant>, Failure> {
    if !work.plans.tenants.as_ref().is_some_and(|tenants| tenants.owns(entity)) {
        return Ok(None);
    }
    Ok(work.store.tenant_of(entity, row).await?.map(Tenant::One))
}

/// A version of a row as it is recorded.
fn versions(model: &model::Model, row: &Row) -> Versions {
    let (entity, shape) = (model.entity(row.entity), model.shape(row.entity));
    let (mut lasting, mut personal) = (Vec::new(), Vec::new());
    let fields = entity.fields.iter().zip(&shape.fields).zip(&row.fields);
    for ((field, shape), value) in fields.filter(|((field, _), _)| recorded(field)) {
        let to = if decide::retention::personal(&model.schema, field) {
            &mut personal
        } else {
            &mut lasting
        };
        property(to, &shape.name);
        write_value(to, &model.schema, &shape.ty, value);
    }
    let parts = entity.parts.iter().zip(&shape.parts).zip(&row.parts);
    for ((part, shape), rows) in parts {
        let about =
            part.fields.iter().any(|field| decide::retention::personal(&model.schema, field));
        let to = if about { &mut personal } else { &mut lasting };
        property(to, &shape.name);
        write_part(to, &model.schema, (&part.fields, &shape.fields), rows);
    }
    let closed = |mut text: Vec<u8>| {
        text.extend_from_slice(if text.is_empty() { b"{}" } else { b"}" });
        String::from_utf8(text).unwrap_or_default()
    };
    let personal = (!personal.is_empty()).then(|| closed(personal));
    Versions { lasting: closed(lasting), personal }
}

/// What no operation returns by itself is not recorded either.
const fn recorded(field: &Field) -> bool {
    let marks = &field.modifiers;
    !(marks.secret || marks.internal || marks.sensitive)
}

fn write_part(
    to: &mut Vec<u8>,
    schema: &Schema,
    (fields, shapes): (&[Field], &[FieldShape]),
    rows: &[Arc<[Value]>],
) {
    write_array(to, rows, |to, row| {
        let mut object = Vec::new();
        let values = fields.iter().zip(shapes).zip(row.iter());
        for ((_, shape), value) in values.filter(|((field, _), _)| recorded(field)) {
            property(&mut object, &shape.name);
            write_value(&mut object, schema, &shape.ty, value);
        }
        object.extend_from_slice(if object.is_empty() { b"{}" } else { b"}" });
        to.append(&mut object);
    });
}

/// Begins a property of an object that is not closed yet.
fn property(to: &mut Vec<u8>, name: &str) {
    to.push(if to.is_empty() { b'{' } else { b',' });
    write_string(to, name);
    to.push(b':');
}

/// A page of `list: Entity.audit` or `list: Entity.history`, newest first.
pub(crate) async fn list<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    if !access.admits_caller(work, request.operation).await? {
        return Err(Problem::new(&code::FORBIDDEN).into());
    }
    let (log, entity) = match operation.target {
        Target::Audit(entity) => (Log::Audit, entity),
        Target::History(entity) => (Log::History, entity),
        Target::Entity(_) | Target::View(_) => return Err(internal("no log").into()),
    };
    let page = request.page.clone().unwrap_or_default();
    let limit = if page.limit == 0 { 50 } else { page.limit.min(1000) };
    let before = page.after.map(|after| after.id);
    let query = JournalQuery { log, entity, before, limit: limit + 1 };
    let mut entries = work.store.journal(&query).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let personal = !admits_everybody(&plans.model, operation);
    let wanted = request.selection.as_ref().map(|wanted| &wanted.selection);
    let mut items = Vec::new();
    let written = write_array_until(&mut items, &entries, PAGE_BYTES, |items, entry| {
        write(items, entry, personal, wanted);
    });
    let more = more || written < entries.len();
    let last = entries.get(..written).and_then(|entries| entries.last()).filter(|_| more);
    let next = last.map(|entry| Cursor { values: Vec::new(), id: entry.id });
    let body = Body::Page { items, next, count: None };
    Ok(Answer::ok(body))
}

fn admits_everybody(model: &model::Model, operation: &Operation) -> bool {
    let none = |actor| model.actor(actor).authentication == Authentication::None;
    operation.by.iter().any(|grant| none(grant.actor))
}

/// The properties of a line, in the order of the contracts.
const PROPERTIES: [&str; 7] = ["at", "who", "actor", "operation", "rows", "before", "after"];

/// Appends a line as a JSON object: whole, or what is wanted of it.
fn write(to: &mut Vec<u8>, entry: &JournalEntry, personal: bool, wanted: Option<&Selection>) {
    let mut object = Vec::new();
    match wanted {
        None => {
            for (at, name) in PROPERTIES.iter().enumerate() {
                property(&mut object, name);
                write_property(&mut object, entry, at, personal);
            }
        }
        Some(wanted) => {
            for Selected { key, what } in &wanted.0 {
                property(&mut object, key);
                match what {
                    What::Property(at, _) => write_property(&mut object, entry, *at, personal),
                    What::Text(text) => write_string(&mut object, text),
                    What::Constant(json) => object.extend_from_slice(json.as_bytes()),
                    What::Expanded { .. } | What::Group(_) => object.extend_from_slice(b"null"),
                }
            }
        }
    }
    object.extend_from_slice(if object.is_empty() { b"{}" } else { b"}" });
    to.append(&mut object);
}

fn write_property(to: &mut Vec<u8>, entry: &JournalEntry, at: usize, personal: bool) {
    match PROPERTIES.get(at).copied().unwrap_or_default() {
        "at" => write_timestamp(to, entry.at),
        "who" => match &entry.who {
            Some(who) => write_string(to, &who.subject),
            None => to.extend_from_slice(b"null"),
        },
        "actor" => write_string(to, &entry.actor),
        "operation" => write_string(to, &entry.operation),
        "rows" => write_array(to, entry.rows.iter(), |to, row| {
            write_string(to, &uuid::Uuid::from_u128(*row).to_string());
        }),
        "before" => write_version(to, entry.before.as_ref(), personal),
        "after" => write_version(to, entry.after.as_ref(), personal),
        _ => to.extend_from_slice(b"null"),
    }
}

/// The two objects of a version as one.
fn write_version(to: &mut Vec<u8>, version: Option<&Versions>, personal: bool) {
    let Some(version) = version else { return to.extend_from_slice(b"null") };
    let apart = version.personal.as_deref().filter(|apart| personal && apart.len() > 2);
    match (apart, version.lasting.strip_suffix('}')) {
        (Some(apart), Some("{")) => to.extend_from_slice(apart.as_bytes()),
        (Some(apart), Some(open)) => {
            to.extend_from_slice(open.as_bytes());
            to.push(b',');
            to.extend_from_slice(apart.strip_prefix('{').unwrap_or(apart).as_bytes());
        }
        _ => to.extend_from_slice(version.lasting.as_bytes()),
    }
}
