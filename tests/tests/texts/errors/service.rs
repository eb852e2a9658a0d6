//! What the policy service says to people, and why it does not start or change anything.

use std::time::Duration;

use policy::{PatternError, RefError};
use proto::{key_chain::KeyChainError, sealed::SealError};
use service::{
    acts::ActError,
    browser::BrowserError,
    data_dir::DataDirError,
    identity::{
        HubError, SignInError,
        oidc::{IdTokenError, OidcError, ProviderError, UnavailableError},
    },
    key_ring::KeyRingError,
    model::{Origin, TokenScope},
    names::Name,
    outgoing::{OutgoingError, RootsError, UrlError},
    publish::CompileError,
    signing_key::SigningKeyError,
    store::StoreError,
};
use tokio_rustls::rustls;

use super::{denied, full, not_json};
use crate::samples::Samples;

const DIR: &str = "/var/lib/pullgate-service";
const DATABASE: &str = "/var/lib/pullgate-service/pullgate.db";
const SERVER: &str = "pullgate at db.example:5432";
const KEY: &str = "/var/lib/pullgate-service/signing.key";
const OIDC: &str = "/etc/pullgate/oidc.json";
const SHORT: Duration = Duration::from_secs(30);

pub fn samples() -> Vec<Samples> {
    [people(), provider(), requests(), super::acts::samples(), start(), database()].into_iter().flatten().collect()
}

fn people() -> Vec<Samples> {
    vec![
        samples!(service::identity::SignInError:
            Wrong,
            WrongHere("people of the identity provider sign in with `pullgate login`"),
            Expired,
            Scope(TokenScope::SignIn),
            Origin { user: "dana".into(), origin: Origin::Oidc },
            NotMember("`dana` belongs to no organization here; ask an owner to add you".into()),
            Unfit(HubError::TwoFactor.to_string()),
            Code(HubError::Code.to_string()),
            Realm,
            Limited(SHORT),
            Later(HubError::Limited(SHORT).to_string(), SHORT),
            Busy,
            Unavailable(HubError::Slow.to_string()),
            Store(StoreError::Busy),
            Internal("argon2 failed: out of memory".into()),
        ),
        samples!(service::own_password::OwnPasswordError:
            Act(ActError::NoPassword { user: "dana".into(), origin: Origin::Oidc }),
            Wrong,
            Token,
            Unchecked(SignInError::Limited(SHORT)),
            Browser(BrowserError::Ended),
        ),
        samples!(service::identity::HubError:
            Wrong,
            TwoFactor,
            Code,
            OrganizationToken,
            Scope,
            Name,
            Limited(SHORT),
            Busy,
            Call(OutgoingError::Slow { host: "hub.docker.com".into(), after: SHORT }),
            Slow,
            Strange { address: "https://hub.docker.com/v2/auth/token".into(), what: "it answers 500".into() },
        ),
        samples!(service::identity::TokenError:
            Encoding,
            Seal(SealError::Expired { expires_at: 1_795_600_000, now: 1_795_691_045 }),
        ),
        samples!(service::identity::LoginError:
            Limited(SHORT),
            Oidc(OidcError::Expired),
            SignIn(SignInError::Busy),
        ),
        samples!(service::identity::HasherError: Busy, Hash("out of memory".into())),
        samples!(service::sessions::SessionError:
            Ended,
            Expired,
            Compile(CompileError::Refused("the document's user holds control characters".into())),
            Store(StoreError::Busy),
        ),
        Samples::one("service::names::NameError", &"Acme Inc".parse::<Name>().expect_err("no name")),
    ]
}

