//! What `pullgate` says of engines, files, systemd and firewall rules.

use std::time::Duration;

use installer::{
    engine_config::{Class, Position, Refusal},
    install::{
        files::FileError,
        obstacle::{Locked, NoDoor},
        prove::ProofError,
    },
    systemd::SystemdError,
};

use super::{denied, full};
use crate::samples::Samples;

const DAEMON_JSON: &str = "/etc/docker/daemon.json";
const SOCKET: &str = "/var/run/docker.sock";
const UNIT: &str = "docker.service";
const GROUP: &str = "/sys/fs/cgroup/system.slice/docker.service";

pub fn samples() -> Vec<Samples> {
    [install(), plan(), proofs(), egress()].into_iter().flatten().collect()
}

fn install() -> Vec<Samples> {
    vec![
        samples!(installer::install::files::FileError:
            System { what: "write", path: DAEMON_JSON.into(), hint: "; make room on that file system", source: full() },
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
        Samples::one("installer::engine_config::Refusal", &refusal()),
    ]
}

fn refusal() -> Refusal {
    Refusal {
        class: Class::DuplicateKey,
        what: "`debug` is there twice, and only one of the two counts".into(),
        at: Some(Position { line: 3, column: 5 }),
        next: "take one of them away".into(),
    }
}

/// Why nothing is planned.
fn plan() -> Vec<Samples> {
    let unit = || UNIT.to_owned();
    vec![
        samples!(installer::install::obstacle::Obstacle:
            NotRoot,
            NotRootToUndo,
            NoSystemd,
            NoProgram("/src/target/release/pullgated".into()),
            NoEngine { others: String::new() },
            NoEngine { others: "; Podman: it has no plugins".into() },
            UnknownEngine { name: "dokcer".into(), known: "`docker.service`".into() },
            Ungoverned { engine: "`dockerd`".into(), why: "it is a rootless engine of dana".into(), other: None },
            Ungoverned { engine: "`dockerd`".into(), why: "it is a rootless engine of dana".into(), other: Some(unit()) },
            NoDoor(NoDoor::NoControlGroups),
            NoNft,
            CopiesThere("/etc/systemd/system/pullgate-plugin.service".into()),
            PackageThere("/usr/lib/systemd/system/pullgate-plugin.service".into()),
            Broken { unit: unit(), why: "failed: start-limit-hit".into(), waits: false },
            Broken { unit: unit(), why: "it has been starting for 30 s; is this machine still booting?".into(), waits: true },
            FileLeft { path: DAEMON_JSON.into(), refusal: refusal() },
            Locked { path: DAEMON_JSON.into(), why: Locked::ReadOnly },
            FlagElsewhere { plugins: "`other`".into(), unit: unit(), path: DAEMON_JSON.into() },
            Proxy { unit: unit(), why: "it speaks no `socks5://`".into() },
            TwoProxies { unit: "docker-ci.service".into() },
            Enrollment("`/etc/pullgate/enrollment.json` is empty".into()),
            NeedsRestart(unit()),
        ),
        samples!(installer::install::obstacle::NoDoor: NoControlGroups, PortTaken(857)),
        samples!(installer::install::obstacle::Locked:
            ReadOnly,
            Immutable(DAEMON_JSON.into()),
            Link { target: "/srv/docker/daemon.json".into(), why: "No such file or directory (os error 2)".into() },
        ),
    ]
}

/// What was not proved, and what could not be changed or taken back.
fn proofs() -> Vec<Samples> {
    let silent = || ProofError::EngineSilent { socket: SOCKET.into(), why: "no answer within 3 s".into() };
    let failed = || SystemdError::Failed { command: "userdel pullgate-proxy".into(), output: "it is logged in".into() };
    let said = || "{\"Allow\":true}".to_owned();
    vec![
        samples!(installer::install::prove::ProofError:
            PluginSilent { socket: "/run/docker/plugins/pullgate.sock".into(), why: "Connection refused".into() },
            PluginStatus { status: 404, said: "page not found".into() },
            CannotStart("the plugin cannot start: `/var/lib/pullgate` is no directory".into()),
            NoPlugin("{\"Implements\":[\"VolumeDriver\"]}".into()),
            PluginLenient(said()),
            PluginStrict("{\"Allow\":false}".into()),
            DoorSilent("Connection refused".into()),
            DoorStatus(405),
            NoDoor { status: 400, said: "this is a web server".into() },
            NoDoorFollows,
            EngineSilent { socket: SOCKET.into(), why: "no answer within 3 s".into() },
            NotAsked("404 no such image".into()),
            StillAsked,
            Waits("403 plugin pullgate failed with error".into()),
            PastTheDoor("lookup door.pullgate.invalid: no such host".into()),
        ),
        samples!(installer::install::error::ChangeError:
            File(FileError::Changed(DAEMON_JSON.into())),
            Systemd(failed()),
            Proof(ProofError::NoDoorFollows),
            Edit { path: DAEMON_JSON.into(), refusal: refusal() },
            Engine { unit: UNIT.into(), why: silent() },
            Changed(DAEMON_JSON.into()),
            NoBackup(DAEMON_JSON.into()),
            Egress(failed()),
            User { name: "pullgate-proxy".into(), why: failed() },
            NotOurs("/home".into()),
            System { what: "remove", path: "/var/lib/pullgate".into(), source: denied() },
            Program(denied()),
        ),
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
