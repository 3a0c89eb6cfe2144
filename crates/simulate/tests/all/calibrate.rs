//! Times that are fitted: those of known distributions are found again, and files that say nothing
//! are told so.

use std::fmt::Write as _;

use simulate::calibrate::{
    Bins, File, Fit, Gathered, Measured, Shape, errors, fit, from_json, read, to_json,
};
use simulate::kernel::Random;

/// Upper bounds of the buckets of `firm up`, in seconds.
const BOUNDS: [f64; 17] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0, 10.0,
];

fn drawn(shape: Shape, seed: u64, count: usize) -> Vec<f64> {
    let (distribution, mut random) = (shape.distribution(), Random::new(seed));
    (0..count).map(|_| distribution.draw(&mut random) / 1e9).collect()
}

fn bucketed(times: &[f64]) -> Bins {
    let below = |bound: f64| times.iter().filter(|time| **time <= bound).count() as u64;
    let bounds = BOUNDS.iter().chain([&f64::INFINITY]);
    let cumulative: Vec<(f64, u64)> = bounds.map(|bound| (*bound, below(*bound))).collect();
    Bins::cumulative(&cumulative, Some(times.iter().sum()))
}

fn single(times: &[f64]) -> Bins {
    let mut gathered = Gathered::default();
    times.iter().for_each(|time| gathered.add(*time));
    gathered.bins()
}

fn near(found: f64, wanted: f64, error: f64, what: &str) {
    assert!((found / wanted - 1.0).abs() < error, "{what}: {found} for {wanted}");
}

#[test]
fn lognormal_times_are_found_again_from_buckets_and_one_by_one() {
    for (mean, variation) in [(0.0002, 0.5), (0.004, 1.0), (0.030, 2.0)] {
        let shape = Shape::spread(mean, variation);
        let times = drawn(shape, 7, 20_000);
        for (bins, error) in [(bucketed(&times), 0.05), (single(&times), 0.04)] {
            let found = fit(&bins, 0.7).unwrap();
            assert!(matches!(found.shape, Shape::Lognormal(_)), "{found:?}");
            near(found.shape.mean(), mean, error, "mean");
            for share in [0.5, 0.95, 0.99] {
                near(found.shape.quantile(share), shape.quantile(share), error, "percentile");
            }
        }
    }
}

#[test]
fn two_phases_are_found_where_they_fit_better() {
    let shape = Shape::Phases { share: 0.9, first: 0.001, second: 0.02 };
    let times = drawn(shape, 11, 40_000);
    for bins in [bucketed(&times), single(&times)] {
        let found = fit(&bins, 0.7).unwrap();
        assert!(matches!(found.shape, Shape::Phases { .. }), "{found:?}");
        near(found.shape.mean(), shape.mean(), 0.05, "mean");
        near(found.shape.quantile(0.5), shape.quantile(0.5), 0.05, "p50");
        near(found.shape.quantile(0.95), shape.quantile(0.95), 0.06, "p95");
    }
}

#[test]
fn intervals_hold_the_true_mean_about_as_often_as_they_say() {
    let shape = Shape::spread(0.003, 1.0);
    let holds = |seed: u64| {
        let found = fit(&bucketed(&drawn(shape, 100 + seed, 1000)), 0.7).unwrap();
        let (low, high) = found.mean;
        let (low95, high95) = found.p95;
        let p95 = shape.quantile(0.95);
        [low <= 0.003 && 0.003 <= high, low95 <= p95 && p95 <= high95]
    };
    let all: Vec<[bool; 2]> = (0..200).map(holds).collect();
    for at in [0, 1] {
        let share = all.iter().filter(|held| held[at]).count();
        assert!((182..=198).contains(&share), "{share} of 200");
    }
}

