//! The shop as it runs here, as a network: this machine's cores are shared by server, database and
//! clients; times are those of one load.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use decide::{Design, numbers};
use serde::{Deserialize, Serialize};
use simulate::calibrate::{self, File, Measured, Shape};
use simulate::design::{Amount, Clients, OneServer, Question, StoreHere, compile, times};
use simulate::experiment::{Plan, QUANTILES, simulate};

use super::busy::Busy;
use super::cores::Cores;
use super::open::Seen;
use super::settle;
use crate::process::shop;

/// Rounds in which the set-up of cores is found.
const SETUP_ROUNDS: usize = 4;
/// The percentiles that are compared.
pub const PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];
const SECOND: f64 = 1e9;

/// What was measured at one load.
#[derive(Serialize, Deserialize)]
pub struct Calibration {
    pub before: String,
    pub after: String,
    pub seen: Seen,
    pub busy: Busy,
    /// Seconds that it took.
    pub time: f64,
    /// What a request takes of the processors when the server has all that it can do.
    pub full: Busy,
    pub cores: Cores,
    pub connections: u32,
    /// Seconds of a core for each time that a thread sleeps and is woken.
    pub switch: Option<f64>,
}

impl Calibration {
    /// Requests.
    fn count(&self) -> f64 {
        self.seen.count()
    }

    /// Whether the store is in the process of the server.
    pub fn embedded(&self) -> bool {
        self.busy.database <= 0.0
    }

    /// What the client's core needs more where it was free: with one core, that is how often it is
    /// not busy.
    fn client_setup(&self) -> f64 {
        let low = self.per_request().client;
        let free = 1.0 - low * self.count() / self.time;
        (low - self.full.client).max(0.0) / free.max(0.1)
    }

    /// What a request took of the processors.
    pub fn per_request(&self) -> Busy {
        self.busy.per(self.count())
    }
}

/// A design with what was measured.
pub struct Model {
    pub(super) design: Design,
    pub(super) question: Question,
    pub(super) kinds: Vec<String>,
    /// What is beside all operations, and the commit.
    pub(super) settled: (settle::Spread, settle::Spread),
}

/// The shop, decided.
pub fn design() -> Result<Design> {
    let text = std::fs::read_to_string(shop().join("firmitas.yaml"))?;
    let mut sources = base::SourceMap::default();
    let file = sources.add("firmitas.yaml", text);
    let (model, diagnostics) = model::load(&sources, file);
    anyhow::ensure!(!base::has_errors(&diagnostics), "the shop has errors");
    Ok(decide::decide(Arc::new(model)).0)
}

impl Model {
    /// Takes times from scrapes and processor time from the machine. What is left between that and
    /// what clients saw (the network, timers of the load generator) is put beside, as a time that is
    /// the same for all and keeps nothing busy.
    pub fn calibrated(design: Design, kinds: &[String], from: &Calibration) -> Result<Self> {
        let files = [
            File { name: "before", text: &from.before },
            File { name: "after", text: &from.after },
        ];
        let (measured, notes) = calibrate::read(&files, &|_| false)
            .map_err(|wrong| anyhow::anyhow!(wrong.to_string()))?;
        for note in notes {
            println!("note: {note}");
        }
        let rates = kinds.iter().zip(&from.seen.latencies);
        let rates = rates.map(|(kind, all)| (kind.clone(), all.len() as f64 / from.time));
        let apart = from.cores.apart;
        let server = OneServer {
            cores: from.cores.server,
            store: if from.embedded() { StoreHere::Embedded } else { StoreHere::Beside },
            connections: from.connections,
            setup: 0.0,
            // As much to wake it as to let it sleep.
            switch: from.switch.unwrap_or(0.0) / 2.0,
            commit: None,
            stalls: None,
            client: from.full.client,
            client_setup: if apart { from.client_setup() } else { 0.0 },
            client_cores: from.cores.apart.then_some(1),
            rates: Some(rates.collect()),
        };
        let clients = Clients { attempts: 1, backoff: 0.0, jitter: false, budget: None };
        let question = Question {
            amount: Amount::Times(1.0),
            busier: 1.0,
            clients,
            closed: None,
            disturbances: Vec::new(),
            measured: Measured { whole: true, ..measured },
            server: Some(server),
        };
        let names = kinds.to_vec();
        let mut model = Self { design, question, kinds: names, settled: Default::default() };
        model.share_processors(from)?;
        model.find_setup(from)?;
        settle::settle(&mut model, from)?;
        model.find_setup(from)?;
        settle::settle(&mut model, from)?;
        Ok(model)
    }

