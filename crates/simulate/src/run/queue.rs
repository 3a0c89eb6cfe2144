//! Those who wait at a station: a list per level of priority, linked through the jobs, so that one
//! who gives up leaves from the middle at once.

use crate::network::Discipline;

use super::jobs::{Jobs, NONE};

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    discipline: Discipline,
    /// First and last of each level.
    levels: Vec<(u32, u32)>,
    pub(super) length: u32,
}

impl Queue {
    /// An empty queue for jobs of so many levels.
    pub(super) fn new(discipline: Discipline, levels: usize) -> Self {
        let count = if discipline == Discipline::Priority { levels } else { 1 };
        Self { discipline, levels: vec![(NONE, NONE); count], length: 0 }
    }

    const fn level(&self, level: u8) -> usize {
        match self.discipline {
            Discipline::Priority => level as usize,
            _ => 0,
        }
    }

    /// One more who waits.
    pub(super) fn push(&mut self, jobs: &mut Jobs, job: u32) {
        self.length += 1;
        let level = self.level(jobs[job].level);
        let (first, last) = self.levels[level];
        if first == NONE {
            (jobs[job].next, jobs[job].previous) = (NONE, NONE);
            self.levels[level] = (job, job);
        } else if self.discipline == Discipline::Lifo {
            (jobs[job].next, jobs[job].previous) = (first, NONE);
            jobs[first].previous = job;
            self.levels[level].0 = job;
        } else {
            (jobs[job].next, jobs[job].previous) = (NONE, last);
            jobs[last].next = job;
            self.levels[level].1 = job;
        }
    }

    /// Whose turn it is.
    pub(super) fn pop(&mut self, jobs: &mut Jobs) -> Option<u32> {
        let (first, _) = *self.levels.iter().find(|(first, _)| *first != NONE)?;
        self.remove(jobs, first);
        Some(first)
    }

    /// Takes one out who is in the queue.
    pub(super) fn remove(&mut self, jobs: &mut Jobs, job: u32) {
        self.length -= 1;
        let (next, previous) = (jobs[job].next, jobs[job].previous);
        let level = self.level(jobs[job].level);
        match previous {
            NONE => self.levels[level].0 = next,
            _ => jobs[previous].next = next,
        }
        match next {
            NONE => self.levels[level].1 = previous,
            _ => jobs[next].previous = previous,
        }
    }
}
