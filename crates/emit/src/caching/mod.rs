//! `caching.md`: which answers are kept where, for how long, what drops them, and what that saves.

use decide::{
    Design,
    caching::{self, Bar, Caching, Layer, Place},
    facts,
};

use crate::{Artifact, Emitter, markdown::Markdown};

/// `caching.md`.
pub static EMITTER: Emitter = Emitter { id: "caching", run: |input| artifacts(input.design) };

/// The page.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let names = decide::decided::operation_names(design.facts());
    let mut all: Vec<(&str, Caching)> = caching::of(design)
        .into_iter()
        .filter_map(|of| Some((names.get(of.operation.0 as usize)?.as_str(), of)))
        .collect();
    all.sort_by_key(|(name, _)| *name);
    let choice = |name: &str| design.verdict("cache", name).map_or("none", |of| of.choice);
    let (kept, not): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(name, _)| choice(name) != "none");
    let mut page = Markdown::titled(&format!("Caching of {}", design.model.system.name));
    page.paragraph(
        "Only answers that the model lets be old (`stale`) are kept, and the ages of all layers \
         together stay within that. Answers that depend on who asks, and personal data, are in no \
         shared cache. Hit rates are those of the peak within reach (D2), by closed forms (Zipf's \
         law over the questions, times to live); none is measured. What a browser keeps spares \
         one person the way; how often that person asks again is not stated, so it is not counted.",
    );
    layers(&kept, &choice, &mut page);
    freshness(design, &kept, &mut page);
    saved(&kept, &mut page);
    without(design, &not, &mut page);
    rules(&kept, &mut page);
    vec![Artifact { path: "caching.md".to_owned(), contents: page.finish() }]
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Http => {
            "browsers, and a network of caches if there is one (`Cache-Control: public`)"
        }
        Place::Process => "in each process (L1)",
        Place::Shared => "Redis beside the processes (L2)",
    }
}

fn layers(kept: &[(&str, Caching)], choice: &dyn Fn(&str) -> &'static str, page: &mut Markdown) {
    page.section("What is kept");
    let rows = kept.iter().flat_map(|(name, of)| {
        of.layers.iter().map(move |layer: &Layer| {
            vec![
                format!("`{name}`"),
                choice(name).to_owned(),
                place(layer.place).to_owned(),
                facts::seconds(layer.seconds),
                match layer.hits > 0.0 {
                    true => facts::percent((layer.hits * 1e3).round() / 1e3),
                    false => "not counted".to_owned(),
                },
            ]
        })
    });
    let heads = ["operation", "decided", "where", "for", "hits of what gets there at D2"];
    page.table(&heads, rows, "Nothing: every answer is read anew.");
}

/// The bound on age, and what ends an answer earlier.
fn freshness(design: &Design, kept: &[(&str, Caching)], page: &mut Markdown) {
    page.section("How old an answer may get");
    let names = decide::decided::operation_names(design.facts());
    let row = |(name, of): &(&str, Caching)| {
        let stale = of.stale.as_ref().map_or(0.0, |stale| stale.value);
        let mut droppers: Vec<&str> = of
            .invalidated_by
            .iter()
            .filter_map(|id| names.get(id.0 as usize).map(String::as_str))
            .collect();
        droppers.sort_unstable();
        let droppers: Vec<String> = droppers.iter().map(|name| format!("`{name}`")).collect();
        let ages: f64 = of.layers.iter().map(|layer| layer.seconds).sum();
        vec![
            format!("`{name}`"),
            facts::seconds(stale),
            facts::seconds(ages),
            if droppers.is_empty() { "time alone".to_owned() } else { droppers.join(", ") },
            if of.refresh { "before its end, in the background" } else { "at the next question" }
                .to_owned(),
        ]
    };
    let heads = ["operation", "may be", "is at most (all layers)", "dropped after", "loaded anew"];
    page.table(&heads, kept.iter().map(row), "Every answer is as new as the last write.");
}

fn saved(kept: &[(&str, Caching)], page: &mut Markdown) {
    page.section("What it saves");
    let row = |(name, of): &(&str, Caching)| {
        vec![
            format!("`{name}`"),
            facts::per_second(of.rate),
            facts::people(of.keys),
            facts::people(of.rate * of.work),
            facts::people(of.saved),
            facts::percent((of.misses() * 1e3).round() / 1e3),
        ]
    };
    let heads = [
        "operation",
        "asked at D2",
        "different questions",
        "database cores without it",
        "database cores saved at D2",
        "still reaches the database",
    ];
    page.table(&heads, kept.iter().map(row), "Nothing.");
}

const fn said(bar: Bar) -> &'static str {
    match bar {
        Bar::NoStale => "the model does not say how old an answer may be (`stale`)",
        Bar::Actor => "the answer depends on who asks",
        Bar::Personal => "it holds personal or encrypted values",
        Bar::Place => "a place is part of each question: hardly two are the same",
        Bar::TooFresh => "a copy would be older than an answer may be",
        Bar::TooLittle => "it would save too little",
    }
}

fn without(design: &Design, not: &[(&str, Caching)], page: &mut Markdown) {
    page.section("What is not kept, and why");
    let row = |(name, of): &(&str, Caching)| {
        let why = match of.bar {
            Some(bar) => said(bar).to_owned(),
            None => {
                let verdict = design.verdict("cache", name);
                let driver = verdict.and_then(|of| of.drivers.first());
                driver.map_or_else(String::new, |of| format!("{}: {}", of.fact, of.weight))
            }
        };
        vec![format!("`{name}`"), why]
    };
    page.table(&["operation", "because"], not.iter().map(row), "Every read is kept somewhere.");
}

/// What a cache of this design does at run time.
fn rules(kept: &[(&str, Caching)], page: &mut Markdown) {
    if kept.is_empty() {
        return;
    }
    page.section("Rules");
    let at = |wanted| kept.iter().any(|(_, of)| of.layers.iter().any(|of| of.place == wanted));
    let mut rules = vec![
        "Cache-aside: look, miss, read the database, keep, answer. A write never fills a cache, it \
         drops what it made old.",
        "A fill that began before a drop is thrown away: each entry carries the version that it \
         was read at (otherwise a slow reader could bring back what was just dropped).",
        "At a miss one request loads, the others wait for it: a popular key that ends asks the \
         database once.",
        "Times to live differ by a tenth at random, so that entries do not end together.",
        "Watched: hits and misses of each operation and layer, and the age of what is answered.",
    ];
    if at(Place::Http) {
        rules.push("`ETag` lets whoever holds an old answer ask whether it is still right.");
    }
    if at(Place::Shared) {
        rules.push(
            "Without Redis requests go to the database, as many as its bulkhead admits; the others \
             are refused rather than all served slowly.",
        );
    }
    page.list(rules);
}
