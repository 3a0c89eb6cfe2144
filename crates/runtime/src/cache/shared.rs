//! What replicas share: the interface of a cache outside of the process.
//!
//! None of this fails: whoever stands behind it answers within some milliseconds or counts as away,
//! and a request goes on without.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{Generations, Key, Tag};
use crate::telemetry::Sample;

/// An answer on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A cache that all replicas share.
pub trait Shared: Send + Sync + 'static {
    /// What is kept under a key, if none of its tags changed since; with the state of the tags,
    /// under which an answer that is read from now on can be kept. `None` while it is away.
    fn look<'a>(&'a self, key: &'a Key, tags: &'a [Tag]) -> Pending<'a, Option<Looked>>;

    /// Keeps an answer for a time, with the state of its tags before the store was asked.
    fn keep(&self, key: Key, state: State, value: Vec<u8>, life: Duration) -> Pending<'_, ()>;

    /// Makes old what is made of these tags, here and in other replicas.
    fn forget(&self, tags: Vec<Tag>) -> Pending<'_, ()>;

    /// From now on, what other replicas change is counted here. `longest` is the longest life of
    /// an answer.
    fn listen(&self, generations: Arc<Generations>, longest: Duration);

    /// Numbers of its own for `/metrics`.
    fn samples(&self) -> Vec<Sample> {
        Vec::new()
    }
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// The kept value, and for how long it will still be kept: by the clock of the cache, so that
    /// no two replicas have to agree on the time.
    pub found: Option<(Vec<u8>, Duration)>,
    /// The state of the tags.
    pub state: State,
}

/// The state of tags as the shared cache knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(pub Vec<u8>);
