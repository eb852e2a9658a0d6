//! `token`.

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{Admin, account, input};
use crate::{
    cli::TokenCommand,
    clock,
    identity::{AccessToken, Hasher},
    names::Name,
    store::{Act, TokenRow},
};

/// Most characters of a token's name.
const MAX_NAME_CHARS: usize = 100;
/// Most tokens of one account.
const MAX_TOKENS: usize = 100;

pub(super) async fn run(admin: &Admin, command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { user, name } => create(admin, &user, &name).await,
        TokenCommand::List { user } => {
            let mut view = admin.store.read().await?;
            let account = account(&mut view, &user).await?;
            let tokens = view.tokens(account.id).await?;
            admin.out.lines(&tokens, &format!("`{user}` has no tokens"), |token: &TokenRow| {
                format!("{}  {}  {}", token.id, input::date(token.created_at), token.name)
            });
            Ok(())
        }
        TokenCommand::Revoke { id } => revoke(admin, &id).await,
    }
}

async fn create(admin: &Admin, user: &Name, name: &str) -> anyhow::Result<()> {
    let name = input::text("the token's name", name.trim(), MAX_NAME_CHARS)?;
    if name.is_empty() {
        bail!("the token's name is empty; say what it is for, for example `--name laptop`");
    }
    let token = AccessToken::generate().map_err(anyhow::Error::msg).context("the system gives no random bytes")?;
    let hash = Hasher::new()?.hash(token.secret.clone()).await?;
    let mut change = admin.store.write().await?;
    let account = account(&mut change, user).await?;
    if change.tokens(account.id).await?.len() >= MAX_TOKENS {
        bail!("`{user}` has {MAX_TOKENS} tokens already; revoke some with `token revoke ID`");
    }
    change.add_token(account.id, &token.id, name, &hash, clock::now()).await?;
    let detail = json!({ "user": user.as_str(), "name": name });
    admin.commit(change, Act { act: "token.create", organization: "", target: &token.id, detail }).await?;
    // Shown only now that it is stored. People read the note on standard error; the token alone is the output.
    let revealed = token.reveal();
    let value = json!({ "id": token.id, "user": user.as_str(), "name": name, "token": revealed.expose() });
    admin.out.line(revealed.expose(), &value);
    admin.out.note("the token is shown only this once");
    Ok(())
}

async fn revoke(admin: &Admin, id: &str) -> anyhow::Result<()> {
    let id = AccessToken::parse(id).map_or_else(|| id.to_owned(), |token| token.id);
    let mut change = admin.store.write().await?;
    let Some((account, user)) = change.token_owner(&id).await? else {
        bail!("there is no such token; `token list USER` prints the ids");
    };
    change.revoke_token(account, &id).await?;
    let detail = json!({ "user": user });
    admin.commit(change, Act { act: "token.revoke", organization: "", target: &id, detail }).await?;
    let text = format!("token {id} of `{user}` was revoked; where they are signed in, they have to sign in again");
    admin.out.line(text, &json!({ "id": id, "user": user, "revoked": true }));
    Ok(())
}
