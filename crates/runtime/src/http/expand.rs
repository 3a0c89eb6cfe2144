//! `expand`: references that are followed in the same request, as a client writes them.
//!
//! The answer keeps every property as it is. What was asked for besides stands in `_expanded`, next
//! to the reference that names it; no field of a model begins so.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use decide::Design;
use decide::expansions::{COST, Expandable, Expansions, reads};
use model::model::{OperationId, OutputValue};

use crate::problem::{Problem, code};
use crate::selection::{Selected, Selection, Shape, Wanted, What};

/// The property that holds what was asked for besides.
const PROPERTY: &str = "_expanded";
/// Longest text of the parameter.
const LENGTH: usize = 1000;
/// Most paths in it.
const PATHS: usize = 16;
/// Most texts whose meaning is remembered; more would be made up by somebody.
const KNOWN: usize = 512;

/// What each operation can expand.
#[derive(Debug)]
pub(super) struct Expander {
    design: Arc<Design>,
    references: BTreeMap<OperationId, Vec<Expandable>>,
    deepest: usize,
    known: RwLock<BTreeMap<OperationId, BTreeMap<String, Known>>>,
}

/// What a text means: what is wanted, and how many rows a row may bring.
type Known = (Arc<Wanted>, u64);

/// Paths that share their beginnings, by reference.
#[derive(Debug, Default)]
struct Paths<'e>(BTreeMap<&'e str, (&'e Expandable, Paths<'e>)>);

impl Expander {
    pub(super) fn new(design: &Arc<Design>) -> Self {
        let expansions = Expansions::of(design);
        let all = design.model.operations();
        let all = all.filter(|(_, of)| reads(of));
        let all = all.map(|(id, of)| (id, expansions.references(design, of)));
        let references = all.filter(|(_, references)| !references.is_empty()).collect();
        let deepest = expansions.deepest();
        Self { design: design.clone(), references, deepest, known: RwLock::default() }
    }

