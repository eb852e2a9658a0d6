//! Accounts of people whom others know: made and brought up to date in one step, each time they sign in.
//!
//! INVARIANT: a sign-in of one origin opens no account of another, and what an administrator said of
//! a membership stays.

use std::collections::BTreeMap;

use proto::chain;
use serde_json::json;

use super::{SignInError, belongs};
use crate::{
    clock,
    model::{Account, ActKind, Origin, Source, word},
    names::Name,
    publish::compile,
    store::{Act, Belongs, Moved, Store, StoreError, Writing},
};

/// What somebody else says of a person.
pub(super) struct Claim<'a> {
    /// The name that they have there.
    pub name: &'a Name,
    /// Who says so, and what else.
    pub says: Says<'a>,
}

/// Who says what.
pub(super) enum Says<'a> {
    /// Docker Hub.
    DockerHub {
        /// Lower case; true: they own it.
        organizations: &'a [(String, bool)],
    },
    /// The identity provider.
    Oidc {
        /// What they are called there for good: names can change hands.
        subject: &'a str,
        /// `organization` and `organization:team`.
        groups: &'a [String],
    },
}

impl Says<'_> {
    /// Role and teams, by row of the organization here. Which organizations are open to others is read in the
    /// step that makes the memberships: an administrator who ended that a moment ago ended it.
    async fn belongs(&self, change: &mut Writing) -> Result<BTreeMap<i64, Belongs>, StoreError> {
        Ok(match self {
            Self::DockerHub { organizations } => belongs::at_docker_hub(organizations, change.hub_links().await?),
            Self::Oidc { groups, .. } => belongs::by_groups(groups, &change.oidc_links().await?),
        })
    }
}

/// The account of that person. A new one is made only for a member of an organization here.
pub(super) async fn settle(store: &Store, claim: Claim<'_>) -> Result<Account, SignInError> {
    let Claim { name, says } = claim;
    let (origin, source, subject) = match says {
        Says::DockerHub { .. } => (Origin::DockerHub, Source::DockerHub, None),
        Says::Oidc { subject, .. } => (Origin::Oidc, Source::Oidc, Some(subject)),
    };
    let actor = word(origin);
    let mut change = store.write().await?;
    let belongs = says.belongs(&mut change).await?;
    let known = match subject {
        Some(subject) => change.account_by_subject(subject).await?,
        None => None,
    };
    let known = match known {
        Some(account) => Some(account),
        None => change.account(name.as_str()).await?.filter(|account| !account.removed),
    };
    let account = match known {
        Some(account) if account.origin != origin => {
            return Err(SignInError::Origin { user: account.name, origin: account.origin });
        }
        Some(account) => account,
        None if belongs.is_empty() => return Err(SignInError::NotMember(stranger(origin, name))),
        None => {
            change.new_account(name.as_str(), origin, None, clock::now()).await?;
            let act = Act { act: ActKind::AccountAdd, organization: "", target: name.as_str(), detail: json!({}) };
            change.audit(&actor, &act).await?;
            let made = change.account(name.as_str()).await?;
            made.ok_or_else(|| SignInError::Internal("an account that was made is not there".to_owned()))?
        }
    };
    let pinned = pin(&mut change, &account, subject).await?;
    let moved = change.sync_memberships(account.id, source, belongs).await?;
    if moved.is_empty() && !pinned {
        // As it was: nothing is written.
        return Ok(account);
    }
    compile::check_session(&change.memberships(account.id).await?)
        .map_err(|error| SignInError::Internal(chain(&error)))?;
    for moved in &moved {
        for team in &moved.made {
            let organization = change.organization_name(moved.organization).await?;
            let detail = json!({ "description": "" });
            let act = Act { act: ActKind::TeamAdd, organization: &organization, target: team, detail };
            change.audit(&actor, &act).await?;
        }
        write_down(&mut change, &actor, &account, moved).await?;
    }
    change.commit().await?;
    Ok(account)
}

/// True: the account is pinned now. It never changes hands, whatever happens to the name there.
async fn pin(change: &mut Writing, account: &Account, subject: Option<&str>) -> Result<bool, SignInError> {
    let Some(subject) = subject else { return Ok(false) };
    match change.subject(account.id).await? {
        Some(pinned) if pinned == subject => Ok(false),
        Some(_) => Err(SignInError::NotMember(format!(
            "`{0}` belongs to somebody else at the identity provider; if the name changed hands there, ask your \
             administrator to end the old account with `account remove {0}`",
            account.name
        ))),
        None => {
            change.set_subject(account.id, subject).await?;
            Ok(true)
        }
    }
}

async fn write_down(change: &mut Writing, actor: &str, account: &Account, moved: &Moved) -> Result<(), SignInError> {
    let organization = change.organization_name(moved.organization).await?;
    let (act, detail) = match (&moved.before, &moved.after) {
        (None, Some((role, teams))) => (ActKind::MemberAdd, json!({ "role": role, "teams": teams })),
        (Some((from, before)), Some((to, after))) => (
            ActKind::MemberRole,
            json!({ "role": { "from": from, "to": to }, "teams": { "from": before, "to": after } }),
        ),
        (Some((role, teams)), None) => (ActKind::MemberRemove, json!({ "before": { "role": role, "teams": teams } })),
        // Never was, and is not.
        (None, None) => return Ok(()),
    };
    let act = Act { act, organization: &organization, target: &account.name, detail };
    Ok(change.audit(actor, &act).await?)
}

fn stranger(origin: Origin, name: &Name) -> String {
    match origin {
        Origin::Oidc => format!(
            "nobody here knows `{name}` of the identity provider; ask your administrator for \
             `member add ORG {name} --role member --oidc`"
        ),
        _ => format!(
            "Docker Hub knows `{name}`, and this service no organization of theirs; ask your administrator whether \
             the organization is linked (`organization link`) and you are a member of it at Docker Hub"
        ),
    }
}

#[cfg(test)]
mod tests;
