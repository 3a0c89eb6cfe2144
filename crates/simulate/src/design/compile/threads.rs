//! What the threads of one server do for a request: the process, and its store, on the same cores.

use model::model::{OperationId, OperationKind};

use super::super::one_server::{StoreThreads, Threads};
use super::super::resources::Replica;
use super::super::times::{Query, Times};
use super::Compiler;
use crate::calibrate::Shape;
use crate::network::{END, Label, SourceId};

/// Round trips of a write to a store that is asked over connections: what opens its transaction with
/// what has to be known before, and the rows with the commit.
const WRITE_TRIPS: u32 = 2;

impl Compiler<'_> {
    /// A request that has been let in: an event loop reads it, the store is asked, an event loop
    /// answers.
    pub(super) fn on_threads(
        &mut self,
        id: OperationId,
        name: &str,
        times: &Times,
        replica: Replica,
        threads: Threads,
        then: Label,
    ) -> Label {
        let operation = self.design.model.operation(id);
        let embedded = matches!(threads.store, StoreThreads::Embedded { .. });
        let inline = embedded && operation.kind == OperationKind::Get;
        let cached = self.kept.contains_key(&id) && times.kept.is_none();
        let next = if times.queries.is_empty() {
            self.looped(name, "alone", times.application, threads, then)
        } else if inline && !cached {
            self.inline(name, times, threads, then)
        } else {
            let trips = trips(times, embedded);
            let piece = piece(times.application, trips + 1);
            let answered = self.looped(name, "answers", piece, threads, then);
            let asked = self.answered(id, name, times, replica, answered);
            self.looped(name, "asks", piece, threads, asked)
        };
        match &times.besides {
            Some(besides) => {
                self.builder.pass(format!("{name}/besides"), besides.distribution(), next)
            }
            None => next,
        }
    }

    /// What else takes a core of the one server now and then, whoever asks.
    pub(super) fn stalls(&mut self, sources: &mut Vec<SourceId>) {
        let server = self.question.server.as_ref();
        let stalls = server.and_then(|server| server.stalls);
        if let (Some((rate, time)), Some(threads)) = (stalls, self.stations.threads) {
            let name = "others on the cores";
            let time = time.distribution();
            let entry = self.builder.serve_as(name.to_owned(), threads.others, time, END);
            sources.push(self.open(name, rate, entry));
        }
    }

    /// A read by key of an embedded store, which is no work for another thread.
    fn inline(&mut self, name: &str, times: &Times, threads: Threads, then: Label) -> Label {
        let mut ways = Vec::new();
        let kept = times.kept.unwrap_or(0.0);
        if kept > 0.0 {
            ways.push((kept, self.looped(name, "kept", times.application, threads, then)));
        }
        for (at, query) in times.queries.iter().enumerate() {
            let what = format!("inline/{at}");
            let work = sum(times.application, query.work);
            let way = self.looped(name, &what, work, threads, then);
            ways.push(((1.0 - kept) * query.share, way));
        }
        self.builder.by_chance(format!("{name}/way"), &ways)
    }

    /// One of the ways to ask the store.
    pub(super) fn query_on_threads(
        &mut self,
        name: &str,
        times: &Times,
        threads: Threads,
        then: Label,
    ) -> Label {
        let mut ways = Vec::new();
        for (at, query) in times.queries.iter().enumerate() {
            let name = format!("{name}/query/{at}");
            let way = match threads.store {
                StoreThreads::Embedded { readers, writer } => {
                    let at = if times.writes { writer } else { readers };
                    let work = query.work.distribution();
                    self.builder.serve_as(name, at, work, then)
                }
                StoreThreads::Beside { connections, .. } => {
                    let left = self.builder.leave(then);
                    let asked = self.beside(&name, times, query, threads, left);
                    self.builder.enter(connections, asked)
                }
            };
            ways.push((query.share, way));
        }
        self.builder.by_chance(format!("{name}/way"), &ways)
    }

    /// A store in processes of its own, asked over a connection: a write waits for the commit, and
    /// the event loop works between its round trips.
    fn beside(
        &mut self,
        name: &str,
        times: &Times,
        query: &Query,
        threads: Threads,
        then: Label,
    ) -> Label {
        let StoreThreads::Beside { processes, log, .. } = threads.store else { return then };
        let trips = trips(times, false);
        let work = piece(query.work, trips);
        let mut next = then;
        if times.writes {
            let nothing = Shape::Constant(0.0).distribution();
            next = self.builder.serve_as(format!("{name}/done"), processes, nothing.clone(), next);
            next = self.builder.serve_as(format!("{name}/commit"), log, nothing, next);
        } else if query.rest.mean() > 0.0 {
            next = self.builder.pass(name.to_owned(), query.rest.distribution(), next);
        }
        for trip in 0..trips {
            if trip > 0 {
                let own = piece(times.application, trips + 1);
                next = self.looped(name, &format!("trip/{trip}"), own, threads, next);
            }
            let name = format!("{name}/{trip}");
            next = self.builder.serve_as(name, processes, work.distribution(), next);
        }
        next
    }

    fn looped(&mut self, name: &str, what: &str, time: Shape, on: Threads, then: Label) -> Label {
        self.builder.serve_as(format!("{name}/{what}"), on.loops, time.distribution(), then)
    }
}

/// How often a request asks the store.
const fn trips(times: &Times, embedded: bool) -> u32 {
    if times.writes && !embedded { WRITE_TRIPS } else { 1 }
}

/// One of so many equal parts of a time, which vary so much that the sum of all varies as the whole.
fn piece(whole: Shape, parts: u32) -> Shape {
    let parts = f64::from(parts);
    Shape::spread(whole.mean() / parts, whole.variation() * libm::sqrt(parts))
}

/// One time after another that has nothing to do with it.
fn sum(one: Shape, other: Shape) -> Shape {
    let mean = one.mean() + other.mean();
    let deviation = |of: Shape| of.variation() * of.mean();
    Shape::spread(mean, libm::hypot(deviation(one), deviation(other)) / mean.max(1e-12))
}
