//! What happens while a design runs: something is down, slow or lost, or everybody comes at once.

use decide::{Design, numbers};

use super::calls::nanoseconds;
use super::resources::{Kind, Resource, Stations};
use crate::kernel::Time;
use crate::network::{Builder, SourceId, StationId};

/// Something that happens, from one time until another.
#[derive(Clone, Debug, PartialEq)]
pub struct Disturbance {
    /// What.
    pub what: Happening,
    /// From when, in seconds after the warm-up.
    pub from: f64,
    /// Until when; to the end where there is none.
    pub until: Option<f64>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A service, store or external refuses everything at once.
    Down(String),
    /// An external or store takes what it is sent and does not answer.
    Hanging(String),
    /// It takes so many times as long.
    Slow(String, f64),
    /// So large a share of its answers is a failure.
    Failing(String, f64),
    /// The first zone is lost, with its replicas and the servers that stores have there.
    ZoneLost,
    /// Requests come at so many times their rate.
    Surge(f64),
}

/// Something that a design does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The name that was given.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

/// How many times as long something takes that hangs: longer than any deadline.
const HANGING: f64 = 1e6;

/// Puts disturbances into a network whose warm-up takes `start` seconds.
pub(super) struct Disturber<'d> {
    pub(super) design: &'d Design,
    pub(super) stations: &'d Stations,
    pub(super) resources: &'d [Resource],
    pub(super) sources: &'d [SourceId],
}

impl Disturber<'_> {
    /// Adds one disturbance, `start` seconds later than it says.
    pub(super) fn add(
        &self,
        builder: &mut Builder,
        disturbance: &Disturbance,
        start: f64,
    ) -> Result<(), Unknown> {
        let from = nanoseconds(start + disturbance.from);
        let until = disturbance.until.map(|until| nanoseconds(start + until));
        match &disturbance.what {
            Happening::Surge(factor) => {
                for source in self.sources {
                    builder.change_rate(*source, from, *factor);
                    if let Some(until) = until {
                        builder.change_rate(*source, until, 1.0);
                    }
                }
            }
            Happening::ZoneLost => self.lose_zone(builder, disturbance, start),
            Happening::Down(name) => {
                for station in self.named(name)? {
                    refuse(builder, station, from, until);
                }
            }
            Happening::Failing(name, share) => {
                for station in self.named(name)? {
                    builder.change_failures(station, from, *share);
                    if let Some(until) = until {
                        builder.change_failures(station, until, 0.0);
                    }
                }
            }
            Happening::Slow(name, _) | Happening::Hanging(name) => {
                let factor = match &disturbance.what {
                    Happening::Slow(_, factor) => *factor,
                    _ => HANGING,
                };
                for station in self.named(name)? {
                    builder.change_slowness(station, from, factor);
                    if let Some(until) = until {
                        builder.change_slowness(station, until, 1.0);
                    }
                }
            }
        }
        Ok(())
    }

    /// The stations that do the work of what is named: by its own name, `store.CONTEXT` or
    /// `service.CONTEXT`.
    fn named(&self, name: &str) -> Result<Vec<StationId>, Unknown> {
        let owner = self.owner(name);
        let works = |of: &&Resource| {
            matches!(
                of.kind,
                Kind::Cores | Kind::Store | Kind::Followers | Kind::External | Kind::Workers
            )
        };
        let found: Vec<_> = self
            .resources
            .iter()
            .filter(works)
            .filter(|of| of.owner == owner || of.name == owner)
            .flat_map(|of| of.stations.iter().copied())
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let mut known: Vec<String> =
            self.resources.iter().filter(works).map(|of| of.owner.clone()).collect();
        known.sort();
        known.dedup();
        Err(Unknown { name: name.to_owned(), known })
    }

    /// The name of the store or service of a context, where it is named by that.
    fn owner(&self, name: &str) -> String {
        let sizing = &self.design.sizing;
        let context = |wanted: &str| {
            let mut contexts = self.design.model.contexts.iter().zip(0u16..);
            let found = contexts.find(|(context, _)| context.name.value == wanted);
            found.map(|(_, id)| model::model::ContextId(id))
        };
        let found = match name.split_once('.') {
            Some(("store", of)) => context(of).and_then(|id| {
                let store = sizing.stores.iter().find(|store| store.contexts.contains(&id));
                store.map(|store| store.name.clone())
            }),
            Some(("service", of)) => {
                context(of).and_then(|id| sizing.service_of(id).map(|of| of.name.clone()))
            }
            _ => None,
        };
        found.unwrap_or_else(|| name.to_owned())
    }

    /// Every replica whose number is a multiple of the number of zones is gone, and the first server
    /// of each store until a standby has taken over.
    fn lose_zone(&self, builder: &mut Builder, disturbance: &Disturbance, start: f64) {
        let facts = self.design.facts();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two and four"
        )]
        let zones = facts.value(&numbers::ZONES).max(2.0) as usize;
        let until = disturbance.until;
        let at = |seconds: f64| nanoseconds(start + seconds);
        let from = at(disturbance.from);
        let back = until.map(at);
        for (store, servers) in self.design.sizing.stores.iter().zip(&self.stations.stores) {
            let failover = disturbance.from + facts.value(&numbers::FAILOVER_TIME);
            let stands_in = store.copies.servers() > 1;
            let first =
                if stands_in { Some(until.unwrap_or(failover).min(failover)) } else { until };
            refuse(builder, servers.first, from, first.map(at));
            for follower in servers.followers.iter().step_by(zones) {
                refuse(builder, *follower, from, back);
            }
        }
        for replicas in &self.stations.services {
            for replica in replicas.iter().step_by(zones) {
                refuse(builder, replica.cores, from, back);
                let noticed = at(disturbance.from + facts.value(&numbers::ZONE_NOTICED));
                builder.close(replica.cores, back.map_or(noticed, |back| noticed.min(back)), true);
                if let Some(back) = back {
                    builder.close(replica.cores, back, false);
                }
            }
        }
    }
}

/// Whatever comes to a station fails at once.
fn refuse(builder: &mut Builder, station: StationId, from: Time, until: Option<Time>) {
    builder.change_failures(station, from, 1.0);
    builder.change_slowness(station, from, 0.0);
    if let Some(until) = until {
        builder.change_failures(station, until, 0.0);
        builder.change_slowness(station, until, 1.0);
    }
}
