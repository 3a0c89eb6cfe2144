//! The map: who comes in, what is deployed, who asks whom, and what is not ours.

use std::collections::{BTreeMap, BTreeSet};

use decide::{crossings, deployables, deployables::Deployable};
use model::model::{ActorId, Authentication, ContextId};

use super::Page;
use super::layout::{self, BOX, Layout, Place};
use base::html::{Html, anchor};

/// Letters that fit into a box.
const LETTERS: usize = 22;

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    let map = Map::new(page);
    out.element("p", &[("class", "hint")], |out| {
        out.text("Choose a box to see what it has to do with the others. ");
        out.text("Wheel or two fingers zoom, dragging moves.");
    });
    out.element("div", &[("class", "map")], |out| {
        out.element("div", &[("class", "zoom")], |out| {
            for (id, label, sign) in [
                ("zoom-in", "Closer", "+"),
                ("zoom-out", "Farther", "\u{2212}"),
                ("zoom-all", "All", "\u{2922}"),
            ] {
                let button = [("type", "button"), ("id", id), ("aria-label", label)];
                out.leaf("button", &button, sign);
            }
        });
        map.draw(out);
        out.element("div", &[("id", "chosen"), ("hidden", ""), ("aria-live", "polite")], |_| {});
    });
    legend(out);
}

fn legend(out: &mut Html) {
    out.element("p", &[("class", "legend")], |out| {
        let kinds = [
            ("in-process", "a call in the same process"),
            ("sync", "a call over the network"),
            ("copy", "a copy kept by events"),
            ("async", "a command, no answer awaited"),
        ];
        for (kind, what) in kinds {
            out.element("span", &[], |out| {
                out.leaf("i", &[("class", &format!("line {kind}"))], "");
                out.text(what);
            });
        }
    });
}

/// A box.
struct Node {
    id: String,
    title: String,
    detail: String,
    class: &'static str,
    link: String,
    place: Place,
}

/// Something between two boxes.
struct Edge {
    from: String,
    to: String,
    kind: &'static str,
    label: String,
}

struct Map {
    layout: Layout,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    bands: Vec<String>,
}

impl Map {
    fn new(page: &Page<'_>) -> Self {
        let deployables = deployables::of(page.design);
        let name = |id: &ContextId| page.design.model.context(*id).name.value.clone();
        let bands: Vec<Vec<String>> =
            deployables.iter().map(|of| of.contexts.iter().map(name).collect()).collect();
        let mut edges = links(page);
        let asks = edges.iter().map(|edge| (edge.from.clone(), edge.to.clone()));
        let asks: BTreeSet<(String, String)> =
            asks.map(|(from, to)| (plain(&from), plain(&to))).collect();
        let actors = actors(page);
        edges.extend(requests(page, &actors));
        let externals = externals(page);
        let layout = layout::layout(&bands, &asks, actors.len(), externals.len());
        let mut nodes = Vec::new();
        nodes.extend(actors.iter().zip(&layout.actors).map(|((_, name, detail), place)| Node {
            id: format!("actor:{name}"),
            title: name.clone(),
            detail: detail.clone(),
            class: "actor",
            link: format!("#{}", anchor("decision", &format!("authentication.{name}"))),
            place: *place,
        }));
        nodes.extend(contexts(page, &layout));
        nodes.extend(externals.into_iter().zip(&layout.externals).map(
            |((name, detail), place)| Node {
                id: format!("external:{name}"),
                title: name,
                detail,
                class: "external",
                link: "#family-resilience".to_owned(),
                place: *place,
            },
        ));
        let bands = deployables.iter().map(|of| band_title(page, of)).collect();
        Self { layout, nodes, edges, bands }
    }

    fn draw(&self, out: &mut Html) {
        let (width, height) = (self.layout.width + 8.0, self.layout.height + 8.0);
        let view = format!("-4 -4 {width:.0} {height:.0}");
        let attributes = [
            ("id", "plan"),
            ("viewBox", view.as_str()),
            ("role", "img"),
            ("aria-label", "Map of the system"),
        ];
        out.element("svg", &attributes, |out| {
            out.raw(
                "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
                 markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\">\
                 <path d=\"M0 0 8 4 0 8z\"/></marker></defs>",
            );
            self.draw_bands(out);
            let places: BTreeMap<&str, Place> =
                self.nodes.iter().map(|node| (node.id.as_str(), node.place)).collect();
            for edge in &self.edges {
                let ends = (places.get(edge.from.as_str()), places.get(edge.to.as_str()));
                if let (Some(from), Some(to)) = ends {
                    draw_edge(edge, *from, *to, out);
                }
            }
            self.nodes.iter().for_each(|node| draw_node(node, out));
        });
    }

