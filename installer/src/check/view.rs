//! What people read of an answer.

use policy::Category;
use proto::control::CheckedImage;

use super::nearest::{Kind, Nearest};
use crate::{
    output::{Text, Tone},
    when,
};

const CATEGORIES: [Category; 6] = [
    Category::Organization,
    Category::Official,
    Category::VerifiedPublisher,
    Category::Community,
    Category::SponsoredOpenSource,
    Category::OtherRegistry,
];

/// The answer, and what stands behind it, a line each.
pub fn text(checked: &CheckedImage, nearest: &[Nearest]) -> Text {
    let mut text = Text::new();
    if checked.image.is_empty() {
        text.plain(format!("{}: ", checked.input)).push(Tone::Bad, "not an image reference");
        text.plain(format!(": {}", checked.text));
        return text;
    }
    let (tone, answer) = match (checked.allowed, checked.would_deny) {
        (true, false) => (Tone::Good, "allowed"),
        (true, true) => (Tone::Warn, "allowed, and would be denied outside monitor mode"),
        (false, _) => (Tone::Bad, "denied"),
    };
    text.plain(format!("{}: ", checked.image)).push(tone, answer).plain(format!(" ({})", checked.reason));
    for (name, line) in lines(checked, nearest) {
        text.push(Tone::Faint, format!("\n  {name:<9}")).plain(line);
    }
    text
}

fn lines(checked: &CheckedImage, nearest: &[Nearest]) -> Vec<(&'static str, String)> {
    let mut lines = vec![("why", why(checked))];
    if let Some(noun) = noun(&checked.category) {
        lines.push(("kind", noun.to_owned()));
    }
    if !checked.organization.is_empty() {
        let which = match (checked.generation, checked.mode.as_str()) {
            (0, _) => String::new(),
            (generation, mode) => format!(", generation {generation}, mode {mode}"),
        };
        lines.push(("decides", format!("the policy of {}{which}", checked.organization)));
    }
    if !checked.rule.is_empty() {
        lines.push(("rule", rule(checked)));
    }
    lines.extend(nearest.iter().map(|near| ("instead", instead(near))));
    if !checked.text.is_empty() {
        lines.extend(ask(checked));
    }
    lines
}

fn noun(category: &str) -> Option<&'static str> {
    CATEGORIES.into_iter().find(|known| known.code() == category).map(Category::noun)
}

/// In a sentence: the first of what a developer would read, or what permits it.
pub fn why(checked: &CheckedImage) -> String {
    if let Some(first) = checked.text.lines().next().filter(|line| !line.is_empty()) {
        return first.to_owned();
    }
    let organization = &checked.organization;
    match checked.reason.as_str() {
        "off" => "no policy is switched on for anybody who is signed in here".to_owned(),
        "owner" => format!("an owner of {organization} is signed in, and owners are never restricted"),
        "allowlisted" => format!("a rule of {organization} allows it"),
        "category" => match noun(&checked.category) {
            Some(noun) => format!("it is {noun}, and {organization} allows those"),
            None => format!("{organization} allows this kind of image"),
        },
        "registry" => format!("{organization} allows this registry"),
        reason => format!("`{reason}` in the reference of reason codes"),
    }
}

fn rule(checked: &CheckedImage) -> String {
    let mut text = format!("`{}`", checked.rule);
    if !checked.rule_id.is_empty() {
        text.push_str(&format!(" ({})", checked.rule_id));
    }
    if !checked.rule_reason.is_empty() {
        text.push_str(&format!(": {}", checked.rule_reason));
    }
    if checked.rule_expires_at != 0 {
        text.push_str(&format!(", until {}", when::moment(checked.rule_expires_at.saturating_mul(1000))));
    }
    text
}

fn instead(near: &Nearest) -> String {
    let image = &near.image;
    match near.kind {
        Kind::Official => format!("{image}, the Docker Official Image"),
        Kind::Rule if image.contains(['*', '?']) => format!("what the rule `{image}` allows"),
        Kind::Rule => format!("{image}, which a rule allows"),
        Kind::Copy => format!("{image}, if your organization keeps a copy there"),
    }
}

/// Only where somebody could say yes: not where a request cannot be understood, or nobody is signed in.
fn ask(checked: &CheckedImage) -> Vec<(&'static str, String)> {
    let asked = matches!(checked.reason.as_str(), "category" | "registry" | "deny_rule" | "loopback_open");
    let rest = || checked.text.lines().skip(1).map(|line| ("next", line.to_owned())).collect();
    if !asked {
        return rest();
    }
    let command = format!("`pullgate request-access {} --reason ...`", checked.input);
    let ask = match (checked.request_url.as_str(), checked.request_email.as_str()) {
        ("", "") => format!("{command}, or an owner of {}", checked.organization),
        ("", email) => format!("{command}, or {email}"),
        (url, _) => format!("{command}, or {url}"),
    };
    vec![("ask", ask)]
}
