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
            let (family, kind) = family(name);
            if family != before {
                let _ = write!(out, "# HELP {family} {help}\n# TYPE {family} {kind}\n");
                before = family;
            }
            let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
}

/// The family that a series belongs to, and of which kind it is.
fn family(name: &str) -> (&str, &'static str) {
    let parts = ["_bucket", "_sum", "_count"];
    match parts.iter().find_map(|part| name.strip_suffix(part)) {
        Some(family) => (family, "histogram"),
        None if name.ends_with("_total") => (name, "counter"),
        None => (name, "gauge"),
    }
}
