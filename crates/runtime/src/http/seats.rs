//! Who holds a connection: so many in all, so many of one address, and whoever does nothing with
//! his gives way.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::rate::neighbourhood;

/// Connections that are looked at for one that can give way.
const CANDIDATES: usize = 32;

/// All seats of a server.
pub(super) struct Seats {
    most: usize,
    of_address: usize,
    started: Instant,
    room: Mutex<Room>,
}

#[derive(Default)]
struct Room {
    taken: Vec<Arc<Guest>>,
    by_address: BTreeMap<IpAddr, usize>,
    /// Where the search for an idle one goes on.
    cursor: usize,
}

/// One connection.
pub(super) struct Guest {
    /// What counts as its address; none of a trusted proxy.
    address: Option<IpAddr>,
    /// Its position among those taken; meaningless once it has left.
    at: AtomicUsize,
    gone: AtomicBool,
    /// Requests under way.
    busy: AtomicUsize,
    /// Of these, requests whose bodies have not arrived.
    reading: AtomicUsize,
    /// Requests that were answered.
    served: AtomicUsize,
    /// Milliseconds since the start when it last did something.
    last: AtomicU64,
    /// Tells it to leave.
    cut: Notify,
}

/// Why there is no seat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// Its address has enough.
    Address,
    /// All are taken by requests under way.
    Full,
}

/// A seat that is taken until it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    pub(super) guest: Arc<Guest>,
}

/// A body that is being read, on the connection of the guest among a request's extensions.
pub(super) struct Reading<'a>(&'a Guest);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.fetch_sub(1, Relaxed);
    }
}

/// A request under way on a connection.
pub(super) struct Busy {
    seats: Arc<Seats>,
    guest: Arc<Guest>,
}

impl Seats {
    pub(super) fn new(most: usize, of_address: usize) -> Self {
        Self { most: most.max(1), of_address, started: Instant::now(), room: Mutex::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for an address, if need be that of somebody who does nothing with it. Without an
    /// address, how many there are of one does not matter.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Seat, NoSeat> {
        let address = address.map(neighbourhood);
        let mut room = self.room();
        if let Some(address) = address
            && room.by_address.get(&address).is_some_and(|&many| many >= self.of_address)
        {
            return Err(NoSeat::Address);
        }
        if room.taken.len() >= self.most {
            let idle = room.idle().ok_or(NoSeat::Full)?;
            room.leave(&idle);
            idle.cut.notify_one();
        }
        let guest = Arc::new(Guest {
            address,
            at: AtomicUsize::new(room.taken.len()),
            gone: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            reading: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            last: AtomicU64::new(self.now()),
            cut: Notify::new(),
        });
        if let Some(address) = address {
            *room.by_address.entry(address).or_default() += 1;
        }
        room.taken.push(Arc::clone(&guest));
        Ok(Seat { seats: Arc::clone(self), guest })
    }
}

impl Room {
    /// Of a few, one without a complete request under way: of an address that has many, and of
    /// these the one that has been idle for longest. Whoever comes alone is not crowded out by
    /// those who come in thousands.
    fn idle(&mut self) -> Option<Arc<Guest>> {
        let many = self.taken.len();
        let some = (0..CANDIDATES.min(many)).filter_map(|step| {
            self.taken.get((self.cursor + step * (many / CANDIDATES).max(1)) % many)
        });
        let idle = some.filter(|guest| guest.busy.load(Relaxed) <= guest.reading.load(Relaxed));
        let neighbours = |guest: &Guest| {
            let found = guest.address.and_then(|address| self.by_address.get(&address));
            found.and_then(|many| many.checked_ilog2()).unwrap_or(0)
        };
        let order = |guest: &&Arc<Guest>| (Reverse(neighbours(guest)), guest.last.load(Relaxed));
        let found = idle.min_by_key(order).cloned();
        self.cursor = self.cursor.wrapping_add(1) % many.max(1);
        found
    }

    fn leave(&mut self, guest: &Guest) {
        if guest.gone.swap(true, Relaxed) {
            return;
        }
        let at = guest.at.load(Relaxed);
        if at < self.taken.len() {
            self.taken.swap_remove(at);
        }
        if let Some(moved) = self.taken.get(at) {
            moved.at.store(at, Relaxed);
        }
        if let Some(address) = guest.address
            && let Some(many) = self.by_address.get_mut(&address)
        {
            *many -= 1;
            if *many == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Guest {
    /// Its request is not complete, until what is returned is dropped.
    pub(super) fn reads(&self) -> Reading<'_> {
        self.reading.fetch_add(1, Relaxed);
        Reading(self)
    }

    /// Ends when the seat is needed for somebody else.
    pub(super) async fn cut(&self) {
        self.cut.notified().await;
    }

    /// Whether it has asked for nothing so far.
    pub(super) fn is_mute(&self) -> bool {
        self.served.load(Relaxed) == 0 && self.busy.load(Relaxed) == 0
    }
}

impl Seat {
    /// A request begins on this connection.
    pub(super) fn busy(&self) -> Busy {
        self.guest.busy.fetch_add(1, Relaxed);
        Busy { seats: Arc::clone(&self.seats), guest: Arc::clone(&self.guest) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.room().leave(&self.guest);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.guest.served.fetch_add(1, Relaxed);
        self.guest.last.store(self.seats.now(), Relaxed);
        self.guest.busy.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn an_address_has_so_many_and_gets_them_back() {
        let seats = Arc::new(Seats::new(10, 2));
        let first = seats.take(address(1)).ok();
        let _second = seats.take(address(1)).ok();
        assert_eq!(seats.take(address(1)).err(), Some(NoSeat::Address));
        assert!(seats.take(address(2)).is_ok());
        drop(first);
        assert!(seats.take(address(1)).is_ok());
        let proxies: Vec<_> = (0..5).map(|_| seats.take(None).ok().unwrap()).collect();
        assert_eq!(proxies.len(), 5);
        drop(proxies);
        assert_eq!(seats.room().taken.len(), 1);
    }

    #[test]
    fn whoever_does_nothing_gives_way_and_whoever_works_stays() {
        let seats = Arc::new(Seats::new(3, 100));
        let held: Vec<Seat> = (0..3).map(|_| seats.take(address(1)).ok().unwrap()).collect();
        let working: Vec<Busy> = held.iter().map(Seat::busy).collect();
        assert_eq!(seats.take(address(2)).err(), Some(NoSeat::Full));
        let mut working = working.into_iter();
        drop(working.next());
        let newcomer = seats.take(address(2)).ok().unwrap();
        assert!(held[0].guest.gone.load(Relaxed) && !held[1].guest.gone.load(Relaxed));
        drop(held);
        assert_eq!(seats.room().taken.len(), 1, "nobody leaves twice");
        drop(newcomer);
        assert!(seats.room().taken.is_empty() && seats.room().by_address.is_empty());
    }
}
