//! Flows: steps that call and wait, with what undoes them.

use base::{Diagnostic, Spanned};
use expression::{RecordId, Scope, Type, ir::Expression, ir::VariableIndex};

use super::calls::Filled;
use super::context::Cx;
use super::effects::TAKEN;
use super::entities::{given, is_set};
use super::fill::{Counts, Filler, Sources};
use crate::model::{Callee, Flow, Invocation, OperationKind, Step, StepKind};
use crate::syntax::{self, Named, Path, SyntaxTree, Value};

/// The flows. `failure` is the record of `failure`.
pub(crate) fn flows(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    failure: RecordId,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Flow> {
    let flows = tree.flows.iter();
    flows.filter_map(|(name, written)| flow(cx, name, written, failure, sink)).collect()
}

fn flow(
    cx: &Cx<'_, '_>,
    name: &Spanned<String>,
    written: &syntax::Flow,
    failure: RecordId,
    sink: &mut Vec<Diagnostic>,
) -> Option<Flow> {
    let after =
        cx.names.find(&cx.names.events, written.after.as_ref()?, cx.names.unassigned, sink)?;
    let event = cx.model.events.get(after.0 as usize)?;
    let mut scope = Scope::new(&cx.model.schema, None);
    scope.bind("event", VariableIndex::EVENT, Type::Record(event.payload));
    let mut sources = Sources::default();
    sources.add("event", Counts::Fields);
    let mut place = Place { cx, scope, sources };
    let mut steps = Vec::with_capacity(written.steps.len());
    for (name, step) in &written.steps {
        place.refuse_taken(name, sink);
        match place.step(name, step, sink) {
            Some((step, result)) => {
                place.learn(&step, result);
                steps.push(step);
            }
            None => cx.poison(name),
        }
    }
    refuse_wrong_order(cx, &written.steps, &steps, sink);
    // Which steps were reached is not known there.
    for step in &steps {
        let ty = place.scope.find(&step.name).map(|name| name.ty.clone());
        place.scope.bind(&step.name, step.variable, ty.unwrap_or(Type::Bool).optional());
    }
    place.scope.bind("failure", VariableIndex::FAILURE, Type::Record(failure));
    let failed = written.failed.as_ref().and_then(|failed| place.invocation(failed, sink));
    Some(Flow {
        name: name.clone(),
        doc: written.doc.as_ref().map(|doc| doc.value.clone()),
        after,
        steps,
        failed,
        latency: given(written.latency.as_ref()),
    })
}

/// Where something is called with values that are filled in.
pub(crate) struct Place<'p, 'a, 't> {
    pub(crate) cx: &'p Cx<'a, 't>,
    pub(crate) scope: Scope<'a>,
    pub(crate) sources: Sources,
}

