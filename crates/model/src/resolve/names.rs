//! Everything that can be referred to by name, and where.

use std::collections::BTreeMap;

use base::{Diagnostic, Span, Spanned, did_you_mean, one_of};
use expression::{EntityId, RecordId};

use crate::model::{ActorId, ContextId, EventId, ExternalId, OperationId, ViewId};
use crate::syntax::{Declarations, Entity, Path, SyntaxTree};

/// Names of one kind that live in contexts.
#[derive(Debug)]
pub(crate) struct Table<'t, Id> {
    /// What they are, in words: `entity`.
    what: &'static str,
    /// The id of the finding about an unknown one.
    unknown: &'static str,
    by_name: BTreeMap<&'t str, Vec<(ContextId, Id, Span)>>,
}

impl<'t, Id: Copy> Table<'t, Id> {
    const fn new(what: &'static str, unknown: &'static str) -> Self {
        Self { what, unknown, by_name: BTreeMap::new() }
    }

    fn insert(&mut self, context: ContextId, name: &'t Spanned<String>, id: Id) {
        self.by_name.entry(&name.value).or_default().push((context, id, name.span));
    }

    /// The one of this name in a context.
    pub(crate) fn find(&self, context: ContextId, name: &str) -> Option<Id> {
        let at = self.by_name.get(name)?.iter().find(|(owner, ..)| *owner == context);
        at.map(|(_, id, _)| *id)
    }

    fn in_context(&self, context: ContextId) -> impl Iterator<Item = &'t str> {
        let here = move |homes: &Vec<(ContextId, Id, Span)>| homes.iter().any(|h| h.0 == context);
        self.by_name.iter().filter(move |(_, homes)| here(homes)).map(|(name, _)| *name)
    }
}

/// What a context holds, and its name.
#[derive(Clone, Debug)]
pub(crate) struct Home<'t> {
    /// Name, `lowerCamel`.
    pub(crate) name: Spanned<String>,
    /// What it holds.
    pub(crate) declarations: &'t Declarations,
}

/// An entity as written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntitySyntax<'t> {
    /// Name.
    pub(crate) name: &'t Spanned<String>,
    /// The context that owns it.
    pub(crate) context: ContextId,
    /// All of it.
    pub(crate) syntax: &'t Entity,
}

/// Every name of the model.
#[derive(Debug)]
pub(crate) struct Names<'t> {
    /// The contexts; positions are [`ContextId`]s.
    pub(crate) homes: Vec<Home<'t>>,
    /// The context of what no context holds, if there is anything.
    pub(crate) unassigned: Option<ContextId>,
    contexts: BTreeMap<String, ContextId>,
    /// Entities as written; positions are [`EntityId`]s.
    pub(crate) entity_syntax: Vec<EntitySyntax<'t>>,
    /// Entities.
    pub(crate) entities: Table<'t, EntityId>,
    /// Views; `None` for those whose source is not known: already reported.
    pub(crate) views: Table<'t, Option<ViewId>>,
    /// Events.
    pub(crate) events: Table<'t, EventId>,
    /// Operations; `None` for those whose target is not known: already reported.
    pub(crate) operations: Table<'t, Option<OperationId>>,
    /// Actors, `system` included.
    pub(crate) actors: BTreeMap<&'t str, ActorId>,
    /// Externals.
    pub(crate) externals: BTreeMap<&'t str, ExternalId>,
    /// Value types of `types`.
    pub(crate) types: BTreeMap<&'t str, RecordId>,
}

/// A position in a list of the model.
pub(crate) fn position<T: TryFrom<usize>>(at: usize, last: T) -> T {
    T::try_from(at).unwrap_or(last)
}

impl<'t> Names<'t> {
    /// Collects what is declared. Views and operations are added by [`Names::declare_view`]
    /// and [`Names::declare_operation`] once what they are about is known.
    pub(crate) fn collect(tree: &'t SyntaxTree, sink: &mut Vec<Diagnostic>) -> Self {
        let mut names = Self {
            homes: Vec::new(),
            unassigned: None,
            entity_syntax: Vec::new(),
            contexts: BTreeMap::new(),
            entities: Table::new("entity", "unknown-entity"),
            views: Table::new("view", "unknown-view"),
            events: Table::new("event", "unknown-event"),
            operations: Table::new("operation", "unknown-operation"),
            actors: BTreeMap::new(),
            externals: BTreeMap::new(),
            types: BTreeMap::new(),
        };
        names.collect_homes(tree, sink);
        names.collect_declarations();
        for (at, (name, _)) in tree.types.iter().enumerate() {
            names.types.insert(&name.value, RecordId(position(at, u32::MAX)));
        }
        for (at, (name, _)) in tree.externals.iter().enumerate() {
            names.externals.insert(&name.value, ExternalId(position(at, u16::MAX)));
        }
        names.collect_actors(tree, sink);
        names.refuse_clashes(tree, sink);
        names
    }

