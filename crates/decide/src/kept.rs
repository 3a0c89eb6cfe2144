//! What is done about the answers of each operation: the verdict of `cache`, with its times.

use model::model::OperationId;

use crate::caching::{self, Caching, Layer, Place};
use crate::decided;
use crate::design::Design;
use crate::numbers;

/// The answers of an operation that are kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The operation.
    pub operation: OperationId,
    /// For how long browsers and delivery networks may hold an answer after it was read, in
    /// seconds: what a layer behind them has used of that is the answer's `Age`.
    pub browsers: Option<f64>,
    /// Where else, and for how long after it was read.
    pub own: Option<Layer>,
    /// How old what is read may be already, in seconds: together with the above at most `stale`.
    pub lag: f64,
    /// Age at which a popular answer is loaded anew, as a share of its time.
    pub refresh: Option<f64>,
    /// Bytes that one process keeps.
    pub bytes: f64,
}

/// Of every operation whose answers are kept.
#[must_use]
pub fn of(design: &Design) -> Vec<Kept> {
    let stated = design.model.operations().any(|(_, of)| of.workload.stale.is_some());
    if !stated {
        return Vec::new();
    }
    let names = decided::operation_names(design.facts());
    let kept = |of: Caching| {
        let name = names.get(of.operation.0 as usize)?;
        kept(design, &of, design.verdict("cache", name)?.choice)
    };
    caching::of(design).into_iter().filter_map(kept).collect()
}

fn kept(design: &Design, of: &Caching, choice: &str) -> Option<Kept> {
    let model = design.facts();
    let stale = of.stale.as_ref()?.value;
    let lag = model.value(&numbers::REPLICA_LAG);
    let room = (stale - lag).floor();
    if room < 1.0 {
        return None;
    }
    let layer = |place| of.layers.iter().copied().find(|layer| layer.place == place);
    // A model that chooses by itself has no layer computed: all the time is its own.
    let own = |place| layer(place).unwrap_or(Layer { place, seconds: room, hits: 0.0 });
    let (public, own) = match choice {
        "http" => (true, layer(Place::Process)),
        "l1" => (false, Some(own(Place::Process))),
        "l2" => (false, Some(own(Place::Shared))),
        _ => return None,
    };
    let entries = if own.is_some() { of.entries().max(1.0) } else { 0.0 };
    Some(Kept {
        operation: of.operation,
        browsers: public.then_some(room),
        own,
        lag,
        refresh: of.refresh.then(|| model.value(&numbers::CACHE_REFRESH)),
        bytes: entries * of.answer,
    })
}
