//! Bodies of answers: messages, and how the call ended behind them.

use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::StreamBody;
use hyper::HeaderMap;
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use runtime::Problem;
use runtime::http::{Reply, ReplyBody};
use runtime::problem::code;
use tokio::sync::watch;

use crate::status::{self, STATUS};

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// For which callers that follow something hear that the server ends, before their calls end.
const FAREWELL: Duration = Duration::from_millis(200);

/// An answer of one message that went well.
pub(crate) fn whole(message: Bytes) -> Reply {
    let frames = [Ok::<_, io::Error>(Frame::data(message)), Ok(Frame::trailers(well()))];
    with(ReplyBody::stream(StreamBody::new(stream::iter(frames))))
}

/// Messages may be compressed from here on.
pub(crate) fn gzip(headers: &mut HeaderMap) {
    headers.insert(ENCODING, HeaderValue::from_static("gzip"));
}

fn with(body: ReplyBody) -> Reply {
    let mut reply = Reply::new(body);
    reply.headers_mut().insert(CONTENT_TYPE, status::GRPC);
    reply.headers_mut().insert(ACCEPTED, HeaderValue::from_static("identity,gzip"));
    reply
}

fn well() -> HeaderMap {
    HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))])
}

/// What comes next of an answer of several messages.
pub(crate) type Next = Result<Option<Bytes>, Problem>;

/// An answer of as many messages as `next` makes, one after the other, until it makes none, until
/// there is a problem, or until the server ends.
pub(crate) fn several<S, F>(
    state: S,
    domain: &str,
    draining: watch::Receiver<bool>,
    next: impl FnMut(S) -> F + Send + 'static,
) -> Reply
where
    S: Send + 'static,
    F: Future<Output = (Next, S)> + Send + 'static,
{
    let ended = async move {
        let mut draining = draining;
        let _ = draining.wait_for(|draining| *draining).await;
        tokio::time::sleep(FAREWELL).await;
    };
    let (domain, mut next) = (domain.to_owned(), next);
    let steps = stream::unfold(Some(state), move |state| {
        let step = state.map(&mut next);
        async move {
            let (made, state) = step?.await;
            let state = matches!(made, Ok(Some(_))).then_some(state);
            Some((made, state))
        }
    });
    let farewell = stream::once(async { Err(Problem::new(&code::UNAVAILABLE)) });
    let all = steps.take_until(Box::pin(ended)).chain(farewell);
    // What ends the call is the last of it: a farewell behind an end is not sent.
    let frames = all.scan(false, move |over, made| {
        let frame = (!*over).then(|| match made {
            Ok(Some(message)) => Frame::data(message),
            Ok(None) => {
                *over = true;
                Frame::trailers(well())
            }
            Err(problem) => {
                *over = true;
                let mut trailers = HeaderMap::new();
                status::trailers(&mut trailers, &problem, &domain, None);
                Frame::trailers(trailers)
            }
        });
        std::future::ready(frame.map(Ok::<_, io::Error>))
    });
    with(ReplyBody::stream(StreamBody::new(frames)))
}
