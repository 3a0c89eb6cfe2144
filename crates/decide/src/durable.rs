//! Calls that outlive whoever made them: they are written down before they are made, and tried
//! until they are done. `firm up` makes them by these numbers, and the simulator plays it.

use std::time::Duration;

use crate::crossings::{Crossing, End, How};
use crate::facts::Facts;

/// Attempts one after the other; then the call is put back until somebody looks for what is due.
pub const TRIES: u32 = 3;
/// Wait before the second attempt; it doubles with each, and between half and all of it is waited.
pub const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait before any attempt.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Share of such a wait that is no chance.
pub const PAUSE_LEAST: f64 = 0.5;
/// How often a server looks for what is due.
pub const LOOK: Duration = Duration::from_secs(1);
/// Share of what a request may take for which its client waits for the result, and is told that it
/// goes on (202) after that.
pub const WAITED: f64 = 0.9;
/// Share of what is left of that which one attempt may take, where something else can be done
/// instead.
pub const FALLBACK_SHARE: f64 = 0.8;
/// How long an attempt may take where the model states no latency, in seconds.
const UNSTATED: f64 = 10.0;
/// The least and the most that one may take, in seconds.
const LEAST: f64 = 1.0;
const MOST: f64 = 30.0;

/// How long one attempt at an external may take, in seconds, where so long is enough for nearly all
/// good answers. Whoever asked does not wait for it, so that its deadline is no reason to cut off
/// more.
#[must_use]
pub fn timeout(model: Facts<'_>, to: End, enough: f64) -> f64 {
    let stated = match to {
        End::External(external, at) => {
            let operation = model.external(external).operations.get(usize::from(at));
            operation.is_some_and(|operation| operation.latency.is_some())
        }
        _ => true,
    };
    if stated { enough.clamp(LEAST, MOST) } else { UNSTATED }
}

/// Whether a call is written down before it is made: every call that somebody waits for and that
/// may change something elsewhere. Lookups (`safe`) are made anew by whoever asks again.
#[must_use]
pub fn is(model: Facts<'_>, crossing: &Crossing) -> bool {
    if !matches!(crossing.how, How::Calls { .. }) {
        return false;
    }
    match crossing.to {
        End::External(external, at) => {
            let operation = model.external(external).operations.get(usize::from(at));
            operation.is_some_and(|operation| !operation.safe)
        }
        End::Operation(_) => true,
        End::Entity(_) | End::Event(_) => false,
    }
}
