//! What `pullgate` says of engines, files, systemd and firewall rules.

use std::time::Duration;

use installer::{
    engine_config::{Class, Position, Refusal},
    install::files::FileError,
};

use super::{denied, full};
use crate::samples::Samples;

const DAEMON_JSON: &str = "/etc/docker/daemon.json";
const GROUP: &str = "/sys/fs/cgroup/system.slice/docker.service";

pub fn samples() -> Vec<Samples> {
    [install(), egress()].into_iter().flatten().collect()
}

fn install() -> Vec<Samples> {
    let refusal = Refusal {
        class: Class::DuplicateKey,
        what: "`debug` is there twice, and only one of the two counts".into(),
        at: Some(Position { line: 3, column: 5 }),
        next: "take one of them away".into(),
    };
    vec![
        samples!(installer::install::files::FileError:
            System { what: "write", path: DAEMON_JSON.into(), hint: "", source: full() },
            Changed(DAEMON_JSON.into()),
        ),
        samples!(installer::install::journal::JournalError:
            Busy,
            System { what: "write", path: "/var/lib/pullgate/install/journal".into(), source: full() },
            File(FileError::Changed(DAEMON_JSON.into())),
        ),
        samples!(installer::systemd::SystemdError:
            Run("/usr/bin/systemctl".into(), denied()),
            Failed {
                command: "systemctl restart docker.service".into(),
                output: "Job for docker.service failed because the control process exited with error code".into()
            },
            Late { command: "systemctl restart docker.service".into(), after: Duration::from_secs(120) },
            Late { command: "userdel pullgate-proxy".into(), after: Duration::from_secs(20) },
        ),
        samples!(installer::engines::PickError:
            None { others: String::new() },
            Ungoverned { name: "docker.service".into(), why: "it is a rootless engine of dana".into() },
            Several { names: "`docker.service`, `docker-ci.service`".into() },
            Unknown { name: "dokcer".into(), names: "`docker.service`".into() },
        ),
        samples!(installer::engines::words::WordsError: OpenQuote, Escape),
        samples!(installer::machine::AskError:
            Silent { socket: "/run/pullgate/control.sock".into(), why: "No such file or directory (os error 2)".into() },
            Older,
            Refused("only root may see the records of others".into()),
        ),
        samples!(installer::acts::ActsError:
            File { what: "write", path: "/var/lib/pullgate/install/acts".into(), source: full() },
            Plugin("no answer within 5 seconds".into()),
        ),
        Samples::one("installer::engine_config::Refusal", &refusal),
    ]
}

fn egress() -> Vec<Samples> {
    vec![samples!(installer::egress::EgressError:
        NotRoot,
        Read { path: "/proc/self/mountinfo".into(), source: denied() },
        Write { path: "/run/pullgate/egress.lock".into(), source: full() },
        Busy { bound: Duration::from_secs(30) },
        State(proto::egress::EgressError::Unkept),
        NoTree,
        Cgroup { path: "/".into(), why: "it is the root of all control groups".into() },
        NoCgroup { dir: GROUP.into() },
        NoContainerCgroup { dir: "/sys/fs/cgroup/docker.slice".into() },
        Restless { dir: GROUP.into() },
        OtherHeld { held: "4711".into(), dir: GROUP.into(), id: 815 },
        NoNft { program: "nft".into() },
        Run { source: denied() },
        Hung { bound: Duration::from_secs(10) },
        Unsupported { feature: "`socket cgroupv2`", module: "nft_socket", said: "No such file or directory".into() },
        Refused { said: "syntax error".into() },
        Listing { why: "there is no `nftables`".into() },
    )]
}
