//! A connection with what is needed to speak of rows: the same for the writer and for readers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use expression::{EntityId, FieldIndex, Row, Value};
use rusqlite::{CachedStatement, Connection};

use super::catalog::Catalog;
use super::codec::{self, Bind};
use super::failure;
use super::plan::{Part, Plan};
use super::silos::{Connected, Entry, Shared, Visitor};
use super::tenants::Current;
use crate::store::changes::row_id;
use crate::store::size;
use crate::store::tables::Equality;
use crate::store::{StoreError, Tenant, Terms};

/// Rows whose parts are read at once, where it matters how large those are.
const TOGETHER: usize = 100;

/// A part's rows.
type PartRows = Vec<Arc<[Value]>>;

/// A connection, and the statements whose shape depends on what is asked.
#[derive(Debug)]
pub struct Session {
    pub(super) connection: Connection,
    pub(super) catalog: Arc<Catalog>,
    /// `UPDATE`s by the fields that they set.
    pub(super) updates: BTreeMap<(EntityId, Vec<u16>, bool), Arc<str>>,
    /// Conditions by their number, that of their first parameter, and whether for everybody.
    pub(super) fragments: BTreeMap<(u32, usize, bool), Arc<str>>,
    /// Of the work that runs.
    pub(super) terms: Terms,
    /// Whether it has asked its question, where it was expected to ask one.
    asked: AtomicBool,
    /// Its tenant, as statements see it.
    pub(super) current: Current,
    /// Where tenants have files of their own.
    pub(super) visitor: Option<Visitor>,
    /// Whose file is attached.
    pub(super) silo: Option<u128>,
    /// What was done in it.
    pub(super) log: Mutex<Vec<Entry>>,
    /// Interrupts statements once it is set.
    watched_by: Option<Arc<AtomicBool>>,
}

impl Session {
    pub(super) fn new(connection: Connection, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        let current = Current::default();
        current.register(&connection)?;
        Ok(Self::over(Connected { connection, current, silo: None }, catalog))
    }

    /// A session that goes to the files of tenants.
    pub(super) fn among(
        silos: &Shared,
        writes: bool,
        catalog: Arc<Catalog>,
    ) -> Result<Self, StoreError> {
        let mut session = Self::over(silos.home(writes)?, catalog);
        session.visitor = Some(Visitor::new(silos.clone(), writes));
        Ok(session)
    }

    fn over(connected: Connected, catalog: Arc<Catalog>) -> Self {
        let Connected { connection, current, silo } = connected;
        Self {
            connection,
            catalog,
            updates: BTreeMap::new(),
            fragments: BTreeMap::new(),
            terms: Terms::SERVER,
            asked: AtomicBool::new(false),
            current,
            visitor: None,
            silo,
            log: Mutex::default(),
            watched_by: None,
        }
    }

    /// Begins a piece of work.
    pub(super) fn serve(&mut self, terms: Terms) -> Result<(), StoreError> {
        self.enter(terms.tenant)?;
        self.terms = terms;
        *self.asked.get_mut() = false;
        Ok(())
    }

    /// Whether the work is for everybody.
    pub(super) fn everybody(&self) -> bool {
        self.terms.tenant == Tenant::All
    }

    pub(super) fn plan(&self, entity: EntityId) -> Result<&Plan, StoreError> {
        self.catalog.plan(entity)
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        if self.terms.single && self.asked.swap(true, Relaxed) {
            // It has no transaction, so that another statement might see another moment.
            return Err(StoreError::Several);
        }
        self.catalog.statements.fetch_add(1, Relaxed);
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Runs a statement without parameters.
    pub(super) fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute(())?;
        Ok(())
    }

