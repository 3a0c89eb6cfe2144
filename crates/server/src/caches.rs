//! Where answers are kept.

use std::sync::Arc;

use decide::Design;
use redis_store::{Address, Link, SharedAnswers, SharedLimits};
use runtime::cache::{self, Memory, Options};
use runtime::http::RateLimiter;
use runtime::operations::report;

/// Where answers that the design keeps are kept.
#[derive(Clone, Debug, Default)]
pub struct CacheSettings {
    /// Where.
    pub place: CachePlace,
    /// Most bytes in this process; what the design computes if absent.
    pub bytes: Option<u64>,
}

/// A place for answers.
#[derive(Clone, Debug, Default)]
pub enum CachePlace {
    /// Nowhere in this process; browsers keep what the design lets them.
    Off,
    /// In this process alone.
    #[default]
    Memory,
    /// In this process, and in Redis or Valkey for all replicas, who tell each other there what
    /// they change.
    Redis(Box<Address>),
}

impl CachePlace {
    /// Redis or Valkey at a URL.
    ///
    /// # Errors
    /// What is wrong with the URL, without its text.
    pub fn redis(url: &str) -> Result<Self, String> {
        Address::parse(url)
            .map(|address| Self::Redis(Box::new(address)))
            .map_err(|error| error.to_string())
    }
}

/// The link to Redis, if there is to be one. A Redis that does not answer stops nothing.
pub(crate) async fn link(settings: &CacheSettings) -> Option<Arc<Link>> {
    let CachePlace::Redis(address) = &settings.place else { return None };
    let link = Link::open(address).await;
    if !link.is_up() {
        report::warning("redis-away", &format!("Redis at {address:?} does not answer yet"));
    }
    Some(Arc::new(link))
}

/// Rate limits that all replicas share.
pub(crate) fn limiter(design: &Design, link: &Arc<Link>) -> Arc<dyn RateLimiter> {
    let system = decide::naming::kebab(&design.model.system.name);
    Arc::new(SharedLimits::new(link.clone(), &system))
}

/// How a design's answers are kept.
pub(crate) fn options(
    design: &Design,
    settings: &CacheSettings,
    link: Option<&Arc<Link>>,
) -> Options {
    let memory = match (&settings.place, settings.bytes) {
        (CachePlace::Off, _) => Memory::Off,
        (_, Some(bytes)) => Memory::Bytes(bytes),
        (_, None) => Memory::Designed,
    };
    let CachePlace::Redis(address) = &settings.place else {
        return Options { memory, shared: None };
    };
    let answers = |link: &Arc<Link>| -> Arc<dyn cache::shared::Shared> {
        Arc::new(SharedAnswers::new((**address).clone(), link.clone(), cache::namespace(design)))
    };
    Options { memory, shared: link.map(answers) }
}
