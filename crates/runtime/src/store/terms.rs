//! On which terms a store does a piece of work.

use std::time::{Duration, Instant};

/// Whose rows the work may reach, how old what it reads may be, and until when it is of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whose rows.
    pub tenant: Tenant,
    /// How old an answer may be: then a read may go to a replica that is behind by less. Nothing
    /// where the read has to hold every write that was answered before.
    pub stale: Option<Duration>,
    /// When whoever asked stops waiting. A store that can ends the work then.
    pub deadline: Option<Instant>,
    /// The work is expected to ask one question of the rows, besides whom its caller stands for: a
    /// store may answer that without a transaction, as everything was at one moment. Where it turns
    /// out otherwise the work fails with [`StoreError::Several`](super::StoreError::Several), or
    /// [`StoreError::Conflict`](super::StoreError::Conflict), and is done again without this.
    pub single: bool,
    /// A write may take for granted what is nearly always so: that its caller stands for the row it
    /// stood for last, and that nobody has asked under its idempotency key before. A store that is
    /// far away verifies both with what it writes instead of asking first. Where it turns out
    /// otherwise, or the work fails on what was not verified, it ends with
    /// [`StoreError::Conflict`](super::StoreError::Conflict), and is done again without this.
    pub granted: bool,
}

/// Whose rows a piece of work may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenant {
    /// Those of nobody in particular: shared entities alone, or all where the model has no
    /// tenants.
    #[default]
    None,
    /// Those of one tenant, by the id of its row, and shared ones.
    One(u128),
    /// Everybody's: what the server does by itself, and actors with `tenants: all`. What is written
    /// needs a tenant.
    All,
}

impl Tenant {
    /// The one tenant, if it is one.
    #[must_use]
    pub const fn id(self) -> Option<u128> {
        match self {
            Self::One(id) => Some(id),
            Self::None | Self::All => None,
        }
    }
}

impl From<Option<u128>> for Tenant {
    fn from(id: Option<u128>) -> Self {
        id.map_or(Self::None, Self::One)
    }
}

impl Terms {
    /// The terms of what the server does for all tenants.
    pub const SERVER: Self =
        Self { tenant: Tenant::All, stale: None, deadline: None, single: false, granted: false };

    /// For one tenant.
    #[must_use]
    pub const fn of(tenant: Tenant) -> Self {
        Self { tenant, stale: None, deadline: None, single: false, granted: false }
    }
}
