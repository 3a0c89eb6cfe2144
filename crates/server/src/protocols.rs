//! Protocols beside REST.

use std::path::PathBuf;
use std::sync::Arc;

use graphql::{GraphQl, Persisted, Serving};
use runtime::http::{Executor, Mount, Translator};
use runtime::identity::Issuer;

use crate::Failure;

/// GraphQL.
#[derive(Clone, Debug, Default)]
pub struct GraphQlSettings {
    /// Where it is served.
    pub serving: Serving,
    /// A list of documents by name.
    pub persisted: Option<PathBuf>,
    /// Whether only those of the list are executed.
    pub persisted_only: bool,
}

impl GraphQlSettings {
    /// What is served beside the operations, if anything.
    ///
    /// # Errors
    /// `invalid-persisted` for a list that cannot be read.
    pub(crate) fn mount(
        &self,
        executor: Arc<dyn Executor>,
        issuer: &Issuer,
    ) -> Result<Option<Arc<dyn Mount>>, Failure> {
        let invalid = |why: String| Failure::new("invalid-persisted", why);
        let persisted = match &self.persisted {
            Some(path) => Persisted::read(path, self.persisted_only)
                .map_err(|error| invalid(error.to_string()))?,
            None if self.persisted_only => {
                return Err(invalid("only listed documents, but there is no list".to_owned()));
            }
            None => Persisted::default(),
        };
        let translator = Arc::new(Translator::new(executor.design(), issuer));
        let served = GraphQl::new(executor, translator, self.serving, persisted);
        let served = served.map_err(|why| Failure::new("internal", why))?;
        Ok(served.map(|served| Arc::new(served) as Arc<dyn Mount>))
    }
}
