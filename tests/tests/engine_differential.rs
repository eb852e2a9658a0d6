//! No engine fetches what the plugin did not name and allow, however a request is written.
//!
//! Every vector is sent byte for byte to the socket of each engine, with the real plugin in
//! front. What the engine then asked of registries stands in the registries' logs; what the
//! plugin was shown and said is kept by a tap between the two.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    time::Instant,
};

use installer::requests;
use proto::document::{Categories, Mode, Policy, Registries, Rule, WhenExpired};
use serde_json::{Value, json};
use tests::engines::{Answer, Authority, Fetch, Flavour, HUB_MIRROR, Shown, Site, Stock, Vector, side_by_side};

/// The one registry besides Docker Hub.
const REGISTRY: &str = "good.example";
/// Single images of other registries: what is allowed and what is not differ in one tag or one
/// spelling of a host.
const SINGLE: [&str; 2] = ["127.0.0.1:5001/evil/app:9", "localhost:5001/foo:1"];

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
        registries: Some(Registries { controlled: true, hosts: vec![REGISTRY.to_owned()] }),
        allow: SINGLE.into_iter().enumerate().map(rule).collect(),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// The policy once more, in other words: what may be fetched whatever the plugin says.
fn may_be_fetched(fetch: &Fetch, stock: &Stock) -> bool {
    // Docker Hub has many names, and any of them is asked in any letter case and at any port.
    let host = fetch.host.to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    let is_hub = host == HUB_MIRROR || ["docker.io", "docker.com"].iter().any(|name| host.ends_with(name));
    let is_official = fetch.repository.starts_with("library/") || !fetch.repository.contains('/');
    is_hub && is_official || host == REGISTRY || SINGLE.iter().any(|name| fetch.is_part_of(name, stock))
}

