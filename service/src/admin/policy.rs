//! `policy`.

use anyhow::bail;
use serde_json::{Value, json};

use super::{Admin, check_policy, input, organization_id};
use crate::{
    check,
    cli::{PolicyCommand, PolicyOptions},
    model::{Effect, PolicyState, Settings, word},
    names::Name,
    store::{Act, Kind},
    validity::SessionTimes,
};

mod beyond;
mod sessions;

/// Most characters of the owner's words in a refusal.
const MAX_MESSAGE_CHARS: usize = 500;
/// Most characters of a URL or address.
const MAX_CONTACT_CHARS: usize = 500;

pub(super) async fn run(admin: &Admin, command: PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Show { org } => show(admin, &org).await,
        PolicyCommand::Set(options) => set(admin, *options).await,
    }
}

async fn show(admin: &Admin, org: &Name) -> anyhow::Result<()> {
    let mut view = admin.store.read().await?;
    let id = organization_id(&mut view, org).await?;
    let state = view.policy(id, org.as_str()).await?;
    let generation = view.publication(Kind::Policy, org.as_str()).await?.map(|published| published.generation);
    let times = view.session_times(id).await?;
    admin.out.line(text(&state, times, generation), &value(&state, times, generation));
    Ok(())
}

async fn set(admin: &Admin, options: PolicyOptions) -> anyhow::Result<()> {
    let org = options.org.clone();
    let mut change = admin.store.write().await?;
    let id = organization_id(&mut change, &org).await?;
    if nothing_given(&options) {
        bail!("nothing to change; see `policy set --help`, or `policy show {org}`");
    }
    let before = change.policy(id, org.as_str()).await?;
    let times_before = change.session_times(id).await?;
    let times = sessions::merged(times_before, &options.sessions)?;
    let settings = merged(&before.settings, &options)?;
    let registries = if options.no_registries || !options.registry.is_empty() {
        let mut hosts = options.registry.clone();
        hosts.iter_mut().for_each(|host| *host = host.to_ascii_lowercase());
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    } else {
        before.registries.clone()
    };
    for host in &registries {
        check::registry(host)?;
    }
    let mut detail = differences(&before, &settings, &registries);
    for (key, from, to) in
        [("session_fresh", times_before.fresh, times.fresh), ("session_valid", times_before.valid, times.valid)]
    {
        if from != to {
            detail[key] = json!({ "from": from, "to": to });
        }
    }
    if times != times_before {
        change.set_session_times(id, times).await?;
    }
    if settings != before.settings {
        change.set_settings(id, &settings).await?;
    }
    if registries != before.registries {
        change.set_registries(id, &registries).await?;
    }
    check_policy(&mut change, id, &org).await?;
    let state = change.policy(id, org.as_str()).await?;
    let act = Act { act: "policy.set", organization: org.as_str(), target: org.as_str(), detail };
    admin.commit(change, act).await?;
    admin.out.line(text(&state, times, None), &value(&state, times, None));
    Ok(())
}

fn merged(before: &Settings, options: &PolicyOptions) -> anyhow::Result<Settings> {
    let message = options.message.as_ref().unwrap_or(&before.message);
    let request_url = options.request_url.as_ref().unwrap_or(&before.request_url);
    let email = options.email.as_ref().unwrap_or(&before.email);
    input::text("`--message`", message, MAX_MESSAGE_CHARS)?;
    for (what, text) in [("`--request-url`", request_url), ("`--email`", email)] {
        input::text(what, text, MAX_CONTACT_CHARS)?;
        if text.contains(char::is_whitespace) {
            bail!("{what} holds white space");
        }
    }
    if !request_url.is_empty() && !request_url.starts_with("https://") && !request_url.starts_with("http://") {
        bail!("`--request-url {request_url}` is not a URL; it begins with `https://`");
    }
    if !request_url.is_empty() && request_url.contains(['?', '#']) {
        bail!("`--request-url` must have no query: the image is added to it as one");
    }
    Ok(Settings {
        enabled: options.enabled.unwrap_or(before.enabled),
        mode: options.mode.unwrap_or(before.mode),
        official: options.official.unwrap_or(before.official),
        verified_publisher: options.verified_publisher.unwrap_or(before.verified_publisher),
        community: options.community.unwrap_or(before.community),
        registry_control: options.registry_control.unwrap_or(before.registry_control),
        when_expired: options.when_expired.unwrap_or(before.when_expired),
        message: message.clone(),
        request_url: request_url.clone(),
        email: email.clone(),
        beyond: beyond::merged(&before.beyond, &options.beyond)?,
    })
}

