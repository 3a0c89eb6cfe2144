//! How long a sign-in lasts (NIST SP 800-63B-4, sections 2.1.3, 2.2.3 and 2.3.3).

use model::Model;
use model::model::{Authentication, Operation};

use crate::Design;

/// Seconds of an hour.
const HOUR: u64 = 3600;
/// Seconds of a day.
const DAY: u64 = 24 * HOUR;

/// How long a sign-in lasts, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Authenticator assurance level: 1, 2 or 3.
    pub assurance: u8,
    /// Until people sign in again, used or not.
    pub total: u64,
    /// Without use, after which it ends earlier.
    pub idle: u64,
    /// A use is written down when this much or less of the idle time is left: sooner would be a
    /// write for each request. Exact to a minute where sessions are short.
    pub renewed: u64,
    /// The longest of `idle` and `total` in words.
    pub words: &'static str,
}

impl Limits {
    /// Those of the level of assurance that was decided.
    #[must_use]
    pub fn of(design: &Design) -> Self {
        Self::at(design.verdict("asvs", "system").map(|verdict| verdict.choice))
    }

    /// Those of a choice of `asvs`: AAL1 for `l1`, and so on.
    #[must_use]
    pub fn at(asvs: Option<&str>) -> Self {
        match asvs {
            Some("l3") => Self {
                assurance: 3,
                total: 12 * HOUR,
                idle: 15 * 60,
                renewed: 14 * 60,
                words: "12 h after the sign-in, or 15 min without use (AAL3)",
            },
            Some("l2") => Self {
                assurance: 2,
                total: 24 * HOUR,
                idle: HOUR,
                renewed: 59 * 60,
                words: "24 h after the sign-in, or 1 h without use (AAL2)",
            },
            // The level asks for a definite end, and recommends one of 30 days for whoever is
            // not seen again; who comes back keeps the session for three times as long.
            _ => Self {
                assurance: 1,
                total: 90 * DAY,
                idle: 30 * DAY,
                renewed: 15 * DAY,
                words: "30 d, renewed by use when 15 d are left, 90 d in all (AAL1)",
            },
        }
    }

    /// The total in words.
    #[must_use]
    pub const fn total_words(&self) -> &'static str {
        match self.assurance {
            1 => "90 d",
            2 => "24 h",
            _ => "12 h",
        }
    }
}

/// The authenticator assurance level that an operation asks of people: that of the nearest stated
/// `needs.assurance` (AAL2 for `L2`, and so on; OWASP ASVS 5.0, 6.3.3, asks for several factors from
/// level 2 on). 1 where none is stated: what is only assumed locks nobody out.
#[must_use]
pub fn asked(model: &Model, operation: &Operation) -> u8 {
    let context = model.contexts.get(usize::from(operation.context.0)).map(|of| &of.needs);
    let stated = [Some(&operation.needs), context, Some(&model.system.needs)];
    let nearest = stated.into_iter().flatten().find_map(|needs| needs.assurance.as_ref());
    match nearest.map(|level| level.value.as_str()) {
        Some("L3") => 3,
        Some("L2") => 2,
        _ => 1,
    }
}

/// The highest level that any operation asks of people.
#[must_use]
pub fn asked_anywhere(model: &Model) -> u8 {
    let person = |operation: &&Operation| {
        let actors = operation.by.iter().map(|grant| model.actor(grant.actor));
        actors.into_iter().any(|actor| actor.authentication == Authentication::User)
    };
    let all = model.operations.iter().filter(person);
    all.map(|operation| asked(model, operation)).max().unwrap_or(1)
}
