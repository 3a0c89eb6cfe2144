//! One piece of work on a connection: statements, sent ahead where nobody waits for their answer.

use std::borrow::Cow;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use expression::EntityId;
use futures_util::TryStreamExt as _;
use runtime::store::{StoreError, Subject, Tenant, Terms};
use tokio_postgres::{Error, Row};

use crate::alone::Asked;
use crate::catalog::Catalog;
use crate::failure::{self, Violation};
use crate::opening::opening;
use crate::plan::Plan;
use crate::pool::{Connection, Held, Pool};
use crate::silence;
use crate::standing::Standing;
use crate::text::Text;
use crate::wire::Bind;

/// A connection with what is needed to speak of rows.
#[derive(Debug)]
pub struct Session {
    pub(crate) held: Held,
    pub(crate) catalog: Arc<Catalog>,
    /// Of the work that runs.
    pub(crate) terms: Terms,
    /// What opens the transaction, until it was sent.
    begin: Option<String>,
    /// What says whom the transaction is for, until it was sent.
    entering: Option<Cow<'static, str>>,
    writes: bool,
    /// Statements whose answers nobody has looked at yet, in order.
    pending: Vec<Pending>,
    /// Whether the idempotency key of this work had no answer when it was looked up.
    pub(crate) unanswered: bool,
    /// Whom its callers stand for, as far as that was asked.
    pub(crate) standings: Vec<(Subject, Arc<Standing>)>,
    /// Whether some of them are only taken for what they were, and go with the next question.
    pub(crate) doubtful: bool,
    /// How much may be asked.
    pub(crate) questions: Questions,
    /// For whom the transaction is, as the database was told or is told next.
    entered: Tenant,
    /// Whether statements that change something were sent.
    pub(crate) changed: bool,
    /// What has gone wrong: then nothing can be committed any more.
    failed: Option<StoreError>,
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
    /// A unique key has this code.
    Taken(&'static str),
}

/// The answer to a statement: how many rows it changed.
type Count = Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>>;

struct Pending {
    count: Count,
    meaning: Meaning,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("meaning", &self.meaning).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(held: Held, catalog: Arc<Catalog>, terms: Terms, writes: bool) -> Self {
        let begin = Some(opening(&held, &catalog, terms, writes));
        let entering = catalog.entering(terms.tenant, true);
        Self {
            held,
            catalog,
            terms,
            begin,
            entering,
            writes,
            pending: Vec::new(),
            unanswered: false,
            standings: Vec::new(),
            doubtful: false,
            entered: terms.tenant,
            changed: false,
            questions: if terms.single && !writes { Questions::One } else { Questions::Any },
            failed: None,
        }
    }

    pub(crate) const fn pool(&self) -> &Arc<Pool> {
        self.held.pool()
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.held.get()
    }

    /// What has to be said before the one question: nothing where it is for nobody in particular.
    pub(crate) fn opening_alone(&mut self) -> Option<String> {
        let needed = self.entering.is_some() || self.held.pool().pooler();
        needed.then(|| self.ahead()).flatten().map(Cow::into_owned)
    }

    /// Everything that was sent is answered, and no transaction is open.
    pub(crate) fn settled(&mut self) {
        self.begin = None;
        self.held.clean = true;
    }

    /// From the next statement on the work is for this tenant.
    pub(crate) fn go_on_for(&mut self, tenant: Tenant) {
        self.terms.tenant = tenant;
        self.enter_ahead(tenant);
    }

    /// Tells the database with the next statement for whom the transaction is.
    pub(crate) fn enter_ahead(&mut self, tenant: Tenant) {
        if self.entered != tenant {
            self.entered = tenant;
            if self.catalog.pooled {
                self.entering = self.catalog.entering(tenant, self.begin.is_some());
            }
        }
    }

    /// Sends a statement with the next one, before it; its answer is nobody's.
    pub(crate) fn send_ahead(&mut self, sql: &str) {
        self.entering = Some(match self.entering.take() {
            None => sql.to_owned().into(),
            Some(entering) => format!("{entering}; {sql}").into(),
        });
    }

