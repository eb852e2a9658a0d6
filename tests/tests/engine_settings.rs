//! The settings of a policy beyond pulls, on each release of the engine, with the real `docker` command.

use installer::lab::{Command, Output, installed};
use proto::document::{Categories, LocalContent, Mode, Policy, Protect, Push, RunUnapproved, Settings, WhenExpired};
use tests::engines::{Authority, Flavour, Site, Stock};

const IMAGES: [&str; 2] = ["docker.io/library/hello:latest", "docker.io/acme/made:latest"];

/// Everything strict.
fn authority() -> Authority {
    Authority::new(Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        namespaces: vec!["acme".to_owned()],
        when_expired: WhenExpired::Keep.into(),
        settings: Some(Settings {
            local_content: LocalContent::Deny.into(),
            run_unapproved: RunUnapproved::Deny.into(),
            push: Some(Push { patterns: vec!["acme/*".to_owned()] }),
            protect: Some(Protect { patterns: Vec::new() }),
            ..Settings::default()
        }),
        ..Policy::default()
    })
}

struct Engine<'a>(&'a Site);

impl Engine<'_> {
    async fn docker(&self, args: &[&str]) -> Output {
        let program = installed("docker", "docker.io").unwrap();
        let host = format!("unix://{}", self.0.engine.socket().display());
        let command = Command::new(&program, "docker").env("DOCKER_HOST", host).env("HOME", self.0.lab.dir());
        command.args(args).run().await.unwrap()
    }

    /// What it prints.
    async fn does(&self, args: &[&str]) -> String {
        let output = self.docker(args).await;
        assert_eq!(output.code(), 0, "{}: `docker {}`: {}", self.0.engine.name(), args.join(" "), output.text());
        output.stdout.trim().to_owned()
    }

    async fn is_refused(&self, args: &[&str], words: &str) {
        let output = self.docker(args).await;
        let text = output.text();
        let told = format!("{}: `docker {}`: {text}", self.0.engine.name(), args.join(" "));
        assert!(output.code() != 0 && text.contains("authorization denied by plugin pullgate: "), "{told}");
        assert!(text.contains(words), "expected `{words}`: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_settings_hold_on_each_release_and_lock_nobody_out() {
    let stock = Stock::of(IMAGES).await.unwrap();
    for &flavour in Flavour::all() {
        let site = Site::start(flavour, &stock, &authority()).await.unwrap();
        let engine = Engine(&site);
        names_are_judged_by_where_their_content_came_from(&engine).await;
        what_may_not_leave_come_in_or_reach_the_host_is_refused(&engine).await;
        everyday_calls_pass(&engine).await;
    }
}

async fn names_are_judged_by_where_their_content_came_from(engine: &Engine<'_>) {
    let origin = "whose origin pullgate cannot tell";
    engine.does(&["pull", "hello"]).await;
    let container = engine.does(&["create", "hello", "/x"]).await;
    // Another name for it is no other content.
    engine.does(&["tag", "hello", "other/hello"]).await;
    engine.does(&["create", "other/hello", "/x"]).await;

    engine.does(&["commit", &container, "acme/made"]).await;
    engine.is_refused(&["create", "acme/made", "/x"], origin).await;
    engine.does(&["tag", "acme/made", "acme/two"]).await;
    engine.is_refused(&["create", "acme/two", "/x"], origin).await;
    let id = engine.does(&["image", "inspect", "--format", "{{.Id}}", "acme/made"]).await;
    engine.is_refused(&["create", &id, "/x"], "is the id of an image").await;

    // The way out that the refusal names.
    engine.does(&["rmi", "acme/two", "acme/made"]).await;
    engine.does(&["pull", "acme/made"]).await;
    engine.does(&["create", "acme/made", "/x"]).await;
}

async fn what_may_not_leave_come_in_or_reach_the_host_is_refused(engine: &Engine<'_>) {
    engine.is_refused(&["push", "other/hello"], "is not where acme allows images to be pushed").await;
    engine.is_refused(&["load", "--input", "/dev/null"], "brings in images that no registry vouches for").await;
    engine.is_refused(&["swarm", "join", "--token", "SWMTKN-1-x", "192.0.2.1:2377"], "Joining a swarm").await;
    let reach = "reaches this machine beyond a container";
    for option in
        ["--privileged", "--volume=/etc:/x", "--volume=/var/run/docker.sock:/s", "--pid=host", "--cap-add=sys_admin"]
    {
        engine.is_refused(&["create", option, "hello", "/x"], reach).await;
    }
    let volume = ["volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/etc/docker", "v"];
    engine.is_refused(&volume, reach).await;
    engine.does(&["create", "--volume=/home/nobody/project:/x", "--cap-add=sys_ptrace", "hello", "/x"]).await;
    engine.does(&["volume", "create", "plain"]).await;
}

async fn everyday_calls_pass(engine: &Engine<'_>) {
    for call in [&["ps", "--all"][..], &["images"], &["info"], &["version"], &["volume", "ls"], &["network", "ls"]] {
        engine.does(call).await;
    }
    let containers = engine.does(&["ps", "--all", "--quiet"]).await;
    let ids: Vec<&str> = containers.split_whitespace().collect();
    assert!(ids.len() >= 4, "{containers}");
    engine.does(&[&["rm"][..], &ids].concat()).await;
    for call in [
        &["image", "prune", "--all", "--force"][..],
        &["volume", "prune", "--force"],
        &["container", "prune", "--force"],
    ] {
        engine.does(call).await;
    }
}
