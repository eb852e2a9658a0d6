//! BuildKit's own interface on the engine's socket, which engines from 29.2 serve beside the API and beside their plugins.

use installer::status::resolve_natively;
use proto::document::{Builds, Categories, Mode, Policy, Registries, Settings, WhenExpired};
use tests::{
    door::{Setup, Site},
    engines::{Authority, Flavour, Stock},
};

/// Nothing that is built may pass the plugin.
fn policy() -> Policy {
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries { controlled: true, hosts: Vec::new() }),
        settings: Some(Settings { builds: Builds::Deny.into(), ..Settings::default() }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// The first release that takes HTTP/2 from the first byte.
fn takes_it(site: &Site) -> bool {
    let number = |at| site.engine.name().split('.').nth(at).and_then(|number| number.parse::<u32>().ok());
    (number(0), number(1)) >= (Some(29), Some(2))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_plugin_sees_passes_the_door() {
    let stock = Stock::of(["library/hello:latest", "evil/miner:latest"]).await.unwrap();
    for &flavour in Flavour::all() {
        let setup = Setup { plugin: true, ..Setup::default() };
        let site = Site::start(flavour, &stock, &Authority::new(policy()), setup).await.unwrap();
        let name = site.engine.name();
        let shown = || site.tap.as_ref().unwrap().take().len();
        let asked = || site.registries.take().iter().map(ToString::to_string).collect::<Vec<_>>();
        let (_, _) = (shown(), asked());
        if !takes_it(&site) {
            let said = resolve_natively(site.engine.socket(), "early", "library/hello").await;
            assert!(said != Ok(None) && asked().is_empty(), "{name}: {said:?}");
            continue;
        }
        for host in ["docker.io", "localhost:5000", "127.0.0.1:5000", "bad.example", "10.9.0.2:5000"] {
            let image = format!("{host}/evil/miner");
            let why = resolve_natively(site.engine.socket(), &format!("build-{host}"), &image).await.unwrap();
            let why = why.unwrap_or_else(|| panic!("{name}: `{image}` was resolved"));
            assert!(why.contains("403") && why.contains("acme"), "{name}, {image}: {why}");
            assert_eq!(asked(), Vec::<String>::new(), "{name}, {image}: {why}");
        }
        // What is allowed comes, and is no program that reads Dockerfiles.
        let why = resolve_natively(site.engine.socket(), "allowed", "docker.io/library/hello").await.unwrap();
        let asked = asked();
        assert!(asked.iter().any(|asked| asked.contains("library/hello")), "{name}: {why:?}, {asked:?}");
        assert_eq!(shown(), 0, "{name}: the engine asks its plugin about this: then the door is not alone with it");
    }
}
