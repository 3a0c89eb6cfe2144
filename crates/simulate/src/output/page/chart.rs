//! Charts as SVG: axes with units, no scripts, colours by class so that they follow the theme.

use base::html::Html;

use super::scale::Scale;

/// A chart: its size in user units, and its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

/// What stands at the axes of a chart.
pub(super) struct Axes<'a> {
    pub(super) x: fn(f64) -> String,
    pub(super) y: fn(f64) -> String,
    /// What the vertical axis says, above it.
    pub(super) title: &'a str,
}

/// Room for the labels of the vertical axis.
const LEFT: f64 = 46.0;
/// Room for those of the horizontal one.
const BOTTOM: f64 = 20.0;
/// Room for the title.
const TOP: f64 = 20.0;
const RIGHT: f64 = 14.0;
/// Room that a label of the horizontal axis takes, and a letter.
const WIDE: f64 = 90.0;
const LETTER: f64 = 6.5;

/// A length in user units, short.
pub(super) fn units(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

impl Chart {
    /// Where a value lies, from the left.
    pub(super) fn across(&self, value: f64) -> f64 {
        LEFT + (self.width - LEFT - RIGHT) * self.x.place(value)
    }

    /// Where a value lies, from the top.
    pub(super) fn down(&self, value: f64) -> f64 {
        TOP + (self.height - TOP - BOTTOM) * (1.0 - self.y.place(value))
    }

    /// The chart; `label` says in words what is to be seen, for who cannot.
    pub(super) fn write(
        &self,
        out: &mut Html,
        class: &str,
        label: &str,
        axes: &Axes<'_>,
        inside: impl FnOnce(&mut Html),
    ) {
        let (width, height) = (units(self.width), units(self.height));
        let view = format!("0 0 {width} {height}");
        let attributes = [
            ("class", class),
            ("viewBox", view.as_str()),
            ("width", &width),
            ("height", &height),
            ("role", "img"),
            ("aria-label", label),
        ];
        out.element("svg", &attributes, |out| {
            self.axes(out, axes);
            inside(out);
        });
    }

    fn axes(&self, out: &mut Html, axes: &Axes<'_>) {
        let (bottom, right) = (self.height - BOTTOM, self.width - RIGHT);
        for tick in self.x.ticks((self.width / WIDE).max(4.0)) {
            let x = self.across(tick);
            path(out, "grid", &format!("M{} {}V{}", units(x), units(TOP), units(bottom)));
            let words = (axes.x)(tick);
            // A label at the end would be cut off.
            let near = x + LETTER / 2.0 * words.chars().fold(0.0, |n, _| n + 1.0) > self.width;
            let (anchor, x) = if near { ("end", self.width - 1.0) } else { ("middle", x) };
            text(out, anchor, (x, self.height - 5.0), &words);
        }
        for tick in self.y.ticks(4.0) {
            let y = self.down(tick);
            path(out, "grid", &format!("M{} {}H{}", units(LEFT), units(y), units(right)));
            text(out, "end", (LEFT - 6.0, y + 4.0), &(axes.y)(tick));
        }
        path(out, "axis", &format!("M{} {}H{}", units(LEFT), units(bottom), units(right)));
        text(out, "start", (2.0, 11.0), axes.title);
    }

    /// A line through points; where there is none, it is interrupted.
    pub(super) fn line(&self, out: &mut Html, class: &str, points: &[(f64, Option<f64>)]) {
        let mut data = String::new();
        let mut drawing = false;
        for (x, y) in points {
            let Some(y) = y else {
                drawing = false;
                continue;
            };
            data.push(if drawing { 'L' } else { 'M' });
            data.push_str(&format!("{} {}", units(self.across(*x)), units(self.down(*y))));
            drawing = true;
        }
        if !data.is_empty() {
            path(out, class, &data);
        }
    }

    /// What lies between two lines: at, from, to.
    pub(super) fn band(&self, out: &mut Html, class: &str, points: &[(f64, f64, f64)]) {
        if points.is_empty() {
            return;
        }
        let up = points.iter().map(|(x, _, high)| (x, high));
        let back = points.iter().rev().map(|(x, low, _)| (x, low));
        let corners = up
            .chain(back)
            .map(|(x, y)| format!("{} {}", units(self.across(*x)), units(self.down(*y))));
        let corners: Vec<String> = corners.collect();
        path(out, class, &format!("M{}Z", corners.join("L")));
    }

    /// A stretch of the horizontal axis, from top to bottom.
    pub(super) fn stretch(&self, out: &mut Html, class: &str, from: f64, to: f64) {
        let (from, to) = (self.across(from), self.across(to));
        let (x, width) = (units(from), units((to - from).max(1.0)));
        let height = units(self.height - TOP - BOTTOM);
        let top = units(TOP);
        let attributes =
            [("class", class), ("x", &x), ("y", &top), ("width", &width), ("height", &height)];
        out.leaf("rect", &attributes, "");
    }

    /// A line from top to bottom.
    pub(super) fn upright(&self, out: &mut Html, class: &str, at: f64) {
        let (x, bottom) = (units(self.across(at)), units(self.height - BOTTOM));
        path(out, class, &format!("M{x} {}V{bottom}", units(TOP)));
    }

    /// A point with its interval upwards and downwards.
    pub(super) fn point(&self, out: &mut Html, class: &str, x: f64, y: f64, half: f64) {
        let (across, down) = (self.across(x), self.down(y));
        if half > 0.0 && half.is_finite() {
            let (low, high) = (self.down(y - half), self.down(y + half));
            let at = units(across);
            let data = format!(
                "M{at} {}V{}M{2} {3}h6M{2} {4}h6",
                units(low),
                units(high),
                units(across - 3.0),
                units(low),
                units(high)
            );
            path(out, "whisker", &data);
        }
        dot(out, class, across, down, 3.2);
    }
}

/// A path.
pub(super) fn path(out: &mut Html, class: &str, data: &str) {
    out.leaf("path", &[("class", class), ("d", data)], "");
}

/// A dot.
pub(super) fn dot(out: &mut Html, class: &str, x: f64, y: f64, radius: f64) {
    let (x, y, radius) = (units(x), units(y), units(radius));
    let class = format!("dot {class}");
    let attributes = [("class", class.trim_end()), ("cx", &x), ("cy", &y), ("r", &radius)];
    out.leaf("circle", &attributes, "");
}

/// Text at a place.
pub(super) fn text(out: &mut Html, anchor: &str, (x, y): (f64, f64), words: &str) {
    let (x, y) = (units(x), units(y));
    out.leaf("text", &[("x", x.as_str()), ("y", &y), ("text-anchor", anchor)], words);
}

/// What lines mean: the class of each, and its name.
pub(super) fn legend(out: &mut Html, lines: &[(&str, &str)]) {
    out.element("ul", &[("class", "legend")], |out| {
        for (class, name) in lines {
            out.element("li", &[], |out| {
                let view = [("width", "28"), ("height", "10"), ("aria-hidden", "true")];
                out.element("svg", &view, |out| {
                    match class.contains("band") || class.contains("trigger") {
                        true => {
                            let size = [("class", *class), ("width", "28"), ("height", "10")];
                            out.leaf("rect", &size, "");
                        }
                        false if class.starts_with("dot") => {
                            dot(out, class.trim_start_matches("dot").trim(), 14.0, 5.0, 3.6);
                        }
                        false => path(out, class, "M1 5H27"),
                    }
                });
                out.text(name);
            });
        }
    });
}