    /// What the server and the database take of the processors when they are full, so that nobody
    /// is woken for one request, shared out: to operations as their own time is to that of all; in
    /// the database as the table of numbers has it.
    fn share_processors(&mut self, from: &Calibration) -> Result<()> {
        let usual = self.usual();
        let facts = self.design.facts();
        let variations = (
            facts.value(&numbers::APPLICATION_VARIATION),
            facts.value(&numbers::DATABASE_VARIATION),
        );
        let embedded = from.embedded();
        let operations = &mut self.question.measured.operations;
        let sum = |of: &dyn Fn(&str, f64) -> f64| -> f64 {
            let each = self.kinds.iter().zip(&from.seen.latencies);
            each.map(|(name, all)| of(name, all.len() as f64)).sum()
        };
        let own = |name: &str| {
            let fit = operations.get(name).and_then(|of| of.application.as_ref());
            fit.map_or(0.0, |fit| fit.shape.mean())
        };
        let stored = |name: &str| {
            let fit = operations.get(name).and_then(|of| of.store.as_ref());
            fit.map_or(0.0, |fit| fit.shape.mean())
        };
        let usual_of = |name: &str| usual.get(name).copied().unwrap_or((0.0, 1.0));
        // An embedded store works in the server's process, and its reads do nothing but compute.
        let inside = |name: &str| {
            let (_, busy) = usual_of(name);
            if embedded { stored(name) * busy } else { 0.0 }
        };
        let all = sum(&|name, count| count * (own(name) + inside(name)));
        let count = from.count();
        let factor = from.full.server * count / all.max(f64::MIN_POSITIVE);
        let database = sum(&|name, count| count * usual_of(name).0).max(f64::MIN_POSITIVE);
        let per_usual = from.full.database * count / database;
        let mut found = BTreeMap::new();
        for name in &self.kinds {
            let work = if embedded { factor * inside(name) } else { per_usual * usual_of(name).0 };
            found.insert(name.clone(), (factor, work));
        }
        for (name, (factor, work)) in found {
            let of = operations
                .get_mut(&name)
                .with_context(|| format!("too few requests of {name}: FIRMITAS_BENCH_SECONDS"))?;
            if let Some(fit) = &mut of.application {
                // How much the work varies is the table's: the times that were measured hold waits,
                // which are simulated.
                fit.shape = Shape::spread(fit.shape.mean() * factor, variations.0);
            }
            if let Some(fit) = &mut of.store {
                // What it takes beyond its work is waiting for a core, or for a commit: both are
                // simulated. A read by key of an embedded store waits for neither, so that it varies
                // as it was measured.
                let inline = embedded && reads_by_key(&self.design, &name);
                let variation = if inline { fit.shape.variation() } else { variations.1 };
                fit.shape = Shape::spread(work, variation.min(variations.1));
                of.busy = Some(1.0);
            }
            of.kept = None;
        }
        Ok(())
    }

    /// Finds what a core that was free needs more, so that the cores are as busy as they were.
    /// Utilisation rises with it nearly in proportion.
    fn find_setup(&mut self, from: &Calibration) -> Result<()> {
        self.set_up(0.0);
        let low = from.per_request();
        let more = (low.on(&from.cores) - from.full.on(&from.cores)).max(0.0);
        let wanted = low.on(&from.cores) * from.count() / from.time / f64::from(from.cores.server);
        let without = self.utilisation(1.0)?;
        // As if each request found a free core once.
        let mut setup = more;
        for _ in 0..SETUP_ROUNDS {
            self.set_up(setup);
            let found = self.utilisation(1.0)? - without;
            setup *= ((wanted - without) / found.max(1e-6)).clamp(0.0, 4.0);
        }
        self.set_up(setup);
        Ok(())
    }

    fn set_up(&mut self, setup: f64) {
        if let Some(server) = &mut self.question.server {
            server.setup = setup;
        }
    }

    /// What a core that was free needs more, in seconds.
    pub fn setup(&self) -> f64 {
        self.question.server.as_ref().map_or(0.0, |server| server.setup)
    }

    /// How often a second something else has the core, and for how long.
    pub fn stalls(&self) -> Option<(f64, f64)> {
        let stalls = self.question.server.as_ref()?.stalls?;
        Some((stalls.0, stalls.1.mean()))
    }

    /// The mean of a commit, in seconds.
    pub fn commit(&self) -> f64 {
        let server = self.question.server.as_ref();
        server.and_then(|server| server.commit).map_or(0.0, |commit| commit.mean())
    }

