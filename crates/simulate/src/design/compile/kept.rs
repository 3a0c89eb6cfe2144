//! Answers that processes and a shared store keep, key by key: how often they help follows from how
//! many ask for what, as it does where they run.

use decide::caching::{Caching, Layer, Place};
use decide::hot_rows::{self, Skew};
use decide::numbers;
use decide::sizing::work;
use model::model::OperationId;

use super::super::calls::nanoseconds;
use super::super::resources::{Replica, trip};
use super::super::times::Times;
use super::Compiler;
use crate::calibrate::Shape;
use crate::network::{Before, Cache, CacheId, Keys, Label};

impl Compiler<'_> {
    /// The store, behind the caches of an operation: who misses what another is fetching waits for
    /// it, as `firm up` has it. Where hits were measured, they are by chance.
    pub(super) fn answered(
        &mut self,
        id: OperationId,
        name: &str,
        times: &Times,
        replica: Replica,
        then: Label,
    ) -> Label {
        if let Some(hits) = times.kept {
            let asked = self.query(name, times, replica, then);
            let ways = [(hits, then), (1.0 - hits, asked)];
            return self.builder.by_chance(format!("{name}/kept"), &ways);
        }
        let Some(kept) = self.kept.get(&id).cloned() else {
            return self.query(name, times, replica, then);
        };
        let layers = kept.layers.iter().filter(|layer| layer.place != Place::Http);
        let caches: Vec<(Place, CacheId)> = layers
            .map(|layer| (layer.place, self.cache(id, name, &kept, layer, replica)))
            .collect();
        // What one finds, those before it keep.
        let mut keeps = vec![then];
        for (_, cache) in &caches {
            let after = keeps.last().copied().unwrap_or(then);
            keeps.push(self.builder.keep(*cache, after));
        }
        let fetched = keeps.pop().unwrap_or(then);
        let mut next = self.query(name, times, replica, fetched);
        for ((place, cache), found) in caches.into_iter().zip(keeps).rev() {
            next = self.builder.look(cache, found, next);
            if place == Place::Shared {
                let variation = self.design.facts().value(&numbers::TRIP_VARIATION);
                let there = Shape::spread(trip(self.design), variation);
                next = self.builder.pass(format!("{name}/shared"), there.distribution(), next);
            }
        }
        let keys = self.keys(&kept);
        self.builder.key(name.to_owned(), keys, next)
    }

    /// The cache of a layer: one for all, or that of a replica. It begins as if it had been asked
    /// for hours.
    fn cache(
        &mut self,
        id: OperationId,
        name: &str,
        kept: &Caching,
        layer: &Layer,
        replica: Replica,
    ) -> CacheId {
        let own = (layer.place == Place::Process).then(|| replica.cores.index());
        if let Some(known) = self.caches.get(&(id, own)) {
            return *known;
        }
        let replicas = self.replicas(self.design.model.operation(id)).len();
        let count = u32::try_from(replicas).unwrap_or(u32::MAX).max(1);
        let rate = self.asked(id);
        let mut layers = kept.layers.iter();
        let front = layers.find(|of| of.place == Place::Process);
        let before = match layer.place {
            Place::Process => Before { rate: rate / f64::from(count), fronts: None },
            _ => Before { rate, fronts: front.map(|of| (count, nanoseconds(of.seconds))) },
        };
        let cache = Cache {
            name: format!("{name}/{:?}/{}", layer.place, own.unwrap_or_default()),
            keys: self.keys(kept),
            time_to_live: Some(nanoseconds(layer.seconds)),
            capacity: None,
            // Processes do not wait for each other.
            single_flight: layer.place == Place::Process,
            before: Some(before),
        };
        let cache = self.builder.cache(cache);
        self.caches.insert((id, own), cache);
        cache
    }

    /// What an operation is asked for: as uneven as its rows are.
    fn keys(&self, kept: &Caching) -> Keys {
        let facts = self.design.facts();
        let home = work::home(facts, self.design.model.operation(kept.operation));
        let skew = home.map(|home| hot_rows::skew(facts, home, &numbers::ZIPF).value);
        let exponent = match skew {
            Some(Skew::Zipf(exponent)) => exponent,
            _ => facts.value(&numbers::ZIPF),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and one is the least"
        )]
        let count = kept.keys.max(1.0) as u64;
        Keys { count, exponent }
    }
}
