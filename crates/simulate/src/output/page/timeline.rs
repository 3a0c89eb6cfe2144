//! What happens over time around a disturbance.

use base::html::Html;

use crate::design::Disturbance;
use crate::experiment::{Point, WindowReport};

use super::chart::{Axes, Chart, legend};
use super::scale::{Scale, short_number, short_time};

/// A series with what happened meanwhile.
pub(super) struct Timeline<'a> {
    pub(super) series: &'a [Point],
    /// Names of the sources that count: as many as the first.
    pub(super) names: Vec<&'a str>,
    /// Those of them, by position, of which is shown how many are not done.
    pub(super) backlogs: Vec<usize>,
    /// What is asked for in each window.
    pub(super) windows: &'a [WindowReport],
    /// What happened: from, until, in seconds.
    pub(super) triggers: Vec<(f64, f64)>,
}

/// Points that are drawn on a wide and on a narrow screen.
const POINTS: [usize; 2] = [500, 170];
/// Sizes there.
const SIZES: [(f64, f64); 2] = [(1080.0, 200.0), (350.0, 170.0)];
/// Their classes.
const CLASSES: [&str; 2] = ["desk", "phone"];
/// Sources of which a chart of their own is drawn: those that suffer most.
const SUFFERING: usize = 12;
/// Requests of a window from which a source is drawn.
const DRAWN: f64 = 20.0;
/// Points of a source by itself: it has fewer requests.
const FEWER: usize = 100;
/// Share that must fail in a window for a source to suffer.
const SUFFERS: f64 = 0.01;

/// When disturbances begin and end; to the end where nothing says until when.
pub(super) fn triggers(of: &[Disturbance], end: f64) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = Vec::new();
    for of in of {
        let found = (of.from, of.until.unwrap_or(end).min(end));
        if !all.contains(&found) {
            all.push(found);
        }
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "positions in a chart")]
fn seconds(time: u64) -> f64 {
    time as f64 / 1e9
}

/// A stretch of the series that is drawn as one point.
struct Moment<'a>(&'a [Point]);

