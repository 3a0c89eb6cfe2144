//! The unresolved syntax tree (language, sections 2 and 3).

mod common;
mod effect;
mod entity;
mod field;
mod integration;
mod operation;
mod process;
mod short;
mod system;

pub use common::{Named, Path, Value, ValueKind};
pub use effect::{Call, Each, Effect, EffectKind};
pub use entity::{Audit, Consistency, Entity, Exclusive, Keep, Part, State, Unique};
pub use field::{Field, ListItem, Literal, Modifier, TypeKind, TypeSyntax};
pub use integration::{
    Callback, Endpoint, EndpointKind, External, ExternalOperation, Pipeline, Verification, Webhook,
};
pub use operation::{Fields, Grant, Input, Operation, Sort};
pub use process::{Event, Flow, Invocation, Schedule, Step, View, Window};
pub use short::{
    Batch, Every, Growth, Period, RangeSyntax, RateSyntax, Retain, Skew, VolumeSyntax,
};
pub use system::{
    Acceptance, Actor, Context, Decision, Declarations, Host, Isolation, Needs, Recovery,
    SyntaxTree, System, Team, Tenancy, TenantFrom, Tenants,
};
