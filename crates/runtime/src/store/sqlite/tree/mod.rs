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
use crate::store::{PAGE_BYTES, Root, StoreError, Tree, TreeQuery, TreeRow};

impl Session {
    /// Rows with the rows around them. How large a page is shows when the last row of the last part
    /// is read: one that is too large is asked for again, shorter.
    pub(super) fn tree(&mut self, query: &TreeQuery) -> Result<Tree, StoreError> {
        let Root::Page(page) = &query.root else {
            let rows = self.tree_for(query, usize::MAX)?.unwrap_or_default();
            return Ok(Tree { rows, more: false });
        };
        let mut page = page.clone();
        loop {
            let query = TreeQuery { root: Root::Page(page.clone()), ..query.clone() };
            let enough = if page.limit > 1 { PAGE_BYTES } else { usize::MAX };
            let limit = page.limit as usize;
            if let Some(mut rows) = self.tree_for(&query, enough)? {
                let more = rows.len() > limit;
                rows.truncate(limit);
                return Ok(Tree { rows, more });
            }
            page.limit = (page.limit / 3).max(1);
        }
    }

    fn tree_for(
        &mut self,
        query: &TreeQuery,
        enough: usize,
    ) -> Result<Option<Vec<TreeRow>>, StoreError> {
        let catalog = self.catalog.clone();
        let (sql, binds, shape) = build::statement(self, &catalog, query)?;
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(&binds))?;
        take::all(&mut rows, &shape, catalog.schema(), enough)
    }
}
