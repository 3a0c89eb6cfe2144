//! Tables of keys, and the traits that bind by them.

use base::{Span, Spanned};

use super::Binder;
use crate::yaml::Node;

/// A way to write a value. Forms are types; most are never built.
pub(crate) trait Form {
    /// What it means.
    type Value;

    /// Reads a node; what is wrong is reported, and then there is no value.
    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value>;

    /// What it accepts, as data.
    fn shape() -> Shape;

    /// What stands in an id-keyed map for a value that could not be read, so that its name is
    /// known.
    fn unreadable(_place: Span) -> Option<Self::Value> {
        None
    }
}

/// What a form accepts, as data for messages, JSON Schema and the reference.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A map with these keys.
    Keys {
        /// "an entity".
        title: &'static str,
        /// The keys.
        keys: &'static [Key],
        /// What any other key holds; other keys are errors where there is none.
        rest: Option<fn() -> Shape>,
    },
    /// A map from names to one shape.
    Named {
        /// How the names are written, as a regular expression; empty for any.
        names: &'static str,
        /// What they name.
        of: fn() -> Shape,
    },
    /// A list.
    List(fn() -> Shape),
    /// One of several.
    Either(Vec<Shape>),
    /// Text in a form with a name and examples.
    Short {
        /// "a rate".
        name: &'static str,
        /// What it accepts.
        examples: &'static [&'static str],
    },
    /// One of these words.
    Words(Vec<&'static str>),
    /// An expression.
    Expression,
    /// An expression, or YAML structure around expressions.
    Value,
}

impl Shape {
    /// In words, for the help of a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Keys { title, .. } => format!("the keys of {title}"),
            Self::Named { of, .. } => format!("a map from names to {}", short(&of())),
            Self::List(of) => format!("a list of {}", short(&of())),
            Self::Either(shapes) => {
                let shapes: Vec<String> = shapes.iter().map(Self::describe).collect();
                shapes.join(", or ")
            }
            Self::Short { name, examples } => match examples.first() {
                Some(example) => format!("{name}, for example `{example}`"),
                None => (*name).to_owned(),
            },
            Self::Words(words) => base::one_of(words.iter().copied()),
            Self::Expression => "an expression".to_owned(),
            Self::Value => "an expression, a list, or a map from names to expressions".to_owned(),
        }
    }
}

/// One level only.
fn short(shape: &Shape) -> String {
    match shape {
        Shape::Keys { title, .. } => (*title).to_owned(),
        Shape::Short { name, .. } => (*name).to_owned(),
        Shape::Words(_) => "a word".to_owned(),
        Shape::Expression | Shape::Value => "an expression".to_owned(),
        Shape::Named { .. } => "a map".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::Either(shapes) => shapes.first().map(short).unwrap_or_default(),
    }
}

/// A key of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it says, for the reference.
    pub(crate) doc: &'static str,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// What it accepts.
    pub(crate) shape: fn() -> Shape,
}

/// Where the value of a key goes.
pub(crate) trait Slot<T> {
    /// Puts it there.
    fn put(&mut self, value: T, key: &Spanned<String>);
}

impl<T> Slot<T> for Option<T> {
    fn put(&mut self, value: T, _: &Spanned<String>) {
        *self = Some(value);
    }
}

impl<T> Slot<Self> for Vec<T> {
    fn put(&mut self, value: Self, _: &Spanned<String>) {
        *self = value;
    }
}

/// Declares the keys of a struct: `"key" => slot: Form, "what it says";`, with `!` after the form
/// of a required one.
macro_rules! keys {
    ($target:ty, $title:literal, $(span $span:ident,)? {
        $($key:literal => $($slot:ident).+: $form:ty $([$required:ident])?, $doc:literal;)*
    } $($check:path)?) => {
        impl $crate::syntax::bind::Form for $target {
            type Value = Self;

            fn read(
                node: &$crate::yaml::Node,
                binder: &mut $crate::syntax::bind::Binder<'_>,
            ) -> Option<Self> {
                const KEYS: &[$crate::syntax::bind::Key] = &[$($crate::syntax::bind::Key {
                    name: $key,
                    doc: $doc,
                    required: $crate::syntax::bind::keys!(@required $($required)?),
                    shape: <$form as $crate::syntax::bind::Form>::shape,
                }),*];
                let mapping = binder.mapping(node, concat!("the keys of ", $title))?;
                let mut value = Self::default();
                $(value.$span = node.span;)?
                for entry in &mapping.entries {
                    match entry.key.value.as_str() {
                        $($key => if let Some(read) = binder.value::<$form>(entry) {
                            $crate::syntax::bind::Slot::put(
                                &mut value.$($slot).+, read, &entry.key,
                            );
                        },)*
                        _ => binder.unknown_key(entry, KEYS, $title),
                    }
                }
                binder.require(mapping, KEYS);
                $($check(&mut value, mapping, binder);)?
                Some(value)
            }

            fn unreadable(_place: base::Span) -> Option<Self> {
                #[allow(unused_mut, reason = "not every struct knows its place")]
                let mut value = Self::default();
                $(value.$span = _place;)?
                Some(value)
            }

            fn shape() -> $crate::syntax::bind::Shape {
                const KEYS: &[$crate::syntax::bind::Key] = &[$($crate::syntax::bind::Key {
                    name: $key,
                    doc: $doc,
                    required: $crate::syntax::bind::keys!(@required $($required)?),
                    shape: <$form as $crate::syntax::bind::Form>::shape,
                }),*];
                $crate::syntax::bind::Shape::Keys { title: $title, keys: KEYS, rest: None }
            }
        }
    };
    (@required required) => { true };
    (@required) => { false };
}
pub(crate) use keys;
