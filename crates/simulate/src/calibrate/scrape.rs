//! What a server says on `/metrics`: Prometheus' text format (and OpenMetrics), as far as it is about
//! times.

use std::collections::{BTreeMap, BTreeSet};

use super::Unreadable;
use super::bins::Bins;

/// Most series of one family: more than any model has operations.
const MOST: usize = 100_000;

/// The counters of one scrape, or of the time between two.
#[derive(Clone, Debug, Default)]
pub(super) struct Scrape {
    /// Whole requests by operation.
    pub requests: BTreeMap<String, Buckets>,
    /// The store by operation.
    pub store: BTreeMap<String, Buckets>,
    /// Externals by `external.operation`.
    pub externals: BTreeMap<String, Buckets>,
    /// The kinds of store.
    pub systems: BTreeSet<String>,
    /// Answers from memory, and questions that were not in this process's, by operation.
    pub kept: BTreeMap<String, (f64, f64)>,
    /// Seconds spent waiting for a connection.
    pub waited: f64,
}

/// A histogram: how many lie at or below each bound, by the bits of the bound, which rise as it
/// does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buckets {
    below: BTreeMap<u64, u64>,
    pub sum: f64,
}

impl Buckets {
    pub fn bins(&self) -> Bins {
        let bounds = self.below.iter().map(|(bound, count)| (f64::from_bits(*bound), *count));
        Bins::cumulative(&bounds.collect::<Vec<_>>(), Some(self.sum).filter(|sum| *sum > 0.0))
    }

    fn since(&self, earlier: Option<&Self>) -> Option<Self> {
        let Some(earlier) = earlier else { return Some(self.clone()) };
        let left = |(bound, count): (&u64, &u64)| {
            let before = earlier.below.get(bound).copied().unwrap_or(0);
            Some((*bound, count.checked_sub(before)?))
        };
        let below = self.below.iter().map(left).collect::<Option<_>>()?;
        Some(Self { below, sum: (self.sum - earlier.sum).max(0.0) })
    }
}

impl Scrape {
    /// Reads a scrape.
    pub fn read(file: &str, text: &str) -> Result<Self, Unreadable> {
        let mut scrape = Self::default();
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |message: String| Unreadable::at(file, number, message);
            let series = Series::read(line).map_err(|why| wrong(why.to_owned()))?;
            scrape.take(&series).map_err(|why| wrong(why.to_owned()))?;
        }
        match scrape.requests.is_empty() {
            true => Err(Unreadable::whole(
                file,
                "it has no `http_server_request_duration_seconds_bucket`: it is no scrape of the \
                 `/metrics` of `firm up`",
            )),
            false => Ok(scrape),
        }
    }

    fn take(&mut self, series: &Series<'_>) -> Result<(), &'static str> {
        let operation = || series.label("operation").ok_or("it has no label `operation`");
        let families = [
            ("http_server_request_duration_seconds", &mut self.requests, false),
            ("store_duration_seconds", &mut self.store, false),
            ("external_call_duration_seconds", &mut self.externals, true),
        ];
        for (family, found, external) in families {
            let Some(part) = series.name.strip_prefix(family) else { continue };
            let mut key = operation()?;
            if external {
                key = format!("{}.{key}", series.label("external").ok_or("it has no `external`")?);
            }
            if found.len() >= MOST {
                return Err("there are too many series");
            }
            let buckets = found.entry(key).or_default();
            match part {
                "_bucket" => {
                    let bound = series.label("le").ok_or("a bucket has no bound `le`")?;
                    let bound: f64 = bound.parse().map_err(|_| "its bound `le` is no number")?;
                    let usable = bound > 0.0;
                    if !usable {
                        return Err("its bound `le` is not above zero");
                    }
                    *buckets.below.entry(bound.to_bits()).or_default() += series.count()?;
                }
                "_sum" => buckets.sum += series.amount()?,
                _ => {}
            }
            if let Some(system) = series.label("system").filter(|_| self.systems.len() < 8) {
                self.systems.insert(system);
            }
            return Ok(());
        }
        match series.name {
            "cache_hits_total" | "cache_shared_hits_total" => {
                self.kept.entry(operation()?).or_default().0 += series.amount()?;
            }
            "cache_misses_total" => {
                self.kept.entry(operation()?).or_default().1 += series.amount()?;
            }
            "store_connection_wait_seconds_total" => self.waited += series.amount()?,
            _ => {}
        }
        Ok(())
    }

    /// What came since an earlier scrape of the same server.
    pub fn since(&self, earlier: &Self, file: &str) -> Result<Self, Unreadable> {
        let restarted = || {
            Unreadable::whole(
                file,
                "its counts are below those of the file before it: name the earlier scrape first; \
                 a server that was started anew in between counts from nothing",
            )
        };
        let left = |later: &BTreeMap<String, Buckets>, earlier: &BTreeMap<String, Buckets>| {
            let of = |(name, buckets): (&String, &Buckets)| {
                Some((name.clone(), buckets.since(earlier.get(name))?))
            };
            later.iter().map(of).collect::<Option<BTreeMap<_, _>>>().ok_or_else(restarted)
        };
        let kept = self.kept.iter().map(|(name, (hits, misses))| {
            let before = earlier.kept.get(name).copied().unwrap_or_default();
            (name.clone(), ((hits - before.0).max(0.0), (misses - before.1).max(0.0)))
        });
        Ok(Self {
            requests: left(&self.requests, &earlier.requests)?,
            store: left(&self.store, &earlier.store)?,
            externals: left(&self.externals, &earlier.externals)?,
            systems: self.systems.clone(),
            kept: kept.collect(),
            waited: (self.waited - earlier.waited).max(0.0),
        })
    }
}

