//! Machines that no person signs in to: an access token in a file.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use proto::sync::Realm;

use crate::support::{Agent, Answer, MARK, Machine, Shown, until};

/// A token that the service takes for `acme/NAME`.
fn token(name: &str) -> String {
    format!("pg_oat_{name}_{MARK}")
}

struct World {
    machine: Machine,
    file: PathBuf,
}

impl World {
    /// The service knows the tokens `a` and `b`; `a` is in the file. Somebody is signed in with Docker.
    fn new() -> Self {
        let machine = Machine::new();
        machine.service.change(|state| {
            state.tokens = ["a", "b"].map(|name| (token(name), format!("acme/{name}"))).into();
        });
        machine.login("alice", "s3cret-alice");
        let world = Self { file: machine.path("token"), machine };
        world.put(&token("a"));
        world
    }

    /// As deployment tools do: a new file, then a rename.
    fn put(&self, text: &str) {
        let temporary = self.machine.path("token.new");
        fs::write(&temporary, text).expect("write");
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o600)).expect("mode");
        fs::rename(temporary, &self.file).expect("rename");
    }

    fn agent(&self) -> Agent {
        self.machine.agent_with(&["--token-file", self.file.to_str().expect("text")])
    }

    async fn signed_in() -> (Self, Agent) {
        let world = Self::new();
        let agent = world.agent();
        world.machine.in_force(Some("acme/a")).await;
        (world, agent)
    }
}

#[tokio::test]
async fn the_token_signs_in_and_the_docker_credentials_are_not_looked_at() {
    let (world, agent) = World::signed_in().await;
    let shown = world.machine.service.state.borrow().shown.clone();
    assert_eq!(shown, [Shown { realm: Realm::Service, user: "<token>".to_owned(), secret: token("a") }]);
    world.machine.login("bob", "s3cret-bob");
    world.put(&format!("{}\n", token("b")));
    world.machine.in_force(Some("acme/b")).await;
    assert_eq!(world.machine.plugin.applies(), ["acme/a acme:1", "acme/b acme:1"], "no moment of anybody else");
    assert!(agent.log().lines().next().is_some_and(|first| first.contains("token_file=true")), "{}", agent.log());
}

#[tokio::test]
async fn the_empty_moment_of_a_rewrite_in_place_is_no_sign_out() {
    let (world, _agent) = World::signed_in().await;
    for _ in 0..20 {
        let mut file = File::create(&world.file).expect("truncate");
        file.sync_all().expect("sync");
        file.write_all(&token("a").as_bytes()[..9]).expect("write");
        file.write_all(&token("a").as_bytes()[9..]).expect("write");
    }
    world.put(&token("b"));
    world.machine.in_force(Some("acme/b")).await;
    let mut applies = world.machine.plugin.applies();
    applies.dedup();
    assert_eq!(applies, ["acme/a acme:1", "acme/b acme:1"]);
}

#[tokio::test]
async fn a_file_that_is_gone_open_to_others_or_a_link_is_nobody() {
    let (world, agent) = World::signed_in().await;
    let nobody = async |class: &str| {
        world.machine.in_force(None).await;
        agent.logged(&format!("class=\"{class}\"")).await;
        let _ = fs::remove_file(&world.file);
        world.put(&token("a"));
        world.machine.in_force(Some("acme/a")).await;
    };
    fs::remove_file(&world.file).expect("remove");
    nobody("token-missing").await;
    fs::set_permissions(&world.file, fs::Permissions::from_mode(0o644)).expect("mode");
    nobody("token-untrusted").await;
    fs::rename(&world.file, world.machine.path("elsewhere")).expect("rename");
    symlink("elsewhere", &world.file).expect("link");
    nobody("token-untrusted").await;
    world.put("hunter2");
    nobody("token-invalid").await;
}

#[tokio::test]
async fn a_revoked_token_ends_the_session_and_the_next_one_is_told_what_to_do() {
    let (world, agent) = World::signed_in().await;
    world.machine.service.change(|state| drop(state.tokens.remove(&token("a"))));
    world.machine.in_force(None).await;
    agent.logged("put a valid access token into the token file").await;
    world.put(&token("b"));
    world.machine.in_force(Some("acme/b")).await;
}

/// All tokens have the same user name: another token is another account.
#[tokio::test]
async fn the_session_of_one_token_does_not_stay_for_another_while_the_service_is_away() {
    let (world, _agent) = World::signed_in().await;
    world.machine.service.change(|state| state.answer = Answer::Unavailable);
    world.put(&token("b"));
    world.machine.in_force(None).await;
    world.machine.service.change(|state| state.answer = Answer::Normally);
    world.machine.in_force(Some("acme/b")).await;
    until(&world.machine.service.state, "a watch", |state| (!state.watches.is_empty()).then_some(())).await;
}

#[tokio::test]
async fn pullgated_credentials_shows_it_without_the_token() {
    let world = World::new();
    let file = world.file.to_str().expect("text");
    let show = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_pullgated"))
            .arg("credentials")
            .args(arguments)
            .arg("--enrollment")
            .arg(world.machine.path("enrollment.json"))
            .env_clear()
            .env("HOME", world.machine.root.path())
            .envs(variables.iter().copied())
            .output()
            .expect("start");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        assert!(!text.contains(MARK), "{text}");
        text
    };
    let expected = serde_json::json!({ "user": "<token>", "key": file, "source": "token-file", "helper": null });
    for text in [show(&["--json", "--token-file", file], &[]), show(&["--json"], &[("PULLGATE_TOKEN_FILE", file)])] {
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("json"), expected);
    }
    assert_eq!(show(&[], &[("PULLGATE_TOKEN_FILE", file)]), format!("signed in with the access token in `{file}`\n"));
    // An empty variable is none.
    assert!(show(&[], &[("PULLGATE_TOKEN_FILE", "")]).contains("signed in as alice"));
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).expect("mode");
    let text = show(&["--token-file", file], &[]);
    assert!(text.contains("nobody counts as signed in") && text.contains("`chmod 0600` it"), "{text}");
}
