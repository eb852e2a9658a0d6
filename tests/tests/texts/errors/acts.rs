//! What the policy service says to whoever administers it, by whichever door.

use policy::{HostPatternError, PatternError};
use service::{
    acts::{Field, TextError},
    hub_search::SearchError,
    identity::HasherError,
    model::{Origin, Role, TokenScope},
    publish::CompileError,
    roles::{Deed, Standing},
    store::StoreError,
};

use crate::samples::Samples;

pub fn samples() -> Vec<Samples> {
    let too_large = || CompileError::TooLarge { size: 5_000_000, limit: 4_194_304 };
    let text = || TextError { field: Field("message"), fault: "is too long: at most 500 characters".into() };
    vec![
        samples!(service::acts::ActError:
            SignedOut,
            Forbidden {
                standing: Standing::Member(Role::Auditor),
                deed: Deed::ChangePolicy,
                organization: "acme".into()
            },
            Scope(TokenScope::OrgWrite),
            NotByToken(Deed::ChangeOwn),
            RoleByToken(Role::Owner),
            WiderToken(TokenScope::SignIn),
            LongerToken { ends: 1_800_000_000 },
            NoPerson,
            Changed,
            NotThere,
            NoOrganization("acme".into()),
            OrganizationExists("acme".into()),
            NamespaceOwned { namespace: "acme-tools".into(), owner: "beta".into() },
            NamespaceOfAll { namespace: "acme-tools".into(), organization: "acme".into() },
            NamespaceOfficial,
            NoNamespace { organization: "acme".into(), namespace: "acme-tools".into() },
            LinkedAlready { organization: "acme".into(), hub: "acmehub".into() },
            NotLinked("acme".into()),
            LinkedElsewhere { hub: "acmehub".into(), organization: "beta".into() },
            GroupsAlready { organization: "acme".into(), on: true },
            NoAccount("dana".into()),
            NewAccount("dana".into()),
            AccountExists("dana".into()),
            NoPassword { user: "dana".into(), origin: Origin::Oidc },
            OtherOrigin { user: "dana".into(), origin: Origin::DockerHub },
            NotAMember { user: "dana".into(), organization: "acme".into() },
            NotAsked { user: "dana".into(), organization: "acme".into() },
            MemberAlready { user: "dana".into(), organization: "acme".into() },
            NoInvitation,
            NoInviter { inviter: "olga".into(), organization: "acme".into() },
            NoTeam { organization: "acme".into(), team: "web".into() },
            UnknownTeam { organization: "acme".into(), team: "web".into() },
            TeamExists { organization: "acme".into(), team: "web".into() },
            LastOwner { user: "dana".into(), organization: "acme".into() },
            TooManyMemberships { user: "dana".into(), source: too_large() },
            Policy { organization: "acme".into(), source: too_large() },
            Unconfirmed {
                organization: "acme".into(),
                losing: 14,
                active: 20,
                said: Some(12),
                examples: vec!["docker.io/bitnami/redis:7".into()]
            },
            UnconfirmedPublishers {
                losing: 14,
                known: 110,
                said: Some(12),
                examples: vec!["bitnami".into(), "grafana".into()]
            },
            Search(SearchError::Running),
            Directory(too_large()),
            Text(text()),
            Pattern { field: Field("pattern"), pattern: "a//b".into(), source: PatternError::EmptyPart },
            Registry(HostPatternError("no host".into())),
            NoRegistry { organization: "acme".into(), host: "ghcr.io".into() },
            SessionTimes { fresh: 86_400, valid: 3600 },
            NoRule { list: "allowlist", organization: "acme".into(), rule: "evil/miner".into() },
            BadgeOfficial,
            NoBadge("bitnami".into()),
            Password("is too short: use at least 8 characters"),
            Past,
            TooLate(1_798_675_200_000),
            NoToken,
            NoBrowser,
            TokenOfOrganization { organization: "acme".into(), id: "0011223344556677".into() },
            TokenOfDockerHub("dana".into()),
            TokenOfProvider { user: "dana".into(), days: 30 },
            TooMany { owner: "dana".into(), most: 100, what: "tokens" },
            TokenExists { organization: "acme".into(), name: "ci".into() },
            Store(StoreError::Busy),
            Hasher(HasherError::Busy),
            Stopping,
            Random("no entropy".into()),
        ),
        Samples::one("service::acts::TextError", &text()),
        samples!(service::browser::BrowserError:
            Store(StoreError::Busy),
            Ended;
            unmade: Random
        ),
    ]
}
