//! Outcomes become a report: a handful of numbers per replication, and histograms that are added up,
//! so that memory does not grow with the replications.

use crate::kernel::Time;
use crate::network::Network;
use crate::run::{Failure, Outcome, SourceRecord, StationRecord, Window};
use crate::statistics::{Coarse, Estimate, Histogram};

use super::report::{Point, QUANTILES, SourceReport, StationReport, WindowReport};
use super::samples::{Samples, SourceSamples};
use super::tails::Tails;

/// Observations that must lie beyond a quantile, in all replications together.
const BEYOND: u64 = 100;

/// Observations that must lie beyond a point of a curve: it shows the shape, and promises nothing.
const BEYOND_CURVE: u64 = 10;

/// Shares of the points of a curve; closer where tails are.
const CURVE: [f64; 28] = [
    0.001, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925,
    0.95, 0.97, 0.98, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999, 0.999_95, 0.999_99,
];

/// What was collected of all replications so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) replications: u32,
    pub(super) events: u64,
    pub(super) overrun: bool,
    /// Whether the windows after the first are batches of one steady state, each an observation.
    pub(super) steady: bool,
    /// How many of the first sources count; all where nothing is said.
    pub(super) decisive: Option<usize>,
    /// A replication in which a law of conservation did not hold.
    pub(super) unsound: Option<u32>,
    windows: Vec<CollectedWindow>,
    /// Per replication, mean number of jobs in progress in each bucket.
    pub(super) jobs: Vec<Vec<f64>>,
    /// Sums over replications of each bucket's latency and count.
    latency: Vec<(f64, f64)>,
    /// Sums over replications of the series.
    points: Vec<Point>,
    /// Times of those that ended well, of each point.
    times: Vec<Coarse>,
}

#[derive(Debug)]
struct CollectedWindow {
    from: Time,
    to: Time,
    sources: Vec<CollectedSource>,
    stations: Vec<CollectedStation>,
}

/// Numbers, one per replication.
type Each = Vec<f64>;

#[derive(Debug, Default)]
struct CollectedSource {
    offered: Each,
    goodput: Each,
    failed: [Each; Failure::ALL.len()],
    accepted: Each,
    open: Each,
    attempts: Each,
    latency: Timed,
    samples: SourceSamples,
}

#[derive(Debug, Default)]
struct CollectedStation {
    arrivals: Each,
    throughput: Each,
    utilisation: Each,
    utilisations: Samples,
    inside: Each,
    waiting: Each,
    waited: Each,
    wait: Timed,
    stay: Each,
    rejected: Each,
    abandoned: Each,
    expired: Each,
    cancelled: Each,
    numbers: Vec<u128>,
}

/// A time with its quantiles.
#[derive(Debug, Default)]
struct Timed {
    means: Each,
    quantiles: [Each; QUANTILES.len()],
    all: Histogram,
}

impl Timed {
    fn add(&mut self, histogram: &Histogram) {
        self.means.extend(histogram.mean());
        for (each, share) in self.quantiles.iter_mut().zip(QUANTILES) {
            each.extend(histogram.quantile(share, 0));
        }
        self.all.merge(histogram);
    }

    fn mean(&self) -> Option<Estimate> {
        Estimate::of(&self.means)
    }

    /// The quantile of all that was counted, with the error that its replications show.
    fn quantiles(&self) -> Vec<Option<Estimate>> {
        let estimate = |(each, share): (&Each, f64)| {
            let value = self.all.quantile(share, BEYOND)?;
            Some(Estimate { value, ..Estimate::of(each)? })
        };
        self.quantiles.iter().zip(QUANTILES).map(estimate).collect()
    }

    /// Points of the distribution of all that was counted.
    fn curve(&self) -> Vec<(f64, f64)> {
        let point = |share: f64| Some((share, self.all.quantile(share, BEYOND_CURVE)?));
        CURVE.into_iter().filter_map(point).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "an integral needs no more than 53 bits")]
const fn area(integral: u128) -> f64 {
    integral as f64 / 1e9
}

/// `part / whole`, and nothing of nothing.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn estimate(each: &Each) -> Estimate {
    Estimate::of(each).unwrap_or(Estimate { value: 0.0, error: 0.0, replications: 0 })
}

