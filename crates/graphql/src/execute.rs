//! Runs a document: each field of a root is a request for an operation.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Variables as Given;
use async_graphql::parser::types::{OperationDefinition, OperationType};
use decide::expansions::COST;
use expression::json_text;
use model::model::{OperationId, OperationKind};
use runtime::Problem;
use runtime::call::{Answer, Body, Caller, Count, Request, Trace};
use runtime::http::{Admission, Arrival, Spoken};
use runtime::json::write_string;
use runtime::problem::code;
use runtime::selection::Selection;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::document::{Document, Wrong};
use crate::schema::named;
use crate::select::{Asking, Collected, Variables, misplaced};
use crate::{Endpoint, Shared};

/// A request that is being answered.
pub(crate) struct Run<'d> {
    pub asking: Asking<'d>,
    pub trace: &'d Trace,
    pub admission: &'d Admission,
}

/// Which document, which of its operations, with what.
pub(crate) struct Query<'d> {
    pub document: &'d Document,
    pub operation: Option<&'d str>,
    pub variables: &'d Variables,
    /// Whether only what reads may run.
    pub reads_only: bool,
}

/// The answer: the members of `data` and of `errors`, written.
pub(crate) struct Answered {
    pub data: Vec<u8>,
    pub errors: Vec<u8>,
}

/// Executes.
///
/// # Errors
/// What makes the whole request wrong.
pub(crate) async fn execute(
    endpoint: &Endpoint,
    shared: &Shared,
    query: Query<'_>,
    caller: &Caller,
    arrival: &Arrival,
) -> Result<Answered, Wrong> {
    let operation = chosen(&query)?;
    if operation.ty != OperationType::Query && query.reads_only {
        return Err(wrong("method-not-allowed", "A mutation needs POST."));
    }
    let variables = with_defaults(operation, query.variables)?;
    let (document, variables) = (&query.document.parsed, &variables);
    let asking = Asking { endpoint, shared, document, variables };
    let run = Run { asking, trace: &arrival.trace, admission: &arrival.admission };
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => {
            return Err(wrong("not-running", "Subscriptions are not served yet."));
        }
    };
    let schema = match query.document.introspects {
        true => about_schema(endpoint, &query, variables).await?,
        false => Json::Null,
    };
    let (mut data, mut errors) = (b"{".to_vec(), Vec::new());
    let set = &operation.selection_set.node;
    let mut planned = Vec::new();
    for collected in run.asking.collect(&[set]) {
        planned.push(run.plan(root, collected).map_err(|problem| of_problem(&problem)));
    }
    // Everything is measured before anything is read.
    let cost = planned.iter().flatten().map(|planned| planned.cost).fold(0, u64::saturating_add);
    if cost > COST {
        let message = format!("It may bring {cost} rows, and at most {COST} are read.");
        return Err(wrong("query-too-costly", &message));
    }
    for (at, planned) in planned.into_iter().enumerate() {
        let planned = planned?;
        if at > 0 {
            data.push(b',');
        }
        write_string(&mut data, planned.collected.key);
        data.push(b':');
        let key = planned.collected.key;
        let written = match schema.get(key).filter(|_| key_is_about_schema(&planned)) {
            Some(known) => serde_json::to_vec(known).map_err(|_| misplaced()),
            None => run.counted(root, planned, caller).await,
        };
        match written {
            Ok(bytes) => data.extend_from_slice(&bytes),
            Err(problem) => {
                data.extend_from_slice(b"null");
                refuse(&mut errors, &problem, Some(key));
            }
        }
    }
    data.push(b'}');
    Ok(Answered { data, errors })
}

fn key_is_about_schema(planned: &Planned<'_>) -> bool {
    planned.collected.field.name.node.starts_with("__")
        && planned.collected.field.name.node != "__typename"
}

fn wrong(code: &'static str, message: &str) -> Wrong {
    Wrong { code, message: message.to_owned(), place: None }
}

fn of_problem(problem: &Problem) -> Wrong {
    let detail = if problem.detail.is_empty() { &*problem.title } else { &problem.detail };
    wrong("validation-failed", detail)
}

