//! The limits that only findings use, each with the range in which it is plausible. Those that
//! decisions use as well stand in [`decide::numbers`].

/// A limit of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Name, kebab-case.
    pub name: &'static str,
    /// Value.
    pub value: f64,
    /// Unit; empty for a plain count or factor.
    pub unit: &'static str,
    /// Least plausible value.
    pub low: f64,
    /// Greatest plausible value.
    pub high: f64,
    /// Who says so.
    pub source: &'static str,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $id:ident = $name:literal $value:literal $unit:literal
        in $low:literal .. $high:literal from $source:literal;)*) => {
        $($(#[$doc])* pub const $id: Limit = Limit {
            name: $name, value: $value, unit: $unit, low: $low, high: $high, source: $source,
        };)*
        /// The whole table.
        pub const ALL: &[Limit] = &[$($id),*];
    };
}

limits! {
    /// Calls one after another, each into another context, that somebody waits for.
    CHAIN_DEPTH = "chain-depth" 2.0 "calls" in 1.0..4.0 from "house";
    /// Calls of one request to one callee from which a batch pays.
    CALLS_PER_REQUEST = "calls-per-request" 5.0 "calls" in 3.0..20.0 from "house";
    /// Share of all entities from which one context is the system by another name.
    GOD_SHARE = "god-share" 0.66 "share" in 0.5..0.9 from "house";
    /// Fewest people that can own a context beside others.
    PEOPLE_PER_CONTEXT = "people-per-owned-context" 2.0 "people" in 1.0..4.0 from "house";
    /// From the end of one working day to the start of the next.
    NIGHT = "night" 15.0 "hours" in 10.0..16.0 from "house";
    /// Most rows, those of parts included, that one answer should hold.
    ROWS_PER_ANSWER = "rows-per-answer" 2000.0 "rows" in 1000.0..10000.0 from "house";
    /// Largest answer that one request should bring.
    ANSWER_BYTES = "answer-bytes" 1e6 "bytes" in 2.5e5..4e6 from "house";
    /// Most rows of a part, which is read and replaced as a whole.
    ROWS_PER_PART = "rows-per-part" 500.0 "rows" in 100.0..2000.0 from "house";
    /// How long undoing is tried before a flow is stuck.
    UNDO_HOURS = "undo-hours" 24.0 "hours" in 24.0..24.0 from "the language, flows";
    /// Calls a second from which it matters what an external accepts.
    CALLS_WITHOUT_LIMIT = "calls-without-limit" 1.0 "per second" in 0.1..10.0 from "house";
    /// How long records of who saw health data must be kept.
    HEALTH_AUDIT_YEARS = "health-audit-years" 6.0 "years" in 6.0..6.0
        from "45 CFR 164.316(b)(2)(i)";
    /// How long an erasure request may take.
    ERASURE_DAYS = "erasure-days" 30.0 "days" in 30.0..90.0 from "GDPR, article 12(3)";
    /// Window in which an availability is counted.
    BUDGET_DAYS = "budget-days" 30.0 "days" in 7.0..90.0
        from "Beyer et al., The Site Reliability Workbook, chapter 2";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_lies_in_its_own_range_and_has_a_name_of_its_own() {
        for (at, number) in ALL.iter().enumerate() {
            assert!(number.low <= number.value && number.value <= number.high, "{number:?}");
            assert!(ALL.iter().skip(at + 1).all(|other| other.name != number.name), "{number:?}");
            assert!(!number.source.is_empty());
        }
    }
}
