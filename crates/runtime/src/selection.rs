//! What of an answer is wanted: which properties, under which names, and which references are
//! followed. REST asks so with `expand`, GraphQL with every query.

use model::model::OperationId;

use crate::operations::TreePlans;

/// Properties of one kind of object, in the order in which they are written. The object is a row
/// as an operation answers it, a row of a part, or a value of several properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection(pub Vec<Selected>);

/// One property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The name under which it is written.
    pub key: String,
    /// What is written.
    pub what: What,
}

/// What a property holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The same JSON for every row.
    Constant(&'static str),
    /// The same text for every row, such as the name of its type.
    Text(String),
    /// A property, by its position among the operation's `fields`, the part's returned fields, or
    /// the fields of the value (`amount` and `currency` of money, `lat` and `lon` of a place,
    /// `media_type` and `bytes` of a file).
    Property(usize, Shape),
    /// The row that the reference at this position names, as the target's `get` answers it to this
    /// caller: null where it may not see the row, and where there is none.
    Expanded {
        /// Position of the reference.
        reference: usize,
        /// The `get`.
        through: OperationId,
        /// What of that row.
        selection: Selection,
    },
    /// An object of its own around properties of the same row.
    Group(Selection),
}

/// How a value is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As over HTTP.
    #[default]
    Plain,
    /// Words in capitals: members of an enum in GraphQL.
    Capitals,
    /// As an object, or a list of objects, of these properties.
    Object(Selection),
}

/// What is wanted, with how it is read and written as far as that was worked out. Whoever keeps it
/// saves that work.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What is wanted.
    pub selection: Selection,
    pub(crate) plans: TreePlans,
}

impl From<Selection> for Wanted {
    fn from(selection: Selection) -> Self {
        Self { selection, plans: TreePlans::default() }
    }
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        self.selection == other.selection
    }
}

impl Selection {
    /// How many references are followed, at all levels.
    #[must_use]
    pub fn references(&self) -> usize {
        let each = |selected: &Selected| match &selected.what {
            What::Expanded { selection, .. } => 1 + selection.references(),
            What::Property(_, Shape::Object(inner)) | What::Group(inner) => inner.references(),
            _ => 0,
        };
        self.0.iter().map(each).sum()
    }
}
