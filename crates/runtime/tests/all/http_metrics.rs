//! What `/metrics` exposes: everything that the rules and dashboards of a design read.

use emit::metrics::{ALL, Exposed};

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
