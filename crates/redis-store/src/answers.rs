//! Kept answers that all replicas share.
//!
//! Beside an answer stands the state of what it is made of: a token for each tag, or none. Who
//! writes puts a new token; an answer whose tokens are not those of now is none. Tokens stay longer
//! than any answer, so that one that is gone makes nothing new again. All of it is a cache: whatever
//! is lost, evicted or flushed, no answer outlives its time to live.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redis::Pipeline;
use runtime::cache::shared::{Looked, Pending, Shared, State};
use runtime::cache::{Generations, Key, Tag};
use runtime::telemetry::Sample;

use crate::listener::Listener;
use crate::{Address, Link};

/// Tags of one write beyond which everything counts as changed.
const MANY: usize = 256;
/// For how long tokens stay where nobody has said how long answers do.
const TOKENS: Duration = Duration::from_secs(24 * 3_600);

/// The cache behind which Redis or Valkey stands.
pub struct SharedAnswers {
    address: Address,
    link: Arc<Link>,
    /// Before every name.
    namespace: String,
    /// Tells this process from the others.
    process: u64,
    tokens: AtomicU64,
    /// How many writes could not be told, and how many of them have been made good: while these
    /// differ, everything counts as changed before anything is read.
    untold: AtomicU64,
    made_good: AtomicU64,
    longest: OnceLock<Duration>,
    listener: OnceLock<Listener>,
}

impl fmt::Debug for SharedAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, namespace, .. } = self;
        f.debug_struct("SharedAnswers")
            .field("address", address)
            .field("namespace", namespace)
            .finish_non_exhaustive()
    }
}

impl SharedAnswers {
    /// Answers under a namespace ([`runtime::cache::namespace`]).
    #[must_use]
    pub fn new(address: Address, link: Arc<Link>, namespace: String) -> Self {
        Self {
            address,
            link,
            namespace,
            process: RandomState::new().build_hasher().finish(),
            tokens: AtomicU64::new(0),
            untold: AtomicU64::new(0),
            made_good: AtomicU64::new(0),
            longest: OnceLock::new(),
            listener: OnceLock::new(),
        }
    }

    fn answer(&self, key: &Key) -> String {
        format!("{}:a:{}", self.namespace, key.text())
    }

    fn tag(&self, tag: Tag) -> String {
        format!("{}:t:{:016x}", self.namespace, tag.0)
    }

    fn channel(&self) -> String {
        format!("{}:changes", self.namespace)
    }

    async fn look_up(&self, key: &Key, tags: &[Tag]) -> Option<Looked> {
        let untold = self.untold.load(SeqCst);
        if untold > self.made_good.load(SeqCst) {
            if !self.change(&[Tag::EVERYTHING]).await {
                return None;
            }
            self.made_good.fetch_max(untold, SeqCst);
        }
        let answer = self.answer(key);
        let mut pipeline = Pipeline::new();
        // As one: the time that is left must be that of the answer that is read.
        pipeline.atomic().cmd("PTTL").arg(&answer);
        let names = pipeline.cmd("MGET").arg(&answer).arg(self.tag(Tag::EVERYTHING));
        for tag in tags {
            names.arg(self.tag(*tag));
        }
        let (left, mut values): (i64, Vec<Option<Vec<u8>>>) = self.link.ask(&pipeline).await?;
        if values.is_empty() {
            return None;
        }
        let kept = values.remove(0);
        let state = state_of(&values);
        let left = u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis);
        let found = kept.and_then(|kept| value_of(kept, &state)).zip(left);
        Some(Looked { found, state })
    }

    async fn put(&self, key: Key, state: State, value: Vec<u8>, life: Duration) {
        let millis = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let Ok(length) = u32::try_from(state.0.len()) else { return };
        if millis == 0 {
            return;
        }
        let mut kept = Vec::with_capacity(4 + state.0.len() + value.len());
        kept.extend_from_slice(&length.to_le_bytes());
        kept.extend_from_slice(&state.0);
        kept.extend_from_slice(&value);
        let mut pipeline = Pipeline::new();
        pipeline.cmd("SET").arg(self.answer(&key)).arg(kept).arg("PX").arg(millis).ignore();
        let _: Option<()> = self.link.ask(&pipeline).await;
    }

    /// Puts new tokens and tells the others; whether it is done.
    async fn change(&self, tags: &[Tag]) -> bool {
        let tags = if tags.len() > MANY { &[Tag::EVERYTHING][..] } else { tags };
        let longest = self.longest.get().copied().unwrap_or(TOKENS);
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).saturating_add(60_000);
        let mut token = self.process.to_le_bytes().to_vec();
        token.extend_from_slice(&self.tokens.fetch_add(1, SeqCst).to_le_bytes());
        let mut message = self.process.to_le_bytes().to_vec();
        let mut pipeline = Pipeline::new();
        pipeline.atomic();
        for tag in tags {
            pipeline.cmd("SET").arg(self.tag(*tag)).arg(&token).arg("PX").arg(millis).ignore();
            message.extend_from_slice(&tag.0.to_le_bytes());
        }
        pipeline.cmd("PUBLISH").arg(self.channel()).arg(message).ignore();
        self.link.ask::<()>(&pipeline).await.is_some()
    }
}

