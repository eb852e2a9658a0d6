use std::convert::Infallible;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    body::Body,
    codegen::http::{HeaderName, HeaderValue, Request, Response, StatusCode},
    service::Routes,
    transport::Server,
};

use super::*;

type Headers = &'static [(&'static str, &'static str)];

/// What is found of a server that answers everything so.
async fn asked(status: StatusCode, headers: Headers) -> Result<Option<String>, String> {
    let answer = move |_: Request<Body>| async move {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = headers.iter().map(|&(name, value)| (name, HeaderValue::from_static(value)));
        response.headers_mut().extend(headers.map(|(name, value)| (HeaderName::from_static(name), value)));
        Ok::<_, Infallible>(response)
    };
    let layer = tower::layer::layer_fn(move |_: Routes| tower::service_fn(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let server = Server::builder().layer(layer).add_routes(Routes::default());
    let served = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let found = ask(Endpoint::from_shared(url).expect("a url").connect_lazy()).await;
    served.abort();
    found
}

#[tokio::test]
async fn only_who_tells_strangers_to_sign_in_is_a_policy_service() {
    let ours: Headers = &[
        ("content-type", "application/grpc"),
        ("grpc-status", "16"),
        ("grpc-message", "sign in first"),
        ("date", "Thu, 26 Nov 2026 20:00:00 GMT"),
    ];
    assert_eq!(asked(StatusCode::OK, ours).await, Ok(Some("Thu, 26 Nov 2026 20:00:00 GMT".to_owned())));
    let others: [(StatusCode, Headers); 6] = [
        // A plain server of HTTP/2, in whatever way it does not know the path or the caller.
        (StatusCode::NOT_FOUND, &[("content-type", "text/plain")]),
        (StatusCode::UNAUTHORIZED, &[("content-type", "text/html")]),
        (StatusCode::UNAUTHORIZED, &[]),
        (StatusCode::OK, &[("content-type", "text/html")]),
        // Another service of gRPC.
        (StatusCode::OK, &[("content-type", "application/grpc"), ("grpc-status", "12")]),
        (StatusCode::OK, &[("content-type", "application/grpc"), ("grpc-status", "0")]),
    ];
    for (status, headers) in others {
        let found = asked(status, headers).await;
        let is_told =
            found.as_ref().is_err_and(|why| why.starts_with("somebody answers there who is no policy service"));
        assert!(is_told, "{status} {headers:?}: {found:?}");
    }
}
