//! What the service says, refuses and takes back.

use super::*;

#[test]
fn a_wrong_credential_is_tried_again_only_when_the_file_changes() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "wrong", 1);
    assert_eq!(story.refused(), "apply nobody");
    story.applied();
    for _ in 0..100 {
        assert_eq!(story.see_account("alice", "wrong", 1), "");
    }
    assert_eq!(story.see_account("alice", "wrong", 2), "wait Service backoff 0 to 30s", "written again, slowly");
    assert_eq!(story.see_account("alice", "wrong", 3), "", "one try is on its way");
    assert_eq!(story.time(Timer::Service), "sign in alice:wrong");
    assert_eq!(story.refused(), "");
    assert_eq!(story.see_account("alice", "wrong", 4), "wait Service backoff 1 to 30s");
    assert_eq!(
        story.see_account("alice", "right", 5),
        "hang up, reports off, sign in alice:right",
        "another secret at once"
    );
}

#[test]
fn a_changed_secret_is_verified_while_the_session_stays() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.see_account("alice", "new", 2), "hang up, reports off, sign in alice:new");
    assert_eq!(story.refused(), "clear cache, apply nobody");
}

#[test]
fn the_service_is_asked_again_with_growing_waits_until_it_answers() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "pw", 1);
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s, apply nobody");
    story.applied();
    for failures in 1..5 {
        assert_eq!(story.time(Timer::Service), "sign in alice:pw");
        assert_eq!(story.unavailable(), format!("wait Service backoff {failures} to 30s"));
    }
    story.time(Timer::Service);
    story.signed_in("alice");
    assert_eq!(story.state("alice", 1), "apply alice 1, store alice");
    story.applied();
    assert_eq!(
        story.unavailable(),
        "wait Service within 10s",
        "a stream that stood: all machines may have lost theirs"
    );
    assert_eq!(story.time(Timer::Service), "watch holding 2", "with the same token");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s", "a success starts anew");
}

#[test]
fn a_wait_that_the_service_told_is_kept() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "pw", 1);
    let retry_after = Some(Duration::from_secs(17));
    let event = Event::Unavailable { attempt: story.attempt, retry_after, lasted: Duration::ZERO };
    assert_eq!(story.send(event), "wait Service 17s, apply nobody");
}

#[test]
fn a_stream_that_ends_at_once_is_no_success() {
    let mut story = Story::in_force("alice");
    let event = Event::Unavailable { attempt: story.attempt, retry_after: None, lasted: Duration::from_millis(1) };
    assert_eq!(story.send(event), "wait Service within 10s");
}

#[test]
fn a_token_that_is_refused_means_a_new_sign_in_and_no_circle() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.refused(), "reports off, sign in alice:pw");
    assert_eq!(story.signed_in("alice"), "reports on, watch holding 2");
    assert_eq!(story.refused(), "reports off, wait Service backoff 0 to 30s");
    assert_eq!(story.time(Timer::Service), "sign in alice:pw");
    assert_eq!(story.refused(), "clear cache, apply nobody", "the account is gone");
}

/// Whatever a service does after it accepted a sign-in: it sees the password three times a minute.
#[test]
fn a_service_that_takes_back_what_it_gave_sees_the_password_a_few_times_a_minute() {
    for (states, lasted) in [(true, Duration::ZERO), (false, Duration::ZERO), (true, Duration::from_secs(6))] {
        let mut story = Story::ready(None, None);
        let (mut shown, mut waits) = (1, vec![]);
        story.see_account("alice", "pw", 1);
        for _ in 0..50 {
            story.signed_in("alice");
            if states {
                story.state("alice", 1);
            }
            let mut words = story.send(Event::Refused { attempt: story.attempt, lasted });
            while !words.contains("sign in") {
                let (_, delay) = story.timers[&Timer::Service];
                waits.push(delay);
                if delay == Delay::Exactly(SERVICE_CAP) {
                    break;
                }
                words = story.time(Timer::Service);
            }
            if !words.contains("sign in") {
                break;
            }
            shown += 1;
            if story.applying.is_some() {
                story.applied();
            }
        }
        assert_eq!(shown, SIGN_INS, "states: {states}, lasted {lasted:?}");
        assert_eq!(story.time(Timer::Service), "wait Service 30s", "the minute is not over");
        assert_eq!(story.time(Timer::SignIns), "");
        assert_eq!(story.time(Timer::Service), "sign in alice:pw", "and then again");
    }
}

#[test]
fn who_signed_in_often_before_loses_a_revoked_session_as_soon() {
    let mut story = Story::in_force("alice");
    for stamp in 2..6 {
        story.see_account("alice", "pw", stamp);
        story.applied();
        if stamp < 4 {
            story.signed_in("alice");
            story.state("alice", 1);
        }
    }
    assert_eq!(story.refused(), "reports off, sign in alice:pw");
    assert_eq!(story.refused(), "clear cache, apply nobody");
}

#[test]
fn streams_that_end_at_once_are_opened_more_and_more_slowly() {
    let mut story = Story::in_force("alice");
    for seconds in [10, 10, 10, 16, 30, 30] {
        let event = Event::Unavailable { attempt: story.attempt, retry_after: None, lasted: Duration::ZERO };
        assert_eq!(story.send(event), format!("wait Service within {seconds}s"));
        story.time(Timer::Service);
        story.state("alice", 1);
    }
    assert_eq!(story.unavailable(), "wait Service within 10s", "one that lasted starts anew");
}
