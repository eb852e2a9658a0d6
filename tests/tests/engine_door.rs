//! No engine fetches what the policy refuses, by any way that an image can come in: the registry
//! door stands in every one of them, and says why.
//!
//! The engines ask no plugin here, so that the door is alone with each of them. What reached the
//! registries stands in their logs.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    time::Instant,
};

use installer::lab::Output;
use proto::document::{Categories, Mode, Policy, Registries, Rule, WhenExpired};
use tests::{
    door::{Asked, BASE, Call, Setup, Site, Way},
    engines::{Authority, Flavour, Stock, Ware},
};

/// The one registry besides Docker Hub that is allowed, and one that speaks no TLS.
const REGISTRIES: [&str; 2] = ["good.example", "plain.example:5000"];
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
        allow: ["evil/tags:allowed"].into_iter().enumerate().map(rule).collect(),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// The policy once more, in other words: what may reach a registry at all.
fn may_be_asked(asked: &Asked) -> bool {
    let host = asked.host.to_ascii_lowercase();
    if HUB.contains(&host.trim_end_matches(":443")) {
        return asked.repository.starts_with("library/") || asked.repository == "evil/tags";
    }
    REGISTRIES.contains(&host.as_str())
}

async fn stock() -> Stock {
    let mut wares = vec![("library/base:latest".to_owned(), Ware::Runnable)];
    for way in Way::ALL {
        let names = ["library", "evil"].map(|owner| format!("{owner}/{}:latest", way.word()));
        wares.extend(names.map(|name| (name, way.ware())));
    }
    for name in ["evil/tags:allowed", "evil/tags:other", "team/app:latest", "evil/spelled:latest"] {
        wares.push((name.to_owned(), Ware::Bare));
    }
    Stock::with(wares.iter().map(|(name, ware)| (name.as_str(), *ware))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_engine_fetches_what_the_policy_refuses_by_any_way() {
    let stock = stock().await;
    let documents = Authority::new(policy());
    // Side by side: most of the time each of them waits.
    let [a, b, c, d] = Flavour::ALL.map(|flavour| table(flavour, &stock, &documents));
    let exceptions: Vec<String> = <[_; 4]>::from(tokio::join!(a, b, c, d)).into_iter().flatten().collect();
    assert!(exceptions.is_empty(), "{} exceptions:\n{}", exceptions.len(), exceptions.join("\n"));
}

async fn table(flavour: Flavour, stock: &Stock, documents: &Authority) -> Vec<String> {
    let site = Site::start(flavour, stock, documents, Setup::default()).await;
    let site = site.unwrap_or_else(|error| panic!("{flavour:?}: {error:#}"));
    let started = Instant::now();
    let mut run = Run { site: &site, flavour, stock, refused: 0, asked: 0, exceptions: Vec::new() };
    site.docker(&["pull", BASE]).await.success().unwrap();
    run.look("the base of builds", true);
    for way in Way::ALL.into_iter().filter(|way| way.is_in(flavour)) {
        run.way(way).await;
    }
    let told = writeln!(
        io::stdout(),
        "engine {}: {} refused, {} different requests at the registries, {} exceptions ({:.0} s)",
        site.engine.name(),
        run.refused,
        run.asked,
        run.exceptions.len(),
        started.elapsed().as_secs_f64(),
    );
    told.unwrap();
    run.exceptions
}

struct Run<'a> {
    site: &'a Site,
    flavour: Flavour,
    stock: &'a Stock,
    refused: usize,
    asked: usize,
    exceptions: Vec<String>,
}

impl Run<'_> {
    /// One that is allowed comes in, one that is not does not, and it is said why.
    async fn way(&mut self, way: Way) {
        let good = format!("library/{}", way.word());
        let output = way.go(self.site, &way.word(), self.stock.digest(&good, "latest")).await;
        let is_in = match way {
            // Both are there and neither is what it is taken for: the fetch is what counts.
            Way::Syntax | Way::Service => !output.text().contains("403") && !output.text().contains("No such image"),
            _ => output.code() == 0,
        };
        if !is_in {
            self.exception(&format!("{way:?}: an allowed image did not come in"), &output);
        }
        let fetched = self.look(&format!("{way:?}, allowed"), true);
        if !fetched.iter().any(|asked| asked.repository == good && asked.what.starts_with("GET blobs/")) {
            self.exception(&format!("{way:?}: it did not come through the door: {fetched:?}"), &output);
        }

        let evil = format!("evil/{}", way.word());
        let output = way.go(self.site, &evil, self.stock.digest(&evil, "latest")).await;
        self.look(&format!("{way:?}, refused"), false);
        self.refused += 1;
        let text = output.text();
        let _ = writeln!(io::stderr(), "TEXT {} {way:?} rc {}: {text}", self.site.engine.name(), output.code());
    }

    /// Nothing that the policy refuses may have been asked for since the last look.
    fn look(&mut self, step: &str, allowed: bool) -> Vec<Asked> {
        let asked: Vec<Asked> = self.site.registries.take().into_iter().collect();
        self.asked += asked.len();
        for asked in asked.iter().filter(|asked| !may_be_asked(asked)) {
            self.exceptions.push(format!("engine {}, {step}: the engine asked for {asked}", self.site.engine.name()));
        }
        let _ = allowed;
        asked
    }

    fn exception(&mut self, what: &str, output: &Output) {
        self.exceptions.push(format!("{what}\n  {}", self.site.told(output)));
    }
}