impl CollectedSource {
    fn add(&mut self, record: &SourceRecord, seconds: f64) {
        self.offered.push(number(record.started) / seconds);
        self.goodput.push(number(record.succeeded) / seconds);
        for (each, count) in self.failed.iter_mut().zip(record.failed) {
            each.extend(ratio(number(count), number(record.ended())));
        }
        self.accepted.extend(ratio(number(record.accepted), number(record.succeeded)));
        self.open.push(number(record.after));
        if record.attempts > 0 {
            self.attempts.extend(ratio(number(record.attempts), number(record.started)));
        }
        self.latency.add(&record.latency);
        let samples = &mut self.samples;
        samples.goodput.push(Some(number(record.succeeded) / seconds));
        let failed = number(record.failed.iter().sum());
        samples.failed.push(ratio(failed, number(record.ended())));
        for (each, share) in samples.quantiles.iter_mut().zip(QUANTILES) {
            each.push(record.latency.quantile(share, 0));
        }
    }

    fn report(&self, name: &str) -> SourceReport {
        let failed = Failure::ALL.into_iter().zip(&self.failed);
        SourceReport {
            name: name.to_owned(),
            offered: estimate(&self.offered),
            goodput: estimate(&self.goodput),
            failed: failed.map(|(failure, each)| (failure, estimate(each))).collect(),
            accepted: estimate(&self.accepted),
            open: estimate(&self.open),
            attempts: Estimate::of(&self.attempts),
            latency: self.latency.mean(),
            quantiles: self.latency.quantiles(),
            curve: self.latency.curve(),
            samples: self.samples.clone(),
            infinite_variance: false,
        }
    }
}

impl CollectedStation {
    fn add(&mut self, record: &StationRecord, seconds: f64) {
        let arrived = number(record.arrived);
        self.arrivals.push(arrived / seconds);
        self.throughput.push(number(record.served) / seconds);
        let utilisation = ratio(area(record.busy), area(record.servers));
        self.utilisation.extend(utilisation);
        self.utilisations.push(utilisation);
        self.inside.push(area(record.inside) / seconds);
        self.waiting.push(area(record.waiting) / seconds);
        self.waited.extend(ratio(number(record.waited), number(record.waits.count())));
        self.wait.add(&record.waits);
        let admitted = arrived - number(record.rejected);
        self.stay.extend(ratio(area(record.inside), admitted));
        let share = |count: u64| ratio(number(count), arrived);
        self.rejected.extend(share(record.rejected));
        self.abandoned.extend(share(record.abandoned));
        self.expired.extend(share(record.expired));
        self.cancelled.extend(share(record.cancelled));
        self.numbers.resize(record.numbers.len(), 0);
        for (sum, time) in self.numbers.iter_mut().zip(&record.numbers) {
            *sum += u128::from(*time);
        }
    }

    fn report(&self, name: &str) -> StationReport {
        let total: u128 = self.numbers.iter().sum();
        let numbers = self.numbers.iter();
        StationReport {
            name: name.to_owned(),
            arrivals: estimate(&self.arrivals),
            throughput: estimate(&self.throughput),
            utilisation: Estimate::of(&self.utilisation),
            utilisations: self.utilisations.clone(),
            inside: estimate(&self.inside),
            waiting: estimate(&self.waiting),
            waited: Estimate::of(&self.waited),
            wait: self.wait.mean(),
            wait_quantiles: self.wait.quantiles(),
            stay: Estimate::of(&self.stay),
            rejected: estimate(&self.rejected),
            abandoned: estimate(&self.abandoned),
            expired: estimate(&self.expired),
            cancelled: estimate(&self.cancelled),
            numbers: numbers.map(|time| ratio(area(*time), area(total)).unwrap_or(0.0)).collect(),
            infinite_variance: false,
        }
    }
}

