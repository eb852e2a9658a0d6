//! `watch` keeps rules in place, and says so once.

use std::{fs, time::Duration};

use installer::lab::{Cgroup, Process, installed};
use proto::egress;
use rustix::process::{Pid, Signal, kill_process};
use tests::own_program;

use crate::place::Place;

/// An engine needs longer from its start to its first pull.
const SOON: Duration = Duration::from_secs(1);
/// For what has no bound of its own.
const BOUND: Duration = Duration::from_secs(10);

fn watch(place: &Place, engine: &Cgroup) -> Process {
    let mut command = place.network.command(&installed("unshare", "util-linux").unwrap()).unwrap();
    // Mounts of its own: a test takes `nft` away.
    command.arg("--mount").arg(own_program("pullgate")).args(["egress", "watch", "--state-file"]);
    command.arg(place.state_file()).arg("--cgroup").arg(engine.path());
    Process::start(&place.lab, "watch", command).unwrap()
}

async fn is_in_place(place: &Place) -> bool {
    place.egress("check", &[]).await.code() == 0
}

/// It has said so many lines, and no more.
async fn says(place: &Place, watch: &Process, lines: usize) {
    let so_many = || std::future::ready(watch.log().lines().count() >= lines);
    place.until("its word", BOUND, so_many).await;
    assert_eq!(watch.log().lines().count(), lines, "{}", watch.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_went_are_back_within_a_second() {
    let place = Place::new().await;
    let watch = watch(&place, &place.engine);
    place.until("rules in place", BOUND, || is_in_place(&place)).await;
    says(&place, &watch, 1).await;
    let ours = ["inet", "pullgate"];
    for (number, damage) in
        [&["flush", "table"][..], &["delete", "table"], &["flush", "chain"], &["flush", "set"]].iter().enumerate()
    {
        let what = match damage[1] {
            "chain" => vec!["engine_loopback"],
            "set" => vec!["engine"],
            _ => vec![],
        };
        place.nft(&[*damage, &ours, &what].concat()).await;
        let took = place.until("the same rules", BOUND, || is_in_place(&place)).await;
        assert!(took < SOON, "{damage:?}: {took:?}");
        says(&place, &watch, number + 2).await;
    }
    // What others change is none of its business.
    place.load("table inet other { chain c { }; }").await;
    fs::remove_file(place.state_file()).unwrap();
    let took = place.until("the file for the plugin", BOUND, || is_in_place(&place)).await;
    assert!(took < Duration::from_secs(6), "{took:?}: looked at when nothing is heard");
    says(&place, &watch, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_was_restarted_is_known_again_within_a_second() {
    let place = Place::new().await;
    place.answer("127.0.0.1:5000", "registry");
    let mut watch = watch(&place, &place.engine);
    place.until("rules in place", BOUND, || is_in_place(&place)).await;
    for _ in 0..3 {
        place.engine.renew().unwrap();
        let took = place.until("the new control group", BOUND, || is_in_place(&place)).await;
        assert!(took < SOON, "{took:?}");
        assert_eq!(place.dial_inside("127.0.0.1", 5000).await, "door for 127.0.0.1:5000");
    }
    // Down is no fault, and no reason to open anything.
    place.engine.remove().unwrap();
    let told = || std::future::ready(watch.log().contains("the engine does not run"));
    place.until("word of that", BOUND, told).await;
    assert!(place.nft(&["list", "tables"]).await.contains("pullgate"));
    fs::create_dir(place.engine.path()).unwrap();
    place.until("the new control group", BOUND, || is_in_place(&place)).await;

    let before = place.nft(&["-s", "list", "ruleset"]).await;
    kill_process(Pid::from_raw(watch.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    let ended = || std::future::ready(if watch.is_running() { Err("it runs".to_owned()) } else { Ok(()) });
    installer::lab::wait_until("its end", BOUND, ended).await.unwrap();
    assert_eq!(place.nft(&["-s", "list", "ruleset"]).await, before, "rules stay");
    assert!(is_in_place(&place).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_repaired_is_no_longer_claimed() {
    let place = Place::new().await;
    let watch = watch(&place, &place.engine);
    place.until("rules in place", BOUND, || is_in_place(&place)).await;
    let nft = installed("nft", "nftables").unwrap();
    let pid = watch.id().to_string();
    let inside = async |program: &str, args: &[&str]| {
        let enter = installer::lab::Command::new(&installed("nsenter", "util-linux").unwrap(), "nsenter");
        let all = [&["--mount", "--target", &pid, program][..], args].concat();
        enter.args(all).run().await.unwrap().success().unwrap();
    };
    let nft = nft.display().to_string();
    inside("mount", &["--bind", "/dev/null", &nft]).await;
    place.nft(&["flush", "table", "inet", "pullgate"]).await;
    let withdrawn = || std::future::ready(!place.state_file().exists());
    let took = place.until("no claim", BOUND, withdrawn).await;
    assert!(took < SOON, "{took:?}");
    let told = || std::future::ready(watch.log().contains("cannot keep the rules in place"));
    place.until("word of that", BOUND, told).await;

    inside("umount", &[&nft]).await;
    place.until("rules in place", BOUND, || is_in_place(&place)).await;
    let troubles = watch.log().matches("cannot keep").count();
    assert_eq!(troubles, 1, "said once: {}", watch.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_renewed_while_somebody_watches_and_no_longer() {
    let place = Place::new().await;
    let applied = place.egress("apply", &[]).await;
    assert!(applied.text().contains("the plugin believes it for 35 s"), "{}", applied.text());
    let watch = watch(&place, &place.engine);
    let claim = || egress::read(&place.state_file()).unwrap();
    let first = claim().beat;
    let renewed = || std::future::ready(claim().beat >= first + 5_000);
    place.until("the claim made again", Duration::from_secs(30), renewed).await;
    assert!(is_in_place(&place).await);
    // As kill -9, and then some time that is not waited for.
    drop(watch);
    let old = egress::Rules { beat: claim().beat.saturating_sub(36_000), ..claim() };
    old.write(&place.state_file()).unwrap();
    let check = place.egress("check", &[]).await;
    assert_eq!(check.code(), 1, "{}", check.text());
    assert!(check.text().contains("nobody keeps the egress rules"), "{}", check.text());
}
