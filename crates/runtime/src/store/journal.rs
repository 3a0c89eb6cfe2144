//! What is recorded of who wrote and read rows, and what rows were before: lines that are added and
//! read, never changed. Times are microseconds since the Unix epoch.

use expression::EntityId;

/// Which of the logs of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    /// `audit`: who wrote, and who read.
    Audit,
    /// `history`: earlier versions.
    History,
}

impl Log {
    /// As stores write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::History => "history",
        }
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// `UUIDv7`: lines rise with time.
    pub id: u128,
    /// Which log.
    pub log: Log,
    /// The entity.
    pub entity: EntityId,
    /// The rows that it is about: one that was written or read, all of a page that was read.
    pub rows: Vec<u128>,
    /// When.
    pub at: i64,
    /// Who, as the issuer and subject of a token; nobody in particular where everybody may.
    pub who: Option<super::Subject>,
    /// As which actor of the model.
    pub actor: String,
    /// Qualified name of the operation.
    pub operation: String,
    /// The row before, as a JSON object; none where it was created or only read.
    pub before: Option<Versions>,
    /// The row after, as a JSON object; none where it was removed or only read.
    pub after: Option<Versions>,
    /// When the line is removed; never without.
    pub expires: Option<i64>,
}

/// A version of a row as two JSON objects. Personal data stands apart, so that erasing a person
/// takes it away and leaves what was recorded as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// What stays.
    pub lasting: String,
    /// What is personal; none where nothing is, or where it was erased.
    pub personal: Option<String>,
}

/// Lines of a log, newest first.
#[derive(Clone, Copy, Debug)]
pub struct JournalQuery {
    /// Which log.
    pub log: Log,
    /// Of which entity.
    pub entity: EntityId,
    /// Only lines before this one.
    pub before: Option<u128>,
    /// Most lines.
    pub limit: u32,
}

/// Rows of an entity in the order of their ids, live or not: what jobs look through.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The entity.
    pub entity: EntityId,
    /// Only rows with this value, by which an index finds them where there is one.
    pub only: Option<(expression::FieldIndex, expression::Value)>,
    /// Only ids greater than this.
    pub after: u128,
    /// Only ids up to this.
    pub until: u128,
    /// Most rows.
    pub limit: u32,
}
