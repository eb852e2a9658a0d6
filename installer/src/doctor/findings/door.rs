//! The registry door, judged.

use super::{Facts, Finding, State, finding};
use crate::{
    doctor::look::registries::{self, Lists},
    status::probe::Went,
};

/// Days before its end that an authority is spoken of.
const SOON: i64 = 60;

/// None where there is no door, and nobody said that there is one.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    if !facts.door.is_there() {
        return Vec::new();
    }
    let own = [Some(connected(facts)), Some(fetches(facts)), Some(egress(facts)), tunnels(facts)];
    own.into_iter().chain(lists(facts)).chain([authority(facts), key(facts)]).flatten().collect()
}

fn connected(facts: &Facts) -> Finding {
    match (facts.door.connected.as_slice(), &facts.plugin) {
        ([], Ok(_)) => finding(
            "door",
            State::Wrong,
            "no registry door follows the plugin, and this machine is meant to have one",
            "start it: `systemctl start pullgate-proxy`; `journalctl -u pullgate-proxy` says why it does not",
        ),
        ([], Err(_)) => finding("door", State::Notice, "only the plugin knows whether it runs", "start the plugin"),
        (versions, _) => finding("door", State::Good, format!("version {}", versions.join(", ")), ""),
    }
}

/// Whether the engine fetches through it, in the way that tells most.
fn fetches(facts: &Facts) -> Finding {
    let fetches = &facts.engine.fetches;
    let all = [&fetches.pull, &fetches.build, &fetches.classic_build, &fetches.plugin];
    let all = || all.into_iter().chain(fetches.native.as_ref());
    if let Some(words) = all().find_map(|went| if let Went::Past(words) = went { Some(words) } else { None }) {
        return past(facts, words);
    }
    match all().find_map(|went| if let Went::Untried(why) = went { Some(why) } else { None }) {
        Some(why) => finding(
            "fetches",
            State::Notice,
            format!("not proved to go through the door: {why}"),
            "run this as a user who may use docker, while the engine runs",
        ),
        None => finding("fetches", State::Good, "the engine fetches through the door", ""),
    }
}

fn past(facts: &Facts, words: &str) -> Finding {
    let proxies = match &facts.engine.proxies {
        [http, https] if http.is_empty() && https.is_empty() => "its settings name no proxy".to_owned(),
        [http, https] if http == https => format!("its settings name the proxy {http}"),
        [http, https] => format!("its settings name the proxies `{http}` for http and `{https}` for https"),
    };
    let trust = facts.ca.certificate.parent().unwrap_or(&facts.ca.certificate).display();
    let trust = format!("set `SSL_CERT_DIR=/etc/ssl/certs:{trust}` in the engine's unit and restart the engine");
    let (what, next) = if words.contains("x509") {
        ("does not trust the door's certificates", trust.as_str())
    } else if words.contains("proxyconnect") {
        (
            "does not reach the proxy in its settings",
            "start the door: `systemctl start pullgate-proxy`; what the engine fetches fails until then",
        )
    } else if facts.engine.proxies.iter().any(String::is_empty) {
        (
            "does not fetch through the door",
            "name the door, `http://127.0.0.1:857`, as `http-proxy` and `https-proxy` under `proxies` in daemon.json \
             (before engine 23: HTTP_PROXY and HTTPS_PROXY in its unit) and restart the engine",
        )
    } else {
        (
            "fetches, but not through this door",
            "make the door, `http://127.0.0.1:857`, the engine's only proxy; a proxy behind it is `upstreamProxy` in \
             the door's settings",
        )
    };
    finding("fetches", State::Wrong, format!("the engine {what} ({proxies}); it says: {words}"), next)
}

