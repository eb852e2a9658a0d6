//! Whatever happens, in whatever order.

use super::*;

/// INVARIANT: whatever happens in whatever order, the session at the plugin is one for the account
/// that the file holds, or none, once the machine has had its say.
#[test]
fn random_stories_never_leave_a_session_of_somebody_else() {
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let kept = [None, Some(cached("alice")), Some(cached("bob"))][random.usize(..3)].clone();
        let before = [None, Some("alice"), Some("bob")][random.usize(..3)];
        let mut story = Story::ready(kept, before);
        let mut at_plugin = InForceThere { session: before.map(|user| named(user, 99)), policies: vec![] };
        let mut file: Option<&str> = None;
        story.see(Seen::SignedOut);
        for step in 0..60 {
            match random.u8(..12) {
                0 => {
                    file = None;
                    story.see(Seen::SignedOut);
                }
                1 => {
                    file = None;
                    story.see(Seen::Unreadable);
                }
                2 | 3 => {
                    let user = ["alice", "bob"][random.usize(..2)];
                    file = Some(user);
                    story.see_account(user, ["p1", "p2"][random.usize(..2)], step);
                }
                4 => drop(story.refused()),
                5 => drop(story.unavailable()),
                6 => drop(file.map(|user| story.signed_in(user))),
                7 => drop(file.map(|user| story.state(user, step as u64 + 1))),
                8 if story.timers.contains_key(&Timer::Service) => drop(story.time(Timer::Service)),
                9 if story.timers.contains_key(&Timer::Apply) => drop(story.time(Timer::Apply)),
                // Somebody else changes what is in force there; it is seen, or seen late.
                10 => {
                    at_plugin.session =
                        [None, Some(named("alice", 98)), Some(named("bob", 98))][random.usize(..3)].clone()
                }
                11 => drop(story.send(Event::PluginLooked(at_plugin.clone()))),
                _ => {}
            }
            if let Some(goal) = story.applying.clone() {
                match random.u8(..4) {
                    0 if random.bool() => drop(story.session_over()),
                    0 => drop(story.apply_failed(random.bool())),
                    1 => {}
                    _ => {
                        at_plugin = there(&goal);
                        story.applied();
                    }
                }
            }
        }
        // Now everything comes to rest: the grace ends, the plugin answers.
        for timer in [Timer::Grace, Timer::Apply] {
            if story.timers.contains_key(&timer) {
                story.time(timer);
            }
        }
        for _ in 0..8 {
            story.send(Event::PluginLooked(at_plugin.clone()));
            if story.timers.contains_key(&Timer::Apply) {
                story.time(Timer::Apply);
            }
            if let Some(goal) = story.applying.clone() {
                at_plugin = there(&goal);
                story.applied();
            }
        }
        if let Some(user) = at_plugin.session.map(|session| session.subject) {
            assert!(file == Some(user.as_str()), "seed {seed}: `{user}` in force, file holds {file:?}");
        }
    }
}
