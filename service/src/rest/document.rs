//! The OpenAPI document, made of the routes and their types.

use std::{collections::BTreeMap, sync::OnceLock};

use axum::response::Response;
use http::StatusCode;
use utoipa::openapi::{
    Info, OpenApi, OpenApiBuilder, Ref, RefOr, SecurityRequirement, Server,
    path::{Operation, PathItem},
    response,
    schema::{AdditionalProperties, Schema},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{PREFIX, answer};

/// What is said before any route.
pub(super) fn about() -> OpenApi {
    let mut info = Info::new("pullgate policy service", "1");
    info.description = Some(
        "Everything that is administered: organizations, policies, members, requests. See docs/reference/api.md for \
         signing in, pages, tags and codes."
            .to_owned(),
    );
    let mut document = OpenApiBuilder::new().info(info).servers(Some([Server::new(PREFIX)])).build();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A personal or organization access token with the scope `org:read` or `org:write`."))
        .build();
    let cookie = ApiKeyValue::with_description(crate::browser::COOKIE, "A browser that a person signed in with.");
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.add_security_scheme("browser", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let requirement = |name: &str| SecurityRequirement::new(name, std::iter::empty::<&str>());
    document.security = Some(vec![requirement("token"), requirement("browser")]);
    document
}

/// The document.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut document) = super::routes().split_for_parts();
    let mut refusals = BTreeMap::new();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(name(method, path));
            for (status, answer) in &mut operation.responses.responses {
                share(status, answer, &mut refusals);
            }
        }
    }
    let components = document.components.get_or_insert_default();
    components.responses.extend(refusals);
    components.schemas.values_mut().for_each(close);
    document
}

/// What is not named is not taken, and not sent: also in the parts of a choice, of which `utoipa` does not say so.
fn close(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            if !object.properties.is_empty() && object.additional_properties.is_none() {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
            object.properties.values_mut().for_each(close);
        }
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What can be done at a path.
pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Unique, and the same for as long as the route is: `put_organizations_organization_policy`.
fn name(method: &str, path: &str) -> String {
    let words = path.split(['/', '{', '}', '-', '.']).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// What says no is the same everywhere, and stands in the document once; what says yes has words.
fn share(
    status: &str,
    answer: &mut RefOr<response::Response>,
    refusals: &mut BTreeMap<String, RefOr<response::Response>>,
) {
    let RefOr::T(own) = answer else { return };
    if status.starts_with(['4', '5']) {
        let name = format!("Refused{status}");
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        refusals.insert(name, std::mem::replace(answer, reference));
    } else if own.description.is_empty() {
        own.description = match status {
            "200" => "as it is now",
            "201" => "made",
            "304" => "as it was seen",
            _ => "done",
        }
        .to_owned();
    }
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "service", security(()), responses((status = 200, body = Object)))]
pub async fn show() -> Response {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    answer::json(StatusCode::OK, DOCUMENT.get_or_init(openapi))
}
