//! Events on their way: a relay takes them out of the outbox and the workers of each consumer group
//! handle them, in order where an order is kept, again where that fails, and set aside what fails to
//! the end.

use decide::delivery::{Delivery, Group, Kind as Follower, Order};
use decide::{Design, numbers};

use super::calls::nanoseconds;
use super::resources::{Kind, Resource};
use crate::calibrate::Shape;
use crate::kernel::Distribution;
use crate::network::{Builder, END, Label, Policy, Station, StationId};

/// The workers of the groups that have been asked for.
#[derive(Default)]
pub(super) struct Consumers {
    pub(super) resources: Vec<Resource>,
}

/// A group that follows an event, as answers name it.
pub(super) fn name(design: &Design, delivery: &Delivery, group: &Group) -> String {
    let facts = design.facts();
    format!("{} -> {}", facts.event(delivery.event).name, group.name)
}

/// The groups whose work nothing else in the network does: a flow that starts with an event is
/// simulated step by step behind its worker.
pub(super) fn only_handled(delivery: &Delivery) -> impl Iterator<Item = &Group> {
    delivery.groups.iter().filter(|group| group.kind != Follower::Flow)
}

impl Consumers {
    /// An event of which a group has to hear, from its commit until `then`: it waits for the relay,
    /// for those before it in its partition, and for a worker.
    pub(super) fn add(
        &mut self,
        design: &Design,
        builder: &mut Builder,
        delivery: &Delivery,
        group: &Group,
        then: Label,
    ) -> Label {
        let name = name(design, delivery, group);
        let workers = self.workers(builder, delivery, &name);
        let ways =
            workers.iter().map(|worker| (1.0, handled(design, builder, delivery, &name, *worker)));
        let ways: Vec<_> = ways.collect();
        let handled = builder.by_chance(format!("partition of {name}"), &ways);
        let delivered = builder.call(name.clone(), &[handled], Policy::default(), then);
        let relay = design.facts().value(&numbers::RELAY_WAIT) / 1e3;
        let relayed = Distribution::Uniform { low: 0.0, high: relay * 1e9 };
        builder.pass(format!("relay of {name}"), relayed, delivered)
    }

    /// The stations of a group's workers, where they were added.
    pub(super) fn workers_of(
        &self,
        design: &Design,
        delivery: &Delivery,
        group: &Group,
    ) -> Vec<StationId> {
        let named = format!("workers of {}", name(design, delivery, group));
        let found = self.resources.iter().find(|of| of.name == named);
        found.map(|of| of.stations.clone()).unwrap_or_default()
    }

    /// One worker a partition where an order is kept, else as many workers for all.
    fn workers(
        &mut self,
        builder: &mut Builder,
        delivery: &Delivery,
        name: &str,
    ) -> Vec<StationId> {
        let count = delivery.partitions.max(1);
        let (stations, servers) = match delivery.order {
            Order::None => (1, count),
            Order::All | Order::Key => (count, 1),
        };
        let stations: Vec<StationId> = (0..stations)
            .map(|at| {
                let station = Station::new(format!("workers of {name}/{at}"));
                builder.station(Station { servers: Some(servers), ..station })
            })
            .collect();
        self.resources.push(Resource {
            name: format!("workers of {name}"),
            owner: name.rsplit_once("-> ").map_or(name, |(_, group)| group).to_owned(),
            kind: Kind::Workers,
            stations: stations.clone(),
            servers: Some(servers),
        });
        stations
    }
}

/// The attempts to handle an event. Where an order is kept the worker waits with it, and those
/// behind it do too; otherwise it takes another one meanwhile.
fn handled(
    design: &Design,
    builder: &mut Builder,
    delivery: &Delivery,
    name: &str,
    worker: StationId,
) -> Label {
    let policy = Policy {
        retries: delivery.attempts.saturating_sub(1),
        backoff: nanoseconds(delivery.first_wait),
        longest_backoff: nanoseconds(delivery.most_wait),
        ..Policy::default()
    };
    let variation = design.facts().value(&numbers::DATABASE_VARIATION);
    let work = Shape::spread(delivery.handler, variation).distribution();
    if delivery.order == Order::None {
        let attempt = builder.serve_as(name.to_owned(), worker, work, END);
        return builder.call(name.to_owned(), &[attempt], policy, END);
    }
    let risk = builder.risk(worker, END);
    let attempt = builder.pass(name.to_owned(), work, risk);
    let leave = builder.leave(END);
    let kept = builder.call(name.to_owned(), &[attempt], policy, leave);
    builder.enter(worker, kept)
}
