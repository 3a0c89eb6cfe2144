//! Threads on cores, groups that share a commit, and who tries again, against exact values.

use queueing::{
    AlternatingLines, GroupService, Retrial, ShortestLine, SleepingServer, SplitMerge, WholeGroups,
};
use simulate::experiment::{Plan, WindowReport, simulate};
use simulate::kernel::Distribution;
use simulate::network::{Builder, END, Group, Network, Policy, Station, StationId};
use simulate::statistics::Estimate;

use crate::networks::{SECOND, poisson};

/// So many seconds of each of sixteen replications.
fn watched(network: &Network, seconds: u64) -> WindowReport {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        replications: 16,
        threads,
        duration: Some(seconds * 1_000_000_000),
        warm_up: Some(1_000_000_000_000),
        ..Plan::default()
    };
    simulate(network, &plan, |_| ()).unwrap().windows.remove(0)
}

fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential(mean * SECOND)
}

fn holds(found: Estimate, wanted: f64, widest: f64) {
    let wide = found.half_width(0.999) / wanted;
    assert!(found.covers(wanted, 0.999), "{} ±{wide:.4}, exactly {wanted}", found.value);
    assert!(wide < widest, "±{wide:.4} tells too little");
}

/// Lines of Poisson arrivals, each at a station of its own, on the same cores.
fn lines(cores: Station, each: Vec<(f64, Station, Distribution)>) -> Network {
    let mut builder = Builder::new();
    let cores = builder.station(cores);
    for (rate, station, service) in each {
        let name = station.name.clone();
        let at = builder.station(Station { cores: Some(cores), ..station });
        let entry = builder.serve(at, service, END);
        builder.source(name, poisson(rate), 0, entry);
    }
    builder.finish()
}

#[test]
fn two_threads_on_one_core_wait_as_alternating_lines_do() {
    for (arrivals, service) in [([0.5, 0.2], [1.0, 1.5]), ([0.6, 0.03], [1.0, 6.0])] {
        let network = lines(
            Station::new("core"),
            vec![
                (arrivals[0], Station::new("loop"), exponential(service[0])),
                (arrivals[1], Station::new("reader"), Distribution::Constant(service[1] * SECOND)),
            ],
        );
        let window = watched(&network, 300_000);
        let exact = AlternatingLines { arrivals, service, variability: [1.0, 0.0] };
        let [first, second] = exact.mean_waits();
        holds(window.stations[1].wait.unwrap(), first, 0.05);
        holds(window.stations[2].wait.unwrap(), second, 0.05);
        holds(window.stations[0].utilisation.unwrap(), exact.utilisation(), 0.01);
    }
}

#[test]
fn a_thread_that_looks_once_more_before_it_sleeps_meets_the_decomposition() {
    for (rate, rest) in [(0.3, 0.5), (0.7, 1.0)] {
        let thread = Station {
            setup: Some(exponential(0.6)),
            rest: Some(Distribution::Constant(rest * SECOND)),
            ..Station::new("loop")
        };
        let network = lines(Station::new("core"), vec![(rate, thread, exponential(1.0))]);
        let window = watched(&network, 200_000);
        let exact = SleepingServer {
            arrivals: rate,
            service: 1.0,
            service_variability: 1.0,
            setup: 0.6,
            setup_variability: 1.0,
            rest,
        };
        holds(window.sources[0].latency.unwrap(), exact.mean_sojourn(), 0.04);
        holds(window.stations[0].utilisation.unwrap(), exact.utilisation(), 0.01);
    }
}

