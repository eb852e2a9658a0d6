//! Tests of [`super`].

use std::{collections::BTreeSet, sync::Arc};

use axum::{Router, body::Body, http::Request, middleware::from_fn_with_state, routing::get};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::{publish::Snapshot, sync_api::Streams};

async fn page(metrics: &Metrics) -> String {
    let (_, snapshots) = tokio::sync::watch::channel(Arc::new(Snapshot::nothing()));
    let router = Page::new(metrics, Streams::default(), snapshots).router();
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn whatever_is_asked_the_labels_are_of_a_fixed_set() {
    let metrics = Metrics::default();
    let router = Router::new()
        .route("/v2/orgs/{org}", get(|| async { "x" }))
        .route("/pullgate.sync.v1.Sync/{*call}", get(|| async { [("grpc-status", "7")] }))
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(metrics.clone(), measure));
    let asked = [
        ("GET", "/v2/orgs/acme"),
        ("GET", "/v2/orgs/beta"),
        ("GET", "/pullgate.sync.v1.Sync/Watch"),
        ("GET", "/pullgate.sync.v1.Sync/Secret"),
        ("BREW", "/anything?password=hunter2"),
    ];
    for (method, path) in asked {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap();
    }
    let page = page(&metrics).await;
    for line in [
        r#"pullgate_service_requests_total{method="GET",route="/v2/orgs/{org}",code="200"} 2"#,
        r#"pullgate_service_requests_total{method="GET",route="Watch",code="grpc-7"} 1"#,
        r#"pullgate_service_requests_total{method="GET",route="other",code="grpc-7"} 1"#,
        r#"pullgate_service_requests_total{method="other",route="other",code="404"} 1"#,
        r#"pullgate_service_request_duration_seconds_count{route="/v2/orgs/{org}"} 2"#,
    ] {
        assert!(page.lines().any(|there| there == line), "`{line}` is not in\n{page}");
    }
    for foreign in ["acme", "Secret", "BREW", "hunter2"] {
        assert!(!page.contains(foreign), "{page}");
    }
}

#[tokio::test]
async fn each_metric_has_its_line_in_the_reference() {
    let metrics = Metrics::default();
    metrics.sign_in(Via::Agent, Outcome::Accepted);
    metrics.reported(Reported { new: 1, ..Reported::default() });
    let router = Router::new().layer(from_fn_with_state(metrics.clone(), measure));
    router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    let page = page(&metrics).await;
    let base = |name: &'static str| name.trim_end_matches("_total").trim_end_matches("_info").to_owned();
    let shown: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_whitespace().next()).collect();
    let reference = include_str!("../../../docs/reference/metrics.md");
    let names = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: BTreeSet<String> = names.filter(|name| !name.starts_with('/')).map(base).collect();
    assert_eq!(shown.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), told);
}

#[test]
fn the_calls_are_those_of_the_protocol() {
    let protocol = include_str!("../../../proto/protos/pullgate/sync/v1/sync.proto");
    let called: BTreeSet<&str> =
        protocol.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next()).collect();
    assert_eq!(called, CALLS.into_iter().collect());
}
