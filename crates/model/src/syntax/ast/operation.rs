//! Operations.

use base::{Bytes, Duration, Percentiles, Span, Spanned};

use super::{Batch, Effect, Field, Named, Needs, Path, RateSyntax};
use crate::model::OperationKind;
use crate::yaml::Text;

/// An operation.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `list: Entity` and so on: the kind (its key's place) and what it names. `None` when missing
    /// or bad and already reported.
    pub kind: Option<(Spanned<OperationKind>, Path)>,
    /// `by`; required, `None` when missing and already reported.
    pub by: Option<Spanned<Vec<Grant>>>,
    /// `where`.
    pub condition: Option<Text>,
    /// `input`.
    pub input: Option<Spanned<Input>>,
    /// `fields`.
    pub fields: Option<Spanned<Fields>>,
    /// `filter`.
    pub filter: Vec<Path>,
    /// `sort`.
    pub sort: Vec<Sort>,
    /// `search`.
    pub search: Option<Spanned<bool>>,
    /// `near`.
    pub near: Option<Spanned<String>>,
    /// `uses`, with how old the copy may be.
    pub uses: Vec<(Path, Option<Spanned<Duration>>)>,
    /// `upsert`.
    pub upsert: Option<Spanned<String>>,
    /// `key`.
    pub key: Option<Spanned<String>>,
    /// `batch`.
    pub batch: Option<Spanned<Batch>>,
    /// `route`.
    pub route: Option<Spanned<String>>,
    /// `accepts`.
    pub accepts: Vec<Path>,
    /// `async`.
    pub asynchronous: Option<Spanned<bool>>,
    /// `reauth`.
    pub reauthenticate: Option<Spanned<Duration>>,
    /// `rate`.
    pub rate: Option<Spanned<RateSyntax>>,
    /// `latency`.
    pub latency: Option<Spanned<Percentiles>>,
    /// `stale`.
    pub stale: Option<Spanned<Duration>>,
    /// `payload`.
    pub payload: Option<Spanned<Bytes>>,
    /// `page`.
    pub page: Option<Spanned<u32>>,
    /// `critical`.
    pub critical: Option<Spanned<bool>>,
    /// `needs`.
    pub needs: Option<Needs>,
    /// `do`.
    pub effects: Vec<Effect>,
}

/// One actor of `by`.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The actor.
    pub actor: Spanned<String>,
    /// The condition of the map form.
    pub condition: Option<Text>,
}

/// `input`.
#[derive(Clone, Debug)]
pub enum Input {
    /// A list of the entity's fields, assigned before `do`.
    Fields(Vec<Path>),
    /// Parameters, assigned to nothing.
    Parameters(Named<Field>),
}

/// What is returned.
#[derive(Clone, Debug)]
pub enum Fields {
    /// A list of fields.
    Names(Vec<Path>),
    /// name -> EXPR.
    Computed(Named<Text>),
}

/// `field` or `-field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: Path,
    /// With `-`.
    pub descending: bool,
}
