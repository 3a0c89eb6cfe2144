//! The calendar: what happens next. Strictly in the order of (time, number of the event), so that
//! two events of one nanosecond happen as they were scheduled.
//!
//! Events of arbitrary times lie in a heap. Timers of one constant length lie in a list each: they
//! expire in the order in which they were set, so that only the first of each list needs a place in
//! the heap. Most timers are never needed (the answer came in time); what they were for is told by
//! the epoch of its owner, and the list drops those that are stale without asking the heap.

use std::collections::VecDeque;

/// Nanoseconds since the start of the run.
pub type Time = u64;

/// What an event is about. The owner is an index whose meaning depends on the kind; the epoch tells
/// whether the owner is still waiting for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Time,
    /// Number of the event in the upper 56 bits, kind in the lower eight.
    order: u64,
    /// Index of what it is about.
    pub owner: u32,
    /// Epoch of the owner when it was scheduled.
    pub epoch: u32,
}

/// Kind that marks the first entry of a list of timers; its owner is the list.
const LIST: u8 = u8::MAX;

impl Event {
    /// What is to be done, as the caller numbered it.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> u8 {
        (self.order & 0xff) as u8
    }

    #[inline]
    const fn key(&self) -> u128 {
        ((self.time as u128) << 64) | self.order as u128
    }
}

/// Children of a node of the heap: half as many levels as with two, and four neighbours share a
/// line or two of the processor's cache.
const ARITY: usize = 4;

/// All events to come.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    heap: Vec<Event>,
    /// The root was taken, and its place is free for the next event.
    hole: bool,
    scheduled: u64,
    lists: Vec<TimerList>,
}

#[derive(Clone, Debug, Default)]
struct TimerList {
    length: Time,
    entries: VecDeque<Event>,
    /// Whether the first entry has a place in the heap.
    armed: bool,
}

/// A list of timers of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListId(u32);

impl Calendar {
    /// An event `kind` (below 255) at `time`.
    #[inline]
    pub fn schedule(&mut self, time: Time, kind: u8, owner: u32, epoch: u32) {
        let order = self.next_order(kind);
        self.push(Event { time, order, owner, epoch });
    }

    #[inline]
    const fn next_order(&mut self, kind: u8) -> u64 {
        self.scheduled += 1;
        (self.scheduled << 8) | kind as u64
    }