    fn collect_homes(&mut self, tree: &'t SyntaxTree, sink: &mut Vec<Diagnostic>) {
        for (name, context) in &tree.contexts {
            self.add_home(name.clone(), &context.declarations);
        }
        let loose = &tree.unassigned;
        let empty = loose.entities.is_empty()
            && loose.operations.is_empty()
            && loose.events.is_empty()
            && loose.views.is_empty();
        if empty && !tree.contexts.is_empty() {
            return;
        }
        let name = system_name(tree);
        if let Some(context) = self.contexts.get(name.as_str()) {
            let other = self.homes.get(usize::from(context.0)).map(|home| home.name.span);
            let message = format!("context `{name}` has the name of the context of the system");
            sink.push(
                Diagnostic::error("duplicate-name", other.unwrap_or(name.span), message)
                    .related(name.span, "what no context holds belongs to a context of this name")
                    .help("rename the context, or move what no context holds into it"),
            );
        }
        self.unassigned = Some(self.add_home(name, loose));
    }

    fn add_home(&mut self, name: Spanned<String>, declarations: &'t Declarations) -> ContextId {
        let id = ContextId(position(self.homes.len(), u16::MAX));
        self.contexts.entry(name.value.clone()).or_insert(id);
        self.homes.push(Home { name, declarations });
        id
    }

    fn collect_declarations(&mut self) {
        let (mut entities, mut events) = (0u32, 0u32);
        let next = |counter: &mut u32| {
            let id = *counter;
            *counter = counter.saturating_add(1);
            id
        };
        let homes: Vec<_> = self.homes.iter().map(|home| home.declarations).collect();
        for (at, declarations) in homes.into_iter().enumerate() {
            let context = ContextId(position(at, u16::MAX));
            for (name, syntax) in &declarations.entities {
                self.entity_syntax.push(EntitySyntax { name, context, syntax });
                self.entities.insert(context, name, EntityId(next(&mut entities)));
            }
            for (name, _) in &declarations.events {
                self.events.insert(context, name, EventId(next(&mut events)));
            }
        }
    }

    fn collect_actors(&mut self, tree: &'t SyntaxTree, sink: &mut Vec<Diagnostic>) {
        for (at, (name, _)) in tree.actors.iter().enumerate() {
            if name.value == SYSTEM {
                let message = "the actor `system` is built in";
                sink.push(
                    Diagnostic::error("reserved-name", name.span, message)
                        .note("flows, schedules, pipelines, callbacks and calls act as it")
                        .help("choose another name"),
                );
            }
            self.actors.insert(&name.value, ActorId(position(at, u16::MAX)));
        }
        self.actors.insert(SYSTEM, ActorId(position(tree.actors.len(), u16::MAX)));
    }

    /// An entity and a type, or a context and an external, of one name could not be told apart.
    fn refuse_clashes(&self, tree: &'t SyntaxTree, sink: &mut Vec<Diagnostic>) {
        let clash = |name: &Spanned<String>, kind: &str, other: Span, other_kind: &str| {
            let message = format!("`{name}` is the name of {kind} and of {other_kind}");
            Diagnostic::error("duplicate-name", name.span, message)
                .related(other, format!("{other_kind} of the same name"))
                .help("rename one of them")
        };
        for (name, _) in &tree.types {
            if let Some((.., span)) =
                self.entities.by_name.get(name.as_str()).and_then(|e| e.first())
            {
                sink.push(clash(name, "a type", *span, "an entity"));
            }
        }
        for (name, _) in &tree.externals {
            if let Some(home) = self.context(name).and_then(|id| self.homes.get(usize::from(id.0)))
            {
                sink.push(clash(name, "an external", home.name.span, "a context"));
            }
        }
    }

    /// Adds an operation; `None` if it is so broken that it has no id.
    pub(crate) fn declare_operation(
        &mut self,
        context: ContextId,
        name: &'t Spanned<String>,
        id: Option<OperationId>,
    ) {
        self.operations.insert(context, name, id);
    }

    /// Adds a view; `None` if it is so broken that it has no id.
    pub(crate) fn declare_view(
        &mut self,
        context: ContextId,
        name: &'t Spanned<String>,
        id: Option<ViewId>,
    ) {
        self.views.insert(context, name, id);
    }

