//! One piece of work on a connection: statements, which leave together with the next one whose
//! answer somebody waits for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use expression::EntityId;
use runtime::store::{StoreError, Subject, Tenant, Terms};

use crate::catalog::Catalog;
use crate::connection::{Answer, Connection, Refusal, Row};
use crate::failure::{self, Violation};
use crate::plan::Plan;
use crate::pool::{Held, Pool};
use crate::silos::{Apart, Guest, Silos};
use crate::standing::{Doubt, Standing};
use crate::text::Text;
use crate::wire::Bind;

/// A connection with what is needed to speak of rows.
#[derive(Debug)]
pub struct Session {
    pub(crate) held: Held,
    pub(crate) catalog: Arc<Catalog>,
    /// Of the work that runs.
    pub(crate) terms: Terms,
    /// Whether a transaction is opened, or will be with the next statement.
    pub(crate) opened: bool,
    writes: bool,
    /// What the statements mean whose answers nobody has looked at yet, in order.
    pub(crate) pending: Vec<Meaning>,
    /// Whether the idempotency key of this work had no answer when it was looked up.
    pub(crate) unanswered: bool,
    /// Whether that was not looked up but taken for granted.
    pub(crate) assumed: bool,
    /// Whom its callers stand for, as far as that was asked.
    pub(crate) standings: Vec<(Subject, Arc<Standing>)>,
    /// Whether some of them are only taken for what they were, and go with the next question.
    pub(crate) doubtful: bool,
    /// How much may be asked.
    pub(crate) questions: Questions,
    /// For whom the next statement is.
    whom: Tenant,
    /// For whom it would be, as the database was told; nothing where that is not known.
    told: Option<Tenant>,
    /// The tenant for which the connection is from now on, if the work comes to a good end.
    pub(crate) staying: Option<Tenant>,
    /// Whether statements that change something were sent.
    pub(crate) changed: bool,
    /// Where rows of tenants are, if they have databases of their own.
    pub(crate) apart: Option<Apart>,
    /// What is kept if this is at one of those.
    pub(crate) guest: Option<Guest>,
    /// How many bytes of rows are enough for the next question, and whether rows were left out for
    /// that of the last one.
    enough: Option<usize>,
    left_out: bool,
    /// What has gone wrong: then nothing can be committed any more.
    pub(crate) failed: Option<StoreError>,
}

/// How much may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Questions {
    /// As much as is needed: on one snapshot, or in one transaction.
    Any,
    /// One.
    One,
    /// That was it.
    Done,
}

/// What an error of a statement means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// Nothing in the model.
    Plain,
    /// A row of this entity is inserted or updated.
    Write(EntityId),
    /// As [`Self::Write`], and exactly one row has to be changed.
    Change(EntityId),
    /// A row of this entity is deleted.
    Delete(EntityId),
    /// A request is recorded that nobody has answered yet.
    Once,
    /// A caller is who it was taken for.
    Standing,
    /// A unique key has this code.
    Taken(&'static str),
}

impl Session {
    pub(crate) fn new(held: Held, catalog: Arc<Catalog>, terms: Terms, writes: bool) -> Self {
        let told = held.whom();
        Self {
            held,
            catalog,
            terms,
            opened: false,
            writes,
            pending: Vec::new(),
            unanswered: false,
            assumed: false,
            standings: Vec::new(),
            doubtful: false,
            whom: terms.tenant,
            told,
            staying: None,
            changed: false,
            questions: if terms.single && !writes { Questions::One } else { Questions::Any },
            apart: None,
            guest: None,
            enough: None,
            left_out: false,
            failed: None,
        }
    }

    /// As [`Self::new`], where tenants have databases of their own.
    pub(crate) fn among(mut self, silos: Option<&Arc<Silos>>) -> Self {
        if let Some(silos) = silos {
            // It takes more than one question to get to a tenant's database.
            self.questions = Questions::Any;
            self.apart = Some(Apart::new(silos.clone()));
        }
        self
    }

    pub(crate) const fn pool(&self) -> &Arc<Pool> {
        self.held.pool()
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.held.get()
    }

    /// From the next statement on the work is for this tenant.
    pub(crate) fn go_on_for(&mut self, tenant: Tenant) {
        self.terms.tenant = tenant;
        self.enter_ahead(tenant);
    }

    /// Tells the database with the next statement for whom the work is.
    pub(crate) fn enter_ahead(&mut self, tenant: Tenant) {
        self.whom = tenant;
    }

    /// For whom the next statement is, where the database does not know: it is told now.
    pub(crate) fn untold(&mut self) -> Option<Tenant> {
        if !self.catalog.pooled || self.told == Some(self.whom) {
            return None;
        }
        self.told = Some(self.whom);
        Some(self.whom)
    }

