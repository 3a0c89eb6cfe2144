//! The table of exact values: `name,params,metric,expected`.

use std::collections::BTreeMap;

/// One row.
pub struct Row {
    pub name: String,
    pub parameters: String,
    pub metric: String,
    pub expected: f64,
    numbers: BTreeMap<String, f64>,
}

impl Row {
    /// The number of `key=number` among the parameters.
    pub fn number(&self, key: &str) -> f64 {
        let found = self.numbers.get(key);
        *found.unwrap_or_else(|| panic!("no {key} in {}", self.parameters))
    }

    pub fn count(&self, key: &str) -> u32 {
        self.number(key) as u32
    }

    /// The text between two marks of the parameters.
    pub fn between(&self, start: &str, end: &str) -> &str {
        let rest = self.parameters.split_once(start).unwrap().1;
        rest.split_once(end).map_or(rest, |(text, _)| text)
    }

    /// The percentile that ends the metric's name: `sojourn_p999` is 0.999.
    pub fn share(&self) -> f64 {
        let digits = self.metric.rsplit_once('p').unwrap().1;
        format!("0.{digits}").parse().unwrap()
    }
}

pub fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map_while(|word| word.parse().ok()).collect()
}

pub fn rows() -> Vec<Row> {
    let text = include_str!("../closed-form.csv");
    text.lines().skip(1).filter(|line| !line.is_empty()).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let [name, parameters, metric, expected] = cells[..] else { panic!("{line}") };
    let leading = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        text[..end].parse::<f64>().ok()
    };
    let numbers = parameters
        .split([';', ' '])
        .filter_map(|pair| pair.split_once(['=', ':']).or(Some((pair, ""))))
        .filter_map(|(key, value)| Some((key.trim().to_owned(), leading(value)?)))
        .collect();
    Row {
        name: name.to_owned(),
        parameters: parameters.to_owned(),
        metric: metric.to_owned(),
        expected: expected.parse().unwrap(),
        numbers,
    }
}
