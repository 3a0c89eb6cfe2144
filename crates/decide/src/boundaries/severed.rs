//! What a cut severs, and what takes its place.

use std::collections::BTreeMap;

use super::{Proposal, Sort, Tie};

/// How many ties of one kind are named; the others are counted.
const NAMED: usize = 8;

impl Sort {
    /// What is lost where such a tie is cut, and what takes its place; nothing for what is only
    /// alike.
    #[must_use]
    pub const fn severed(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Changed => (
                "no common transaction",
                "a saga step: the second change is a durable call of its own, with an undo",
            ),
            Self::Recorded => (
                "no common transaction",
                "an event, or a saga step where its refusal must undo the first write",
            ),
            Self::Checked => (
                "the check and the write are no longer one transaction",
                "a call before the write, checked again by whoever owns the row",
            ),
            Self::Read => ("no join", "a sync call, since no `stale` allows a copy"),
            Self::ReadOld => ("no join", "a copy kept by events, as `stale` allows"),
            Self::Refers => (
                "no foreign key",
                "the id alone: a call checks it when it is written, an event tells of deletion",
            ),
            Self::Flow => ("nothing but a step inside one process", "the same step by command"),
            Self::Alike => return None,
        })
    }

    /// What one such tie is called; several have an `s`.
    const fn called(self) -> &'static str {
        match self {
            Self::Changed | Self::Recorded => "common transaction",
            Self::Checked => "checked write",
            Self::Read | Self::ReadOld => "common read",
            Self::Refers => "reference",
            Self::Flow => "durable step",
            Self::Alike => "likeness",
        }
    }
}

/// What is lost between a group and each other that entities are cut from, by its name.
#[must_use]
pub fn severed(proposal: &Proposal, group: usize) -> BTreeMap<&str, String> {
    let mut cut: BTreeMap<&str, BTreeMap<Sort, Vec<&Tie>>> = BTreeMap::new();
    for tie in proposal.cut() {
        let (a, b) = (proposal.groups[tie.pair.0], proposal.groups[tie.pair.1]);
        let other = match (a == group, b == group) {
            (true, false) => b,
            (false, true) => a,
            _ => continue,
        };
        if tie.sort.severed().is_some() {
            let sorts = cut.entry(proposal.names[other].name.as_str()).or_default();
            sorts.entry(tie.sort).or_default().push(tie);
        }
    }
    cut.into_iter().map(|(name, sorts)| (name, told(&sorts))).collect()
}

fn told(sorts: &BTreeMap<Sort, Vec<&Tie>>) -> String {
    let one = |(sort, ties): (&Sort, &Vec<&Tie>)| {
        let (lost, instead) = sort.severed()?;
        let mut whats: Vec<&str> = ties.iter().map(|tie| tie.what.as_str()).collect();
        whats.sort_unstable();
        whats.dedup();
        let more = whats.len().saturating_sub(NAMED);
        whats.truncate(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("{}{more}: {lost}; instead {instead}", whats.join(", ")))
    };
    sorts.iter().filter_map(one).collect::<Vec<_>>().join(". ")
}

/// How many ties of each kind a proposal cuts: `3 references, 1 common transaction`.
#[must_use]
pub fn summary(proposal: &Proposal) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tie in proposal.cut().filter(|tie| tie.sort.severed().is_some()) {
        *counts.entry(tie.sort.called()).or_default() += 1;
    }
    if counts.is_empty() {
        return "nothing".to_owned();
    }
    let one = |(name, count): (&&str, &usize)| {
        format!("{count} {name}{}", if *count == 1 { "" } else { "s" })
    };
    counts.iter().map(one).collect::<Vec<_>>().join(", ")
}