fn vectors() -> Vec<Vector> {
    let dir = tests::repository().join("tests/vectors");
    let paths = fs::read_dir(dir.join("requests")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    files.push(dir.join("requests.jsonl"));
    files.sort();
    files.iter().flat_map(|file| Vector::read(file)).collect()
}

/// What pullgate reads in a message of the engine, as `pullgate request --json` says it.
fn read(shown: &Shown) -> Value {
    let mut read = Value::Null;
    requests::read(shown.message.as_slice(), |line| {
        let action = &line.action;
        let (images, uses) = (requests::images(action), requests::uses(action));
        read = json!({"action": action.word(), "images": images, "uses": uses, "verdict": action.verdict()});
        Ok(())
    })
    .unwrap();
    read
}

/// The images that the engine will fetch.
fn named(shown: &Shown) -> Vec<String> {
    serde_json::from_value(read(shown)["images"].take()).unwrap()
}

/// What a vector says of the engine, where other tests take its word: what it shows the plugin,
/// how that is to be read, and what it refuses by itself. Says what is otherwise.
fn otherwise(vector: &Vector, engine: &str, shown: &[Shown], answer: &Answer) -> Option<String> {
    let line = &vector.line;
    if line["reaches_plugin"] == false && !shown.is_empty() {
        return Some("the engine asks the plugin, and the vector says that it does not".to_owned());
    }
    if line["engine_refuses"] == true && answer.status() < 400 {
        return Some(format!("the vector says that the engine refuses, and it answers {}", answer.status()));
    }
    let [shown] = shown else { return None };
    if !is_as_said(vector, &shown.json()) {
        return Some("the engine shows something else than the vector says".to_owned());
    }
    let read = read(shown);
    let also = line["also"].as_array().into_iter().flatten();
    let mut said = also.chain(engine.starts_with("20.10").then_some(&line["expect_20_10"])).chain([&line["expect"]]);
    let is_said = line["expect"].is_null() || said.any(|said| *said == read);
    (!is_said).then(|| format!("the vector expects {}, and here this is read: {read}", line["expect"]))
}

/// Compares the column of measured vectors that has the engine's message.
fn is_as_said(vector: &Vector, shown: &Value) -> bool {
    let said = &vector.line["plugin_input"];
    // A body that is only described is not what was sent here.
    if said.is_null() || !vector.line["body_note"].is_null() {
        return true;
    }
    let is_same = |name: &str| said["RequestHeaders"][name] == shown["RequestHeaders"][name];
    // Some of them were sent without a length that was added here.
    let is_added =
        said["RequestHeaders"]["Content-Length"].is_null() && shown["RequestHeaders"]["Content-Length"] == "0";
    let body = |message: &Value| message["RequestBody"].as_str().unwrap_or_default().to_owned();
    // 20.10 shows the plugin the password as well.
    let is_body = body(shown) == body(said) || vector.uri.ends_with("/auth");
    shown["RequestMethod"] == said["RequestMethod"]
        && shown["RequestUri"] == *vector.uri
        && is_same("Content-Type")
        && (is_same("Content-Length") || is_added)
        && is_body
}

#[tokio::test(flavor = "multi_thread")]
async fn no_engine_fetches_what_the_plugin_did_not_name_and_allow() {
    let vectors = vectors();
    let stock = Stock::of(vectors.iter().flat_map(Vector::names)).await.unwrap();
    let authority = Authority::new(policy());
    let compared = Flavour::all().iter().map(|&flavour| compare(flavour, &stock, &authority, &vectors));
    let exceptions = side_by_side(compared).await.concat();
    assert!(exceptions.is_empty(), "{} exceptions:\n{}", exceptions.len(), exceptions.join("\n"));
}

/// Sends every vector to one engine; gives the exceptions.
async fn compare(flavour: Flavour, stock: &Stock, authority: &Authority, vectors: &[Vector]) -> Vec<String> {
    let site = Site::start(flavour, stock, authority).await.unwrap_or_else(|error| panic!("{flavour:?}: {error:#}"));
    let started = Instant::now();
    let mut run = Run::new(&site, stock);
    for vector in vectors {
        run.vector(vector).await;
    }
    run.finish(vectors.len(), started).await
}

#[derive(Default)]
struct Counts {
    shown: usize,
    refused: usize,
    fetches: usize,
    pulled: usize,
}

struct Run<'a> {
    site: &'a Site,
    stock: &'a Stock,
    /// Named and allowed for services: their tasks fetch when they please, and again.
    lingering: Vec<String>,
    /// Every name that was allowed.
    allowed: BTreeSet<String>,
    counts: Counts,
    exceptions: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(site: &'a Site, stock: &'a Stock) -> Self {
        let (lingering, exceptions) = (Vec::new(), Vec::new());
        Self { site, stock, lingering, allowed: BTreeSet::new(), counts: Counts::default(), exceptions }
    }

    async fn vector(&mut self, vector: &Vector) {
        let is_service = vector.path().contains("/services/");
        let vector = if is_service {
            // The preparation's own image stays out of the way: nothing runs it.
            match self.site.prepare_services(vector, "library/alpine:3.20").await {
                Ok(vector) => &vector.clone(),
                Err(why) => return self.exception(vector, &format!("not sent, the engine is not ready: {why}"), &[]),
            }
        } else {
            vector
        };
        drop(self.site.tap.take());
        self.compare(vector, &[], &[]);
        let answer = vector.send(self.site.engine.socket()).await;
        let shown = self.site.tap.take();
        let ended = if is_service { self.site.end_services().await } else { Ok(()) };
        let allowed: Vec<String> = shown.iter().filter(|shown| shown.allowed).flat_map(named).collect();
        self.allowed.extend(allowed.iter().cloned());
        self.lingering.extend(allowed.iter().filter(|_| is_service).cloned());
        let fetches = self.compare(vector, &allowed, &shown);
        match ended.and(answer) {
            Ok(answer) => self.answered(vector, &shown, fetches, &answer),
            Err(why) => self.exception(vector, &why, &shown),
        }
    }

    /// Every fetch since the last look must have been named and allowed. Says how many there were.
    fn compare(&mut self, vector: &Vector, allowed: &[String], shown: &[Shown]) -> usize {
        let fetches = self.site.registries.take();
        let count = fetches.len();
        for fetch in fetches {
            let mut names = allowed.iter().chain(&self.lingering);
            let is_named = names.any(|name| fetch.is_part_of(name, self.stock));
            if !is_named || !may_be_fetched(&fetch, self.stock) {
                self.exception(vector, &format!("the engine fetched `{fetch}`"), shown);
            }
        }
        self.counts.fetches += count;
        count
    }

    /// What the plugin refused must have reached the caller, and nothing may pass it by.
    fn answered(&mut self, vector: &Vector, shown: &[Shown], fetches: usize, answer: &Answer) {
        let refused: Vec<&Shown> = shown.iter().filter(|shown| !shown.allowed).collect();
        let text = answer.text();
        let has_ended =
            ["Status: Downloaded newer image", "Status: Image is up to date"].iter().any(|end| text.contains(end));
        self.counts.shown += usize::from(!shown.is_empty());
        self.counts.refused += usize::from(!refused.is_empty());
        self.counts.pulled += usize::from(has_ended);
        let wrong = match (shown, refused.as_slice()) {
            // The engine has an answer of its own: it redirects, or it refuses.
            ([], _) if answer.status() < 300 && vector.line["reaches_plugin"] != false => {
                "the engine acted and did not ask"
            }
            // What has no digest is always asked for: here the comparison would see nothing.
            (_, []) if has_ended && fetches == 0 && !text.contains("@sha256:") => "no registry was asked for this pull",
            ([_], [refused]) if answer.status() != 403 || !answer.message().contains(&refused.text) => {
                "the refusal did not reach the caller"
            }
            _ if answer.count(403) < refused.len() => "a refusal did not reach the caller",
            _ => match otherwise(vector, self.site.engine.name(), shown, answer) {
                Some(otherwise) => return self.exception(vector, &otherwise, shown),
                None => return,
            },
        };
        self.exception(vector, &format!("{wrong}: {}", start(&text)), shown);
    }

    fn exception(&mut self, vector: &Vector, what: &str, shown: &[Shown]) {
        let engine = self.site.engine.name();
        let sent = String::from_utf8_lossy(&vector.bytes()).into_owned();
        let mut text = format!("engine {engine}, {}: {what}\n  sent: {:?}", vector.id, start(&sent));
        for shown in shown {
            let message = String::from_utf8_lossy(&shown.message).into_owned();
            let said = if shown.allowed { "allowed" } else { &shown.text };
            text += &format!("\n  shown: {}\n  plugin: {}, {said}", start(message.trim_end()), read(shown));
        }
        self.exceptions.push(text);
    }

    async fn finish(mut self, requests: usize, started: Instant) -> Vec<String> {
        // The names were read here; the process that answered must have read the same.
        let records = self.site.recorded("pull").await.unwrap();
        for record in records.iter().filter(|record| record.allowed && !self.allowed.contains(&record.image)) {
            self.exceptions.push(format!("engine {}: the plugin itself allowed {record:?}", self.site.engine.name()));
        }
        let Counts { shown, refused, fetches, pulled } = self.counts;
        // Not `println!`, which is not seen when the test passes.
        let told = writeln!(
            io::stdout(),
            "engine {}: {requests} requests, {shown} shown to the plugin, {refused} refused, {fetches} fetches compared, \
             {} exceptions ({pulled} pulls came to their end; {:.0} s)",
            self.site.engine.name(),
            self.exceptions.len(),
            started.elapsed().as_secs_f64(),
        );
        told.unwrap();
        if pulled < 10 || fetches < 30 || refused < 30 {
            self.exceptions.push(format!("engine {}: too little happened to show anything", self.site.engine.name()));
        }
        self.exceptions
    }
}

/// Enough of a text to know it again.
fn start(text: &str) -> String {
    text.chars().take(600).collect()
}
