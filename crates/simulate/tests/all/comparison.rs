//! Two systems under the same chance: the difference is known far better than either of them.

use simulate::design::{Direction, Side, answer, compare, compile};
use simulate::experiment::{Plan, Report, difference, simulate, simulate_pair};
use simulate::kernel::Distribution;
use simulate::network::{Arrivals, Builder, END, Network, Station};

use crate::designs::{question, shop, shop_with};

const SECOND: u64 = 1_000_000_000;
/// Which of the quantiles is the 95th percentile.
const P95: usize = 2;

/// M/M/1 at 0.8 requests a second, with this mean service in seconds.
fn desk(service: f64) -> Network {
    let mut builder = Builder::new();
    let station = builder.station(Station::new("desk"));
    let entry = builder.serve(station, Distribution::Exponential(service * 1e9), END);
    let between = Distribution::Exponential(1e9 / 0.8);
    let arrivals = Arrivals::Open { between, batch: Distribution::Constant(1.0) };
    builder.source("all", arrivals, 0, entry);
    builder.finish()
}

fn plan(seed: u64) -> Plan {
    let duration = Some(50_000 * SECOND);
    let warm_up = Some(2_000 * SECOND);
    Plan { seed, replications: 10, duration, warm_up, threads: 2, ..Plan::default() }
}

fn p95(report: &Report) -> &[Option<f64>] {
    &report.windows[0].sources[0].samples.quantiles[P95]
}

#[test]
fn common_random_numbers_tell_what_independent_ones_do_not() {
    // Two percent faster: the 95th percentile, ln 20 / (mu - lambda), falls by 9.3 %.
    let (slow, fast) = (desk(1.0), desk(0.98));
    let exact = 20.0_f64.ln() * (1.0 / (1.0 / 0.98 - 0.8) - 1.0 / (1.0 - 0.8));
    let (before, after) = simulate_pair(&slow, &fast, &plan(3), |_| ()).unwrap();
    let paired = difference(p95(&before), p95(&after)).unwrap();
    assert_eq!(paired.replications, 10);
    assert!(paired.covers(exact, 0.999), "{paired:?} for {exact}");
    assert!(paired.value + paired.half_width(0.999) < 0.0, "{paired:?}");
    // The same work with another seed for the second.
    let other = simulate(&fast, &plan(4), |_| ()).unwrap();
    let independent = difference(p95(&before), p95(&other)).unwrap();
    let reduction = (independent.error / paired.error).powi(2);
    assert!(reduction > 20.0, "variance is {reduction} times less: {paired:?} {independent:?}");
}

#[test]
fn a_design_does_not_differ_from_itself_and_a_busier_one_does() {
    let (design, question) = (shop(), question(Vec::new()));
    let busier = shop_with("rate: 300/s peak 1200/s", "rate: 300/s peak 1500/s");
    let networks = [&design, &busier].map(|design| compile(design, &question, 0.0).unwrap());
    let plan = Plan { replications: 4, threads: 2, duration: Some(5 * SECOND), ..Plan::default() };
    let compared = |one: usize, other: usize| {
        let (first, second) = (&networks[one], &networks[other]);
        let (before, after) =
            simulate_pair(&first.network, &second.network, &plan, |_| ()).unwrap();
        assert_eq!(before.warm_up, after.warm_up);
        let answers = [answer(first, &before, 0.0), answer(second, &after, 0.0)];
        compare(
            Side { compiled: first, report: &before, answer: &answers[0] },
            Side { compiled: second, report: &after, answer: &answers[1] },
        )
    };
    let same = compared(0, 0);
    assert!(same.phases[0].operations.iter().all(|of| !of.differs()));
    let busier = compared(0, 1);
    assert!(busier.only_before.is_empty() && busier.only_after.is_empty(), "{busier:?}");
    let phase = &busier.phases[0];
    let page = phase.operations.iter().find(|of| of.name == "browseProducts").unwrap();
    let more = page.goodput.difference.unwrap();
    assert!(more.value > 100.0 && page.goodput.direction() == Direction::More, "{more:?}");
    let store = phase.resources.iter().find(|of| of.name == "cores of shop-postgresql").unwrap();
    assert_eq!(store.utilisation.direction(), Direction::More, "{store:?}");
    // Who asks for something else comes at the same moments in both.
    let order = phase.operations.iter().find(|of| of.name == "placeOrder").unwrap();
    assert_eq!(order.goodput.direction(), Direction::Unclear, "{order:?}");
}