    fn draw_bands(&self, out: &mut Html) {
        let (x, width) = self.layout.bands_at;
        for (band, title) in self.layout.bands.iter().zip(&self.bands) {
            let [left, top] = [x, band.y].map(number);
            let [wide, high] = [width, band.height].map(number);
            let rectangle = [
                ("class", "band"),
                ("x", &left),
                ("y", &top),
                ("width", &wide),
                ("height", &high),
                ("rx", "14"),
            ];
            out.element("rect", &rectangle, |_| {});
            let [x, y] = [x + 18.0, band.y + 24.0].map(number);
            out.leaf("text", &[("class", "band-title"), ("x", &x), ("y", &y)], title);
        }
    }
}

fn number(of: f64) -> String {
    format!("{of:.1}")
}

fn plain(id: &str) -> String {
    id.split_once(':').map_or(id, |(_, name)| name).to_owned()
}

fn draw_node(node: &Node, out: &mut Html) {
    let class = format!("node {}", node.class);
    let attributes = [("href", node.link.as_str()), ("class", &class), ("data-node", &node.id)];
    out.element("a", &attributes, |out| {
        out.leaf("title", &[], &format!("{}: {}", node.title, node.detail));
        let [x, y] = [node.place.x, node.place.y].map(number);
        let [width, height] = [BOX.0, BOX.1].map(number);
        let radius = if node.class == "actor" { "30" } else { "9" };
        let rectangle =
            [("x", &*x), ("y", &y), ("width", &width), ("height", &height), ("rx", radius)];
        out.element("rect", &rectangle, |_| {});
        let x = number(node.place.x + BOX.0 / 2.0);
        for (class, text, down) in [("name", &node.title, 27.0), ("detail", &node.detail, 46.0)] {
            let y = number(node.place.y + down);
            let attributes = [("class", class), ("x", &*x), ("y", &y)];
            let letters = if class == "name" { LETTERS } else { LETTERS + 8 };
            out.leaf("text", &attributes, &cut(text, letters));
        }
    });
}

fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['\u{2026}']).collect()
}

/// A curve from side to side; boxes of one column are joined on their right.
fn draw_edge(edge: &Edge, from: Place, to: Place, out: &mut Html) {
    let middle = |place: Place| place.y + BOX.1 / 2.0;
    let (y1, y2) = (middle(from), middle(to));
    let path = if (from.x - to.x).abs() < 1.0 {
        let x = from.x + BOX.0;
        let bulge = x + 34.0 + (y2 - y1).abs() / 12.0;
        format!("M{x:.1} {y1:.1}C{bulge:.1} {y1:.1} {bulge:.1} {y2:.1} {x:.1} {y2:.1}")
    } else {
        let right = to.x > from.x;
        let (x1, x2) = if right { (from.x + BOX.0, to.x) } else { (from.x, to.x + BOX.0) };
        let lean = ((x2 - x1).abs() / 2.0).max(30.0) * if right { 1.0 } else { -1.0 };
        let (a, b) = (x1 + lean, x2 - lean);
        format!("M{x1:.1} {y1:.1}C{a:.1} {y1:.1} {b:.1} {y2:.1} {x2:.1} {y2:.1}")
    };
    let class = format!("edge {}", edge.kind);
    let attributes = [
        ("class", class.as_str()),
        ("d", &path),
        ("marker-end", "url(#tip)"),
        ("data-from", &edge.from),
        ("data-to", &edge.to),
        ("data-label", &edge.label),
    ];
    out.element("path", &attributes, |out| out.leaf("title", &[], &edge.label));
}

