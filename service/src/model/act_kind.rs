//! Kinds of administrative acts: each has its word and what it says in one place.

use std::fmt::Write as _;

use clap::ValueEnum;

use super::word;

/// What an administrative act is. Written down for it stand who did it, from where, what was before and what is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum ActKind {
    /// An organization was made
    #[value(name = "organization.add")]
    OrganizationAdd,
    /// An organization was linked with Docker Hub or an identity provider, or no longer is
    #[value(name = "organization.link")]
    OrganizationLink,
    /// How long decisions are kept, and which
    #[value(name = "organization.keep")]
    OrganizationKeep,
    /// The policy was changed
    #[value(name = "policy.set")]
    PolicySet,
    /// An entry of the allowlist was made or changed
    #[value(name = "allowlist.add")]
    AllowlistAdd,
    /// Entries of the allowlist were removed
    #[value(name = "allowlist.remove")]
    AllowlistRemove,
    /// An entry of the denylist was made or changed
    #[value(name = "denylist.add")]
    DenylistAdd,
    /// Entries of the denylist were removed
    #[value(name = "denylist.remove")]
    DenylistRemove,
    /// Another registry was allowed
    #[value(name = "registry.add")]
    RegistryAdd,
    /// Another registry is no longer allowed
    #[value(name = "registry.remove")]
    RegistryRemove,
    /// A Docker Hub namespace was made the organization's own
    #[value(name = "namespace.add")]
    NamespaceAdd,
    /// A Docker Hub namespace is no longer the organization's own
    #[value(name = "namespace.remove")]
    NamespaceRemove,
    /// A request for access was approved
    #[value(name = "request.approve")]
    RequestApprove,
    /// A request for access was denied
    #[value(name = "request.deny")]
    RequestDeny,
    /// A member was added, or got another role or other teams
    #[value(name = "member.add")]
    MemberAdd,
    /// An identity provider or Docker Hub gave a member another role or other teams
    #[value(name = "member.role")]
    MemberRole,
    /// A membership ended
    #[value(name = "member.remove")]
    MemberRemove,
    /// Somebody was invited, or invited anew
    #[value(name = "invitation.add")]
    InvitationAdd,
    /// An invitation was taken back
    #[value(name = "invitation.remove")]
    InvitationRemove,
    /// An invitation was accepted
    #[value(name = "invitation.accept")]
    InvitationAccept,
    /// An invitation was declined
    #[value(name = "invitation.decline")]
    InvitationDecline,
    /// A team was made
    #[value(name = "team.add")]
    TeamAdd,
    /// A team was renamed or described anew
    #[value(name = "team.change")]
    TeamChange,
    /// A team was removed
    #[value(name = "team.remove")]
    TeamRemove,
    /// A member came into a team
    #[value(name = "team.member.add")]
    TeamMemberAdd,
    /// A member left a team
    #[value(name = "team.member.remove")]
    TeamMemberRemove,
    /// An access token of the organization was made
    #[value(name = "organization.token.create")]
    OrganizationTokenCreate,
    /// An access token of the organization was changed
    #[value(name = "organization.token.change")]
    OrganizationTokenChange,
    /// An access token of the organization was ended
    #[value(name = "organization.token.revoke")]
    OrganizationTokenRevoke,
    /// An account was made at its first sign-in
    #[value(name = "account.add")]
    AccountAdd,
    /// A password was set
    #[value(name = "account.password")]
    AccountPassword,
    /// An account was ended
    #[value(name = "account.remove")]
    AccountRemove,
    /// A person's access token was made
    #[value(name = "token.create")]
    TokenCreate,
    /// A person's access token was changed
    #[value(name = "token.change")]
    TokenChange,
    /// A person's access token was ended
    #[value(name = "token.revoke")]
    TokenRevoke,
    /// A browser was signed out from elsewhere
    #[value(name = "browser.end")]
    BrowserEnd,
    /// A namespace got a badge, or another one
    #[value(name = "publisher.set")]
    PublisherSet,
    /// A namespace lost its badge
    #[value(name = "publisher.remove")]
    PublisherRemove,
    /// Badges were imported
    #[value(name = "publisher.import")]
    PublisherImport,
    /// Badges were refreshed from Docker Hub
    #[value(name = "publisher.refresh")]
    PublisherRefresh,
    /// A signing key was announced to machines
    #[value(name = "key.announce")]
    KeyAnnounce,
    /// A new signing key is in use
    #[value(name = "key.rotate")]
    KeyRotate,
    /// An old signing key is no longer accepted
    #[value(name = "key.retire")]
    KeyRetire,
    /// The service started over a database that knew another signing key
    #[value(name = "key.claim")]
    KeyClaim,
    /// A backup was made
    #[value(name = "database.backup")]
    DatabaseBackup,
    /// A backup was restored
    #[value(name = "database.restore")]
    DatabaseRestore,
}

impl ActKind {
    /// All.
    #[must_use]
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// What it is about: the first part of its word.
    #[must_use]
    pub fn subject(self) -> String {
        word(self).split('.').next().unwrap_or_default().to_owned()
    }

    /// Whether it concerns one organization; others concern the whole service.
    #[must_use]
    pub fn is_of_an_organization(self) -> bool {
        !["account", "token", "browser", "publisher", "key", "database"].contains(&self.subject().as_str())
    }

    /// What it is, for people.
    #[must_use]
    pub fn says(self) -> String {
        let value = self.to_possible_value();
        value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    }

    /// The table for the reference page, in Markdown.
    #[must_use]
    pub fn page() -> String {
        let mut page = "| act | |\n|---|---|\n".to_owned();
        for kind in Self::all() {
            let _ = writeln!(page, "| `{}` | {} |", word(*kind), kind.says());
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_word_of_its_own_and_says_what_it_is() {
        let words: std::collections::BTreeSet<String> = ActKind::all().iter().map(|kind| word(*kind)).collect();
        assert_eq!(words.len(), ActKind::all().len());
        for kind in ActKind::all() {
            assert!(word(*kind).contains('.') && !kind.says().is_empty(), "{kind:?}");
        }
    }
}
