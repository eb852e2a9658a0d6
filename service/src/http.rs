//! What is answered on the one port: gRPC, the API, the console, the registry-style sign-in, health.

mod bodies;
pub(crate) mod cookies;
mod headers;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use proto::sync::sync_server::SyncServer;
use tonic::Status;

use self::bodies::{Bodies, Limit, Owner};
use crate::{
    address::network,
    clock, console,
    health::{self, Readiness},
    hub_api::{self, HubApi},
    hub_search,
    identity::{Agent, AgentTokens, Identity},
    listener::{LongLived, Peer},
    metrics::{self, Metrics},
    registry_login,
    rest::{self, Refusal},
    sync_api::{self, SyncApi},
};

/// From the end of a request's head to the head of its answer. A watch stream answers at once and then lasts.
const ANSWER_DEADLINE: Duration = Duration::from_secs(40);
/// The same where Docker Hub's search is asked, page by page; still less than an idle connection lasts.
const SEARCH_DEADLINE: Duration = Duration::from_secs(55);
const _: () = assert!(hub_search::WHILE_ASKED.as_secs() + 10 <= SEARCH_DEADLINE.as_secs());
/// A name and a secret; also whatever else is sent without an agent token.
const ANONYMOUS: Limit = Limit { message: 16 << 10, framed: true, deadline: Duration::from_secs(10) };
/// The same in JSON.
const JSON: Limit = Limit { framed: false, ..ANONYMOUS };
/// A policy with its patterns, a thousand badges.
const API: Limit = Limit { message: 128 << 10, framed: false, deadline: Duration::from_secs(20) };
/// A form of the console: lists of registries and patterns are the longest of it.
const FORM: Limit = API;
/// What an agent holds: at most some thousand names and digests.
const WATCH: Limit = Limit { message: 1 << 20, framed: true, deadline: Duration::from_secs(30) };
/// A reference and a few sentences.
const ACCESS: Limit = ANONYMOUS;
/// A thousand records, also over a slow line.
const REPORT: Limit = Limit { message: sync_api::MAX_MESSAGE, framed: true, deadline: Duration::from_secs(30) };

/// All routes.
pub fn router(
    sync: SyncServer<SyncApi>,
    tokens: AgentTokens,
    identity: Arc<Identity>,
    hub_api: HubApi,
    api: rest::Api,
    readiness: Readiness,
    metrics: Metrics,
) -> Router {
    // Without `reset_fallback` gRPC's answer to unknown paths and the other routes' cannot be merged.
    let grpc = tonic::service::Routes::new(sync).into_axum_router().reset_fallback();
    let door = Door { tokens, bodies: Bodies::default(), deadline };
    Router::new()
        .merge(health::router(readiness))
        .merge(registry_login::router(identity))
        .merge(hub_api::router(hub_api))
        .merge(rest::router(api.clone()))
        .merge(console::router(api))
        .merge(grpc)
        .fallback(console::nothing_here)
        .layer(from_fn_with_state(door, bounds))
        .layer(from_fn(headers::add))
        .layer(from_fn_with_state(metrics, metrics::measure))
}

/// What is asked of a request before any of its body is read.
#[derive(Clone)]
struct Door {
    tokens: AgentTokens,
    bodies: Bodies,
    /// How long a request to a path may take.
    deadline: fn(&str) -> Duration,
}

/// Bounds what one request may cost: first who sent it, then how much of it is read.
async fn bounds(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let call = request.uri().path().strip_prefix("/pullgate.sync.v1.Sync/").unwrap_or_default();
    let watch = call == "Watch";
    let (owner, limit) = if let Some(limit) = of_agents(call) {
        let agent = match agent(&door.tokens, request.headers()) {
            Ok(agent) => agent,
            Err(status) => return status.into_http(),
        };
        let owner = Owner::Account(agent.user.clone());
        request.extensions_mut().insert(agent);
        (owner, limit)
    } else {
        let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        (Owner::Address(network(peer.ip())), of_others(request.uri().path()))
    };
    let (path, takes_pages) = (request.uri().path().to_owned(), console::takes_pages(request.headers()));
    let (parts, body) = request.into_parts();
    // Kept to the answer: what was read waits as long in the handler's hands.
    let (body, _held) = door.bodies.bound(body, owner, limit);
    match tokio::time::timeout((door.deadline)(&path), next.run(Request::from_parts(parts, body))).await {
        Ok(mut response) => {
            // An error has its status in the head.
            if watch && !response.headers().contains_key("grpc-status") {
                response.extensions_mut().insert(LongLived);
            }
            response
        }
        Err(_) => late(&path, takes_pages),
    }
}

