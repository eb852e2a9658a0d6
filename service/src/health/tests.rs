//! Tests of [`super`].

use std::sync::Arc;

use axum::{body::Body, http::Request};
use http_body_util::BodyExt as _;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::{
    publish::Snapshot,
    store::testing::{Fixture, on_each_database},
};

async fn asked(readiness: &Readiness, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router(readiness.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn what_keeps_it_from_its_work_is_said(fixture: Fixture) {
    let store = fixture.store().await;
    // Nothing was ever published: the first publication is long overdue.
    let (_sender, snapshots) = watch::channel(Arc::new(Snapshot::nothing()));
    let stop = CancellationToken::new();
    let fresh = || Readiness::new(store.clone(), snapshots.clone(), stop.clone());
    let (status, said) = asked(&fresh(), "/readyz").await;
    assert!(status == 503 && said.contains("overdue"), "{status} {said}");

    let one = fresh();
    store.close().await;
    let (status, said) = asked(&one, "/readyz").await;
    assert!(status == 503 && said.contains("the database does not answer"), "{status} {said}");
    assert_eq!(asked(&one, "/healthz").await, (200, "ok\n".to_owned()));

    stop.cancel();
    assert_eq!(asked(&one, "/readyz").await, (503, "the service stops\n".to_owned()));
}

async fn whoever_asks_again_is_told_the_same_without_the_database(fixture: Fixture) {
    let store = fixture.store().await;
    let (_sender, snapshots) = watch::channel(Arc::new(Snapshot::nothing()));
    let readiness = Readiness::new(store.clone(), snapshots, CancellationToken::new());
    let first = readiness.look().await;
    store.close().await;
    assert_eq!(readiness.look().await, first);
}

on_each_database! {
    what_keeps_it_from_its_work_is_said,
    whoever_asks_again_is_told_the_same_without_the_database,
}
