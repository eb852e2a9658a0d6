//! What would be decided for an image now, and what of the same name would be allowed.

use policy::{Action, Enforced, ImageRef, Mode, Nearby, Timestamp, decide, explain, nearby, request_url};
use proto::control::{self, CheckedImage};

/// The answer about one name as somebody typed it.
pub(super) fn one(enforced: &Enforced, input: String, now: Timestamp) -> CheckedImage {
    let image = match ImageRef::parse_any(&input) {
        Ok(image) => image.or_latest(),
        Err(error) => {
            return CheckedImage {
                input,
                reason: error.code().to_owned(),
                text: error.to_string(),
                ..CheckedImage::default()
            };
        }
    };
    let action = Action::pull(image.clone());
    let decision = decide(enforced, &action, now);
    let refused = !decision.is_allowed() || decision.would_deny;
    let contact = decision.policy.map(|policy| &policy.contact);
    CheckedImage {
        input,
        image: image.to_string(),
        allowed: decision.is_allowed(),
        reason: decision.reason.code().to_owned(),
        category: decision.category.map(|category| category.code().to_owned()).unwrap_or_default(),
        organization: decision.organization.unwrap_or_default().to_owned(),
        rule: decision.rule.map(|rule| rule.pattern.to_string()).unwrap_or_default(),
        would_deny: decision.would_deny,
        text: explain(enforced, &action, &decision, now, "not recorded"),
        rule_id: decision.rule.map(|rule| rule.id.clone()).unwrap_or_default(),
        rule_reason: decision.rule.map(|rule| rule.reason.clone()).unwrap_or_default(),
        rule_expires_at: decision.rule.and_then(|rule| rule.expires_at).map_or(0, |end| end.0),
        generation: decision.policy.map_or(0, |policy| policy.generation),
        mode: decision.policy.map(|policy| Mode::code(policy.mode).to_owned()).unwrap_or_default(),
        request_url: request_url(&decision, &image).unwrap_or_default(),
        request_email: contact.map(|contact| contact.email.clone()).unwrap_or_default(),
        nearby: if refused {
            nearby(enforced, &decision, &image, now).into_iter().map(to_message).collect()
        } else {
            Vec::new()
        },
    }
}

fn to_message(near: Nearby) -> control::Nearby {
    let (image, kind) = match near {
        Nearby::Rule(pattern) => (pattern, "rule"),
        Nearby::Namespace(image) => (image, "namespace"),
    };
    control::Nearby { image, kind: kind.to_owned() }
}
