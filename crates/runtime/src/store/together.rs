//! One store for several backends in one process.

use std::sync::Arc;

use expression::{EntityId, ir::Expression};

use super::{Keys, Predicate, Store, StoreError, Tenant, Terms, Work};

impl<S: Store> Store for Arc<S> {
    type Snapshot = S::Snapshot;
    type Transaction = S::Transaction;

    fn predicate(&self, entity: EntityId, condition: &Expression) -> Result<Predicate, StoreError> {
        S::predicate(self, entity, condition)
    }

    fn question(&self, question: &Expression) -> Result<Predicate, StoreError> {
        S::question(self, question)
    }

    fn keys(&self) -> Option<&Arc<Keys>> {
        S::keys(self)
    }

    fn keeps_apart(&self, isolation: &str) -> bool {
        S::keeps_apart(self, isolation)
    }

    fn places(&self) -> Vec<Tenant> {
        S::places(self)
    }

    fn is_shared(&self) -> bool {
        S::is_shared(self)
    }

    fn system(&self) -> &'static str {
        S::system(self)
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        S::gauges(self)
    }

    fn write<T, E, W>(&self, terms: Terms, work: W) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Self::Transaction) -> Work<'a, T, E> + Send + 'static,
    {
        S::write(self, terms, work)
    }

    fn read<T, E, W>(&self, terms: Terms, work: W) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Self::Snapshot) -> Work<'a, T, E> + Send + 'static,
    {
        S::read(self, terms, work)
    }

    fn scan<T, E, W>(&self, terms: Terms, work: W) -> impl Future<Output = Result<T, E>> + Send
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'a> FnOnce(&'a mut Self::Snapshot) -> Work<'a, T, E> + Send + 'static,
    {
        S::scan(self, terms, work)
    }
}
