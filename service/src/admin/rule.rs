//! `allowlist` and `denylist`.

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{Admin, check_policy, input, organization_id};
use crate::{
    check,
    cli::RuleCommand,
    clock, id,
    model::{Effect, Rule, Scope},
    names::Name,
    store::{Act, Writing},
};

/// Most characters of a rule's reason.
const MAX_REASON_CHARS: usize = 200;

pub(super) async fn run(admin: &Admin, effect: Effect, command: RuleCommand) -> anyhow::Result<()> {
    match command {
        RuleCommand::Add { org, pattern, team, user, expires, reason } => {
            let scope = match (team, user) {
                (Some(team), _) => Scope::Team(team.as_str().to_owned()),
                (None, Some(user)) => Scope::User(user.as_str().to_owned()),
                (None, None) => Scope::Organization,
            };
            let expires_at = expires.map(|text| input::expires(&text, clock::now())).transpose()?;
            let reason = input::text("`--reason`", &reason, MAX_REASON_CHARS)?.to_owned();
            check::pattern(&pattern).with_context(|| format!("`{pattern}` is no pattern"))?;
            add(admin, &org, Rule { id: new_id()?, effect, pattern, scope, expires_at, reason }).await
        }
        RuleCommand::Remove { org, id_or_pattern } => remove(admin, effect, &org, &id_or_pattern).await,
        RuleCommand::List { org } => {
            let mut view = admin.store.read().await?;
            let id = organization_id(&mut view, &org).await?;
            let rules = view.rules(id, Some(effect)).await?;
            admin.out.lines(&rules, &format!("the {} of `{org}` is empty", name(effect)), text);
            Ok(())
        }
    }
}

async fn add(admin: &Admin, org: &Name, rule: Rule) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let id = organization_id(&mut change, org).await?;
    let stored = change.put_rule(id, &rule, clock::now()).await?;
    check_policy(&mut change, id, org).await?;
    let nobody = concerns_nobody(&mut change, id, &rule.scope).await?;
    let detail = serde_json::to_value(&stored)?;
    let act = if rule.effect == Effect::Allow { "allowlist.add" } else { "denylist.add" };
    admin.commit(change, Act { act, organization: org.as_str(), target: &rule.pattern, detail }).await?;
    let done = if stored.id == rule.id { "added to" } else { "changed in" };
    admin.out.line(format!("{done} the {} of `{org}`: {}", name(rule.effect), text(&stored)), &stored);
    if nobody {
        admin.out.note(format!("nobody in `{org}` is {} now", scope_text(&rule.scope)));
    }
    Ok(())
}

async fn concerns_nobody(change: &mut Writing, organization: i64, scope: &Scope) -> anyhow::Result<bool> {
    let members = change.members(organization).await?;
    Ok(match scope {
        Scope::Organization => false,
        Scope::Team(team) => !members.iter().any(|member| member.teams.contains(team)),
        Scope::User(user) => !members.iter().any(|member| member.user == *user),
    })
}

async fn remove(admin: &Admin, effect: Effect, org: &Name, id_or_pattern: &str) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let id = organization_id(&mut change, org).await?;
    let ids = change.remove_rules(id, effect, id_or_pattern).await?;
    if ids.is_empty() {
        bail!("the {list} of `{org}` has no rule `{id_or_pattern}`; see `{list} list {org}`", list = name(effect));
    }
    let act = if effect == Effect::Allow { "allowlist.remove" } else { "denylist.remove" };
    let detail = json!({ "ids": ids });
    admin.commit(change, Act { act, organization: org.as_str(), target: id_or_pattern, detail }).await?;
    let text = format!("removed from the {} of `{org}`: {}", name(effect), ids.join(", "));
    admin.out.line(text, &json!({ "organization": org.as_str(), "removed": ids }));
    Ok(())
}

fn new_id() -> anyhow::Result<String> {
    id::new().map_err(anyhow::Error::msg).context("the system gives no random bytes")
}

fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allowlist",
        Effect::Deny => "denylist",
    }
}

pub(super) fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Organization => "everybody".to_owned(),
        Scope::Team(team) => format!("in team `{team}`"),
        Scope::User(user) => format!("user `{user}`"),
    }
}

fn text(rule: &Rule) -> String {
    let until = rule.expires_at.map(|at| format!(", until {}", input::date(at))).unwrap_or_default();
    let reason = if rule.reason.is_empty() { String::new() } else { format!("  # {}", rule.reason) };
    format!("{}  {}  ({}{until}){reason}", rule.id, rule.pattern, scope_text(&rule.scope))
}
