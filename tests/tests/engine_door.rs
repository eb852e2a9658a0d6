//! No engine fetches what the policy refuses, by any way that an image can come in: the registry
//! door stands in every one of them, and says why.
//!
//! The engines ask no plugin here, so that the door is alone with each of them. What reached the
//! registries stands in their logs.

use std::{
    io::{self, Write as _},
    time::Instant,
};

use installer::lab::Output;
use proto::document::{Categories, EnginePlugins, Mode, Policy, Push, Registries, Role, Rule, Settings, WhenExpired};
use tests::{
    door::{Asked, BASE, Call, NAME_OF_LOOPBACK, Setup, Site, Way},
    engines::{Authority, Flavour, Stock, Ware, side_by_side},
};

/// The one registry besides Docker Hub that is allowed, and one that speaks no TLS.
const REGISTRIES: [&str; 2] = ["good.example", "plain.example:5000"];
/// Single images: one tag of a repository, and what a registry on this machine has of `team`.
const ALLOWED: [&str; 3] = ["evil/tags:allowed", "localhost:5000/team/*", "127.0.0.1:5000/team/*"];
/// The names that Docker Hub's registry has.
const HUB: [&str; 4] = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

fn policy() -> Policy {
    let rule = |(number, pattern): (usize, &str)| Rule {
        id: format!("allow-{number}"),
        pattern: pattern.to_owned(),
        ..Rule::default()
    };
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries {
            controlled: true,
            hosts: REGISTRIES.iter().map(|&host| host.to_owned()).collect(),
        }),
        allow: ALLOWED.into_iter().enumerate().map(rule).collect(),
        settings: Some(Settings {
            push: Some(Push { patterns: vec!["good.example/team/*".to_owned()] }),
            ..Settings::default()
        }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// The policy once more, in other words: what may reach a registry at all.
fn may_be_asked(asked: &Asked) -> bool {
    let host = asked.host.to_ascii_lowercase();
    if HUB.contains(&host.trim_end_matches(":443")) {
        return asked.repository.starts_with("library/")
            || asked.repository == "evil/tags" && !asked.what.contains("manifests/other");
    }
    let is_loopback = ["localhost:5000", "127.0.0.1:5000"].contains(&host.as_str());
    REGISTRIES.contains(&host.as_str()) || is_loopback && asked.repository.starts_with("team/")
}

async fn stock() -> Stock {
    let mut wares = vec![("library/base:latest".to_owned(), Ware::Runnable)];
    for way in Way::ALL {
        let names = ["library", "evil"].map(|owner| format!("{owner}/{}:latest", way.word()));
        wares.extend(names.map(|name| (name, way.ware())));
    }
    let bare = ["evil/tags:allowed", "evil/tags:other", "evil/spelled:latest", "evil/other:latest", "team/app:latest"];
    wares.extend(bare.map(|name| (name.to_owned(), Ware::Bare)));
    wares.extend(["team/plug:latest", "evil/plug:latest"].map(|name| (name.to_owned(), Ware::Plugin)));
    Stock::with(wares.iter().map(|(name, ware)| (name.as_str(), *ware))).await.unwrap()
}

/// As where another machine's manager has this one install it: nothing but the manifest says that it is no image.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_plugin_is_refused_when_its_manifest_comes() {
    let wares = [("library/plug:latest", Ware::Plugin), ("library/hello:latest", Ware::Bare)];
    let stock = Stock::with(wares).await.unwrap();
    let none = Settings { engine_plugins: EnginePlugins::Deny.into(), ..Settings::default() };
    let documents = Authority::new(Policy { settings: Some(none), ..policy() });
    let each = async |flavour| {
        let site = Site::start(flavour, &stock, &documents, Setup::default()).await.unwrap();
        site.docker(&["pull", "hello"]).await.success().unwrap();
        let install = ["plugin", "install", "--disable", "--grant-all-permissions", "plug"];
        drop(site.registries.take());
        let output = site.docker(&install).await;
        let told = site.told(&output);
        assert!(output.code() != 0 && output.text().contains("is an engine plugin, and acme allows none"), "{told}");
        let asked: Vec<String> = site.registries.take().iter().map(ToString::to_string).collect();
        assert!(!asked.iter().any(|asked| asked.contains("/blobs/")), "{asked:?}: {told}");
        site.change(&site.documents.changed(policy(), Role::Member)).await.unwrap();
        site.docker(&install).await.success().unwrap();
    };
    side_by_side(Flavour::all().iter().map(|&flavour| each(flavour))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_engine_fetches_what_the_policy_refuses_by_any_way() {
    let stock = stock().await;
    let documents = Authority::new(policy());
    let tables = Flavour::all().iter().map(|&flavour| table(flavour, &stock, &documents));
    let exceptions = side_by_side(tables).await.concat();
    assert!(exceptions.is_empty(), "{} exceptions:\n{}", exceptions.len(), exceptions.join("\n"));
}

async fn table(flavour: Flavour, stock: &Stock, documents: &Authority) -> Vec<String> {
    let site = Site::start(flavour, stock, documents, Setup::default()).await;
    let site = site.unwrap_or_else(|error| panic!("{flavour:?}: {error:#}"));
    let started = Instant::now();
    let mut run = Run { site: &site, flavour, stock, steps: 0, asked: 0, exceptions: Vec::new() };
    site.docker(&["pull", BASE]).await.success().unwrap();
    run.look("the base of builds");
    for way in Way::ALL.into_iter().filter(|way| way.is_in(flavour)) {
        run.way(way).await;
    }
    run.other_names_of_the_hub().await;
    run.other_registries().await;
    run.one_tag_of_a_repository().await;
    run.loopback().await;
    run.pushes().await;
    let told = writeln!(
        io::stdout(),
        "engine {}: {} steps, {} different requests at the registries, {} exceptions ({:.0} s)",
        site.engine.name(),
        run.steps,
        run.asked,
        run.exceptions.len(),
        started.elapsed().as_secs_f64(),
    );
    told.unwrap();
    let (mut exceptions, lab, network) = (run.exceptions, site.lab.dir().to_owned(), site.network.id().unwrap());
    drop(site);
    let left = [tests::leavings(&lab), tests::processes_in(&network)].concat();
    exceptions.extend(left.into_iter().map(|left| format!("{flavour:?} left {left}")));
    exceptions
}

struct Run<'a> {
    site: &'a Site,
    flavour: Flavour,
    stock: &'a Stock,
    steps: usize,
    asked: usize,
    exceptions: Vec<String>,
}

impl Run<'_> {
    /// One that is allowed comes in, one that is not does not, and it is said why.
    async fn way(&mut self, way: Way) {
        let good = format!("library/{}", way.word());
        let output = way.go(self.site, &way.word(), self.stock.digest(&good, "latest")).await;
        let is_in = match way {
            // Both are there and neither is what it is taken for: the fetch is what counts. Every refusal names its
            // decision; its status alone could be part of a digest.
            Way::Syntax | Way::Service => {
                !["decision ", "No such image"].iter().any(|words| output.text().contains(words))
            }
            _ => output.code() == 0,
        };
        self.check(is_in, &format!("{way:?}: an allowed image did not come in"), &output);
        let asked = self.look(&format!("{way:?}, allowed"));
        let is_fetched = asked.iter().any(|asked| asked.repository == good && asked.what.starts_with("GET blobs/"));
        self.check(is_fetched, &format!("{way:?}: it did not come through the door"), &output);

        let evil = format!("evil/{}", way.word());
        let output = way.go(self.site, &evil, self.stock.digest(&evil, "latest")).await;
        self.look(&format!("{way:?}, refused"));
        let text = output.text();
        for words in self.refusal(way, &evil) {
            self.check(text.contains(&words), &format!("{way:?}: expected `{words}`"), &output);
        }
        let is_refused = if way == Way::Service { text.contains("Rejected") } else { output.code() != 0 };
        self.check(is_refused, &format!("{way:?}: an image that is not allowed came in"), &output);
    }

    /// What is printed when this is refused: the engine's own part, and the policy's.
    fn refusal(&self, way: Way, repository: &str) -> Vec<String> {
        let url = format!("https://registry-1.docker.io/v2/{repository}/manifests/");
        let head = format!("unexpected status from HEAD request to {url}");
        // From 29 on the containerd store passes on what the registry says, and tasks what the store says.
        let is_telling = self.site.engine.major() >= 29;
        let own = match way {
            // The engine keeps the reason to itself.
            Way::Service if !is_telling => {
                return vec![format!("No such image: {repository}:latest")];
            }
            Way::PullAll if self.flavour.containerd_store => "docker.io".to_owned(),
            Way::EnginePlugin if self.flavour.is_old() => {
                "error resolving plugin reference: pulling from host registry-1.docker.io failed with status code"
                    .to_owned()
            }
            Way::EnginePlugin => format!("error resolving plugin reference: {head}latest: 403 "),
            _ if way.is_buildkit() && self.flavour.is_old() => {
                "pulling from host registry-1.docker.io failed with status code [manifests ".to_owned()
            }
            _ if way.is_buildkit() => head,
            _ if self.flavour.containerd_store && is_telling => "error from registry: ".to_owned(),
            _ if self.flavour.containerd_store => head,
            _ => format!(
                "pull access denied for {repository}, repository does not exist or may require 'docker login': denied: "
            ),
        };
        vec![
            own,
            format!("docker.io/{repository}"),
            "is a community image, and acme allows only".to_owned(),
            "decision ".to_owned(),
        ]
    }

    /// However the hub is written.
    async fn other_names_of_the_hub(&mut self) {
        let hosts = [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "registry.hub.docker.com",
            "DOCKER.IO",
            "docker.io:443",
        ];
        for host in hosts {
            let image = format!("{host}/evil/spelled");
            self.refused(&["pull", &image], "is a community image").await;
            self.refused_build(&format!("FROM {image}\n"), "is a community image").await;
        }
    }

    async fn other_registries(&mut self) {
        self.allowed(&["pull", "good.example/team/app"]).await;
        self.allowed(&["pull", "plain.example:5000/team/app"]).await;
        let loopback = format!("{NAME_OF_LOOPBACK}:5000");
        for host in ["bad.example", "good.example:80", "plain.example", "10.9.0.2", "10.9.0.2:5000", &loopback] {
            let image = format!("{host}/team/app");
            self.refused(&["pull", &image], "is in the registry").await;
            self.refused_build(&format!("FROM {image}\n"), "is in the registry").await;
        }
    }

    /// By its tag, by its digest once the tag was seen; and nothing else of the repository.
    async fn one_tag_of_a_repository(&mut self) {
        let digest = |tag| format!("evil/tags@{}", self.stock.digest("evil/tags", tag));
        let (allowed, other) = (digest("allowed"), digest("other"));
        self.refused(&["pull", "evil/tags:other"], "is a community image").await;
        self.refused(&["pull", &other], "is a community image").await;
        self.allowed(&["pull", "evil/tags:allowed"]).await;
        self.site.docker(&["image", "rm", "--force", "evil/tags:allowed"]).await.success().unwrap();
        self.allowed(&["pull", &allowed]).await;
        self.refused(&["pull", &other], "is a community image").await;
        self.refused(&["pull", "--all-tags", "evil/tags"], "is a community image").await;
    }

    /// Which engines never ask a proxy for.
    async fn loopback(&mut self) {
        for host in ["localhost:5000", "127.0.0.1:5000"] {
            self.allowed(&["pull", &format!("{host}/team/app")]).await;
            let image = format!("{host}/evil/other");
            self.refused(&["pull", &image], "is in the registry").await;
            self.refused_build(&format!("FROM {image}\n"), "is in the registry").await;
            self.refused_build(&format!("# syntax={image}\nFROM {BASE}\n"), "is in the registry").await;
        }
        let install = ["plugin", "install", "--disable", "--grant-all-permissions"];
        self.allowed(&[&install[..], &["localhost:5000/team/plug"]].concat()).await;
        self.refused(&[&install[..], &["localhost:5000/evil/plug"]].concat(), "is in the registry").await;
        if !self.flavour.is_old() {
            self.refused(&["pull", "[::1]:5000/evil/other"], "is in the registry").await;
        }
    }

    async fn pushes(&mut self) {
        for name in ["good.example/team/base", "good.example/evil/base"] {
            self.site.docker(&["tag", BASE, name]).await.success().unwrap();
        }
        self.allowed(&["push", "good.example/team/base"]).await;
        self.refused(&["push", "good.example/evil/base"], "is not where acme allows images to be pushed").await;
    }

    async fn allowed(&mut self, args: &[&str]) {
        let output = self.site.docker(args).await;
        self.look(&args.join(" "));
        self.check(output.code() == 0, "what is allowed did not work", &output);
    }

    async fn refused(&mut self, args: &[&str], words: &str) {
        let output = self.site.docker(args).await;
        self.look(&args.join(" "));
        let is_refused = output.code() != 0 && output.text().contains(words);
        self.check(is_refused, &format!("expected `{words}`"), &output);
    }

    /// By both builders.
    async fn refused_build(&mut self, dockerfile: &str, words: &str) {
        let is_syntax = dockerfile.starts_with('#');
        // The one in the engine takes no other program to read a Dockerfile.
        for buildkit in ["0", "1"].into_iter().skip(usize::from(is_syntax)) {
            let (env, files) = ([("DOCKER_BUILDKIT", buildkit)], [("Dockerfile", dockerfile)]);
            let call = Call { args: &["build", "--network", "none", "."], env: &env, files: &files };
            let output = self.site.call(&call).await;
            self.look(dockerfile);
            let is_refused = output.code() != 0 && output.text().contains(words);
            self.check(is_refused, &format!("BuildKit {buildkit}, {dockerfile:?}: expected `{words}`"), &output);
        }
    }

    /// Nothing that the policy refuses may have been asked for since the last look.
    fn look(&mut self, step: &str) -> Vec<Asked> {
        let asked: Vec<Asked> = self.site.registries.take().into_iter().collect();
        self.steps += 1;
        self.asked += asked.len();
        for asked in asked.iter().filter(|asked| !may_be_asked(asked)) {
            self.exceptions.push(format!("engine {}, {step}: the engine asked for {asked}", self.site.engine.name()));
        }
        asked
    }

    fn check(&mut self, holds: bool, what: &str, output: &Output) {
        if !holds {
            self.exceptions.push(format!("{what}\n  {}", self.site.told(output)));
        }
    }
}