type Labels<'t> = Vec<(&'t str, String)>;

/// One line: `name{label="value",..} value`, perhaps with a time and an exemplar behind it.
struct Series<'t> {
    name: &'t str,
    labels: Labels<'t>,
    value: f64,
}

impl<'t> Series<'t> {
    fn read(line: &'t str) -> Result<Self, &'static str> {
        let end = line.find(['{', ' ', '\t']).ok_or("it has no value")?;
        let (name, rest) = line.split_at(end);
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        if name.is_empty() || !name.chars().all(named) {
            return Err("it is neither a comment nor begins with the name of a metric");
        }
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(inside) => labels(inside)?,
            None => (Vec::new(), rest),
        };
        let value = rest.split_whitespace().next().ok_or("it has no value")?;
        let value = value.parse().map_err(|_| "its value is no number")?;
        Ok(Self { name, labels, value })
    }

    fn label(&self, name: &str) -> Option<String> {
        self.labels.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone())
    }

    /// A value that cannot be negative.
    fn amount(&self) -> Result<f64, &'static str> {
        let good = self.value.is_finite() && self.value >= 0.0;
        good.then_some(self.value).ok_or("its value is not finite, or negative")
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    fn count(&self) -> Result<u64, &'static str> {
        let amount = self.amount()?;
        match amount.fract() == 0.0 && amount < 9e15 {
            true => Ok(amount as u64),
            false => Err("its value is no count"),
        }
    }
}

/// Labels up to the closing brace, and what stands behind it.
fn labels(mut rest: &str) -> Result<(Labels<'_>, &str), &'static str> {
    const OPEN: &str = "its labels have no end";
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok((labels, behind));
        }
        let (name, behind) = rest.split_once("=\"").ok_or(OPEN)?;
        let mut value = String::new();
        let mut characters = behind.char_indices();
        rest = loop {
            let (at, character) = characters.next().ok_or(OPEN)?;
            match character {
                '"' => break behind.get(at + 1..).unwrap_or_default(),
                '\\' => match characters.next().ok_or(OPEN)?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                other => value.push(other),
            }
        };
        labels.push((name, value));
    }
}