#[test]
fn what_lies_in_one_bucket_tells_its_mean_and_says_so() {
    let times = vec![0.0006; 1000];
    let found = fit(&bucketed(&times), 0.5).unwrap();
    assert!(found.mean_alone);
    near(found.shape.mean(), 0.0006, 1e-9, "mean");
    let unknown = Bins { sum: None, ..bucketed(&times) };
    assert_eq!(fit(&unknown, 0.5).unwrap().mean, (0.0005, 0.001), "the bounds of the bucket");
    let two = fit(&bucketed(&drawn(Shape::spread(0.0010, 0.3), 3, 10_000)), 0.7).unwrap();
    near(two.shape.variation(), 0.3, 0.1, "variation");
    assert_eq!(fit(&bucketed(&[0.001; 20]), 0.5), None, "too few");
}

#[test]
fn what_was_held_back_is_compared() {
    let shape = Shape::spread(0.004, 1.0);
    let found = fit(&single(&drawn(shape, 1, 20_000)), 0.7).unwrap();
    for held in errors(&found.shape, &single(&drawn(shape, 2, 20_000))) {
        assert!(held.error().abs() < 0.05, "{held:?}");
    }
    let slower = errors(&found.shape, &single(&drawn(shape.times(2.0), 2, 20_000)));
    assert_eq!(slower.len(), 3);
    assert!(slower.iter().all(|held| (held.error() + 0.5).abs() < 0.05), "{slower:?}");
    assert_eq!(errors(&found.shape, &single(&[0.01; 60])).len(), 1, "three lie beyond p95");
}

/// A scrape after so many requests: half a millisecond of its own, two in the store.
fn scrape(seed: u64, count: usize) -> String {
    let own = drawn(Shape::spread(0.0005, 0.5), seed, count);
    let store = drawn(Shape::spread(0.002, 1.0), seed + 1, count);
    let whole: Vec<f64> = own.iter().zip(&store).map(|(own, store)| own + store).collect();
    let mut text = "# TYPE http_server_request_duration_seconds histogram\n".to_owned();
    let mut family = |name: &str, labels: &str, times: &[f64]| {
        for bound in BOUNDS {
            let below = times.iter().filter(|time| **time <= bound).count();
            writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {below}").unwrap();
        }
        writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {} # {{}} 1", times.len()).unwrap();
        writeln!(text, "{name}_sum{{{labels}}} {}", times.iter().sum::<f64>()).unwrap();
        writeln!(text, "{name}_count{{{labels}}} {}", times.len()).unwrap();
    };
    let operation = "operation=\"catalog.viewProduct\"";
    family("http_server_request_duration_seconds", operation, &whole);
    family("store_duration_seconds", &format!("{operation},system=\"postgresql\""), &store);
    let external = "external=\"cardProcessor\",operation=\"charge\"";
    family("external_call_duration_seconds", external, &store);
    let waited = 0.1 * store.iter().sum::<f64>();
    writeln!(text, "store_connection_wait_seconds_total {waited} 1700000000000").unwrap();
    writeln!(text, "cache_hits_total{{{operation}}} {}\nup 1", count * 3).unwrap();
    writeln!(text, "cache_misses_total{{{operation}}} {count}").unwrap();
    text
}

fn of(files: &[&str]) -> Result<Measured, String> {
    let files: Vec<File<'_>> = files.iter().map(|text| File { name: "file", text }).collect();
    read(&files, &|_| false).map(|(measured, _)| measured).map_err(|wrong| wrong.to_string())
}

#[test]
fn a_scrape_tells_what_is_the_stores_and_what_is_the_applications() {
    let measured = of(&[&scrape(1, 20_000)]).unwrap();
    assert_eq!(measured.system.as_deref(), Some("postgresql"));
    let times = &measured.operations["catalog.viewProduct"];
    near(times.application.as_ref().unwrap().shape.mean(), 0.0005, 0.02, "application");
    // A tenth of it was waiting for a connection.
    near(times.store.as_ref().unwrap().shape.mean(), 0.9 * 0.002, 0.03, "store");
    assert_eq!(times.kept, Some(0.75));
    near(measured.externals["cardProcessor.charge"].shape.mean(), 0.002, 0.03, "external");
    let (_, notes) = read(&[File { name: "a", text: &scrape(1, 20_000) }], &|_| true).unwrap();
    assert!(notes.iter().any(|note| note.contains("10 %")), "{notes:?}");
    // Of an operation that waits for others a scrape tells no time of its own.
    let waits = read(&[File { name: "a", text: &scrape(1, 20_000) }], &|_| true).unwrap().0;
    assert_eq!(waits.operations["catalog.viewProduct"].application, None);
}

