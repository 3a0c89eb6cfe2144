//! Operations that call themselves inline, however far round: they would never end.

use base::{Diagnostic, Span};

use crate::model::{Call, Callee, Effect, EffectKind, Model, OperationId};

/// Refuses cycles of inline calls, each once.
pub(crate) fn refuse_cycles(model: &Model, sink: &mut Vec<Diagnostic>) {
    let calls: Vec<Vec<(OperationId, Span)>> = model
        .operations
        .iter()
        .map(|operation| {
            let mut found = Vec::new();
            inline_calls(&operation.effects, &mut found);
            found
        })
        .collect();
    let mut state = vec![State::New; calls.len()];
    for (start, _) in model.operations() {
        visit(model, &calls, start, &mut state, sink);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// Depth first, without recursion: a model may hold any number of operations.
fn visit(
    model: &Model,
    calls: &[Vec<(OperationId, Span)>],
    start: OperationId,
    state: &mut [State],
    sink: &mut Vec<Diagnostic>,
) {
    let mut open = vec![(start, 0usize)];
    while let Some((operation, next)) = open.pop() {
        let at = operation.0 as usize;
        let (Some(own), Some(seen)) = (calls.get(at), state.get_mut(at)) else { continue };
        if next == 0 && *seen != State::New {
            continue;
        }
        *seen = State::Open;
        let Some((callee, span)) = own.get(next) else {
            *seen = State::Done;
            continue;
        };
        open.push((operation, next + 1));
        match state.get(callee.0 as usize) {
            Some(State::New) => open.push((*callee, 0)),
            Some(State::Open) => sink.push(cycle(model, *callee, *span)),
            _ => {}
        }
    }
}

fn cycle(model: &Model, callee: OperationId, span: Span) -> Diagnostic {
    let name = &model.operation(callee).name;
    let message = format!("`{name}` would call itself without end");
    Diagnostic::error("call-cycle", span, message)
        .related(name.span, "it begins here and comes back")
        .note("calls inside a context run in one transaction")
        .help("break the circle, for example by an event and a flow")
}

fn inline_calls(effects: &[Effect], found: &mut Vec<(OperationId, Span)>) {
    for effect in effects {
        let EffectKind::Call(call) = &effect.kind else { continue };
        let Call { callee, inline, refused, fallback, .. } = &**call;
        if let (Callee::Operation(operation), true) = (callee, inline) {
            found.push((*operation, effect.span));
        }
        inline_calls(refused, found);
        inline_calls(fallback.as_deref().unwrap_or_default(), found);
    }
}
