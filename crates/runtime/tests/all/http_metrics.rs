//! What `/metrics` exposes: everything that the rules and dashboards of a design read.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use emit::metrics::{ALL, Exposed};
use runtime::telemetry::{Span, SpanKind, SpanSink, Tracing};

use crate::http_support::{Ask, Server};
use crate::support::shop;

#[tokio::test(flavor = "multi_thread")]
async fn every_number_that_rules_read_is_there() {
    let server = Server::start(&shop()).await;
    server.ask(Ask::new("GET", "/catalog/v1/categories")).await;
    let text = String::from_utf8(server.get("/metrics").await.body).unwrap();
    let linux = cfg!(target_os = "linux");
    for metric in ALL.iter().filter(|metric| metric.exposed == Exposed::Runtime) {
        if metric.name.starts_with("process_") && !linux {
            continue;
        }
        let series = text.lines().find(|line| {
            let rest = line.strip_prefix(metric.name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let series = series.unwrap_or_else(|| panic!("{} is not in {text}", metric.name));
        for label in metric.labels {
            assert!(series.contains(&format!("{label}=\"")), "{label} of {series}");
        }
    }
    let types = text.lines().filter(|line| line.starts_with("# TYPE "));
    let mut names: Vec<&str> = types.filter_map(|line| line.split(' ').nth(2)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "each name is described once");
}

/// Reads OpenMetrics by the reference implementation and prints what it found.
const READ: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
families = list(read(sys.stdin.read()))
exemplars = [s.exemplar.labels['trace_id'] for f in families for s in f.samples if s.exemplar]
print(len(families), exemplars[0] if exemplars else '-')
";

#[tokio::test(flavor = "multi_thread")]
async fn open_metrics_name_the_trace_behind_a_bucket() {
    let Some(python) = std::env::var_os("FIRMITAS_TEST_PYTHON") else {
        writeln!(std::io::stderr(), "skipped: FIRMITAS_TEST_PYTHON is not set").unwrap();
        return;
    };
    let kept = Arc::new(Kept::default());
    let tracing = Tracing { sink: kept.clone(), share: 0.0 };
    let server = Server::traced(&shop(), Some(tracing)).await;
    let mut ask = Ask::new("GET", "/catalog/v1/categories");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    ask.headers.push(("traceparent", parent.to_owned()));
    assert_eq!(server.ask(ask).await.status, 200);
    let mut ask = Ask::new("GET", "/metrics");
    ask.headers.push(("accept", "application/openmetrics-text; version=1.0.0".to_owned()));
    let reply = server.ask(ask).await;
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let mut command = std::process::Command::new(std::path::Path::new(&python).join("python"));
    command.args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&reply.body).unwrap();
    let output = child.wait_with_output().unwrap();
    let (found, errors) = (String::from_utf8_lossy(&output.stdout), output.stderr);
    let text = String::from_utf8_lossy(&reply.body);
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&errors));
    assert!(found.trim().ends_with("0af7651916cd43dd8448eb211c80319c"), "{found}\n{text}");

    // The request and the store's part in it, put together by their numbers.
    let spans = kept.spans.lock().unwrap().clone();
    let request = spans.iter().find(|span| span.kind == SpanKind::Server).unwrap();
    assert_eq!(request.name, "GET /catalog/v1/categories");
    assert_eq!(format!("{:016x}", request.parent), "b7ad6b7169203331");
    let store = spans.iter().find(|span| span.name == "store.scan").unwrap();
    assert_eq!((store.trace, store.parent), (request.trace, request.id));
    assert!(store.start >= request.start && store.end <= request.end + 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_sampled_slow_or_failed_is_kept() {
    let kept = Arc::new(Kept::default());
    let tracing = Tracing { sink: kept.clone(), share: 0.0 };
    let server = Server::traced(&shop(), Some(tracing)).await;
    for _ in 0..5 {
        server.ask(Ask::new("GET", "/catalog/v1/categories")).await;
    }
    // A slow one among them is kept, and says so by its length.
    let all = kept.spans.lock().unwrap().clone();
    let requests = all.iter().filter(|span| span.kind == SpanKind::Server);
    for span in requests {
        assert!(span.end - span.start > 10_000_000, "{span:?}");
    }
}

/// Keeps spans in memory.
#[derive(Default)]
struct Kept {
    spans: Mutex<Vec<Span>>,
}

impl SpanSink for Kept {
    fn export(&self, spans: Vec<Span>) {
        self.spans.lock().unwrap().extend(spans);
    }
}
