//! Which decisions are recorded, why, and what would show that one holds no longer.

use decide::{catalogue, design::Verdict};

/// A family whose decisions are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// The family.
    pub family: &'static str,
    /// Which of its decisions.
    pub when: When,
    /// Why: what is hard to undo, or which border is crossed.
    pub because: &'static str,
    /// What to look at besides the record itself.
    pub confirmation: &'static str,
    /// Findings of `firm check` that would contradict the decision.
    pub findings: &'static [&'static str],
}

/// Which decisions of a family are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All of them.
    Always,
    /// Those that do not take the simplest option, and those that the model takes itself. The
    /// simplest can be left at any time.
    SteppedUp,
}

macro_rules! recorded {
    ($($family:literal $when:ident $because:literal $confirmation:literal [$($finding:literal)*];)*) => {
        /// The families, in the order of the catalogue.
        pub const RECORDED: &[Recorded] = &[$(Recorded {
            family: $family,
            when: When::$when,
            because: $because,
            confirmation: $confirmation,
            findings: &[$($finding),*],
        }),*];
    };
}

// family when "because" "confirmation" [findings];
recorded! {
    "style" Always
        "the number of deployables shapes teams, releases and operation"
        "`diagrams/containers.mmd` shows the deployables." ["context-without-team"];
    "boundary" SteppedUp
        "moving an entity to another context moves its data and its contract"
        "`diagrams/context-map.mmd` shows who depends on whom." [];
    "service" SteppedUp
        "what is extracted crosses a network from then on"
        "`diagrams/containers.mmd` shows the deployables." ["availability-above-dependency"];
    "paradigm" Always
        "clients are written against it: it is a contract"
        "The contract is in `openapi/`; a tool that tests a server against OpenAPI shows where it is not kept." [];
    "versioning" Always
        "clients are written against it: it is a contract"
        "The contract is in `openapi/`." [];
    "link" Always
        "it crosses the border between two contexts"
        "`diagrams/context-map.mmd` shows what crosses." ["callee-rate-too-low" "availability-above-dependency"];
    "saga" Always
        "it crosses the borders of transactions, and data is inconsistent meanwhile"
        "`diagrams/flows/` shows the steps and the way back." ["refusable-after-pivot" "retried-call-not-idempotent"];
    "broker" SteppedUp
        "events and those who read them depend on it"
        "`diagrams/containers.mmd` shows it." ["event-never-emitted"];
    "delivery" Always
        "readers of an event depend on its order"
        "`design.json` has the numbers." ["event-never-emitted"];
    "store" Always
        "moving data to another store takes long, and both have to run meanwhile"
        "`sql/` has the tables; `firm up` refuses to start on a store that it cannot run." [];
    "key" SteppedUp
        "keys are in every reference, and in what clients have stored"
        "`sql/` has the keys." [];
    "money" SteppedUp
        "amounts are in contracts and in rows that are kept for years"
        "`sql/` and `openapi/` have the amounts." [];
    "partitioning" SteppedUp
        "a large table cannot be divided otherwise without being written anew"
        "`sql/` has the tables." [];
    "read-model" SteppedUp
        "a second copy of data has to be kept and rebuilt"
        "`design.json` has the numbers." [];
    "authentication" Always
        "clients are written against it, and it is the border that attackers meet"
        "The security schemes are in `openapi/`." ["anonymous-write" "public-personal-data" "unused-actor"];
    "tenancy" SteppedUp
        "data of tenants cannot be kept apart afterwards without moving it"
        "`sql/` has the tables." [];
    "recovery" SteppedUp
        "a second place costs money every day and has to be tried"
        "Restoring is tried on a schedule, against the stated times." [];
    "region" SteppedUp
        "data that is written in several places cannot be brought back to one without loss"
        "`design.json` has the numbers." [];
    "encryption" SteppedUp
        "encrypted values cannot be searched, and keys cannot be lost"
        "`design.json` has the fields." ["personal-data-kept-forever"];
    "deployment" SteppedUp
        "tools, skills and runbooks follow from it"
        "`design.json` has the numbers." [];
    "concurrency" SteppedUp
        "a row that becomes several, or is written by one worker, changes who reads and writes it"
        "`design.json` has the numbers." [];
    "stack" Always
        "every line of code depends on it"
        "The model says why." [];
}

/// What is said about the record of a decision; nothing where it has none.
pub fn of(verdict: &Verdict) -> Option<&'static Recorded> {
    let recorded = RECORDED.iter().find(|of| of.family == verdict.family)?;
    let simplest = catalogue::family(verdict.family).and_then(|family| family.choices.first());
    let stepped_up = simplest.is_none_or(|simplest| simplest.name != verdict.choice);
    let wanted = recorded.when == When::Always || stepped_up || verdict.overridden.is_some();
    wanted.then_some(recorded)
}
