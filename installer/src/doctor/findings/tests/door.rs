//! What people read of the registry door.

use super::*;
use crate::status::{
    door::Tunnels,
    probe::{Fetches, Went},
};

/// A machine with a door, through which everything goes.
fn guarded(place: &tempfile::TempDir) -> Facts {
    let mut facts = good(place);
    facts.door = Setup { expected: true, connected: vec!["0.1.0".into()], ..Setup::default() };
    facts.ca.days_left = Ok(3000);
    facts.engine.proxies = ["http://127.0.0.1:857", "http://127.0.0.1:857"].map(str::to_owned);
    facts.engine.fetches = Fetches {
        pull: Went::Door,
        plugin: Went::Door,
        build: Went::Refused("builds are not allowed".into()),
        classic_build: Went::Door,
        native: Some(Went::Door),
        loopback_pull: Went::Door,
        loopback_build: Went::Door,
    };
    facts
}

#[test]
fn where_the_door_is_right_it_is_told_and_where_there_is_none_it_is_not() {
    let place = tempfile::tempdir().unwrap();
    let all = findings(&guarded(&place));
    let surprising = |finding: &&Finding| finding.state != State::Good && finding.check != "engine-version";
    assert_eq!(all.iter().find(surprising), None);
    let checks: Vec<_> = all.iter().map(|finding| finding.check).collect();
    assert_eq!(checks[7..10], ["door", "fetches", "egress"]);
    // Without a door, what the engine says of its probes is nobody's business.
    let mut none = guarded(&place);
    none.door = Setup::default();
    none.engine.fetches.pull = Went::Past("no such host".into());
    assert!(findings(&none).iter().all(|finding| !["door", "fetches", "egress"].contains(&finding.check)));
}

#[test]
fn what_keeps_the_engine_from_the_door_is_named_with_its_next_step() {
    let place = tempfile::tempdir().unwrap();
    let past = |words: &str, proxy: &str| {
        let mut facts = guarded(&place);
        facts.engine.fetches.build = Went::Past(words.to_owned());
        facts.engine.proxies = [proxy, proxy].map(str::to_owned);
        facts
    };
    let wrong = State::Wrong;
    let door = "http://127.0.0.1:857";
    let untrusted = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    check(&past(untrusted, door), "fetches", wrong, "does not trust", "SSL_CERT_DIR=/etc/ssl/certs:");
    let down = "proxyconnect tcp: dial tcp 127.0.0.1:857: connect: connection refused";
    check(&past(down, door), "fetches", wrong, "the proxy http://127.0.0.1:857", "systemctl start pullgate-proxy");
    check(&past("lookup x: no such host", ""), "fetches", wrong, "name no proxy", "`proxies` in daemon.json");
    check(
        &past("502 Bad Gateway", "http://proxy.corp:3128"),
        "fetches",
        wrong,
        "not through this door",
        "upstreamProxy",
    );
    let mut half = past("lookup x: no such host", "");
    half.engine.proxies[1] = door.to_owned();
    check(&half, "fetches", wrong, "the proxies `` for http and `http://127.0.0.1:857`", "`http-proxy` and");

    let mut silent = guarded(&place);
    silent.engine.fetches.native = Some(Went::Untried("no answer".into()));
    check(&silent, "fetches", State::Notice, "no answer", "may use docker");

    let mut gone = guarded(&place);
    gone.door.connected.clear();
    check(&gone, "door", wrong, "no registry door follows", "journalctl -u pullgate-proxy");
    gone.plugin = Err("gone".into());
    check(&gone, "door", State::Notice, "only the plugin knows", "start the plugin");
}

#[test]
fn a_rule_that_is_missing_or_dead_is_told() {
    let place = tempfile::tempdir().unwrap();
    let mut facts = guarded(&place);
    facts.engine.fetches.loopback_build = Went::Past("connection refused".into());
    check(&facts, "egress", State::Wrong, "the rule is there", "pullgate egress apply");
    facts.door.egress_why = "its control group is another".into();
    check(&facts, "egress", State::Wrong, "its control group is another", "pullgate egress apply");
    facts.door.egress_why.clear();
    facts.engine.fetches.loopback_build = Went::Untried("no answer".into());
    check(&facts, "egress", State::Notice, "not proved", "");
}

#[test]
fn holes_and_an_authority_that_is_old_or_exposed_are_told() {
    let place = tempfile::tempdir().unwrap();
    let mut facts = guarded(&place);
    facts.door.tunnels = Tunnels::Known(vec!["a.example".into()]);
    facts.engine.no_proxy = "b.example".into();
    check(&facts, "holes", State::Notice, "unread: a.example; the engine's settings send past it: b.example", "meant");
    facts.door.tunnels = Tunnels::Unknown("`x`: permission denied".into());
    check(&facts, "holes", State::Notice, "not known, `x`: permission denied", "");
    for (days, state, what) in
        [(59, State::Notice, "ends in 59 days"), (0, State::Notice, "ends in 0"), (-3, State::Wrong, "ended 3 days")]
    {
        facts.ca.days_left = Ok(days);
        check(&facts, "authority", state, what, "pullgate-proxy ca");
    }
    facts.ca.days_left = Err("there is none".into());
    check(&facts, "authority", State::Notice, "there is none", "pullgate-proxy ca");
    facts.ca.exposed = Some(0o644);
    check(&facts, "authority", State::Wrong, "mode 644", "stolen");
}
