//! Files of the administrator, documents, and what keeps a process in its place.

use policy::{HostPatternError, PatternError};
use proto::{
    convert::ConvertError,
    key_chain::KeyChainError,
    keys::{KeyError, SigningKey},
    sealed::SealError,
    sync::Kind,
    trusted_file::FileError,
};

use super::{denied, full, not_json};
use crate::samples::Samples;

const ENROLLMENT: &str = "/etc/pullgate/enrollment.json";
const REGISTRY_JSON: &str = "/usr/share/docker-desktop/registry/registry.json";
const EGRESS: &str = "/run/pullgate/egress.json";

fn untrusted(path: &str) -> FileError {
    FileError::Untrusted { path: path.into(), why: "it is writable by others (mode 0666)".into() }
}

pub fn samples() -> Vec<Samples> {
    [files(), documents(), rest()].into_iter().flatten().collect()
}

fn files() -> Vec<Samples> {
    vec![
        samples!(proto::trusted_file::FileError:
            Missing(ENROLLMENT.into()),
            Read { path: ENROLLMENT.into(), source: denied() },
            Untrusted { path: ENROLLMENT.into(), why: "it is writable by others (mode 0666)".into() },
            TooLarge(ENROLLMENT.into()),
        ),
        samples!(proto::enrollment::EnrollmentError:
            Missing(ENROLLMENT.into()),
            File(untrusted(ENROLLMENT)),
            File(FileError::TooLarge(ENROLLMENT.into())),
            File(FileError::Read { path: ENROLLMENT.into(), source: denied() }),
            Parse { path: ENROLLMENT.into(), source: not_json("{") },
            Value { path: ENROLLMENT.into(), why: "`service` is empty".into() },
            Key { path: ENROLLMENT.into(), source: KeyError::Encoding },
        ),
        samples!(proto::registry_json::RegistryJsonError:
            File(untrusted(REGISTRY_JSON)),
            Invalid { path: REGISTRY_JSON.into(), why: "it has no `allowedOrgs`".into() },
        ),
        samples!(proto::egress::EgressError:
            Missing(EGRESS.into()),
            File(untrusted(EGRESS)),
            Parse { path: EGRESS.into(), source: not_json("{") },
            NotAbsolute { path: EGRESS.into(), cgroup: "system.slice".into() },
            NoGroup {
                cgroup: "/sys/fs/cgroup/system.slice/docker.service".into(),
                source: std::io::ErrorKind::NotFound.into()
            },
            OtherGroup { cgroup: "/sys/fs/cgroup/system.slice/docker.service".into(), found: 4711, loaded: 815 },
            Unkept,
            Write { path: EGRESS.into(), source: full() },
        ),
    ]
}

fn documents() -> Vec<Samples> {
    let keyid = SigningKey::from_seed(&[7; 32]).id().clone();
    vec![
        samples!(proto::keys::KeyError: Encoding, NotAKey),
        samples!(proto::sealed::SealError:
            TooLarge { size: 5_000_000, limit: 4_194_304 },
            Damaged("the envelope"),
            WrongType { found: "application/json".into(), expected: "application/vnd.pullgate.policy.v1" },
            UnknownKey { keyids: keyid.to_string() },
            EndedKey { keyid: keyid.to_string() },
            Forged { keyid: keyid.clone() },
            ForeignAudience { found: "machine:1000".into(), expected: "machine:2000".into() },
            NotYetValid { issued_at: 1_795_691_045, now: 1_795_600_000 },
            Expired { expires_at: 1_795_600_000, now: 1_795_691_045 },
            BadHeader("it has no audience"),
        ),
        samples!(proto::key_chain::KeyChainError:
            TooMany(33),
            Gap { after: 1, found: 3 },
            Forked(1),
            Sealed { number: 2, source: SealError::UnknownKey { keyids: keyid.to_string() } },
            Keys(2),
        ),
        samples!(proto::convert::ConvertError:
            Missing("mode"),
            UnknownValue { field: "mode", value: 9 },
            TooMany { what: "rules", found: 20_001, limit: 20_000 },
            BadName("organization"),
            BadText("contact"),
            Rule { id: "base-images".into(), source: PatternError::Empty },
            Setting { setting: "push", source: PatternError::Everything },
            Registry(HostPatternError("no host".into())),
        ),
        samples!(proto::documents::DocumentError:
            Sealed { kind: Kind::Policy, source: SealError::UnknownKey { keyids: keyid.to_string() } },
            Convert {
                kind: Kind::Policy,
                subject: "acme".into(),
                source: ConvertError::UnknownValue { field: "mode", value: 9 }
            },
            Keys(KeyChainError::Forked(1)),
            UnknownType("application/vnd.pullgate.letter.v1".into()),
            MissingDirectory("acme".into()),
        ),
        samples!(proto::jws::JwsError: Foreign, Forged),
    ]
}

fn rest() -> Vec<Samples> {
    vec![samples!(proto::sandbox::Fault: NoLandlock; unmade: OldLandlock, Files, Place, Calls)]
}