    /// The list of timers of this length.
    pub fn list(&mut self, length: Time) -> ListId {
        let at = self.lists.iter().position(|list| list.length == length).unwrap_or_else(|| {
            self.lists.push(TimerList { length, ..TimerList::default() });
            self.lists.len() - 1
        });
        ListId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// A timer that expires after the length of its list.
    pub fn set_timer(&mut self, list: ListId, now: Time, kind: u8, owner: u32, epoch: u32) {
        let order = self.next_order(kind);
        let Some(timers) = self.lists.get_mut(list.0 as usize) else { return };
        let event = Event { time: now.saturating_add(timers.length), order, owner, epoch };
        timers.entries.push_back(event);
        if !timers.armed {
            timers.armed = true;
            self.push(marker(list, event));
        }
    }

    /// Takes the next event. `is_live` says whether a timer is still needed.
    #[inline]
    pub fn next(&mut self, is_live: impl Fn(&Event) -> bool) -> Option<Event> {
        loop {
            let event = self.pop()?;
            if event.kind() != LIST {
                return Some(event);
            }
            if let Some(timer) = self.expire(ListId(event.owner), &is_live) {
                return Some(timer);
            }
        }
    }

    /// The first timer of a list, whose time has come; nothing if it is stale. The next one that is
    /// needed takes its place in the heap.
    fn expire(&mut self, id: ListId, is_live: &impl Fn(&Event) -> bool) -> Option<Event> {
        let list = self.lists.get_mut(id.0 as usize)?;
        let due = list.entries.pop_front().filter(is_live);
        while list.entries.front().is_some_and(|event| !is_live(event)) {
            list.entries.pop_front();
        }
        let first = list.entries.front().copied();
        list.armed = first.is_some();
        if let Some(first) = first {
            self.push(marker(id, first));
        }
        due
    }

    #[inline]
    fn push(&mut self, event: Event) {
        if self.hole {
            self.hole = false;
            self.sink(event);
            return;
        }
        let mut at = self.heap.len();
        self.heap.push(event);
        let key = event.key();
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.heap[parent].key() <= key {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = event;
    }

    /// The root leaves at once; its place is filled by the next event that is scheduled, which most
    /// often follows from it, or by the last leaf.
    #[inline]
    fn pop(&mut self) -> Option<Event> {
        if self.hole {
            self.hole = false;
            let last = self.heap.pop()?;
            if !self.heap.is_empty() {
                self.sink(last);
            }
        }
        let root = self.heap.first().copied()?;
        self.hole = true;
        Some(root)
    }

    /// Places an event at the root and lets it sink.
    #[inline]
    fn sink(&mut self, event: Event) {
        let key = event.key();
        let heap = self.heap.as_mut_slice();
        let mut at = 0;
        loop {
            let first = at * ARITY + 1;
            if first >= heap.len() {
                break;
            }
            let end = (first + ARITY).min(heap.len());
            let (mut least, mut least_key) = (first, heap[first].key());
            for (child, event) in (first + 1..end).zip(&heap[first + 1..end]) {
                let child_key = event.key();
                if child_key < least_key {
                    (least, least_key) = (child, child_key);
                }
            }
            if key <= least_key {
                break;
            }
            heap[at] = heap[least];
            at = least;
        }
        heap[at] = event;
    }
}

/// The place in the heap of a list's first timer: at its time and in its order.
const fn marker(list: ListId, first: Event) -> Event {
    Event { time: first.time, order: first.order | LIST as u64, owner: list.0, epoch: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Random;

    #[test]
    fn an_event_is_24_bytes() {
        assert_eq!(size_of::<Event>(), 24);
    }

    #[test]
    fn events_come_in_the_order_of_time_and_then_of_scheduling() {
        let mut random = Random::new(1);
        let mut calendar = Calendar::default();
        let mut expected: Vec<(Time, u32)> = Vec::new();
        let mut taken = Vec::new();
        let (mut now, mut number) = (0, 0);
        for _ in 0..20_000 {
            if random.bits() % 5 < 3 || expected.is_empty() {
                let time = now + random.bits() % 50;
                calendar.schedule(time, 1, number, 0);
                expected.push((time, number));
                number += 1;
            } else {
                let event = calendar.next(|_| true).unwrap();
                now = event.time;
                taken.push((event.time, event.owner));
                expected.sort_unstable();
                assert_eq!(expected.remove(0), (event.time, event.owner));
            }
        }
        assert!(taken.is_sorted_by_key(|(time, _)| *time));
    }

    #[test]
    fn timers_of_lists_come_as_if_they_lay_in_the_heap() {
        let mut random = Random::new(2);
        let (mut lists, mut heap) = (Calendar::default(), Calendar::default());
        let ids = [lists.list(30), lists.list(7), lists.list(30)];
        assert_eq!(ids[0], ids[2]);
        let lengths = [30, 7, 30];
        let live = |event: &Event| !event.owner.is_multiple_of(3);
        let mut now = 0;
        for owner in 0..20_000u32 {
            let which = (random.bits() % 4) as usize;
            if which < 3 {
                lists.set_timer(ids[which], now, 2, owner, 5);
                heap.schedule(now + lengths[which], 2, owner, 5);
            } else {
                lists.schedule(now + 11, 3, owner, 6);
                heap.schedule(now + 11, 3, owner, 6);
            }
            if random.bits().is_multiple_of(2) {
                let timed = |event: &Event| event.kind() == 3 || live(event);
                let from_heap = std::iter::from_fn(|| heap.next(|_| true)).find(timed);
                let from_lists = lists.next(live);
                let parts =
                    |event: Event| (event.time, event.order >> 8, event.kind(), event.owner);
                assert_eq!(from_lists.map(parts), from_heap.map(parts));
                now = from_heap.map_or(now, |event| event.time);
            }
        }
    }
}