fn chosen<'d>(query: &Query<'d>) -> Result<&'d OperationDefinition, Wrong> {
    let all = &query.document.parsed.operations;
    let mut fitting = all.iter().filter(|(name, _)| match query.operation {
        Some(wanted) => name.is_some_and(|name| name.as_str() == wanted),
        None => true,
    });
    match (fitting.next(), fitting.next()) {
        (Some((_, operation)), None) => Ok(&operation.node),
        (None, _) => Err(wrong("malformed-request", "The document has no such operation.")),
        _ => Err(wrong("malformed-request", "The document has several operations: name one.")),
    }
}

/// The variables that an operation declares, with their defaults.
fn with_defaults(operation: &OperationDefinition, given: &Variables) -> Result<Variables, Wrong> {
    let mut all = Variables::new();
    for declared in &operation.variable_definitions {
        let declared = &declared.node;
        let name = declared.name.node.as_str();
        let default = declared.default_value.as_ref();
        let value = match given.get(name) {
            Some(value) => Some(value.clone()),
            None => default.and_then(|value| value.node.clone().into_json().ok()),
        };
        match value {
            None | Some(Json::Null) if !declared.var_type.node.nullable => {
                let message = format!("The variable ${name} needs a value.");
                return Err(wrong("validation-failed", &message));
            }
            None => {}
            Some(value) => drop(all.insert(name.to_owned(), value)),
        }
    }
    Ok(all)
}

async fn about_schema(
    endpoint: &Endpoint,
    query: &Query<'_>,
    variables: &Variables,
) -> Result<Json, Wrong> {
    let mut request = async_graphql::Request::new(query.document.text.clone())
        .variables(Given::from_json(Json::Object(variables.clone())));
    if let Some(name) = query.operation {
        request = request.operation_name(name);
    }
    let response = endpoint.schema.schema.execute(request).await;
    match response.errors.into_iter().next() {
        Some(error) => Err(wrong("malformed-request", &error.message)),
        None => {
            response.data.into_json().map_err(|_| wrong("internal", "The schema cannot be told."))
        }
    }
}

/// A field of a root, with what it selects.
pub(crate) struct Planned<'d> {
    collected: Collected<'d>,
    operation: Option<OperationId>,
    cost: u64,
}

