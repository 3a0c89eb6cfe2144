//! States of rows: where `move` leads.

use expression::{FieldIndex, Value};
use model::model::EffectKind;

use super::effects::Frame;
use super::failure::{Failure, internal};
use super::row;
use super::work::Work;
use crate::problem::{Problem, code};
use crate::store::Transaction;

/// Nobody is asked for what cannot be taken back, and would be refused when it has been done: the
/// state to which the row is moved after a call is looked at before it.
pub(super) async fn check_next<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    step: usize,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let mut later = plans.model.operation(frame.operation).effects.iter().skip(step + 1);
    let next = later.find_map(|effect| match &effect.kind {
        EffectKind::Move { state } => Some((state, effect.when.is_none() && effect.each.is_none())),
        _ => None,
    });
    match next {
        Some((state, true)) => reach(work, frame, state).await.map(drop),
        _ => Ok(()),
    }
}

/// Moves the target to another state.
pub(super) async fn change<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    to: &str,
) -> Result<(), Failure> {
    let field = reach(work, frame, to).await?;
    work.set(frame.key, field, Value::text(to))
}

/// Whether the target can be moved to a state from where it is; the field that says so.
async fn reach<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    to: &str,
) -> Result<FieldIndex, Failure> {
    let plans = work.plans.clone();
    let states = plans.model.entity(frame.key.0).states.as_ref();
    let states = states.ok_or_else(|| internal("an entity without states is moved"))?;
    let row = work.row(frame.key).await?;
    let row = row.ok_or_else(|| Problem::new(&code::NOT_FOUND))?;
    let from = match row::field(&row, states.field) {
        Value::Text(from) => from.clone(),
        _ => return Err(internal("a row without a state is moved").into()),
    };
    if !states.allows(&from, to) {
        let detail = format!("It is {from}, from where it cannot become {to}.");
        return Err(Problem::new(&code::INVALID_STATE).detail(detail).into());
    }
    Ok(states.field)
}
