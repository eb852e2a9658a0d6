//! Accounts: their passwords and their ends.

use serde_json::json;

use super::{ActError, Actor, commit};
use crate::{
    model::{Account, ActKind, Origin, Source},
    names::Name,
    roles::Deed,
    store::{Act, Reading, Store},
};

/// The account, or that there is none.
pub(super) async fn find(view: &mut Reading, user: &Name) -> Result<Account, ActError> {
    let account = view.account(user.as_str()).await?.filter(|account| !account.removed);
    account.ok_or_else(|| ActError::NoAccount(user.to_string()))
}

/// A password of this service is to open an account of this service only.
fn own(account: Account) -> Result<Account, ActError> {
    match account.origin {
        Origin::Own => Ok(account),
        origin => Err(ActError::NoPassword { user: account.name, origin }),
    }
}

/// Asks whether the account has a password here, before somebody is asked for a new one.
///
/// # Errors
/// [`ActError`].
pub async fn has_password(store: &Store, actor: &Actor, user: &Name) -> Result<(), ActError> {
    let mut view = store.read().await?;
    actor.in_service(&mut view, Deed::ChangeAccounts).await?;
    own(find(&mut view, user).await?).map(drop)
}

/// Replaces the password by the one with this hash; they have to sign in again everywhere.
///
/// # Errors
/// [`ActError`].
pub async fn password(store: &Store, actor: &Actor, user: &Name, hash: &str, now: i64) -> Result<(), ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangeAccounts).await?;
    let account = own(find(&mut change, user).await?)?;
    change.set_password(account.id, user.as_str(), hash, now).await?;
    let act = Act { act: ActKind::AccountPassword, organization: "", target: user.as_str(), detail: json!({}) };
    commit(change, actor, &act).await
}

/// Replaces one's own password; one has to sign in again everywhere.
///
/// # Errors
/// [`ActError`].
pub async fn own_password(store: &Store, actor: &Actor, hash: &str, now: i64) -> Result<(), ActError> {
    let mut change = store.write().await?;
    let account = own(actor.as_self(&mut change, Deed::ChangeOwn).await?)?;
    change.set_password(account.id, &account.name, hash, now).await?;
    let act = Act { act: ActKind::AccountPassword, organization: "", target: &account.name, detail: json!({}) };
    commit(change, actor, &act).await
}

/// Ends the account, with its tokens, memberships and exceptions. Returns who else made them a member of something.
///
/// # Errors
/// [`ActError`].
pub async fn remove(store: &Store, actor: &Actor, user: &Name, now: i64) -> Result<Vec<Source>, ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangeAccounts).await?;
    let account = find(&mut change, user).await?;
    let sources = change.sources(account.id).await?;
    let memberships = change.memberships(account.id).await?;
    change.remove_account(account.id, now).await?;
    let detail = json!({ "before": { "origin": account.origin, "memberships": memberships } });
    commit(change, actor, &Act { act: ActKind::AccountRemove, organization: "", target: user.as_str(), detail })
        .await?;
    Ok(sources)
}
