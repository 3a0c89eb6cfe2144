//! The simulator against the table of closed forms that the analytic solver is held to as well:
//! a mean must lie inside its 99.9 % interval, percentiles and shares within a stated tolerance.
//!
//! A part runs with every test; all of it with `cargo xtask validate-sim`.

mod cases;
mod measures;
#[path = "../../../../queueing/tests/all/table.rs"]
#[allow(dead_code, reason = "shared with the analytic solver")]
mod table;

use std::collections::BTreeMap;

use simulate::experiment::{Plan, Report, simulate};
use simulate::statistics::Estimate;

use measures::{Kind, measure};
use table::{Row, rows};

/// How exact a run has to be.
#[derive(Clone, Copy)]
struct Rigour {
    /// Relative half-width of the 99.9 % interval of a mean.
    mean: f64,
    /// Most times that the first, short run is prolonged.
    longest: f64,
    /// Whether a percentile outside its tolerance passes where its interval holds the exact one.
    forgiving: bool,
}

const FAST: Rigour = Rigour { mean: 0.06, longest: 2.0, forgiving: true };
const FULL: Rigour = Rigour { mean: 0.01, longest: 400.0, forgiving: false };

/// One network for every family of the table, the least of each.
#[test]
fn one_network_of_every_family_meets_its_closed_form() {
    let mut seen = Vec::new();
    let groups = groups().into_iter().filter(|((name, parameters), _)| {
        let first = !seen.contains(name) && !parameters.contains("c=1;K=10");
        if first {
            seen.push(name.clone());
        }
        first
    });
    check(groups.collect(), FAST);
    assert!(seen.len() >= 15, "{seen:?}");
}

#[test]
#[ignore = "an hour of work for one core: cargo xtask validate-sim"]
fn every_row_meets_its_closed_form() {
    check(groups(), FULL);
}

/// Rows that no simulation of a network tells: they are arithmetic, and the solver's own tests hold
/// them.
fn is_arithmetic(row: &Row) -> bool {
    let families = ["RetryBudget", "Series", "USL", "Little", "PoolSizing(ErlangC)", "BurnRate"];
    let metrics = ["N*(knee)=(Z+sumD)/Dmax", "P(any leg > its p99)"];
    families.contains(&row.name.as_str())
        || metrics.contains(&row.metric.as_str())
        || row.metric.starts_with("attempts at leaf")
}

type Groups = BTreeMap<(String, String), Vec<Row>>;

/// The rows that are simulated, by network.
fn groups() -> Groups {
    let mut groups = Groups::new();
    let (simulated, arithmetic): (Vec<Row>, Vec<Row>) =
        rows().into_iter().partition(|row| !is_arithmetic(row));
    assert_eq!((simulated.len(), arithmetic.len()), (342, 17));
    for row in simulated {
        groups.entry((row.name.clone(), row.parameters.clone())).or_default().push(row);
    }
    groups
}

fn check(groups: Groups, rigour: Rigour) {
    let mut failures = Vec::new();
    let mut count = 0;
    for ((name, parameters), rows) in groups {
        let report = run(&rows, rigour);
        for row in &rows {
            count += 1;
            let (kind, estimate) = measure(row, &report);
            let verdict = verdict(row, kind, &estimate, rigour);
            let metric = &row.metric;
            let (found, wide) = (estimate.value, estimate.half_width(0.999));
            let line = format!(
                "{name} {parameters}: {metric} {found:.6} ±{wide:.6}, exactly {}",
                row.expected
            );
            println!("{} {line}", if verdict.is_ok() { "ok  " } else { "FAIL" });
            failures.extend(verdict.err().map(|why| format!("{line}: {why}")));
        }
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

/// A short run, and one that is as long as the first one's intervals ask for.
fn run(rows: &[Row], rigour: Rigour) -> Report {
    let network = cases::network(&rows[0]);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan { replications: 16, threads, ..Plan::default() };
    let first = simulate(&network, &plan, |_| ()).unwrap();
    let window = &first.windows[0];
    let needed = rows.iter().map(|row| {
        let (kind, estimate) = measure(row, &first);
        let target = target(kind, row, rigour);
        let off = estimate.half_width(0.999) / row.expected.abs().max(1e-9) / target;
        // The spread of few replications is itself a guess.
        1.5 * off * off
    });
    let factor = needed.fold(1.0, f64::max).min(rigour.longest);
    if factor <= 1.0 {
        return first;
    }
    let duration = ((window.to - window.from) as f64 * factor) as u64;
    let plan = Plan { duration: Some(duration), warm_up: Some(duration / 20), ..plan };
    simulate(&network, &plan, |_| ()).unwrap()
}

/// How wide the 99.9 % interval may be, as a share of the exact value.
fn target(kind: Kind, row: &Row, rigour: Rigour) -> f64 {
    match kind {
        Kind::Mean => rigour.mean,
        Kind::Quantile(tolerance) => tolerance.max(rigour.mean),
        Kind::Count(tolerance) => tolerance.max(rigour.mean / 3.0),
        Kind::Share => (0.02f64).max(0.001 / row.expected.max(1e-12)),
        Kind::Within(tolerance) => tolerance,
        Kind::Above | Kind::Below => 1.0,
    }
}

fn verdict(row: &Row, kind: Kind, found: &Estimate, rigour: Rigour) -> Result<(), String> {
    let (value, exact) = (found.value, row.expected);
    let off = (value - exact).abs();
    let close = |tolerance: f64| {
        let inside = off <= tolerance * exact.abs() + 1e-9;
        if inside || (rigour.forgiving && found.covers(exact, 0.999)) {
            return Ok(());
        }
        Err(format!("off by {:.2} %, more than {:.2} %", 100.0 * off / exact, 100.0 * tolerance))
    };
    match kind {
        Kind::Mean => {
            if !found.covers(exact, 0.999) {
                return Err(format!("off by {:.2} %, outside its interval", 100.0 * off / exact));
            }
            let wide = found.half_width(0.999) / exact;
            // The length of the second run is a forecast; and beyond 90 % load nobody waits.
            let most = if rigour.forgiving { 0.3 } else { 1.5 * rigour.mean };
            if wide > most && !row.parameters.contains("lambda=3.8") {
                return Err(format!("±{:.2} % tells too little", 100.0 * wide));
            }
            Ok(())
        }
        Kind::Quantile(tolerance) | Kind::Count(tolerance) | Kind::Within(tolerance) => {
            close(tolerance)
        }
        Kind::Share if off <= 0.001 => Ok(()),
        Kind::Share => close(0.02),
        Kind::Above if value >= exact => Ok(()),
        Kind::Below if value <= exact => Ok(()),
        Kind::Above | Kind::Below => Err("beyond the bound".to_owned()),
    }
}
