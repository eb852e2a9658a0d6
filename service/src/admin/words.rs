//! What the command line adds to an error: what to type next.

use anyhow::anyhow;

use super::Admin;
use crate::{
    acts::{ActError, TextError},
    store::{Reading, StoreError},
};

impl Admin {
    /// The result, its error with the next step.
    pub(super) async fn said<T>(&self, done: Result<T, ActError>) -> anyhow::Result<T> {
        match done {
            Ok(done) => Ok(done),
            Err(error) => Err(self.explained(error).await),
        }
    }

    async fn explained(&self, error: ActError) -> anyhow::Error {
        let next = match &error {
            ActError::NoOrganization(name) => match self.others(name).await {
                Ok(next) => next,
                Err(error) => return error.into(),
            },
            ActError::NotAMember { organization, .. } => match self.members_of(organization).await {
                Ok(next) => next,
                Err(error) => return error.into(),
            },
            _ => return explained(error),
        };
        anyhow!("{error}{next}")
    }

    /// Which organizations there are.
    async fn others(&self, name: &str) -> Result<String, StoreError> {
        let known = self.store.read().await?.organization_names().await?;
        Ok(match known.as_slice() {
            [] => format!(", and no other; add one with `organization add {name}`"),
            known => format!("; there are {}", list(known)),
        })
    }

    async fn members_of(&self, organization: &str) -> Result<String, StoreError> {
        let mut view = self.store.read().await?;
        let members = match view.organization_id(organization).await? {
            Some(id) => view.members(id).await?,
            None => Vec::new(),
        };
        let members: Vec<String> = members.into_iter().map(|member| member.user).collect();
        Ok(match members.as_slice() {
            [] => ", which has none".to_owned(),
            members => format!("; its members are {}", list(members)),
        })
    }

    /// Says that there is no such organization, as [`Admin::said`] does.
    pub(super) async fn organization(&self, view: &mut Reading, name: &str) -> anyhow::Result<()> {
        match view.organization_id(name).await? {
            Some(_) => Ok(()),
            None => Err(self.explained(ActError::NoOrganization(name.to_owned())).await),
        }
    }
}

/// The errors are everybody's; what to type next is the command line's.
fn explained(error: ActError) -> anyhow::Error {
    let next = match &error {
        ActError::OrganizationExists(name) => format!("; see `policy show {name}`"),
        ActError::LinkedElsewhere { organization, .. } => {
            format!("; end that first with `organization link {organization} --no-docker-hub`")
        }
        ActError::NoAccount(user) => {
            format!("; make it with `member add ORG {user} --role member --password-stdin`")
        }
        ActError::NewAccount(_) => "; give its password with `--password-stdin`, or say `--oidc` when its owner \
                                    signs in with the identity provider"
            .to_owned(),
        ActError::AccountExists(user) => {
            format!("; change its password with `account password {user} --password-stdin`")
        }
        ActError::OtherOrigin { user, .. } => format!(
            "; to let its owner sign in with the identity provider instead, first end it with `account remove {user}`"
        ),
        ActError::NoRule { list, organization, .. } => format!("; see `{list} list {organization}`"),
        ActError::SessionTimes { .. } => "; give both `--session-fresh` and `--session-valid`".to_owned(),
        ActError::Unconfirmed { organization, losing, .. } => format!(
            "; look at what it does with `policy set {organization} ... --dry-run`, and if it is meant, say so with \
             `--confirm {losing}`"
        ),
        ActError::UnconfirmedPublishers { losing, .. } => format!(
            "; look at it with `publisher refresh --dry-run`, and if it is meant, say so with `--confirm {losing}`"
        ),
        ActError::NoBadge(_) => "; see `publisher list`".to_owned(),
        ActError::NoToken => "; `token list USER` prints the ids".to_owned(),
        ActError::TokenOfOrganization { organization, id } => {
            format!("; end it with `organization token revoke {organization} {id}`")
        }
        ActError::TooMany { what: "tokens", .. } => "; revoke some with `token revoke ID`".to_owned(),
        ActError::TooMany { owner, what: "access tokens", .. } => {
            format!("; revoke some with `organization token revoke {owner} ID`")
        }
        ActError::TokenExists { .. } => "; revoke it, or take another name".to_owned(),
        ActError::Text(TextError { field, fault }) if field.0 == "name" && fault.starts_with("is empty") => {
            return anyhow!("the token's name is empty; say what it is for, for example `--name laptop`");
        }
        ActError::Text(TextError { field, fault }) => return anyhow!("`--{}` {fault}", flag(field.0)),
        ActError::Pattern { field, pattern, source } if field.0 != "pattern" => {
            return anyhow!("`--{} {pattern}` is no pattern: {source}", flag(field.0));
        }
        _ => return error.into(),
    };
    anyhow!("{error}{next}")
}

/// The flag of a key.
fn flag(key: &str) -> String {
    key.replace('_', "-")
}

/// Up to ten names for an error text.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