/// Very short slices are processor sharing, whose mean is that of M/M/1 whatever the times are.
#[test]
fn short_slices_share_the_core() {
    let core = Station { slice: Some(20_000_000), ..Station::new("core") };
    let threads = Station { servers: Some(200), ..Station::new("threads") };
    let service = Distribution::balanced(SECOND, 6.0);
    let network = lines(core, vec![(0.5, threads, service)]);
    let window = watched(&network, 40_000);
    let found = window.sources[0].latency.unwrap();
    assert!((found.value / 2.0 - 1.0).abs() < 0.03, "{} instead of 2", found.value);
    // Without slices the same core is first come, first served, and waits are long.
    let core = Station::new("core");
    let threads = Station { servers: Some(200), ..Station::new("threads") };
    let network = lines(core, vec![(0.5, threads, Distribution::balanced(SECOND, 6.0))]);
    let window = watched(&network, 200_000);
    holds(window.sources[0].latency.unwrap(), 4.5, 0.1);
}

fn grouped(rate: f64, group: Group) -> Network {
    let mut builder = Builder::new();
    let writer = builder.station(Station { group: Some(group), ..Station::new("writer") });
    let entry = builder.serve(writer, Distribution::Constant(0.0), END);
    builder.source("clients", poisson(rate), 0, entry);
    builder.finish()
}

#[test]
fn groups_that_share_a_commit_meet_baileys_queue() {
    for (rate, most) in [(0.7, 1), (3.2, 4), (6.0, 16)] {
        let network = grouped(rate, Group { most, commit: exponential(1.0) });
        let window = watched(&network, 100_000);
        let exact = GroupService { arrivals: rate, service: 1.0, most };
        holds(window.sources[0].latency.unwrap(), exact.mean_sojourn(), 0.04);
        holds(window.stations[0].utilisation.unwrap(), exact.utilisation(), 0.01);
    }
    let commit = Distribution::Constant(SECOND);
    let window = watched(&grouped(2.5, Group { most: 10_000, commit }), 50_000);
    let exact = WholeGroups::constant(2.5, 1.0);
    holds(window.sources[0].latency.unwrap(), exact.mean_sojourn(), 0.01);
    holds(window.stations[0].utilisation.unwrap(), exact.utilisation(), 0.01);
}

#[test]
fn who_tries_again_until_served_meets_falin_and_templeton() {
    let mut builder = Builder::new();
    let desk = builder.station(Station { capacity: Some(1), ..Station::new("desk") });
    let target = builder.serve(desk, Distribution::lognormal(SECOND, 2.0), END);
    let again = Some(exponential(2.0));
    let policy = Policy { retries: u32::MAX, again, ..Policy::default() };
    let entry = builder.call("clients".to_owned(), &[target], policy, END);
    builder.source("clients", poisson(0.6), 0, entry);
    let window = watched(&builder.finish(), 200_000);
    let exact = Retrial { arrivals: 0.6, service: 1.0, variability: 2.0, again: 2.0 };
    holds(window.sources[0].latency.unwrap(), exact.mean_sojourn(), 0.03);
    holds(window.stations[0].utilisation.unwrap(), exact.utilisation(), 0.01);
}

#[test]
fn a_split_whose_next_waits_for_the_merge_meets_pollaczek_and_khinchine() {
    let mut builder = Builder::new();
    let all = builder.station(Station::new("all"));
    let targets: Vec<_> = (0..4)
        .map(|at| {
            let branch = builder.station(Station::new(format!("branch{at}")));
            builder.serve(branch, exponential(1.0), END)
        })
        .collect();
    let leave = builder.leave(END);
    let asked = builder.call("all".to_owned(), &targets, Policy::default(), leave);
    let entry = builder.enter(all, asked);
    builder.source("clients", poisson(0.35), 0, entry);
    let window = watched(&builder.finish(), 100_000);
    let exact = SplitMerge { arrivals: 0.35, service: 1.0, branches: 4 };
    holds(window.sources[0].latency.unwrap(), exact.mean_sojourn(), 0.04);
}

