//! The resolved model: what every later phase reads. Source order is kept everywhere.

mod effect;
mod entity;
mod ids;
mod integration;
mod operation;
mod process;
mod system;

pub use effect::{Assignment, Call, Callee, Each, Effect, EffectKind, Fill, SetPath};
pub use entity::{
    AuditLevel, BuiltIn, Default, Entity, Exclusive, Field, Invariant, Modifiers, Part, Retain,
    RetainEnd, States, Unique, Volume,
};
pub use ids::{ActorId, ContextId, EventId, ExternalId, OperationId, ViewId};
pub use integration::{
    Callback, Endpoint, EndpointKind, Pipeline, Verification, Webhook, WebhookEvent,
};
pub use operation::{
    Addressed, Assigns, Grant, Input, Operation, OperationKind, OutputField, OutputValue,
    Parameter, Sort, Target, Workload,
};
pub use process::{
    Aggregate, Aggregated, Every, Flow, Invocation, Schedule, Step, StepKind, Timing, View,
    ViewField, ViewSource,
};
pub use system::{
    Acceptance, Actor, Authentication, ClientKind, Context, Event, External, ExternalOperation,
    Isolation, Needs, Override, System, Team, Tenancy, TenantFrom,
};

use expression::{EntityId, EntityShape, Schema};

/// A whole model, resolved.
#[derive(Clone, Debug, std::default::Default)]
pub struct Model {
    /// Shapes of entities (same positions as `entities`) and records.
    pub schema: Schema,
    /// The `system` section.
    pub system: System,
    /// Actors; the built-in `system` actor is the last.
    pub actors: Vec<Actor>,
    /// Contexts; entities that no context holds form one named like the system.
    pub contexts: Vec<Context>,
    /// Entities; positions are [`EntityId`]s.
    pub entities: Vec<Entity>,
    /// Operations; positions are [`OperationId`]s.
    pub operations: Vec<Operation>,
    /// Events; positions are [`EventId`]s.
    pub events: Vec<Event>,
    /// Externals; positions are [`ExternalId`]s.
    pub externals: Vec<External>,
    /// Views; positions are [`ViewId`]s.
    pub views: Vec<View>,
    /// Flows.
    pub flows: Vec<Flow>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// Pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Webhooks.
    pub webhooks: Vec<Webhook>,
    /// Decisions that the model takes itself.
    pub overrides: Vec<Override>,
    /// Findings that the model accepts.
    pub accepted: Vec<Acceptance>,
}

impl Model {
    /// The entity. Ids come from this model, so this never fails in correct code.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> &Entity {
        &self.entities[id.0 as usize]
    }

    /// The shape of an entity.
    #[must_use]
    pub fn shape(&self, id: EntityId) -> &EntityShape {
        self.schema.entity(id)
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> &Operation {
        &self.operations[id.0 as usize]
    }

    /// The actor.
    #[must_use]
    pub fn actor(&self, id: ActorId) -> &Actor {
        &self.actors[usize::from(id.0)]
    }

    /// The context.
    #[must_use]
    pub fn context(&self, id: ContextId) -> &Context {
        &self.contexts[usize::from(id.0)]
    }

    /// The event.
    #[must_use]
    pub fn event(&self, id: EventId) -> &Event {
        &self.events[id.0 as usize]
    }

    /// The external.
    #[must_use]
    pub fn external(&self, id: ExternalId) -> &External {
        &self.externals[usize::from(id.0)]
    }

    /// The view.
    #[must_use]
    pub fn view(&self, id: ViewId) -> &View {
        &self.views[id.0 as usize]
    }

    /// Entities with their ids.
    pub fn entities(&self) -> impl Iterator<Item = (EntityId, &Entity)> {
        (0u32..).map(EntityId).zip(&self.entities)
    }

    /// Operations with their ids.
    pub fn operations(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        (0u32..).map(OperationId).zip(&self.operations)
    }

    /// Actors with their ids.
    pub fn actors(&self) -> impl Iterator<Item = (ActorId, &Actor)> {
        (0u16..).map(ActorId).zip(&self.actors)
    }

    /// `context.operation`, as references and metrics write it.
    #[must_use]
    pub fn qualified_operation(&self, id: OperationId) -> String {
        let operation = self.operation(id);
        format!("{}.{}", self.context(operation.context).name, operation.name)
    }
}