impl Place<'_, '_, '_> {
    /// A call with every value filled in.
    pub(crate) fn called(
        &self,
        path: &Path,
        with: &Named<Value>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Invocation> {
        let callee = self.cx.callee(path, None, sink)?;
        let filler = Filler { cx: self.cx, scope: &self.scope, sources: &self.sources };
        let Filled { target, arguments } = filler.call(callee, with, path.span, sink)?;
        Some(Invocation { callee, target, arguments, span: path.span })
    }

    fn invocation(
        &self,
        written: &syntax::Invocation,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Invocation> {
        self.called(&written.call, &written.with, sink)
    }

    fn refuse_taken(&self, name: &Spanned<String>, sink: &mut Vec<Diagnostic>) {
        if TAKEN.contains(&name.as_str()) {
            let message = format!("`{name}` already means something in a flow");
            sink.push(
                Diagnostic::error("reserved-name", name.span, message).help("choose another name"),
            );
        }
    }

    /// A step, and the type of what it returns each time.
    fn step(
        &self,
        name: &Spanned<String>,
        written: &syntax::Step,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<(Step, Option<Type>)> {
        let mut place =
            Place { cx: self.cx, scope: self.scope.clone(), sources: self.sources.clone() };
        let each = written.each.as_ref().map(|text| place.each(text, sink));
        let when = written.when.as_ref().map(|text| {
            let when = self.cx.condition(text, &place.scope, sink);
            if let Some(when) = &when {
                place.scope.assume(when);
            }
            when
        });
        let (kind, result) = match (&written.call, &written.wait) {
            (Some(path), _) => {
                let call = place.called(path, &written.with, sink);
                let result = call.as_ref().and_then(|call| self.cx.result(call.callee));
                (call.map(StepKind::Call), result)
            }
            (None, Some(event)) => place.wait(name, written, event, sink),
            (None, None) => (None, None),
        };
        let undo = written.undo.as_ref().map(|undo| place.undo(undo, result.as_ref(), sink));
        let step = Step {
            name: name.clone(),
            kind: kind?,
            when: sure(when)?,
            each: sure(each)?,
            variable: self.scope.next_variable(),
            undo: sure(undo)?,
            pivot: is_set(written.pivot.as_ref()),
            timeout: given(written.timeout.as_ref()),
            span: written.span,
        };
        Some((step, result))
    }

    /// The list of an `each`; its items are seen as `each`.
    fn each(&mut self, text: &crate::yaml::Text, sink: &mut Vec<Diagnostic>) -> Option<Expression> {
        let range = self.cx.check(text, &self.scope, None, sink)?;
        let Type::List { of, .. } = range.ty.required() else {
            let found = range.ty.describe(&self.cx.model.schema);
            let message = format!("`each` goes over a list, but this is {found}");
            sink.push(Diagnostic::error("type-mismatch", range.span, message));
            return None;
        };
        self.scope.bind("each", VariableIndex::EACH, (**of).clone());
        self.sources.add_first("each", Counts::Both);
        Some(range)
    }

    fn wait(
        &self,
        name: &Spanned<String>,
        written: &syntax::Step,
        path: &Path,
        sink: &mut Vec<Diagnostic>,
    ) -> (Option<StepKind>, Option<Type>) {
        let cx = self.cx;
        let Some(id) = cx.names.find(&cx.names.events, path, cx.names.unassigned, sink) else {
            return (None, None);
        };
        let Some(event) = cx.model.events.get(id.0 as usize) else { return (None, None) };
        let payload = Type::Record(event.payload);
        let shape = cx.model.schema.record(event.payload);
        let filler = Filler { cx, scope: &self.scope, sources: &self.sources };
        filler.refuse_unknown(&shape.fields, &written.matches, &event.name, &[], sink);
        let mut matches = Vec::with_capacity(written.matches.len());
        for (field, value) in &written.matches {
            let Some(index) = shape.field(field) else { continue };
            let Some(found) = shape.fields.get(usize::from(index.0)) else { continue };
            if let Some(fill) = filler.value(value, &found.ty, sink) {
                matches.push((index, fill));
            }
        }
        if written.matches.is_empty() {
            let message = format!("`{name}` waits for any `{}`", event.name);
            sink.push(
                Diagnostic::warning("unmatched-wait", path.span, message)
                    .note("the event of another customer or order would do")
                    .help("say which: `match: { payload_field: EXPR }`"),
            );
        }
        let late = written.late.as_ref().map(|late| {
            let mut place = Place { cx, scope: self.scope.clone(), sources: self.sources.clone() };
            place.scope.bind("result", VariableIndex::RESULT, payload.clone());
            place.sources.add_first("result", Counts::Fields);
            place.invocation(late, sink)
        });
        let Some(late) = sure(late) else { return (None, Some(payload)) };
        (Some(StepKind::Wait { event: id, matches, late }), Some(payload))
    }

    /// What reverses a step; it sees the step's `result`.
    fn undo(
        &self,
        written: &syntax::Invocation,
        result: Option<&Type>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Invocation> {
        let mut scope = self.scope.clone();
        let mut sources = Sources::default();
        if let Some(ty) = result {
            scope.bind("result", VariableIndex::RESULT, ty.clone());
        }
        // The row that the step made is what its undoing is about; values come as in the step.
        let undo = Place { cx: self.cx, scope, sources: self.sources.clone() };
        let about = written.with.iter().any(|(name, _)| name.value == "self");
        let callee = self.cx.callee(&written.call, None, sink)?;
        let entity = match callee {
            Callee::Operation(id) => {
                let operation = self.cx.model.operations.get(id.0 as usize)?;
                operation.entity().map(Type::Reference)
            }
            Callee::External(..) => None,
        };
        if !about && result.is_some() && entity.as_ref() == result {
            sources.add("result", Counts::Itself);
        }
        let filler = Filler { cx: self.cx, scope: &undo.scope, sources: &undo.sources };
        let preferred = Filler { sources: &sources, ..filler };
        let Filled { target, arguments } =
            filler.call_on(callee, &written.with, written.call.span, &preferred, sink)?;
        Some(Invocation { callee, target, arguments, span: written.span })
    }

    /// Makes the result of a step known to those after it.
    fn learn(&mut self, step: &Step, result: Option<Type>) {
        let ty = result.unwrap_or(Type::Bool);
        let ty = match (&step.each, &step.when) {
            (Some(_), _) => Type::List { of: Box::new(ty), min: 0, max: u32::MAX },
            (None, Some(_)) => ty.optional(),
            (None, None) => ty,
        };
        let target = match &step.kind {
            StepKind::Call(call) => call.target.as_ref(),
            StepKind::Wait { .. } => None,
        };
        self.scope.bind(&step.name, step.variable, ty);
        self.sources.add_result(&step.name, Counts::of_result(target));
    }
}

/// `None` where something was written and is wrong.
fn sure<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        Some(None) => None,
        Some(found) => Some(found),
        None => Some(None),
    }
}

/// Steps before the pivot can be undone, the pivot and later ones cannot. Without a pivot the last
/// step needs no undoing: nothing fails after it.
fn refuse_wrong_order(
    cx: &Cx<'_, '_>,
    written: &Named<syntax::Step>,
    steps: &[Step],
    sink: &mut Vec<Diagnostic>,
) {
    let at = |name: &str| written.iter().position(|(step, _)| step.value == name);
    let pivot_of = |(_, step): &(Spanned<String>, syntax::Step)| is_set(step.pivot.as_ref());
    let pivot = written.iter().position(pivot_of);
    let end = pivot.unwrap_or(written.len().saturating_sub(1));
    let pivot_name = pivot.and_then(|at| written.get(at)).map(|(name, _)| name);
    for step in steps {
        let Some(at) = at(&step.name) else { continue };
        let undo = step.undo.as_ref().map(|undo| undo.span);
        match (undo, pivot_name) {
            (None, _) if at < end && changes_something(cx, step) => {
                let message = format!("`{}` cannot be undone", step.name);
                let diagnostic = Diagnostic::error("missing-undo", step.name.span, message)
                    .note("when a later step fails, what this one did would stay")
                    .help("add `undo: operation`, or make it the pivot");
                sink.push(match pivot_name {
                    Some(pivot) => diagnostic.related(pivot.span, "the pivot comes later"),
                    None => diagnostic,
                });
            }
            (Some(undo), Some(pivot)) if at == end => {
                let message = format!("`{pivot}` is the pivot: it is never undone");
                sink.push(
                    Diagnostic::error("pivot-with-undo", undo, message)
                        .related(pivot.span, "once it succeeds there is no way back")
                        .help(
                            "leave `undo` out, or move `pivot` to the step that cannot be undone",
                        ),
                );
            }
            (Some(undo), Some(pivot)) if at > end => {
                let message = format!("`{}` comes after the pivot: it is never undone", step.name);
                sink.push(
                    Diagnostic::error("undo-after-pivot", undo, message)
                        .related(pivot.span, "the pivot")
                        .note("steps after the pivot are retried until they succeed")
                        .help("leave `undo` out"),
                );
            }
            _ => {}
        }
        if let (true, Some(pivot)) = (step.pivot && at > end, pivot_name) {
            let message = format!("`{}` is a second pivot", step.name);
            sink.push(
                Diagnostic::error("second-pivot", step.name.span, message)
                    .related(pivot.span, "the pivot")
                    .help("a flow has one point of no return: leave one of them out"),
            );
        }
    }
}

fn changes_something(cx: &Cx<'_, '_>, step: &Step) -> bool {
    let StepKind::Call(call) = &step.kind else { return false };
    match call.callee {
        Callee::External(id, at) => {
            let external = cx.model.externals.get(usize::from(id.0));
            let operation = external.and_then(|e| e.operations.get(usize::from(at)));
            !operation.is_some_and(|operation| operation.safe)
        }
        Callee::Operation(id) => {
            let operation = cx.model.operations.get(id.0 as usize);
            operation.is_some_and(|operation| operation.kind != OperationKind::Get)
        }
    }
}
