//! A read that asks one question: it goes to the database with everything around it in one message,
//! and takes a transaction only where settings have to hold for it.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::future::{join_all, join4};
use runtime::store::StoreError;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::failure;
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
        let named = !self.pool().pooler();
        let connection = self.connection()?;
        let client = Arc::clone(&connection.client);
        let mut statements = Vec::with_capacity(1 + doubts.len());
        let asked = question.map(|(text, binds)| (text, binds));
        let doubted = doubts.iter().map(|(text, binds)| (text, binds.as_slice()));
        for (text, binds) in asked.into_iter().chain(doubted) {
            statements.push(match named {
                true => Some(connection.statement(text, binds).await.map_err(|e| plain(&e))?),
                false => None,
            });
        }
        let mut statements = statements.into_iter();
        let first = question.and_then(|of| Some((of, statements.next()?)));
        let all = doubts.iter().zip(statements);
        let all = all.map(|((text, binds), of)| run(&client, of, text, binds.as_slice()));
        // Sent in this order, all at once.
        let (begun, rows, answers, ended) = join4(
            simple(&client, opening.as_deref()),
            async {
                match first {
                    Some(((text, binds), statement)) => run(&client, statement, text, binds).await,
                    None => Ok(Vec::new()),
                }
            },
            join_all(all),
            simple(&client, opening.as_ref().map(|_| "COMMIT")),
        )
        .await;
        self.settled();
        let answers: Result<Vec<_>, Error> = answers.into_iter().collect();
        let rows = begun.and(rows).map_err(|error| plain(&error))?;
        self.dispel(&answers.map_err(|error| plain(&error))?)?;
        ended.map_err(|error| plain(&error))?;
        Ok(rows)
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
pub(crate) async fn run(
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
