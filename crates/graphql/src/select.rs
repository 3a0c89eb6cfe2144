//! What a query selects, as the selection of an operation's answer.

use std::collections::BTreeSet;

use async_graphql::Positioned;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, Selection as Item, SelectionSet, Type,
};
use async_graphql_value::{Name, Value};
use decide::expansions;
use expression::EntityId;
use model::model::{OperationId, OutputValue};
use runtime::Problem;
use runtime::problem::code;
use runtime::selection::{Selected, Selection, Shape, What};
use serde_json::{Map, Value as Json};

use crate::schema::{Kind, named};
use crate::{Endpoint, Shared};

/// What the variables of a request are.
pub(crate) type Variables = Map<String, Json>;

/// Fields that answer under one name.
pub(crate) struct Collected<'d> {
    pub key: &'d str,
    pub field: &'d Field,
    pub sets: Vec<&'d SelectionSet>,
}

/// Everything that planning a request looks at.
pub(crate) struct Asking<'d> {
    pub endpoint: &'d Endpoint,
    pub shared: &'d Shared,
    pub document: &'d ExecutableDocument,
    pub variables: &'d Variables,
}

/// A defect: validation lets nothing through that the schema does not have.
pub(crate) fn misplaced() -> Problem {
    Problem::new(&code::INTERNAL)
}

