//! Browsers that are signed in with one's own account.

use serde_json::json;

use super::{ActError, Actor, commit};
use crate::{
    model::ActKind,
    roles::Deed,
    store::{Act, Store},
};

/// Signs one of them out, by its public id.
///
/// # Errors
/// [`ActError`]; among others [`ActError::NoBrowser`].
pub async fn end(store: &Store, actor: &Actor, id: &str) -> Result<(), ActError> {
    let mut change = store.write().await?;
    let account = actor.as_self(&mut change, Deed::ChangeOwn).await?;
    let before = change.end_browser_session_of(account.id, id).await?.ok_or(ActError::NoBrowser)?;
    let detail = json!({ "user": account.name, "before": before });
    commit(change, actor, &Act { act: ActKind::BrowserEnd, organization: "", target: &before.id, detail }).await
}
