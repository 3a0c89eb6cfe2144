//! gRPC.

use std::sync::Arc;

use grpc::{Grpc, Options, Serving};
use runtime::http::{Executor, Limits, Mount, Translator};
use runtime::identity::Issuer;

use crate::Failure;

/// gRPC.
#[derive(Clone, Debug)]
pub struct GrpcSettings {
    /// Where it is served.
    pub serving: Serving,
    /// Whether it tells what it serves.
    pub reflection: bool,
    /// Numbers once given to fields (`proto/fields.lock`); empty where there are none.
    pub field_numbers: String,
}

impl Default for GrpcSettings {
    fn default() -> Self {
        Self { serving: Serving::default(), reflection: true, field_numbers: String::new() }
    }
}

impl GrpcSettings {
    /// What is served beside the operations, if anything.
    ///
    /// # Errors
    /// `internal` for contracts that cannot be compiled.
    pub(crate) fn mount(
        &self,
        executor: Arc<dyn Executor>,
        issuer: &Issuer,
        limits: &Limits,
    ) -> Result<Option<Arc<dyn Mount>>, Failure> {
        let translator = Arc::new(Translator::new(executor.design(), issuer));
        let options = Options {
            serving: self.serving,
            reflection: self.reflection,
            field_numbers: self.field_numbers.clone(),
            limit: limits.body,
            patience: limits.body_time,
        };
        let served = Grpc::new(executor, translator, &options);
        let served = served.map_err(|why| Failure::new("internal", why))?;
        Ok(served.map(|served| Arc::new(served) as Arc<dyn Mount>))
    }
}
