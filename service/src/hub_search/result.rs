//! One result of a search.

use serde_json::Value;

use crate::{model::Badge, names::Name};

/// Longest name of a repository that is looked at.
const MAX_REPOSITORY_CHARS: usize = 255;

/// As the search has it.
pub(super) fn word(badge: Badge) -> &'static str {
    match badge {
        Badge::VerifiedPublisher => "verified_publisher",
        Badge::SponsoredOpenSource => "open_source",
    }
}

/// The repository and its namespace, when the result is of an image with this badge. Docker's own namespace has none.
pub(super) fn read(result: &Value, badge: Badge) -> Option<(&str, Name)> {
    let text = |key: &str| result.get(key).and_then(Value::as_str);
    if text("badge") != Some(word(badge)) || result.get("type").is_some_and(|kind| kind != "image") {
        return None;
    }
    let name = text("name")?;
    let (namespace, repository) = name.split_once('/')?;
    let namespace: Name = namespace.parse().ok()?;
    (namespace.as_str() != "library" && is_repository(repository)).then_some((name, namespace))
}

fn is_repository(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
    first && rest && text.len() <= MAX_REPOSITORY_CHARS
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_of_an_image_with_the_badge_or_nobodys() {
        let read = |result: &Value| read(result, Badge::VerifiedPublisher).map(|(_, name)| name.to_string());
        let of = |name: &str| json!({ "name": name, "type": "image", "badge": "verified_publisher" });
        assert_eq!(read(&of("grafana/grafana-enterprise")).as_deref(), Some("grafana"));
        assert_eq!(read(&json!({ "name": "a.b-c/x_y", "badge": "verified_publisher" })).as_deref(), Some("a.b-c"));
        let long = format!("grafana/{}", "x".repeat(256));
        for bad in [
            "",
            "/",
            "grafana",
            "grafana/",
            "/grafana",
            "../x",
            "a/../b",
            "a/b/c",
            "Grafana/x",
            "library/alpine",
            "a b/c",
            "a/b c",
            "é/x",
            "a\u{0}/x",
            "-a/x",
            "a/-x",
            ".a/x",
            "https://a/x",
            &long,
        ] {
            assert_eq!(read(&of(bad)), None, "{bad:?}");
        }
        for result in [
            json!({ "name": "grafana/x", "badge": "open_source" }),
            json!({ "name": "grafana/x", "badge": "official" }),
            json!({ "name": "grafana/x", "badge": null }),
            json!({ "name": "grafana/x" }),
            json!({ "name": "grafana/x", "badge": ["verified_publisher"] }),
            json!({ "name": "grafana/x", "badge": "verified_publisher", "type": "extension" }),
            json!({ "name": 7, "badge": "verified_publisher" }),
            json!(["grafana/x"]),
            json!("grafana/x"),
            Value::Null,
        ] {
            assert_eq!(read(&result), None, "{result}");
        }
    }
}
