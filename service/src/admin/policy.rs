//! `policy`.

use anyhow::bail;
use serde_json::{Value, json};

use super::{Admin, input};
use crate::{
    acts::{
        Condition,
        policy::{self, PolicyChange, PolicyView, Terms},
        preview as previews,
    },
    cli::{PolicyCommand, PolicyOptions},
    clock,
    model::{Effect, word},
    names::Name,
};

mod beyond;
mod preview;
mod sessions;

pub(super) async fn run(admin: &Admin, command: PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Show { org } => show(admin, &org).await,
        PolicyCommand::Set(options) => set(admin, *options).await,
    }
}

async fn show(admin: &Admin, org: &Name) -> anyhow::Result<()> {
    let policy = admin.said(policy::show(&admin.store, &admin.actor, org).await).await?;
    admin.out.line(text(&policy), &value(&policy));
    Ok(())
}

async fn set(admin: &Admin, options: PolicyOptions) -> anyhow::Result<()> {
    let (org, dry_run) = (options.org.clone(), options.dry_run);
    let terms = Terms { condition: Condition::Any, confirmation: input::confirmation(options.confirm) };
    let change = change(options);
    if change == PolicyChange::default() {
        bail!("nothing to change; see `policy set --help`, or `policy show {org}`");
    }
    let (store, actor, now) = (&admin.store, &admin.actor, clock::now());
    if dry_run {
        let held = previews::of_policy(store, actor, &org, &change, &terms.condition, now).await;
        preview::print(admin, admin.said(held).await?);
        return Ok(());
    }
    let set = policy::set(store, actor, &org, &change, &terms, now).await;
    // What is published in a moment has another generation.
    let policy = PolicyView { published: None, ..admin.said(set).await? };
    admin.out.line(text(&policy), &value(&policy));
    Ok(())
}

fn change(options: PolicyOptions) -> PolicyChange {
    let (session_fresh, session_valid) = sessions::change(&options.sessions);
    let change = PolicyChange {
        enabled: options.enabled,
        mode: options.mode,
        official: options.official,
        verified_publisher: options.verified_publisher,
        community: options.community,
        registry_control: options.registry_control,
        registries: (options.no_registries || !options.registry.is_empty()).then_some(options.registry),
        when_expired: options.when_expired,
        message: options.message,
        request_url: options.request_url,
        email: options.email,
        session_fresh,
        session_valid,
        ..PolicyChange::default()
    };
    beyond::change(options.beyond, change)
}

fn value(policy: &PolicyView) -> Value {
    let PolicyView { state, times, published } = policy;
    let mut value = json!({
        "organization": state.organization,
        "namespaces": state.namespaces,
        "registries": state.registries,
        "allowlist": policy.count(Effect::Allow),
        "denylist": policy.count(Effect::Deny),
        "session_fresh": times.fresh,
        "session_valid": times.valid,
        "published_generation": published.map(|published| published.generation),
    });
    if let (Value::Object(value), Ok(Value::Object(settings))) = (&mut value, serde_json::to_value(&state.settings)) {
        value.extend(settings);
    }
    value
}

fn text(policy: &PolicyView) -> String {
    let PolicyView { state, times, published } = policy;
    let settings = &state.settings;
    let yes = |allowed: bool| if allowed { "allowed" } else { "refused" };
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
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
        format!("allowlist, denylist  {}, {} rules", policy.count(Effect::Allow), policy.count(Effect::Deny)),
        format!("when expired         {}", word(settings.when_expired)),
    ];
    lines.push(sessions::line(*times));
    lines.extend(beyond::lines(&settings.beyond));
    let contact = [("message", &settings.message), ("request URL", &settings.request_url), ("e-mail", &settings.email)];
    lines.extend(contact.iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("{what:<20} {text}")));
    lines.extend(published.map(|published| format!("published generation {}", published.generation)));
    lines.join("\n")
}
