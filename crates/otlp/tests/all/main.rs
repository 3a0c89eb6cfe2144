//! Spans reach a collector, and serving does not wait for one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use otlp::{Collector, CollectorError, Queue};
use runtime::telemetry::{Attribute, Span, SpanKind, SpanSink};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A request with its `authorization`.
type Received = (Option<String>, ExportTraceServiceRequest);

/// What was received, and how many requests to refuse first.
#[derive(Clone, Default)]
struct Kept {
    requests: Arc<Mutex<Vec<Received>>>,
    refuse: Arc<Mutex<u32>>,
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut left = self.refuse.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Err(Status::unavailable("not yet"));
        }
        let key = request.metadata().get("authorization").and_then(|key| key.to_str().ok());
        let key = key.map(str::to_owned);
        self.requests.lock().unwrap().push((key, request.into_inner()));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector(kept: Kept) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(kept));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

fn span(id: u64) -> Span {
    Span {
        trace: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
        id,
        parent: 7,
        name: "GET /a".to_owned(),
        kind: SpanKind::Server,
        start: 1_000,
        end: 2_000,
        failed: Some("internal".to_owned()),
        attributes: vec![("http.response.status_code", Attribute::Whole(500))],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_arrive_after_a_collector_that_was_not_ready() {
    let kept = Kept { refuse: Arc::new(Mutex::new(2)), ..Kept::default() };
    let address = collector(kept.clone()).await;
    let collector = Collector::new(&address, "Authorization=Bearer k").unwrap();
    let (queue, task) = Queue::start(collector, "shop", "1");
    queue.export(vec![span(1), span(2)]);
    queue.export(vec![span(3)]);
    let sent = |queue: &Queue| queue.samples()[0].value;
    while sent(&queue) < 3.0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(queue);
    task.await.unwrap();
    let requests = kept.requests.lock().unwrap();
    let [(key, request)] = &requests[..] else { panic!("one batch: {requests:?}") };
    assert_eq!(key.as_deref(), Some("Bearer k"));
    let of = &request.resource_spans[0];
    let service = &of.resource.as_ref().unwrap().attributes[0];
    assert_eq!(service.key, "service.name");
    let spans = &of.scope_spans[0].spans;
    assert_eq!(spans.iter().map(|span| span.span_id[7]).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(spans[0].trace_id[..2], [0x0a, 0xf7]);
    assert_eq!(spans[0].parent_span_id, 7u64.to_be_bytes());
    assert_eq!(spans[0].status.as_ref().unwrap().message, "internal");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_spans_are_dropped_and_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (queue, _task) = Queue::start(Collector::new(&address, "").unwrap(), "shop", "1");
    // More than may wait: handing over never blocks.
    for id in 0..20_000 {
        queue.export(vec![span(id + 1)]);
    }
    assert!(queue.samples()[1].value > 10_000.0, "{:?}", queue.samples());
}

#[tokio::test]
async fn what_is_no_collector_is_refused() {
    for wrong in ["", "localhost:4317", "ftp://a", "http://"] {
        assert!(matches!(Collector::new(wrong, ""), Err(CollectorError::Address(_))), "{wrong}");
    }
    let error = Collector::new("http://127.0.0.1:1", "secret").unwrap_err();
    assert_eq!(error, CollectorError::Headers);
    assert!(!error.to_string().contains("secret"));
}
