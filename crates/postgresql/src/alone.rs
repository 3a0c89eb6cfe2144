//! A read that asks one question: it goes to the database with everything around it in one message,
//! and is answered by one.

use std::sync::Arc;

use runtime::store::StoreError;

use crate::connection::Row;
use crate::session::{Questions, Session};
use crate::statements as sql;
use crate::text::Text;
use crate::wire::Bind;

impl Session {
    /// Asks the one question, and whether the caller is still who it was taken for.
    ///
    /// What leaves together is one transaction even where none is opened: what is set with it holds
    /// for all of it. For which tenant it is stays set behind it, where it has gone well, and is not
    /// said again to who asks next for the same.
    pub(crate) async fn ask_alone(
        &mut self,
        question: Option<(&Arc<Text>, &[Bind])>,
    ) -> Result<Vec<Row>, StoreError> {
        self.questions = Questions::Done;
        let doubts = self.doubts()?;
        let pooler = self.pool().pooler();
        if pooler {
            // What connections cannot keep is set in the transaction.
            self.open()?;
        } else {
            self.tell_whom()?;
        }
        let rows = self.ask(question, &doubts).await;
        if rows.is_ok() {
            self.stay();
        }
        if pooler
            && let Ok(connection) = self.connection()
            && !connection.is_broken()
        {
            self.held.clean =
                self.end_with(if rows.is_ok() { &sql::COMMIT } else { &sql::ROLLBACK });
        }
        rows
    }
}