    /// The mean time beside all resources, in seconds.
    pub fn beside(&self) -> f64 {
        let mut all = self.question.measured.operations.values().filter_map(|of| of.besides);
        all.next().map_or(0.0, |besides| besides.mean())
    }

    /// Whether an operation writes.
    pub fn writes(&self, name: &str) -> bool {
        let mut all = self.design.model.operations();
        all.any(|(id, of)| of.writes() && self.design.model.qualified_operation(id) == name)
    }

    /// Seconds of a core of the store by the table, and the share that they are of its time.
    fn usual(&self) -> BTreeMap<String, (f64, f64)> {
        let works = times::works(&self.design);
        let of = |id: ::model::model::OperationId| {
            let times = times::of(&self.design, &Measured::default(), id, &works[id.0 as usize]);
            let sum = |part: &dyn Fn(&times::Query) -> f64| -> f64 {
                times.queries.iter().map(|query| query.share * part(query)).sum()
            };
            let (work, rest) = (sum(&|of| of.work.mean()), sum(&|of| of.rest.mean()));
            let reads = !self.design.model.operation(id).writes();
            (work, if reads { 1.0 } else { work / (work + rest) })
        };
        let all = self.design.model.operations();
        all.map(|(id, _)| (self.design.model.qualified_operation(id), of(id))).collect()
    }

    /// p50, p95 and p99 by kind at so many times the load of the calibration; seconds of simulated
    /// time as a share of the usual.
    pub fn at(&self, load: f64, length: f64) -> Result<Vec<[f64; 3]>> {
        let all = self.quantiles(load, length)?.into_iter();
        Ok(all.map(|[p50, p95, p99, _]| [p50, p95, p99]).collect())
    }

    /// The same, and p99.9.
    pub fn quantiles(&self, load: f64, length: f64) -> Result<Vec<[f64; 4]>> {
        let question = Question { amount: Amount::Times(load), ..self.question.clone() };
        let compiled = compile(&self.design, &question, 0.0)
            .map_err(|unknown| anyhow::anyhow!("{unknown:?}"))?;
        let plan = Plan {
            duration: Some((60.0 * SECOND * length) as u64),
            replications: 8,
            threads: 2,
            ..Plan::default()
        };
        let report = simulate(&compiled.network, &plan, |_| ())
            .map_err(|unsound| anyhow::anyhow!("{unsound}"))?;
        let window = report.windows.first().context("no window")?;
        let of = |name: &String| {
            let simple = name.rsplit('.').next().unwrap_or(name);
            let found = compiled.operations.iter().zip(&window.sources);
            let mut found = found.filter(|(of, _)| of.name == *simple || of.name == *name);
            let (_, source) = found.next().with_context(|| format!("{name} is not simulated"))?;
            let quantile = |share: f64| {
                let at = QUANTILES.iter().position(|of| (of - share).abs() < 1e-9);
                let found = at.and_then(|at| source.quantiles.get(at).copied().flatten());
                found.map_or(f64::NAN, |estimate| estimate.value)
            };
            Ok([0.5, 0.95, 0.99, 0.999].map(quantile))
        };
        self.kinds.iter().map(of).collect()
    }

    /// Which share of the cores the model says are busy at so many times that load.
    pub fn utilisation(&self, load: f64) -> Result<f64> {
        let question = Question { amount: Amount::Times(load), ..self.question.clone() };
        let compiled = compile(&self.design, &question, 0.0)
            .map_err(|unknown| anyhow::anyhow!("{unknown:?}"))?;
        let plan = Plan { duration: Some((6.0 * SECOND) as u64), threads: 2, ..Plan::default() };
        let report = simulate(&compiled.network, &plan, |_| ())
            .map_err(|unsound| anyhow::anyhow!("{unsound}"))?;
        let answer = simulate::design::answer(&compiled, &report, 0.0);
        let resources = answer.phases.first().map(|phase| phase.resources.as_slice());
        let cores = resources.into_iter().flatten();
        let mut cores = cores.filter(|of| of.kind == simulate::design::Kind::Cores);
        cores.next().and_then(|of| of.utilisation).context("no cores")
    }
}

/// Whether an operation reads one row by its key.
fn reads_by_key(design: &Design, name: &str) -> bool {
    let mut all = design.model.operations();
    all.any(|(id, of)| {
        of.kind == ::model::model::OperationKind::Get
            && design.model.qualified_operation(id) == name
    })
}
