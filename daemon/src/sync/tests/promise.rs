//! The promise of the agent, over random stories: **the session in force is always one that the service sealed
//! for the credential that the file held, or none.**
//!
//! Whatever happens in whatever order: file states of both realms, tokens, answers that are slow, late or lost, a
//! service that refuses, revokes and comes back, restarts of plugin and agent, a disk that was not written in time.
//!
//! 1. A secret is shown to the service only while the file, as it was read last, holds exactly it; one of Docker
//!    Hub only while the enrollment asks for it.
//! 2. What is given to the plugin was sealed for the account that was read last.
//! 3. Whenever things come to rest, with the service up, away or silent, or
//!    with a plugin that takes nothing: no session of another account. With the
//!    service up, the session is the one of this very user, realm and secret, with the newest policy; or none,
//!    where the service says no.
//!
//! The worst is assumed of names: the service calls the `alice` of both realms, and all tokens, the same.

mod world;

use world::{Rest, World};

const STORIES: u64 = 4_000;
const STEPS: usize = 120;

#[test]
fn the_session_in_force_is_one_that_was_sealed_for_what_the_file_held_or_none() {
    for seed in 0..STORIES {
        story(seed);
    }
}

/// One story; a failure prints its number and its steps.
fn story(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        step(&mut world);
    }
    for rest in Rest::ALL {
        world.come_to_rest(rest);
    }
}

fn step(world: &mut World) {
    match world.random.u8(..34) {
        0..=2 => world.write_file(),
        3 => world.write_again(),
        4..=7 => world.read_file(),
        8..=11 => world.service_works(),
        12..=15 => world.answer_arrives(),
        16 => world.service_goes_or_comes(),
        17 => world.account_is_revoked_or_granted(),
        18 => world.policy_changes(),
        19..=20 => world.time_passes(),
        21..=23 => world.plugin_works(),
        24..=25 => world.plugin_answers(),
        26..=27 => world.plugin_is_looked_at(),
        28 => world.plugin_stops_or_starts(),
        29 => world.plugin_refuses_or_not(),
        30 => world.agent_restarts(),
        31 => world.enrollment_changes(),
        32 => world.disk_is_written(),
        _ => {
            let rest = Rest::ALL[world.random.usize(..Rest::ALL.len())];
            world.come_to_rest(rest);
        }
    }
}