    /// What has to be sent before the next statement.
    fn ahead(&mut self) -> Option<Cow<'static, str>> {
        match (self.begin.take(), self.entering.take()) {
            (None, entering) => entering,
            (Some(begin), None) => Some(begin.into()),
            (Some(begin), Some(entering)) => Some(format!("{begin}; {entering}").into()),
        }
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
        let settled = self.settle().await;
        settled.and(result).map_err(|error| self.fail(error))
    }

    /// Makes sure that callers are who they were taken for, before anything depends on it.
    pub(crate) async fn make_sure(&mut self) -> Result<(), StoreError> {
        if !self.doubtful {
            return Ok(());
        }
        let result = self.query_now(None).await;
        let settled = self.settle().await;
        settled.and(result).map(drop).map_err(|error| self.fail(error))
    }

    /// As [`Self::query`], of a statement that changes rows.
    pub(crate) async fn change(
        &mut self,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Result<Vec<Row>, StoreError> {
        if self.writes {
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
        let ahead = self.ahead();
        let count = u64::from(question.is_some()) + doubts.len() as u64;
        self.catalog.statements.fetch_add(count, Ordering::Relaxed);
        let asked = Asked::prepare(&mut self.held, question, &doubts).await?;
        let (begun, rows, answers) = asked.send(ahead.as_deref()).await;
        let rows = begun.and(rows).map_err(|error| failure::plain(&error))?;
        if !doubts.is_empty() {
            self.dispel(&answers.map_err(|error| failure::plain(&error))?)?;
        }
        Ok(rows)
    }

    /// Runs a statement that changes rows; how many.
    pub(crate) async fn execute(
        &mut self,
        text: &Arc<Text>,
        binds: Vec<Bind>,
        meaning: Meaning,
    ) -> Result<u64, StoreError> {
        self.send(text, binds, meaning).await?;
        let last = self.pending.pop();
        self.settle_or_fail().await?;
        let Some(last) = last else { return Ok(0) };
        match last.count.await {
            Ok(count) => Ok(count),
            Err(error) => {
                let error = self.meant(meaning, &error);
                Err(self.fail(error))
            }
        }
    }

    /// Sends a statement and goes on: an error comes with the next answer, or with the commit.
    pub(crate) async fn send(
        &mut self,
        text: &Arc<Text>,
        binds: Vec<Bind>,
        meaning: Meaning,
    ) -> Result<(), StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.writes {
            return Err(self.fail(read_only()));
        }
        self.make_sure().await?;
        // It may be about the row of a caller.
        self.standings.clear();
        self.changed = true;
        self.catalog.statements.fetch_add(1, Ordering::Relaxed);
        let unnamed = self.held.pool().pooler();
        let connection = self.held.get()?;
        let statement = match unnamed {
            true => Ok(None),
            false => connection.statement(text, &binds).await.map(Some),
        };
        let statement = match statement {
            Ok(statement) => statement,
            Err(error) => {
                // A broken statement before is the better reason.
                self.settle_or_fail().await?;
                return Err(self.fail(failure::plain(&error)));
            }
        };
        let client = self.held.get()?.client.clone();
        if let Some(ahead) = self.ahead() {
            let client = client.clone();
            let begun = async move { client.batch_execute(&ahead).await.map(|()| 0) };
            self.start(Box::pin(begun), Meaning::Plain);
        }
        let text = text.clone();
        let count = async move {
            if let Some(statement) = &statement {
                return client.execute_raw(statement, &binds).await;
            }
            let typed = binds.iter().map(|bind| (bind, bind.ty()));
            let mut rows = pin!(client.query_typed_raw(&text.0, typed).await?);
            while rows.try_next().await?.is_some() {}
            Ok(rows.rows_affected().unwrap_or(0))
        };
        self.start(Box::pin(count), meaning);
        Ok(())
    }

    /// Puts a statement on its way: the first poll sends it.
    fn start(&mut self, mut count: Count, meaning: Meaning) {
        let mut context = Context::from_waker(Waker::noop());
        let count = match count.as_mut().poll(&mut context) {
            Poll::Pending => count,
            Poll::Ready(done) => Box::pin(std::future::ready(done)),
        };
        self.pending.push(Pending { count, meaning });
    }

    async fn settle_or_fail(&mut self) -> Result<(), StoreError> {
        match self.settle().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Waits for what was sent ahead; the first error is the one that counts.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let mut first = Ok(());
        for pending in std::mem::take(&mut self.pending) {
            let answer = pending.count.await;
            let outcome = match (answer, pending.meaning) {
                (Ok(0), Meaning::Change(entity)) => Err(StoreError::Vanished { entity }),
                (Ok(_), _) => Ok(()),
                (Err(error), meaning) => Err(self.meant(meaning, &error)),
            };
            first = first.and(outcome);
        }
        first
    }

    pub(crate) fn fail(&mut self, error: StoreError) -> StoreError {
        // Such as a server that takes no writes any more: the next connection may find another.
        self.held.lost |= matches!(error, StoreError::Unreachable { .. });
        self.failed.get_or_insert(error).clone()
    }

    /// An error in the words of the model.
    fn meant(&self, meaning: Meaning, error: &Error) -> StoreError {
        let Some(violation) = failure::violation(error) else { return failure::plain(error) };
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
            _ => failure::plain(error),
        }
    }

