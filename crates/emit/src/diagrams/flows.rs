//! The course of a flow: its steps, the way back before the pivot, and what happens after it failed.

use base::SourceMap;
use decide::Design;
use model::model::{Callee, Flow, Invocation, Step, StepKind};

use super::relations::{self, Node, callee};
use super::text::{escaped, short};

/// The diagram of a flow.
pub fn diagram(design: &Design, sources: &SourceMap, flow: &Flow) -> String {
    let mut page = Page { design, sources, flow, nodes: Vec::new(), lines: Vec::new(), depth: 1 };
    page.start();
    let pivot = flow.steps.iter().position(|step| step.pivot);
    let way_back = pivot.map_or(flow.steps.len(), |at| at + 1);
    let (before, after) = flow.steps.split_at(way_back.min(flow.steps.len()));
    before.iter().for_each(|step| page.step(step));
    page.outcome(before, after, pivot.is_some());
    page.finish()
}

struct Page<'d> {
    design: &'d Design,
    sources: &'d SourceMap,
    flow: &'d Flow,
    /// Participants in the order in which they first appear.
    nodes: Vec<Node>,
    lines: Vec<String>,
    depth: usize,
}

/// The participant that drives the steps.
const DRIVER: &str = "driver";

/// Operations may call each other; deeper calls are left out.
const CALL_DEPTH: usize = 4;

impl Page<'_> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.lines.push(format!("{}{}\n", "    ".repeat(self.depth), line.as_ref()));
    }

    fn open(&mut self, word: &str, text: &str) {
        self.line(format!("{word} {}", escaped(text)));
        self.depth += 1;
    }

    fn between(&mut self, word: &str, text: &str) {
        self.depth -= 1;
        self.open(word, text);
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("end");
    }

    fn note(&mut self, text: &str) {
        self.line(format!("Note over {DRIVER}: {}", escaped(text)));
    }

    /// The identifier of a participant, which joins when it is first named.
    fn participant(&mut self, node: &Node) -> String {
        if !self.nodes.contains(node) {
            self.nodes.push(node.clone());
        }
        node.id()
    }

    fn start(&mut self) {
        let event = self.design.model.event(self.flow.after);
        let from = relations::context(self.design, event.context);
        let from = self.participant(&from);
        self.line(format!("{from}-){DRIVER}: {}", escaped(&event.name)));
    }

    /// The text of an expression as the model has it.
    fn text(&self, span: base::Span) -> String {
        short(self.sources.text(span))
    }

    fn step(&mut self, step: &Step) {
        let blocks = self.conditions(step);
        match &step.kind {
            StepKind::Call(invocation) => self.invoke(invocation),
            StepKind::Wait { event, late, .. } => {
                let event = self.design.model.event(*event);
                let from = relations::context(self.design, event.context);
                let from = self.participant(&from);
                self.line(format!("{from}-){DRIVER}: {} (awaited)", escaped(&event.name)));
                if let Some(late) = late {
                    self.open("opt", "it comes later than the step waits");
                    self.invoke(late);
                    self.close();
                }
            }
        }
        (0..blocks).for_each(|_| self.close());
    }

    /// Opens a block for each of `when` and `each`, and counts them.
    fn conditions(&mut self, step: &Step) -> usize {
        let when = step.when.as_ref().map(|of| self.text(of.span));
        let each = step.each.as_ref().map(|of| self.text(of.span));
        let blocks = usize::from(when.is_some()) + usize::from(each.is_some());
        if let Some(when) = when {
            self.open("opt", &format!("when {when}"));
        }
        if let Some(each) = each {
            self.open("loop", &format!("each of {each}"));
        }
        blocks
    }

    fn invoke(&mut self, invocation: &Invocation) {
        self.call(DRIVER, invocation.callee, 0);
    }

    fn call(&mut self, from: &str, called: Callee, depth: usize) {
        let (node, name) = callee(self.design, called);
        let to = self.participant(&node);
        let name = escaped(&name);
        self.line(format!("{from}->>+{to}: {name}"));
        if let Callee::Operation(id) = called
            && depth < CALL_DEPTH
        {
            let effects = &self.design.model.operation(id).effects;
            relations::calls(effects).into_iter().for_each(|next| self.call(&to, next, depth + 1));
        }
        self.line(format!("{to}-->>-{from}: done"));
    }

    /// What follows when all went well, and when a step was refused or timed out.
    fn outcome(&mut self, before: &[Step], after: &[Step], pivot: bool) {
        let (well, badly) = if pivot {
            ("the pivot is done, no way back", "a step up to the pivot fails")
        } else {
            ("every step is done", "a step fails")
        };
        self.open("alt", well);
        if after.is_empty() {
            self.note("done");
        } else {
            self.note("each step is tried again until it succeeds");
            after.iter().for_each(|step| self.step(step));
        }
        self.between("else", badly);
        let mut undone = before.iter().rev().filter(|step| step.undo.is_some()).peekable();
        if undone.peek().is_some() {
            self.note("what was done is undone, in reverse");
        }
        undone.for_each(|step| self.undo(step));
        match &self.flow.failed {
            Some(failed) => self.invoke(failed),
            None => self.note("stuck, an operator decides"),
        }
        self.close();
    }

    fn undo(&mut self, step: &Step) {
        let Some(undo) = &step.undo else { return };
        let each = if step.each.is_some() { "each result of" } else { "the result of" };
        self.open("opt", &format!("{each} {} is there", step.name));
        self.invoke(undo);
        self.close();
    }

    fn finish(self) -> String {
        let mut out = String::from("sequenceDiagram\n");
        let driver = format!("{} (flow)", self.flow.name);
        for (at, node) in self.nodes.iter().enumerate() {
            let name = match node {
                Node::Context(name) => name.clone(),
                Node::External(name) => format!("{name} (external)"),
            };
            out += &format!("    participant {} as {}\n", node.id(), escaped(&name));
            if at == 0 {
                out += &format!("    participant {DRIVER} as {}\n", escaped(&driver));
            }
        }
        out.extend(self.lines);
        out
    }
}
