//! No byte of anybody else's data: random models, filled with data that says whose it is, served
//! whole, and asked by each of several users of two tenants, some of them hostile.
//!
//! Looked at is every byte that a server sends: status, headers and body, of rows, lists, nested
//! reads, GraphQL, refusals, with caches on. What belongs to others is looked for as text, in
//! base64, in hexadecimal digits, percent-encoded and escaped. What a caller may see is worked out
//! here a second time, from the shapes that conditions are made of; what it may not is answered
//! byte by byte like what does not exist. How long an answer takes is not looked at: that differs.
//!
//! `FIRMITAS_ISOLATION=SEED,MODELS,REQUESTS` asks for a longer run, or for the one that failed.

mod asks;
mod case;
mod folder;
mod inputs;
mod marks;
mod model;
mod postgres;
mod queries;
mod redis;
mod site;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::Design;
use runtime::store::Keys;
use runtime::store::sqlite::{Limits, SqliteStore};

use case::Case;
use folder::Folder;
use model::{Plan, Random, Without};
use redis::Redis;
use site::{Defect, Site};

/// Secrets are encrypted.
fn keys() -> Arc<Keys> {
    Arc::new(Keys::parse("test BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc").unwrap())
}

fn design(text: &str) -> Arc<Design> {
    let files = BTreeMap::from([(engine::ROOT.to_owned(), text.to_owned())]);
    let checked = engine::check(&files);
    let errors: Vec<String> = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity == base::Severity::Error)
        .map(|found| format!("{}: {}", found.id, found.message))
        .collect();
    checked.design.unwrap_or_else(|| panic!("{errors:#?}\n{text}"))
}

/// A model that follows from a seed, with all that is random about it from there on.
fn plan(seed: u64) -> (Plan, Random) {
    let mut random = Random(seed);
    (Plan::random(&mut random), random)
}

/// Asks a random model at random.
async fn run(
    seed: u64,
    requests: usize,
    shared: Option<&Redis>,
    (without, defect): (Without, Defect),
) -> Result<(), String> {
    let (plan, random) = plan(seed);
    let text = plan.text(without);
    // Where all is as it should be, every other model has a file for each tenant.
    let sound = without == Without::Nothing && defect == Defect::None;
    let form = if sound && seed.is_multiple_of(2) { "isolation: silo" } else { "isolation: pool" };
    let design = design(&text.replace("isolation: pool", form));
    let folder = Folder::new();
    let (path, limits) = (folder.path(), Limits::default());
    let store = SqliteStore::open_with(path, design.clone(), limits, Some(keys())).unwrap();
    let shared = match shared {
        Some(redis) => Some(redis.answers(&design).await),
        None => None,
    };
    let site = Site::start(design, store, folder, shared, defect).await;
    let mut case = Case::fill(site, plan, random).await;
    let asked = ask(&mut case, seed, requests).await;
    case.site.stop().await;
    asked
}

async fn ask(case: &mut Case, seed: u64, requests: usize) -> Result<(), String> {
    for at in 0..requests {
        let step = case.step().await;
        step.map_err(|leak| {
            format!(
                "seed {seed}, request {at}, {:?}: {leak}\n\
                 run it again with FIRMITAS_ISOLATION={seed},1,{requests}",
                case.plan
            )
        })?;
    }
    Ok(())
}

/// The seed of the first model, how many models, and how many requests of each.
fn budget(models: u64, requests: usize) -> (u64, u64, usize) {
    let stated = std::env::var("FIRMITAS_ISOLATION").unwrap_or_default();
    let numbers: Vec<u64> = stated.split(',').filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [seed, models, requests] => (*seed, *models, usize::try_from(*requests).unwrap()),
        _ => (1, models, requests),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_a_byte_of_anybody_else() {
    let (first, models, requests) = budget(16, 250);
    for seed in first..first + models {
        if let Err(leak) = run(seed, requests, None, (Without::Nothing, Defect::None)).await {
            panic!("{leak}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_out_of_a_cache_that_replicas_share() {
    let Some(redis) = Redis::start() else { return };
    let (first, models, requests) = budget(5, 200);
    for seed in first..first + models {
        let sound = (Without::Nothing, Defect::None);
        if let Err(leak) = run(seed, requests, Some(&redis), sound).await {
            panic!("{leak}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_leaks_is_noticed() {
    let sound = Defect::None;
    let broken = [
        (Without::Tenants, sound),
        (Without::Conditions, sound),
        (Without::Secrets, sound),
        (Without::Nothing, Defect::Predicate),
        (Without::Nothing, Defect::CacheKey),
        (Without::Nothing, Defect::Etag),
        (Without::Nothing, Defect::Detail),
        (Without::Nothing, Defect::Cursor),
        (Without::Nothing, Defect::Idempotency),
    ];
    for broken in broken {
        for seed in [3, 4] {
            let found = run(seed, 250, None, broken).await;
            assert!(found.is_err(), "{broken:?} with seed {seed} is not noticed");
        }
    }
}