impl Collected {
    /// Adds a replication.
    pub(super) fn add(&mut self, outcome: Outcome, bucket: Option<Time>) {
        if !outcome.windows.iter().all(Window::is_sound) {
            self.unsound = self.unsound.or(Some(self.replications));
        }
        self.replications += 1;
        self.events += outcome.events;
        self.overrun |= outcome.overrun;
        for (at, window) in outcome.windows.iter().enumerate() {
            let at = if self.steady { at.min(1) } else { at };
            if self.windows.len() == at {
                self.windows.push(CollectedWindow {
                    from: window.from,
                    to: window.to,
                    sources: window.sources.iter().map(|_| CollectedSource::default()).collect(),
                    stations: window.stations.iter().map(|_| CollectedStation::default()).collect(),
                });
            }
            let (seconds, sums) = (window.seconds(), &mut self.windows[at]);
            sums.to = sums.to.max(window.to);
            if seconds <= 0.0 {
                continue;
            }
            let sources = sums.sources.iter_mut().zip(&window.sources);
            sources.for_each(|(sum, record)| sum.add(record, seconds));
            let stations = sums.stations.iter_mut().zip(&window.stations);
            stations.for_each(|(sum, record)| sum.add(record, seconds));
        }
        if let Some(length) = bucket {
            self.add_series(&outcome, length);
        }
    }

    fn add_series(&mut self, outcome: &Outcome, length: Time) {
        let seconds = number(length) / 1e9;
        let series = outcome.buckets.iter().map(|bucket| area(bucket.jobs) / seconds).collect();
        self.jobs.push(series);
        let mut open = vec![0.0; outcome.buckets.first().map_or(0, |bucket| bucket.began.len())];
        for (at, bucket) in outcome.buckets.iter().enumerate() {
            if self.points.len() == at {
                let time = length.saturating_mul(at as u64 + 1);
                let ended = vec![(0.0, 0.0); bucket.ended.len()];
                let goodput = (f64::INFINITY, 0.0);
                let open = vec![0.0; bucket.began.len()];
                self.points.push(Point { time, jobs: 0.0, ended, open, goodput, times: None });
                self.latency.push((0.0, 0.0));
                self.times.push(Coarse::default());
            }
            let (sum, count) = &mut self.latency[at];
            *sum += area(bucket.latency);
            *count += number(bucket.timed);
            self.times[at].merge(&bucket.times);
            let point = &mut self.points[at];
            point.jobs += area(bucket.jobs) / seconds;
            let counted = bucket.ended.iter().take(self.decisive.unwrap_or(usize::MAX));
            let well = number(counted.map(|(well, _)| well).sum()) / seconds;
            point.goodput = (point.goodput.0.min(well), point.goodput.1.max(well));
            for (sum, (well, badly)) in point.ended.iter_mut().zip(&bucket.ended) {
                sum.0 += number(*well) / seconds;
                sum.1 += number(*badly) / seconds;
            }
            let changed = bucket.began.iter().zip(&bucket.ended);
            for ((open, sum), (began, (well, badly))) in
                open.iter_mut().zip(&mut point.open).zip(changed)
            {
                *open += number(*began) - number(well + badly);
                *sum += *open;
            }
        }
    }

    /// The series averaged over replications.
    pub(super) fn series(&self) -> Vec<Point> {
        let count = f64::from(self.replications.max(1));
        let average = |(point, times): (&Point, &Coarse)| Point {
            time: point.time,
            jobs: point.jobs / count,
            ended: point.ended.iter().map(|(well, badly)| (well / count, badly / count)).collect(),
            open: point.open.iter().map(|open| open / count).collect(),
            goodput: point.goodput,
            times: times.quantile(0.5, BEYOND_CURVE).zip(times.quantile(0.95, BEYOND_CURVE)),
        };
        self.points.iter().zip(&self.times).map(average).collect()
    }

    /// Mean latency of what ended in each bucket; where nothing did, that of the one before.
    pub(super) fn latencies(&self) -> Vec<f64> {
        let mut last = 0.0;
        let mean = |(sum, count): &(f64, f64)| {
            last = ratio(*sum, *count).unwrap_or(last);
            last
        };
        self.latency.iter().map(mean).collect()
    }

    /// The windows from this one on.
    pub(super) fn windows(&self, first: usize, network: &Network) -> Vec<WindowReport> {
        let tails = Tails::of(network);
        let report = |window: &CollectedWindow| WindowReport {
            from: window.from,
            to: window.to,
            sources: {
                let named = window.sources.iter().zip(network.sources()).enumerate();
                named.map(|(at, (of, source))| tails.source(at, of.report(&source.name))).collect()
            },
            stations: {
                let named = window.stations.iter().zip(network.stations()).enumerate();
                named.map(|(at, (of, here))| tails.station(at, of.report(&here.name))).collect()
            },
        };
        self.windows.iter().skip(first).map(report).collect()
    }
}
