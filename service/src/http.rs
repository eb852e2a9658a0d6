//! What is answered on the one port: gRPC, the registry-style sign-in, the health check.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use http_body_util::Limited;
use proto::sync::sync_server::SyncServer;

use crate::{identity::Identity, registry_login, sync_api::SyncApi};

/// From the end of a request's head to the head of its answer. A watch stream answers at once and then lasts.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// Body of a request that shows no agent token: a name and a secret.
const MAX_ANONYMOUS_BODY: usize = 16 << 10;

/// All routes.
pub fn router(sync: SyncServer<SyncApi>, identity: Arc<Identity>) -> Router {
    // Without `reset_fallback` gRPC's answer to unknown paths and the other routes' cannot be merged.
    let grpc = tonic::service::Routes::new(sync).into_axum_router().reset_fallback();
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .merge(registry_login::router(identity))
        .merge(grpc)
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .layer(from_fn(bounds))
}

/// Bounds what one request may cost before somebody knows who sent it.
async fn bounds(request: Request, next: Next) -> Response {
    let anonymous =
        !request.headers().get("authorization").is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    let request =
        if anonymous { request.map(|body| Body::new(Limited::new(body, MAX_ANONYMOUS_BODY))) } else { request };
    match tokio::time::timeout(ANSWER_DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive\n").into_response(),
    }
}
