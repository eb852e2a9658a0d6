//! `token`, and what it shares with `organization token`.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{Admin, account, input};
use crate::{
    cli::{TokenCommand, TokenLimits},
    clock,
    identity::{AccessToken, Hasher, TokenKind},
    model::{Origin, TokenScopes},
    names::{Name, token_organization},
    store::{Act, NewToken, TokenRow, Writing},
};

/// Most characters of a token's name.
const MAX_NAME_CHARS: usize = 100;
/// Most tokens of one account, and of one organization.
pub(super) const MAX_TOKENS: usize = 100;

pub(super) async fn run(admin: &Admin, command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { user, name, limits } => create(admin, &user, &name, &limits).await,
        TokenCommand::List { user } => {
            let mut view = admin.store.read().await?;
            let account = account(&mut view, &user).await?;
            let tokens = view.tokens(account.id).await?;
            admin.out.lines(&tokens, &format!("`{user}` has no tokens"), |token| text(token, ""));
            Ok(())
        }
        TokenCommand::Revoke { id } => revoke(admin, &id).await,
    }
}

async fn create(admin: &Admin, user: &Name, name: &str, limits: &TokenLimits) -> anyhow::Result<()> {
    let name = input::text("the token's name", name.trim(), MAX_NAME_CHARS)?;
    if name.is_empty() {
        bail!("the token's name is empty; say what it is for, for example `--name laptop`");
    }
    let made = Made::new(TokenKind::Personal, limits).await?;
    let mut change = admin.store.write().await?;
    let account = account(&mut change, user).await?;
    if account.origin == Origin::DockerHub {
        bail!(
            "`{user}` is an account of Docker Hub, which is asked at each sign-in: a token of this service would \
             outlive a membership there; for a machine that is nobody's make an `organization token`"
        );
    }
    if change.tokens(account.id).await?.len() >= MAX_TOKENS {
        bail!("`{user}` has {MAX_TOKENS} tokens already; revoke some with `token revoke ID`");
    }
    made.add(&mut change, account.id, name).await?;
    let mut detail = json!({ "user": user.as_str(), "name": name });
    made.describe(&mut detail);
    let act = Act { act: "token.create", organization: "", target: &made.token.id, detail: detail.clone() };
    admin.commit(change, act).await?;
    made.show(admin, detail);
    Ok(())
}

async fn revoke(admin: &Admin, id: &str) -> anyhow::Result<()> {
    let id = id_of(id);
    let mut change = admin.store.write().await?;
    let Some(token) = change.token(&id).await? else {
        bail!("there is no such token; `token list USER` prints the ids");
    };
    let user = token.account.name;
    if let (Origin::Organization, Some(organization)) = (token.account.origin, token_organization(&user)) {
        bail!(
            "this token belongs to the organization `{organization}`; \
             end it with `organization token revoke {organization} {id}`"
        );
    }
    change.revoke_token(token.account.id, &id).await?;
    let detail = json!({ "user": user });
    admin.commit(change, Act { act: "token.revoke", organization: "", target: &id, detail }).await?;
    let text = format!("token {id} of `{user}` was revoked; where they are signed in, they have to sign in again");
    admin.out.line(text, &json!({ "id": id, "user": user, "revoked": true }));
    Ok(())
}

/// Of an id, or of a whole token.
pub(super) fn id_of(text: &str) -> String {
    AccessToken::parse(text.trim()).map_or_else(|| text.trim().to_owned(), |token| token.id)
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

/// A token that was made and is not stored yet.
pub(super) struct Made {
    pub(super) token: AccessToken,
    hash: String,
    scopes: TokenScopes,
    expires_at: Option<i64>,
}

impl Made {
    /// Hashed before a change begins: nobody waits for it.
    pub(super) async fn new(kind: TokenKind, limits: &TokenLimits) -> anyhow::Result<Self> {
        let expires_at = limits.expires.as_deref().map(|text| input::ends(text, clock::now())).transpose()?;
        let token =
            AccessToken::generate(kind).map_err(anyhow::Error::msg).context("the system gives no random bytes")?;
        let hash = Hasher::new()?.hash(token.secret.clone()).await?;
        Ok(Self { token, hash, scopes: limits.scope.iter().copied().collect(), expires_at })
    }

    pub(super) async fn add(&self, change: &mut Writing, account: i64, name: &str) -> anyhow::Result<()> {
        let Self { token, hash, scopes, expires_at } = self;
        let row = NewToken { id: &token.id, name, hash, scopes: scopes.clone(), expires_at: *expires_at };
        Ok(change.add_token(account, &row, clock::now()).await?)
    }

    /// Adds what is public to an object.
    pub(super) fn describe(&self, value: &mut Value) {
        value["id"] = json!(self.token.id);
        value["scopes"] = json!(self.scopes);
        value["expires_at"] = json!(self.expires_at);
    }

    /// Shows the token, only now that it is stored. People read the note on standard error; the token
    /// alone is the output.
    pub(super) fn show(&self, admin: &Admin, mut value: Value) {
        let revealed = self.token.reveal();
        value["token"] = json!(revealed.expose());
        admin.out.line(revealed.expose(), &value);
        admin.out.note("the token is shown only this once");
        if self.expires_at.is_none() {
            admin.out.note("it never ends; `--expires 90d` gives one that does");
        }
    }
}
