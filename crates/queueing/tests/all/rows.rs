//! Computes each row of the table.

use queueing::{
    Closed, DeterministicService, FiniteRoom, ForkJoin, GeneralService, InfiniteServers,
    MultiServer, Network, Patience, Population, Retries, Scalability, Station, attempts_at_leaf,
    budget_spent, erlang_b, fan_out, little, load_with_budget, series,
    servers_for_waiting_probability, tandem_sojourn_quantile,
};

use crate::table::{Row, numbers, rows};

/// Relative error allowed for the closed forms.
const TOLERANCE: f64 = 1e-9;

#[test]
fn every_row_of_the_table_is_met() {
    let rows = rows();
    let mut wrong = Vec::new();
    for row in &rows {
        let found = compute(row);
        let error = (found - row.expected).abs() / row.expected.abs().max(1e-300);
        if row.expected == 0.0 && found == 0.0 {
            continue;
        }
        if error.is_nan() || error > TOLERANCE {
            let place = format!("{} {} {}", row.name, row.parameters, row.metric);
            wrong.push(format!("{place}: {found} instead of {} ({error:.1e})", row.expected));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows differ:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
    assert_eq!(rows.len(), 359);
}

fn compute(row: &Row) -> f64 {
    match row.name.as_str() {
        "M/M/1" | "M/M/c" | "RandomSplit" => multi_server(row),
        "M/M/c/c(ErlangB)" => erlang_b(row.number("lambda") / row.number("mu"), row.count("c")),
        "M/M/c/K" => finite_room(row),
        "M/G/1" => general(row),
        "M/D/1" => deterministic(row),
        "M/G/inf" => infinite(row),
        "Erlang-A(M/M/c+M)" => patience(row),
        "MachineRepair(M/M/c//N)" => population(row),
        "ClosedMVA" => closed(row),
        "Jackson-open" => jackson(row),
        "Tandem" => tandem(row),
        "ForkJoin-2" | "ForkJoin-N" => fork_join(row),
        "Fanout" => fanned_out(row),
        other => small(row, other),
    }
}

fn multi_server(row: &Row) -> f64 {
    let station = if row.name == "RandomSplit" {
        let arrivals = row.number("lambda_total") / row.number("servers");
        MultiServer { arrivals, service: row.number("mu"), servers: 1 }
    } else {
        let (arrivals, service) = (row.number("lambda"), row.number("mu"));
        MultiServer { arrivals, service, servers: row.count("c") }
    };
    match row.metric.as_str() {
        "utilization" => station.utilisation(),
        "L" => station.mean_number(),
        "Lq" => station.mean_waiting(),
        "W" => station.mean_sojourn(),
        "Wq" => station.mean_wait(),
        "P_wait(ErlangC)" => station.waiting_probability(),
        "P(N>=10)" => station.probability_at_least(10),
        metric if metric.starts_with("wait_p") => station.wait_quantile(row.share()),
        metric if metric.starts_with("sojourn_p") => station.sojourn_quantile(row.share()),
        other => panic!("{other}"),
    }
}

fn finite_room(row: &Row) -> f64 {
    let station = FiniteRoom {
        arrivals: row.number("lambda"),
        service: row.number("mu"),
        servers: row.count("c"),
        room: row.count("K"),
    };
    match row.metric.as_str() {
        "P_block" => station.blocking_probability(),
        "throughput" => station.throughput(),
        "L" => station.mean_number(),
        "W_accepted" => station.mean_sojourn(),
        "Wq_accepted" => station.mean_wait(),
        "utilization" => station.utilisation(),
        metric if metric.starts_with("sojourn_accepted_p") => station.sojourn_quantile(row.share()),
        other => panic!("{other}"),
    }
}

fn variability(shape: &str) -> f64 {
    let inside = |text: &str| text.trim_end_matches(')').to_owned();
    match shape.split_once('(').map_or((shape, String::new()), |(name, rest)| (name, inside(rest)))
    {
        ("D", _) => 0.0,
        ("Exp", _) => 1.0,
        ("Erlang4", _) => 0.25,
        // Uniform on (0, 2): variance 4/12, mean 1.
        ("Uniform", _) => 1.0 / 3.0,
        ("LogNormal" | "H2", scv) => {
            numbers(scv.trim_start_matches("scv=")).first().copied().unwrap()
        }
        // 0.9 at 0.5 and 0.1 at 5.5: mean 1, second moment 3.25.
        ("Bimodal", _) => 0.9 * 0.25 + 0.1 * 30.25 - 1.0,
        other => panic!("{other:?}"),
    }
}

fn general(row: &Row) -> f64 {
    let variability = variability(row.between(";S=", ";c="));
    let (arrivals, mean) = (row.number("lambda"), row.number("ES"));
    let station = GeneralService { arrivals, mean, variability };
    match row.metric.as_str() {
        "Wq" => station.mean_wait(),
        "W" => station.mean_sojourn(),
        "L" => station.mean_number(),
        other => panic!("{other}"),
    }
}

fn deterministic(row: &Row) -> f64 {
    let station = DeterministicService { arrivals: row.number("lambda"), time: row.number("D") };
    match row.metric.as_str() {
        "Wq" => station.mean_wait(),
        metric if metric.starts_with("wait_p") => station.wait_quantile(row.share()),
        metric if metric.starts_with("sojourn_p") => station.sojourn_quantile(row.share()),
        other => panic!("{other}"),
    }
}

fn infinite(row: &Row) -> f64 {
    let station = InfiniteServers { arrivals: row.number("lambda"), mean: row.number("ES") };
    if row.metric == "L" { station.mean_number() } else { station.idle_probability() }
}

fn patience(row: &Row) -> f64 {
    let station = Patience {
        arrivals: row.number("lambda"),
        service: row.number("mu"),
        servers: row.count("c"),
        abandonment: numbers(&row.between("rate ", ")").replace(')', " "))[0],
    };
    match row.metric.as_str() {
        "P_abandon" => station.abandonment_probability(),
        "Wq_all" => station.mean_wait(),
        "P_wait" => station.waiting_probability(),
        "goodput" => station.goodput(),
        other => panic!("{other}"),
    }
}

fn population(row: &Row) -> f64 {
    let station = Population {
        population: row.count("N"),
        servers: row.count("c"),
        think: row.number("Z"),
        service: row.number("S"),
    };
    match row.metric.as_str() {
        "throughput" => station.throughput(),
        "R" => station.mean_sojourn(),
        "utilization" => station.utilisation(),
        other => panic!("{other}"),
    }
}

fn closed(row: &Row) -> f64 {
    let population = if row.parameters.starts_with("N=") { row.count("N") } else { 1 };
    let demands = numbers(row.between("D=", "("));
    let network = Closed { population, think: row.number("Z"), demands };
    let solved = network.solve();
    match row.metric.as_str() {
        "throughput" => solved.throughput,
        "R" => solved.response,
        "util_bottleneck" => solved.utilisations[1],
        "Q_bottleneck" => solved.numbers[1],
        "N*(knee)=(Z+sumD)/Dmax" => network.knee(),
        other => panic!("{other}"),
    }
}

/// The one network of the table: web -> app <-> db.
fn jackson(row: &Row) -> f64 {
    let station = |arrivals, service, servers, next| Station { arrivals, service, servers, next };
    let network = Network(vec![
        station(8.0, 10.0, 2, vec![(1, 1.0)]),
        station(0.0, 5.0, 4, vec![(2, 0.6)]),
        station(0.0, 12.0, 1, vec![(1, 0.3)]),
    ]);
    let stations = network.solve().unwrap();
    let (number, time) = network.totals().unwrap();
    let Some((metric, name)) = row.metric.split_once('_') else { panic!("{}", row.metric) };
    let at = ["web", "app", "db"].iter().position(|station| *station == name);
    match (metric, at.map(|at| stations[at].station)) {
        ("lambda", Some(station)) => station.arrivals,
        ("util", Some(station)) => station.utilisation(),
        ("L", Some(station)) => station.mean_number(),
        ("W", Some(station)) => station.mean_sojourn(),
        ("L", None) => number,
        ("W", None) => time,
        other => panic!("{other:?}"),
    }
}

fn tandem(row: &Row) -> f64 {
    let (arrivals, services) = (row.number("lambda"), numbers(row.between("mu=", ";")));
    if row.metric == "W_end_to_end" {
        return services.iter().map(|service| 1.0 / (service - arrivals)).sum();
    }
    tandem_sojourn_quantile(arrivals, &services, row.share())
}

fn fork_join(row: &Row) -> f64 {
    let (arrivals, service) = (row.number("lambda"), row.number("mu"));
    let station = ForkJoin { arrivals, service, branches: row.count("N") };
    match row.metric.split(['(', ' ']).next().unwrap() {
        "W" => station.mean_sojourn(),
        "W_upper_bound" => station.upper_bound(),
        "W_lower_bound" => station.lower_bound(),
        other => panic!("{other}"),
    }
}

fn fanned_out(row: &Row) -> f64 {
    let calls = row.count("N");
    match row.metric.as_str() {
        "E[max]" => fan_out::mean(calls, 1.0),
        "p50_of_max" => fan_out::quantile(calls, 1.0, 0.5),
        "p99_of_max" => fan_out::quantile(calls, 1.0, 0.99),
        "P(any leg > its p99)" => fan_out::any_beyond(calls, 0.99),
        other => panic!("{other}"),
    }
}

fn small(row: &Row, name: &str) -> f64 {
    match (name, row.metric.as_str()) {
        ("RetryAmplification", "attempts at leaf per user request") => attempts_at_leaf(5, 3),
        ("RetryAmplification", metric) => {
            let failure = numbers(row.between("p=", ";"))[0];
            let retries = Retries { failure, retries: row.count("max_retries") };
            if metric == "success" { retries.success() } else { retries.mean_attempts() }
        }
        ("RetryBudget", _) => load_with_budget(0.1),
        ("Series", _) => series(&[0.999; 5]),
        ("USL", metric) => {
            let law = Scalability {
                single: row.number("gamma"),
                contention: row.number("sigma"),
                coherency: row.number("kappa"),
            };
            if metric == "N_peak" { law.peak() } else { law.throughput(row.number("N")) }
        }
        ("Little", _) => little(2000.0, 0.012),
        ("PoolSizing(ErlangC)", _) => {
            let share = numbers(row.between("P_wait<=", ";"))[0];
            f64::from(servers_for_waiting_probability(24.0, share).unwrap())
        }
        ("BurnRate", _) => {
            let window = numbers(&row.between(";window=", "h").replace('h', " "))[0];
            budget_spent(numbers(row.between("burn=", ";"))[0], window, 30.0 * 24.0)
        }
        other => panic!("{other:?}"),
    }
}
