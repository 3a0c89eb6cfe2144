//! Contexts that wait for each other in a circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base::Span;
use decide::{
    crossings::{self, How},
    decided,
};
use model::model::ContextId;

use crate::context::{Context, Sink, check};

check!(
    "cyclic-contexts",
    Boundaries,
    Warning,
    "0.1",
    "contexts whose operations wait for each other in a circle",
    "cyclic-contexts.md"
);

/// What one context asks of another while somebody waits, with the first place by name.
type Edges = BTreeMap<ContextId, BTreeMap<ContextId, (String, Span)>>;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let edges = edges(context);
    let mut told: BTreeSet<ContextId> = BTreeSet::new();
    let mut starts: Vec<ContextId> = edges.keys().copied().collect();
    starts.sort_by_key(|id| model.context(*id).name.value.as_str());
    for start in starts {
        let Some(way) = circle(&edges, start).filter(|_| !told.contains(&start)) else { continue };
        told.extend(way.iter().copied());
        let name = |id: &ContextId| model.context(*id).name.value.as_str();
        let names: Vec<&str> = way.iter().map(name).collect();
        let message = format!("contexts wait for each other: {}", names.join(" -> "));
        let own = &model.context(start).name;
        sink.report(own, own.span, message, |mut finding| {
            for pair in way.windows(2) {
                let [from, to] = pair else { continue };
                let step = edges.get(from).and_then(|ends| ends.get(to));
                if let Some((caller, span)) = step {
                    let text = format!("`{caller}` asks `{}`", name(to));
                    finding = finding.related(*span, text);
                }
            }
            finding
                .label("in the circle")
                .note("none of them can be changed, deployed or tested without the others, and one that hangs stops all")
                .help("turn one arrow round: let one context follow the events of the other, or read its fields from a copy (`uses: { ordering.Order.total: 5min }`)")
        });
    }
}

fn edges(context: &Context) -> Edges {
    let names = decided::operation_names(context.model);
    let mut edges = Edges::new();
    for crossing in crossings::of(context.model, &names) {
        let waits = match crossing.how {
            How::Reads { stale } => stale.is_none(),
            How::Checks | How::Calls { .. } => true,
            How::Steps { .. } | How::Follows => false,
        };
        let (true, Some(to)) = (waits, crossing.to.context(context.model)) else { continue };
        let ends = edges.entry(crossing.from).or_default();
        ends.entry(to).or_insert((crossing.caller, crossing.span));
    }
    edges
}

/// The shortest way from a context back to itself.
fn circle(edges: &Edges, start: ContextId) -> Option<Vec<ContextId>> {
    let mut before: BTreeMap<ContextId, ContextId> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for next in edges.get(&at).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                let mut way = vec![start, at];
                while let Some(earlier) = way.last().and_then(|last| before.get(last)) {
                    way.push(*earlier);
                }
                if at == start {
                    way.pop();
                }
                way.reverse();
                way.push(start);
                way.dedup();
                return Some(way);
            }
            if !before.contains_key(next) {
                before.insert(*next, at);
                open.push_back(*next);
            }
        }
    }
    None
}
