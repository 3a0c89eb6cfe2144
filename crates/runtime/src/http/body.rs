//! Reads request bodies, as long as they are small and arrive in time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::limits::Limits;
use crate::problem::{Problem, code};

/// Bodies up to this size are read whoever else sends one; larger ones count.
const SMALL: usize = 16 * 1024;

/// The whole body.
///
/// # Errors
/// 413 if it is too large, 503 if too many large ones are being read, 408 if it does not arrive in
/// time, 400 if it breaks off.
pub(super) async fn read(
    body: &mut Incoming,
    limits: &Limits,
    large: &Semaphore,
) -> Result<Bytes, Problem> {
    let deadline = Instant::now() + limits.body_time;
    let limit = limits.body;
    if body.size_hint().lower() > limit as u64 {
        discard(body, limit, deadline).await;
        return Err(too_large(limit));
    }
    let mut whole = Bytes::new();
    let mut more = BytesMut::new();
    let mut permit = None;
    loop {
        let Some(data) = chunk(body, deadline).await? else { break };
        let length = whole.len() + more.len() + data.len();
        if length > limit {
            discard(body, limit, deadline).await;
            return Err(too_large(limit));
        }
        if length > SMALL && permit.is_none() {
            let taken = large.try_acquire();
            permit = Some(taken.map_err(|_| Problem::new(&code::OVERLOADED).retry_after(1))?);
        }
        if whole.is_empty() && more.is_empty() {
            // Nearly always the only one: no copy.
            whole = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut whole));
            }
            more.extend_from_slice(&data);
        }
    }
    drop(permit);
    Ok(if more.is_empty() { whole } else { more.freeze() })
}

async fn chunk(body: &mut Incoming, deadline: Instant) -> Result<Option<Bytes>, Problem> {
    loop {
        let broken = |detail| Problem::new(&code::MALFORMED_REQUEST).detail(detail);
        match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Problem::new(&code::REQUEST_TIMEOUT)),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(broken("The body broke off.")),
            // Trailers mean nothing here.
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads on for a moment, so that a client which sends before it listens hears the refusal; not
/// for long, and not much: four times the limit.
pub async fn discard(body: &mut Incoming, limit: usize, deadline: Instant) {
    let soon = deadline.min(Instant::now() + Duration::from_secs(2));
    let mut left = limit.saturating_mul(4);
    while let Ok(Some(data)) = chunk(body, soon).await {
        left = left.saturating_sub(data.len());
        if left == 0 {
            return;
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(&code::PAYLOAD_TOO_LARGE).detail(format!("Expected at most {limit} bytes."))
}
