//! What else is served beside the routes of the design: sign-in, files, GraphQL, gRPC, pages.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use decide::Design;
use hyper::Request as HttpRequest;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use super::reply::Reply;
use super::service::Execute;
use crate::call::{Answer, Caller, Request, Trace};
use crate::problem::Problem;

/// Something that answers at addresses of its own, on the same port and inside the same bounds,
/// log and numbers as the operations.
pub trait Mount: Send + Sync + 'static {
    /// What the log and the numbers call it, for example `oauth`.
    fn name(&self) -> &'static str;

    /// Whether it answers a request that no route of the design answers. Called for each of them:
    /// look at the head and decide at once.
    fn takes(&self, head: &Parts) -> bool;

    /// Answers. A problem is an answer as well: [`super::reply::problem`] makes one of it.
    fn answer<'a>(
        &'a self,
        request: HttpRequest<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;
}

/// What is known of a request before somebody answers it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Who asks; why it is not known, where what was shown to prove it is worth nothing. What
    /// answers everybody does not care.
    pub caller: Result<Caller, Problem>,
    /// Where it comes from.
    pub peer: super::Peer,
    /// What it belongs to.
    pub trace: Trace,
}

/// What runs operations, for those who need not know which backend it is.
pub trait Executor: Send + Sync + 'static {
    /// The design that it runs.
    fn design(&self) -> &Arc<Design>;

    /// Executes one operation, as [`Execute::execute`]. A write goes on when the future is dropped.
    fn execute(
        &self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send + '_>>;
}

impl<E: Execute> Executor for E {
    fn design(&self) -> &Arc<Design> {
        Execute::design(self)
    }

    fn execute(
        &self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send + '_>> {
        Box::pin(Execute::execute(self, request))
    }
}
