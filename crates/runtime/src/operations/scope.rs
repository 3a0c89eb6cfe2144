//! The values of the names that expressions see.

use expression::{Environment, Rows, Schema, Value, ir::VariableIndex};

/// Values by slot; what was never set is null.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scope(Vec<Value>);

impl Scope {
    /// The same with one more value.
    pub(crate) fn with(mut self, variable: VariableIndex, value: Value) -> Self {
        self.set(variable, value);
        self
    }

    /// Gives a name its value.
    pub(crate) fn set(&mut self, variable: VariableIndex, value: Value) {
        let at = usize::from(variable.0);
        if self.0.len() <= at {
            self.0.resize(at + 1, Value::Null);
        }
        if let Some(slot) = self.0.get_mut(at) {
            *slot = value;
        }
    }

    /// The value of a name.
    pub(crate) fn get(&self, variable: VariableIndex) -> &Value {
        self.0.get(usize::from(variable.0)).unwrap_or(&Value::Null)
    }

    /// The names that a model can give (`as`), with their values.
    pub(crate) fn named(&self) -> impl Iterator<Item = (VariableIndex, &Value)> {
        let slots = (0u16..).map(VariableIndex).zip(&self.0);
        slots.skip(usize::from(VariableIndex::FIRST_NAMED.0)).filter(|(_, value)| !value.is_null())
    }

    /// What the evaluator sees.
    pub(crate) fn environment<'a>(
        &self,
        schema: &'a Schema,
        rows: &'a dyn Rows,
    ) -> Environment<'a> {
        let mut environment = Environment::new(schema, rows);
        for (slot, value) in (0u16..).zip(&self.0) {
            if !value.is_null() {
                environment.set(VariableIndex(slot), value.clone());
            }
        }
        environment
    }
}