/// That a request took too long, in the form of the door that it came to.
fn late(path: &str, takes_pages: bool) -> Response {
    match path {
        path if path.starts_with("/pullgate.sync.v1.Sync/") => {
            Status::deadline_exceeded("the request took too long; try again").into_http()
        }
        path if path.starts_with(rest::PREFIX) => Refusal::timeout().into_response(),
        "/v2" | "/v2/" => registry_login::timeout(),
        path if path.starts_with("/v2/") => hub_api::timeout(path),
        _ => console::timeout(takes_pages),
    }
}

fn deadline(path: &str) -> Duration {
    match path.strip_prefix(rest::PREFIX).unwrap_or(path) {
        "/publishers/refresh" => SEARCH_DEADLINE,
        _ => ANSWER_DEADLINE,
    }
}

/// What a call may send that carries an agent token; none: it carries none.
fn of_agents(call: &str) -> Option<Limit> {
    match call {
        "Watch" => Some(WATCH),
        "Report" => Some(REPORT),
        "RequestAccess" | "ListAccess" | "WithdrawAccess" => Some(ACCESS),
        _ => None,
    }
}

/// What is taken from who shows no agent token.
fn of_others(path: &str) -> Limit {
    match path {
        path if path.starts_with("/api/") => API,
        path if path.starts_with("/v2/orgs/") => API,
        path if path.starts_with("/v2/") => JSON,
        path if console::is_page(path) => FORM,
        _ => ANONYMOUS,
    }
}

