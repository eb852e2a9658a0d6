//! Addresses of a registry's content that are given to an engine as plain ones: `ADD http://REGISTRY/v2/...`, a build's
//! context, `docker import`. The registry door decides on them as on a pull, by both builders and on each engine.
//!
//! The engines ask no plugin here, so that the door is alone with each of them.

use std::net::SocketAddr;

use installer::lab::{Image, Output, http, image::digest};
use proto::document::{Categories, Mode, Policy, Registries, Rule, WhenExpired};
use tests::{
    door::{Asked, BROKEN, Call, NAME_OF_LOOPBACK, Peer, Setup, Site, Step, answer_with},
    engines::{Authority, Flavour, Stock, side_by_side},
};

const COMMUNITY: &str = "is a community image";
const REGISTRY: &str = "is in the registry";
/// What BuildKit makes of an answer to a plain address: it prints the number, and neither reason nor body.
const NUMBER: &str = "invalid response status 403";

fn policy() -> Policy {
    let allow = ["localhost:5000/team/*", "127.0.0.1:5000/team/*"].into_iter().enumerate();
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries {
            controlled: true,
            hosts: ["good.example", "plain.example:5000"].map(str::to_owned).into(),
        }),
        allow: allow
            .map(|(number, pattern)| Rule {
                id: format!("allow-{number}"),
                pattern: pattern.to_owned(),
                ..Rule::default()
            })
            .collect(),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// Of an image as the stock has it.
fn layer(repository: &str) -> String {
    digest(&Image::bare(&format!("{repository}:latest\n")).unwrap().layers[0])
}

/// Who fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `docker import URL`.
    Import,
    /// `ADD URL`, by the builder in the engine.
    LegacyAdd,
    /// A build whose context is there, by the same. Its command line would fetch by itself, so without it.
    LegacyContext,
    /// `ADD URL`, by BuildKit.
    Add,
    /// `docker build URL`, by BuildKit.
    Context,
}

impl Way {
    const ALL: [Self; 5] = [Self::Import, Self::LegacyAdd, Self::LegacyContext, Self::Add, Self::Context];

    async fn go(self, site: &Site, url: &str) -> (bool, String) {
        let told = |output: &Output| (output.code() == 0, site.told(output));
        let build = async |buildkit: &str, context: &str| {
            let (env, dockerfile) = ([("DOCKER_BUILDKIT", buildkit)], format!("FROM scratch\nADD {url} /content\n"));
            let files = [("Dockerfile", dockerfile.as_str())];
            let args = ["build", "--no-cache", "--network", "none", context];
            told(&site.call(&Call { args: &args, env: &env, files: &files }).await)
        };
        match self {
            Self::Import => told(&site.docker(&["import", url]).await),
            Self::LegacyAdd => build("0", ".").await,
            Self::Add => build("1", ".").await,
            Self::Context => build("1", url).await,
            Self::LegacyContext => {
                let encoded: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
                let answer =
                    http::unix(site.engine.socket(), "POST", &format!("/build?remote={encoded}")).await.unwrap();
                (answer.status == 200 && !answer.text().contains("\"error\""), answer.text())
            }
        }
    }