    /// Adds a statement to those that leave next; its answer is looked at with theirs.
    pub(crate) fn add(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
        meaning: Meaning,
    ) -> Result<(), StoreError> {
        let named = !self.pool().pooler();
        self.connection()?.add(text, binds, named);
        self.expect_answer(meaning);
        Ok(())
    }

    /// What was added last will be answered, and means this.
    pub(crate) fn expect_answer(&mut self, meaning: Meaning) {
        self.pending.push(meaning);
    }

    /// Sends a statement with the next one, before it; its answer is nobody's.
    pub(crate) fn send_with_next(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<(), StoreError> {
        if self.failed.is_some() {
            return Ok(());
        }
        self.open()?;
        self.add(text, binds, Meaning::Plain)
    }

    /// Whether the work may write.
    pub(crate) const fn writes(&self) -> bool {
        self.writes
    }

    pub(crate) fn plan(&self, entity: EntityId) -> Result<&Plan, StoreError> {
        self.catalog.plan(entity)
    }

    /// The rows that a statement yields.
    pub(crate) async fn query(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let shipped = self.with_shipped(text, binds);
        let (text, binds) = match &shipped {
            Some((text, binds)) => (text, binds.as_slice()),
            None => (text, binds),
        };
        if self.terms.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(self.fail(StoreError::Busy));
        }
        match self.questions {
            Questions::Any => {}
            Questions::One => {
                let asked = self.ask_alone(Some((text, binds))).await;
                return asked.map_err(|error| self.fail(error));
            }
            Questions::Done => return Err(self.fail(StoreError::Several)),
        }
        let result = self.query_now(Some((text, binds))).await;
        result.map_err(|error| self.fail(error))
    }

    /// As [`Self::query`], but no rows after so many bytes; and whether there are any.
    pub(crate) async fn query_for(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
        enough: usize,
    ) -> Result<(Vec<Row>, bool), StoreError> {
        (self.enough, self.left_out) = (Some(enough), false);
        let rows = self.query(text, binds).await;
        self.enough = None;
        Ok((rows?, self.left_out))
    }

    /// Makes sure that callers are who they were taken for, before anything depends on it.
    pub(crate) async fn make_sure(&mut self) -> Result<(), StoreError> {
        if !self.doubtful {
            return Ok(());
        }
        let result = self.query_now(None).await;
        result.map(drop).map_err(|error| self.fail(error))
    }

    /// As [`Self::query`], of a statement that changes rows.
    pub(crate) async fn change(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<Vec<Row>, StoreError> {
        if self.writes {
            self.log(text, binds);
            return self.query(text, binds).await;
        }
        Err(self.fail(read_only()))
    }

    /// Asks, and whether callers are who they were taken for, in one message.
    async fn query_now(
        &mut self,
        question: Option<(&Arc<Text>, &[Bind])>,
    ) -> Result<Vec<Row>, StoreError> {
        let doubts = match std::mem::take(&mut self.doubtful) {
            true => self.doubts()?,
            false => Vec::new(),
        };
        self.open()?;
        self.ask(question, &doubts).await
    }

    /// Sends a question and what is asked of callers, behind what was added, in one message.
    pub(crate) async fn ask(
        &mut self,
        question: Option<(&Arc<Text>, &[Bind])>,
        doubts: &[Doubt],
    ) -> Result<Vec<Row>, StoreError> {
        let count = u64::from(question.is_some()) + doubts.len() as u64;
        self.catalog.statements.fetch_add(count, Ordering::Relaxed);
        let named = !self.pool().pooler();
        let enough = self.enough.take().unwrap_or(usize::MAX);
        let connection = self.connection()?;
        if let Some((text, binds)) = question {
            connection.add_for(text, binds, named, enough);
        }
        for (text, binds) in doubts {
            connection.add(text, binds, named);
        }
        let mut answers = self.answers().await?.into_iter();
        let rows = match question {
            Some(_) => {
                let answer = answers.next();
                if let Some(Answer::Done { rows, count, .. }) = &answer {
                    self.left_out = u64::try_from(rows.len()).is_ok_and(|rows| rows < *count);
                }
                yielded(answer)?
            }
            None => Vec::new(),
        };
        if !doubts.is_empty() {
            let found: Result<Vec<_>, _> = answers.map(|answer| yielded(Some(answer))).collect();
            self.dispel(&found?)?;
        }
        Ok(rows)
    }

    /// Sends what was added and waits for all answers; those that nobody has looked at are judged,
    /// and the first error is the one that counts.
    pub(crate) async fn answers(&mut self) -> Result<Vec<Answer>, StoreError> {
        let pending = std::mem::take(&mut self.pending);
        let connection = self.held.get()?;
        connection.synchronise();
        let mut answers = connection.answers().await.map_err(|broken| broken.error())?;
        self.held.clean = connection.is_idle();
        if answers.len() < pending.len() {
            return Err(missing());
        }
        let rest = answers.split_off(pending.len());
        for (meaning, answer) in pending.into_iter().zip(&answers) {
            if let Answer::Refused(refusal) = answer {
                return Err(self.meant(meaning, refusal));
            }
        }
        Ok(rest)
    }

    /// Runs a statement that changes rows; how many.
    pub(crate) async fn execute(
        &mut self,
        text: &Arc<Text>,
        binds: Vec<Bind>,
        meaning: Meaning,
    ) -> Result<u64, StoreError> {
        self.start(text, &binds).await?;
        let answers = self.answers().await.map_err(|error| self.fail(error))?;
        match answers.into_iter().next() {
            Some(Answer::Done { count, .. }) => Ok(count),
            Some(Answer::Refused(refusal)) => {
                let error = self.meant(meaning, &refusal);
                Err(self.fail(error))
            }
            Some(Answer::Omitted) | None => Err(self.fail(missing())),
        }
    }

    /// Adds a statement that changes rows and goes on: an error comes with the next answer, or with
    /// the commit.
    pub(crate) async fn send(
        &mut self,
        text: &Arc<Text>,
        binds: Vec<Bind>,
        meaning: Meaning,
    ) -> Result<(), StoreError> {
        self.start(text, &binds).await?;
        self.expect_answer(meaning);
        let connection = self.held.get()?;
        if connection.is_full() {
            let sent = connection.send().await;
            sent.map_err(|broken| self.fail(broken.error()))?;
        }
        Ok(())
    }

    /// Adds a statement that changes rows.
    async fn start(&mut self, text: &Arc<Text>, binds: &[Bind]) -> Result<(), StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.writes {
            return Err(self.fail(read_only()));
        }
        if !(self.terms.granted && self.doubtful && self.verify_with_next()?) {
            self.make_sure().await?;
        }
        self.log(text, binds);
        // It may be about the row of a caller.
        self.standings.clear();
        self.changed = true;
        self.catalog.statements.fetch_add(1, Ordering::Relaxed);
        self.open()?;
        let named = !self.pool().pooler();
        self.held.get()?.add(text, binds, named);
        Ok(())
    }

