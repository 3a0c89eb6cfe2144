//! Schemas whose teams filed their tables, as models whose entities no context holds.

use std::collections::{BTreeMap, BTreeSet};

use base::SourceMap;
use decide::boundaries::propose;
use decide::facts::Facts;
use decide::naming;
use decide::numbers::Numbers;
use model::Model;

/// A schema with the context of each table.
pub struct Sample {
    /// Name.
    pub name: &'static str,
    /// Tables by name.
    pub tables: Vec<String>,
    /// The context of each, by number.
    pub labels: Vec<usize>,
    /// Who refers to whom, and whether each row must; without those to the own table.
    pub references: BTreeMap<(usize, usize), bool>,
}

const FILES: [(&str, &str, &str); 3] = [
    (
        "saleor",
        include_str!("../../data/boundaries/saleor/schema.csv"),
        include_str!("../../data/boundaries/saleor/labels.csv"),
    ),
    (
        "mantle-udm",
        include_str!("../../data/boundaries/mantle-udm/schema.csv"),
        include_str!("../../data/boundaries/mantle-udm/labels.csv"),
    ),
    (
        "medusa",
        include_str!("../../data/boundaries/medusa/schema.csv"),
        include_str!("../../data/boundaries/medusa/labels.csv"),
    ),
];

/// All of them.
pub fn all() -> Vec<Sample> {
    FILES.map(|(name, schema, labels)| sample(name, schema, labels)).into()
}

fn sample(name: &'static str, schema: &str, labels: &str) -> Sample {
    let mut contexts: BTreeMap<String, String> = BTreeMap::new();
    for row in labels.lines().skip(1) {
        let mut cells = row.split(',').map(ToOwned::to_owned);
        contexts.insert(cells.next().unwrap(), cells.next().unwrap());
    }
    let tables: Vec<String> = contexts.keys().cloned().collect();
    let distinct: BTreeSet<&String> = contexts.values().collect();
    let distinct: Vec<&String> = distinct.into_iter().collect();
    let labels = contexts.values().map(|label| distinct.binary_search(&label).unwrap()).collect();
    let mut references = BTreeMap::new();
    for row in schema.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let at = |table: &str| tables.binary_search_by(|known| known.as_str().cmp(table)).ok();
        if let (Some(from), Some(to)) = (at(cells[0]), at(cells[3]))
            && from != to
        {
            let deleted = cells.get(4).map(|rule| rule.to_lowercase().replace('_', " "));
            let required = deleted.as_deref() != Some("set null");
            *references.entry((from, to)).or_insert(required) |= required;
        }
    }
    Sample { name, tables, labels, references }
}

impl Sample {
    /// The model: one entity for each table, in the contexts that some are known to belong to.
    pub fn model(&self, seeds: &BTreeSet<usize>) -> Model {
        let entity = |at: usize, indent: &str| {
            let mut text = format!(
                "{indent}{}: {{ plural: table{at}, rows: 1k, fields: {{ size: int(0..9)",
                self.entity(at)
            );
            for (&(_, to), required) in self.references.range((at, 0)..(at + 1, 0)) {
                let mark = if *required { "" } else { "?" };
                let context = |at: usize| {
                    let label = seeds.contains(&at).then(|| format!("label{}.", self.labels[at]));
                    label.unwrap_or_else(|| "sample.".to_owned())
                };
                let there = if context(at) == context(to) { String::new() } else { context(to) };
                text += &format!(", to_{to}: {there}{}{mark}", self.entity(to));
            }
            text + " } }\n"
        };
        let mut text =
            "firmitas: 1\nsystem: { name: Sample, summary: A schema. }\nactors: { a: { auth: user } }\n"
                .to_owned();
        if !seeds.is_empty() {
            text += "contexts:\n";
        }
        for label in 0..=*self.labels.iter().max().unwrap() {
            let members: Vec<usize> =
                seeds.iter().copied().filter(|at| self.labels[*at] == label).collect();
            if !members.is_empty() {
                text += &format!("  label{label}:\n    entities:\n");
                members.iter().for_each(|at| text += &entity(*at, "      "));
            }
        }
        text += "entities:\n";
        let free = (0..self.tables.len()).filter(|at| !seeds.contains(at));
        free.for_each(|at| text += &entity(at, "  "));
        let first = (0..self.tables.len()).find(|at| !seeds.contains(at)).unwrap();
        text += &format!(
            "operations:\n  listFirst: {{ list: {}, by: [a], rate: 1/s }}\n",
            self.entity(first)
        );
        let mut sources = SourceMap::default();
        let root = sources.add("firmitas.yaml", text);
        let (model, diagnostics) = model::load(&sources, root);
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        model
    }

    /// The entity of a table.
    fn entity(&self, at: usize) -> String {
        naming::upper_camel(&self.tables[at])
    }

    /// The group that is proposed for each table.
    pub fn proposed(&self, seeds: &BTreeSet<usize>, numbers: &Numbers) -> Vec<usize> {
        self.proposed_for(&self.model(seeds), numbers)
    }

    /// The same from a model that was made before.
    pub fn proposed_for(&self, model: &Model, numbers: &Numbers) -> Vec<usize> {
        let facts = Facts { model, numbers };
        let of = |context: &model::model::Context| context.unassigned;
        let at = model.contexts.iter().position(of).unwrap();
        let id = model::model::ContextId(u16::try_from(at).unwrap());
        let proposal = propose(facts, id, &BTreeSet::new());
        let name = |id: expression::EntityId| model.entity(id).name.value.clone();
        let groups: BTreeMap<String, usize> =
            proposal.entities.iter().map(|id| name(*id)).zip(proposal.groups).collect();
        (0..self.tables.len()).map(|at| groups[&self.entity(at)]).collect()
    }

    /// Some tables of each context, drawn by lot.
    pub fn seeds(&self, of_each: usize, lot: u64) -> BTreeSet<usize> {
        let mut order: Vec<usize> = (0..self.tables.len()).collect();
        shuffle(&mut order, lot);
        let mut count = vec![0; self.tables.len()];
        order.retain(|at| {
            count[self.labels[*at]] += 1;
            count[self.labels[*at]] <= of_each
        });
        order.into_iter().collect()
    }
}

/// Shuffles, the same way for the same lot (SplitMix64).
pub fn shuffle<T>(items: &mut [T], lot: u64) {
    let mut state = lot;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        let other = bits % u64::try_from(last + 1).unwrap();
        items.swap(last, usize::try_from(other).unwrap());
    }
}
