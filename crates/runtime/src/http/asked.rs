//! Inputs of what has no body, as its address holds them: `tag=ID`, again for a list of values.

use std::sync::Arc;

use decide::address_inputs;
use expression::{Type, Value};
use model::model::{Operation, Parameter};

use super::filters::value;
use super::query::invalid;
use crate::problem::Problem;

/// Most values of one input.
const MOST: usize = 50;

/// An input in an address.
#[derive(Debug)]
pub(super) struct InputParameter {
    /// As clients write it.
    pub(super) name: String,
    /// Of one value.
    ty: Type,
    /// Whether it holds several.
    pub(super) several: bool,
    required: bool,
}

/// The inputs in the address of an operation, in their order.
pub(super) fn of(operation: &Operation) -> Vec<InputParameter> {
    let input = |of: &Parameter| {
        let element = address_inputs::element(&of.ty);
        InputParameter {
            name: of.name.value.clone(),
            ty: element.unwrap_or(&of.ty).required().clone(),
            several: element.is_some(),
            required: of.required,
        }
    };
    let served = address_inputs::are_served(operation);
    operation.input.parameters.iter().filter(|_| served).map(input).collect()
}

impl InputParameter {
    /// Its value; nothing where it was not given.
    pub(super) fn read(
        &self,
        texts: &[&str],
        currencies: &[Arc<str>],
    ) -> Result<Option<Value>, Problem> {
        let one = |text: &&str| value(&self.name, &self.ty, text, currencies);
        match texts {
            [] if self.required => Err(invalid(&self.name, "A value is needed.")),
            [] => Ok(None),
            all if all.len() > MOST => {
                Err(invalid(&self.name, &format!("Expected at most {MOST} values.")))
            }
            all if self.several => {
                let values: Vec<Value> = all.iter().map(one).collect::<Result<_, _>>()?;
                Ok(Some(Value::List(values.into())))
            }
            [first, ..] => one(first).map(Some),
        }
    }
}
