//! The texts of statements: each is prepared once on every connection that runs it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Most texts whose shape depends on what is asked; more would be made up by somebody.
const MOST: usize = 2048;

/// The text of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text(pub String);

impl Text {
    /// A text that is known as this one from now on.
    pub fn new(sql: impl Into<String>) -> Arc<Self> {
        Arc::new(Self(sql.into()))
    }
}

/// Texts whose shape depends on what is asked.
#[derive(Debug, Default)]
pub(crate) struct Texts(RwLock<BTreeMap<String, Arc<Text>>>);

impl Texts {
    /// The one with this text.
    pub fn get(&self, sql: &str) -> Arc<Text> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= MOST {
                all.clear();
            }
            all.entry(sql.to_owned()).or_insert_with(|| Text::new(sql)).clone()
        })
    }
}
