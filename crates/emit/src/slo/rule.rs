//! Rules as Prometheus reads them.

use decide::objectives::Told;
use serde_json::{Map, Value, json};

/// An alert.
pub struct AlertRule {
    /// Name, `UpperCamel`.
    pub name: &'static str,
    /// When it fires, in PromQL.
    pub when: String,
    /// For how long that must hold; at once if empty.
    pub after: &'static str,
    /// Who is told.
    pub told: Told,
    /// Further labels: what it is about.
    pub labels: Vec<(&'static str, String)>,
    /// What happened, in a line.
    pub summary: String,
    /// What it means for those who use the system, with the numbers it follows from.
    pub meaning: String,
    /// Where to look first.
    pub first_look: String,
    /// The decision that the numbers come from.
    pub decision: String,
    /// Where the way out is described, below `design/`.
    pub runbook: &'static str,
}

impl AlertRule {
    fn json(self) -> Value {
        let mut rule = Map::new();
        rule.insert("alert".to_owned(), json!(self.name));
        rule.insert("expr".to_owned(), json!(self.when));
        if !self.after.is_empty() {
            rule.insert("for".to_owned(), json!(self.after));
        }
        let mut labels = Map::new();
        labels.insert("severity".to_owned(), json!(self.told.name()));
        labels.extend(self.labels.into_iter().map(|(name, value)| (name.to_owned(), json!(value))));
        rule.insert("labels".to_owned(), labels.into());
        let annotations = json!({
            "summary": self.summary,
            "meaning": self.meaning,
            "first_look": self.first_look,
            "decision": self.decision,
            "runbook": self.runbook,
        });
        rule.insert("annotations".to_owned(), annotations);
        rule.into()
    }
}

/// A group of rules that are evaluated together.
pub fn group(name: &str, rules: Vec<AlertRule>) -> Option<Value> {
    let rules: Vec<Value> = rules.into_iter().map(AlertRule::json).collect();
    (!rules.is_empty()).then(|| json!({ "name": name, "rules": rules }))
}

/// A series that is computed once for everybody who reads it.
pub fn recording(name: &str, expression: &str) -> Value {
    json!({ "record": name, "expr": expression })
}

/// A number with as many digits as it needs and no more than a share or time can mean.
pub fn number(value: f64) -> String {
    let text = format!("{value:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A window as PromQL writes it: `5m`, `6h`, `3d`.
pub fn window(seconds: f64) -> String {
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m")];
    let whole = |unit: f64| seconds >= unit && (seconds / unit).fract().abs() < 1e-9;
    let unit = units.into_iter().find(|(unit, _)| whole(*unit));
    let (unit, name) = unit.unwrap_or((1.0, "s"));
    format!("{}{name}", number(seconds / unit))
}

/// A text inside the double quotes of PromQL.
pub fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A matcher of any of these values of a label.
pub fn one_of<'a>(label: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let mut values: Vec<&str> = values.into_iter().collect();
    values.sort_unstable();
    match values.as_slice() {
        [one] => format!("{label}=\"{}\"", quoted(one)),
        // Names of operations have no character with a meaning in patterns but the dot.
        many => {
            let many: Vec<String> = many.iter().map(|name| name.replace('.', "\\.")).collect();
            format!("{label}=~\"{}\"", quoted(&many.join("|")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_windows_and_matchers() {
        assert_eq!(number(14.4 * (1.0 - 0.9995)), "0.0072");
        assert_eq!(number(6.0), "6");
        let windows = [300.0, 3_600.0, 21_600.0, 259_200.0, 10.0].map(window);
        assert_eq!(windows, ["5m", "1h", "6h", "3d", "10s"]);
        assert_eq!(one_of("operation", ["a.b"]), "operation=\"a.b\"");
        assert_eq!(one_of("operation", ["a.b", "a.c"]), "operation=~\"a\\\\.b|a\\\\.c\"");
    }
}
