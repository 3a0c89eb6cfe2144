//! One load for each question at a time; whoever else asks meanwhile waits for it.
//!
//! Waiters are requests, so the bound on requests under way bounds them, and each waits no longer
//! than its own deadline. A load belongs to the request that began it: if that is cancelled, one of
//! the waiters begins anew; if it fails, each asks for itself, so that nobody gets another's error.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::Key;
use super::entry::Entry;
use super::generations::Stamp;

/// Loads under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<BTreeMap<Key, Arc<Flight>>>);

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::entry::Outcome;
    use super::super::generations::Generations;
    use super::super::tag::Tag;
    use super::*;

    const KEY: Key = Key([7; 32]);

    fn entry(stamp: Stamp) -> Arc<Entry> {
        let (read_at, life) = (Duration::ZERO, Duration::from_secs(1));
        Arc::new(Entry { outcome: Outcome::Missing, read_at, life, stamp })
    }

    /// Waiters, once all of them wait.
    async fn waiters(
        flights: &Arc<Flights>,
        stamp: Stamp,
        count: usize,
    ) -> Vec<tokio::task::JoinHandle<&'static str>> {
        let wait = |_| {
            let flights = flights.clone();
            tokio::spawn(async move {
                match flights.turn(KEY, stamp).await {
                    Turn::Lead(lead) => {
                        lead.land(Some(entry(stamp)));
                        "led"
                    }
                    Turn::Loaded(_) => "loaded",
                    Turn::Alone => "alone",
                }
            })
        };
        let all = (0..count).map(wait).collect();
        while flights.waiting() < count {
            tokio::task::yield_now().await;
        }
        all
    }

    impl Flights {
        fn waiting(&self) -> usize {
            let flights = self.0.lock().unwrap();
            flights.values().map(|flight| flight.landed.receiver_count()).sum()
        }
    }

    async fn ends(tasks: Vec<tokio::task::JoinHandle<&'static str>>) -> Vec<&'static str> {
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(tokio::time::timeout(Duration::from_secs(10), task).await.unwrap().unwrap());
        }
        ends.sort_unstable();
        ends
    }

    #[tokio::test]
    async fn all_who_wait_get_what_one_loads() {
        let (flights, stamp) = (Arc::new(Flights::default()), Generations::default().stamp(&[]));
        let lead = flights.try_lead(KEY, stamp).unwrap();
        let waiting = waiters(&flights, stamp, 5).await;
        lead.land(Some(entry(stamp)));
        assert_eq!(ends(waiting).await, ["loaded"; 5]);
        assert_eq!(flights.0.lock().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_failure_is_not_shared_and_a_cancelled_load_begins_anew() {
        let (flights, stamp) = (Arc::new(Flights::default()), Generations::default().stamp(&[]));
        let lead = flights.try_lead(KEY, stamp).unwrap();
        let waiting = waiters(&flights, stamp, 3).await;
        lead.land(None);
        assert_eq!(ends(waiting).await, ["alone"; 3]);

        let lead = flights.try_lead(KEY, stamp).unwrap();
        let waiting = waiters(&flights, stamp, 3).await;
        drop(lead);
        let ends = ends(waiting).await;
        assert!(ends.contains(&"led") && !ends.contains(&"alone"), "{ends:?}");
        assert_eq!(flights.0.lock().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn nobody_waits_for_what_is_old_by_now() {
        let (flights, generations) = (Arc::new(Flights::default()), Generations::default());
        let before = generations.stamp(&[Tag(5)]);
        let old = flights.try_lead(KEY, before).unwrap();
        generations.bump(&[Tag(5)]);
        let after = generations.stamp(&[Tag(5)]);
        let Turn::Lead(new) = flights.turn(KEY, after).await else { panic!("waits for old") };
        old.land(Some(entry(before)));
        assert!(flights.try_lead(KEY, after).is_none(), "the new one is still under way");
        new.land(Some(entry(after)));
    }
}
