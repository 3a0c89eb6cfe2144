//! What rows were found that stand against a model, for people.

/// Rows that do not keep to what is demanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many.
    pub rows: u64,
    /// The id of one of them.
    pub example: Option<u128>,
    /// What was wrong there, as a code.
    pub code: Option<&'static str>,
}

/// One demand, and how rows that do not keep to it are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// `sales.Order`.
    pub(super) called: String,
    /// What is wrong in such rows.
    pub(super) wrong: String,
    /// What a person can do.
    pub(super) remedy: String,
}

impl Found {
    /// Notes another row.
    pub(super) fn note(&mut self, example: Option<u128>, code: Option<&'static str>) {
        if self.rows == 0 {
            (self.example, self.code) = (example, code);
        }
        self.rows = self.rows.saturating_add(1);
    }
}

impl Judged {
    /// The difference, if rows were found.
    #[must_use]
    pub fn told(&self, found: &Found) -> Option<String> {
        if found.rows == 0 {
            return None;
        }
        let Self { called, wrong, remedy } = self;
        let rows = if found.rows == 1 { "1 row".into() } else { format!("{} rows", found.rows) };
        let code = found.code.map_or_else(String::new, |code| format!(": {code}"));
        let example = found.example.map_or_else(
            || found.code.map_or_else(String::new, |code| format!(" ({code})")),
            |id| format!(" (for example {}{code})", uuid::Uuid::from_u128(id)),
        );
        Some(format!("{called}: {wrong} in {rows}{example}; {remedy}"))
    }
}
