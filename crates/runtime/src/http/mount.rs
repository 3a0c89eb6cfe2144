//! What else is served beside the routes of the design: sign-in, files, GraphQL, gRPC, pages.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use decide::Design;
use hyper::Request as HttpRequest;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use model::model::OperationId;

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

    /// Whether a request runs an operation, and so takes its token and its place as that does, by
    /// [`Arrival::admission`]; all others do before they are answered.
    fn admits(&self) -> bool {
        false
    }

    /// Whether its answers may be compressed. Not where they hold secrets beside what the request
    /// says: their length would tell of them.
    fn compresses(&self) -> bool {
        false
    }

    /// The answer to a request that is turned away before it gets here.
    fn refusal(&self, problem: &Problem) -> Reply {
        super::reply::problem(problem)
    }

    /// The server ends soon: whatever is answered without an end should come to one.
    fn drain(&self) {}

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
    /// How it is let in and counted where it runs operations.
    pub admission: super::Admission,
}

/// What a reply says about itself, among its extensions, where the status of HTTP does not: which
/// operation was run, and how that ended. Log, traces and numbers then take it for a request for
/// that operation.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Which, if any.
    pub operation: Option<OperationId>,
    /// The status that it would have over HTTP.
    pub status: u16,
    /// The stable code of its problem.
    pub code: Option<String>,
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

    /// Why it cannot serve at the moment, as [`Execute::unready`].
    fn unready(&self) -> Pin<Box<dyn Future<Output = Option<String>> + Send + '_>>;
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

    fn unready(&self) -> Pin<Box<dyn Future<Output = Option<String>> + Send + '_>> {
        Box::pin(Execute::unready(self))
    }
}