#[test]
fn the_shortest_of_several_lines_lies_between_its_bounds() {
    let mut builder = Builder::new();
    let ways: Vec<(StationId, _)> = (0..4)
        .map(|at| {
            let server = builder.station(Station::new(format!("server{at}")));
            (server, builder.serve(server, exponential(1.0), END))
        })
        .collect();
    let entry = builder.to_shortest(&ways);
    builder.source("clients", poisson(3.2), 0, entry);
    let window = watched(&builder.finish(), 50_000);
    let found = window.sources[0].latency.unwrap();
    let half = found.half_width(0.999);
    let bounds = ShortestLine { arrivals: 3.2, service: 1.0, servers: 4 };
    assert!(found.value - half > bounds.lower_bound(), "{}", found.value);
    assert!(found.value + half < bounds.upper_bound() / 2.0, "{}", found.value);
}

/// A time limit and one more attempt; `cancel` stops what was begun.
fn policy(cancel: bool) -> Policy {
    Policy {
        timeout: Some(400_000_000),
        cancel,
        retries: 1,
        backoff: 10_000_000,
        longest_backoff: u64::MAX,
        ..Policy::default()
    }
}

/// Threads, groups, slices, patience, priorities, bounds, time limits that stop what they began:
/// whatever happens, nothing is lost and Little's law holds to the nanosecond, or this is an error.
#[test]
fn everything_about_threads_is_conserved() {
    let mut builder = Builder::new();
    let cores = builder.station(Station {
        servers: Some(2),
        slice: Some(30_000_000),
        ..Station::new("cores")
    });
    let threads = |name: &str, count| Station {
        servers: Some(count),
        cores: Some(cores),
        setup: Some(exponential(0.01)),
        rest: Some(Distribution::Constant(0.02 * SECOND)),
        ..Station::new(name)
    };
    let events = builder.station(Station {
        discipline: simulate::network::Discipline::Priority,
        drop_expired: true,
        ..threads("loop", 2)
    });
    let readers = builder.station(Station {
        patience: Some(exponential(1.0)),
        capacity: Some(9),
        failures: 0.05,
        ..threads("readers", 3)
    });
    let commit = exponential(0.1);
    let group = Some(Group { most: 4, commit });
    let writer = builder.station(Station { group, ..threads("writer", 1) });
    let answer = builder.serve(events, exponential(0.05), END);
    let read = builder.serve(readers, Distribution::lognormal(0.2 * SECOND, 3.0), answer);
    let write = builder.serve(writer, exponential(0.02), answer);
    let both = [
        builder.serve(readers, exponential(0.1), END),
        builder.serve(writer, exponential(0.05), END),
    ];
    let both = builder.call("both".to_owned(), &both, policy(true), answer);
    let ways = [(0.5, read), (0.3, write), (0.2, both)];
    let some = builder.by_chance("way".to_owned(), &ways);
    let begun = builder.serve(events, exponential(0.05), some);
    for (name, rate, cancel) in [("patient", 5.0, false), ("hasty", 5.0, true)] {
        let asked = builder.call(name.to_owned(), &[begun], policy(cancel), END);
        builder.source(name, poisson(rate), u8::from(cancel), asked);
    }
    builder.change_slowness(cores, 2_000_000_000_000, 3.0);
    builder.change_servers(readers, 2_500_000_000_000, Some(1));
    builder.change_servers(cores, 3_000_000_000_000, Some(1));
    builder.change_servers(cores, 3_500_000_000_000, Some(3));
    let network = builder.finish();
    let plan = Plan {
        replications: 8,
        duration: Some(5_000_000_000_000),
        warm_up: Some(10_000_000_000),
        ..Plan::default()
    };
    let report = |threads| simulate(&network, &Plan { threads, ..plan.clone() }, |_| ()).unwrap();
    let once = report(1);
    assert_eq!(format!("{once:?}"), format!("{:?}", report(3)));
    let first = &once.windows[0];
    for station in &first.stations {
        assert!(station.throughput.value > 1.0, "{}: {:?}", station.name, station.throughput);
    }
    let cancelled =
        |name: &str| first.stations.iter().find(|of| of.name == name).map(|of| of.cancelled.value);
    assert!(cancelled("writer").unwrap() > 0.0 && cancelled("readers").unwrap() > 0.0);
}
