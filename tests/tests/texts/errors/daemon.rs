//! What the agent says to who signs in or asks for an image, and why it does not start.

use std::time::Duration;

use daemon::{
    credentials::{Class, Unreadable, store::StoreError},
    plugin_lock::Served,
    service::{AccessCallError, Unusable},
};
use proto::sync::Kind;

use super::{denied, full};
use crate::samples::Samples;

const CONFIG: &str = "/home/dana/.docker/config.json";

pub fn samples() -> Vec<Samples> {
    [people(), service(), machine()].into_iter().flatten().collect()
}

fn unreadable() -> Unreadable {
    Unreadable { class: Class::HelperMissing, detail: "`docker-credential-pass` is not on the `PATH`".into() }
}

fn people() -> Vec<Samples> {
    vec![
        samples!(daemon::login::LoginError:
            NotEnrolled {
                why: "there is no enrollment file `/etc/pullgate/enrollment.json`; this machine is not enrolled".into()
            },
            Variable,
            TokenFile("/run/credentials/token".into()),
            Unusable(Unusable::NotAUrl("gate".into())),
            NoProvider { host: "gate.example:8443".into() },
            Refused("the sign-in was refused at the identity provider".into()),
            TooLate,
            Unavailable("the policy service `https://gate.example:8443` cannot be reached: connection refused".into()),
            Answer("it has no code"),
            Store(StoreError::Write { path: CONFIG.into(), source: full() }),
            Cancelled,
            System("there is no home directory; give --config-dir".into()),
        ),
        samples!(daemon::credentials::store::StoreError:
            Unreadable { path: CONFIG.into(), why: unreadable() },
            Write { path: CONFIG.into(), source: full() },
            ReadsBack("nobody".into()),
        ),
        Samples::one("daemon::credentials::Unreadable", &unreadable()),
        samples!(daemon::request_access::RequestError:
            NotEnrolled {
                why: "there is no enrollment file `/etc/pullgate/enrollment.json`; this machine is not enrolled".into()
            },
            Unusable(Unusable::NotAUrl("gate".into())),
            SignedOut { host: "gate.example:8443".into() },
            Credentials(unreadable().detail),
            Plugin("the plugin does not answer: connection refused".into()),
            SignIn("the access token expired; sign in with a new one".into()),
            Call(AccessCallError::Older),
            Answer,
            System("there is no home directory; give --config-dir".into()),
        ),
    ]
}

fn service() -> Vec<Samples> {
    vec![
        samples!(daemon::service::Unusable:
            NotAUrl("gate".into()),
            PlainHttp("http://gate.example:8080".into()),
        ),
        samples!(daemon::service::CallError:
            Refused("the access token expired; sign in with a new one".into()),
            Unavailable { why: "the policy service did not answer within 10 s".into(), retry_after: None },
        ),
        samples!(daemon::service::AccessCallError:
            Older,
            Refused("20 requests were made within a day; more tomorrow".into()),
            Unavailable("the policy service did not answer within 10 s".into()),
        ),
        samples!(daemon::service::LoginCallError:
            NoProvider,
            Refused("the sign-in was refused at the identity provider".into()),
            TooLate("the sign-in took too long; begin again with `pullgate login`".into()),
            TooSoon {
                why: "too many sign-ins are begun; try again in 30 s".into(),
                retry_after: Some(Duration::from_secs(30))
            },
            Unavailable("the policy service did not answer within 10 s".into()),
        ),
        samples!(daemon::documents::Unusable:
            Incomplete { kind: Kind::Policy, subject: "acme".into(), generation: 7 },
            Twice { kind: Kind::Policy, subject: "acme".into() },
            TooMany(100_000),
            TooLarge,
        ),
    ]
}

fn machine() -> Vec<Samples> {
    vec![
        samples!(daemon::enforcement::ControlError:
            Refused("this machine trusts no policy service".into()),
            SessionOver(
                "the session of generation 3 is refused: user id 1000 of this machine ended or replaced it; sign in again"
                    .into()
            ),
            Unavailable("connection refused".into()),
        ),
        samples!(daemon::lock::LockError:
            Held { directory: "/home/dana/.local/state/pullgate".into(), pid: "4711".into() },
            Io { path: "/home/dana/.local/state/pullgate/lock".into(), source: denied() },
        ),
        Samples::one("daemon::plugin_lock::Served", &Served { socket: "/run/pullgate/control.sock".into(), pid: 4711 }),
    ]
}
