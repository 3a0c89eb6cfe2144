//! The effects of `do`.

use base::{Span, Spanned};

use super::{Named, Path, Value};
use crate::yaml::Text;

/// One step of `do`.
#[derive(Clone, Debug)]
pub struct Effect {
    /// `when: EXPR`.
    pub when: Option<Text>,
    /// `each: x in EXPR`.
    pub each: Option<Each>,
    /// What it does.
    pub kind: EffectKind,
    /// Where it was written.
    pub span: Span,
}

/// `each: x in EXPR`.
#[derive(Clone, Debug)]
pub struct Each {
    /// `x`.
    pub variable: Spanned<String>,
    /// The list.
    pub range: Text,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum EffectKind {
    /// `require: EXPR` + `else: code`.
    Require {
        /// The condition.
        condition: Text,
        /// The code; required, `None` when missing or bad and already reported.
        otherwise: Option<Spanned<String>>,
    },
    /// `set: { path: EXPR }`, in order.
    Set(Vec<(Path, Value)>),
    /// `move: state`.
    Move(Spanned<String>),
    /// `create: Entity` + `with`, `as`.
    Create {
        /// The entity.
        entity: Path,
        /// `with`.
        with: Named<Value>,
        /// `as`.
        variable: Option<Spanned<String>>,
    },
    /// `delete: path`.
    Delete(Text),
    /// `erase: EXPR`.
    Erase(Text),
    /// `emit: Event` + `with`.
    Emit {
        /// The event.
        event: Path,
        /// `with`.
        with: Named<Value>,
    },
    /// `call: external.op | context.op | op`.
    Call(Box<Call>),
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub callee: Path,
    /// `with`.
    pub with: Named<Value>,
    /// `as`.
    pub variable: Option<Spanned<String>>,
    /// `else`.
    pub otherwise: Option<Spanned<String>>,
    /// `refused`.
    pub refused: Vec<Effect>,
    /// `fallback`; `Some` also when it is an empty list.
    pub fallback: Option<Vec<Effect>>,
}
