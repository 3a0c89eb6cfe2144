//! Events, views, flows and schedules.

use base::{Duration, Percentiles, Span, Spanned};

use super::{Every, Field, Named, Path, Value};
use crate::yaml::Text;

/// An event.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `key`: a path into the payload.
    pub key: Option<Text>,
    /// `payload`.
    pub payload: Named<Field>,
    /// `retain`.
    pub retain: Option<Spanned<Duration>>,
    /// `durable`.
    pub durable: Option<Spanned<bool>>,
}

/// A view (read model).
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `from`: an entity or event; required.
    pub from: Option<Path>,
    /// `where`.
    pub condition: Option<Text>,
    /// `group`.
    pub group: Vec<Text>,
    /// `window`.
    pub window: Option<Spanned<Window>>,
    /// `key`.
    pub key: Vec<Text>,
    /// `fields`: name -> EXPR.
    pub fields: Named<Text>,
    /// `stale`.
    pub stale: Option<Spanned<Duration>>,
    /// `retain`.
    pub retain: Option<Spanned<Duration>>,
}

/// `5min over field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long.
    pub period: Spanned<Duration>,
    /// The time.
    pub over: Path,
}

/// A flow (saga).
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `after`; required.
    pub after: Option<Path>,
    /// `steps`.
    pub steps: Named<Step>,
    /// `failed`.
    pub failed: Option<Invocation>,
    /// `latency`.
    pub latency: Option<Spanned<Percentiles>>,
}

/// A step: `call` or `wait`.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The whole value.
    pub span: Span,
    /// `call`; exactly one of this and `wait`.
    pub call: Option<Path>,
    /// `wait`.
    pub wait: Option<Path>,
    /// `match`: payload field -> EXPR.
    pub matches: Named<Value>,
    /// `timeout`.
    pub timeout: Option<Spanned<Duration>>,
    /// `late`.
    pub late: Option<Invocation>,
    /// `with`.
    pub with: Named<Value>,
    /// `when`.
    pub when: Option<Text>,
    /// `each`: the list; its items are seen as `each`.
    pub each: Option<Text>,
    /// `undo`.
    pub undo: Option<Invocation>,
    /// `pivot`.
    pub pivot: Option<Spanned<bool>>,
}

/// `context.operation`, or `{ call: context.operation, with: {..} }`.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The operation.
    pub call: Path,
    /// `with`.
    pub with: Named<Value>,
    /// The whole value.
    pub span: Span,
}

/// A schedule.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `every`; exactly one of this and `at`.
    pub every: Option<Spanned<Every>>,
    /// `at`: EXPR over `self`.
    pub at: Option<Text>,
    /// `for`.
    pub entity: Option<Path>,
    /// `where`.
    pub condition: Option<Text>,
    /// `call`; required.
    pub call: Option<Path>,
    /// `with`.
    pub with: Named<Value>,
    /// `within`.
    pub within: Option<Spanned<Duration>>,
}
