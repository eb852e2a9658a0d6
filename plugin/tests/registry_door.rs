//! The registry door beside the plugin: who may be one, what it hands over, and whether the engine is led to it.

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::PathBuf,
    process::Command,
};

use plugin::clock;
use proto::{
    control::{RecordsRequest, ReportRequest, StatusResponse, WatchRequest},
    egress::{self, Rules},
    sync::Record,
};
use support::{Machine, SOON, create, now, policy, uid, wait_until};
use tonic::Code;

/// Enrolled with this member more in the file, running, a member signed in.
async fn machine(member: &str) -> Machine {
    let machine = Machine::start();
    enroll(&machine, member);
    machine.sign_in(&policy(1)).await;
    machine
}

fn enroll(machine: &Machine, member: &str) {
    let key = machine.key.verifying_key().to_base64();
    machine.write_enrollment(&format!(r#"{{"service":"https://x","trustKeys":["{key}"]{member}}}"#));
}

/// A directory that stands for the engine's control group. Made anew, it has another number: the new one is
/// there before the old one goes.
fn cgroup(machine: &Machine) -> PathBuf {
    let (cgroup, new) = (machine.path("docker.service"), machine.path("docker.service.new"));
    fs::create_dir(&new).expect("a control group");
    let _ = fs::remove_dir(&cgroup);
    fs::rename(new, &cgroup).expect("the engine starts");
    cgroup
}

/// As `pullgate egress apply` does.
fn apply_egress(machine: &Machine, containers: bool) {
    apply_egress_but(machine, containers, &[]);
}

/// The same with exceptions.
fn apply_egress_but(machine: &Machine, containers: bool, exceptions: &[&str]) {
    let cgroup = machine.path("docker.service");
    let rules = Rules {
        cgroup_id: egress::cgroup_id(&cgroup).expect("a control group"),
        cgroup,
        containers,
        exceptions: exceptions.iter().map(|address| address.parse().expect("an address")).collect(),
        beat: egress::beat(),
    };
    rules.write(&machine.path("egress.json")).expect("written");
}

/// Waits for a status, and returns it.
async fn status(machine: &Machine, what: &str, state: impl Fn(&StatusResponse) -> bool) -> StatusResponse {
    let start = std::time::Instant::now();
    loop {
        let status = machine.status().await;
        if state(&status) {
            return status;
        }
        assert!(start.elapsed() < SOON, "waited for: {what}; {status:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn egress_of(status: &StatusResponse) -> (bool, &str) {
    status.egress.as_ref().map(|egress| (egress.in_place, egress.why.as_str())).expect("egress")
}

#[tokio::test]
async fn loopback_registries_are_open_until_the_rules_are_in_place_and_whenever_they_are_not() {
    let machine = machine(r#","registryDoor":true"#).await;
    let guarded = |expected: bool| {
        wait_until("what is said of loopback", || machine.pull("localhost:5000/app").allow == Some(expected));
    };
    guarded(false);
    machine.pull("localhost:5000/app").is_denied("`pullgate status`");
    machine.pull("alpine").is_allowed();
    let found = machine.status().await;
    assert!(found.door_expected);
    assert!(egress_of(&found).1.contains("pullgate egress apply"), "{found:?}");

    let rules = cgroup(&machine);
    apply_egress(&machine, false);
    guarded(true);
    assert_eq!(egress_of(&machine.status().await), (true, ""));
    cgroup(&machine);
    guarded(false);
    assert!(egress_of(&machine.status().await).1.contains("made anew"));
    apply_egress(&machine, false);
    guarded(true);
    fs::remove_dir(&rules).expect("the engine stops");
    guarded(false);
    assert!(egress_of(&machine.status().await).1.contains("is not there"));
    fs::create_dir(&rules).expect("the engine starts");

    let file = machine.path("egress.json");
    let damages: [(&str, &dyn Fn()); 5] = [
        ("is not valid", &|| fs::write(&file, "{").expect("damage")),
        ("can be written by others", &|| {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("a mode");
        }),
        ("belongs to another user", &|| {
            assert!(uid() == 0, "this test gives a file away: run it as root");
            chown(&file, Some(12345), None).expect("another owner");
        }),
        ("symbolic link", &|| {
            fs::rename(&file, machine.path("real")).expect("a rename");
            symlink(machine.path("real"), &file).expect("a link");
        }),
        ("there are no egress rules", &|| fs::remove_file(&file).expect("removed")),
    ];
    for (part, damage) in damages {
        let _ = fs::remove_file(&file);
        apply_egress(&machine, true);
        guarded(true);
        damage();
        guarded(false);
        let found = machine.status().await;
        assert!(egress_of(&found).1.contains(part), "{part}: {found:?}");
        assert!(!found.egress.expect("egress").containers, "{part}");
    }
    // Each change is a line of the log, and looking is none.
    let log = machine.log();
    let (lines, dead) = (log.matches("egress rules are").count(), log.matches("made anew").count());
    assert!(dead == 1 && lines < 30, "{log}");
}

#[tokio::test]
async fn the_administrators_exceptions_are_told() {
    let machine = machine(r#","registryDoor":true"#).await;
    cgroup(&machine);
    let told = |expected: &'static [&str]| {
        move |status: &StatusResponse| {
            status.egress.as_ref().is_some_and(|egress| egress.in_place && egress.exceptions == expected)
        }
    };
    apply_egress_but(&machine, false, &["127.0.0.1:24224", "[::1]:4317"]);
    status(&machine, "exceptions", told(&["127.0.0.1:24224", "[::1]:4317"])).await;
    apply_egress(&machine, false);
    status(&machine, "none any more", told(&[])).await;
}

#[tokio::test]
async fn a_machine_that_is_to_have_no_door_is_not_restricted_for_want_of_one() {
    let machine = machine("").await;
    machine.pull("localhost:5000/app").is_allowed();
    let found = machine.status().await;
    assert!(!found.door_expected && !egress_of(&found).0, "{found:?}");
    enroll(&machine, r#","registryDoor":true"#);
    wait_until("a door is expected", || machine.pull("localhost:5000/app").allow == Some(false));
    enroll(&machine, r#","registryDoor":false"#);
    wait_until("no door is expected", || machine.pull("localhost:5000/app").allow == Some(true));
    assert_eq!(machine.log().matches("egress rules are not in place").count(), 1, "{}", machine.log());
}

#[tokio::test]
async fn containers_stay_in_their_control_group_where_that_keeps_them_from_registries() {
    let machine = machine("").await;
    let elsewhere = create("alpine", r#"{"CgroupParent":"/elsewhere"}"#);
    machine.ask(&elsewhere).is_allowed();
    cgroup(&machine);
    apply_egress(&machine, true);
    wait_until("containers are confined", || machine.ask(&elsewhere).allow == Some(false));
    assert!(machine.status().await.egress.expect("egress").containers);
    // The engine's rules are dead, and those of its containers are others.
    cgroup(&machine);
    status(&machine, "the rules are dead", |status| !egress_of(status).0).await;
    machine.ask(&elsewhere).is_denied("--cgroup-parent");
    apply_egress(&machine, false);
    wait_until("containers are not confined", || machine.ask(&elsewhere).allow == Some(true));
}

#[tokio::test]
async fn a_door_counts_while_it_follows() {
    let machine = machine("").await;
    let before = clock::now_ms();
    let mut control = machine.control();
    let request = WatchRequest { version: "9.9.9".into(), ..WatchRequest::default() };
    let mut watch = control.watch(request).await.expect("a stream").into_inner();
    let first = watch.message().await.expect("a message").expect("a first message");
    assert!(!first.incomplete && first.envelopes.len() == 2);
    let found = machine.status().await;
    let [door] = found.doors.as_slice() else { panic!("{found:?}") };
    assert_eq!((door.uid, door.version.as_str()), (uid(), "9.9.9"));
    assert!(door.since_ms >= before && door.since_ms <= clock::now_ms());
    drop((watch, control));
    status(&machine, "the door went", |status| status.doors.is_empty()).await;
}

#[tokio::test]
async fn a_door_is_told_that_documents_on_disk_cannot_be_used() {
    let mut machine = machine("").await;
    machine.kill();
    fs::write(machine.policy_on_disk(), "damage").expect("damage");
    machine.run();
    let mut watch = machine.control().watch(WatchRequest::default()).await.expect("a stream").into_inner();
    let first = watch.message().await.expect("a message").expect("a first message");
    assert!(first.incomplete && first.envelopes.len() == 1, "the session alone: {first:?}");
}

/// The plugin in a user namespace in which the caller, whoever it is, is this uid: so root's process looks to it
/// as another user's does.
fn seen_as(uid: u32, door_user: Option<&str>) -> Machine {
    let mut machine = Machine::start();
    machine.kill();
    let own = machine.command();
    let mut command = Command::new("unshare");
    command.arg("--user").arg(format!("--map-user={uid}")).arg("--").arg(own.get_program()).args(own.get_args());
    if let Some(door_user) = door_user {
        command.arg("--door-user").arg(door_user);
    }
    machine.run_as(command);
    machine
}

#[tokio::test]
async fn documents_and_records_are_for_root_and_the_doors_user_only() {
    let asked = async |uid: u32, door_user: Option<&str>| {
        let machine = seen_as(uid, door_user);
        let watch = machine.control().watch(WatchRequest::default()).await;
        let report = machine.control().report(ReportRequest::default()).await;
        let watched = watch.map(|_| ()).map_err(|status| (status.code(), status.message().to_owned()));
        let reported = report.map(|_| ()).map_err(|status| (status.code(), status.message().to_owned()));
        assert_eq!(watched.is_ok(), reported.is_ok(), "{watched:?} {reported:?}");
        watched
    };
    asked(0, None).await.expect("root is one always");
    asked(990, Some("990")).await.expect("the door's user, by number");
    let (code, text) = asked(990, Some("991")).await.expect_err("another user");
    assert_eq!(code, Code::PermissionDenied);
    assert!(text.contains("user id 990 is neither") && text.contains("--door-user"), "{text}");
    // By name: of this machine's `/etc/passwd`, which every system has `daemon` in.
    let passwd = fs::read_to_string("/etc/passwd").expect("the users");
    let daemon = passwd.lines().find(|line| line.starts_with("daemon:")).expect("the user `daemon`");
    let daemon: u32 = daemon.split(':').nth(2).and_then(|uid| uid.parse().ok()).expect("its number");
    asked(daemon, Some("daemon")).await.expect("the door's user, by name");
    asked(990, Some("daemon")).await.expect_err("another user");
    asked(990, Some("no-such-user")).await.expect_err("a user that is not there");
    assert!(!passwd.contains("pullgate-proxy:"), "this machine has a registry door of its own");
    asked(990, None).await.expect_err("there is no user of the default name");
}

#[tokio::test]
async fn what_the_door_reports_joins_the_records_within_bounds() {
    let machine = machine("").await;
    let record = |number: u64| Record {
        id: format!("01{number:024}"),
        at_ms: now() * 1000,
        action: "fetch".into(),
        image: format!("docker.io/evil/miner:{number}"),
        reason: "category".into(),
        ..Record::default()
    };
    let report = async |records: Vec<Record>, dropped| {
        let request = ReportRequest { records, dropped };
        machine.control().report(request).await.map(|_| ()).map_err(|status| status.code())
    };
    assert_eq!(report((0..501).map(record).collect(), 0).await, Err(Code::InvalidArgument));
    machine.pull("alpine").is_allowed();
    report(vec![record(1)], 0).await.expect("taken");
    machine.pull("evil/miner").is_denied("decision");
    let wrong = Record { action: "two words".into(), ..record(2) };
    report(vec![wrong, record(3)], 7).await.expect("taken");
    let run = machine.status().await.started_at_ms;
    let fetch = RecordsRequest { acknowledge: 0, wait_ms: 2_000, run, ..RecordsRequest::default() };
    let answer = machine.control().records(fetch).await.expect("records").into_inner();
    let said: Vec<_> = answer.records.iter().map(|r| (r.sequence, r.run == run, r.image.as_str())).collect();
    assert_eq!(
        said,
        [
            (1, true, "docker.io/library/alpine:latest"),
            (2, true, "docker.io/evil/miner:1"),
            (3, true, "docker.io/evil/miner:latest"),
            (4, true, "docker.io/evil/miner:3"),
        ]
    );
    assert_eq!(answer.dropped, 8, "seven that the door lost, and one that is no record");
    // The queue that they share is bounded.
    let rounds = u64::try_from(plugin::record::KEPT).expect("a number").div_ceil(500) + 1;
    for round in 0..rounds {
        report((0..500).map(|number| record(1_000 * round + number)).collect(), 0).await.expect("taken");
    }
    let lost = machine.status().await.records_dropped - 8;
    assert_eq!(lost, rounds * 500 - u64::try_from(plugin::record::KEPT).expect("a number"));
}
