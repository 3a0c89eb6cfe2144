//! A call of a procedure: from its message to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emit::protobuf::Meaning;
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderValue};
use hyper::http::request::Parts;
use runtime::Problem;
use runtime::call::{Answer, Body, Caller, Count, IfMatch, Request};
use runtime::http::{Arrival, Ran, Reply, Spoken, reply};
use runtime::problem::code;
use tokio::time::Instant;

use crate::frame::{Encoding, Messages, framed};
use crate::mount::{Service, Shared};
use crate::plan::MethodPlan;
use crate::status::{self, Names};
use crate::wire::{put_bytes, put_key, put_varint};
use crate::{read, stream, timeout, write};

/// A call that has arrived.
pub(crate) struct Call<'c> {
    pub shared: &'c Shared,
    pub service: &'c Service,
    pub method: &'c MethodPlan,
    pub head: &'c Parts,
    pub arrival: &'c Arrival,
}

impl Call<'_> {
    /// Answers. Never fails.
    pub(crate) async fn reply(&self, mut messages: Messages, encoding: Encoding) -> Reply {
        let operation = Some(self.method.operation);
        let names = Names(&self.service.plan, self.service.plan.at(self.method.request));
        let mut reply = match self.answer(&mut messages).await {
            Ok((answer, message)) => {
                let mut reply = stream::whole(framed(&message, encoding));
                metadata(reply.headers_mut(), &answer);
                if encoding == Encoding::Gzip {
                    stream::gzip(reply.headers_mut());
                }
                let ran = Ran { operation, status: answer.status, code: None };
                reply.extensions_mut().insert(ran);
                reply
            }
            Err(problem) => {
                let domain = &self.shared.domain;
                let mut reply = status::refusal(&problem, domain, Some(names));
                if let Some(ran) = reply.extensions_mut().get_mut::<Ran>() {
                    ran.operation = operation;
                }
                reply
            }
        };
        reply.headers_mut().insert(CONTENT_TYPE, status::GRPC);
        reply
    }

    async fn answer(&self, messages: &mut Messages) -> Result<(Answer, Vec<u8>), Problem> {
        let started = Instant::now();
        let caller = self.admitted().await?;
        let own = self.shared.translator.deadline(self.method.operation);
        let budget = timeout::of(&self.head.headers)?.map_or(own, |given| given.min(own));
        let deadline = started + budget.max(Duration::from_millis(1));
        let late = Instant::now() + self.shared.patience;
        let message = match messages.next(deadline.min(late)).await {
            Ok(message) => message,
            // What ended is the time of the call.
            Err(problem) if problem.is(&code::REQUEST_TIMEOUT) && deadline <= late => {
                return Err(Problem::new(&code::TIMED_OUT));
            }
            Err(problem) => return Err(problem),
        };
        let Some(message) = message else {
            return Err(Problem::new(&code::MALFORMED_REQUEST).detail("The call has no message."));
        };
        if self.method.streams {
            let detail = "Streams are not served yet.";
            return Err(Problem::new(&code::NOT_RUNNING).detail(detail));
        }
        let (request, bound) = self.request(caller, &message, deadline)?;
        messages.done();
        let answer = self.execute(request, deadline).await?;
        let message = self.message(caller, &answer, &bound)?;
        Ok((answer, message))
    }

    /// Who asks, unless it asks too often.
    async fn admitted(&self) -> Result<&Caller, Problem> {
        let (operation, arrival) = (self.method.operation, self.arrival);
        let caller = arrival.caller.as_ref();
        arrival.admission.take(operation, caller.ok()).await?;
        caller.map_err(Clone::clone)
    }

    fn request(
        &self,
        caller: &Caller,
        message: &Bytes,
        deadline: Instant,
    ) -> Result<(Request, String), Problem> {
        let Shared { executor, translator, .. } = self.shared;
        let plan = &self.service.plan;
        let of = executor.design().model.operation(self.method.operation);
        let asked = read::request(plan, plan.at(self.method.request), of.kind, message)?;
        let spoken = Spoken {
            operation: self.method.operation,
            caller,
            address: asked.address.as_deref(),
            query: &asked.query,
            body: asked.body.as_deref(),
            // A message has no place for what is not sent of it.
            whole: true,
            key: asked.key.as_deref(),
            if_match: asked.version.map(IfMatch::Version),
            selection: None,
            trace: self.arrival.trace.clone(),
        };
        let refused = |problem: &Problem| {
            if matches!(problem.status, 401 | 403) {
                let (admission, trace) = (&self.arrival.admission, &self.arrival.trace);
                admission.refused(self.method.operation, Some(caller), problem, trace);
            }
        };
        let (mut request, bound) = translator.request(spoken).inspect_err(refused)?;
        let left = deadline.saturating_duration_since(Instant::now());
        request.patience = Some(left.mul_f64(0.9));
        Ok((request, bound))
    }

    /// Runs the operation until the deadline. A write goes on when its caller goes away, as over
    /// HTTP.
    async fn execute(&self, request: Request, deadline: Instant) -> Result<Answer, Problem> {
        let admission = &self.arrival.admission;
        let operation = self.method.operation;
        let _place = admission.enter(Some(operation)).await?;
        let late = |_| Problem::new(&code::TIMED_OUT);
        let executor = Arc::clone(&self.shared.executor);
        if !executor.design().model.operation(operation).writes() {
            let began = Instant::now();
            let read = tokio::time::timeout_at(deadline, executor.execute(request)).await;
            admission.learn(began.elapsed(), self.shared.translator.deadline(operation));
            return read.map_err(late)?;
        }
        let writing = tokio::spawn(async move { executor.execute(request).await });
        match tokio::time::timeout_at(deadline, writing).await.map_err(late)? {
            Ok(result) => result,
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => Err(Problem::new(&code::UNAVAILABLE).retry_after(1)),
        }
    }

    /// The answer as a message.
    fn message(&self, caller: &Caller, answer: &Answer, bound: &str) -> Result<Vec<u8>, Problem> {
        let plan = &self.service.plan;
        let message = plan.at(self.method.response);
        let wrong = |_| Problem::new(&code::INTERNAL).detail("The answer is not as it should be.");
        let mut out = Vec::new();
        match &answer.body {
            Body::Empty if answer.status == 202 => {
                // The time of the call is over, and the work is not.
                let detail = "It is still under way: read the row to see how it ends.";
                return Err(Problem::new(&code::TIMED_OUT).detail(detail));
            }
            Body::Empty => {}
            Body::Json(json) => {
                let row = message.fields.iter().find(|field| field.meaning == Meaning::Row);
                if let Some(row) = row {
                    out.reserve(json.len());
                    write::row(&mut out, plan, row, json).map_err(wrong)?;
                }
            }
            Body::Page { items, next, count } => {
                out.reserve(items.len());
                let operation = self.method.operation;
                let translator = &self.shared.translator;
                for field in &message.fields {
                    match &field.meaning {
                        Meaning::Rows => {
                            write::row(&mut out, plan, field, items).map_err(wrong)?;
                        }
                        Meaning::NextPageToken => {
                            let next = translator.next(operation, caller, bound, next.as_ref());
                            if !next.is_empty() {
                                put_bytes(&mut out, field.number, next.as_bytes());
                            }
                        }
                        Meaning::Count => {
                            if let Some(rows) = count.and_then(Count::exact) {
                                put_key(&mut out, field.number, 0);
                                put_varint(&mut out, rows.into());
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(out)
    }
}

/// What an answer says beside its message.
fn metadata(headers: &mut HeaderMap, answer: &Answer) {
    let etag = answer.version.map(|version| HeaderValue::try_from(format!("\"{version}\"")));
    if let Some(Ok(etag)) = etag {
        headers.insert(ETAG, etag);
    }
    if answer.replayed {
        headers.insert(reply::REPLAYED, HeaderValue::from_static("true"));
    }
}
