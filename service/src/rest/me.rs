//! One's own account.

use axum::extract::State;
use policy::ImageRef;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller, Code, Refusal,
    answer::{self, Answer},
    caller::{self, Place},
    input::{Asked, At, Body},
    machines::Machine,
    page::{Listed, Page},
    path::Own,
    refusal::{ChangeRefusals, Refusals},
    session::{Session, with_cookie},
};
use crate::{
    access::{AccessError, Case},
    acts, clock,
    model::{Membership, Origin, Role},
    own_password,
    roles::Deed,
    store::BrowserSessionRow,
};

/// Longest image reference that is read, in bytes.
const MAX_IMAGE_BYTES: usize = 1024;

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Me {
    /// User name; `<organization>/<token's name>` for an access token of an organization.
    user: String,
    /// Where the account comes from.
    origin: Origin,
    /// Memberships, by organization.
    organizations: Vec<Belongs>,
    /// What the credential of this call may do: read and change.
    may: May,
}

/// A membership.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Belongs {
    /// Name of the organization.
    organization: String,
    /// The role there.
    role: Role,
    /// The teams there.
    teams: Vec<String>,
}

/// What the credential may do, whoever has it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct May {
    /// It may read over the API.
    read: bool,
    /// It may change over the API.
    change: bool,
    /// It is a person who signed in, and no token.
    person: bool,
}

/// Who calls
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Me), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller) -> Answer {
    let mut view = api.store.read().await?;
    let account = caller.actor.as_self(&mut view, Deed::ReadOwn).await?;
    let organizations = view.memberships(account.id).await?;
    let belongs = |Membership { organization, role, teams }: Membership| Belongs { organization, role, teams };
    let organizations = organizations.into_iter().map(belongs).collect();
    let may = May {
        read: caller.actor.is_good_for(Deed::ReadPolicy),
        change: caller.actor.is_good_for(Deed::ChangePolicy),
        person: caller.actor.is_good_for(Deed::ChangeOwn),
    };
    answer::ok(&Me { user: account.name, origin: account.origin, organizations, may })
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one of now.
    #[schema(max_length = 1024, format = Password)]
    current: String,
    /// The new one.
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    new: String,
}

/// Change the password
///
/// Whoever is signed in with this account has to sign in again everywhere, but for the browser that did it: it gets a
/// new cookie.
#[utoipa::path(put, path = "/me/password", tag = "me", request_body = NewPassword, security(("browser" = [])),
    responses((status = 200, body = Session), Refusals, ChangeRefusals))]
pub async fn password(
    State(api): State<Api>,
    caller: Caller,
    place: Place,
    Body(NewPassword { current, new }): Body<NewPassword>,
) -> Answer {
    let Some((cookie, resumed)) = &caller.browser else {
        return Err(Refusal::new(Code::Scope, "a password is changed in a browser that is signed in"));
    };
    let change = own_password::NewPassword {
        actor: &caller.actor,
        resumed,
        from: caller::from(&place, Some(cookie)),
        current: Secret::new(current),
        new: Secret::new(new),
    };
    let begun = api.own_password.change(change).await?;
    with_cookie(resumed.account.name.clone(), begun)
}

/// A browser.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrowserSession {
    /// Its id.
    id: String,
    /// It is the one that asks.
    current: bool,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// Seconds since the Unix epoch, to a minute.
    seen_at: i64,
    /// When it ends in any case, seconds since the Unix epoch.
    expires_at: i64,
    /// IP address where it began.
    peer: String,
    /// What it called itself.
    agent: String,
}

/// Browsers that are signed in
#[utoipa::path(get, path = "/me/sessions", tag = "me", params(Page),
    responses((status = 200, body = Listed<BrowserSession>), Refusals))]
