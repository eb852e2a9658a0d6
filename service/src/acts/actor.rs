//! Who acts, and whether they may.

use std::net::IpAddr;

use super::ActError;
use crate::{
    model::{Account, Membership, Origin, Role, TokenScopes},
    roles::{self, Deed, Standing},
    store::{Act, Author, Reading, Writing},
};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever runs the command line on the service's own machine: its files are theirs.
    Local {
        /// Their number there.
        uid: u32,
    },
    /// Somebody who signed in.
    Account(SignedIn),
}

/// Somebody who signed in, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// As it was at the sign-in; what they may is read anew for each act.
    pub account: Account,
    /// What the credential is good for.
    pub scopes: TokenScopes,
    /// What was shown.
    pub means: Means,
    /// Where.
    pub peer: IpAddr,
}

/// What somebody showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// A browser that a person signed in with.
    Session,
    /// A password, just now.
    Password,
    /// An access token, by its public part.
    Token(String),
}

/// An organization in which somebody may do what they want to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// As whom they act there.
    pub standing: Standing,
}

impl Actor {
    /// The account; none for the command line.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Local { .. } => None,
            Self::Account(signed_in) => Some(&signed_in.account),
        }
    }

    /// True for the command line.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local { .. })
    }

    /// The organization, if they may do this there.
    ///
    /// # Errors
    /// [`ActError::NoOrganization`] also where there is one that is not theirs: nobody learns whose organizations
    /// there are. [`ActError::SignedOut`], [`ActError::Forbidden`], [`ActError::Scope`], [`ActError::NotByToken`].
    pub async fn in_organization(&self, view: &mut Reading, name: &str, deed: Deed) -> Result<Place, ActError> {
        let nowhere = || ActError::NoOrganization(name.chars().take(80).collect());
        let memberships = self.memberships(view).await?;
        let standing = match &memberships {
            None => Standing::Local,
            Some(memberships) => {
                let own = memberships.iter().find(|membership| membership.organization == name);
                self.standing(own.ok_or_else(nowhere)?.role)
            }
        };
        let id = view.organization_id(name).await?.ok_or_else(nowhere)?;
        self.may(standing, deed, name)?;
        Ok(Place { id, name: name.to_owned(), standing })
    }

    /// Asks whether they may do this in the whole service, or anywhere in it, as the deed's row says.
    ///
    /// # Errors
    /// [`ActError::SignedOut`], [`ActError::Forbidden`], [`ActError::Scope`], [`ActError::NotByToken`].
    pub async fn in_service(&self, view: &mut Reading, deed: Deed) -> Result<(), ActError> {
        let Some(memberships) = self.memberships(view).await? else { return Ok(()) };
        if deed.row().place == roles::Place::Anywhere {
            let standing = memberships.first().map_or(Standing::Stranger, |one| self.standing(one.role));
            return self.may(standing, deed, "");
        }
        let all = view.organization_names().await?;
        let role = |name: &String| memberships.iter().find(|one| one.organization == *name).map(|one| one.role);
        let roles: Option<Vec<Role>> = all.iter().map(role).collect();
        // A token belongs to an organization, and not to all of them.
        let of_all = self.account().is_none_or(|account| account.origin != Origin::Organization);
        let standing = roles.filter(|_| of_all).map_or(Standing::Stranger, |roles| deed.row().in_all(&roles));
        self.may(standing, deed, "")
    }

    /// The account as it is now, if they may do this with it.
    ///
    /// # Errors
    /// [`ActError::NoPerson`] for the command line, which is nobody's account; and as [`Actor::in_service`].
    pub async fn as_self(&self, view: &mut Reading, deed: Deed) -> Result<Account, ActError> {
        let account = self.current(view).await?.ok_or(ActError::NoPerson)?;
        let standing = match account.origin {
            Origin::Organization => Standing::OrganizationToken,
            _ => Standing::Stranger,
        };
        self.may(standing, deed, "")?;
        Ok(account)
    }

    /// Their memberships now; none for the command line.
    async fn memberships(&self, view: &mut Reading) -> Result<Option<Vec<Membership>>, ActError> {
        match self.current(view).await? {
            None => Ok(None),
            Some(account) => Ok(Some(view.memberships(account.id).await?)),
        }
    }

    /// The account now: whatever ended a credential of it, or the account, ended what this actor may.
    async fn current(&self, view: &mut Reading) -> Result<Option<Account>, ActError> {
        let Self::Account(SignedIn { account: then, .. }) = self else { return Ok(None) };
        let now = view.account(&then.name).await?;
        let same = |now: &Account| {
            now.id == then.id
                && !now.removed
                && now.origin == then.origin
                && now.credential_epoch == then.credential_epoch
        };
        now.filter(same).map(Some).ok_or(ActError::SignedOut)
    }

    fn standing(&self, role: Role) -> Standing {
        match self.account() {
            None => Standing::Local,
            Some(account) => Standing::of(account.origin, role),
        }
    }

    /// INVARIANT: the only place that says no because of who somebody is.
    fn may(&self, standing: Standing, deed: Deed, organization: &str) -> Result<(), ActError> {
        let Self::Account(SignedIn { scopes, means, .. }) = self else { return Ok(()) };
        let row = deed.row();
        if !row.allows(standing) {
            return Err(ActError::Forbidden { standing, deed, organization: organization.to_owned() });
        }
        match row.needs.scopes() {
            _ if good_for(scopes, means, row) => Ok(()),
            [] => Err(ActError::NotByToken(deed)),
            [first, ..] => Err(ActError::Scope(*first)),
        }
    }

    /// Whether their credential is good for such a thing, whatever they may.
    #[must_use]
    pub fn is_good_for(&self, deed: Deed) -> bool {
        let Self::Account(SignedIn { scopes, means, .. }) = self else { return true };
        good_for(scopes, means, deed.row())
    }

    /// Asks whether they may give this role to somebody who has that one; none: who is no member. A token gives no role
    /// that administers: what it is good for would outlive it, in whoever has the role.
    pub(super) fn gives(&self, role: Role, before: Option<Role>) -> Result<(), ActError> {
        let administers = matches!(role, Role::Owner | Role::Admin) && before != Some(role);
        match self {
            Self::Account(SignedIn { means: Means::Token(_), .. }) if administers => Err(ActError::RoleByToken(role)),
            _ => Ok(()),
        }
    }

    /// Asks whether they may make a token of these scopes that ends then. A token hands on what it is good for, and no
    /// longer than it is.
    pub(super) async fn hands_on(
        &self,
        view: &mut Reading,
        scopes: &TokenScopes,
        expires_at: Option<i64>,
    ) -> Result<(), ActError> {
        let Self::Account(SignedIn { scopes: own, means: Means::Token(id), .. }) = self else { return Ok(()) };
        if let Some(scope) = scopes.iter().find(|scope| !own.contains(*scope)) {
            return Err(ActError::WiderToken(scope));
        }
        let own = view.token(id).await?.ok_or(ActError::SignedOut)?;
        match own.expires_at {
            Some(ends) if expires_at.is_none_or(|at| at > ends) => Err(ActError::LongerToken { ends }),
            _ => Ok(()),
        }
    }

    /// For other people: the account's name, or `local:<uid>`, which no account has.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Local { uid } => format!("local:{uid}"),
            Self::Account(signed_in) => signed_in.account.name.clone(),
        }
    }

    /// As the trail names them.
    pub(crate) fn author(&self) -> Author {
        match self {
            Self::Local { uid } => Author { actor: format!("local:{uid}"), via: "command-line".to_owned(), peer: None },
            Self::Account(SignedIn { account, means, peer, .. }) => Author {
                actor: format!("user:{}", account.name),
                via: match means {
                    Means::Session => "browser".to_owned(),
                    Means::Password => "password".to_owned(),
                    Means::Token(id) => format!("token:{id}"),
                },
                peer: Some(peer.to_canonical().to_string()),
            },
        }
    }
}

/// Whether a credential is good for what the row asks. A browser that came in with less than a password is no person.
fn good_for(scopes: &TokenScopes, means: &Means, row: &roles::Row) -> bool {
    match row.needs.scopes() {
        [] => !matches!(means, Means::Token(_)) && *scopes == TokenScopes::all(),
        needed => needed.iter().any(|scope| scopes.contains(*scope)),
    }
}

/// Writes the act down and makes the change durable, in one.
pub(crate) async fn commit(mut change: Writing, actor: &Actor, act: &Act<'_>) -> Result<(), ActError> {
    change.write_down(&actor.author(), act).await?;
    Ok(change.commit().await?)
}
