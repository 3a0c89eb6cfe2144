//! How long it takes to bring a store back, and what is lost.

use base::Quantity;

use crate::facts::Facts;
use crate::sizing::demand::StoreDemand;
use crate::sizing::stores;
use crate::{needs, numbers};

/// What the loss of a store asks for and costs, in seconds.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// When it must run again.
    pub time: Quantity<f64>,
    /// What of the last writes may be lost.
    pub point: Quantity<f64>,
    /// How long a restore from the backup takes, the replay of a day's log included.
    pub restore: f64,
    /// Bytes that are restored.
    pub bytes: f64,
}

/// The needs of a store, and what a restore takes with the rows of the horizon.
#[must_use]
pub fn of(model: Facts<'_>, demand: &StoreDemand) -> Recovery {
    let rows = demand.bytes_now + demand.bytes_to_come;
    let bytes = rows * stores::of_rows(model, demand.kind);
    let log = demand.logged.mean * 86_400.0;
    let restore = model.value(&numbers::RESTORE_START) * 60.0
        + bytes / model.value(&numbers::RESTORE_SPEED)
        + log / model.value(&numbers::REPLAY_SPEED);
    Recovery {
        time: needs::recovery_time(model, &demand.contexts),
        point: needs::recovery_point(model, &demand.contexts),
        restore,
        bytes,
    }
}

/// A time as people say it: `45 s`, `36 min`, `2.5 h`.
#[must_use]
pub fn told(seconds: f64) -> String {
    let people = crate::facts::people;
    match seconds {
        long if long >= 7_200.0 => format!("{} h", people(long / 3_600.0)),
        some if some >= 120.0 => format!("{} min", people((some / 60.0).round())),
        short => format!("{} s", people(short)),
    }
}
