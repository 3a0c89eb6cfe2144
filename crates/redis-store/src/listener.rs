//! What other replicas change.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use runtime::cache::{Generations, Tag};
use tokio::task::JoinHandle;

use crate::Address;

/// For a subscription to begin.
const CONNECT: Duration = Duration::from_secs(2);
/// Between attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// A subscription that is taken up again whenever it ends. Dropping it ends its task.
#[derive(Debug)]
pub(crate) struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Listener {
    pub(crate) fn start(
        address: Address,
        channel: String,
        process: u64,
        generations: Arc<Generations>,
    ) -> Self {
        Self(tokio::spawn(async move {
            loop {
                let subscribing = tokio::time::timeout(CONNECT, subscribe(&address, &channel));
                if let Ok(Ok(mut changes)) = subscribing.await {
                    // What was said before is not known.
                    generations.bump(&[Tag::EVERYTHING]);
                    while let Some(message) = changes.next().await {
                        let tags = tags_of_others(message.get_payload_bytes(), process);
                        generations.bump(&tags);
                    }
                    generations.bump(&[Tag::EVERYTHING]);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }))
    }
}

async fn subscribe(
    address: &Address,
    channel: &str,
) -> redis::RedisResult<redis::aio::PubSubStream> {
    let mut subscription = address.client().get_async_pubsub().await?;
    subscription.subscribe(channel).await?;
    Ok(subscription.into_on_message())
}

/// The tags of a message, unless it comes from here.
fn tags_of_others(message: &[u8], process: u64) -> Vec<Tag> {
    let Some((from, tags)) = message.split_first_chunk() else { return vec![Tag::EVERYTHING] };
    if u64::from_le_bytes(*from) == process {
        return Vec::new();
    }
    let mut numbers = tags.chunks_exact(8);
    let mut found: Vec<Tag> = numbers
        .by_ref()
        .filter_map(|bytes| Some(Tag(u64::from_le_bytes(*bytes.first_chunk()?))))
        .collect();
    if !numbers.remainder().is_empty() {
        found.push(Tag::EVERYTHING);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_may_say_anything() {
        let message = [7u64.to_le_bytes(), 1u64.to_le_bytes()].concat();
        assert_eq!(tags_of_others(&message, 8), [Tag(1)]);
        assert_eq!(tags_of_others(&message, 7), []);
        assert_eq!(tags_of_others(&message[..12], 8), [Tag::EVERYTHING]);
        assert_eq!(tags_of_others(b"x", 8), [Tag::EVERYTHING]);
    }
}