/// Only a signature is checked, so it costs a stranger more to ask than the service to refuse.
fn agent(tokens: &AgentTokens, headers: &HeaderMap) -> Result<Agent, Status> {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| Status::unauthenticated("sign in first: the call carries no agent token"))?;
    tokens.open(token, clock::now()).map_err(|error| Status::unauthenticated(error.to_string()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::header::{ACCEPT, CONTENT_TYPE};
    use http_body_util::BodyExt as _;
    use hyper::body::Bytes;
    use proto::keys::SigningKey;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{identity::Ends, model::Account, validity::Validities};

    fn tokens(seed: u8) -> AgentTokens {
        AgentTokens::new(SigningKey::from_seed(&[seed; 32]), Validities::default().agent_token)
    }

    /// The door, and behind it a call that reads everything.
    fn router() -> Router {
        let read = |request: Request| async move {
            let named = request.extensions().get::<Agent>().map(|agent| agent.user.clone()).unwrap_or_default();
            match request.into_body().collect().await {
                Ok(body) => format!("{named}:{}", body.to_bytes().len()).into_response(),
                Err(error) => Status::from_error(error.into()).into_http(),
            }
        };
        let door = Door { tokens: tokens(1), bodies: Bodies::default(), deadline };
        Router::new().fallback(read).layer(from_fn_with_state(door, bounds))
    }

    #[tokio::test]
    async fn what_takes_too_long_is_told_in_the_form_of_each_door() {
        let door = Door { tokens: tokens(1), bodies: Bodies::default(), deadline: |_| Duration::ZERO };
        let router = Router::new().fallback(std::future::pending::<Response>).layer(from_fn_with_state(door, bounds));
        for (path, pages, kind, says) in [
            ("/api/v1/me", false, "application/json", r#"{"error":{"code":"timeout","#),
            ("/api/v1/me", true, "application/json", r#"{"error":{"code":"timeout","#),
            ("/v2/orgs/acme/settings", false, "application/json", r#"{"errinfo":null,"message":"it took too long"#),
            ("/v2/auth/token", false, "application/json", r#"{"detail":"it took too long"#),
            ("/v2/users/login/", false, "application/json", r#"{"detail":"it took too long"#),
            ("/v2/", false, "application/json", r#"{"errors":[{"code":"UNAVAILABLE""#),
            ("/orgs/acme/members", true, "text/html; charset=utf-8", "<h1>Too slow</h1>"),
            ("/orgs/acme/members", false, "text/plain; charset=utf-8", "it took too long"),
        ] {
            let accept = if pages { "text/html,*/*" } else { "*/*" };
            let mut request = Request::get(path).header(ACCEPT, accept).body(Body::empty()).unwrap();
            request.extensions_mut().insert(Peer(([192, 0, 2, 1], 1).into()));
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(
                (answer.status(), answer.headers()[CONTENT_TYPE].to_str().unwrap()),
                (StatusCode::REQUEST_TIMEOUT, kind),
                "{path}"
            );
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body = std::str::from_utf8(&body).unwrap();
            assert!(body.contains(says), "{path}: {body}");
        }
        let mut request = Request::post("/pullgate.sync.v1.Sync/SignIn").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(([192, 0, 2, 1], 1).into()));
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!((answer.status(), grpc_status(&answer)), (StatusCode::OK, Some("4")));
    }

    async fn ask(call: &str, token: Option<String>, body: Body) -> Response {
        let mut request = Request::post(format!("/pullgate.sync.v1.Sync/{call}"));
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(Peer(([192, 0, 2, 1], 1).into()));
        router().oneshot(request).await.unwrap()
    }

    fn token(seed: u8) -> String {
        let alice = Account {
            id: 1,
            name: "alice".to_owned(),
            origin: crate::model::Origin::Own,
            credential_epoch: 1,
            removed: false,
        };
        tokens(seed).issue(&alice, "m", 1, 1, clock::now(), Ends::default())
    }

    fn grpc_status(response: &Response) -> Option<&str> {
        response.headers().get("grpc-status").map(|value| value.to_str().unwrap())
    }

    /// Fails the test when anybody reads it.
    fn unread() -> Body {
        let frames = std::iter::repeat_with(|| -> Result<Bytes, std::io::Error> { panic!("the body was read") });
        Body::from_stream(tokio_stream::iter(frames))
    }

    #[tokio::test]
    async fn without_a_valid_token_no_byte_of_a_body_is_read() {
        for call in ["Watch", "Report", "RequestAccess", "ListAccess", "WithdrawAccess"] {
            for token in [None, Some("forged".to_owned()), Some(token(2))] {
                let response = ask(call, token, unread()).await;
                assert_eq!(grpc_status(&response), Some("16"), "{call}");
            }
        }
    }

    #[tokio::test]
    async fn a_form_is_read_as_what_it_is() {
        let send = async |path: &str, bytes: usize| {
            // To gRPC this is the beginning of a message of 1.9 GB.
            let body = Body::from("post".repeat(bytes / 4));
            let mut request = Request::post(path).body(body).unwrap();
            request.extensions_mut().insert(Peer(([192, 0, 2, 1], 1).into()));
            router().oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes()
        };
        for path in ["/sign-in", "/sign-out", "/orgs/acme/image-access", "/requests/new", "/requests/1/withdraw"] {
            assert_eq!(send(path, FORM.message).await, format!(":{}", FORM.message), "{path}");
            assert_eq!(send(path, FORM.message + 8).await, "", "{path}");
        }
        assert_eq!(send("/request", 400).await, "", "no page, so no form");
    }

    #[tokio::test]
    async fn each_call_takes_as_much_as_it_needs() {
        let body = |bytes: usize| {
            let mut message = vec![0];
            message.extend(u32::try_from(bytes).unwrap().to_be_bytes());
            message.resize(bytes + 5, 0);
            Body::from(message)
        };
        let cases = [
            ("SignIn", 16 << 10),
            ("Watch", 1 << 20),
            ("Report", 4 << 20),
            ("RequestAccess", 16 << 10),
            ("Other", 16 << 10),
        ];
        for (call, most) in cases {
            let response = ask(call, Some(token(1)), body(most)).await;
            assert_eq!(grpc_status(&response), None, "{call}");
            assert_eq!(response.extensions().get::<LongLived>().is_some(), call == "Watch");
            let text = response.into_body().collect().await.unwrap().to_bytes();
            let named = if of_agents(call).is_some() { "alice" } else { "" };
            assert_eq!(text, format!("{named}:{}", most + 5));
            let response = ask(call, Some(token(1)), body(most + 1)).await;
            assert_eq!(grpc_status(&response), Some("11"), "{call}");
        }
    }
}
