//! `token`, and what it shares with `organization token`.

use serde_json::{Value, json};

use super::{Admin, input};
use crate::{
    acts::tokens::{self, Limits, MadeToken, token_id},
    cli::{TokenCommand, TokenLimits},
    clock,
    identity::Hasher,
    names::Name,
    store::TokenRow,
};

pub(super) async fn run(admin: &Admin, command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { user, name, limits } => create(admin, &user, &name, &limits).await,
        TokenCommand::List { user } => {
            let tokens = admin.said(tokens::list(&admin.store, &admin.actor, &user).await).await?;
            admin.out.lines(&tokens, &format!("`{user}` has no tokens"), |token| text(token, ""));
            Ok(())
        }
        TokenCommand::Revoke { id } => revoke(admin, &id).await,
    }
}

async fn create(admin: &Admin, user: &Name, name: &str, given: &TokenLimits) -> anyhow::Result<()> {
    let (hasher, now) = (Hasher::new()?, clock::now());
    let limits = limits(given, now)?;
    let made = tokens::create(&admin.store, &hasher, &admin.actor, user, name, limits, now).await;
    show(admin, &admin.said(made).await?, json!({ "user": user.as_str(), "name": name.trim() }));
    Ok(())
}

async fn revoke(admin: &Admin, id: &str) -> anyhow::Result<()> {
    let id = token_id(id);
    let user = admin.said(tokens::revoke(&admin.store, &admin.actor, &id, None).await).await?.user;
    let text = format!("token {id} of `{user}` was revoked; where they are signed in, they have to sign in again");
    admin.out.line(text, &json!({ "id": id, "user": user, "revoked": true }));
    Ok(())
}

/// One line of a list.
pub(super) fn text(token: &TokenRow, teams: &str) -> String {
    let day = |at: i64| input::date(at).chars().take(10).collect::<String>();
    let now = clock::now();
    let ends = match token.expires_at {
        None => "never ends".to_owned(),
        Some(at) if at <= now => format!("ended {}", input::date(at)),
        Some(at) => format!("ends {}", input::date(at)),
    };
    let used = token.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", day(at)));
    let teams = if teams.is_empty() { String::new() } else { format!("  teams {teams}") };
    let made = input::date(token.created_at);
    format!("{}  {made}  {ends}  {used}  {}{teams}  {}", token.id, token.scopes, token.name)
}

/// As given on the command line.
pub(super) fn limits(given: &TokenLimits, now: i64) -> anyhow::Result<Limits> {
    let expires_at = given.expires.as_deref().map(|text| input::ends(text, now)).transpose()?;
    Ok(Limits { scopes: given.scope.iter().copied().collect(), expires_at, note: String::new() })
}

/// Shows the token, only now that it is stored. People read the note on standard error; the token alone is the output.
pub(super) fn show(admin: &Admin, made: &MadeToken, mut value: Value) {
    value["id"] = json!(made.id);
    value["scopes"] = json!(made.limits.scopes);
    value["expires_at"] = json!(made.limits.expires_at);
    value["token"] = json!(made.token.expose());
    admin.out.line(made.token.expose(), &value);
    admin.out.note("the token is shown only this once");
    if made.limits.expires_at.is_none() {
        admin.out.note("it never ends; `--expires 90d` gives one that does");
    }
}
