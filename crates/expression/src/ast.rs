//! The untyped tree: what was written, before names and types are known. Every node has its exact
//! place in the model's source. Macros (`has`, `all`, `exists`, ...) stay calls until they are
//! checked, so that messages speak of what was written.

use std::sync::Arc;

use base::Span;
use rust_decimal::Decimal;

use crate::ir::Binary;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Ast {
    /// What was written.
    pub kind: AstKind,
    /// Where.
    pub span: Span,
}

/// The kinds of node.
#[derive(Clone, Debug, PartialEq)]
pub enum AstKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `1.5`: exact, never a double.
    Decimal(Decimal),
    /// `'text'`, `"text"`, `r'raw'`; escapes are resolved.
    Text(Arc<str>),
    /// `self`, `Product`
    Name(Box<str>),
    /// `of.name`
    Member {
        /// Before the dot.
        of: Box<Ast>,
        /// After it.
        name: Box<str>,
        /// The place of the name alone.
        name_span: Span,
    },
    /// `of[index]`
    Index {
        /// The list.
        of: Box<Ast>,
        /// The position, from 0.
        index: Box<Ast>,
    },
    /// `!x`
    Not(Box<Ast>),
    /// `-x`
    Negate(Box<Ast>),
    /// Two operands.
    Binary {
        /// The operator.
        operator: Binary,
        /// Its place.
        operator_span: Span,
        /// Left operand.
        left: Box<Ast>,
        /// Right operand.
        right: Box<Ast>,
    },
    /// `condition ? then : otherwise`
    Conditional {
        /// Before `?`.
        condition: Box<Ast>,
        /// Between `?` and `:`.
        then: Box<Ast>,
        /// After `:`.
        otherwise: Box<Ast>,
    },
    /// `[a, b]`
    List(Vec<Ast>),
    /// `name(arguments)` or `receiver.name(arguments)`
    Call {
        /// Before the dot, if it was written as a method.
        receiver: Option<Box<Ast>>,
        /// The function.
        name: Box<str>,
        /// The place of the name alone.
        name_span: Span,
        /// Between the parentheses.
        arguments: Vec<Ast>,
    },
}

impl Ast {
    /// The names of a plain path with their places: `self.item.product` is three. `None` where it
    /// is anything else.
    #[must_use]
    pub fn path(&self) -> Option<Vec<(&str, Span)>> {
        let mut names = Vec::new();
        let mut node = self;
        loop {
            match &node.kind {
                AstKind::Member { of, name, name_span } => {
                    names.push((&**name, *name_span));
                    node = of;
                }
                AstKind::Name(name) => {
                    names.push((&**name, node.span));
                    names.reverse();
                    return Some(names);
                }
                _ => return None,
            }
        }
    }
}
