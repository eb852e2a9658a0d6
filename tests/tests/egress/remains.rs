//! What stays, what is noticed, and what is said.

use installer::lab::installed;
use serde_json::Value;
use tests::own_program;

use crate::place::Place;

#[tokio::test(flavor = "multi_thread")]
async fn removing_leaves_everything_as_it_was() {
    let place = Place::new().await;
    place
        .load("table inet other { chain output { type nat hook output priority -100; tcp dport 1 redirect to :2; }; }")
        .await;
    let before = place.nft(&["list", "ruleset"]).await;
    assert!(before.contains("other"), "{before}");
    place.apply(&[]).await;
    place.apply(&["--registry-ports", "443"]).await;
    let with = place.nft(&["list", "ruleset"]).await;
    assert!(with.contains("table inet pullgate") && with.contains(before.trim_end()), "{with}");
    for said in ["egress rules are removed", "there were no egress rules"] {
        assert_eq!(place.egress("remove", &[]).await.success().unwrap().stdout.trim_end(), said);
        assert_eq!(place.nft(&["list", "ruleset"]).await, before);
        let files: Vec<_> = std::fs::read_dir(place.lab.path("run")).unwrap().collect();
        assert!(files.is_empty(), "{files:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_notices_what_is_not_as_it_was_put_in_place() {
    let place = Place::new().await;
    let wrong = async |part: &str| {
        let output = place.egress("check", &["--json"]).await;
        let answer: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!((output.code(), &answer["in_place"]), (1, &Value::Bool(false)), "{}", output.text());
        assert!(answer["wrong"].to_string().contains(part), "`{part}`: {answer:#}");
    };
    wrong("there are no egress rules").await;
    let damages = [
        (&["flush", "chain", "inet", "pullgate", "dials"][..], "is missing"),
        (&["delete", "table", "inet", "pullgate"], "is gone"),
        (&["flush", "set", "inet", "pullgate", "engine"], "holds none"),
        (&["insert", "rule", "inet", "pullgate", "loopback", "return"], "`return` was added"),
    ];
    for (damage, part) in damages {
        place.apply(&[]).await;
        assert_eq!(place.egress("check", &[]).await.text(), "egress rules are in place");
        place.nft(damage).await;
        wrong(part).await;
    }

    // With another level a rule means other groups; the JSON of nftables 1.0.6 does not say it.
    place.apply(&[]).await;
    let listed = place.nft(&["-a", "list", "chain", "inet", "pullgate", "loopback"]).await;
    let rule = listed.lines().find(|line| line.contains("socket cgroupv2")).unwrap();
    let (rule, handle) = rule.trim().split_once(" # handle ").unwrap();
    let other = rule.replace("level 2", "level 1");
    let replace = format!("replace rule inet pullgate loopback handle {handle} {other}");
    place.nft(&[&replace]).await;
    wrong("level 2 @engine meta l4proto tcp jump engine_loopback` is missing").await;

    place.answer("127.0.0.1:5000", "registry");
    place.apply(&[]).await;
    place.engine.renew().unwrap();
    assert_eq!(place.dial_inside("127.0.0.1", 5000).await, "registry", "rules know a control group by its id");
    wrong("was made anew").await;
    place.apply(&[]).await;
    assert_eq!(place.dial_inside("127.0.0.1", 5000).await, "door for 127.0.0.1:5000");

    std::fs::remove_file(place.state_file()).unwrap();
    wrong("there are no egress rules").await;
}

/// The engine's unit starts with this: it must fail, and say what to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_in_place_is_told_with_the_next_step_and_changes_nothing() {
    let place = Place::new().await;
    place.apply(&[]).await;
    let before = place.nft(&["-t", "list", "ruleset"]).await;
    let fails = async |command: installer::lab::Command, part: &str| {
        let output = command.run().await.unwrap();
        assert_eq!(output.code(), 2, "{}", output.text());
        assert!(output.stderr.contains(part) && output.stdout.is_empty(), "`{part}`: {}", output.text());
        assert_eq!(place.nft(&["-t", "list", "ruleset"]).await, before);
    };
    let program = own_program("pullgate").display().to_string();
    let state = place.state_file().display().to_string();
    let shell = |script: &str| {
        let sh = installed("sh", "dash").unwrap();
        let script = format!("exec unshare --mount sh -c '{script}' sh \"$@\"");
        let engine = place.engine.path().display().to_string();
        let args = ["-c", &script, "sh", &program, "egress", "apply", "--state-file", &state, "--cgroup", &engine];
        place.network.run(&sh, "pullgate").unwrap().args(args)
    };
    fails(
        shell("mount --bind /dev/null \"$(PATH=$PATH:/usr/sbin command -v nft)\" && exec \"$@\""),
        "is not installed",
    )
    .await;
    fails(shell("umount -a -t cgroup2 && exec \"$@\""), "no control groups of version 2").await;
    fails(shell("exec setpriv --reuid 65534 --clear-groups \"$@\""), "run this with `sudo`").await;

    place.engine.remove().unwrap();
    fails(place.egress_command("apply", &[]), "there is no control group").await;
    fails(place.egress_command("apply", &["--door", "192.0.2.1:857"]), "no loopback address").await;
}
