//! What is busy, and what gives way first.

use base::html::Html;

use crate::design::{Phase, ResourceAnswer};
use crate::output::format::{digits, share};

use super::chart::{path, units};
use super::operations::wide;

/// Resources that are shown; the others are less busy.
const MOST: usize = 20;

/// Length of a whole bar.
const LENGTH: f64 = 240.0;

/// How busy each resource is, the busiest first; `reached` is the share from which there is no room
/// for chance.
pub(super) fn table(out: &mut Html, phase: &Phase) {
    let limits: Vec<&str> = phase.bottlenecks().map(|of| of.name.as_str()).collect();
    let columns = [
        ("", "resource"),
        ("", "servers"),
        ("", "in use"),
        ("chart", "share of its time"),
        ("", "waiting"),
        ("", "p99 of that"),
        ("", "turned away"),
        ("", "room"),
    ];
    wide(out, "Resources", &columns, |out| {
        let busy = phase.resources.iter().filter(|of| of.utilisation.is_some()).take(MOST);
        for of in busy {
            let class = match limits.iter().position(|name| *name == of.name) {
                Some(0) => "used first",
                Some(_) => "used then",
                None => "used",
            };
            row(out, of, class);
        }
    });
    out.leaf(
        "p",
        &[("class", "soft")],
        "Room: how many times this load until there is none left for chance (the upright line). Red \
         gives way first, amber next. Waiting: the mean of all replicas, and how many wait at one of \
         them at the most in 99 of 100 moments.",
    );
}

fn row(out: &mut Html, of: &ResourceAnswer, class: &str) {
    let used = of.utilisation.unwrap_or(0.0);
    let half = if of.half_width.is_finite() { of.half_width } else { 0.0 };
    out.element("tr", &[], |out| {
        out.leaf("th", &[("scope", "row")], &of.name);
        let servers = of.servers.map_or_else(|| "\u{2013}".to_owned(), |count| count.to_string());
        out.leaf("td", &[], &servers);
        out.element("td", &[], |out| {
            out.text(&share(used));
            if half > 0.0 && used > 0.0 {
                out.leaf("small", &[], &format!(" \u{b1}{:.1}%", half / used * 100.0));
            }
        });
        out.element("td", &[("class", "chart")], |out| {
            let reached = of.room.map(|room| room * used);
            bar(out, class, used, half, reached);
        });
        out.leaf("td", &[], &digits(of.waiting));
        let deepest = of.deepest.map_or_else(|| "\u{2013}".to_owned(), |deep| deep.to_string());
        out.leaf("td", &[], &deepest);
        out.leaf("td", &[], &if of.rejected > 0.0 { share(of.rejected) } else { "0".to_owned() });
        let room =
            of.room.map_or_else(|| "\u{2013}".to_owned(), |room| format!("{}x", digits(room)));
        out.leaf("td", &[], &room);
    });
}

/// A bar with its interval, and a line where there is no more room.
pub(super) fn bar(out: &mut Html, class: &str, used: f64, half: f64, reached: Option<f64>) {
    let width = units(LENGTH);
    let view = format!("0 0 {width} 16");
    let label = share(used);
    let attributes = [
        ("class", "inline"),
        ("viewBox", view.as_str()),
        ("width", &width),
        ("height", "16"),
        ("role", "img"),
        ("aria-label", &label),
    ];
    let at = |share: f64| LENGTH * share.clamp(0.0, 1.0);
    out.element("svg", &attributes, |out| {
        let size = [("class", "rest"), ("y", "3"), ("width", width.as_str()), ("height", "10")];
        out.leaf("rect", &size, "");
        let filled = units(at(used));
        let size = [("class", class), ("y", "3"), ("width", filled.as_str()), ("height", "10")];
        out.leaf("rect", &size, "");
        if half > 0.0 && half.is_finite() {
            let (low, high) = (units(at(used - half)), units(at(used + half)));
            path(out, "bound", &format!("M{low} 8H{high}"));
        }
        if let Some(reached) = reached {
            path(out, "tick", &format!("M{} 0V16", units(at(reached))));
        }
    });
}
