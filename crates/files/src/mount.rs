//! `/files`, beside the operations of every context.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::Method;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use runtime::Backend;
use runtime::Problem;
use runtime::http::reply::{not_allowed, problem};
use runtime::http::{Arrival, Mount, Reply};
use runtime::problem::code;
use runtime::store::Store;
use tokio::sync::Semaphore;

use crate::contents::{Contents, ContentsError};
use crate::limits::Limits;
use crate::links::Signer;
use crate::records::Records;
use crate::sweep;
use crate::thumbnail::Images;
use crate::upload::{Admission, Places};

/// Where files are uploaded, and what is under it.
const ROOT: &str = "/files";

/// Files of a backend.
pub struct Files {
    pub(crate) contents: Contents,
    pub(crate) records: Arc<dyn Records>,
    pub(crate) signer: Signer,
    pub(crate) limits: Limits,
    pub(crate) admission: Admission,
    pub(crate) places: Places,
    pub(crate) downloads: Arc<Semaphore>,
    pub(crate) images: Images,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("contents", &self.contents).finish_non_exhaustive()
    }
}

impl Files {
    /// Files of a backend, whose answers hold addresses from here on. What is to be removed is
    /// removed in the background as long as this is kept. Needs a Tokio runtime.
    #[must_use]
    pub fn start<S: Store>(
        backend: &Arc<Backend<S>>,
        contents: Contents,
        signer: Signer,
        limits: Limits,
    ) -> Arc<Self> {
        backend.set_links(Arc::new(signer.clone()));
        let files = Arc::new(Self {
            admission: Admission::of(backend.design()),
            places: Places::new(limits, contents.is_local()),
            downloads: Arc::new(Semaphore::new(limits.downloads)),
            images: Images::new(limits),
            records: Arc::clone(backend) as Arc<dyn Records>,
            contents,
            signer,
            limits,
        });
        tokio::spawn(sweep::run(Arc::downgrade(&files)));
        files
    }

    /// What is served at `/files`.
    #[must_use]
    pub fn mount(self: &Arc<Self>) -> Arc<dyn Mount> {
        Arc::new(Mounted(Arc::clone(self)))
    }

    /// Removes at once what otherwise is removed now and then, as of a time in microseconds since
    /// the Unix epoch: uploads that no row named in time, contents that no row refers to any more.
    /// How many.
    ///
    /// # Errors
    /// Where the store or the place of the contents fails; the next time goes on.
    pub async fn sweep(&self, now: i64) -> Result<u32, String> {
        sweep::once(self, now).await
    }

    async fn answered(self: Arc<Self>, request: Request<Incoming>, arrival: Arrival) -> Reply {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let answered = if path == ROOT {
            match method {
                Method::POST => self.upload(request, arrival).await,
                _ => return other_method(&method, "POST"),
            }
        } else {
            match method {
                Method::GET | Method::HEAD => self.download(request, &path).await,
                _ => return other_method(&method, "GET, HEAD"),
            }
        };
        answered.unwrap_or_else(|refused| problem(&refused))
    }
}

fn other_method(method: &Method, allowed: &'static str) -> Reply {
    let allow = HeaderValue::from_static(allowed);
    if *method == Method::OPTIONS {
        let mut reply = runtime::http::reply::empty(204);
        reply.headers_mut().insert(hyper::header::ALLOW, allow);
        return reply;
    }
    not_allowed(&Problem::new(&code::METHOD_NOT_ALLOWED), allow)
}

/// The problem of a place that does not do what it should; why is for operators alone.
pub(crate) fn unavailable(error: &ContentsError) -> Problem {
    runtime::operations::report::error("files-unavailable", &error.to_string());
    let seconds = if matches!(error, ContentsError::Full(_)) { 60 } else { 5 };
    let detail = "The place where files are kept does not answer.";
    Problem::new(&code::UNAVAILABLE).detail(detail).retry_after(seconds)
}

/// What is mounted.
struct Mounted(Arc<Files>);

impl Mount for Mounted {
    fn name(&self) -> &'static str {
        "files"
    }

    fn takes(&self, head: &Parts) -> bool {
        let rest = head.uri.path().strip_prefix(ROOT);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(Arc::clone(&self.0).answered(request, arrival))
    }
}
