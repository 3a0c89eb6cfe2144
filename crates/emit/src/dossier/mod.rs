//! The dossier: the whole design on one page, to be walked through by a person. It works from disk,
//! without a network, on paper and on a phone; without scripts it can still be read.

mod capacity;
mod contexts;
mod decisions;
mod events;
mod layout;
mod map;
mod objectives;
mod overview;
mod risks;

use decide::{Design, design::Verdict};
use model::model::{ContextId, OperationId};

use crate::{Artifact, Emitter, Input};
use base::html::Html;

/// `index.html`.
pub static EMITTER: Emitter = Emitter { id: "dossier", run: artifacts };

/// The page.
#[must_use]
pub fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let page = Page::new(input);
    vec![Artifact { path: "index.html".to_owned(), contents: page.write() }]
}

/// What every part of the page reads.
struct Page<'d> {
    input: &'d Input<'d>,
    design: &'d Design,
    /// Contexts by name.
    contexts: Vec<(ContextId, &'d str)>,
    /// The names by which verdicts call operations, by position.
    names: Vec<String>,
}

/// A part of the page: its place, its name, and what writes it.
struct Part {
    id: &'static str,
    title: &'static str,
    write: fn(&Page<'_>, &mut Html),
}

/// The parts, in the order in which a reader wants them.
const PARTS: &[Part] = &[
    Part { id: "overview", title: "Overview", write: overview::write },
    Part { id: "map", title: "Map", write: map::write },
    Part { id: "decisions", title: "Decisions", write: decisions::write },
    Part { id: "contexts", title: "Contexts", write: contexts::write },
    Part { id: "events", title: "Events and flows", write: events::write },
    Part { id: "objectives", title: "Objectives", write: objectives::write },
    Part { id: "capacity", title: "Capacity", write: capacity::write },
    Part { id: "risks", title: "Risks", write: risks::write },
    Part { id: "assumptions", title: "Assumptions", write: risks::assumptions },
];

impl<'d> Page<'d> {
    fn new(input: &'d Input<'d>) -> Self {
        let design = input.design;
        let ids = (0u16..).map(ContextId);
        let mut contexts: Vec<(ContextId, &str)> =
            ids.zip(&design.model.contexts).map(|(id, of)| (id, of.name.value.as_str())).collect();
        contexts.sort_by_key(|(_, name)| *name);
        Self { input, design, contexts, names: decide::decided::operation_names(design.facts()) }
    }

    /// The verdict of a family about a subject.
    fn verdict(&self, family: &str, subject: &str) -> Option<&'d Verdict> {
        self.design.verdict(family, subject)
    }

    /// What a family chose for a subject.
    fn choice(&self, family: &str, subject: &str) -> Option<&'static str> {
        self.verdict(family, subject).map(|verdict| verdict.choice)
    }

    /// The name by which verdicts call an operation.
    fn name(&self, id: OperationId) -> &str {
        self.names.get(id.0 as usize).map_or("", String::as_str)
    }

    fn write(&self) -> String {
        let mut out = Html::default();
        out.raw("<!doctype html>\n");
        out.element("html", &[("lang", "en")], |out| {
            out.element("head", &[], |out| self.head(out));
            out.element("body", &[], |out| {
                self.bar(out);
                out.element("main", &[("id", "top")], |out| self.parts(out));
                out.element("script", &[], |out| out.raw(include_str!("script.js")));
            });
        });
        out.raw("\n");
        out.finish()
    }

    fn head(&self, out: &mut Html) {
        out.void("meta", &[("charset", "utf-8")]);
        let viewport = "width=device-width, initial-scale=1";
        out.void("meta", &[("name", "viewport"), ("content", viewport)]);
        out.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        out.leaf("title", &[], &format!("{}: design", self.design.model.system.name));
        out.element("style", &[], |out| out.raw(include_str!("style.css")));
    }

    fn bar(&self, out: &mut Html) {
        out.element("header", &[("class", "bar")], |out| {
            out.leaf("a", &[("href", "#top"), ("class", "brand")], &self.design.model.system.name);
            out.element("nav", &[("aria-label", "Parts of the page")], |out| {
                for part in PARTS {
                    out.leaf("a", &[("href", &format!("#{}", part.id))], part.title);
                }
            });
            out.element("div", &[("class", "tools")], |out| {
                out.void(
                    "input",
                    &[
                        ("id", "search"),
                        ("type", "search"),
                        ("placeholder", "Search (press /)"),
                        ("aria-label", "Search the design"),
                        ("autocomplete", "off"),
                    ],
                );
                let label = "Light or dark";
                let button = [("id", "theme"), ("type", "button"), ("aria-label", label)];
                out.leaf("button", &button, "\u{25d0}");
            });
            out.element("ul", &[("id", "results"), ("hidden", "")], |_| {});
        });
    }

    fn parts(&self, out: &mut Html) {
        for part in PARTS {
            out.element("section", &[("id", part.id)], |out| {
                out.leaf("h2", &[], part.title);
                (part.write)(self, out);
            });
        }
    }
}