impl<'d> Run<'d> {
    fn plan(&self, root: &str, collected: Collected<'d>) -> Result<Planned<'d>, Problem> {
        let name = collected.field.name.node.as_str();
        let operation = self.asking.endpoint.contract.operations.get(name).copied();
        let Some(id) = operation else { return Ok(Planned { collected, operation, cost: 0 }) };
        let design = self.asking.shared.executor.design();
        let of = design.model.operation(id);
        let row = named(self.asking.type_of(root, name)?).to_owned();
        let cost = match of.kind {
            OperationKind::Delete => 1,
            OperationKind::List => {
                let limit = self.asking.arguments(root, collected.field, of)?.limit;
                let row = named(self.asking.type_of(&row, "items")?);
                let pages = self.asking.collect(&collected.sets);
                let items = pages.iter().filter(|page| page.field.name.node == "items");
                let mut cost = 0_u64;
                for items in items {
                    let selection = self.asking.selection(row, &items.sets)?;
                    let each = self.asking.cost(id, &selection);
                    cost = cost.saturating_add(limit.saturating_mul(each));
                }
                cost
            }
            _ => self.asking.cost(id, &self.asking.selection(&row, &collected.sets)?),
        };
        Ok(Planned { collected, operation, cost })
    }

    /// The answer of a field of a root: a request for its operation, let in and counted as such.
    async fn counted(
        &self,
        root: &str,
        planned: Planned<'d>,
        caller: &Caller,
    ) -> Result<Vec<u8>, Problem> {
        let Some(operation) = planned.operation else {
            return self.field(root, planned, caller).await;
        };
        let (started, admission) = (Instant::now(), self.admission);
        let done = match admission.take(operation, Some(caller)).await {
            Ok(()) => self.field(root, planned, caller).await,
            Err(problem) => Err(problem),
        };
        let status = done.as_ref().map_or_else(|problem| problem.status, |_| 200);
        admission.record(operation, status, started.elapsed());
        done
    }

    /// The answer of a field of a root.
    async fn field(
        &self,
        root: &str,
        planned: Planned<'d>,
        caller: &Caller,
    ) -> Result<Vec<u8>, Problem> {
        let Planned { collected, operation, .. } = planned;
        let name = collected.field.name.node.as_str();
        let Some(id) = operation else {
            return match name {
                "__typename" => Ok(format!("\"{root}\"").into_bytes()),
                "version" => Ok(b"\"1\"".to_vec()),
                _ => Err(misplaced()),
            };
        };
        let of = self.asking.shared.executor.design().model.operation(id).clone();
        let object = named(self.asking.type_of(root, name)?).to_owned();
        match of.kind {
            OperationKind::List => self.page(root, &object, id, &collected, caller).await,
            OperationKind::Get => {
                let arguments = self.asking.arguments(root, collected.field, &of)?;
                let selection = self.asking.selection(&object, &collected.sets)?;
                let address = arguments.address.as_deref();
                let query = &*arguments.query;
                let spoken = Spoken { query, ..self.spoken(id, caller, address, Some(selection)) };
                match self.ask(spoken).await?.0.body {
                    Body::Json(bytes) => Ok(bytes),
                    _ => Err(misplaced()),
                }
            }
            _ => {
                let arguments = self.asking.arguments(root, collected.field, &of)?;
                let spoken = Spoken {
                    query: &arguments.query,
                    body: arguments.body.as_deref(),
                    key: arguments.key.as_deref(),
                    if_match: arguments.if_match,
                    ..self.spoken(id, caller, arguments.address.as_deref(), None)
                };
                let (answer, _) = self.ask(spoken).await?;
                if of.kind == OperationKind::Delete {
                    return Ok(b"true".to_vec());
                }
                let Body::Json(bytes) = answer.body else {
                    let detail = "It is still under way: read the row to see how it ends.";
                    return Err(Problem::new(&code::IN_PROGRESS).detail(detail));
                };
                let text = std::str::from_utf8(&bytes).map_err(|_| misplaced())?;
                let value: Json = json_text::read(text).map_err(|_| misplaced())?;
                let mut out = Vec::with_capacity(bytes.len());
                self.project(&mut out, (&object, collected.sets), &value, caller).await?;
                Ok(out)
            }
        }
    }

    /// A page: one request for each name under which its items are asked for.
    async fn page(
        &self,
        root: &str,
        object: &str,
        id: OperationId,
        collected: &Collected<'d>,
        caller: &Caller,
    ) -> Result<Vec<u8>, Problem> {
        let of = self.asking.shared.executor.design().model.operation(id).clone();
        let arguments = self.asking.arguments(root, collected.field, &of)?;
        let row = named(self.asking.type_of(object, "items")?).to_owned();
        let fields = self.asking.collect(&collected.sets);
        let asks = |name: &str| fields.iter().any(|field| field.field.name.node == name);
        let mut query = arguments.query;
        if asks("count") {
            query.push_str(if query.is_empty() { "count=true" } else { "&count=true" });
        }
        let (mut parts, mut next, mut count) = (Vec::new(), None, None);
        for field in fields.iter().filter(|field| field.field.name.node == "items") {
            let selection = self.asking.selection(&row, &field.sets)?;
            let items;
            (items, next, count) = self.items(id, &query, selection, caller).await?;
            parts.push((field.key, items));
        }
        if next.is_none() && (asks("next") || asks("count")) {
            let selection = Selection::default();
            (_, next, count) = self.items(id, &query, selection, caller).await?;
        }
        let mut out = b"{".to_vec();
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_string(&mut out, field.key);
            out.push(b':');
            match field.field.name.node.as_str() {
                "__typename" => write_string(&mut out, object),
                "next" => match next.as_deref() {
                    None | Some("") => out.extend_from_slice(b"null"),
                    Some(next) => write_string(&mut out, next),
                },
                "count" => match count.and_then(Count::exact) {
                    None => out.extend_from_slice(b"null"),
                    Some(rows) => out.extend_from_slice(rows.to_string().as_bytes()),
                },
                _ => {
                    let items = parts.iter().find(|(key, _)| *key == field.key);
                    out.extend_from_slice(items.map_or(&b"[]"[..], |(_, items)| items));
                }
            }
        }
        out.push(b'}');
        Ok(out)
    }

