//! Another account in the credentials file.

use super::*;

#[test]
fn an_account_switch_is_one_change() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.see_account("bob", "pw", 2), "hang up, reports off, clear cache, sign in bob:pw");
    assert_eq!(story.signed_in("bob"), "reports on, watch holding 1");
    assert_eq!(story.state("bob", 1), "apply bob 1, store bob");
}

#[test]
fn a_session_of_another_user_does_not_stay() {
    let bob = |story: &mut Story| story.see_account("bob", "pw", 2);
    type Step = fn(&mut Story) -> String;
    let cases: [(&str, Step); 3] = [
        ("wait Service backoff 0 to 30s, apply nobody", Story::unavailable),
        ("apply nobody", Story::refused),
        ("apply nobody", |story| story.time(Timer::Grace)),
    ];
    for (expected, event) in cases {
        let mut story = Story::in_force("alice");
        bob(&mut story);
        assert_eq!(event(&mut story), expected);
    }
    // Also one that an earlier run of the agent left there.
    let mut story = Story::ready(None, Some("alice"));
    assert_eq!(bob(&mut story), "clear cache, sign in bob:pw");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s, apply nobody");
}

/// Accounts that take turns faster than the service answers.
#[test]
fn a_file_that_never_rests_does_not_keep_the_session_of_another() {
    let mut story = Story::in_force("alice");
    story.see_account("bob", "pw", 2);
    let (started, delay) = story.timers[&Timer::Grace];
    assert_eq!(delay, Delay::Exactly(GRACE));
    for stamp in 3..10 {
        story.see_account(if stamp % 2 == 0 { "bob" } else { "carol" }, "pw", stamp);
    }
    assert_eq!(story.timers[&Timer::Grace].0, started, "it runs since the first of them");
    assert_eq!(story.time(Timer::Grace), "apply nobody");
}

#[test]
fn a_session_that_is_known_to_be_the_accounts_stays_without_the_service() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.see_account("alice", "new", 2), "hang up, reports off, sign in alice:new");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s");
    assert_eq!(story.plugin_up(Some("alice")), "apply alice 1", "also over a restart of the plugin");
    assert_eq!(story.applied(), "");
    assert_eq!(story.time(Timer::Service), "sign in alice:new");
    assert_eq!(story.refused(), "clear cache, apply nobody");
}

/// The name in it is the service's: another realm's `alice` may be called the same.
#[test]
fn a_session_of_the_same_name_that_nobody_knows_does_not_stay() {
    let mut story = Story::ready(None, Some("alice"));
    assert_eq!(story.see_account("alice", "pw", 1), "clear cache, sign in alice:pw");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s, apply nobody");
}

#[test]
fn another_realm_is_another_account() {
    let hub = |stamp| Seen::Account {
        account: Account { realm: Realm::DockerHub, ..account("alice", "pw") },
        stamp: Stamp::numbered(stamp),
    };
    let enrolled = |docker_hub| Event::Enrolled { service: Some(SERVICE.to_owned()), docker_hub };
    // Not asked for: as if nobody were there, even for one that was read before the enrollment changed.
    let mut story = Story::in_force("alice");
    assert_eq!(story.see(hub(2)), "hang up, reports off, clear cache, apply nobody");
    // Asked for.
    let mut story = Story::in_force("alice");
    assert_eq!(story.send(enrolled(true)), "hang up, reports off, sign in alice:pw, apply alice 1");
    story.applied();
    assert_eq!(story.see(hub(2)), "hang up, reports off, clear cache, sign in alice:pw", "with the same secret");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s, apply nobody");
    // No longer asked for.
    let mut story = Story::ready(None, None);
    story.send(enrolled(true));
    story.see(hub(1));
    story.signed_in("alice");
    story.state("alice", 1);
    story.applied();
    assert_eq!(story.send(enrolled(false)), "hang up, reports off, clear cache, apply nobody");
    // What was kept for one realm is not used for the other.
    let mut story = Story::ready(Some(cached("alice")), None);
    story.send(enrolled(true));
    assert_eq!(story.see(hub(1)), "clear cache, sign in alice:pw");
}

#[test]
fn another_token_is_another_account() {
    let mut story = Story::in_force("<token>");
    assert_eq!(
        story.see_account("<token>", "another", 2),
        "hang up, reports off, clear cache, sign in <token>:another"
    );
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s, apply nobody");
    let mut story = Story::ready(Some(cached("<token>")), None);
    assert_eq!(story.see_account("<token>", "pw", 1), "sign in <token>:pw, apply <token> 1");
}

/// What was on its way to the plugin when the account changed back arrives after the grace.
#[test]
fn a_stranger_that_arrives_after_the_grace_does_not_stay() {
    let mut story = Story::in_force("alice");
    story.see_account("bob", "pw", 2);
    story.signed_in("bob");
    assert_eq!(story.state("bob", 2), "apply bob 2, store bob");
    assert_eq!(story.see_account("alice", "pw", 3), "hang up, reports off, clear cache, sign in alice:pw");
    assert_eq!(story.time(Timer::Grace), "", "alice's is still known to be there");
    assert_eq!(story.applied(), "apply nobody");
}