/// Links between contexts, as they were decided, and calls of externals.
fn links(page: &Page<'_>) -> Vec<Edge> {
    let model = page.design.facts();
    let mut all: BTreeMap<(String, String), (&'static str, BTreeSet<String>)> = BTreeMap::new();
    for crossing in crossings::of(page.design.facts(), &page.names) {
        let from = model.context(crossing.from).name.value.as_str();
        let what = format!("{} \u{2192} {}", crossing.caller, crossing.to.name(model));
        let (to, kind) = match crossing.to {
            crossings::End::External(id, _) => {
                (format!("external:{}", model.external(id).name), "sync")
            }
            end => {
                let Some(context) = end.context(model) else { continue };
                let to = model.context(context).name.value.as_str();
                let subject = format!("{from}->{to}");
                let kind = page.choice("link", &subject).unwrap_or("in-process");
                (format!("context:{to}"), kind)
            }
        };
        let key = (format!("context:{from}"), to);
        all.entry(key).or_insert((kind, BTreeSet::new())).1.insert(what);
    }
    let edge = |((from, to), (kind, what)): ((String, String), (_, BTreeSet<String>))| {
        let label = format!("{kind}: {}", what.into_iter().collect::<Vec<_>>().join("; "));
        Edge { from, to, kind, label }
    };
    all.into_iter().map(edge).collect()
}

type NamedActor = (ActorId, String, String);

/// Actors by name that reach at least one operation from outside.
fn actors(page: &Page<'_>) -> Vec<NamedActor> {
    let model = &page.design.model;
    let reaches =
        |id: ActorId| page.design.routes.iter().flatten().any(|of| of.actors.contains(&id));
    let people = model
        .actors()
        .filter(|(id, of)| of.authentication != Authentication::System && reaches(*id));
    let mut all: Vec<NamedActor> = people
        .map(|(id, of)| {
            let how = page.choice("authentication", &of.name).unwrap_or("none");
            let how = if how == "none" { "everyone" } else { how };
            (id, of.name.value.clone(), how.to_owned())
        })
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

/// Which actors ask which contexts, and how.
fn requests(page: &Page<'_>, actors: &[NamedActor]) -> Vec<Edge> {
    let model = &page.design.model;
    let mut all: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for (id, actor, _) in actors {
        for route in page.design.routes.iter().flatten().filter(|of| of.actors.contains(id)) {
            let operation = model.operation(route.operation);
            let context = model.context(operation.context).name.value.as_str();
            let key = (format!("actor:{actor}"), format!("context:{context}"));
            all.entry(key).or_default().insert(&operation.name);
        }
    }
    let edge = |((from, to), names): ((String, String), BTreeSet<&str>)| {
        let subject = format!("{}->{}", plain(&from), plain(&to));
        let how = page.choice("paradigm", &subject).unwrap_or("rest");
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        Edge { from, to, kind: "request", label: format!("{how}: {names}") }
    };
    all.into_iter().map(edge).collect()
}

fn externals(page: &Page<'_>) -> Vec<(String, String)> {
    let detail = |of: &model::model::External| {
        let promised = of.availability.as_ref().map(|of| decide::facts::percent(of.value.0));
        let detail = promised.map_or_else(|| "not ours".to_owned(), |of| format!("promises {of}"));
        (of.name.value.clone(), detail)
    };
    let mut all: Vec<(String, String)> = page.design.model.externals.iter().map(detail).collect();
    all.sort();
    all
}

fn contexts(page: &Page<'_>, layout: &Layout) -> Vec<Node> {
    let model = &page.design.model;
    let count =
        |what: &str, count: usize| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let node = |&(id, name): &(ContextId, &str)| {
        let entities = model.entities.iter().filter(|of| of.context == id).count();
        let operations = model.operations.iter().filter(|of| of.context == id).count();
        let entities =
            if entities == 1 { "1 entity".to_owned() } else { format!("{entities} entities") };
        Some(Node {
            id: format!("context:{name}"),
            title: name.to_owned(),
            detail: format!("{entities}, {}", count("operation", operations)),
            class: "context-box",
            link: format!("#{}", anchor("context", name)),
            place: *layout.contexts.get(name)?,
        })
    };
    page.contexts.iter().filter_map(node).collect()
}

/// The name of a deployable with the stores that it writes to.
fn band_title(page: &Page<'_>, of: &Deployable) -> String {
    let name = |id: &ContextId| page.design.model.context(*id).name.value.as_str();
    let stores = of.contexts.iter().filter_map(|id| page.choice("store", name(id)));
    let stores: BTreeSet<&str> = stores.collect();
    let stores = stores.into_iter().collect::<Vec<_>>().join(", ");
    if stores.is_empty() { of.name.clone() } else { format!("{} on {stores}", of.name) }
}