fn nothing_given(options: &PolicyOptions) -> bool {
    let PolicyOptions {
        org: _,
        enabled: None,
        mode: None,
        official: None,
        verified_publisher: None,
        community: None,
        registry_control: None,
        registry,
        no_registries: false,
        when_expired: None,
        message: None,
        request_url: None,
        email: None,
        sessions,
        beyond,
    } = options
    else {
        return false;
    };
    registry.is_empty() && sessions::nothing_given(sessions) && beyond::nothing_given(beyond)
}

/// What changed, from and to, for the trail.
fn differences(before: &PolicyState, settings: &Settings, registries: &[String]) -> Value {
    let (Ok(Value::Object(old)), Ok(Value::Object(new))) =
        (serde_json::to_value(&before.settings), serde_json::to_value(settings))
    else {
        return json!({});
    };
    let mut changed: serde_json::Map<String, Value> = new
        .into_iter()
        .filter(|(key, value)| old.get(key) != Some(value))
        .map(|(key, value)| {
            let from = old.get(&key).cloned().unwrap_or_default();
            (key, json!({ "from": from, "to": value }))
        })
        .collect();
    if before.registries != registries {
        changed.insert("registries".to_owned(), json!({ "from": before.registries, "to": registries }));
    }
    Value::Object(changed)
}

fn value(state: &PolicyState, times: SessionTimes, generation: Option<i64>) -> Value {
    let count = |effect| state.rules.iter().filter(|rule| rule.effect == effect).count();
    let mut value = json!({
        "organization": state.organization,
        "namespaces": state.namespaces,
        "registries": state.registries,
        "allowlist": count(Effect::Allow),
        "denylist": count(Effect::Deny),
        "session_fresh": times.fresh,
        "session_valid": times.valid,
        "published_generation": generation,
    });
    if let (Value::Object(value), Ok(Value::Object(settings))) = (&mut value, serde_json::to_value(&state.settings)) {
        value.extend(settings);
    }
    value
}

fn text(state: &PolicyState, times: SessionTimes, generation: Option<i64>) -> String {
    let settings = &state.settings;
    let yes = |allowed: bool| if allowed { "allowed" } else { "refused" };
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let count = |effect| state.rules.iter().filter(|rule| rule.effect == effect).count();
    let mut lines = vec![
        format!("organization         {}", state.organization),
        format!("policy               {}, mode {}", if settings.enabled { "on" } else { "off" }, word(settings.mode)),
        format!("own images           allowed ({})", or(&state.namespaces.join(", "), "no namespace")),
        format!("official images      {}", yes(settings.official)),
        format!("verified publishers  {}", yes(settings.verified_publisher)),
        format!("community images     {}", yes(settings.community)),
        format!(
            "other registries     {}",
            if settings.registry_control {
                or(&state.registries.join(", "), "refused")
            } else {
                "not restricted".to_owned()
            }
        ),
        format!("allowlist, denylist  {}, {} rules", count(Effect::Allow), count(Effect::Deny)),
        format!("when expired         {}", word(settings.when_expired)),
    ];
    lines.push(sessions::line(times));
    lines.extend(beyond::lines(&settings.beyond));
    let contact = [("message", &settings.message), ("request URL", &settings.request_url), ("e-mail", &settings.email)];
    lines.extend(contact.iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("{what:<20} {text}")));
    lines.extend(generation.map(|generation| format!("published generation {generation}")));
    lines.join("\n")
}
