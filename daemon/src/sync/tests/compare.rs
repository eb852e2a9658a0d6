//! A comparison at once, and where the agent says it stands.

use proto::agent::Standing;

use super::*;

#[track_caller]
fn stands(story: &Story, standing: Standing) {
    assert_eq!(story.sync.standing(), standing);
}

#[test]
fn a_comparison_opens_the_stream_anew_and_is_done_when_its_answer_is_in_force() {
    let mut story = Story::in_force("alice");
    stands(&story, Standing::InForce);
    assert_eq!(story.send(Event::Compare), "watch holding 2");
    stands(&story, Standing::Busy);
    assert_eq!(story.state("alice", 2), "apply alice 2, store alice");
    stands(&story, Standing::Busy);
    story.applied();
    stands(&story, Standing::InForce);
}

#[test]
fn what_comes_in_several_messages_is_not_in_force_before_the_last_one_is() {
    let mut story = Story::in_force("alice");
    // Both after a comparison and of a change that the service tells by itself.
    for generation in [2, 3] {
        if generation == 2 {
            assert_eq!(story.send(Event::Compare), "watch holding 2");
        }
        let (desired, mut envelopes) = state("alice", generation);
        let last = envelopes.split_off(1);
        let attempt = story.attempt;
        assert_eq!(story.send(Event::Desired { attempt, desired: desired.clone(), envelopes }), "");
        stands(&story, Standing::Busy);
        let applies = format!("apply alice {generation}, store alice");
        assert_eq!(story.send(Event::Desired { attempt, desired, envelopes: last }), applies);
        stands(&story, Standing::Busy);
        story.applied();
        stands(&story, Standing::InForce);
    }
}

#[test]
fn a_comparison_does_not_wait_for_the_next_try() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.unavailable(), "wait Service within 10s");
    stands(&story, Standing::ServiceUnreachable);
    assert_eq!(story.send(Event::Compare), "watch holding 2");
    stands(&story, Standing::Busy);
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s");
    stands(&story, Standing::ServiceUnreachable);
}

#[test]
fn a_comparison_comes_no_sooner_than_the_service_says() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "pw", 1);
    let retry_after = Some(Duration::from_secs(17));
    story.send(Event::Unavailable { attempt: story.attempt, retry_after, lasted: Duration::ZERO });
    assert_eq!(story.send(Event::Compare), "");
    assert_eq!(story.time(Timer::Service), "sign in alice:pw");
}

#[test]
fn a_comparison_shows_no_refused_credential_again() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "wrong", 1);
    story.refused();
    story.applied();
    assert_eq!(story.send(Event::Compare), "");
    stands(&story, Standing::Refused);
}

#[test]
fn why_nothing_can_be_compared_is_told() {
    let mut story = Story::new(None);
    stands(&story, Standing::NotEnrolled);
    story.send(Event::Enrolled { service: Some(SERVICE.to_owned()), docker_hub: false });
    stands(&story, Standing::PluginMissing);
    story.plugin_up(None);
    stands(&story, Standing::Busy);
    story.see(Seen::SignedOut);
    assert_eq!(story.send(Event::Compare), "");
    stands(&story, Standing::SignedOut);
}
