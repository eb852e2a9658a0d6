//! `organization token`: each has an account of its own, named `<organization>/<token's name>`. No
//! name holds a `/`, so it is nobody's, and it is always a plain member: the policy binds it.

use anyhow::bail;
use serde::Serialize;
use serde_json::json;

use super::{
    Admin, organization_id,
    token::{MAX_TOKENS, Made, id_of, text},
};
use crate::{
    cli::{OrganizationTokenCommand, TokenLimits},
    clock,
    identity::TokenKind,
    model::{Origin, Role},
    names::{Name, token_account},
    store::{Act, Reading, TokenRow},
};

pub(super) async fn run(admin: &Admin, command: OrganizationTokenCommand) -> anyhow::Result<()> {
    match command {
        OrganizationTokenCommand::Create { org, name, team, limits } => {
            create(admin, &org, &name, &team, &limits).await
        }
        OrganizationTokenCommand::List { org } => {
            let mut view = admin.store.read().await?;
            let id = organization_id(&mut view, &org).await?;
            let tokens = tokens(&mut view, id).await?;
            admin
                .out
                .lines(&tokens, &format!("`{org}` has no access tokens"), |row| text(&row.token, &row.teams.join(",")));
            Ok(())
        }
        OrganizationTokenCommand::Revoke { org, id } => revoke(admin, &org, &id).await,
    }
}

/// A token with the teams of its account.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    token: TokenRow,
    teams: Vec<String>,
}

async fn tokens(view: &mut Reading, organization: i64) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (account, teams) in view.token_accounts(organization).await? {
        let tokens = view.tokens(account).await?;
        rows.extend(tokens.into_iter().map(|token| Row { token, teams: teams.clone() }));
    }
    Ok(rows)
}

async fn create(admin: &Admin, org: &Name, name: &Name, teams: &[Name], limits: &TokenLimits) -> anyhow::Result<()> {
    let made = Made::new(TokenKind::Organization, limits).await?;
    let mut change = admin.store.write().await?;
    let organization = organization_id(&mut change, org).await?;
    let account = token_account(org, name);
    if change.account(&account).await?.is_some_and(|account| !account.removed) {
        bail!("`{org}` has a token `{name}` already; revoke it, or take another name");
    }
    if change.token_accounts(organization).await?.len() >= MAX_TOKENS {
        bail!("`{org}` has {MAX_TOKENS} access tokens already; revoke some with `organization token revoke {org} ID`");
    }
    let id = change.new_account(&account, Origin::Organization, None, clock::now()).await?;
    let teams: Vec<String> = teams.iter().map(|team| team.as_str().to_owned()).collect();
    change.set_member(organization, id, Role::Member, &teams).await?;
    made.add(&mut change, id, name.as_str()).await?;
    let mut detail = json!({ "organization": org.as_str(), "name": name.as_str(), "teams": teams });
    made.describe(&mut detail);
    let act = Act {
        act: "organization.token.create",
        organization: org.as_str(),
        target: &made.token.id,
        detail: detail.clone(),
    };
    admin.commit(change, act).await?;
    made.show(admin, detail);
    admin.out.note(format_args!("it signs in with the user name `{org}`"));
    Ok(())
}

async fn revoke(admin: &Admin, org: &Name, id: &str) -> anyhow::Result<()> {
    let id = id_of(id);
    let mut change = admin.store.write().await?;
    let organization = organization_id(&mut change, org).await?;
    let owners: Vec<i64> = change.token_accounts(organization).await?.into_iter().map(|(account, _)| account).collect();
    let Some(token) = change.token(&id).await?.filter(|token| owners.contains(&token.account.id)) else {
        bail!("`{org}` has no such token; `organization token list {org}` prints the ids");
    };
    // The account is the token's alone.
    change.remove_account(token.account.id, clock::now()).await?;
    let detail = json!({ "account": token.account.name });
    let act = Act { act: "organization.token.revoke", organization: org.as_str(), target: &id, detail };
    admin.commit(change, act).await?;
    let text = format!("token {id} of `{org}` was revoked; every machine that signed in with it is signed out");
    admin.out.line(text, &json!({ "id": id, "organization": org.as_str(), "revoked": true }));
    Ok(())
}
