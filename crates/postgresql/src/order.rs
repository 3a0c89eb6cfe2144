//! The order of a page as SQL: its columns, then the id.

use std::fmt::Write as _;

/// Columns with how they are sorted, and the id behind them.
#[derive(Debug)]
pub(crate) struct Order<'p> {
    id: &'p str,
    /// Of a row that is called `self`, with what follows them: ` DESC`.
    keys: Vec<(String, &'static str)>,
}

impl<'p> Order<'p> {
    /// By the id alone.
    pub fn by_id(id: &'p str) -> Self {
        Self { id, keys: Vec::new() }
    }

    /// Sorts by one column more, or by what is computed of some, before the id.
    pub fn then(mut self, column: String, direction: &'static str) -> Self {
        self.keys.push((column, direction));
        self
    }

    /// Of rows that are called `self`.
    pub fn of_rows(&self) -> String {
        let mut sql = String::new();
        for (column, direction) in &self.keys {
            let _ = write!(sql, "{column}{direction}, ");
        }
        sql + "self." + self.id
    }

    /// What has to be selected besides the id so that rows can be sorted later, and the order then.
    pub fn of_hits(&self) -> (String, String) {
        let (mut columns, mut order) = (String::new(), String::new());
        for (at, (column, direction)) in self.keys.iter().enumerate() {
            let _ = write!(columns, ", {column} AS by_{at}");
            let _ = write!(order, "by_{at}{direction}, ");
        }
        (columns, order + "id")
    }
}