    fn is_buildkit(self) -> bool {
        matches!(self, Self::Add | Self::Context)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_address_of_a_registry_brings_in_nothing_that_the_policy_refuses() {
    let stock = Stock::of(["library/hello:latest", "evil/other:latest", "team/app:latest"]).await.unwrap();
    let documents = Authority::new(policy());
    let engines = Flavour::all().iter().map(|&flavour| addresses(flavour, &stock, &documents));
    let exceptions = side_by_side(engines).await.concat();
    assert!(exceptions.is_empty(), "{} exceptions:\n{}", exceptions.len(), exceptions.join("\n"));
}

async fn addresses(flavour: Flavour, stock: &Stock, documents: &Authority) -> Vec<String> {
    let site = Site::start(flavour, stock, documents, Setup::default()).await.unwrap();
    let _sends_on = Peer::start(site.network.listen(SocketAddr::from((BROKEN, 80))).unwrap(), None, to_loopback);
    let (evil, team) = (layer("evil/other"), layer("team/app"));
    let mut exceptions = Vec::new();
    for (url, words) in refused(&evil, &team) {
        for way in Way::ALL {
            let (worked, text) = way.go(&site, &url).await;
            let asked = asked(&site);
            let expected = if way.is_buildkit() { NUMBER } else { words };
            if worked || !text.contains(expected) || !asked.is_empty() {
                exceptions.push(format!("{way:?} {url}: expected `{expected}`, and no request: {asked:?}\n  {text}"));
            }
        }
    }
    let recorded = site.recorded("fetch").await.unwrap();
    let of_other = recorded.iter().find(|record| record.image.contains("evil/other"));
    if of_other.is_none_or(|record| record.allowed) {
        exceptions.push(format!("{flavour:?}: no refusal is recorded: {recorded:?}"));
    }
    for host in ["https://good.example", "http://plain.example:5000", "http://localhost:5000", "http://127.0.0.1:5000"]
    {
        for way in Way::ALL {
            let content = format!("{host}/v2/team/app/blobs/{team}");
            let (worked, text) = way.go(&site, &content).await;
            let asked = asked(&site);
            // BuildKit may have the same content of another address: then it asks whether it is still that.
            let method = if way.is_buildkit() { "" } else { "GET " };
            let is_asked = asked.iter().any(|asked| asked.repository == "team/app" && asked.what.starts_with(method));
            // A context without a Dockerfile is none to build from.
            let is_context = matches!(way, Way::Context | Way::LegacyContext);
            if !is_asked || !(worked || is_context) || text.contains("status 403") {
                exceptions.push(format!("{way:?} {content}: expected it to come: {asked:?}\n  {text}"));
            }
        }
    }
    exceptions
}

/// What may not come, and why not.
fn refused(evil: &str, team: &str) -> Vec<(String, &'static str)> {
    let content = |host: &str, words| {
        [format!("{host}/v2/evil/other/blobs/{evil}"), format!("{host}/v2/evil/other/manifests/latest")]
            .map(|url| (url, words))
    };
    let mut all = Vec::new();
    all.extend(content("https://registry-1.docker.io", COMMUNITY));
    all.extend(content("http://localhost:5000", REGISTRY));
    all.extend(content("http://127.0.0.1:5000", REGISTRY));
    all.extend(content("http://[::ffff:127.0.0.1]:5000", REGISTRY));
    for host in [
        "https://bad.example".to_owned(),
        "http://plain.example".to_owned(),
        "http://10.9.0.2:5000".to_owned(),
        "http://[::1]:5000".to_owned(),
        "http://127.0.0.2:5000".to_owned(),
        "http://0.0.0.0:5000".to_owned(),
        format!("http://{NAME_OF_LOOPBACK}:5000"),
    ] {
        all.push((format!("{host}/v2/team/app/blobs/{team}"), REGISTRY));
    }
    // Another server may say where it is.
    all.push((format!("http://away.broken.example/to/v2/evil/other/blobs/{evil}"), REGISTRY));
    // Paths that a registry might read as others do `/v2/`.
    for path in ["//v2/evil/other", "/V2/evil/other", "/v2/./evil/other", "/%76%32/evil/other", "/a/../v2/evil/other"] {
        all.push((format!("http://localhost:5000{path}/blobs/{evil}"), "cannot tell what this request would bring in"));
    }
    all
}

/// Sends visitors of `/to/...` on to the registry that is on loopback.
fn to_loopback(head: &str) -> Vec<Step> {
    let path = head.split(' ').nth(1).and_then(|path| path.strip_prefix("/to")).unwrap_or_default();
    vec![Step::Send(answer_with("302 Found", &[("Location", &format!("http://localhost:5000{path}"))], ""))]
}

fn asked(site: &Site) -> Vec<Asked> {
    site.registries.take().into_iter().collect()
}