pub async fn sessions(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let account = caller.actor.as_self(&mut api.store.read().await?, Deed::ReadOwn).await?;
    let current = caller.browser.map(|(_, resumed)| resumed.id);
    let rows = api.browsers.list(&account, clock::now()).await?;
    let browser = |row: BrowserSessionRow| BrowserSession {
        current: current.as_ref() == Some(&row.id),
        id: row.id,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
        peer: row.peer,
        agent: row.agent,
    };
    let key = |row: &BrowserSessionRow| std::cmp::Reverse((row.created_at, row.id.clone()));
    answer::ok(&page.cut(rows, key)?.map(browser))
}

/// Sign one out
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "me", params(Own), security(("browser" = [])),
    responses((status = 204), Refusals))]
pub async fn end_session(State(api): State<Api>, caller: Caller, At(Own { id }): At<Own>) -> Answer {
    acts::browsers::end(&api.store, &caller.actor, &id).await?;
    answer::done()
}

/// Machines that are signed in
#[utoipa::path(get, path = "/me/machines", tag = "me", params(Page),
    responses((status = 200, body = Listed<Machine>), Refusals))]
pub async fn machines(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let rows = acts::machines::mine(&api.store, &caller.actor, clock::now()).await?;
    let key = |row: &crate::store::MachineRow| (row.machine_id.clone(), row.uid);
    answer::ok(&page.cut(rows, key)?.map(Machine::from))
}

/// An image.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Try {
    /// As people type it behind `docker pull`.
    #[param(min_length = 1, max_length = 1024)]
    image: String,
}

/// What policies say of an image.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// As the engine reads it.
    image: String,
    /// It may be pulled now: no organization refuses it, or those that would only watch.
    allowed: bool,
    /// Organizations that refuse it, or would once they no longer only watch.
    refused: Vec<RefusedBy>,
}

/// An organization that refuses an image.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusedBy {
    /// Its name.
    organization: String,
    /// Code of the reason, as in docs/reference/reasons.md.
    reason: String,
    /// Id of the rule that refuses it; null: no single one does.
    rule: Option<String>,
    /// It only watches: the pull passes and is recorded, and is refused once the policy is enforced.
    watched: bool,
}

/// Try an image
///
/// What the policies of now say of a pull by oneself. A machine may know more: a missing door, an expired policy.
#[utoipa::path(get, path = "/me/check", tag = "me", params(Try),
    responses((status = 200, body = Checked), (status = 422, body = super::refusal::Refused), Refusals))]
pub async fn check(State(api): State<Api>, caller: Caller, Asked(Try { image }): Asked<Try>) -> Answer {
    if image.len() > MAX_IMAGE_BYTES {
        return Err(Refusal::new(Code::Invalid, "`image` is too long: at most 1024 bytes"));
    }
    let image = ImageRef::parse_any(&image).map_err(|source| {
        let image = crate::plain::plain(image.chars().take(200).collect());
        AccessError::Image { image, source }
    })?;
    let mut view = api.store.read().await?;
    let account = caller.actor.as_self(&mut view, Deed::ReadOwn).await?;
    let case = Case::read(&mut view, &account, clock::now()).await?;
    drop(view);
    let name = image.to_string();
    // A directory and some policies of many thousand lines are nothing for the event loop.
    let refusals = tokio::task::spawn_blocking(move || case.refusals(&image)).await;
    let refusals = match refusals.map_err(|error| Refusal::fault(&error))? {
        Ok(refusals) => refusals,
        Err(AccessError::Nowhere(_)) => {
            let text = format!("no organization can allow `{name}`: no registry has an image of that name");
            return Err(Refusal::new(Code::Invalid, text));
        }
        Err(error) => return Err(error.into()),
    };
    let refused: Vec<RefusedBy> = refusals
        .into_iter()
        .map(|refusal| RefusedBy {
            organization: refusal.organization,
            reason: refusal.reason.code().to_owned(),
            rule: refusal.rule,
            watched: refusal.watched,
        })
        .collect();
    answer::ok(&Checked { image: name, allowed: refused.iter().all(|refusal| refusal.watched), refused })
}