    /// Whether no transaction is open.
    pub(super) fn is_autocommit(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Interrupts statements once this says so; in place of what was said before.
    pub(super) fn watched_by(&mut self, gone: Arc<AtomicBool>) -> Result<(), StoreError> {
        self.watched_by = Some(gone);
        self.watch()
    }

    /// The same on another connection.
    pub(super) fn watch(&mut self) -> Result<(), StoreError> {
        let Some(gone) = self.watched_by.clone() else { return Ok(()) };
        let gone = move || gone.load(Relaxed);
        Ok(self.connection.progress_handler(super::work::STEPS, Some(gone))?)
    }

    /// Lets statements run to their end.
    pub(super) fn unwatched(&mut self) -> Result<(), StoreError> {
        self.watched_by = None;
        Ok(self.connection.progress_handler(0, None::<fn() -> bool>)?)
    }

    /// Why SQLite rolled a transaction back by itself.
    pub(super) fn failed_with(&self) -> StoreError {
        StoreError::Failed { message: "the database rolled the transaction back".to_owned() }
    }

    /// Ends whatever transaction is open, without its changes.
    pub(super) fn roll_back(&self) {
        if !self.is_autocommit() {
            // Where even this fails, SQLite has rolled back already or will when it is closed.
            drop(self.execute("ROLLBACK"));
        }
    }

    /// What an idle writer does: moves the write-ahead log into the database, refreshes the
    /// planner's statistics where they are stale. Both can wait, so their failures can too.
    pub(super) fn tidy(&self) {
        drop(self.connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE); PRAGMA optimize;"));
    }

    /// A live row with its parts.
    pub(super) fn row(&self, entity: EntityId, id: u128) -> Result<Option<Arc<Row>>, StoreError> {
        let plan = self.plan(entity)?;
        self.one(plan, plan.by_id.of(self.terms.tenant), &[Bind::id(id)])
    }

    /// A row with its parts, live or not.
    pub(super) fn referred(
        &self,
        entity: EntityId,
        id: u128,
    ) -> Result<Option<Arc<Row>>, StoreError> {
        let plan = self.plan(entity)?;
        self.one(plan, plan.by_any_id.of(self.terms.tenant), &[Bind::id(id)])
    }

    /// Live rows, in the order of the ids.
    pub(super) fn rows(
        &self,
        entity: EntityId,
        ids: &[u128],
    ) -> Result<Vec<Option<Arc<Row>>>, StoreError> {
        if let [id] = ids {
            return Ok(vec![self.row(entity, *id)?]);
        }
        let plan = self.plan(entity)?;
        let found = self.many(plan, plan.by_ids.of(self.terms.tenant), &[Bind::ids(ids)])?;
        let by_id: BTreeMap<u128, Arc<Row>> =
            found.into_iter().filter_map(|row| Some((row_id(&row)?, row))).collect();
        Ok(ids.iter().map(|id| by_id.get(id).cloned()).collect())
    }

    /// The live row with a unique key.
    pub(super) fn find(
        &self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> Result<Option<Arc<Row>>, StoreError> {
        let plan = self.plan(entity)?;
        // Nulls are outside of every key.
        if key.is_empty() || key.iter().any(|(_, value)| value.is_null()) {
            return Ok(None);
        }
        let (mut conditions, mut binds) = (Vec::new(), Vec::new());
        for (field, value) in key {
            let equality = Equality::new(&plan.folded, *field, value);
            for column in plan.columns.of(*field) {
                binds.push(codec::encode_as(&equality.value, column.encoding, &column.name)?);
                let name = equality.column(&column.name);
                conditions.push(format!("{name} = ?{}", binds.len()));
            }
        }
        let sql = format!(
            "SELECT {} FROM {} AS self WHERE {}{} LIMIT 1",
            plan.columns.list("self."),
            plan.table,
            conditions.join(" AND "),
            plan.live.of(self.terms.tenant)
        );
        self.one(plan, &sql, &binds)
    }

    fn one(&self, plan: &Plan, sql: &str, binds: &[Bind]) -> Result<Option<Arc<Row>>, StoreError> {
        let schema = self.catalog.schema();
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(binds))?;
        let Some(found) = rows.next()? else { return Ok(None) };
        let fields = codec::decode_all(found, 0, &plan.columns, schema)?;
        let id = codec::id(found, 0)?;
        let mut parts = Vec::with_capacity(plan.parts.len());
        for part in &plan.parts {
            parts.push(self.part(part, id)?);
        }
        let row = Row { entity: plan.entity, fields, parts };
        Ok(Some(Arc::new(self.catalog.vault.open(row)?)))
    }

    fn part(&self, part: &Part, owner: u128) -> Result<PartRows, StoreError> {
        let mut statement = self.prepare(part.of_one.of(self.terms.tenant))?;
        let mut rows = statement.query([Bind::id(owner)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(codec::decode_all(row, 1, &part.columns, self.catalog.schema())?.into());
        }
        Ok(found)
    }

    /// The rows of a statement that selects all columns, with their parts: one statement more for
    /// each part, however many rows there are.
    pub(super) fn many(
        &self,
        plan: &Plan,
        sql: &str,
        binds: &[Bind],
    ) -> Result<Vec<Arc<Row>>, StoreError> {
        let (rows, _) = self.many_for(plan, sql, binds, &mut usize::MAX.clone())?;
        Ok(rows)
    }

    /// As [`Self::many`], until they are so many bytes, which are counted down; whether that was
    /// before the last one.
    pub(super) fn many_for(
        &self,
        plan: &Plan,
        sql: &str,
        binds: &[Bind],
        left: &mut usize,
    ) -> Result<(Vec<Arc<Row>>, bool), StoreError> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(binds))?;
        // How large parts are is known when they are read.
        let bounded = !plan.parts.is_empty() && *left < usize::MAX;
        let together = if bounded { TOGETHER } else { usize::MAX };
        let mut found = Vec::new();
        let mut next = self.next_row(plan, &mut rows)?;
        while let Some((id, row)) = next.take() {
            if *left == 0 && !found.is_empty() {
                return Ok((found, true));
            }
            let mut taken = size::of(&row.fields);
            let (mut ids, mut group) = (vec![id], vec![row]);
            loop {
                next = self.next_row(plan, &mut rows)?;
                if group.len() >= together || taken >= *left {
                    break;
                }
                let Some((id, row)) = next.take() else { break };
                taken += size::of(&row.fields);
                ids.push(id);
                group.push(row);
            }
            self.attach_parts(plan, &ids, &mut group)?;
            for row in group {
                if *left == 0 && !found.is_empty() {
                    return Ok((found, true));
                }
                let parts = row.parts.iter().flatten().map(|row| size::of(row)).sum::<usize>();
                *left = left.saturating_sub(size::of(&row.fields) + parts);
                found.push(Arc::new(self.catalog.vault.open(row)?));
            }
        }
        Ok((found, false))
    }

