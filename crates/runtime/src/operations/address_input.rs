//! Inputs of a read: checked like those of a write, then seen as `input` by its expressions.

use std::collections::BTreeMap;

use expression::Value;
use model::model::OperationId;

use super::failure::Failure;
use super::input::{absent, check, check_references, named};
use super::session::Session;
use super::work::Work;
use crate::call::Request;
use crate::problem::{Problem, code};
use crate::store::Snapshot;

/// Makes the inputs of a request visible.
///
/// # Errors
/// 400 with the first that is wrong: they stand in the address.
pub(crate) async fn take<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    if operation.input.parameters.is_empty() {
        return Ok(());
    }
    let schema = &plans.model.schema;
    let input = check(operation, &request.input, schema).map_err(in_address)?;
    if !named(&plans, operation, &input).is_empty() {
        let session = Session::open(work, &request.caller, request.operation).await?;
        match check_references(work, &session, operation, &input, &BTreeMap::new()).await {
            Err(Failure::Problem(problem)) => return Err(in_address(*problem).into()),
            other => other?,
        }
    }
    let given = operation.input.parameters.iter().zip(input.values);
    let now = work.now;
    let values =
        given.map(|(of, value)| value.unwrap_or_else(|| absent(of, now, schema))).collect();
    work.see(Value::Record(values));
    Ok(())
}

/// Whether an operation has inputs: what it grants depends on what is asked, so it is no way to
/// rows for anybody else.
pub(crate) fn depends_on_input(model: &model::Model, operation: OperationId) -> bool {
    !model.operation(operation).input.parameters.is_empty()
}

/// What is wrong with a body, as it is told of an address.
pub(crate) fn in_address(problem: Problem) -> Problem {
    let Some(wrong) = problem.errors.first() else { return problem };
    let name = wrong.pointer.split('/').nth(1).unwrap_or_default();
    Problem::new(&code::INVALID_PARAMETER).detail(format!("`{name}`: {}", wrong.detail))
}
