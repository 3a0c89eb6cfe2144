//! Flowcharts that stay within what Mermaid draws: at most 500 edges and 50,000 characters.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{label, some};

/// Edges that a diagram has at most, and bytes; Mermaid refuses 501 and 50,001.
const EDGES: usize = 400;
const BYTES: usize = 45_000;

/// A flowchart: nodes in groups, edges with what goes along them.
#[derive(Default)]
pub struct Graph {
    comment: String,
    /// Nodes outside of groups, already as Mermaid has them.
    pub nodes: BTreeSet<String>,
    /// Groups by identifier: title and nodes.
    pub groups: BTreeMap<String, (String, BTreeSet<String>)>,
    edges: BTreeMap<(String, String, Line), BTreeSet<String>>,
}

/// How an edge is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// `-->`: somebody waits, or data goes along it.
    Solid,
    /// `-.->`: later, by event.
    Dotted,
    /// `==>`: personal or secret data goes along it.
    Thick,
}

impl Graph {
    /// A diagram with a comment at its top.
    pub fn about(comment: impl Into<String>) -> Self {
        Self { comment: comment.into(), ..Self::default() }
    }

    /// Adds a node to a group.
    pub fn node(&mut self, group: &str, title: &str, node: String) {
        let (_, nodes) = self
            .groups
            .entry(group.to_owned())
            .or_insert_with(|| (title.to_owned(), BTreeSet::new()));
        nodes.insert(node);
    }

    /// Adds what goes along an edge.
    pub fn edge(&mut self, from: &str, to: &str, line: Line, what: impl Into<String>) {
        let key = (from.to_owned(), to.to_owned(), line);
        self.edges.entry(key).or_default().insert(what.into());
    }

    /// Whether it can be drawn as it is.
    pub fn fits(&self) -> bool {
        self.edges.len() <= EDGES && self.text(EDGES).len() <= BYTES
    }

    /// The diagram. Where there are too many edges, the rest is counted in a node of its own.
    pub fn finish(&self, direction: &str) -> String {
        let mut shown = self.edges.len().min(EDGES);
        let mut body = self.text(shown);
        while body.len() > BYTES && shown > 0 {
            shown /= 2;
            body = self.text(shown);
        }
        let mut out = String::new();
        for line in self.comment.lines() {
            out += &format!("%% {line}\n");
        }
        out += &format!("flowchart {direction}\n{body}");
        let hidden = self.edges.len() - shown;
        if hidden > 0 {
            out += &format!("    more{{{{{}}}}}\n", label([format!("and {hidden} more links")]));
        }
        out
    }

    fn text(&self, edges: usize) -> String {
        let mut out = String::new();
        for node in &self.nodes {
            out += &format!("    {node}\n");
        }
        for (id, (title, nodes)) in &self.groups {
            out += &format!("    subgraph {id} [{}]\n", label([title]));
            for node in nodes {
                out += &format!("        {node}\n");
            }
            out += "    end\n";
        }
        for ((from, to, line), what) in self.edges.iter().take(edges) {
            let what: BTreeSet<&String> = what.iter().filter(|what| !what.is_empty()).collect();
            let text = label(some(what));
            out += &match (line, text.as_str()) {
                (Line::Solid, "\"\"") => format!("    {from} --> {to}\n"),
                (Line::Dotted, "\"\"") => format!("    {from} -.-> {to}\n"),
                (Line::Thick, "\"\"") => format!("    {from} ==> {to}\n"),
                (Line::Solid, _) => format!("    {from} -- {text} --> {to}\n"),
                (Line::Dotted, _) => format!("    {from} -. {text} .-> {to}\n"),
                (Line::Thick, _) => format!("    {from} == {text} ==> {to}\n"),
            };
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_counted() {
        let mut graph = Graph::default();
        for at in 0..EDGES + 7 {
            graph.edge(&format!("a{at}"), "b", Line::Solid, "x");
        }
        assert!(!graph.fits());
        let text = graph.finish("LR");
        assert_eq!(text.matches("-->").count(), EDGES);
        assert!(text.contains("and 7 more links"), "{text}");
    }

    #[test]
    fn lines_with_and_without_a_text() {
        let mut graph = Graph::default();
        graph.edge("a", "b", Line::Thick, "email");
        graph.edge("a", "c", Line::Dotted, "");
        let text = graph.finish("LR");
        assert_eq!(text, "flowchart LR\n    a == \"email\" ==> b\n    a -.-> c\n");
    }
}