    /// Keeps what changes the database of a tenant.
    fn log(&mut self, text: &Arc<Text>, binds: &[Bind]) {
        if let Some(guest) = &mut self.guest {
            guest.log.push((text.clone(), binds.to_vec()));
        }
    }

    pub(crate) fn fail(&mut self, error: StoreError) -> StoreError {
        // Such as a server that takes no writes any more: the next connection may find another.
        self.held.lost |= matches!(error, StoreError::Unreachable { .. });
        self.failed.get_or_insert(error).clone()
    }

    /// An error in the words of the model.
    fn meant(&self, meaning: Meaning, refusal: &Refusal) -> StoreError {
        if let (Meaning::Change(entity) | Meaning::Delete(entity), true) =
            (meaning, failure::vanished(refusal))
        {
            return StoreError::Vanished { entity };
        }
        if matches!(meaning, Meaning::Standing) && failure::vanished(refusal) {
            return StoreError::Conflict;
        }
        let Some(violation) = failure::violation(refusal) else { return failure::refused(refusal) };
        match (meaning, violation) {
            (Meaning::Once, Violation::Unique(_)) => StoreError::Conflict,
            (Meaning::Taken(code), Violation::Unique(_)) => {
                StoreError::Unique { code: code.to_owned() }
            }
            (Meaning::Write(entity) | Meaning::Change(entity), Violation::Unique(named)) => {
                let plan = self.plan(entity).ok();
                let code = plan.and_then(|plan| plan.codes.get(named).cloned());
                StoreError::Unique { code: code.unwrap_or_else(|| "already-exists".to_owned()) }
            }
            (Meaning::Write(entity) | Meaning::Change(entity), Violation::ForeignKey) => {
                StoreError::MissingReference { entity }
            }
            (Meaning::Delete(entity), Violation::ForeignKey) => {
                StoreError::StillReferenced { entity }
            }
            _ => failure::refused(refusal),
        }
    }
}

fn read_only() -> StoreError {
    StoreError::Internal { message: "a read tried to write".to_owned() }
}

/// What a statement yields.
fn yielded(answer: Option<Answer>) -> Result<Vec<Row>, StoreError> {
    match answer {
        Some(Answer::Done { rows, .. }) => Ok(rows),
        Some(Answer::Refused(refusal)) => Err(failure::refused(&refusal)),
        Some(Answer::Omitted) | None => Err(missing()),
    }
}

pub(crate) fn missing() -> StoreError {
    StoreError::Internal { message: "the database has left out an answer".to_owned() }
}
