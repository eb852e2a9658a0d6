//! `allowlist` and `denylist`.

use serde_json::json;

use super::{Admin, input};
use crate::{
    acts::{
        preview::Confirmation,
        rules::{self, Meant, NewRule, name},
    },
    cli::RuleCommand,
    clock,
    model::{Effect, Rule, Scope},
    names::Name,
};

pub(super) async fn run(admin: &Admin, effect: Effect, command: RuleCommand) -> anyhow::Result<()> {
    match command {
        RuleCommand::Add { org, pattern, team, user, expires, reason, confirm } => {
            let scope = match (team, user) {
                (Some(team), _) => Scope::Team(team.as_str().to_owned()),
                (None, Some(user)) => Scope::User(user.as_str().to_owned()),
                (None, None) => Scope::Organization,
            };
            let expires_at = expires.map(|text| input::expires(&text, clock::now())).transpose()?;
            let rule = NewRule { effect, pattern, scope, expires_at, reason };
            add(admin, &org, rule, input::confirmation(confirm)).await
        }
        RuleCommand::Remove { org, id_or_pattern, confirm } => {
            remove(admin, effect, &org, &id_or_pattern, input::confirmation(confirm)).await
        }
        RuleCommand::List { org } => {
            let rules = admin.said(rules::list(&admin.store, &admin.actor, &org, effect).await).await?;
            admin.out.lines(&rules, &format!("the {} of `{org}` is empty", name(effect)), text);
            Ok(())
        }
    }
}

async fn add(admin: &Admin, org: &Name, rule: NewRule, confirmation: Confirmation) -> anyhow::Result<()> {
    let put = rules::put(&admin.store, &admin.actor, org, rule, confirmation, clock::now()).await;
    let put = admin.said(put).await?;
    let rule = &put.rule;
    let done = if put.before.is_none() { "added to" } else { "changed in" };
    admin.out.line(format!("{done} the {} of `{org}`: {}", name(rule.effect), text(rule)), rule);
    if put.concerns_nobody {
        admin.out.note(format!("nobody in `{org}` is {} now", scope_text(&rule.scope)));
    }
    Ok(())
}

async fn remove(
    admin: &Admin,
    effect: Effect,
    org: &Name,
    id_or_pattern: &str,
    confirmation: Confirmation,
) -> anyhow::Result<()> {
    let meant = Meant::IdOrPattern(id_or_pattern);
    let removed = rules::remove(&admin.store, &admin.actor, org, effect, meant, confirmation, clock::now()).await;
    let ids: Vec<String> = admin.said(removed).await?.into_iter().map(|rule| rule.id).collect();
    let text = format!("removed from the {} of `{org}`: {}", name(effect), ids.join(", "));
    admin.out.line(text, &json!({ "organization": org.as_str(), "removed": ids }));
    Ok(())
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