fn provider() -> Vec<Samples> {
    vec![
        samples!(service::identity::oidc::OidcError:
            Foreign,
            Expired,
            Denied,
            Busy,
            Unavailable(UnavailableError::NoDeviceFlow),
            IdToken(IdTokenError::OtherClient),
        ),
        samples!(service::identity::oidc::UnavailableError:
            Provider(ProviderError::Pause("https://login.acme.example".into())),
            NoDeviceFlow,
            NoConsole,
            Refused("unauthorized_client".into()),
            Call("it did not answer within 10 s".into()),
            NoIdToken;
            unmade: NoTokens, Random
        ),
        samples!(service::identity::oidc::ProviderError:
            Pause("https://login.acme.example".into());
            unmade: Discovery
        ),
        samples!(service::identity::oidc::IdTokenError:
            OtherClient,
            Claim("preferred_username".into());
            unmade: Verify
        ),
        samples!(service::identity::oidc::OidcSetupError:
            Roots(RootsError::Read { path: "/etc/ssl/acme.pem".into(), source: denied() }),
            Issuer { issuer: "login".into(), why: "relative URL without a base".into() },
        ),
        samples!(service::identity::oidc::SettingsError:
            Read { path: OIDC.into(), source: denied() },
            NotAFile(OIDC.into()),
            Open { path: OIDC.into(), what: "others may write it", owner: 0, mode: 0o666, right: "0644" },
            TooLong(OIDC.into()),
            Json { path: OIDC.into(), source: not_json("{") },
            Console { path: OIDC.into() },
            Issuer { path: OIDC.into(), source: UrlError::Insecure("http://login.acme.example".into()) },
            Empty { path: OIDC.into(), key: "clientId", hint: "the identity provider shows it" },
            Secret("/etc/pullgate/oidc.secret".into()),
        ),
        samples!(service::hub_search::SearchError:
            Running,
            Roots(RootsError::Damaged { path: "/etc/pullgate/hub-ca.pem".into(), why: "it is empty".into() }),
            Call(OutgoingError::Slow { host: "hub.docker.com".into(), after: SHORT }),
            Limited(SHORT),
            Slow(SHORT),
            Strange { address: "https://hub.docker.com/api/search/v4".into(), what: "the status is 503".into() },
        ),
        samples!(service::outgoing::OutgoingError:
            Url(UrlError::Damaged("hub".into())),
            Connect { host: "hub.docker.com".into(), why: "invalid peer certificate: UnknownIssuer".into() },
            Call { host: "hub.docker.com".into(), why: "connection reset".into() },
            Slow { host: "hub.docker.com".into(), after: SHORT },
            TooLarge { host: "hub.docker.com".into() },
            Redirect { host: "hub.docker.com".into() },
        ),
        samples!(service::outgoing::UrlError:
            Damaged("hub".into()),
            Scheme("ftp://hub.docker.com".into()),
            Insecure("http://hub.docker.com".into()),
        ),
        samples!(service::outgoing::RootsError:
            Read { path: "/etc/ssl/acme.pem".into(), source: denied() },
            Damaged { path: "/etc/ssl/acme.pem".into(), why: "it is empty".into() },
            Tls(rustls::Error::General("no".into())),
        ),
    ]
}

fn requests() -> Vec<Samples> {
    vec![
        samples!(service::access::AccessError:
            Image { image: "Evil/miner".into(), source: RefError::Uppercase },
            Nowhere("scratch".into()),
            NoReason,
            TooLong { length: 612, most: 500 },
            Decision("01J9".into()),
            NotAPerson("acme:ci".into()),
            NoOrganization("dana".into()),
            TooManyADay,
            TooManyPending,
            NoSuch("01J9ZX3M5Y8Q2W4E6R7T9Y1U3I".into()),
            Decided { id: "01J9ZX3M5Y8Q2W4E6R7T9Y1U3I".into(), state: "approved".into() },
            NotAMember { user: "dana".into(), organization: "acme".into() },
            NotInTeam { user: "dana".into(), team: "web".into() },
            Pattern { pattern: "a//b".into(), source: PatternError::EmptyPart },
            Denied {
                image: "docker.io/evil/miner:latest".into(),
                organization: "acme".into(),
                rule: "01J9ZX3M5Y8Q2W4E6R7T9Y1U3I".into(),
                pattern: "evil/*".into()
            },
            StillRefused { image: "docker.io/evil/miner:latest".into(), reason: "category" },
            Policy {
                organization: "acme".into(),
                source: CompileError::TooLarge { size: 5_000_000, limit: 4_194_304 }
            },
            Actor(Box::new(service::acts::ActError::SignedOut)),
            Store(StoreError::Busy),
            System("no random bytes".into()),
        ),
        samples!(service::publish::PublishError:
            Store(StoreError::Full),
            Directory(CompileError::TooLarge { size: 5_000_000, limit: 4_194_304 }),
            Keys(KeyRingError::NotInChain("1f0c8a5e33d0b7c2".into())),
        ),
        samples!(service::key_ring::KeyRingError:
            File(SigningKeyError::Missing(KEY.into())),
            AnotherKey { signs: "1f0c8a5e33d0b7c2".into(), own: "9ab2441f00c7d1e8".into() },
            Chain(KeyChainError::Gap { after: 1, found: 3 }),
            NotInChain("1f0c8a5e33d0b7c2".into()),
            Store(StoreError::Full),
        ),
        samples!(service::key_rotation::RotationError:
            NothingSigned,
            OldStillTrusted("1f0c8a5e33d0b7c2".into()),
            NoFile { id: "9ab2441f00c7d1e8".into() },
            TooMany(32),
            NothingToRetire,
            NotSigningYet("9ab2441f00c7d1e8".into()),
            Ring(KeyRingError::NotInChain("1f0c8a5e33d0b7c2".into())),
            Store(StoreError::Full),
        ),
        samples!(service::publish::CompileError:
            Refused("rule `base-images` cannot be used".into()),
            TooLarge { size: 5_000_000, limit: 4_194_304 },
        ),
    ]
}

