//! Personal access tokens.

use proto::secret::Secret;
use serde_json::{Value, json};

use super::{ActError, Actor, Field, accounts, check_end, commit, text};
use crate::{
    browser::Resumed,
    identity::{AccessToken, Hasher, TokenKind},
    model::{Account, ActKind, Origin, TokenScopes},
    names::{Name, token_organization},
    roles::Deed,
    store::{Act, NewToken, Reading, Store, TokenRow, Writing},
};

/// Most tokens of one account, and of one organization.
pub(super) const MAX_TOKENS: usize = 100;

/// What a token may be used for and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What for.
    pub scopes: TokenScopes,
    /// Seconds since the Unix epoch; none: never.
    pub expires_at: Option<i64>,
    /// What its maker wants to be told again; without effect, and mostly empty.
    pub note: String,
}

/// Longest life of a token that somebody of an identity provider makes, in days.
const PROVIDER_DAYS: i64 = 30;

/// Most bytes of a note.
const MAX_NOTE: usize = 8 << 10;

/// A token that is stored now. Its secret is known here and nowhere else.
#[derive(Debug)]
pub struct MadeToken {
    /// The public part.
    pub id: String,
    /// The whole token, to be shown once.
    pub token: Secret,
    /// What for, and until when.
    pub limits: Limits,
}

/// A token before it is stored: hashed while no change waits for it.
pub(super) struct Draft {
    token: AccessToken,
    hash: String,
    limits: Limits,
}

impl Draft {
    pub(super) async fn new(hasher: &Hasher, kind: TokenKind, limits: Limits, now: i64) -> Result<Self, ActError> {
        check_end(limits.expires_at, now)?;
        bounded(&limits.note)?;
        let token = AccessToken::generate(kind).map_err(|error| ActError::Random(error.to_string()))?;
        let hash = hasher.hash(token.secret.clone()).await?;
        Ok(Self { token, hash, limits })
    }

    pub(super) fn id(&self) -> &str {
        &self.token.id
    }

    pub(super) async fn add(&self, change: &mut Writing, account: i64, name: &str, now: i64) -> Result<(), ActError> {
        let Self { token, hash, limits } = self;
        let (scopes, expires_at) = (limits.scopes.clone(), limits.expires_at);
        change.add_token(account, &NewToken { id: &token.id, name, hash, scopes, expires_at }, now).await?;
        if !limits.note.is_empty() {
            change.describe_token(&token.id, name, &limits.note).await?;
        }
        Ok(())
    }

    /// For the trail: the object, with what is public of the token.
    pub(super) fn describe(&self, mut object: Value) -> Value {
        object["id"] = json!(self.token.id);
        object["scopes"] = json!(self.limits.scopes);
        object["expires_at"] = json!(self.limits.expires_at);
        object
    }

    pub(super) fn made(self) -> MadeToken {
        MadeToken { token: self.token.reveal(), id: self.token.id, limits: self.limits }
    }
}

/// The name of a token, as it is kept.
pub(super) fn token_name(name: &str) -> Result<&str, ActError> {
    let name = text::short(Field("name"), name.trim(), text::MAX_TOKEN_NAME_CHARS)?;
    match name.is_empty() {
        true => Err(text::TextError { field: Field("name"), fault: "is empty; say what the token is for".to_owned() })?,
        false => Ok(name),
    }
}

/// Not more than anybody has to say, and as every text.
pub(super) fn bounded(note: &str) -> Result<(), ActError> {
    match note.len() > MAX_NOTE {
        true => Err(text::TextError { field: Field("note"), fault: format!("is longer than {MAX_NOTE} bytes") })?,
        false => Ok(text::steers_nothing(Field("note"), note)?),
    }
}

/// One's own account, or for the command line anybody's.
async fn owner(view: &mut Reading, actor: &Actor, user: &Name) -> Result<Account, ActError> {
    match actor.account() {
        Some(own) if own.name == user.as_str() => actor.as_self(view, Deed::ChangeOwn).await,
        _ => {
            actor.in_service(view, Deed::ChangeAccounts).await?;
            accounts::find(view, user).await
        }
    }
}

/// The tokens of somebody, oldest first.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, user: &Name) -> Result<Vec<TokenRow>, ActError> {
    let mut view = store.read().await?;
    let account = owner(&mut view, actor, user).await?;
    Ok(view.tokens(account.id).await?)
}

/// One's own, each with what its maker wanted to be told again, oldest first.
///
/// # Errors
/// [`ActError`].
pub async fn list_own(store: &Store, actor: &Actor) -> Result<Vec<(TokenRow, String)>, ActError> {
    let mut view = store.read().await?;
    let account = actor.as_self(&mut view, Deed::ChangeOwn).await?;
    let mut all = Vec::new();
    for row in view.tokens(account.id).await? {
        let note = view.token_note(&row.id).await?;
        all.push((row, note));
    }
    Ok(all)
}

