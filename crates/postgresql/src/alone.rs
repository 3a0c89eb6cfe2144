//! A read that asks one question: it goes to the database with everything around it in one message,
//! and takes a transaction only where settings have to hold for it.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::future::{join, join3, try_join_all};
use runtime::store::StoreError;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::failure;
use crate::pool::Held;
use crate::session::{Questions, Session};
use crate::text::Text;
use crate::wire::Bind;

impl Session {
    /// Asks the one question, and whether the caller is still who it was taken for.
    pub(crate) async fn ask_alone(
        &mut self,
        question: Option<(&Arc<Text>, &[Bind])>,
    ) -> Result<Vec<Row>, StoreError> {
        self.questions = Questions::Done;
        let doubts = self.doubts()?;
        let opening = self.opening_alone();
        let client = Arc::clone(&self.connection()?.client);
        let asked = Asked::prepare(&mut self.held, question, &doubts).await?;
        // Sent in this order, all at once.
        let ((begun, rows, answers), ended) = join(
            asked.send(opening.as_deref()),
            simple(&client, opening.as_ref().map(|_| "COMMIT")),
        )
        .await;
        self.settled();
        let rows = begun.and(rows).map_err(|error| plain(&error))?;
        self.dispel(&answers.map_err(|error| plain(&error))?)?;
        ended.map_err(|error| plain(&error))?;
        Ok(rows)
    }
}

/// A question with what goes with it, ready to be sent.
pub(crate) struct Asked<'q> {
    client: Arc<Client>,
    /// Without a name where the next statement may meet another connection.
    statements: Vec<Option<Statement>>,
    question: Option<(&'q Arc<Text>, &'q [Bind])>,
    doubts: &'q [Doubt],
}

/// What is asked of a caller.
pub(crate) type Doubt = (Arc<Text>, [Bind; 4]);
/// Whether the beginning went well, the rows that the question is about, and what callers are.
type Answers = (Result<(), Error>, Result<Vec<Row>, Error>, Result<Vec<Vec<Row>>, Error>);

impl<'q> Asked<'q> {
    pub(crate) async fn prepare(
        held: &mut Held,
        question: Option<(&'q Arc<Text>, &'q [Bind])>,
        doubts: &'q [Doubt],
    ) -> Result<Self, StoreError> {
        let named = !held.pool().pooler();
        let connection = held.get()?;
        let mut statements = Vec::with_capacity(1 + doubts.len());
        let doubted = doubts.iter().map(|(text, binds)| (text, binds.as_slice()));
        for (text, binds) in question.into_iter().chain(doubted) {
            statements.push(match named {
                true => Some(connection.statement(text, binds).await.map_err(|e| plain(&e))?),
                false => None,
            });
        }
        let client = Arc::clone(&connection.client);
        Ok(Self { client, statements, question, doubts })
    }

    /// Sends everything at once, in this order: what begins, the question, the doubts.
    pub(crate) async fn send(self, begin: Option<&str>) -> Answers {
        let Self { client, statements, question, doubts } = self;
        let mut statements = statements.into_iter();
        let first = question.and_then(|of| Some((of, statements.next()?)));
        let all = doubts.iter().zip(statements);
        let all = all.map(|((text, binds), of)| run(&client, of, text, binds.as_slice()));
        let asked = async {
            match first {
                Some(((text, binds), statement)) => run(&client, statement, text, binds).await,
                None => Ok(Vec::new()),
            }
        };
        join3(simple(&client, begin), asked, try_join_all(all)).await
    }
}

fn plain(error: &Error) -> StoreError {
    failure::plain(error)
}

async fn simple(client: &Client, sql: Option<&str>) -> Result<(), Error> {
    match sql {
        Some(sql) => client.batch_execute(sql).await,
        None => Ok(()),
    }
}

/// Runs a statement; without a name where the next one may meet another connection.
async fn run(
    client: &Client,
    statement: Option<Statement>,
    text: &Text,
    binds: &[Bind],
) -> Result<Vec<Row>, Error> {
    let rows = match &statement {
        Some(statement) => client.query_raw(statement, binds).await?,
        None => {
            let typed = binds.iter().map(|bind| (bind, bind.ty()));
            client.query_typed_raw(&text.0, typed).await?
        }
    };
    rows.try_collect().await
}
