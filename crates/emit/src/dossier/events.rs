//! Events with who hears of them, and flows step by step.

use decide::crossings;
use decide::facts;
use model::model::{Callee, EventId, Flow, Invocation, Step, StepKind, ViewSource};

use super::Page;
use base::html::{Html, anchor};

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    let model = &page.design.model;
    if model.events.is_empty() && model.flows.is_empty() {
        out.leaf("p", &[], "The model has no events.");
        return;
    }
    events(page, out);
    let mut flows: Vec<&Flow> = model.flows.iter().collect();
    flows.sort_by_key(|flow| flow.name.value.as_str());
    for flow in flows {
        out.element("div", &[("class", "flow"), ("id", &anchor("flow", &flow.name))], |out| {
            out.element("h3", &[("data-find", &flow.name)], |out| out.text(&flow.name));
            about(page, flow, out);
            out.element("ol", &[("class", "steps")], |out| {
                flow.steps.iter().for_each(|of| step(page, of, out));
            });
            if let Some(failed) = &flow.failed {
                out.element("p", &[], |out| {
                    out.text("When everything was undone: ");
                    out.leaf("code", &[], &callee(page, failed.callee));
                });
            }
        });
    }
}

fn events(page: &Page<'_>, out: &mut Html) {
    let model = &page.design.model;
    let rates = crossings::emitted(page.design.facts());
    let mut all: Vec<(String, EventId)> = (0u32..)
        .map(EventId)
        .zip(&model.events)
        .map(|(id, of)| (format!("{}.{}", model.context(of.context).name, of.name), id))
        .collect();
    all.sort();
    out.table(&["Event", "Emitted by", "How often", "In order of", "Heard by"], |out| {
        for (name, id) in all {
            let event = model.event(id);
            let key = event.key.as_ref().map(|of| page.input.sources.text(of.span));
            let rate = rates.get(id.0 as usize).copied().unwrap_or_default();
            out.element("tr", &[("data-find", &name), ("id", &anchor("event", &name))], |out| {
                out.leaf("th", &[("scope", "row")], &name);
                out.leaf("td", &[], &emitters(page, id));
                out.leaf("td", &[], &facts::describe_rate(rate));
                out.leaf("td", &[], key.unwrap_or("no order"));
                out.leaf("td", &[], &consumers(page, id));
            });
        }
    });
}

fn emitters(page: &Page<'_>, event: EventId) -> String {
    let mut names: Vec<&str> = Vec::new();
    for operation in &page.design.model.operations {
        crossings::emits(&operation.effects, &mut |emitted| {
            if emitted == event {
                names.push(&operation.name);
            }
        });
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn consumers(page: &Page<'_>, event: EventId) -> String {
    let model = &page.design.model;
    let waits = |flow: &Flow| {
        flow.after == event
            || flow
                .steps
                .iter()
                .any(|of| matches!(of.kind, StepKind::Wait { event: on, .. } if on == event))
    };
    let flows = model.flows.iter().filter(|flow| waits(flow)).map(|of| of.name.value.as_str());
    let views = model.views.iter().filter(|view| view.source == ViewSource::Event(event));
    let hooks = model.webhooks.iter().filter(|of| of.events.iter().any(|sent| sent.event == event));
    let mut names: Vec<String> = flows.map(|name| format!("flow {name}")).collect();
    names.extend(views.map(|view| format!("view {}", view.name)));
    names.extend(hooks.map(|hook| format!("webhook {}", hook.name)));
    names.sort();
    if names.is_empty() { "nobody inside".to_owned() } else { names.join(", ") }
}

fn about(page: &Page<'_>, flow: &Flow, out: &mut Html) {
    let event = page.design.model.event(flow.after);
    out.element("p", &[("class", "tags")], |out| {
        let mut tag = |what: &str, value: &str| {
            out.element("span", &[("class", "tag")], |out| {
                out.text(what);
                out.text(" ");
                out.leaf("b", &[], value);
            });
        };
        tag("after", &event.name);
        if let Some(latency) = &flow.latency {
            tag("done within", &facts::percentiles(&latency.value));
        }
        page.choice("saga", &flow.name).into_iter().for_each(|choice| tag("as", choice));
    });
}

fn step(page: &Page<'_>, step: &Step, out: &mut Html) {
    let class = if step.pivot { "pivot" } else { "" };
    out.element("li", &[("class", class)], |out| {
        out.leaf("b", &[], &step.name);
        out.text(" ");
        match &step.kind {
            StepKind::Call(invocation) => out.leaf("code", &[], &callee(page, invocation.callee)),
            StepKind::Wait { event, .. } => {
                out.text("waits for ");
                out.leaf("code", &[], &page.design.model.event(*event).name);
            }
        }
        let text = |span| page.input.sources.text(span);
        let said = [
            step.when.as_ref().map(|of| format!("when {}", text(of.span))),
            step.each.as_ref().map(|of| format!("for each of {}", text(of.span))),
            step.undo
                .as_ref()
                .map(|of: &Invocation| format!("undone by {}", callee(page, of.callee))),
            step.timeout.as_ref().map(|of| format!("within {}", of.value)),
            step.pivot.then(|| "no way back from here".to_owned()),
        ];
        said.into_iter().flatten().for_each(|said| out.leaf("small", &[], &said));
    });
}

fn callee(page: &Page<'_>, callee: Callee) -> String {
    crossings::end(callee).name(page.design.facts())
}
