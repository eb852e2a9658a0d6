//! What the plugin says to who hands documents and records over, and why it does not start.

use plugin::{door_user::DoorUser, state::StateError};
use proto::documents::DocumentError;

use super::full;
use crate::samples::Samples;

const STATE: &str = "/var/lib/pullgate";

pub fn samples() -> Vec<Samples> {
    let no_user = "no body".parse::<DoorUser>().expect_err("no user's name");
    vec![
        samples!(plugin::enforcer::ApplyError:
            NotEnrolled("there is no enrollment file `/etc/pullgate/enrollment.json`; this machine is not enrolled".into()),
            Document(DocumentError::MissingDirectory("acme".into())),
            GenerationWentBack { name: "the policy of `acme`".into(), found: 6, seen: 7 },
            SessionOver { uid: 1000, found: 3 },
            GenerationReused { name: "the policy of `acme`".into(), generation: 7 },
            ForeignSession { found: 1000, caller: 1001 },
            TooMany { what: "policies", limit: 64 },
            State(StateError::Io { what: "write", path: STATE.into(), source: full() }),
            Stopping,
        ),
        samples!(plugin::state::StateError:
            InUse(STATE.into()),
            Io { what: "write", path: STATE.into(), source: full() },
            Damaged("/var/lib/pullgate/generations.json".into()),
        ),
        samples!(plugin::record::NotARecord: Id, Word("reason"), Act("disable".into())),
        Samples::one("plugin::door_user::NoUser", &no_user),
    ]
}