impl<'d> Asking<'d> {
    /// The fields of selection sets in their order; those of one name are one.
    pub fn collect(&self, sets: &[&'d SelectionSet]) -> Vec<Collected<'d>> {
        let mut all = Vec::new();
        let mut spread = BTreeSet::new();
        sets.iter().for_each(|set| self.collect_into(set, &mut all, &mut spread));
        all
    }

    fn collect_into(
        &self,
        set: &'d SelectionSet,
        all: &mut Vec<Collected<'d>>,
        spread: &mut BTreeSet<&'d str>,
    ) {
        for item in &set.items {
            if !self.included(item.node.directives()) {
                continue;
            }
            match &item.node {
                Item::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    let inner = &field.node.selection_set.node;
                    match all.iter_mut().find(|known| known.key == key) {
                        Some(known) => known.sets.push(inner),
                        None => all.push(Collected { key, field: &field.node, sets: vec![inner] }),
                    }
                }
                Item::InlineFragment(inner) => {
                    self.collect_into(&inner.node.selection_set.node, all, spread);
                }
                Item::FragmentSpread(of) => {
                    let name = &of.node.fragment_name.node;
                    if !spread.insert(name.as_str()) {
                        continue;
                    }
                    if let Some(fragment) = self.document.fragments.get(name) {
                        self.collect_into(&fragment.node.selection_set.node, all, spread);
                    }
                }
            }
        }
    }

    fn included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let truth = directive.node.get_argument("if").and_then(|value| self.value(&value.node));
            match (directive.node.name.node.as_str(), truth) {
                ("skip", Some(Json::Bool(truth))) => !truth,
                ("include", Some(Json::Bool(truth))) => truth,
                _ => true,
            }
        })
    }

    /// A value with its variables; none where one is absent.
    pub fn value(&self, value: &Value) -> Option<Json> {
        Some(match value {
            Value::Variable(name) => return self.variables.get(name.as_str()).cloned(),
            Value::Null => Json::Null,
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::String(text.clone()),
            Value::Boolean(truth) => Json::Bool(*truth),
            Value::Enum(name) => Json::String(name.to_string()),
            Value::List(items) => {
                let item = |item| self.value(item).unwrap_or(Json::Null);
                Json::Array(items.iter().map(item).collect())
            }
            Value::Object(fields) => {
                let field =
                    |(name, value): (&Name, &Value)| Some((name.to_string(), self.value(value)?));
                Json::Object(fields.iter().filter_map(field).collect())
            }
            Value::Binary(_) => return None,
        })
    }

    /// The type of a field of an object.
    pub fn type_of(&self, object: &str, field: &str) -> Result<&'d Type, Problem> {
        match self.endpoint.schema.types.get(object) {
            Some(Kind::Object(fields)) => fields.get(field).map(|(ty, _)| ty).ok_or_else(misplaced),
            _ => Err(misplaced()),
        }
    }

    /// What is selected of a row, or of a value of several properties.
    pub fn selection(&self, object: &str, sets: &[&'d SelectionSet]) -> Result<Selection, Problem> {
        let mut all = Vec::new();
        for collected in self.collect(sets) {
            let what = self.what(object, &collected)?;
            all.push(Selected { key: collected.key.to_owned(), what });
        }
        Ok(Selection(all))
    }

    fn what(&self, object: &str, collected: &Collected<'d>) -> Result<What, Problem> {
        let name = collected.field.name.node.as_str();
        match name {
            "__typename" => return Ok(What::Text(object.to_owned())),
            "nothing" if !self.knows(object, name) => return Ok(What::Constant("null")),
            _ => {}
        }
        if let Some(at) = position_in_value(object, name) {
            return Ok(What::Property(at, Shape::Plain));
        }
        let fields = self.endpoint.contract.rows.get(object).ok_or_else(misplaced)?;
        let field = fields.iter().find(|field| field.name == name).ok_or_else(misplaced)?;
        if let Some((entity, target)) = &field.expanded {
            let through = self.through(*entity)?;
            let selection = self.selection(target, &collected.sets)?;
            return Ok(What::Expanded { reference: field.property, through, selection });
        }
        let ty = named(self.type_of(object, name)?);
        let shape = match self.endpoint.schema.types.get(ty) {
            Some(Kind::Enum(_)) => Shape::Capitals,
            Some(Kind::Object(_)) => Shape::Object(self.selection(ty, &collected.sets)?),
            _ => Shape::Plain,
        };
        Ok(What::Property(field.property, shape))
    }

    fn knows(&self, object: &str, name: &str) -> bool {
        let fields = self.endpoint.contract.rows.get(object);
        fields.is_some_and(|fields| fields.iter().any(|field| field.name == name))
    }

    /// The `get` through which rows of an entity are seen.
    pub fn through(&self, entity: EntityId) -> Result<OperationId, Problem> {
        self.shared.expansions.through(entity).ok_or_else(misplaced)
    }

    /// Rows that one row of an operation brings by a selection, itself among them.
    pub fn cost(&self, operation: OperationId, selection: &Selection) -> u64 {
        let design = self.shared.executor.design();
        let of = design.model.operation(operation);
        let part = |at: usize| match (of.entity(), of.fields.get(at).map(|field| &field.value)) {
            (Some(entity), Some(OutputValue::Part(part, _))) => {
                expansions::part_rows(design, entity, *part)
            }
            _ => 1,
        };
        let each = |selected: &Selected| match &selected.what {
            What::Expanded { through, selection, .. } => self.cost(*through, selection),
            What::Property(at, Shape::Object(inner)) => {
                part(*at).saturating_mul(self.within(inner))
            }
            _ => 0,
        };
        selection.0.iter().map(each).fold(1, u64::saturating_add)
    }

    /// Rows that a row of a part, or a value, brings.
    fn within(&self, selection: &Selection) -> u64 {
        let each = |selected: &Selected| match &selected.what {
            What::Expanded { through, selection, .. } => self.cost(*through, selection),
            What::Property(_, Shape::Object(inner)) => self.within(inner),
            _ => 0,
        };
        selection.0.iter().map(each).fold(0, u64::saturating_add)
    }
}

/// Where a property of money, of a place or of a file is.
pub(crate) fn position_in_value(object: &str, name: &str) -> Option<usize> {
    match (object, name) {
        ("Money", "amount") | ("GeoPoint", "lat") | ("File", "mediaType") => Some(0),
        ("Money", "currency") | ("GeoPoint", "lon") | ("File", "bytes") => Some(1),
        ("File", "id") => Some(2),
        ("File", "url") => Some(3),
        ("File", "name") => Some(4),
        ("File", "sha256") => Some(5),
        _ => None,
    }
}
