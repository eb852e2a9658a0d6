//! Who may do what: one table, asked by every door.
//!
//! A row is a deed, who may do it, and what a credential must be good for that does it. Nothing else in this
//! program says that some role may do something.

use crate::model::{Origin, Role, TokenScope, word};

#[cfg(test)]
mod tests;

/// As whom somebody acts in an organization, or in the whole service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On the service's own machine, where its files are theirs: may do everything.
    Local,
    /// A member with this role. In the whole service: in all organizations, or in one of them with this role, which may
    /// less than is asked.
    Member(Role),
    /// Nobody in particular: an access token of the organization. Its scopes say what it is for.
    OrganizationToken,
    /// No member.
    Stranger,
}

impl Standing {
    /// Of an account with a role in an organization.
    #[must_use]
    pub fn of(origin: Origin, role: Role) -> Self {
        match origin {
            Origin::Organization => Self::OrganizationToken,
            Origin::Own | Origin::DockerHub | Origin::Oidc => Self::Member(role),
        }
    }
}

/// Where a deed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In one organization.
    Organization,
    /// Of all organizations: whoever does it has the role in each of them.
    Service,
    /// Of all organizations, and a role in any of them will do.
    Anywhere,
    /// With one's own account.
    Own,
}

/// What a credential must be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// `org:read`, or a person who signed in.
    Read,
    /// `org:write`, or a person who signed in.
    Write,
    /// `sign-in` or `org:write`, or a person who signed in: whoever signs a machine in can ask there too.
    Ask,
    /// A person who signed in: no access token does it, whatever its scopes, or what ends with a token would outlive it.
    Person,
}

impl Needs {
    /// Scopes of an access token of which one is enough; none: no token does it.
    #[must_use]
    pub fn scopes(self) -> &'static [TokenScope] {
        match self {
            Self::Read => &[TokenScope::OrgRead],
            Self::Write => &[TokenScope::OrgWrite],
            Self::Ask => &[TokenScope::SignIn, TokenScope::OrgWrite],
            Self::Person => &[],
        }
    }
}

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// The policy, its lists, registries and namespaces.
    ReadPolicy,
    /// What a change of it would do to people.
    PreviewPolicy,
    /// Settings and registries.
    ChangePolicy,
    /// Allowlist and denylist.
    ChangeLists,
    /// Everybody's requests.
    ReadRequests,
    /// Approving and denying.
    AnswerRequests,
    /// Members, teams and invitations.
    ReadMembers,
    /// Making teams, and saying who is in them.
    ChangeTeams,
    /// Inviting, removing, changing roles.
    ChangeMembers,
    /// Docker Hub namespaces.
    ChangeNamespaces,
    /// Giving an organization one that nobody owns: its images count as the organization's own under all policies.
    AddNamespaces,
    /// Decisions that machines reported.
    ReadActivity,
    /// Machines of members.
    ReadMachines,
    /// What was administered.
    ReadAudit,
    /// Sign-ins of members.
    ReadSignIns,
    /// The organization's access tokens, without their secrets.
    ReadOrganizationTokens,
    /// Making and ending them.
    ChangeOrganizationTokens,
    /// Badges of Docker Hub namespaces, which hold for all.
    ReadPublishers,
    /// Giving and taking badges.
    ChangePublishers,
    /// Making an organization, and saying who else than its owners makes members.
    ChangeOrganizations,
    /// Saying what is kept of decisions, and for how long.
    ChangeKeeping,
    /// Making members without their consent: accounts that did not accept an invitation.
    AddAccounts,
    /// Passwords and ends of other people's accounts and tokens.
    ChangeAccounts,
    /// Acts and sign-ins that belong to no organization.
    ReadService,
    /// One's own account, memberships, machines, requests and decisions.
    ReadOwn,
    /// Requests in one's own name.
    Ask,
    /// Answers to invitations.
    AnswerInvitations,
    /// One's own password, access tokens and sign-ins with a browser.
    ChangeOwn,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is done.
    pub deed: Deed,
    /// Where.
    pub place: Place,
    /// What it takes.
    pub needs: Needs,
    /// Who may: owner, admin, auditor, member, organization token.
    may: [bool; 5],
    /// In words, behind "may" and "may not".
    pub words: &'static str,
}

const Y: bool = true;
const N: bool = false;

const fn row(deed: Deed, place: Place, needs: Needs, may: [bool; 5], words: &'static str) -> Row {
    Row { deed, place, needs, may, words }
}