fn start() -> Vec<Samples> {
    vec![
        samples!(service::data_dir::DataDirError:
            Io { path: DIR.into(), source: denied() },
            Missing(DIR.into()),
            NotADirectory(DIR.into()),
            Foreign { path: DIR.into(), owner: 990, uid: 1000 },
            Become { path: DIR.into(), owner: 990, source: denied() },
            Open { path: DIR.into(), mode: 0o755 },
            Write { path: KEY.into(), source: full() },
        ),
        samples!(service::signing_key::SigningKeyError:
            Read { path: KEY.into(), source: denied() },
            Open { path: KEY.into(), mode: 0o644 },
            NotOurs(KEY.into()),
            Damaged { path: KEY.into(), size: 31 },
            Missing(KEY.into()),
            Store(DataDirError::Write { path: KEY.into(), source: full() });
            unmade: Random
        ),
        samples!(service::tls::TlsError:
            Read { path: "/etc/ssl/gate.pem".into(), source: denied() },
            Pem { path: "/etc/ssl/gate.pem".into(), what: "certificate" },
            Unusable(rustls::Error::General("the key is of another certificate".into())),
            Name("no name".into()),
            Make(rcgen::Error::CouldNotParseKeyPair),
            Store(DataDirError::Write { path: KEY.into(), source: full() }),
            Open { path: "/var/lib/pullgate-service/ca.key".into(), mode: 0o644 },
        ),
    ]
}

fn database() -> Vec<Samples> {
    vec![
        samples!(service::backup::BackupError:
            Exists("/var/backups/pullgate".into()),
            Write(full()),
            Read(denied()),
            NoKey { key: "signing.key".into(), source: denied() },
            Foreign,
            Newer { theirs: 41, own: 30, version: "2.0.0".into() },
            Damaged(812),
            NotEmpty,
            OtherSchema { theirs: 30, own: 23 },
            OtherKey(KEY.into()),
            Key(DataDirError::Write { path: KEY.into(), source: full() }),
            Store(StoreError::Busy),
        ),
        samples!(service::database::DatabaseError:
            Password,
            NoUrl("`PULLGATE_DATABASE`".into()),
            Read { path: "/etc/pullgate/database".into(), source: denied() },
            Open { path: "/etc/pullgate/database".into(), mode: 0o644 },
        ),
        samples!(service::health::NotReady: Stopping, Database, Publishing),
        samples!(service::store::StoreError:
            Missing(DATABASE.into()),
            Empty(SERVER.into()),
            Url(Box::new(denied().into())),
            Encoding { place: SERVER.into(), encoding: "SQL_ASCII".into() },
            Newer { place: DATABASE.into(), version: 12 },
            Altered { place: DATABASE.into(), version: 7 },
            Open { place: DATABASE.into(), source: Box::new(denied().into()) },
            Lock { path: DATABASE.into(), source: denied() },
            Busy,
            Silent,
            Unreachable(Box::new(denied().into())),
            Full,
            Disk,
            ReadOnly,
            Denied(Box::new(denied().into())),
            Damaged,
            Unknown { what: "a role", value: "king".into() },
            Database(Box::new(denied().into()));
            unmade: Migrate
        ),
    ]
}
