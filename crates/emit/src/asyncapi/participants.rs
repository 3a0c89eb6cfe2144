//! Who sends an event, and who receives it.

use decide::{Design, crossings};
use model::model::{EventId, OperationId, StepKind, ViewSource};

/// Somebody who reacts to an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consumer {
    /// `flow`, `view` or `webhook`.
    pub kind: &'static str,
    /// Its name; that of a step behind it where the step waits.
    pub name: String,
    /// What it does then.
    pub does: String,
}

impl Consumer {
    /// The name of its consumer group: `flow.checkout`.
    pub fn group(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }
}

/// The operations that send an event, by qualified name.
pub fn senders(design: &Design, event: EventId) -> Vec<(String, OperationId)> {
    let mut all: Vec<(String, OperationId)> = Vec::new();
    for (id, operation) in design.model.operations() {
        let mut emits = false;
        crossings::emits(&operation.effects, &mut |emitted| emits |= emitted == event);
        if emits {
            all.push((design.model.qualified_operation(id), id));
        }
    }
    all.sort();
    all
}

/// Who receives an event, by kind and name.
pub fn consumers(design: &Design, event: EventId) -> Vec<Consumer> {
    let model = &design.model;
    let mut all = Vec::new();
    let mut add = |kind, name: String, does: String| all.push(Consumer { kind, name, does });
    for flow in &model.flows {
        if flow.after == event {
            let steps: Vec<&str> = flow.steps.iter().map(|step| step.name.value.as_str()).collect();
            add("flow", flow.name.value.clone(), format!("Starts the flow: {}.", steps.join(", ")));
        }
        for step in &flow.steps {
            if matches!(step.kind, StepKind::Wait { event: awaited, .. } if awaited == event) {
                let does = format!("Ends the wait of `{}` in a flow under way.", step.name);
                add("flow", format!("{}.{}", flow.name, step.name), does);
            }
        }
    }
    for view in model.views.iter().filter(|view| view.source == ViewSource::Event(event)) {
        add("view", view.name.value.clone(), "Keeps the rows of the view up to date.".to_owned());
    }
    for webhook in &model.webhooks {
        if webhook.events.iter().any(|sent| sent.event == event) {
            let name = &model.entity(webhook.subscriber).name;
            let does = format!("Sends it on to every `{name}` that it is for.");
            add("webhook", webhook.name.value.clone(), does);
        }
    }
    all.sort();
    all
}