    /// The context of this name.
    pub(crate) fn context(&self, name: &str) -> Option<ContextId> {
        self.contexts.get(name).copied()
    }

    /// The name of a context.
    pub(crate) fn context_name(&self, id: ContextId) -> &str {
        self.homes.get(usize::from(id.0)).map_or("", |home| home.name.as_str())
    }

    /// Contexts with their ids.
    pub(crate) fn contexts(&self) -> impl Iterator<Item = (ContextId, &Home<'t>)> {
        (0u16..).map(ContextId).zip(&self.homes)
    }

    /// What a path `name` (in `home`) or `context.name` refers to. Reports what is unknown.
    pub(crate) fn find<Id: Copy>(
        &self,
        table: &Table<'t, Id>,
        path: &Path,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Id> {
        match path.segments.as_slice() {
            [name] => {
                let found = home.and_then(|home| table.find(home, name));
                if found.is_none() {
                    sink.push(self.unknown(table, name, home, path.span));
                }
                found
            }
            [context, name] => {
                let id = self.known_context(context, sink)?;
                let found = table.find(id, name);
                if found.is_none() {
                    sink.push(self.unknown(table, name, Some(id), path.span));
                }
                found
            }
            _ => {
                let message = format!("`{path}` does not name one {}", table.what);
                sink.push(
                    Diagnostic::error(table.unknown, path.span, message)
                        .help("write a name, or `context.name`"),
                );
                None
            }
        }
    }

    /// The context of this name; reports an unknown one.
    pub(crate) fn known_context(
        &self,
        name: &Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<ContextId> {
        let found = self.context(name);
        if found.is_none() {
            let known = || self.homes.iter().map(|home| home.name.as_str());
            let message = format!("there is no context `{name}`");
            sink.push(
                Diagnostic::error("unknown-context", name.span, message)
                    .help(format!("the contexts are {}", one_of(known())))
                    .suggest(did_you_mean(name, known())),
            );
        }
        found
    }

    /// The finding about a name that is not in a context; `path` is all that was written.
    pub(crate) fn unknown<Id: Copy>(
        &self,
        table: &Table<'t, Id>,
        name: &Spanned<String>,
        home: Option<ContextId>,
        path: Span,
    ) -> Diagnostic {
        let place =
            home.map_or(String::new(), |id| format!(" in the context `{}`", self.context_name(id)));
        let message = format!("there is no {} `{name}`{place}", table.what);
        let diagnostic = Diagnostic::error(table.unknown, name.span, message);
        if let Some([(context, _, span)]) = table.by_name.get(name.as_str()).map(Vec::as_slice) {
            let qualified = format!("{}.{name}", self.context_name(*context));
            return diagnostic
                .related(*span, "it is here, in another context")
                .help(format!("write `{qualified}`"))
                .fix(format!("Write `{qualified}`"), false, path, qualified);
        }
        let near = home.and_then(|home| did_you_mean(name, table.in_context(home)));
        if near.is_some() {
            return diagnostic.suggest(near);
        }
        let Some(near) = did_you_mean(name, table.by_name.keys().copied()) else {
            return diagnostic;
        };
        let home = table.by_name.get(near).and_then(|homes| homes.first());
        let Some((context, ..)) = home else { return diagnostic };
        let qualified = format!("{}.{near}", self.context_name(*context));
        diagnostic.help(format!("did you mean `{qualified}`?")).fix(
            format!("Replace by `{qualified}`"),
            false,
            path,
            qualified,
        )
    }
}

/// The built-in actor.
pub(crate) const SYSTEM: &str = "system";

/// The name of the context of what no context holds: the system's name in lowerCamel.
fn system_name(tree: &SyntaxTree) -> Spanned<String> {
    let written = tree.system.as_ref().and_then(|system| system.name.as_ref());
    let name = written.map(|name| lower_camel(name)).filter(|name| !name.is_empty());
    let span = written.map_or_else(Span::default, |name| name.span);
    Spanned::new(name.unwrap_or_else(|| "system".to_owned()), span)
}

/// Words as one lowerCamel name: `Online Shop` is `onlineShop`.
fn lower_camel(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut starts = false;
    for letter in text.chars().skip_while(|letter| !letter.is_ascii_alphabetic()) {
        if !letter.is_ascii_alphanumeric() {
            starts = true;
        } else if name.is_empty() {
            name.push(letter.to_ascii_lowercase());
        } else if starts {
            name.push(letter.to_ascii_uppercase());
            starts = false;
        } else {
            name.push(letter);
        }
    }
    name
}
