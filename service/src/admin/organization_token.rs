//! `organization token`.

use serde_json::json;

use super::{
    Admin,
    token::{limits, show, text},
};
use crate::{
    acts::{organization_tokens, tokens::token_id},
    cli::{OrganizationTokenCommand, TokenLimits},
    clock,
    identity::Hasher,
    names::Name,
};

pub(super) async fn run(admin: &Admin, command: OrganizationTokenCommand) -> anyhow::Result<()> {
    match command {
        OrganizationTokenCommand::Create { org, name, team, limits } => {
            create(admin, &org, &name, &team, &limits).await
        }
        OrganizationTokenCommand::List { org } => {
            let tokens = admin.said(organization_tokens::list(&admin.store, &admin.actor, &org).await).await?;
            admin
                .out
                .lines(&tokens, &format!("`{org}` has no access tokens"), |row| text(&row.token, &row.teams.join(",")));
            Ok(())
        }
        OrganizationTokenCommand::Revoke { org, id } => revoke(admin, &org, &id).await,
    }
}

async fn create(admin: &Admin, org: &Name, name: &Name, teams: &[Name], given: &TokenLimits) -> anyhow::Result<()> {
    let (hasher, now) = (Hasher::new()?, clock::now());
    let limits = limits(given, now)?;
    let Admin { store, actor, .. } = admin;
    let made = organization_tokens::create(store, &hasher, actor, org, name, teams, limits, now).await;
    let made = admin.said(made).await?;
    let teams: Vec<&str> = teams.iter().map(Name::as_str).collect();
    show(admin, &made, json!({ "organization": org.as_str(), "name": name.as_str(), "teams": teams }));
    admin.out.note(format_args!("it signs in with the user name `{org}`"));
    Ok(())
}

async fn revoke(admin: &Admin, org: &Name, id: &str) -> anyhow::Result<()> {
    let id = token_id(id);
    let revoked = organization_tokens::revoke(&admin.store, &admin.actor, org, &id, clock::now()).await;
    if let Err(crate::acts::ActError::NoToken) = revoked {
        anyhow::bail!("`{org}` has no such token; `organization token list {org}` prints the ids");
    }
    admin.said(revoked).await?;
    let text = format!("token {id} of `{org}` was revoked; every machine that signed in with it is signed out");
    admin.out.line(text, &json!({ "id": id, "organization": org.as_str(), "revoked": true }));
    Ok(())
}
