//! A model as every command sees it: its files, what is wrong with them, and the design.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use base::{Diagnostic, Severity, SourceMap, has_errors};
use decide::{Design, design::Verdict, lock::Change};
use emit::{
    Artifact,
    decisions::{decision, with_flips},
};
use serde_json::Value;

use crate::{
    console::{Console, style, styled},
    failure::Outcome,
    folder::Folder,
    render::{Appearance, Terminal, diagnostics_document, summary, visible},
};

/// A model that was read.
pub struct Loaded {
    /// Where it was read.
    pub folder: Folder,
    /// Its files.
    pub sources: SourceMap,
    /// All that is wrong with it, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// The design of a model without errors.
    pub design: Option<Arc<Design>>,
    /// The numbers of protobuf fields that an earlier run gave.
    pub field_numbers: String,
    /// What a simulation says of its capacity; empty until somebody asks.
    pub simulated: String,
}

impl Loaded {
    /// Reads, resolves and decides.
    #[must_use]
    pub fn read(folder: Folder) -> Self {
        Self::read_with(folder, BTreeMap::new())
    }

    /// The same with other texts for some files, by path, which are not written.
    #[must_use]
    pub fn read_with(folder: Folder, texts: BTreeMap<String, String>) -> Self {
        let engine::Checked { sources, design, diagnostics, field_numbers } =
            engine::check(&Reading::new(&folder, texts));
        let simulated = String::new();
        Self { folder, sources, diagnostics, design, field_numbers, simulated }
    }

    /// Computes what would be decided otherwise if one number were different. That takes a while:
    /// only for commands that tell it.
    pub fn find_flips(&mut self, console: &Console) {
        let Some(design) = &mut self.design else { return };
        let threads = threads();
        let told = console.waiting("moving every number to see what would change");
        let flips = decide::flips::of(design, threads);
        drop(told);
        Arc::make_mut(design).flips = flips;
    }

    /// The same of one family of decisions, which takes a part of the time.
    pub fn find_flips_of(&mut self, family: &str, console: &Console) {
        let Some(design) = &mut self.design else { return };
        let told = console.waiting("moving every number to see what would change");
        let flips = decide::flips::of_family(design, family, threads());
        drop(told);
        Arc::make_mut(design).flips = flips;
    }

    /// Whether the model cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.design.is_none() || has_errors(&self.diagnostics)
    }

    /// The decisions; none where the model has errors.
    #[must_use]
    pub fn verdicts(&self) -> &[Verdict] {
        self.design.as_ref().map_or(&[], |design| &design.verdicts)
    }

    /// The decisions that are not as they were accepted; none where nothing was accepted.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.design.as_deref().map(decide::lock::changes).unwrap_or_default()
    }

    /// The files of `design/`, unless the model has errors.
    #[must_use]
    pub fn artifacts(&self) -> Option<Vec<Artifact>> {
        let design = self.design.as_deref()?;
        let (sources, findings) = (&self.sources, self.diagnostics.as_slice());
        let field_numbers = &self.field_numbers;
        let simulated = &self.simulated;
        Some(emit::artifacts(&emit::Input { design, sources, findings, field_numbers, simulated }))
    }

    /// How a command that only reads the model ends.
    #[must_use]
    pub fn outcome(&self, console: &Console) -> Outcome {
        let warnings = || self.diagnostics.iter().any(|found| found.severity == Severity::Warning);
        match self.has_errors() || (console.strict() && warnings()) {
            true => Outcome::Findings,
            false => Outcome::Success,
        }
    }

    /// Says what is wrong, for commands that need a model without errors.
    #[must_use]
    pub fn refuse(&self, console: &Console) -> Outcome {
        if console.json() {
            console.document(&self.document());
        } else {
            self.print_findings(|text| console.problem(text), console.appearance());
        }
        Outcome::Findings
    }

    /// The JSON document of the findings.
    #[must_use]
    pub fn document(&self) -> Value {
        diagnostics_document(&self.sources, &self.diagnostics)
    }

    /// The JSON of all decisions.
    #[must_use]
    pub fn decisions(&self) -> Value {
        self.verdicts().iter().map(|verdict| self.decision(verdict)).collect()
    }

    /// The JSON of one decision, with its flips where they were computed.
    #[must_use]
    pub fn decision(&self, verdict: &Verdict) -> Value {
        match &self.design {
            Some(design) => with_flips(design, &self.sources, verdict),
            None => decision(&self.sources, verdict),
        }
    }

    /// Prints the findings and their summary, if there are any.
    pub fn print_findings(&self, print: impl Fn(String), appearance: Appearance) {
        let Some(summary) = summary(&self.diagnostics) else { return };
        let terminal = Terminal::new(&self.sources, self.folder.shown(), appearance);
        print(terminal.render(&self.diagnostics).trim_end().to_owned());
        let style = if self.has_errors() { style::BAD } else { style::ATTENTION };
        print(format!("\n{}", styled(style, summary)));
    }

    /// What the model holds: "Shop: 5 contexts, 8 entities, 30 operations, 57 decisions".
    #[must_use]
    pub fn extent(&self) -> String {
        let name = self.design.as_ref().map_or("", |design| &design.model.system.name);
        format!("{}: {}", visible(name), self.extent_counts())
    }

    /// The same without the name.
    #[must_use]
    pub fn extent_counts(&self) -> String {
        let Some(design) = &self.design else { return "nothing".to_owned() };
        let model = &design.model;
        let counts = [
            (model.contexts.len(), "context", "contexts"),
            (model.entities.len(), "entity", "entities"),
            (model.operations.len(), "operation", "operations"),
            (design.verdicts.len(), "decision", "decisions"),
        ];
        let words = counts.map(|(number, one, many)| {
            format!("{number} {}", if number == 1 { one } else { many })
        });
        words.join(", ")
    }
}

/// How many threads may try numbers at once.
#[must_use]
pub fn threads() -> usize {
    const MOST: usize = 8;
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST)
}

/// The model folder as the engine sees it, for one reading.
struct Reading<'a> {
    folder: &'a Folder,
    /// Texts that stand for those of the folder.
    texts: BTreeMap<String, String>,
    /// Bytes that may still be read: many files must not fill the memory either.
    budget: Cell<usize>,
}

impl<'a> Reading<'a> {
    const LIMIT: usize = 64 << 20;

    const fn new(folder: &'a Folder, texts: BTreeMap<String, String>) -> Self {
        Self { folder, texts, budget: Cell::new(Self::LIMIT) }
    }
}

impl engine::World for Reading<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        if let Some(text) = self.texts.get(path) {
            return Ok(text.clone());
        }
        let text = self.folder.read(path).map_err(|error| error.to_string())?;
        let left = self.budget.get().checked_sub(text.len());
        self.budget.set(left.unwrap_or(0));
        let limit = Self::LIMIT >> 20;
        left.map(|_| text).ok_or_else(|| format!("the model is larger than {limit} MiB"))
    }

    fn find(&self, pattern: &str) -> Vec<String> {
        self.folder.matching(pattern)
    }

    fn today(&self) -> Option<String> {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        Some(now.date().to_string())
    }
}
