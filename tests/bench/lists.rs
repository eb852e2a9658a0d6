//! Pages and lists of an organization of 5,000 machines with a million decisions of 90 days, on either database; and
//! what of it is felt while machines report and while old decisions are forgotten.
//!
//! The service is a process of its own, asked over HTTP on loopback by one caller at a time: what is measured is the
//! service with its database. PostgreSQL is that of the tests: in memory, and without waiting for a disk, so that what it
//! writes is not to be compared with SQLite, which does.

mod client;
mod filling;
mod pages;
mod reports;
#[path = "../../service/src/store/testing/server.rs"]
#[expect(dead_code, reason = "tests need more of it than a bench")]
mod server;

use std::{
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use installer::lab::{Lab, Service, own};
use serde_json::{Value, json};

use self::{client::Client, filling::Size, pages::Page};
use crate::Report;

const SIZE: Size = Size { records: 1_000_000, machines: 5_000, others: 20 };
/// Times that each page is asked for, behind one that is not counted.
const TIMES: usize = 21;
/// Longest median of a page or list, in milliseconds.
const LIMIT_MS: f64 = 200.0;
const PASSWORD: &str = "correct horse battery";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// `only`: on this database, `sqlite` or `postgres`; none: on both.
pub fn measure(report: &mut Report, only: Option<&str>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let all = [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres)];
    let kinds: Vec<Kind> =
        all.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).map(|(_, kind)| kind).collect();
    assert!(!kinds.is_empty(), "`lists` takes `sqlite` or `postgres`");
    for kind in kinds {
        println!("# {} records and {} machines, {kind:?}", SIZE.records, SIZE.machines);
        // Dropped last: the service is gone before its database.
        let database = (kind == Kind::Postgres).then(server::Database::new);
        runtime.block_on(async {
            let lab = Lab::new().expect("a laboratory (needs root)");
            let url = database.as_ref().map(server::Database::url);
            let filled = fill(&lab, url.as_deref());
            report.note("a backup of all of it restored, with the migrations since", filled.as_secs_f64(), "s");
            let service =
                Service::start_with(&lab, &["--insecure-http", "--new-signing-key"]).await.expect("a policy service");
            let mut visitors = Visitors::sign_in(&service).await;
            lists(report, &mut visitors);
            reports::measure(report, &service, &mut visitors.browser, "/orgs/acme/activity?since=quarter").await;
        });
    }
}

/// Fills the database of a service that does not run yet.
fn fill(lab: &Lab, url: Option<&str>) -> Duration {
    let data = lab.make_dir("service").expect("a directory");
    if let Some(url) = url {
        // Where its commands find it too.
        let mut file = std::fs::File::options()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(data.join(service::database::FILE))
            .expect("a file");
        file.write_all(url.as_bytes()).expect("a file");
    }
    let start = Instant::now();
    let mut child = Command::new(own("pullgate-service").expect("a built service"))
        .args(["restore", "-"])
        .env("PULLGATE_SERVICE_DATA_DIR", &data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the service's command");
    let input = BufWriter::new(child.stdin.take().expect("its input"));
    filling::write(input, SIZE, now_ms()).expect("a backup that is read");
    assert!(child.wait().expect("its end").success(), "the backup is not restored, see above");
    start.elapsed()
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock behind 1970");
    i64::try_from(now.as_millis()).expect("a clock before the year 292,000,000")
}

/// Owners with a browser, with an access token, and with Docker Hub's clients: each has a number of calls to spend.
struct Visitors {
    browser: Client,
    script: Client,
    hub: Client,
}

impl Visitors {
    async fn sign_in(service: &Service) -> Self {
        for user in ["olga", "otto", "oscar"] {
            let args = ["member", "add", filling::ORGANIZATION, user, "--role", "owner", "--password-stdin"];
            let added = service.admin(&args).stdin(PASSWORD).run().await;
            added.and_then(installer::lab::Output::success).expect("an owner");
        }
        // Who owns all of them is shown what belongs to none.
        let organizations = service.administer(&["organization", "list"]).await.expect("organizations").stdout;
        for organization in organizations.lines().filter(|name| *name != filling::ORGANIZATION) {
            service.administer(&["member", "add", organization, "olga", "--role", "owner"]).await.expect("an owner");
        }
        let mut browser = Client::new(&service.address(), "Accept: text/html");
        let form = format!("username=olga&password={}", PASSWORD.replace(' ', "+"));
        let answer = browser.post("/sign-in", "application/x-www-form-urlencoded", &form);
        let cookie = answer.head.iter().find_map(|line| line.split_once("__Host-pullgate=")).expect("a sign-in").1;
        let cookie = cookie.split(';').next().unwrap_or_default();
        browser.become_known(&format!("Cookie: __Host-pullgate={cookie}"));
        let args = ["token", "create", "otto", "--name", "bench", "--scope", "org:read", "--scope", "sign-in"];
        let token = service.administer(&args).await.expect("a token").stdout;
        let script = Client::new(&service.address(), &format!("Authorization: Bearer {}", token.trim()));
        let mut hub = Client::new(&service.address(), "Accept: application/json");
        let login = json!({ "username": "oscar", "password": PASSWORD }).to_string();
        let answer = hub.post("/v2/users/login", "application/json", &login);
        let answer: Value = serde_json::from_slice(&answer.body).expect("a session");
        hub.become_known(&format!("Authorization: Bearer {}", answer["token"].as_str().expect("a token")));
        Self { browser, script, hub }
    }
}

/// Every page and list, one after the other.
fn lists(report: &mut Report, visitors: &mut Visitors) {
    let now_ms = now_ms();
    let form = visitors.browser.get(&format!("/orgs/{}/image-access", filling::ORGANIZATION));
    let draft = pages::draft(&String::from_utf8_lossy(&form.body));
    for page in pages::console(now_ms).iter().chain([&draft]) {
        one(report, &mut visitors.browser, page);
    }
    for page in pages::api(now_ms) {
        one(report, &mut visitors.script, &page);
    }
    for page in pages::hub() {
        one(report, &mut visitors.hub, &page);
    }
}

/// Milliseconds to the first byte of the answer, sorted.
fn one(report: &mut Report, client: &mut Client, page: &Page) {
    let mut times = Vec::with_capacity(TIMES);
    let mut size = 0;
    for time in 0..=TIMES {
        let answer = match &page.sent {
            Some((kind, body)) => client.post(&page.path, kind, body),
            None => client.get(&page.path),
        };
        assert_eq!(answer.status, 200, "{}: {}", page.path, String::from_utf8_lossy(&answer.body));
        size = answer.body.len();
        if time > 0 {
            times.push(answer.first.as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    let (median, slowest) = (times[TIMES / 2], times[TIMES - 1]);
    report.limit(&format!("{} (slowest {slowest:.0} ms, {} KiB)", page.name, size / 1024), median, "ms", LIMIT_MS);
}
