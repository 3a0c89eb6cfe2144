//! Where requests go.

use base::{Share, Span, Spanned};

use crate::syntax::Named;
use crate::syntax::bind::{Binder, Form, List, LowerCamel, Map, Name, Shape, Short, keys};
use crate::syntax::short::ShareForm;
use crate::yaml::{Node, NodeKind};

/// Where requests go.
#[derive(Clone, Debug)]
pub enum RouteSyntax {
    /// To one station.
    To(Spanned<String>),
    /// To several by chance; what is left leaves.
    Shares(Named<Spanned<Share>>),
    /// To several, in a way that has a name.
    Branches(Box<Branches>),
}

/// A way to go to several.
#[derive(Clone, Debug, Default)]
pub struct Branches {
    /// Where it stands.
    pub span: Span,
    /// One after the other.
    pub in_turn: Option<Vec<Spanned<String>>>,
    /// Where the fewest are.
    pub shortest: Option<Vec<Spanned<String>>>,
    /// All at once, until all are done.
    pub all: Option<Vec<Spanned<String>>>,
    /// Where to go when all are done.
    pub then: Option<RouteSyntax>,
}

/// The keys that are ways and no stations.
const WAYS: [&str; 4] = ["in_turn", "shortest", "all", "then"];

keys!(Branches, "a route", span span, {
    "in_turn" => in_turn: List<Name>, "One after the other.";
    "shortest" => shortest: List<Name>, "Where the fewest are.";
    "all" => all: List<Name>, "All at once, until all are done.";
    "then" => then: RouteSyntax, "Where to go when all are done.";
} branches);

fn branches(_: &mut Branches, mapping: &crate::yaml::Mapping, binder: &mut Binder<'_>) {
    super::one_of_these(mapping, binder, &["all", "in_turn", "shortest"], "say how to go on");
    super::needs(mapping, binder, "then", "all");
}

impl Form for RouteSyntax {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        match &node.kind {
            NodeKind::Mapping(mapping) if WAYS.iter().any(|way| mapping.get(way).is_some()) => {
                Branches::read(node, binder).map(|branches| Self::Branches(Box::new(branches)))
            }
            NodeKind::Mapping(_) => {
                Map::<LowerCamel, Short<ShareForm>>::read(node, binder).map(Self::Shares)
            }
            _ => Name::read(node, binder).map(Self::To),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Name::shape(), Map::<LowerCamel, Short<ShareForm>>::shape()])
    }
}
