//! Panels of Grafana, in rows from top to bottom.

use serde_json::{Map, Value, json};

/// A line or several, with how they are called in the legend.
pub struct Query {
    /// PromQL.
    pub expression: String,
    /// Legend: text, or `{{label}}`.
    pub legend: String,
}

impl Query {
    /// A query with its legend.
    pub fn new(expression: impl Into<String>, legend: impl Into<String>) -> Self {
        Self { expression: expression.into(), legend: legend.into() }
    }
}

/// A panel that draws queries over time.
pub struct Panel {
    /// Title.
    pub title: String,
    /// What it means, and what to do when it looks bad.
    pub description: String,
    /// Unit as Grafana calls it: `s`, `reqps`, `percentunit`, `short`, `bytes`.
    pub unit: &'static str,
    /// What it draws.
    pub queries: Vec<Query>,
    /// Values from which on it is coloured: yellow from the first, red from the second.
    pub limits: Vec<f64>,
}

/// Panels under a title.
pub struct Row {
    /// Title.
    pub title: &'static str,
    /// Its panels.
    pub panels: Vec<Panel>,
}

const COLUMNS: usize = 24;
const PANELS_A_LINE: usize = 3;
const HEIGHT: usize = 8;

/// The datasource that the dashboard's variable names.
pub fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// All rows with their places; rows without panels are left out.
pub fn place(rows: Vec<Row>) -> Vec<Value> {
    let (mut all, mut y) = (Vec::new(), 0);
    for row in rows.into_iter().filter(|row| !row.panels.is_empty()) {
        let id = all.len() + 1;
        all.push(json!({
            "id": id, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": { "h": 1, "w": COLUMNS, "x": 0, "y": y },
        }));
        y += 1;
        let lines = row.panels.len().div_ceil(PANELS_A_LINE);
        let width = COLUMNS / row.panels.len().min(PANELS_A_LINE);
        for (at, panel) in row.panels.into_iter().enumerate() {
            let place = json!({
                "h": HEIGHT, "w": width,
                "x": at % PANELS_A_LINE * width, "y": y + at / PANELS_A_LINE * HEIGHT,
            });
            all.push(panel.json(all.len() + 1, &place));
        }
        y += lines * HEIGHT;
    }
    all
}

impl Panel {
    fn json(self, id: usize, place: &Value) -> Value {
        let target = |(at, query): (usize, Query)| {
            json!({
                "refId": reference(at),
                "datasource": datasource(),
                "expr": query.expression,
                "legendFormat": query.legend,
                "range": true,
                "instant": false,
            })
        };
        let targets: Vec<Value> = self.queries.into_iter().enumerate().map(target).collect();
        let mut drawn = Map::new();
        drawn.insert("drawStyle".to_owned(), json!("line"));
        drawn.insert("lineWidth".to_owned(), json!(1));
        drawn.insert("fillOpacity".to_owned(), json!(10));
        drawn.insert("showPoints".to_owned(), json!("never"));
        if !self.limits.is_empty() {
            drawn.insert("thresholdsStyle".to_owned(), json!({ "mode": "line" }));
        }
        json!({
            "id": id,
            "type": "timeseries",
            "title": self.title,
            "description": self.description,
            "datasource": datasource(),
            "gridPos": place,
            "targets": targets,
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "thresholds": { "mode": "absolute", "steps": steps(&self.limits) },
                    "custom": drawn,
                },
                "overrides": [],
            },
            "options": {
                "legend": {
                    "displayMode": "table", "placement": "bottom", "showLegend": true,
                    "calcs": ["lastNotNull", "max"],
                },
                "tooltip": { "mode": "multi", "sort": "desc" },
            },
        })
    }
}

/// `A` to `Z`, then `A1` and so on.
fn reference(at: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
    if at < 26 { letter.to_string() } else { format!("{letter}{}", at / 26) }
}

fn steps(limits: &[f64]) -> Vec<Value> {
    let colours = ["yellow", "red"];
    let from = limits.len().saturating_sub(colours.len());
    let last = limits.iter().skip(from);
    // A single limit is red.
    let skip = colours.len() - limits.len().min(colours.len());
    let coloured = colours.into_iter().skip(skip);
    let mut steps = vec![json!({ "color": "green", "value": null })];
    steps
        .extend(coloured.zip(last).map(|(color, value)| json!({ "color": color, "value": value })));
    steps
}
