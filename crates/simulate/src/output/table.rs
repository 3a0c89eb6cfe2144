//! Columns that line up.

use std::fmt::Write;

/// Rows of cells below their heads; the first column is a name, the others are numbers.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table without columns that say nothing: those in which every cell is one of `empty`.
    pub(super) fn text(&self, empty: &[&str]) -> String {
        let count = self.rows.first().map_or(0, Vec::len);
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let says =
            |column: &usize| cells(*column).skip(1).any(|cell| !empty.contains(&cell.as_str()));
        let shown: Vec<usize> = (0..count).filter(|column| *column == 0 || says(column)).collect();
        let width =
            |column: usize| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for &column in &shown {
                let cell = row.get(column).map_or("", String::as_str);
                let room = width(column);
                // Writing to a string cannot fail.
                let _ = match column {
                    0 => write!(line, "{cell:<room$}"),
                    _ => write!(line, "   {cell:>room$}"),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