/// The table.
#[rustfmt::skip]
pub const TABLE: [Row; 28] = [
    //                                                                        owner admin auditor member token
    row(Deed::ReadPolicy,               Place::Organization, Needs::Read,     [Y,   Y,    Y,      Y,     Y], "see the policy and its lists"),
    row(Deed::PreviewPolicy,            Place::Organization, Needs::Read,     [Y,   Y,    N,      N,     Y], "see what a change of the policy would do"),
    row(Deed::ChangePolicy,             Place::Organization, Needs::Write,    [Y,   Y,    N,      N,     Y], "change the policy and its registries"),
    row(Deed::ChangeLists,              Place::Organization, Needs::Write,    [Y,   Y,    N,      N,     Y], "change the allowlist and the denylist"),
    row(Deed::ReadRequests,             Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     Y], "see everybody's requests"),
    row(Deed::AnswerRequests,           Place::Organization, Needs::Write,    [Y,   Y,    N,      N,     Y], "answer requests"),
    row(Deed::ReadMembers,              Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     Y], "see members, teams and invitations"),
    row(Deed::ChangeTeams,              Place::Organization, Needs::Write,    [Y,   Y,    N,      N,     N], "change teams and who is in them"),
    row(Deed::ChangeMembers,            Place::Organization, Needs::Write,    [Y,   N,    N,      N,     N], "invite and remove members and change their roles"),
    row(Deed::ChangeNamespaces,         Place::Organization, Needs::Write,    [Y,   N,    N,      N,     N], "say which Docker Hub namespaces it owns"),
    row(Deed::AddNamespaces,            Place::Service,      Needs::Write,    [Y,   N,    N,      N,     N], "add a Docker Hub namespace, whose images count as its own under all policies"),
    row(Deed::ReadActivity,             Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     Y], "see everybody's decisions"),
    row(Deed::ChangeKeeping,            Place::Organization, Needs::Write,    [Y,   N,    N,      N,     N], "say what is kept of decisions, and for how long"),
    row(Deed::ReadMachines,             Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     Y], "see everybody's machines"),
    row(Deed::ReadAudit,                Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     Y], "see what was administered"),
    row(Deed::ReadSignIns,              Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     Y], "see everybody's sign-ins"),
    row(Deed::ReadOrganizationTokens,   Place::Organization, Needs::Read,     [Y,   Y,    Y,      N,     N], "see its access tokens, without their secrets"),
    row(Deed::ChangeOrganizationTokens, Place::Organization, Needs::Write,    [Y,   N,    N,      N,     N], "make and end its access tokens"),
    row(Deed::ReadPublishers,           Place::Anywhere,     Needs::Read,     [Y,   Y,    Y,      Y,     Y], "see the publishers' badges"),
    row(Deed::ChangePublishers,         Place::Service,      Needs::Write,    [Y,   N,    N,      N,     N], "give and take publishers' badges, which hold for all organizations"),
    row(Deed::ChangeOrganizations,      Place::Service,      Needs::Write,    [Y,   N,    N,      N,     N], "make organizations and say who else makes their members"),
    row(Deed::AddAccounts,              Place::Service,      Needs::Write,    [Y,   N,    N,      N,     N], "make somebody a member who was not asked"),
    row(Deed::ChangeAccounts,           Place::Service,      Needs::Person,   [N,   N,    N,      N,     N], "change other people's accounts and tokens"),
    row(Deed::ReadService,              Place::Service,      Needs::Read,     [Y,   N,    Y,      N,     N], "see acts and sign-ins that belong to no organization"),
    row(Deed::ReadOwn,                  Place::Own,          Needs::Read,     [Y,   Y,    Y,      Y,     Y], "see their own account, machines, requests and decisions"),
    row(Deed::Ask,                      Place::Own,          Needs::Ask,      [Y,   Y,    Y,      Y,     N], "ask for images"),
    row(Deed::AnswerInvitations,        Place::Own,          Needs::Write,    [Y,   Y,    Y,      Y,     N], "answer invitations"),
    row(Deed::ChangeOwn,                Place::Own,          Needs::Person,   [Y,   Y,    Y,      Y,     N], "change their own password and tokens"),
];

impl Deed {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // A test holds that each deed has one; a deed without would be nobody's.
        TABLE.iter().find(|row| row.deed == self).unwrap_or(&NOBODYS)
    }
}

static NOBODYS: Row = row(Deed::ChangeAccounts, Place::Service, Needs::Person, [N; 5], "do that");

impl Row {
    /// Whether somebody of this standing may do it. What the credential is good for is another question
    /// ([`Row::needs`]).
    #[must_use]
    pub fn allows(&self, standing: Standing) -> bool {
        let [owner, admin, auditor, member, token] = self.may;
        match standing {
            Standing::Local => true,
            Standing::Member(Role::Owner) => owner,
            Standing::Member(Role::Admin) => admin,
            Standing::Member(Role::Auditor) => auditor,
            Standing::Member(Role::Member) => member,
            Standing::OrganizationToken => token,
            // Somebody's own account needs no organization.
            Standing::Stranger => self.place == Place::Own && member,
        }
    }

    /// As whom somebody asks in the whole service who has these roles, one in each organization: each of them has to do,
    /// so as the first that does not. Roles have no order for this: an auditor sees what an admin does not.
    #[must_use]
    pub fn in_all(&self, roles: &[Role]) -> Standing {
        let standings = || roles.iter().map(|role| Standing::Member(*role));
        standings().find(|one| !self.allows(*one)).or_else(|| standings().next()).unwrap_or(Standing::Stranger)
    }

    /// Who may, for a sentence that ends in "may"; empty: nobody but the administrator of the service's machine.
    #[must_use]
    pub fn who(&self) -> String {
        let [owner, admin, auditor, member, _] = self.may;
        let all = [(owner, "owners"), (admin, "admins"), (auditor, "auditors"), (member, "members")];
        let words: Vec<&str> = all.into_iter().filter(|(may, _)| *may).map(|(_, word)| word).collect();
        match words.as_slice() {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [some @ .., last] => format!("{} and {last}", some.join(", ")),
        }
    }
}

/// The table for the reference page, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "| may | where | owner | admin | auditor | member | organization token | credential |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in &TABLE {
        let place = match row.place {
            Place::Organization => "the organization",
            Place::Service => "every organization",
            Place::Anywhere => "any organization",
            Place::Own => "their own",
        };
        let needs = match row.needs.scopes() {
            [] => "a person".to_owned(),
            scopes => scopes.iter().map(|scope| format!("`{}`", word(*scope))).collect::<Vec<_>>().join(" or "),
        };
        let cells = row.may.map(|may| if may { "yes" } else { "–" }).join(" | ");
        page.push_str(&format!("| {} | {place} | {cells} | {needs} |\n", row.words));
    }
    page
}