#[test]
fn between_two_scrapes_counts_what_came_between() {
    let (first, second) = (scrape(1, 1000), scrape(1, 5000));
    let measured = of(&[&first, &second]).unwrap();
    assert_eq!(measured.operations["catalog.viewProduct"].requests, 4000);
    let wrong = of(&[&second, &first]).unwrap_err();
    assert!(wrong.contains("below those of the file before"), "{wrong}");
    let third = of(&[&first, &second, &scrape(1, 9000)]).unwrap();
    let store: &Fit = third.operations["catalog.viewProduct"].store.as_ref().unwrap();
    assert!(!store.errors.is_empty());
    assert!(of(&[&first, &first, &first, &first]).unwrap_err().contains("more than three"));
}

/// Requests with a piece of work of the store and an attempt at an external, as a collector writes
/// them: one export on each line.
fn spans(count: usize) -> String {
    let own = drawn(Shape::spread(0.0005, 0.5), 5, count);
    let store = drawn(Shape::spread(0.002, 1.0), 6, count);
    let external = drawn(Shape::spread(0.1, 0.4), 7, count);
    let mut text = String::new();
    for (at, ((own, store), external)) in own.iter().zip(&store).zip(&external).enumerate() {
        let nanos = |seconds: f64| (seconds * 1e9) as u64;
        let begin = 1_700_000_000_000_000_000 + at as u64 * 1_000_000_000;
        let (own, store, external) = (nanos(*own), nanos(*store), nanos(*external));
        let attribute = |key: &str, value: &str| {
            format!("{{\"key\":\"{key}\",\"value\":{{\"stringValue\":\"{value}\"}}}}")
        };
        let span = |id: u64, parent: u64, from: u64, to: u64, attributes: String| {
            format!(
                "{{\"traceId\":\"{at:032x}\",\"spanId\":\"{id:016x}\",\"parentSpanId\":\"{parent:016x}\",\
                 \"name\":\"a\",\"kind\":3,\"startTimeUnixNano\":\"{from}\",\"endTimeUnixNano\":\"{to}\",\
                 \"attributes\":[{attributes}]}}"
            )
        };
        let end = begin + own + store + external;
        let half = begin + own / 2;
        let called = format!(
            "{},{}",
            attribute("server.address", "cardProcessor"),
            attribute("rpc.method", "charge")
        );
        // The parent stands last, as it ends last; what it calls goes on behind it in one of ten.
        let late = if at % 10 == 0 { 50_000_000 } else { 0 };
        let all = [
            span(2, 1, half, half + store, attribute("db.system.name", "postgresql")),
            span(3, 1, half + store, half + store + external, called),
            span(4, 1, end, end + late, String::new()),
            span(1, 0, begin, end, attribute("firmitas.operation", "payments.charge")),
        ];
        writeln!(
            text,
            "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{}]}}]}}]}}",
            all.join(",")
        )
        .unwrap();
    }
    text
}

#[test]
fn spans_tell_times_without_those_of_their_pieces() {
    let measured = of(&[&spans(4000)]).unwrap();
    let times = &measured.operations["payments.charge"];
    assert_eq!((times.requests, times.kept), (4000, Some(0.0)));
    let application = times.application.as_ref().unwrap();
    near(application.shape.mean(), 0.0005, 0.03, "application");
    near(application.shape.quantile(0.95), Shape::spread(0.0005, 0.5).quantile(0.95), 0.05, "p95");
    near(times.store.as_ref().unwrap().shape.mean(), 0.002, 0.05, "store");
    near(measured.externals["cardProcessor.charge"].shape.mean(), 0.1, 0.03, "external");
    // Fitted to every other trace, held against the rest.
    assert_eq!(application.errors.len(), 3);
    assert!(application.errors.iter().all(|held| held.error().abs() < 0.1), "{application:?}");
}

