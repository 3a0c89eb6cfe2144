//! Whether goodput comes back after a trigger: over time, and by its length and the load.

use base::html::Html;

use crate::design::{Search, Stability};
use crate::output::format::share;
use crate::output::stability_text::{boundaries, pressure, verdict};

use super::chart::{Axes, Chart, dot, legend};
use super::scale::{Scale, short_number, short_time};

/// The verdict, in words.
pub(super) fn summary(out: &mut Html, stability: &Stability) {
    let of = &stability.recovery;
    let class = if of.returns() { "lead kept" } else { "lead broken" };
    out.leaf("p", &[("class", class)], &format!("After the trigger, {}.", verdict(stability)));
    out.element("ul", &[], |out| {
        for line in boundaries(stability).into_iter().chain(pressure(stability)) {
            out.leaf("li", &[], &line);
        }
    });
    let part = |goodput: f64| share(goodput / of.offered.max(f64::MIN_POSITIVE));
    out.element("dl", &[("class", "figures")], |out| {
        let before = of.before.map(|before| ("goodput before", part(before)));
        let rest = [("while it lasts", part(of.during)), ("well after", part(of.after))];
        for (name, value) in before.into_iter().chain(rest) {
            super::figure(out, name, &value, "of what comes without the trigger");
        }
    });
}

/// What was tried, and where the answer turns.
pub(super) fn boundaries_charts(out: &mut Html, stability: &Stability) {
    legend(
        out,
        &[("dot well", "comes back"), ("dot badly", "stays down"), ("promise", "where it turns")],
    );
    out.element("div", &[("class", "tiles")], |out| {
        chart(out, "By the length of the trigger", &stability.lengths, short_time);
        chart(out, "By the load, as a multiple of this one", &stability.loads, times);
    });
}

fn times(value: f64) -> String {
    format!("{}x", short_number(value))
}

fn percent(value: f64) -> String {
    format!("{}%", short_number(value * 100.0))
}

fn chart(out: &mut Html, name: &str, of: &Search, shown: fn(f64) -> String) {
    let most = of.trials.iter().map(|of| of.at);
    let chart = Chart {
        width: 350.0,
        height: 200.0,
        x: Scale::up_to(most),
        y: Scale::Linear { from: 0.0, to: 1.0 },
    };
    out.element("figure", &[], |out| {
        out.element("figcaption", &[], |out| out.leaf("b", &[], name));
        let axes = Axes { x: shown, y: percent, title: "ends well, of what is asked for" };
        let label = format!("Share that ends well after the trigger. {name}");
        chart.write(out, "", &label, &axes, |out| {
            if let Some(turn) = of.turn {
                chart.stretch(out, "trigger", turn.good, turn.bad);
                let middle = turn.middle();
                chart.line(out, "promise", &[(middle, Some(0.0)), (middle, Some(1.0))]);
            }
            let line: Vec<(f64, Option<f64>)> =
                of.trials.iter().map(|of| (of.at, Some(of.after))).collect();
            chart.line(out, "asked", &line);
            for trial in &of.trials {
                let class = if trial.returns { "well" } else { "badly" };
                dot(out, class, chart.across(trial.at), chart.down(trial.after), 4.0);
            }
        });
    });
}
