//! Organization access tokens: each has an account of its own, named `<organization>/<token's name>`. No name holds a
//! `/`, so it is nobody's, and it is always a plain member: the policy binds it.

use serde::Serialize;
use serde_json::json;

use super::{
    ActError, Actor, Place, commit, teams,
    tokens::{Draft, Limits, MAX_TOKENS, MadeToken, bounded},
};
use crate::{
    identity::{Hasher, TokenKind},
    model::{ActKind, Origin, Role},
    names::{Name, token_account},
    roles::Deed,
    store::{Act, Reading, Store, TokenRow},
};

/// A token with the teams of its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationToken {
    /// The token.
    #[serde(flatten)]
    pub token: TokenRow,
    /// The teams whose rules hold for it.
    pub teams: Vec<String>,
}

/// The organization's tokens.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, organization: &Name) -> Result<Vec<OrganizationToken>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadOrganizationTokens).await?;
    Ok(rows(&mut view, &place).await?.into_iter().map(|(_, row)| row).collect())
}

/// With the rows of their accounts.
async fn rows(view: &mut Reading, place: &Place) -> Result<Vec<(i64, OrganizationToken)>, ActError> {
    let mut rows = Vec::new();
    for (account, teams) in view.token_accounts(place.id).await? {
        let tokens = view.tokens(account).await?.into_iter();
        rows.extend(tokens.map(|token| (account, OrganizationToken { token, teams: teams.clone() })));
    }
    Ok(rows)
}

/// All of them, each with what its maker wanted to be told again.
///
/// # Errors
/// [`ActError`].
pub async fn list_noted(
    store: &Store,
    actor: &Actor,
    organization: &Name,
) -> Result<Vec<(OrganizationToken, String)>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadOrganizationTokens).await?;
    let mut all = Vec::new();
    for (_, row) in rows(&mut view, &place).await? {
        let note = view.token_note(&row.token.id).await?;
        all.push((row, note));
    }
    Ok(all)
}

/// One of them, with what its maker wanted to be told again.
///
/// # Errors
/// [`ActError`].
pub async fn show(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    id: &str,
) -> Result<(OrganizationToken, String), ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadOrganizationTokens).await?;
    let found = rows(&mut view, &place).await?.into_iter().find(|(_, row)| row.token.id == id);
    let (_, row) = found.ok_or(ActError::NoToken)?;
    let note = view.token_note(id).await?;
    Ok((row, note))
}

/// Changes what is said of one that they could make. `note` makes the new words of the old ones and the token, and is
/// asked once who may was asked; what the token opens stays.
///
/// # Errors
/// [`ActError`].
pub async fn describe<E: From<ActError>>(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    id: &str,
    note: impl FnOnce(&TokenRow, &str) -> Result<String, E>,
) -> Result<(OrganizationToken, String), E> {
    let mut change = store.write().await.map_err(ActError::from)?;
    let deed = Deed::ChangeOrganizationTokens;
    let place = actor.in_organization(&mut change, organization.as_str(), deed).await?;
    let found = rows(&mut change, &place).await?.into_iter().find(|(_, row)| row.token.id == id);
    let (_, row) = found.ok_or(ActError::NoToken)?;
    actor.hands_on(&mut change, &row.token.scopes, row.token.expires_at).await?;
    let before = change.token_note(id).await.map_err(ActError::from)?;
    let note = note(&row.token, &before)?;
    if note == before {
        return Ok((row, note));
    }
    bounded(&note)?;
    change.describe_token(id, &row.token.name, &note).await.map_err(ActError::from)?;
    let detail = json!({ "name": row.token.name, "note": { "from": before, "to": note } });
    let act = Act { act: ActKind::OrganizationTokenChange, organization: &place.name, target: id, detail };
    commit(change, actor, &act).await?;
    Ok((row, note))
}

/// Makes a token of the organization. One that is made with another is good for no more, and no longer.
///
/// # Errors
/// [`ActError`].
#[expect(clippy::too_many_arguments, reason = "each of them is another thing")]
pub async fn create(
    store: &Store,
    hasher: &Hasher,
    actor: &Actor,
    organization: &Name,
    name: &Name,
    teams: &[Name],
    limits: Limits,
    now: i64,
) -> Result<MadeToken, ActError> {
    let deed = Deed::ChangeOrganizationTokens;
    // Asked before the hash too: it is for who may.
    let mut view = store.read().await?;
    actor.in_organization(&mut view, organization.as_str(), deed).await?;
    let Limits { scopes, expires_at, .. } = limits.clone();
    actor.hands_on(&mut view, &scopes, expires_at).await?;
    drop(view);
    let draft = Draft::new(hasher, TokenKind::Organization, limits, now).await?;
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), deed).await?;
    actor.hands_on(&mut change, &scopes, expires_at).await?;
    let account = token_account(organization, name);
    if change.account(&account).await?.is_some_and(|account| !account.removed) {
        return Err(ActError::TokenExists { organization: place.name, name: name.to_string() });
    }
    if change.token_accounts(place.id).await?.len() >= MAX_TOKENS {
        return Err(ActError::TooMany { owner: place.name, most: MAX_TOKENS, what: "access tokens" });
    }
    teams::there_or_made(&mut change, actor, &place, teams, now).await?;
    let id = change.new_account(&account, Origin::Organization, None, now).await?;
    let teams: Vec<String> = teams.iter().map(|team| team.as_str().to_owned()).collect();
    change.set_member(place.id, id, Role::Member, &teams).await?;
    draft.add(&mut change, id, name.as_str(), now).await?;
    let detail = draft.describe(json!({ "organization": place.name, "name": name.as_str(), "teams": teams }));
    let act = Act { act: ActKind::OrganizationTokenCreate, organization: &place.name, target: draft.id(), detail };
    commit(change, actor, &act).await?;
    Ok(draft.made())
}

/// Ends a token of the organization, with its account: every machine that signed in with it is signed out.
///
/// # Errors
/// [`ActError`].
pub async fn revoke(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    id: &str,
    now: i64,
) -> Result<OrganizationToken, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeOrganizationTokens).await?;
    let found = rows(&mut change, &place).await?.into_iter().find(|(_, row)| row.token.id == id);
    let (account, before) = found.ok_or(ActError::NoToken)?;
    // The account is the token's alone.
    change.remove_account(account, now).await?;
    let detail = json!({ "account": format!("{}/{}", place.name, before.token.name), "before": before });
    let act = Act { act: ActKind::OrganizationTokenRevoke, organization: &place.name, target: id, detail };
    commit(change, actor, &act).await?;
    Ok(before)
}
