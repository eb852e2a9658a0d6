//! What a call takes beside its path and its body, as the document says it of each route: filters, and `If-Match`. What a
//! call does not know, it does not take: a misspelled filter would show everything, and a condition that nobody looks at
//! would guard nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    extract::{MatchedPath, Query, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, Uri, header};
use utoipa::openapi::{OpenApi, RefOr, path::ParameterIn};

use super::{Code, PREFIX, Refusal, caller::is_safe, document::operations};
use crate::plain::plain;

/// What one call takes.
#[derive(Clone, Debug, Default)]
struct Takes {
    filters: BTreeSet<String>,
    if_match: bool,
}

/// What each call takes, by path and method.
#[derive(Clone, Debug)]
pub(super) struct Known(Arc<BTreeMap<String, BTreeMap<&'static str, Takes>>>);

impl Known {
    /// As the document says.
    pub fn of(mut document: OpenApi) -> Self {
        let mut all: BTreeMap<String, BTreeMap<&'static str, Takes>> = BTreeMap::new();
        for (path, item) in &mut document.paths.paths {
            let calls = all.entry(path.clone()).or_default();
            for (method, operation) in operations(item) {
                let mut takes = Takes::default();
                for one in operation.parameters.iter().flatten() {
                    // None is a reference: each call writes its own.
                    let RefOr::T(one) = one else { continue };
                    match one.parameter_in {
                        ParameterIn::Query => drop(takes.filters.insert(one.name.clone())),
                        ParameterIn::Header => takes.if_match |= one.name.eq_ignore_ascii_case("if-match"),
                        _ => {}
                    }
                }
                calls.insert(method, takes);
            }
        }
        // What can be done with the namespace of that name, as with every other one.
        if let Some(calls) = all.get("/publishers/{namespace}").cloned() {
            let refresh = all.entry("/publishers/refresh".to_owned()).or_default();
            for (method, takes) in calls {
                refresh.entry(method).or_insert(takes);
            }
        }
        Self(Arc::new(all))
    }

    fn takes(&self, method: &Method, path: &str) -> Option<&Takes> {
        let method = match *method {
            Method::GET | Method::HEAD => "get",
            Method::POST => "post",
            Method::PUT => "put",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => return None,
        };
        self.0.get(path.strip_prefix(PREFIX)?)?.get(method)
    }
}

impl Takes {
    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let asked = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(asked) = asked.map_err(|error| {
            Refusal::new(Code::Malformed, format!("the query cannot be read: {}", error.body_text()))
        })?;
        if let Some((name, _)) = asked.iter().find(|(name, _)| !self.filters.contains(name)) {
            let name = plain(name.chars().take(60).collect());
            let known: Vec<String> = self.filters.iter().map(|name| format!("`{name}`")).collect();
            let next = match known.as_slice() {
                [] => "leave it out: this call takes none".to_owned(),
                known => format!("this call takes {}", known.join(", ")),
            };
            return Err(Refusal::new(Code::Malformed, format!("there is no filter `{name}` here")).next(next));
        }
        let any = |value: &http::HeaderValue| value.as_bytes().trim_ascii() == b"*";
        if !self.if_match && !is_safe(method) && !headers.get_all(header::IF_MATCH).iter().all(any) {
            return Err(Refusal::new(
                Code::Malformed,
                "`If-Match` is not looked at here: this has no tag to compare it with",
            )
            .next("leave it out, or send `If-Match: *`"));
        }
        Ok(())
    }
}

/// Refuses what the call would not look at.
pub(super) async fn only(State(known): State<Known>, path: MatchedPath, request: Request, next: Next) -> Response {
    let takes = known.takes(request.method(), path.as_str());
    match takes.map(|takes| takes.check(request.method(), request.uri(), request.headers())) {
        Some(Err(refusal)) => refusal.into_response(),
        // Another method: the router says so.
        None | Some(Ok(())) => next.run(request).await,
    }
}
