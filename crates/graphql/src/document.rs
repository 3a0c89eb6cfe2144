//! Documents: scanned, parsed, measured, validated, and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use sha2::{Digest as _, Sha256};

use crate::scan::{Excess, scan};
use crate::schema::{Built, ValidateOnly};

/// Most documents that are kept.
const KEPT: usize = 500;
/// Longest text of a document that is kept.
const KEPT_LENGTH: usize = 16 * 1024;
/// Most fields of a document, where what is spread counts each time.
const FIELDS: usize = 2_000;
/// Deepest introspection, in fields that hold types that hold fields.
const INTROSPECTION: usize = 2;
/// Deepest nesting of fields that ask about the schema.
const SCHEMA_DEPTH: usize = 20;

/// A document that may be executed.
#[derive(Debug)]
pub(crate) struct Document {
    pub text: String,
    pub parsed: ExecutableDocument,
    /// Whether it asks about the schema.
    pub introspects: bool,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub code: &'static str,
    pub message: String,
    /// Line and column.
    pub place: Option<(usize, usize)>,
}

/// Documents that were executed before, by hash.
#[derive(Debug, Default)]
pub(crate) struct Documents(Mutex<BTreeMap<[u8; 32], Arc<Document>>>);

impl Documents {
    /// The document of a text.
    pub async fn get(
        &self,
        text: &str,
        built: &Built,
        depth: usize,
    ) -> Result<Arc<Document>, Vec<Wrong>> {
        let key: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let document = Arc::new(read(text, built, depth).await?);
        if text.len() <= KEPT_LENGTH {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= KEPT {
                // Whoever sends ever new texts pays for it; what others send is soon back.
                all.clear();
            }
            all.insert(key, document.clone());
        }
        Ok(document)
    }
}

async fn read(text: &str, built: &Built, depth: usize) -> Result<Document, Vec<Wrong>> {
    scan(text).map_err(|excess| {
        vec![costly(match excess {
            Excess::Tokens => "The document has more than 4000 tokens.",
            Excess::Nesting => "The document is nested more than 40 deep.",
        })]
    })?;
    let parsed = parse_query(text).map_err(|error| {
        let place = error.positions().next().map(|at| (at.line, at.column));
        vec![Wrong { code: "malformed-request", message: error.to_string(), place }]
    })?;
    let mut measure = Measure { document: &parsed, fields: 0, introspects: false, depth };
    let mut first = None;
    for (name, operation) in parsed.operations.iter() {
        first = first.or_else(|| name.map(ToString::to_string));
        let set = &operation.node.selection_set.node;
        measure.set(set, 1, None, &mut Vec::new()).map_err(|wrong| vec![wrong])?;
        roots(&operation.node, &parsed).map_err(|wrong| vec![wrong])?;
    }
    let introspects = measure.introspects;
    let streams = |operation: &OperationDefinition| operation.ty == OperationType::Subscription;
    // Subscriptions are refused when they are executed; the validator would refuse their transport.
    if !parsed.operations.iter().any(|(_, operation)| streams(&operation.node)) {
        let mut request = async_graphql::Request::new(text).data(ValidateOnly);
        if let Some(name) = first {
            request = request.operation_name(name);
        }
        let response = built.schema.execute(request).await;
        let wrong = |error: async_graphql::ServerError| Wrong {
            code: "malformed-request",
            place: error.locations.first().map(|at| (at.line, at.column)),
            message: error.message,
        };
        if !response.errors.is_empty() {
            return Err(response.errors.into_iter().map(wrong).collect());
        }
    }
    Ok(Document { text: text.to_owned(), parsed, introspects })
}

fn costly(message: &str) -> Wrong {
    Wrong { code: "query-too-costly", message: message.to_owned(), place: None }
}

/// One mutation, and at most ten fields of `Query`.
fn roots(operation: &OperationDefinition, document: &ExecutableDocument) -> Result<(), Wrong> {
    let most = if operation.ty == OperationType::Query { 10 } else { 1 };
    let mut count = 0;
    count_fields(&operation.selection_set.node, document, &mut count);
    match count > most {
        true if most == 1 => Err(costly("A request holds one mutation.")),
        true => Err(costly("A request holds at most 10 fields of Query.")),
        false => Ok(()),
    }
}

fn count_fields(set: &SelectionSet, document: &ExecutableDocument, count: &mut usize) {
    for item in &set.items {
        match &item.node {
            Selection::Field(_) => *count += 1,
            Selection::InlineFragment(inner) => {
                count_fields(&inner.node.selection_set.node, document, count);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    count_fields(&fragment.node.selection_set.node, document, count);
                }
            }
        }
    }
}

/// The size of a document with all that it spreads.
struct Measure<'d> {
    document: &'d ExecutableDocument,
    fields: usize,
    introspects: bool,
    depth: usize,
}

impl<'d> Measure<'d> {
    fn set(
        &mut self,
        set: &'d SelectionSet,
        depth: usize,
        about_schema: Option<usize>,
        within: &mut Vec<&'d str>,
    ) -> Result<(), Wrong> {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    self.fields += 1 + field.node.directives.len();
                    if self.fields > FIELDS {
                        return Err(costly("The document asks for more than 2000 fields."));
                    }
                    let asks = name == "__schema" || name == "__type";
                    self.introspects |= asks;
                    let about = if asks { Some(0) } else { about_schema };
                    let nests = ["fields", "inputFields", "interfaces", "possibleTypes"];
                    let about = about.map(|count| count + usize::from(nests.contains(&name)));
                    let most = if about.is_some() { SCHEMA_DEPTH } else { self.depth };
                    if depth > most || about.is_some_and(|count| count > INTROSPECTION) {
                        let message = format!("Fields are at most {most} deep.");
                        return Err(costly(&message));
                    }
                    self.set(&field.node.selection_set.node, depth + 1, about, within)?;
                }
                Selection::InlineFragment(inner) => {
                    self.fields += 1 + inner.node.directives.len();
                    let set = &inner.node.selection_set.node;
                    self.set(set, depth, about_schema, within)?;
                }
                Selection::FragmentSpread(spread) => {
                    self.fields += 1 + spread.node.directives.len();
                    let name = spread.node.fragment_name.node.as_str();
                    if within.contains(&name) {
                        let message = format!("The fragment {name} spreads itself.");
                        return Err(Wrong { code: "malformed-request", message, place: None });
                    }
                    if self.fields > FIELDS {
                        return Err(costly("The document asks for more than 2000 fields."));
                    }
                    if let Some(of) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        within.push(name);
                        self.set(&of.node.selection_set.node, depth, about_schema, within)?;
                        within.pop();
                    }
                }
            }
        }
        Ok(())
    }
}