impl Moment<'_> {
    fn time(&self) -> f64 {
        self.0.last().map_or(0.0, |last| seconds(last.time))
    }

    fn mean(&self, of: impl Fn(&Point) -> f64) -> f64 {
        let (sum, count) = self.0.iter().map(of).fold((0.0, 0.0), |(s, n), x| (s + x, n + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// The worst of the times.
    fn time_of(&self, of: impl Fn(&(f64, f64)) -> f64) -> Option<f64> {
        self.0.iter().filter_map(|point| point.times.as_ref().map(&of)).reduce(f64::max)
    }
}

impl Timeline<'_> {
    fn end(&self) -> f64 {
        self.series.last().map_or(1.0, |last| seconds(last.time)).max(1e-9)
    }

    fn moments(&self, count: usize) -> impl Iterator<Item = Moment<'_>> {
        self.series.chunks(self.series.len().div_ceil(count.max(1)).max(1)).map(Moment)
    }

    /// Requests a second of the sources that count, by window.
    fn asked(&self) -> Vec<(f64, Option<f64>)> {
        let mut steps = Vec::new();
        for window in self.windows {
            let sources = window.sources.iter().take(self.names.len());
            let rate = sources.map(|of| of.offered.value).sum();
            steps.push((seconds(window.from), Some(rate)));
            steps.push((seconds(window.to), Some(rate)));
        }
        steps
    }

    /// The charts, one below the other.
    pub(super) fn write(&self, out: &mut Html) {
        if self.series.is_empty() {
            return;
        }
        let mut lines = vec![
            ("line one", "end well"),
            ("band", "least and most of the replications"),
            ("line two", "fail"),
            ("asked", "asked for"),
        ];
        lines.extend(Some(("trigger", "disturbed")).filter(|_| !self.triggers.is_empty()));
        legend(out, &lines);
        for at in 0..SIZES.len() {
            self.rates(out, at);
        }
        if self.series.iter().any(|point| point.times.is_some()) {
            legend(out, &[("line one", "p50"), ("line five", "p95")]);
            for at in 0..SIZES.len() {
                self.times(out, at);
            }
        }
        for at in 0..SIZES.len() {
            self.inside(out, at);
        }
        self.each(out);
        self.not_done(out);
    }

    fn chart(&self, at: usize, y: Scale) -> Chart {
        let (width, height) = SIZES[at];
        Chart { width, height, x: Scale::Linear { from: 0.0, to: self.end() }, y }
    }

    fn shade(&self, out: &mut Html, chart: &Chart) {
        for (from, until) in &self.triggers {
            chart.stretch(out, "trigger", *from, *until);
        }
        for window in self.windows.iter().skip(1) {
            chart.upright(out, "asked", seconds(window.from));
        }
    }

    fn rates(&self, out: &mut Html, at: usize) {
        let count = self.names.len();
        let ended = |point: &Point, well: bool| -> f64 {
            point.ended.iter().take(count).map(|of| if well { of.0 } else { of.1 }).sum()
        };
        let mut band = Vec::new();
        let (mut well, mut badly) = (Vec::new(), Vec::new());
        for moment in self.moments(POINTS[at]) {
            let time = moment.time();
            let least = moment.mean(|of| of.goodput.0.min(of.goodput.1));
            band.push((time, least, moment.mean(|of| of.goodput.1)));
            well.push((time, Some(moment.mean(|of| ended(of, true)))));
            badly.push((time, Some(moment.mean(|of| ended(of, false)))));
        }
        let asked = self.asked();
        let highest = band.iter().map(|of| of.2).chain(asked.iter().filter_map(|of| of.1));
        let chart = self.chart(at, Scale::up_to(highest.chain(badly.iter().filter_map(|of| of.1))));
        let axes = Axes { x: short_time, y: short_number, title: "requests a second" };
        let label = "Requests a second over time: asked for, ended well, failed";
        chart.write(out, CLASSES[at], label, &axes, |out| {
            self.shade(out, &chart);
            chart.band(out, "band", &band);
            chart.line(out, "asked", &asked);
            chart.line(out, "line two", &badly);
            chart.line(out, "line one", &well);
        });
    }

    fn times(&self, out: &mut Html, at: usize) {
        let (mut median, mut tail) = (Vec::new(), Vec::new());
        for moment in self.moments(POINTS[at]) {
            median.push((moment.time(), moment.time_of(|of| of.0)));
            tail.push((moment.time(), moment.time_of(|of| of.1)));
        }
        let all = median.iter().chain(&tail).filter_map(|of| of.1);
        let chart = self.chart(at, Scale::of_times(all));
        let title = "time of those that end well, all operations together";
        let axes = Axes { x: short_time, y: short_time, title };
        let label = "Median and 95th percentile of the time of requests that end well, over time";
        chart.write(out, CLASSES[at], label, &axes, |out| {
            self.shade(out, &chart);
            chart.line(out, "line five", &tail);
            chart.line(out, "line one", &median);
        });
    }

    fn inside(&self, out: &mut Html, at: usize) {
        let inside: Vec<(f64, Option<f64>)> = self
            .moments(POINTS[at])
            .map(|moment| (moment.time(), Some(moment.mean(|of| of.jobs))))
            .collect();
        let chart = self.chart(at, Scale::up_to(inside.iter().filter_map(|of| of.1)));
        let title = "in progress: served, waiting, or between two attempts";
        let axes = Axes { x: short_time, y: short_number, title };
        let label = "Requests in progress over time";
        chart.write(out, CLASSES[at], label, &axes, |out| {
            self.shade(out, &chart);
            chart.line(out, "line one", &inside);
        });
    }

    /// Those that suffer, each by itself: what is rare does not show in the sum.
    fn each(&self, out: &mut Html) {
        let mut suffering: Vec<(usize, f64)> =
            (0..self.names.len()).filter_map(|at| Some((at, self.lost(at)?))).collect();
        suffering.sort_by(|a, b| b.1.total_cmp(&a.1));
        suffering.truncate(SUFFERING);
        if suffering.is_empty() || self.names.len() < 2 {
            return;
        }
        out.leaf("h3", &[], "Those that fail");
        out.element("div", &[("class", "tiles")], |out| {
            for (source, _) in suffering {
                self.one(out, source);
            }
        });
    }

    /// Calls that go on when nobody waits for them: how many are not done.
    fn not_done(&self, out: &mut Html) {
        let open = |point: &Point, at: usize| point.open.get(at).copied().unwrap_or(0.0);
        let most = |at: usize| self.series.iter().map(|of| open(of, at)).fold(0.0, f64::max);
        let mut shown: Vec<(usize, f64)> =
            self.backlogs.iter().map(|at| (*at, most(*at))).collect();
        shown.retain(|(_, most)| *most >= 1.0);
        shown.sort_by(|a, b| b.1.total_cmp(&a.1));
        shown.truncate(SUFFERING);
        if shown.is_empty() {
            return;
        }
        out.leaf("h3", &[], "Calls that are not done");
        out.element("div", &[("class", "tiles")], |out| {
            for (source, _) in shown {
                let name = self.names.get(source).copied().unwrap_or_default();
                let points = self.moments(FEWER);
                let line: Vec<(f64, Option<f64>)> = points
                    .map(|moment| (moment.time(), Some(moment.mean(|of| open(of, source)))))
                    .collect();
                let y = Scale::up_to(line.iter().filter_map(|of| of.1));
                let chart = Chart { width: 350.0, height: 140.0, ..self.chart(1, y) };
                let axes = Axes { x: short_time, y: short_number, title: "" };
                out.element("figure", &[], |out| {
                    out.element("figcaption", &[], |out| {
                        out.leaf("b", &[], name);
                        out.text(" not done");
                    });
                    let label = format!("{name} that are not done, over time");
                    chart.write(out, "", &label, &axes, |out| {
                        self.shade(out, &chart);
                        chart.line(out, "line one", &line);
                    });
                });
            }
        });
    }

    /// The most requests that fail of a source a second; nothing where few of them do, or there are
    /// too few to draw.
    fn lost(&self, source: usize) -> Option<f64> {
        let lost = |window: &WindowReport| {
            let of = window.sources.get(source)?;
            let share: f64 = of.failed.iter().map(|(_, share)| share.value).sum();
            let length = seconds(window.to.saturating_sub(window.from));
            let enough = of.offered.value * length >= DRAWN && share > SUFFERS;
            enough.then_some(share * of.offered.value)
        };
        self.windows.iter().filter_map(lost).reduce(f64::max)
    }

    fn one(&self, out: &mut Html, source: usize) {
        let name = self.names.get(source).copied().unwrap_or_default();
        let of = |point: &Point, well: bool| {
            point.ended.get(source).map_or(0.0, |of| if well { of.0 } else { of.1 })
        };
        let (mut well, mut badly) = (Vec::new(), Vec::new());
        for moment in self.moments(FEWER) {
            well.push((moment.time(), Some(moment.mean(|point| of(point, true)))));
            badly.push((moment.time(), Some(moment.mean(|point| of(point, false)))));
        }
        let all = well.iter().chain(&badly).filter_map(|of| of.1);
        let chart = Chart { width: 350.0, height: 140.0, ..self.chart(1, Scale::up_to(all)) };
        let axes = Axes { x: short_time, y: short_number, title: "" };
        out.element("figure", &[], |out| {
            out.element("figcaption", &[], |out| {
                out.leaf("b", &[], name);
                out.text(" a second");
            });
            let label = format!("Requests a second of {name} over time: ended well, failed");
            chart.write(out, "", &label, &axes, |out| {
                self.shade(out, &chart);
                chart.line(out, "line two", &badly);
                chart.line(out, "line one", &well);
            });
        });
    }
}