#[test]
fn saved_times_are_the_same_again() {
    let mut measured = of(&[&spans(200), &scrape(1, 2000)]).unwrap();
    let again = from_json("saved", &to_json(&measured).to_string()).unwrap();
    let strip = |fit: &mut Option<Fit>| {
        fit.iter_mut().for_each(|fit| (fit.errors, fit.mean_error) = (Vec::new(), None));
    };
    for of in measured.operations.values_mut() {
        strip(&mut of.application);
        strip(&mut of.store);
    }
    for fit in measured.externals.values_mut() {
        (fit.errors, fit.mean_error) = (Vec::new(), None);
    }
    assert_eq!(again, measured);
}

#[test]
fn files_that_say_nothing_are_told_where() {
    let good = "http_server_request_duration_seconds_bucket{operation=\"a\",le=\"1\"} 7\n";
    let with = |line: &str| format!("{good}{line}\n");
    for (text, wanted) in [
        (String::new(), "it is no scrape"),
        ("hello".to_owned(), "file:1: it has no value"),
        ("<html> x".to_owned(), "file:1: it is neither a comment nor begins"),
        (with("up"), "file:2: it has no value"),
        (with("a{b=\"c} 1"), "file:2: its labels have no end"),
        (with("a{b=\"c\\"), "file:2: its labels have no end"),
        (with("up up"), "file:2: its value is no number"),
        (with(&good.trim().replace("le=", "of=")), "file:2: a bucket has no bound"),
        (with(&good.trim().replace("le=\"1\"", "le=\"NaN\"")), "file:2: its bound"),
        (with(&good.trim().replace('7', "-7")), "file:2: its value is not finite"),
        (with(&good.trim().replace('7', "0.5")), "file:2: its value is no count"),
        (with(&good.trim().replace("operation", "x")), "file:2: it has no label `operation`"),
        (good.to_owned(), "too few requests"),
        ("{}".to_owned(), "neither spans (OTLP in JSON) nor times that were saved"),
        ("{\"resourceSpans\":[{\n\"scopeSpans\":7}]}".to_owned(), "file:2: it is no OTLP"),
        ("{\"resourceSpans\":[]}".to_owned(), "no span names its operation"),
        ("{\"format\":\"other\"}".to_owned(), "its `format` is not"),
    ] {
        let wrong = of(&[&text]).unwrap_err();
        assert!(wrong.contains(wanted), "{text}: {wrong}");
    }
}

#[test]
fn broken_files_are_refused_or_read_but_never_a_panic() {
    let (scrape, spans) = (scrape(1, 40), spans(40));
    let saved = to_json(&of(&[&scrape]).unwrap()).to_string();
    let mut random = Random::new(17);
    for whole in [&scrape, &spans, &saved] {
        for _ in 0..300 {
            let mut bytes = whole.clone().into_bytes();
            for _ in 0..=(random.inside() * 4.0) as usize {
                let at = (random.inside() * bytes.len() as f64) as usize;
                bytes[at] = b"0129e-+.,{}[]\"\\ \nNaIf=x"[(random.inside() * 23.0) as usize];
            }
            bytes.truncate((random.inside() * 1.2 * bytes.len() as f64) as usize);
            if let Ok((measured, _)) =
                read(&[File { name: "a", text: &String::from_utf8_lossy(&bytes) }], &|_| false)
            {
                let fits = measured.operations.values().flat_map(|of| [&of.application, &of.store]);
                for fit in fits.flatten().chain(measured.externals.values()) {
                    let mean = fit.shape.mean();
                    assert!(mean.is_finite() && mean >= 0.0, "{fit:?}");
                }
            }
        }
    }
}
