//! One load for each question at a time; whoever else asks meanwhile waits for it.
//!
//! Waiters are requests, so the bound on requests under way bounds them, and each waits no longer
//! than its own deadline. A load belongs to the request that began it: if that is cancelled, one of
//! the waiters begins anew; if it fails, each asks for itself, so that nobody gets another's error.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::Key;
use super::entry::Entry;
use super::generations::Stamp;

/// Loads under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, Arc<Flight>>>);

/// One load.
#[derive(Debug)]
struct Flight {
    /// The state of the tags when it began: who saw a later one does not want what it brings.
    stamp: Stamp,
    landed: watch::Sender<Landing>,
}

/// How a load ended.
#[derive(Clone, Debug)]
enum Landing {
    UnderWay,
    Loaded(Arc<Entry>),
    Failed,
    Cancelled,
}

/// What whoever asks has to do.
pub(super) enum Turn<'f> {
    /// Load, and hand over what came of it.
    Lead(Lead<'f>),
    /// Somebody else loaded it.
    Loaded(Arc<Entry>),
    /// Somebody else tried and failed.
    Alone,
}

/// The right to load.
pub(super) struct Lead<'f> {
    flights: &'f Flights,
    key: Key,
    flight: Arc<Flight>,
    landing: Landing,
}

impl Flights {
    /// Leads, or waits for whoever does.
    pub(super) async fn turn(&self, key: Key, stamp: Stamp) -> Turn<'_> {
        loop {
            let mut waiting = match self.join(key, stamp) {
                Ok(lead) => return Turn::Lead(lead),
                Err(flight) => flight,
            };
            let landed = waiting.wait_for(|landing| !matches!(landing, Landing::UnderWay)).await;
            match landed.map(|landing| landing.clone()) {
                Ok(Landing::Loaded(entry)) => return Turn::Loaded(entry),
                Ok(Landing::Failed) => return Turn::Alone,
                // Whoever led has gone.
                Ok(Landing::Cancelled | Landing::UnderWay) | Err(_) => {}
            }
        }
    }

    /// Leads if nobody does.
    pub(super) fn try_lead(&self, key: Key, stamp: Stamp) -> Option<Lead<'_>> {
        self.join(key, stamp).ok()
    }

    fn join(&self, key: Key, stamp: Stamp) -> Result<Lead<'_>, watch::Receiver<Landing>> {
        let flight = Arc::new(Flight { stamp, landed: watch::Sender::new(Landing::UnderWay) });
        let mut flights = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match flights.get(&key) {
            Some(other) if other.stamp == stamp => return Err(other.landed.subscribe()),
            _ => flights.insert(key, flight.clone()),
        };
        Ok(Lead { flights: self, key, flight, landing: Landing::Cancelled })
    }
}

impl Lead<'_> {
    /// Hands over what was loaded; nothing where it failed.
    pub(super) fn land(mut self, entry: Option<Arc<Entry>>) {
        self.landing = entry.map_or(Landing::Failed, Landing::Loaded);
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if flights.get(&self.key).is_some_and(|other| Arc::ptr_eq(other, &self.flight)) {
            flights.remove(&self.key);
        }
        drop(flights);
        self.flight.landed.send_replace(self.landing.clone());
    }
}
