//! The engine's report on a request that it was allowed: what proves that a name changed.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{Action, Ask, ImageRef};
use proto::authz::AuthzRequest;
use serde::Deserialize;

/// Images removed at once that are looked at.
const MAX_REMOVED: usize = 10_000;

/// One report.
#[derive(Debug)]
pub(super) enum Report {
    /// Names were to change, or containers to be made; `created`: the engine says that it did so.
    Asked { asks: Vec<Ask>, created: bool },
    /// Images were to go; these names did.
    Removal { target: String, removed: Vec<ImageRef> },
}

/// The part of the message that only comes after a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome<'a> {
    /// Absent when the handler failed.
    #[serde(default)]
    response_status_code: u16,
    /// Base64 of the body, if it is JSON that was not streamed.
    #[serde(borrow, default)]
    response_body: Option<Cow<'a, str>>,
}

/// `docker rmi` answers with a list, `docker image prune` with one in an object.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Removed {
    List(Vec<Item>),
    Prune {
        #[serde(rename = "ImagesDeleted")]
        images_deleted: Option<Vec<Item>>,
    },
}

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(rename = "Untagged")]
    untagged: Option<String>,
}

/// Reads a report; none: of nothing that is remembered.
pub(super) fn read(message: &[u8]) -> Option<Report> {
    let request = AuthzRequest::from_json(message).ok()?;
    let outcome: Outcome<'_> = serde_json::from_slice(message).ok()?;
    if is_image_removal(&request.request_method, &request.request_uri) {
        let body = outcome.response_body.filter(|_| outcome.response_status_code == 200).unwrap_or_default();
        return Some(Report::Removal { target: request.request_uri.into_owned(), removed: removed(&body) });
    }
    let Action::Governed(governed) = request.action() else { return None };
    let mut asks = governed.asks;
    asks.retain(|ask| matches!(ask, Ask::Rename(_) | Ask::Start(_)));
    let created = outcome.response_status_code == 201;
    (!asks.is_empty()).then_some(Report::Asked { asks, created })
}

/// Whether it asks as `docker rmi` or `docker image prune` does. In any other spelling it is not taken for proof.
pub(super) fn is_image_removal(method: &str, target: &str) -> bool {
    let path = match target.strip_prefix("/v") {
        Some(versioned) => versioned.find('/').and_then(|slash| versioned.get(slash..)).unwrap_or_default(),
        None => target,
    };
    let prunes = path.split('?').next() == Some("/images/prune");
    (method == "DELETE" && path.starts_with("/images/")) || (method == "POST" && prunes)
}

/// The names in `[{"Untagged":"alpine:3"},{"Deleted":"sha256:..."}]`, in normal form.
fn removed(body: &str) -> Vec<ImageRef> {
    let items = match STANDARD.decode(body).ok().and_then(|json| serde_json::from_slice(&json).ok()) {
        Some(Removed::List(items) | Removed::Prune { images_deleted: Some(items) }) => items,
        Some(Removed::Prune { images_deleted: None }) | None => Vec::new(),
    };
    let names = items.into_iter().take(MAX_REMOVED).filter_map(|item| item.untagged);
    names.filter_map(|name| ImageRef::parse(&name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_removals_of_images_are_proof() {
        for target in ["/images/x", "/v1.41/images/docker.io/a/b:c?force=1", "/images/sha256:00"] {
            assert!(is_image_removal("DELETE", target), "{target}");
            assert!(!is_image_removal("POST", target), "{target}");
        }
        for target in ["/images/prune", "/v1.41/images/prune?filters=%7B%7D"] {
            assert!(is_image_removal("POST", target), "{target}");
        }
        for target in ["/containers/images/x", "/v1.41/volumes/images/x", "/v1.41", "/v", "", "/image", "/%69mages/x"] {
            assert!(!is_image_removal("DELETE", target), "{target}");
        }
    }

    #[test]
    fn names_are_read_as_the_engine_shortens_them() {
        let body = STANDARD.encode(
            r#"[{"Untagged":"alpine:3"},{"Untagged":"alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000"},{"Untagged":"ghcr.io/a/b:1"},{"Deleted":"sha256:11"},{"Untagged":"<bad>"}]"#,
        );
        let names: Vec<_> = removed(&body).iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!((names[0].as_str(), names[2].as_str()), ("docker.io/library/alpine:3", "ghcr.io/a/b:1"));
        let pruned = STANDARD
            .encode(r#"{"ImagesDeleted":[{"Untagged":"acme/app:1"},{"Deleted":"sha256:11"}],"SpaceReclaimed":1}"#);
        assert_eq!(removed(&pruned).iter().map(ToString::to_string).collect::<Vec<_>>(), ["docker.io/acme/app:1"]);
        let nothing = STANDARD.encode(r#"{"ImagesDeleted":null,"SpaceReclaimed":0}"#);
        for body in ["", "!", "e30=", "bnVsbA==", &nothing] {
            assert!(removed(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_report_is_read_as_the_request_was() {
        let tag = |code: &str| {
            format!(
                r#"{{"RequestMethod":"POST","RequestUri":"/v1.41/images/a/b:1/tag?repo=c/d&tag=2","RequestHeaders":{{}}{code}}}"#
            )
        };
        for (code, expected) in
            [(r#","ResponseStatusCode":201"#, true), (r#","ResponseStatusCode":404"#, false), ("", false)]
        {
            let Some(Report::Asked { asks, created }) = read(tag(code).as_bytes()) else { panic!("{code}") };
            let Some(Ask::Rename(rename)) = asks.first() else { panic!("{asks:?}") };
            assert_eq!((rename.to.as_str(), created), ("docker.io/c/d:2", expected));
        }
        let removal = |code: u16| {
            let body = STANDARD.encode(r#"[{"Untagged":"alpine:3"}]"#);
            format!(
                r#"{{"RequestMethod":"DELETE","RequestUri":"/images/alpine:3","ResponseStatusCode":{code},"ResponseBody":"{body}"}}"#
            )
        };
        for (code, expected) in [(200, 1), (500, 0)] {
            let Some(Report::Removal { removed, .. }) = read(removal(code).as_bytes()) else { panic!("{code}") };
            assert_eq!(removed.len(), expected, "{code}");
        }
        for other in ["", "{}", r#"{"RequestMethod":"GET","RequestUri":"/images/json"}"#] {
            assert!(read(other.as_bytes()).is_none(), "{other}");
        }
    }
}
