//! Requests that go to no operation but to something beside them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hyper::body::Incoming;
use hyper::{Method, Request as HttpRequest};
use tokio::time::Instant;

use super::outcome::{Outcome, name_trace, without_body};
use super::rate;
use super::reply::Reply;
use super::router::Found;
use super::service::{Execute, Service};
use super::trail::Trail;
use super::unwind::{CatchUnwind, Panicked};
use super::{Admission, Arrival, Mount, Peer, Ran};
use crate::call::Trace;
use crate::operations::audit;
use crate::problem::{Problem, code};

impl<E: Execute> Service<E> {
    /// Serves a request that goes to no operation but to something beside them.
    pub(super) async fn beside(
        &self,
        mount: &dyn Mount,
        request: HttpRequest<Incoming>,
        trail: Trail,
        started: Instant,
    ) -> Reply {
        let method = request.method().clone();
        let peer = request.extensions().get::<Peer>().cloned().unwrap_or_default();
        let admission =
            Admission::new(Arc::clone(&self.shared), peer.address.ip(), trail.sampled());
        let arrived = (trail.trace(true, &peer), admission);
        let mut outcome = self.mounted(mount, request, &trail, arrived).await;
        name_trace(&mut outcome.reply, trail.context, trail.correlation.as_deref());
        if method == Method::HEAD {
            outcome.reply = without_body(outcome.reply);
        }
        let ran = outcome.reply.extensions().get::<Ran>();
        let at = ran.and_then(|ran| self.shared.position(ran.operation?));
        let endpoint = at.and_then(|at| Some((self.router.endpoints().get(at)?, at)));
        let found = match endpoint {
            Some((endpoint, at)) => Found::Operation(endpoint, at, None),
            None => Found::Nothing,
        };
        self.record(&outcome, &method, &found, &trail, started.elapsed());
        outcome.reply
    }

    /// The answer of what is served beside the operations; a defect of it is caught.
    async fn mounted(
        &self,
        mount: &dyn Mount,
        request: HttpRequest<Incoming>,
        trail: &Trail,
        (trace, admission): (Trace, Admission),
    ) -> Outcome {
        let refused = |problem: &Problem, identity| Outcome {
            reply: mount.refusal(problem),
            ..Outcome::of(problem, identity)
        };
        let alone = !mount.admits();
        let _place = match alone.then(|| admission.enter(None)) {
            Some(entering) => match entering.await {
                Ok(place) => Some(place),
                Err(problem) => return refused(&problem, None),
            },
            None => None,
        };
        let (head, body) = request.into_parts();
        let peer = head.extensions.get::<Peer>().cloned().unwrap_or_default();
        let mut caller = self.caller(&head, &peer).await;
        if let Ok(caller) = &mut caller {
            caller.tenant.found = trail.tenant.clone();
        }
        if let Err(problem) = &caller {
            audit::refused(self.backend.audit(), mount.name(), None, problem, &trace);
        }
        let identity = caller.as_ref().ok().and_then(|caller| caller.identity.clone());
        let mut told = None;
        let asking = caller.as_ref().ok();
        if alone
            && let Err(problem) = self.rates.take(None, asking, peer.address.ip(), &mut told).await
        {
            self.metrics.limited.fetch_add(1, Relaxed);
            let mut outcome = refused(&problem, identity);
            if let Some(told) = told {
                rate::tell(outcome.reply.headers_mut(), &told);
            }
            return outcome;
        }
        let request = HttpRequest::from_parts(head, body);
        let arrival = Arrival { caller, peer, trace, admission: admission.clone() };
        match CatchUnwind::new(mount.answer(request, arrival)).await {
            Ok(reply) => {
                let code = reply.extensions().get::<Ran>().and_then(|ran| ran.code.clone());
                Outcome { reply, identity, code }
            }
            Err(Panicked) => {
                self.metrics.panics.fetch_add(1, Relaxed);
                refused(&Problem::new(&code::INTERNAL), identity)
            }
        }
    }
}
