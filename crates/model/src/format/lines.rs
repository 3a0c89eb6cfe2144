//! Lines: indentation by two, no trailing spaces, one blank line at most, a line break at the end.

use std::collections::{BTreeMap, BTreeSet};

use super::spacing::is_flow;
use crate::yaml::{Node, NodeKind};

const STEP: usize = 2;

/// The text with every line in its place.
pub(super) fn format(root: &Node, text: &str) -> String {
    let mut layout = Layout::of(text);
    if !is_flow(root, text) {
        layout.node(root, 0);
    }
    layout.write()
}

struct Layout<'t> {
    text: &'t str,
    /// Where every line starts.
    starts: Vec<usize>,
    /// The new indentation of lines that begin with a key or an item.
    indentation: BTreeMap<usize, usize>,
    /// Lines that continue a text, whose inside is none of ours.
    inside: BTreeSet<usize>,
}

impl<'t> Layout<'t> {
    fn of(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { text, starts, indentation: BTreeMap::new(), inside: BTreeSet::new() }
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at).saturating_sub(1)
    }

    fn source(&self, line: usize) -> &'t str {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches('\n')
    }

    /// A node whose first key or item belongs at a column.
    fn node(&mut self, node: &Node, column: usize) {
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        match &node.kind {
            NodeKind::Mapping(mapping) if !is_flow(node, self.text) => {
                for entry in &mapping.entries {
                    self.place(entry.key.span.start as usize, column);
                    self.node(&entry.value, column + STEP);
                }
            }
            NodeKind::Sequence(items) if !is_flow(node, self.text) => {
                for item in items {
                    let before = self.text[..item.span.start as usize].trim_end_matches(' ');
                    if before.ends_with('-') {
                        self.place(before.len() - 1, column);
                        self.node(item, column + STEP);
                    }
                }
            }
            NodeKind::Scalar(_) => {
                let (first, last) = (self.line(start), self.line(end.saturating_sub(1)));
                self.inside.extend(first + 1..last + 1);
            }
            _ => {}
        }
    }

    /// A word belongs at a column, if it is the first of its line.
    fn place(&mut self, at: usize, column: usize) {
        let line = self.line(at);
        let start = self.starts.get(line).copied().unwrap_or(at);
        if self.text[start..at].trim().is_empty() {
            self.indentation.insert(line, column);
        }
    }

    fn write(&self) -> String {
        let mut new = String::with_capacity(self.text.len());
        let (mut shift, mut blank) = (0isize, true);
        for line in 0..self.starts.len() {
            let source = self.source(line);
            let inside = self.inside.contains(&line);
            let body = source.trim_start_matches(' ');
            let old = source.len() - body.len();
            let empty = body.trim().is_empty();
            if empty && !inside {
                // Several blank lines are one; the first and last ones of the file are none.
                if !blank {
                    new.push('\n');
                }
                blank = true;
                continue;
            }
            let column = match self.indentation.get(&line) {
                Some(column) => {
                    shift = signed(*column) - signed(old);
                    *column
                }
                None if body.starts_with('#') && !inside => self.comment(line, old, shift),
                None => moved(old, shift),
            };
            if !empty {
                new.extend(std::iter::repeat_n(' ', column));
                let body = if inside { body } else { body.trim_end() };
                match body.strip_prefix("- ").filter(|_| self.indentation.contains_key(&line)) {
                    Some(item) => new.extend(["- ", item.trim_start_matches(' ')]),
                    None => new.push_str(body),
                }
            }
            new.push('\n');
            blank = false;
        }
        let end = new.trim_end_matches('\n').len();
        new.truncate(end);
        new.push('\n');
        new
    }

    /// A comment moves with the line below it, if it stands above that; else with what is before.
    fn comment(&self, line: usize, old: usize, shift: isize) -> usize {
        let next = self.indentation.range(line..).next();
        let next = next.map(|(line, column)| {
            let source = self.source(*line);
            (source.len() - source.trim_start_matches(' ').len(), *column)
        });
        match next {
            Some((below, column)) if below == old => column,
            _ => moved(old, shift),
        }
    }
}

fn signed(columns: usize) -> isize {
    isize::try_from(columns).unwrap_or(isize::MAX)
}

fn moved(old: usize, shift: isize) -> usize {
    old.saturating_add_signed(shift)
}