    /// Ends a read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where what it took for granted is not so, whatever it has come to.
    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        match self.questions {
            Questions::Any => self.end(),
            Questions::One if self.failed.is_none() && !self.standings.is_empty() => {
                silence::bounded(self.ask_alone(None)).await??;
            }
            Questions::One => self.held.clean = true,
            Questions::Done => {}
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.begin.is_some() {
            // Nothing was asked.
            self.held.clean = true;
        } else if self.pending.is_empty() && self.failed.is_none() {
            self.held.clean = self.send_end("COMMIT");
        } else if self.pending.is_empty() {
            self.held.clean = self.send_end("ROLLBACK");
        }
    }

    /// Sends what ends a transaction whose outcome nobody needs to know.
    fn send_end(&mut self, how: &'static str) -> bool {
        let Ok(connection) = self.held.get() else { return false };
        let mut context = Context::from_waker(Waker::noop());
        let ending = pin!(connection.client.batch_execute(how));
        // Sent; the answer is thrown away when it comes, and the next statement waits its turn.
        !matches!(ending.poll(&mut context), Poll::Ready(Err(_)))
    }

    /// Commits what was written. Only an answer of the database counts as success.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        // What has gone wrong is remembered.
        drop(self.make_sure().await);
        if self.begin.is_some() {
            self.held.clean = self.failed.is_none();
            return self.failed.take().map_or(Ok(()), Err);
        }
        let certain = !self.pending.iter().any(|of| matches!(of.meaning, Meaning::Change(_)));
        if !certain || self.failed.is_some() {
            drop(self.settle_or_fail().await);
        }
        if let Some(error) = self.failed.take() {
            self.held.clean = self.send_end("ROLLBACK");
            return Err(error);
        }
        let client = self.held.get()?.client.clone();
        let commit = async move { client.batch_execute("COMMIT").await.map(|()| 0) };
        self.start(Box::pin(commit), Meaning::Plain);
        let commit = self.pending.pop();
        // A statement that failed makes the database roll back whatever COMMIT says.
        let settled = self.settle().await;
        let Some(commit) = commit else { return Err(StoreError::Closed) };
        let committed = commit.count.await;
        self.held.clean = true;
        settled.map_err(|error| self.fail(error))?;
        committed.map(drop).map_err(|error| match failure::plain(&error) {
            StoreError::Unreachable { message } => StoreError::Unreachable {
                message: format!(
                    "{message}; whether the change was committed is not known, the same \
                     request with the same idempotency key tells"
                ),
            },
            other => other,
        })
    }

    /// Undoes what was written.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where what it took for granted is not so: then the reason for
    /// undoing it is none.
    pub(crate) async fn roll_back(mut self) -> Result<(), StoreError> {
        let sure = match self.failed {
            None => self.make_sure().await,
            Some(_) => Ok(()),
        };
        if self.begin.is_none() {
            drop(self.settle().await);
            self.held.clean = self.send_end("ROLLBACK");
        } else {
            self.held.clean = true;
        }
        sure
    }
}

fn read_only() -> StoreError {
    StoreError::Internal { message: "a read tried to write".to_owned() }
}