    async fn items(
        &self,
        id: OperationId,
        query: &str,
        selection: Selection,
        caller: &Caller,
    ) -> Result<(Vec<u8>, Option<String>, Option<Count>), Problem> {
        let spoken = Spoken { query, ..self.spoken(id, caller, None, Some(selection)) };
        let (answer, bound) = self.ask(spoken).await?;
        let Body::Page { items, next, count } = answer.body else { return Err(misplaced()) };
        let next = self.asking.shared.translator.next(id, caller, &bound, next.as_ref());
        Ok((items, Some(next), count))
    }

    /// A row as its `get` answers it to the caller; none where it does not.
    pub(crate) async fn row(
        &self,
        through: OperationId,
        id: &str,
        selection: Selection,
        caller: &Caller,
    ) -> Result<Option<Vec<u8>>, Problem> {
        match self.ask(self.spoken(through, caller, Some(id), Some(selection))).await {
            Ok((Answer { body: Body::Json(bytes), .. }, _)) => Ok(Some(bytes)),
            Ok(_) => Ok(None),
            Err(problem) if matches!(problem.status, 401 | 403 | 404) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    fn spoken<'a>(
        &self,
        operation: OperationId,
        caller: &'a Caller,
        address: Option<&'a str>,
        selection: Option<Selection>,
    ) -> Spoken<'a> {
        Spoken {
            operation,
            caller,
            address,
            query: "",
            body: None,
            whole: false,
            key: None,
            if_match: None,
            selection: selection.map(|selection| Arc::new(selection.into())),
            trace: self.trace.clone(),
        }
    }

    /// Executes a request within its time. A write goes on when nobody waits for it any more.
    async fn ask(&self, spoken: Spoken<'_>) -> Result<(Answer, String), Problem> {
        let shared = self.asking.shared;
        let operation = spoken.operation;
        let (request, bound): (Request, String) = shared.translator.request(spoken)?;
        let budget = shared.translator.deadline(operation).max(Duration::from_millis(1));
        let deadline = Instant::now() + budget;
        let late = |_| Problem::new(&code::TIMED_OUT);
        let executor = shared.executor.clone();
        let writes = shared.executor.design().model.operation(operation).writes();
        let answer = if writes {
            let writing = tokio::spawn(async move { executor.execute(request).await });
            let done = tokio::time::timeout_at(deadline, writing).await.map_err(late)?;
            done.map_err(|_| Problem::new(&code::INTERNAL))??
        } else {
            tokio::time::timeout_at(deadline, executor.execute(request)).await.map_err(late)??
        };
        Ok((answer, bound))
    }
}

/// Appends a refusal to `errors`: one entry, or one for each value that is wrong.
pub(crate) fn refuse(errors: &mut Vec<u8>, problem: &Problem, key: Option<&str>) {
    let mut entry = |message: &str, pointer: Option<&str>| {
        if !errors.is_empty() {
            errors.push(b',');
        }
        errors.extend_from_slice(b"{\"message\":");
        write_string(errors, message);
        if let Some(key) = key {
            errors.extend_from_slice(b",\"path\":[");
            write_string(errors, key);
            errors.push(b']');
        }
        errors.extend_from_slice(b",\"extensions\":{\"code\":");
        write_string(errors, &problem.code);
        errors.extend_from_slice(format!(",\"status\":{}", problem.status).as_bytes());
        if let Some(pointer) = pointer {
            errors.extend_from_slice(b",\"pointer\":");
            write_string(errors, pointer);
        }
        errors.extend_from_slice(b"}}");
    };
    if problem.errors.is_empty() {
        let detail = if problem.detail.is_empty() { &*problem.title } else { &problem.detail };
        return entry(detail, None);
    }
    for error in &problem.errors {
        entry(&error.detail, Some(&error.pointer));
    }
}