impl Shared for SharedAnswers {
    fn look<'a>(&'a self, key: &'a Key, tags: &'a [Tag]) -> Pending<'a, Option<Looked>> {
        Box::pin(self.look_up(key, tags))
    }

    fn keep(&self, key: Key, state: State, value: Vec<u8>, life: Duration) -> Pending<'_, ()> {
        Box::pin(self.put(key, state, value, life))
    }

    fn forget(&self, tags: Vec<Tag>) -> Pending<'_, ()> {
        Box::pin(async move {
            if !self.change(&tags).await {
                self.untold.fetch_add(1, SeqCst);
            }
        })
    }

    fn listen(&self, generations: Arc<Generations>, longest: Duration) {
        let _ = self.longest.set(longest);
        self.listener.get_or_init(|| {
            Listener::start(self.address.clone(), self.channel(), self.process, generations)
        });
    }

    fn samples(&self) -> Vec<Sample> {
        self.link.samples()
    }
}

/// One byte string of the tokens, each after its length.
fn state_of(tokens: &[Option<Vec<u8>>]) -> State {
    let mut state = Vec::with_capacity(tokens.len() * 17);
    for token in tokens {
        let token = token.as_deref().unwrap_or_default();
        state.push(u8::try_from(token.len()).unwrap_or(u8::MAX));
        state.extend_from_slice(token);
    }
    State(state)
}

/// The value, if it was kept in this state.
fn value_of(mut kept: Vec<u8>, state: &State) -> Option<Vec<u8>> {
    let length = u32::from_le_bytes(*kept.first_chunk()?);
    let end = 4usize.checked_add(usize::try_from(length).ok()?)?;
    if kept.get(4..end)? != state.0 {
        return None;
    }
    kept.drain(..end);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_the_state_that_it_was_kept_in() {
        let state = state_of(&[None, Some(b"a".to_vec())]);
        assert_ne!(state, state_of(&[Some(b"a".to_vec()), None]));
        let mut kept = u32::try_from(state.0.len()).unwrap().to_le_bytes().to_vec();
        kept.extend_from_slice(&state.0);
        kept.extend_from_slice(b"value");
        assert_eq!(value_of(kept.clone(), &state).as_deref(), Some(&b"value"[..]));
        assert_eq!(value_of(kept.clone(), &state_of(&[None, None])), None);
        for end in 0..kept.len() - 5 {
            assert_eq!(value_of(kept[..end].to_vec(), &state), None, "{end}");
        }
        assert_eq!(value_of(vec![255; 8], &state), None);
    }
}
