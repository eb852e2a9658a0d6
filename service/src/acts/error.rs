//! Why nothing was done or shown.

use policy::{HostPatternError, PatternError};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Field, LAST_END};
use crate::{
    hub_search::SearchError,
    identity::HasherError,
    model::{Origin, Role, TokenScope, word},
    publish::CompileError,
    roles::{Deed, Standing},
    store::StoreError,
    validity::span,
};

/// Why nothing was done or shown. The texts are everybody's; a door adds what to do next there.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The account or a credential of it ended since the sign-in.
    #[error("the account or its credentials changed since the sign-in; sign in again")]
    SignedOut,
    /// Their role does not have it.
    #[error("{}", forbidden(*standing, *deed, organization))]
    Forbidden {
        /// As whom they asked.
        standing: Standing,
        /// What they wanted.
        deed: Deed,
        /// Where; empty: in the whole service.
        organization: String,
    },
    /// The token is not made for it.
    #[error("the access token lacks the scope `{}`; make one with it", word(*.0))]
    Scope(TokenScope),
    /// No token does it.
    #[error("an access token cannot {}; sign in with a password", .0.row().words)]
    NotByToken(Deed),
    /// No token gives it.
    #[error("an access token makes nobody {}; sign in with a password", with_article(*.0))]
    RoleByToken(Role),
    /// A token makes none that is good for more.
    #[error(
        "an access token without the scope `{}` makes none with it; sign in with a password, or with a token that has it",
        word(*.0)
    )]
    WiderToken(TokenScope),
    /// Nor one that lasts longer.
    #[error(
        "an access token makes none that outlives it, and this one ends at {}; say an end that is not later, or sign in \
         with a password",
        moment(*ends)
    )]
    LongerToken {
        /// When it ends itself, seconds since the Unix epoch.
        ends: i64,
    },
    /// The command line, or an organization's own token: it is nobody's account.
    #[error("this is done as oneself, and who asks is no person: sign in with an account")]
    NoPerson,
    /// It changed meanwhile.
    #[error("it was changed meanwhile; look at it again")]
    Changed,
    /// It was to be changed, not made.
    #[error("it is not there, and was to be changed only if it is")]
    NotThere,

    /// No such organization, or none of theirs.
    #[error("there is no organization `{0}`")]
    NoOrganization(String),
    /// The name is taken.
    #[error("there is an organization `{0}` already")]
    OrganizationExists(String),
    /// The namespace is another organization's.
    #[error("the namespace `{namespace}` belongs to the organization `{owner}`; a namespace has one owner")]
    NamespaceOwned {
        /// The namespace.
        namespace: String,
        /// Whose.
        owner: String,
    },
    /// They own one organization of several.
    #[error(
        "images of `{namespace}` would count as `{organization}`'s own under the policies of the other organizations too, so \
         only who owns every organization here adds it; ask them, or who runs this service for \
         `organization namespace add {organization} {namespace}`"
    )]
    NamespaceOfAll {
        /// The namespace.
        namespace: String,
        /// To which it was to be given.
        organization: String,
    },
    /// Docker's own.
    #[error("`library` holds Docker's official images; no organization owns it")]
    NamespaceOfficial,
    /// It owns no such namespace.
    #[error("`{organization}` does not own the namespace `{namespace}`")]
    NoNamespace {
        /// The organization.
        organization: String,
        /// The namespace.
        namespace: String,
    },
    /// It is as wanted.
    #[error("`{organization}` is linked to `{hub}` already")]
    LinkedAlready {
        /// The organization.
        organization: String,
        /// Of Docker Hub.
        hub: String,
    },
    /// It is as wanted.
    #[error("`{0}` is linked to no organization of Docker Hub")]
    NotLinked(String),
    /// One of Docker Hub makes members of one here.
    #[error("`{hub}` of Docker Hub is linked to the organization `{organization}`")]
    LinkedElsewhere {
        /// Of Docker Hub.
        hub: String,
        /// The other one here.
        organization: String,
    },
    /// It is as wanted.
    #[error("groups of the identity provider make {} `{organization}`{}", if *.on { "members of" } else { "no members of" }, if *.on { " already" } else { "" })]
    GroupsAlready {
        /// The organization.
        organization: String,
        /// Whether they make members.
        on: bool,
    },

    /// No such account.
    #[error("there is no account `{0}`")]
    NoAccount(String),
    /// Nobody of that name, and nothing said how they sign in.
    #[error("the account `{0}` is new")]
    NewAccount(String),
    /// There is one already.
    #[error("there is an account `{0}` already")]
    AccountExists(String),
    /// Somebody else knows its password.
    #[error("`{user}` is an account of {origin}, and has no password here")]
    NoPassword {
        /// Whose.
        user: String,
        /// Who knows it.
        origin: Origin,
    },
    /// An account has one origin.
    #[error("`{user}` is an account of {origin}")]
    OtherOrigin {
        /// Whose.
        user: String,
        /// Where from.
        origin: Origin,
    },
    /// Not a member.
    #[error("`{user}` is not a member of `{organization}`")]
    NotAMember {
        /// Who.
        user: String,
        /// Of what.
        organization: String,
    },
    /// Nobody is made a member without being asked.
    #[error("`{user}` is not a member of `{organization}`; invite them")]
    NotAsked {
        /// Who.
        user: String,
        /// Of what.
        organization: String,
    },
    /// They are one already.
    #[error("`{user}` is a member of `{organization}` already")]
    MemberAlready {
        /// Who.
        user: String,
        /// Of what.
        organization: String,
    },
    /// No invitation of that id or link, not theirs, or past its end.
    #[error("there is no such invitation, or it ended")]
    NoInvitation,
    /// Whoever invited may not any more.
    #[error(
        "`{inviter}`, who invited you, invites nobody to `{organization}` any more; ask one of its owners for another invitation"
    )]
    NoInviter {
        /// Who invited.
        inviter: String,
        /// To what.
        organization: String,
    },
    /// No such team.
    #[error("`{organization}` has no team `{team}`")]
    NoTeam {
        /// Whose.
        organization: String,
        /// Its name.
        team: String,
    },
    /// Nobody comes into a team that is not there.
    #[error("`{organization}` has no team `{team}`; make it first")]
    UnknownTeam {
        /// Whose.
        organization: String,
        /// Its name.
        team: String,
    },
    /// The name is taken.
    #[error("`{organization}` has a team `{team}` already")]
    TeamExists {
        /// Whose.
        organization: String,
        /// Its name.
        team: String,
    },
    /// Nobody could give anybody a role any more.
    #[error("`{user}` is the last owner of `{organization}`; make somebody else an owner first")]
    LastOwner {
        /// Who.
        user: String,
        /// Of what.
        organization: String,
    },
    /// More than a session holds.
    #[error("`{user}` cannot belong to more organizations and teams")]
    TooManyMemberships {
        /// Who.
        user: String,
        /// Why.
        source: CompileError,
    },

    /// Machines would not use it.
    #[error("the policy of `{organization}` cannot be changed so")]
    Policy {
        /// Whose.
        organization: String,
        /// Why.
        source: CompileError,
    },
    /// It takes something from more than a tenth of the active people, and not that number was confirmed.
    #[error("{}", unconfirmed(*losing, *active, *said, organization, examples))]
    Unconfirmed {
        /// Whose policy.
        organization: String,
        /// How many people.
        losing: usize,
        /// Of how many of whom a decision is recorded.
        active: usize,
        /// What was confirmed; none: nothing.
        said: Option<usize>,
        /// Images that most of them would lose; may be empty.
        examples: Vec<String>,
    },
    /// It takes something from more than a tenth of Docker Hub's namespaces, and not that number was confirmed.
    #[error("{}", unconfirmed_publishers(*losing, *known, *said, examples))]
    UnconfirmedPublishers {
        /// How many namespaces.
        losing: usize,
        /// Of how many that the directory has from Docker Hub.
        known: usize,
        /// What was confirmed; none: nothing.
        said: Option<usize>,
        /// Some of them.
        examples: Vec<String>,
    },
    /// Docker Hub does not say which namespaces have a badge.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// Machines would not use it.
    #[error("the directory of publishers cannot be changed so")]
    Directory(#[source] CompileError),
    /// A text that is not taken.
    #[error(transparent)]
    Text(#[from] super::text::TextError),
    /// Not a pattern of a rule.
    #[error("`{pattern}` is no pattern")]
    Pattern {
        /// Where it stands.
        field: Field,
        /// As it was given.
        pattern: String,
        /// Why.
        source: PatternError,
    },
    /// Not a registry.
    #[error(transparent)]
    Registry(#[from] HostPatternError),
    /// Not one of the list.
    #[error("`{host}` is no registry of `{organization}`'s list")]
    NoRegistry {
        /// Whose.
        organization: String,
        /// As it was given.
        host: String,
    },
    /// Longer fresh than valid.
    #[error("a session cannot be fresh for {} and valid for {}", span(*fresh), span(*valid))]
    SessionTimes {
        /// Seconds.
        fresh: i64,
        /// Seconds.
        valid: i64,
    },
    /// Nothing of the list is meant.
    #[error("the {list} of `{organization}` has no rule `{rule}`")]
    NoRule {
        /// Which list.
        list: &'static str,
        /// Whose.
        organization: String,
        /// Id or pattern.
        rule: String,
    },
    /// Docker's own.
    #[error("`library` holds Docker's official images; it needs no badge")]
    BadgeOfficial,
    /// Nothing to take.
    #[error("`{0}` has no badge")]
    NoBadge(String),

    /// A password that is not taken.
    #[error("the password {0}")]
    Password(&'static str),
    /// A token that ends before it begins.
    #[error("the time is in the past")]
    Past,
    /// One that ends after all that can be written.
    #[error(
        "{0} is later than {LAST_END}, which is 9999-12-31T23:59:59Z; send seconds since the Unix epoch, not milliseconds"
    )]
    TooLate(i64),
    /// No token of that id, or not theirs.
    #[error("there is no such token")]
    NoToken,
    /// No sign-in of that id, or not theirs.
    #[error("no such browser is signed in with this account")]
    NoBrowser,
    /// It is an organization's.
    #[error("this token belongs to the organization `{organization}`")]
    TokenOfOrganization {
        /// The organization.
        organization: String,
        /// The token.
        id: String,
    },
    /// Docker Hub is asked each time.
    #[error(
        "`{0}` is an account of Docker Hub, which is asked at each sign-in: a token of this service would outlive a \
         membership there; for a machine that is nobody's make an `organization token`"
    )]
    TokenOfDockerHub(String),
    /// Who leaves at the provider keeps it until it ends.
    #[error(
        "`{user}` is an account of the identity provider, and who leaves there keeps a token until it ends: let it end \
         within {days} days, or make an `organization token` for a machine that is nobody's"
    )]
    TokenOfProvider {
        /// The account.
        user: String,
        /// The longest time.
        days: i64,
    },
    /// Too many.
    #[error("`{owner}` has {most} {what} already")]
    TooMany {
        /// Whose.
        owner: String,
        /// How many.
        most: usize,
        /// Of what.
        what: &'static str,
    },
    /// The name is taken.
    #[error("`{organization}` has a token `{name}` already")]
    TokenExists {
        /// Whose.
        organization: String,
        /// Its name.
        name: String,
    },

    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Hashing a new secret.
    #[error(transparent)]
    Hasher(#[from] HasherError),
    /// This process ends.
    #[error("the service is stopping, and nothing was changed; try again in a moment")]
    Stopping,
    /// The system does not do its part.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

/// Behind what many of them lose, and behind what is too much.
fn examples_and_said(examples: &[String], said: Option<usize>) -> (String, String) {
    let named: Vec<String> = examples.iter().map(|one| format!("`{one}`")).collect();
    let example = if named.is_empty() { String::new() } else { format!(", for example {}", named.join(", ")) };
    (example, said.map(|said| format!(", and {said} were confirmed")).unwrap_or_default())
}

fn unconfirmed_publishers(losing: usize, known: usize, said: Option<usize>, examples: &[String]) -> String {
    let (example, said) = examples_and_said(examples, said);
    format!(
        "{losing} of the {known} namespaces that the directory has from Docker Hub would lose their badge{example}: \
         more than a tenth{said}"
    )
}

fn unconfirmed(losing: usize, active: usize, said: Option<usize>, organization: &str, examples: &[String]) -> String {
    let (example, said) = examples_and_said(examples, said);
    format!(
        "{losing} of the {active} active people of `{organization}` would be refused something that they \
         used{example}: more than a tenth{said}"
    )
}

fn forbidden(standing: Standing, deed: Deed, organization: &str) -> String {
    let row = deed.row();
    let place = if organization.is_empty() { String::new() } else { format!(" of `{organization}`") };
    let who = row.who();
    let every = if row.place == crate::roles::Place::Service { " of every organization here" } else { "" };
    let may = match who.as_str() {
        "" => "only the administrator of this service may, on its machine".to_owned(),
        who => format!("{who}{every} may"),
    };
    match standing {
        Standing::Member(role) => format!("{}{place} may not {}; {may}", with_article(role), row.words),
        Standing::OrganizationToken => format!("an access token{place} may not {}; {may}", row.words),
        Standing::Stranger | Standing::Local => format!("you may not {}; {may}", row.words),
    }
}

fn moment(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

fn with_article(role: Role) -> String {
    let role = word(role);
    format!("{} {role}", if role.starts_with(['a', 'o']) { "an" } else { "a" })
}
