//! A number that is read when somebody asks for it.

use std::fmt::Write as _;

/// One line of `/metrics`. Samples of one name follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name; ends in `_total` where it only grows.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// `external="a",operation="b"`; empty where it has no labels.
    pub labels: String,
    /// Value.
    pub value: f64,
}

impl Sample {
    /// A number without labels.
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, labels: String::new(), value }
    }

    /// With a label. The value is a name of the model: it holds nothing that needs an escape.
    #[must_use]
    pub fn with(mut self, label: &str, value: &str) -> Self {
        let comma = if self.labels.is_empty() { "" } else { "," };
        let _ = write!(self.labels, "{comma}{label}=\"{value}\"");
        self
    }

    /// Writes samples, each name's description once.
    pub(super) fn render(out: &mut String, samples: &[Self]) {
        let mut before = "";
        for sample in samples {
            let Self { name, help, labels, value } = sample;
            if *name != before {
                let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
                let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
                before = name;
            }
            let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
}
