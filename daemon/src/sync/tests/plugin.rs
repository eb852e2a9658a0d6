//! What the plugin takes, refuses, forgets and loses.

use super::*;

#[test]
fn what_is_lost_at_the_plugin_is_put_back() {
    let losses = [
        (None, Some(1), "the session is gone"),
        (Some(("bob", 1)), Some(1), "somebody else's"),
        (Some(("alice", 2)), Some(1), "another sign-in's"),
        (Some(("alice", 1)), None, "the policy is gone"),
        (None, None, "everything is gone"),
    ];
    for (session, policy, what) in losses {
        let mut story = Story::in_force("alice");
        assert_eq!(story.look(session, policy), "", "{what}: this answer may be older than what was applied");
        assert_eq!(story.look(Some(("alice", 1)), Some(1)), "");
        assert_eq!(story.look(session, policy), "apply alice 1", "{what}");
        assert_eq!(story.applied(), "");
    }
    let mut story = Story::in_force("alice");
    story.look(Some(("alice", 1)), Some(1));
    assert_eq!(story.look(Some(("alice", 1)), Some(7)), "", "a newer policy that another user's agent brought");
    // And what should not be there is taken away again.
    story.see(Seen::SignedOut);
    story.applied();
    story.look(None, Some(1));
    assert_eq!(story.look(Some(("alice", 1)), Some(1)), "apply nobody");
}

#[test]
fn two_agents_of_one_user_do_not_fight_at_full_speed() {
    let mut story = Story::in_force("alice");
    let lose = |story: &mut Story| {
        story.look(None, None);
        story.look(None, None)
    };
    assert_eq!(lose(&mut story), "apply alice 1");
    story.applied();
    assert_eq!(lose(&mut story), "wait Apply backoff 2 to 2s");
    for _ in 0..5 {
        assert_eq!(story.time(Timer::Apply), "apply alice 1");
        story.applied();
        assert_eq!(lose(&mut story), "wait Apply 30s");
        assert_eq!(lose(&mut story), "", "not more often");
    }
    assert_eq!(
        story.see_account("alice", "pw", 2),
        "hang up, reports off, sign in alice:pw, apply alice 1",
        "a person"
    );
    story.applied();
    story.time(Timer::Losses);
    assert_eq!(lose(&mut story), "apply alice 1", "after a quiet minute");
}

#[test]
fn a_session_that_was_ended_at_the_plugin_means_a_new_sign_in() {
    // One that was kept, while the service is asked anyway.
    let mut story = Story::ready(Some(cached("alice")), None);
    assert_eq!(story.see_account("alice", "pw", 1), "sign in alice:pw, apply alice 1");
    assert_eq!(story.session_over(), "clear cache, wait Apply backoff 0 to 30s");
    assert_eq!(story.signed_in("alice"), "reports on, watch holding 1");
    assert_eq!(story.state("alice", 2), "apply alice 2, store alice");
    assert_eq!(story.applied(), "");
    // One that was lost while the stream is open.
    story.look(None, None);
    assert_eq!(story.look(None, None), "apply alice 2");
    let again = "clear cache, hang up, reports off, sign in alice:pw, wait Apply backoff 0 to 30s";
    assert_eq!(story.session_over(), again);
    story.signed_in("alice");
    assert_eq!(story.state("alice", 3), "apply alice 3, store alice");
}

#[test]
fn a_sign_in_with_the_same_password_puts_everything_in_force_anew() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.see_account("alice", "pw", 1), "", "nothing was written");
    for stamp in 2..4 {
        let all = "hang up, reports off, sign in alice:pw, apply alice 1";
        assert_eq!(story.see_account("alice", "pw", stamp), all);
        story.applied();
        story.signed_in("alice");
        story.state("alice", 1);
    }
    assert_eq!(story.see_account("alice", "pw", 4), "apply alice 1", "but is not shown to the service each time");
}

#[test]
fn a_restarted_plugin_gets_everything_again() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.send(Event::PluginDown), "");
    assert_eq!(story.state("alice", 2), "store alice", "nobody to tell");
    assert_eq!(story.plugin_up(Some("alice")), "apply alice 2");
}

#[test]
fn the_plugin_is_tried_again_soon_when_it_does_not_answer() {
    let mut story = Story::in_force("alice");
    story.state("alice", 2);
    assert_eq!(story.apply_failed(false), "wait Apply backoff 0 to 2s");
    assert_eq!(story.time(Timer::Apply), "apply alice 2");
    assert_eq!(story.apply_failed(false), "wait Apply backoff 1 to 2s");
    assert_eq!(story.state("alice", 3), "apply alice 3, store alice", "news need not wait");
}

#[test]
fn refused_documents_leave_the_last_good_ones_and_are_tried_slowly() {
    let mut story = Story::in_force("alice");
    story.state("alice", 2);
    assert_eq!(story.apply_failed(true), "wait Apply backoff 0 to 30s");
    assert_eq!(story.time(Timer::Apply), "apply alice 2");
}

#[test]
fn refused_documents_of_another_user_end_the_session_that_is_there() {
    let mut story = Story::in_force("alice");
    story.see_account("bob", "pw", 2);
    story.signed_in("bob");
    story.state("bob", 2);
    assert_eq!(story.apply_failed(true), "wait Apply backoff 0 to 30s, apply nobody");
    assert_eq!(story.applied(), "apply bob 2");
    assert_eq!(story.apply_failed(true), "wait Apply backoff 0 to 30s", "and then rests");
}

#[test]
fn one_apply_at_a_time_and_the_newest_wins() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.state("alice", 2), "apply alice 2, store alice");
    assert_eq!(story.state("alice", 3), "store alice");
    assert_eq!(story.state("alice", 4), "store alice");
    assert_eq!(story.applied(), "apply alice 4");
}
