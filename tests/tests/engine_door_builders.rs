//! Builders in containers (`docker buildx create`), which fetch past plugin and door: what the setting
//! `container_builders` does to them, and where buildx turns to when the engine's own builder is refused.

use installer::lab::Output;
use proto::document::{Builds, Categories, ContainerBuilders, Mode, Policy, Role, Rule, Settings, WhenExpired};
use tests::{
    door::{Call, Setup, Site},
    engines::{Authority, Flavour, Stock, Ware, side_by_side},
};

/// What buildx asks for unless it is told otherwise.
const IMAGE: &str = "moby/buildkit:buildx-stable-1";
const BY_PLUGIN: &str = "authorization denied by plugin pullgate: ";
const REFUSED: &str = "`docker.io/moby/buildkit:buildx-stable-1` is BuildKit: a builder in a container fetches images that nobody judges, and acme allows none.";

/// What the plugin says of a build.
const NO_BUILDS: &str = "acme does not allow builds on this machine: what they fetch cannot be judged.";

/// All that the command line of 20.10 says of a tunnel that is refused.
const NUMBER: &str = "unable to upgrade to h2c, received 403";

fn policy(container_builders: ContainerBuilders, builds: Builds, allowed: &[&str]) -> Policy {
    let rule = |pattern: &&str| Rule { id: "allow".to_owned(), pattern: (*pattern).to_owned(), ..Rule::default() };
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        allow: allowed.iter().map(rule).collect(),
        settings: Some(Settings {
            container_builders: container_builders.into(),
            builds: builds.into(),
            ..Settings::default()
        }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// An engine, and what was put in force last.
struct Engine {
    site: Site,
    documents: Authority,
    flavour: Flavour,
}

impl Engine {
    async fn change(&mut self, policy: Policy) {
        self.documents = self.documents.changed(policy, Role::Member);
        self.site.change(&self.documents).await.unwrap();
    }

    /// As `docker buildx create --driver docker-container --bootstrap`. Where buildx is no part of the release, the same
    /// requests are sent without it.
    async fn make(&self, name: &str) -> Output {
        if self.flavour.is_old() {
            let pulled = self.site.docker(&["pull", IMAGE]).await;
            if pulled.code() != 0 && self.images().await.is_empty() {
                return pulled;
            }
            let name = format!("buildx_buildkit_{name}0");
            return self.site.docker(&["create", "--name", &name, "--privileged", "--network", "none", IMAGE]).await;
        }
        let create =
            ["buildx", "create", "--driver", "docker-container", "--driver-opt", "network=none", "--name", name];
        self.site.docker(&[&create[..], &["--bootstrap"]].concat()).await
    }

    async fn build(&self, dockerfile: &str) -> Output {
        let (files, env) = ([("Dockerfile", dockerfile)], [("DOCKER_BUILDKIT", "1")]);
        let args = ["build", "--no-cache", "--network", "none", "."];
        self.site.call(&Call { args: &args, env: &env, files: &files }).await
    }

    async fn images(&self) -> String {
        self.site.docker(&["images", "--quiet", "moby/buildkit"]).await.success().unwrap().stdout
    }

    /// Containers of builders.
    async fn builders(&self) -> String {
        let list = ["ps", "--all", "--filter", "name=buildx_buildkit_", "--format", "{{.Image}}"];
        self.site.docker(&list).await.success().unwrap().stdout
    }

    /// What was asked of registries since the last look.
    fn asked(&self) -> Vec<String> {
        self.site.registries.take().iter().map(ToString::to_string).collect()
    }

    /// The paths of what the engine showed to the plugin since the last look, and whether it let them pass.
    fn shown(&self) -> Vec<(String, bool)> {
        let shown = self.site.tap.as_ref().unwrap().take();
        shown.iter().map(|shown| (shown.json()["RequestUri"].as_str().unwrap().to_owned(), shown.allowed)).collect()
    }

    async fn is_refused(&self, output: &Output, words: &str) {
        self.ends(output, &[&format!("{BY_PLUGIN}{words}")]).await;
    }

    /// A build by the command line of 20.10, which asks for tunnel and build at once and prints what comes back first.
    async fn has_no_builds(&self, output: &Output) {
        self.ends(output, &[NUMBER, &format!("{BY_PLUGIN}{NO_BUILDS}")]).await;
    }

    /// With one of these words, without a request to a registry, and without a builder.
    async fn ends(&self, output: &Output, words: &[&str]) {
        let told = self.site.told(output);
        assert!(output.code() != 0 && words.iter().any(|words| output.text().contains(words)), "{words:?}: {told}");
        assert_eq!(self.asked(), Vec::<String>::new(), "{told}");
        assert_eq!(self.builders().await, "", "{told}");
    }
}

async fn engine(flavour: Flavour, stock: &Stock) -> Engine {
    let documents = Authority::new(policy(ContainerBuilders::Deny, Builds::Unspecified, &["moby/buildkit"]));
    let site = Site::start(flavour, stock, &documents, Setup { plugin: true, ..Setup::default() }).await.unwrap();
    Engine { site, documents, flavour }
}

async fn stock() -> Stock {
    Stock::with([(IMAGE, Ware::Runnable), ("library/hello:latest", Ware::Bare)]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_in_a_container_is_refused_where_the_policy_says_so_and_judged_as_an_image_where_not() {
    let stock = stock().await;
    let each = async |flavour| {
        let mut engine = engine(flavour, &stock).await;
        // An allowlist notwithstanding.
        engine.is_refused(&engine.make("one").await, REFUSED).await;

        // Without the setting its image is one like any other.
        engine.change(policy(ContainerBuilders::Unspecified, Builds::Unspecified, &[])).await;
        let words = "`docker.io/moby/buildkit:buildx-stable-1` is a community image";
        engine.is_refused(&engine.make("two").await, words).await;

        engine.change(policy(ContainerBuilders::Unspecified, Builds::Unspecified, &["moby/buildkit"])).await;
        let made = engine.make("three").await;
        let told = engine.site.told(&made);
        // It has come to be; that it is no BuildKit is the stock's fault.
        assert!(!made.text().contains(BY_PLUGIN), "{told}");
        assert!(engine.asked().iter().any(|asked| asked.contains("moby/buildkit")), "{told}");
        assert_eq!(engine.builders().await.trim(), IMAGE, "{told}");

        // One whose image is here already: nothing has to be fetched, and no container is made of it.
        let id = engine.site.docker(&["ps", "--all", "--quiet"]).await.success().unwrap().stdout;
        engine.site.docker(&["rm", "--force", id.trim()]).await.success().unwrap();
        assert_ne!(engine.images().await, "");
        engine.change(policy(ContainerBuilders::Deny, Builds::Unspecified, &["moby/buildkit"])).await;
        engine.is_refused(&engine.make("four").await, REFUSED).await;
        let create = engine.site.docker(&["create", "--network", "none", IMAGE]).await;
        engine.is_refused(&create, REFUSED).await;
    };
    side_by_side(Flavour::all().iter().map(|&flavour| each(flavour))).await;
}

/// buildx turns to a builder in a container, without a word, where the engine's own is refused: so only `builds` refuses
/// that one, and nothing else does.
#[tokio::test(flavor = "multi_thread")]
async fn the_engines_own_builder_is_left_alone_and_a_fallback_from_it_is_refused_too() {
    let stock = stock().await;
    let each = async |flavour: Flavour| {
        let mut engine = engine(flavour, &stock).await;
        engine.shown();
        let built = engine.build("FROM hello\n").await;
        assert_eq!(built.code(), 0, "{}", engine.site.told(&built));
        let shown = engine.shown();
        let is_tunnel = |path: &str| ["/grpc", "/session"].iter().any(|end| path.ends_with(end));
        let tunnels: Vec<_> = shown.iter().filter(|(path, _)| is_tunnel(path)).collect();
        assert!(!tunnels.is_empty() && tunnels.iter().all(|(_, allowed)| *allowed), "{shown:?}");
        // What is refused comes from the door, inside the tunnel.
        let built = engine.build("FROM evil/miner\n").await;
        let told = engine.site.told(&built);
        assert!(built.code() != 0 && built.text().contains("is a community image"), "{told}");
        let shown = engine.shown();
        assert!(shown.iter().all(|(_, allowed)| *allowed), "{shown:?}");
        let asked = engine.asked();
        assert!(!asked.iter().any(|asked| asked.contains("moby/buildkit")), "{asked:?}");
        assert_eq!(engine.builders().await, "", "{told}");

        // Without buildx there is nothing to turn to.
        engine.change(policy(ContainerBuilders::Deny, Builds::Deny, &["moby/buildkit"])).await;
        let built = engine.build("FROM hello\n").await;
        match flavour.is_old() {
            true => engine.has_no_builds(&built).await,
            false => engine.is_refused(&built, REFUSED).await,
        }
        // As the page of settings says: `builds` alone is no more than half of it.
        engine.change(policy(ContainerBuilders::Unspecified, Builds::Deny, &["moby/buildkit"])).await;
        let built = engine.build("FROM hello\n").await;
        if flavour.is_old() {
            engine.has_no_builds(&built).await;
        } else {
            let (told, asked) = (engine.site.told(&built), engine.asked());
            assert!(built.text().contains("docker-container driver") && !built.text().contains(BY_PLUGIN), "{told}");
            assert!(asked.iter().any(|asked| asked.contains("moby/buildkit")), "{told}: {asked:?}");
            assert_eq!(engine.builders().await.trim(), IMAGE, "{told}");
        }
    };
    side_by_side(Flavour::all().iter().map(|&flavour| each(flavour))).await;
}
