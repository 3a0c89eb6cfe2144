//! Trees: rows with the rows around them, as one statement.
//!
//! The rows of the root come first, with what their references name joined beside them. Each part,
//! at whatever depth, is a further `SELECT` of the same statement, whose rows say by the id of
//! their owner where they belong. So values come as they are stored, and no JSON is built by the
//! database to be taken apart again.

mod build;
mod take;

use rusqlite::params_from_iter;

use super::session::Session;
use crate::store::{Root, StoreError, Tree, TreeQuery};

impl Session {
    /// Rows with the rows around them.
    pub(super) fn tree(&mut self, query: &TreeQuery) -> Result<Tree, StoreError> {
        let catalog = self.catalog.clone();
        let (sql, binds, shape) = build::statement(self, &catalog, query)?;
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(&binds))?;
        let mut found = take::all(&mut rows, &shape, catalog.schema())?;
        let limit = match &query.root {
            Root::Page(page) => page.limit as usize,
            Root::Row { .. } | Root::Rows { .. } => usize::MAX,
        };
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(Tree { rows: found, more })
    }
}