/// One of one's own, with what its maker wanted to be told again.
///
/// # Errors
/// [`ActError`].
pub async fn show_own(store: &Store, actor: &Actor, id: &str) -> Result<(TokenRow, String), ActError> {
    let mut view = store.read().await?;
    let account = actor.as_self(&mut view, Deed::ChangeOwn).await?;
    let row = view.tokens(account.id).await?.into_iter().find(|row| row.id == id).ok_or(ActError::NoToken)?;
    let note = view.token_note(id).await?;
    Ok((row, note))
}

/// Gives one of one's own another name; what it opens stays.
///
/// # Errors
/// [`ActError`].
pub async fn rename_own(store: &Store, actor: &Actor, id: &str, name: &str) -> Result<(TokenRow, String), ActError> {
    let mut change = store.write().await?;
    let account = actor.as_self(&mut change, Deed::ChangeOwn).await?;
    let row = change.tokens(account.id).await?.into_iter().find(|row| row.id == id).ok_or(ActError::NoToken)?;
    let name = token_name(name)?;
    let note = change.token_note(id).await?;
    if name == row.name {
        return Ok((row, note));
    }
    change.describe_token(id, name, &note).await?;
    let detail = json!({ "user": account.name, "name": { "from": row.name, "to": name } });
    commit(change, actor, &Act { act: ActKind::TokenChange, organization: "", target: id, detail }).await?;
    Ok((TokenRow { name: name.to_owned(), ..row }, note))
}

/// Makes a token of somebody.
///
/// # Errors
/// [`ActError`].
pub async fn create(
    store: &Store,
    hasher: &Hasher,
    actor: &Actor,
    user: &Name,
    name: &str,
    limits: Limits,
    now: i64,
) -> Result<MadeToken, ActError> {
    // Asked before the hash too: it is for who may.
    owner(&mut store.read().await?, actor, user).await?;
    let name = token_name(name)?;
    let draft = Draft::new(hasher, TokenKind::Personal, limits, now).await?;
    let mut change = store.write().await?;
    let account = owner(&mut change, actor, user).await?;
    if account.origin == Origin::DockerHub {
        return Err(ActError::TokenOfDockerHub(user.to_string()));
    }
    // As long as the token of a `pullgate login`, unless whoever runs the service says otherwise.
    let ends = draft.limits.expires_at.is_some_and(|at| at <= now.saturating_add(PROVIDER_DAYS * 86_400));
    if account.origin == Origin::Oidc && !actor.is_local() && !ends {
        return Err(ActError::TokenOfProvider { user: user.to_string(), days: PROVIDER_DAYS });
    }
    if change.tokens(account.id).await?.len() >= MAX_TOKENS {
        return Err(ActError::TooMany { owner: user.to_string(), most: MAX_TOKENS, what: "tokens" });
    }
    draft.add(&mut change, account.id, name, now).await?;
    let detail = draft.describe(json!({ "user": user.as_str(), "name": name }));
    commit(change, actor, &Act { act: ActKind::TokenCreate, organization: "", target: draft.id(), detail }).await?;
    Ok(draft.made())
}

/// A token that was ended.
#[derive(Debug)]
pub struct Revoked {
    /// Whose it was.
    pub user: String,
    /// The account's epoch since then.
    pub epoch: i64,
}

/// Ends a token; whoever is signed in with that account has to sign in again, but for the browser it was done `with`.
///
/// # Errors
/// [`ActError`].
pub async fn revoke(store: &Store, actor: &Actor, id: &str, with: Option<&Resumed>) -> Result<Revoked, ActError> {
    let mut change = store.write().await?;
    let token = change.token(id).await?;
    let user = match (actor.account(), token) {
        (None, Some(token)) => token.account,
        (Some(own), Some(token)) if own.id == token.account.id => actor.as_self(&mut change, Deed::ChangeOwn).await?,
        _ => {
            // Says who may not before it says what there is.
            if !actor.is_local() {
                actor.as_self(&mut change, Deed::ChangeOwn).await?;
            }
            return Err(ActError::NoToken);
        }
    };
    if let (Origin::Organization, Some(organization)) = (user.origin, token_organization(&user.name)) {
        return Err(ActError::TokenOfOrganization { organization: organization.to_owned(), id: id.to_owned() });
    }
    let before = change.tokens(user.id).await?.into_iter().find(|token| token.id == id);
    change.revoke_token(user.id, id).await?;
    if let Some(browser) = with {
        change.keep_browser_session(&browser.id).await?;
    }
    let detail = json!({ "user": user.name, "before": before });
    commit(change, actor, &Act { act: ActKind::TokenRevoke, organization: "", target: id, detail }).await?;
    Ok(Revoked { epoch: user.credential_epoch.saturating_add(1), user: user.name })
}

/// Of an id, or of a whole token.
#[must_use]
pub fn token_id(text: &str) -> String {
    AccessToken::parse(text.trim()).map_or_else(|| text.trim().to_owned(), |token| token.id)
}