    fn next_row(
        &self,
        plan: &Plan,
        rows: &mut rusqlite::Rows<'_>,
    ) -> Result<Option<(u128, Row)>, StoreError> {
        let Some(row) = rows.next()? else { return Ok(None) };
        let fields = codec::decode_all(row, 0, &plan.columns, self.catalog.schema())?;
        let id = codec::id(row, 0)?;
        Ok(Some((id, Row { entity: plan.entity, fields, parts: Vec::new() })))
    }

    fn attach_parts(&self, plan: &Plan, ids: &[u128], rows: &mut [Row]) -> Result<(), StoreError> {
        let list = Bind::ids(ids);
        for part in &plan.parts {
            let mut by_owner: BTreeMap<u128, PartRows> = BTreeMap::new();
            let mut statement = self.prepare(part.of_many.of(self.terms.tenant))?;
            let mut found = statement.query([&list])?;
            while let Some(row) = found.next()? {
                let values = codec::decode_all(row, 1, &part.columns, self.catalog.schema())?;
                by_owner.entry(codec::id(row, 0)?).or_default().push(values.into());
            }
            for (id, row) in ids.iter().zip(rows.iter_mut()) {
                row.parts.push(by_owner.remove(id).unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// The error of a record that is not what this store writes.
pub(super) fn unreadable(what: &str) -> StoreError {
    failure::damaged(format!("{what} is not what was written there"))
}
