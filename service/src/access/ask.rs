//! Asking.

use policy::ImageRef;
use ulid::Ulid;

use super::{AccessError, Case, DAY, MAX_REASON_CHARS, MOST_A_DAY, MOST_PENDING, Refusal, line};
use crate::{
    id,
    model::{AccessRequest, Account, Origin},
    store::{NewAccessRequest, Store},
};

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Normalised.
    image: ImageRef,
    reason: String,
    decision: String,
    organizations: Vec<String>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The image as the engine reads it.
    pub image: String,
    /// One for each organization that refuses it, and whether it is new. Empty: none refuses it.
    pub requests: Vec<(AccessRequest, bool)>,
}

impl Question {
    /// Checks what somebody sent. `organizations`: only these; empty: all.
    ///
    /// # Errors
    /// [`AccessError`] says what is wrong with it.
    pub fn new(image: &str, reason: &str, decision: &str, organizations: Vec<String>) -> Result<Self, AccessError> {
        let parsed = ImageRef::parse_any(image).map_err(|source| AccessError::Image {
            image: crate::plain::plain(image.chars().take(200).collect()),
            source,
        })?;
        // The engine ignores a tag beside a digest.
        let image = match parsed.digest() {
            Some(digest) => parsed.at_digest(digest).unwrap_or(parsed),
            None => parsed,
        };
        let reason = line(reason, MAX_REASON_CHARS)?;
        if reason.is_empty() {
            return Err(AccessError::NoReason);
        }
        if !decision.is_empty() && (decision.len() != 26 || Ulid::from_string(decision).is_err()) {
            return Err(AccessError::Decision(crate::plain::plain(decision.chars().take(40).collect())));
        }
        Ok(Self { image, reason, decision: decision.to_ascii_uppercase(), organizations })
    }
}

/// Asks every organization that refuses the image to this person.
///
/// # Errors
/// [`AccessError`].
pub async fn ask(
    store: &Store,
    account: &Account,
    machine_id: &str,
    question: Question,
    now: i64,
) -> Result<Asked, AccessError> {
    if account.origin == Origin::Organization {
        return Err(AccessError::NotAPerson(account.name.clone()));
    }
    let case = Case::read(&mut store.read().await?, account, now).await?.only(&question.organizations);
    if case.is_empty() {
        return Err(AccessError::NoOrganization(account.name.clone()));
    }
    let image = question.image.clone();
    // A directory and some policies of many thousand lines are nothing for the event loop.
    let refusals = tokio::task::spawn_blocking(move || case.refusals(&image));
    let refusals = refusals.await.map_err(|error| AccessError::System(error.to_string()))??;
    let asked = Asked { image: question.image.to_string(), requests: Vec::new() };
    if refusals.is_empty() {
        return Ok(asked);
    }
    write(store, account, machine_id, &question, refusals, asked, now).await
}

async fn write(
    store: &Store,
    account: &Account,
    machine_id: &str,
    question: &Question,
    refusals: Vec<Refusal>,
    mut asked: Asked,
    now: i64,
) -> Result<Asked, AccessError> {
    let mut change = store.write().await?;
    let (today, pending) = change.access_requests_of(account.id, now.saturating_sub(DAY)).await?;
    let mut new = 0;
    for refusal in refusals {
        let image = question.image.as_str();
        if let Some(known) = change.pending_access_request(refusal.id, account.id, image).await? {
            change.reword_access_request(&known.id, &question.reason, &question.decision).await?;
            let (reason, decision) = (question.reason.clone(), question.decision.clone());
            asked.requests.push((AccessRequest { reason, decision, ..known }, false));
            continue;
        }
        new += 1;
        if today + new > MOST_A_DAY {
            return Err(AccessError::TooManyADay);
        }
        if pending + new > MOST_PENDING {
            return Err(AccessError::TooManyPending);
        }
        let id = id::new().map_err(|error| AccessError::System(error.to_string()))?;
        let request = NewAccessRequest {
            id: &id,
            organization: refusal.id,
            account: account.id,
            image,
            reason: &question.reason,
            decision: &question.decision,
            machine_id,
            now,
        };
        change.add_access_request(&request).await?;
        let stored = change.access_request(&id).await?.ok_or_else(|| AccessError::NoSuch(id.clone()))?;
        asked.requests.push((stored, true));
    }
    change.commit().await?;
    Ok(asked)
}