fn egress(facts: &Facts) -> Finding {
    let fetches = &facts.engine.fetches;
    let both = [&fetches.loopback_pull, &fetches.loopback_build];
    let past = both.iter().find_map(|went| if let Went::Past(words) = went { Some(words) } else { None });
    match (facts.door.egress_why.as_str(), past) {
        ("", None) if both.iter().any(|went| matches!(went, Went::Untried(_))) => {
            finding("egress", State::Notice, "in place, not proved", "run this as a user who may use docker")
        }
        ("", None) => finding("egress", State::Good, "registries on loopback are fetched through the door", ""),
        ("", Some(words)) => finding(
            "egress",
            State::Wrong,
            format!("the rule is there, and the engine reaches loopback past the door: {words}"),
            "run `pullgate egress apply` as root, and see that the engine started after it",
        ),
        (why, _) => finding(
            "egress",
            State::Wrong,
            format!("what the engine asks of loopback addresses is not led to the door: {why}"),
            "run `pullgate egress apply` as root and `systemctl start pullgate-egress`, which keeps it so; until then the \
             plugin refuses pulls from there, and builds are unseen",
        ),
    }
}

fn tunnels(facts: &Facts) -> Option<Finding> {
    let past = &facts.engine.no_proxy;
    let engine = (!past.is_empty()).then(|| format!("the engine's settings send past it: {past}"));
    let door = facts.door.holes().map(|hosts| format!("it lets through unread: {hosts}"));
    let holes: Vec<String> = [door, engine].into_iter().flatten().collect();
    (!holes.is_empty()).then(|| {
        finding(
            "holes",
            State::Notice,
            holes.join("; "),
            "nothing, where that is meant: what comes from there is not judged",
        )
    })
}

/// What the engine lists and the door does not.
fn lists(facts: &Facts) -> [Option<Finding>; 2] {
    let (mirrors, insecure) = match &facts.lists {
        Lists::Known { mirrors, insecure } => (mirrors, insecure),
        Lists::Unknown(why) => {
            let what = format!("the door's settings cannot be read, so that its lists are not compared: {why}");
            return [Some(finding("mirrors", State::Notice, what, "run this as root, or correct them")), None];
        }
    };
    let unknown = registries::missing(&facts.engine.mirrors, mirrors);
    let mirrors = (!unknown.is_empty()).then(|| {
        let what = format!(
            "the engine has the mirror {}, which the door does not know: what builds fetch there passes as another \
             registry's",
            unknown.join(", ")
        );
        finding(
            "mirrors",
            State::Wrong,
            what,
            "put its host and port into `mirrors` of the door's settings, and restart the door",
        )
    });
    let unknown = registries::missing(&facts.engine.insecure, insecure);
    let insecure = (!unknown.is_empty()).then(|| {
        let what =
            format!("the engine asks {} without a certificate that holds, and the door does not", unknown.join(", "));
        let next = "where it is meant, put it into `insecureRegistries` of the door's settings, and restart the door";
        finding("insecure", State::Notice, what, next)
    });
    [mirrors, insecure]
}

fn authority(facts: &Facts) -> Option<Finding> {
    let path = facts.ca.certificate.display();
    let renew = "as root remove it and its key, run `pullgate-proxy ca`, and restart door and engine";
    match &facts.ca.days_left {
        Ok(SOON..) => None,
        Ok(days @ 0..) => Some(finding("authority", State::Notice, format!("`{path}` ends in {days} days"), renew)),
        Ok(days) => Some(finding(
            "authority",
            State::Wrong,
            format!("`{path}` ended {} days ago, and the engine takes nothing from the door", days.saturating_neg()),
            renew,
        )),
        Err(why) => Some(finding(
            "authority",
            State::Notice,
            format!("`{path}` cannot be looked at: {why}"),
            "run this as root; `pullgate-proxy ca` makes it where there is none",
        )),
    }
}

fn key(facts: &Facts) -> Option<Finding> {
    let (path, mode) = (facts.ca.key.display(), facts.ca.exposed?);
    Some(finding(
        "authority",
        State::Wrong,
        format!(
            "`{path}` can be read by others than its owner (mode {mode:o}); who has it can answer for every registry"
        ),
        "take it for stolen: as root remove it and its certificate, run `pullgate-proxy ca`, and restart door and engine",
    ))
}