    fn of(&self, operation: OperationId) -> &[Expandable] {
        self.references.get(&operation).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a request for so many rows of an operation asks for by this text; there may be fewer,
    /// so that they and what they bring are not too many.
    pub(super) fn selection(
        &self,
        operation: OperationId,
        text: &str,
        limit: &mut u32,
    ) -> Result<Arc<Wanted>, Problem> {
        let (wanted, rows) = match self.known(operation, text) {
            Some(known) => known,
            None => self.understood(operation, text)?,
        };
        // A page is shorter where each of its rows brings others.
        *limit = (*limit).min(u32::try_from(COST / rows).unwrap_or(1));
        Ok(wanted)
    }

    fn known(&self, operation: OperationId, text: &str) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&operation)?.get(text).cloned()
    }

    /// What a text means, and is taken to mean from now on.
    fn understood(&self, operation: OperationId, text: &str) -> Result<Known, Problem> {
        let count = text.split(',').count();
        if text.is_empty() || text.len() > LENGTH || count > PATHS {
            let detail = format!("Expected 1 to {PATHS} paths, separated by commas.");
            return Err(super::query::invalid("expand", &detail));
        }
        let mut paths = Paths::default();
        for path in text.split(',') {
            let length = self.add(&mut paths, operation, path, path)?;
            if length > self.deepest {
                let detail =
                    format!("`{path}` follows {length} references, at most {} are.", self.deepest);
                return Err(Problem::new(&code::QUERY_TOO_COSTLY).detail(detail));
            }
        }
        let rows = paths.cost();
        if rows > COST {
            let detail = format!("A row may bring {rows} others, and at most {COST} are read.");
            return Err(Problem::new(&code::QUERY_TOO_COSTLY).detail(detail));
        }
        let understood = (Arc::new(Wanted::from(self.expanded(operation, &paths))), rows);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(BTreeMap::len).sum::<usize>() >= KNOWN {
            known.clear();
        }
        known.entry(operation).or_default().insert(text.to_owned(), understood.clone());
        Ok(understood)
    }

    /// Adds a path; of how many references it is.
    fn add<'e>(
        &'e self,
        paths: &mut Paths<'e>,
        operation: OperationId,
        rest: &str,
        whole: &str,
    ) -> Result<usize, Problem> {
        let continues = |known: &&Expandable| {
            let end = rest.strip_prefix(known.path.as_str());
            end.is_some_and(|end| end.is_empty() || end.starts_with('.'))
        };
        let known = self.of(operation);
        let Some(reference) = known.iter().find(continues) else {
            return Err(unknown(known, rest, whole));
        };
        let rest = rest.get(reference.path.len() + 1..);
        let (_, inner) =
            paths.0.entry(&reference.path).or_insert_with(|| (reference, Paths::default()));
        Ok(match rest {
            Some(rest) => 1 + self.add(inner, reference.through, rest, whole)?,
            None => 1,
        })
    }

    /// The whole answer of an operation, with what the paths ask for.
    fn expanded(&self, operation: OperationId, paths: &Paths<'_>) -> Selection {
        let of = self.design.model.operation(operation);
        let mut all = Vec::with_capacity(of.fields.len() + 1);
        for (at, field) in of.fields.iter().enumerate() {
            let shape = match &field.value {
                OutputValue::Part(part, fields) => {
                    let entity = of.entity().map(|entity| self.design.model.shape(entity));
                    let rows = entity.and_then(|entity| entity.parts.get(usize::from(*part)));
                    let names = fields.iter().map(|index| {
                        let field = rows.and_then(|rows| rows.fields.get(usize::from(index.0)));
                        field.map(|field| field.name.as_str()).unwrap_or_default()
                    });
                    let mut inner: Vec<Selected> = names.enumerate().map(plain).collect();
                    inner.extend(
                        self.group(paths, |known| known.within.filter(|_| known.property == at)),
                    );
                    Shape::Object(Selection(inner))
                }
                _ => Shape::Plain,
            };
            all.push(Selected { key: field.name.clone(), what: What::Property(at, shape) });
        }
        all.extend(self.group(paths, |known| match known.within {
            None => Some(known.property),
            Some(_) => None,
        }));
        Selection(all)
    }

    /// The references of an object that are followed, by their position in it.
    fn group(
        &self,
        paths: &Paths<'_>,
        position: impl Fn(&Expandable) -> Option<usize>,
    ) -> Option<Selected> {
        let mut inner = Vec::new();
        for (known, paths) in paths.0.values() {
            let Some(reference) = position(known) else { continue };
            let name = known.path.rsplit('.').next().unwrap_or_default().to_owned();
            let selection = self.expanded(known.through, paths);
            let what = What::Expanded { reference, through: known.through, selection };
            inner.push(Selected { key: name, what });
        }
        let what = What::Group(Selection(inner));
        let empty = matches!(&what, What::Group(inner) if inner.0.is_empty());
        (!empty).then(|| Selected { key: PROPERTY.to_owned(), what })
    }
}

impl Paths<'_> {
    /// Rows that one row brings, itself among them.
    fn cost(&self) -> u64 {
        let each = self.0.values().map(|(known, inner)| known.rows.saturating_mul(inner.cost()));
        each.fold(1, u64::saturating_add)
    }
}

fn plain((at, name): (usize, &str)) -> Selected {
    Selected { key: name.to_owned(), what: What::Property(at, Shape::Plain) }
}

fn unknown(known: &[Expandable], rest: &str, whole: &str) -> Problem {
    let shown: String = whole.chars().take(60).collect();
    let names = known.iter().map(|known| known.path.as_str());
    let detail = match base::did_you_mean(rest, names.clone()) {
        _ if known.is_empty() => format!("`{shown}`: there is nothing to follow."),
        Some(near) => format!("`{shown}` is not known here; did you mean `{near}`?"),
        None => format!("`{shown}` is not known here; expected {}.", base::one_of(names)),
    };
    super::query::invalid("expand", &detail)
}
