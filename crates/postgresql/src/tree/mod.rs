//! Trees: rows with the rows around them, as one statement.
//!
//! The text has the shape of the tree: a row that a reference names is a sub-select of one record,
//! rows of a part are an array of records, and both hold the same in turn. So each is found by its
//! key, whatever the planner thinks of the whole, the page keeps its order, and values come in the
//! binary formats in which they come everywhere: no JSON is built to be taken apart again.

mod build;
mod take;

use runtime::store::{PAGE_BYTES, Root, StoreError, Tree, TreeQuery};

use crate::session::Session;

impl Session {
    /// Rows with the rows around them.
    pub(crate) async fn tree_of(&mut self, query: &TreeQuery) -> Result<Tree, StoreError> {
        let catalog = self.catalog.clone();
        let (statement, binds) = build::statement(&catalog, self.terms.tenant, query)?;
        let (limit, enough) = match &query.root {
            Root::Page(page) => (page.limit as usize, PAGE_BYTES),
            Root::Row { .. } | Root::Rows { .. } => (usize::MAX, usize::MAX),
        };
        let (found, cut) = self.query_for(&statement.text, &binds, enough).await?;
        let mut rows = take::all(&found, &statement.shape, catalog.schema())?;
        let more = cut || rows.len() > limit;
        rows.truncate(limit);
        Ok(Tree { rows, more })
    }
}
