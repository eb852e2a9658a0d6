//! The publishers' directory, refreshed from a Docker Hub of the tests' own: on the command line, and by a service.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    fake::{Asked, Fake, Reply, json as answer},
    support::Service,
};

/// Repositories with the word of their badge.
pub type Shown = Arc<Mutex<Vec<(String, &'static str)>>>;

/// A search that shows them, a page at a time.
pub async fn hub(shown: &Shown) -> Fake {
    let shown = Arc::clone(shown);
    Fake::start(move |asked, _| search(&shown.lock().unwrap(), asked)).await
}

fn search(shown: &[(String, &'static str)], asked: &Asked) -> Reply {
    let query = asked.line.strip_prefix("GET /api/search/v4?").unwrap_or_else(|| panic!("{}", asked.line));
    let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)).unwrap();
    let all: Vec<Value> = shown
        .iter()
        .filter(|(_, badge)| *badge == value("badges="))
        .map(|(name, badge)| json!({ "name": name, "type": "image", "badge": badge, "star_count": 1 }))
        .collect();
    let (from, size): (usize, usize) = (value("from=").parse().unwrap(), value("size=").parse().unwrap());
    let some: Vec<&Value> = all.iter().skip(from).take(size).collect();
    answer(200, &json!({ "total": all.len(), "results": some }))
}

pub fn verified(names: &[&str]) -> Shown {
    Arc::new(Mutex::new(names.iter().map(|name| ((*name).to_owned(), "verified_publisher")).collect()))
}

/// A service that was never started, with an organization.
fn owner() -> Service {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service
}

fn listed(service: &Service) -> Vec<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let lines = service.ok(&["--json", "publisher", "list"]);
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (text(&row, "namespace"), text(&row, "source"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_refreshes_shows_and_asks_for_the_number() {
    let service = owner();
    let shown = verified(&["grafana/grafana", "grafana/loki", "bitnami/redis", "library/alpine"]);
    let hub = hub(&shown).await;
    let refresh = |more: &[&'static str]| [&["publisher", "refresh", "--url", hub.url.as_str()][..], more].concat();
    service.ok(&["publisher", "set", "bitnami", "sponsored-open-source"]);

    let said = service.ok(&refresh(&["--dry-run"]));
    for part in [
        "shows 2 namespaces with a badge, in 4 results",
        "passed over: 1 of them",
        "would be added: 1 (grafana: verified-publisher)",
        "given by hand, and left so: 1",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(listed(&service).len(), 1, "nothing was changed");
    assert!(service.ok(&refresh(&[])).contains("\nadded: 1 (grafana"));
    let rows = [("bitnami", "hand"), ("grafana", "docker-hub")];
    assert_eq!(listed(&service), rows.map(|(name, source)| (name.to_owned(), source.to_owned())));
    assert!(service.ok(&["publisher", "list"]).contains("sponsored-open-source  hand"));

    shown.lock().unwrap().clear();
    let said = service.fails(&refresh(&[]), "");
    assert!(said.contains("1 of the 1 namespaces") && said.contains("`--confirm 1`"), "{said}");
    assert!(service.fails(&refresh(&["--confirm", "3"]), "").contains("3 were confirmed"));
    assert_eq!(service.run(&refresh(&["--dry-run", "--confirm", "1"]), "").status.code(), Some(2), "one or the other");
    assert!(service.ok(&refresh(&["--dry-run"])).contains("add `--confirm 1`"));
    let made: Value = serde_json::from_str(&service.ok(&refresh(&["--confirm", "1", "--json"]))).unwrap();
    assert_eq!((&made["removed"], &made["complete"]), (&1.into(), &true.into()), "{made}");
    assert_eq!(listed(&service).len(), 1);
    let trail = service.ok(&["audit", "--json", "--limit", "1"]);
    assert!(trail.contains("publisher.refresh") && trail.contains("grafana"), "{trail}");
    let head = &hub.asked()[0].head.to_ascii_lowercase();
    assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_knows_who_gave_a_badge() {
    let service = owner();
    let hub = hub(&verified(&["grafana/grafana"])).await;
    service.ok(&["publisher", "set", "bitnami", "verified-publisher"]);
    service.ok(&["publisher", "refresh", "--url", &hub.url]);
    let file = service.data_dir().with_file_name("backup");
    service.ok(&["backup", file.to_str().unwrap()]);
    let elsewhere = Service::empty();
    elsewhere.ok(&["restore", file.to_str().unwrap()]);
    assert_eq!(listed(&elsewhere), listed(&service));
    assert_eq!(listed(&service).iter().filter(|(_, source)| source == "docker-hub").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_changes_nothing_and_says_why() {
    let service = owner();
    service.ok(&["publisher", "set", "bitnami", "verified-publisher"]);
    let trap = Fake::start(|_, _| Reply::Silence).await;
    let to = format!("Location: {}/\r\n", trap.url);
    let evil = json!({ "name": "../x", "type": "image", "badge": "verified_publisher" });
    let wrong = json!({ "name": "evil/miner", "type": "image", "badge": "none" });
    type Hub = Box<dyn Fn() -> Reply + Send + Sync>;
    let cases: Vec<(Hub, &str)> = vec![
        (Box::new(|| Reply::Http(200, String::new(), "<html>captive portal</html>".to_owned())), "no JSON"),
        (Box::new(|| Reply::Http(200, String::new(), "x".repeat(1 << 20))), "longer than"),
        (Box::new(move || Reply::Http(302, to.clone(), String::new())), "redirect"),
        (Box::new(|| answer(500, &json!({}))), "500"),
        (Box::new(|| Reply::Http(429, "Retry-After: 3600\r\n".to_owned(), String::new())), "limits how often"),
        (Box::new(move || answer(200, &json!({ "total": 2, "results": [evil, wrong] }))), "none of its 2 results"),
    ];
    let before = service.ok(&["audit", "--json"]);
    for (reply, said) in cases {
        let hub = Fake::start(move |_, _| reply()).await;
        let told = service.fails(&["publisher", "refresh", "--url", &hub.url], "");
        assert!(told.contains(said), "{said}: {told}");
    }
    let told = service.fails(&["publisher", "refresh", "--url", "http://127.0.0.1:1"], "");
    assert!(told.contains("cannot be reached"), "{told}");
    let plain = service.run(&["publisher", "refresh", "--url", "http://hub.example"], "");
    assert_eq!(plain.status.code(), Some(2), "not over the network in the clear");
    assert_eq!(service.ok(&["audit", "--json"]), before, "what was refused was not done");
    assert_eq!(listed(&service), [("bitnami".to_owned(), "hand".to_owned())]);
    assert_eq!(trap.asked().len(), 0, "nobody else is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_an_end_is_read_to_a_bound_and_removes_nothing() {
    let service = owner();
    let hub = hub(&verified(&["grafana/grafana"])).await;
    service.ok(&["publisher", "refresh", "--url", &hub.url]);
    let endless = Fake::start(|asked, _| {
        let from: usize = asked.line.split("from=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        let badge = if asked.line.contains("open_source") { "open_source" } else { "verified_publisher" };
        let one = |n: usize| json!({ "name": format!("ns{}/x{n}", n % 50), "type": "image", "badge": badge });
        let results: Vec<Value> = (from..from + 100).map(one).collect();
        answer(200, &json!({ "total": from + 200, "results": results }))
    })
    .await;
    let said = service.ok(&["publisher", "refresh", "--url", &endless.url]);
    assert!(said.contains("not read to its end, so nothing is removed") && said.contains("added: 50"), "{said}");
    assert_eq!(listed(&service).len(), 51);
    assert_eq!(endless.asked().len(), 200, "ten thousand results of each badge");
}

async fn post(service: &Service, token: &str, path: &str) -> (u16, Value) {
    let mut stream = service.connect(&[b"http/1.1"]).await;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn a_service_asks_where_it_was_told_to() {
    let shown = verified(&["grafana/grafana"]);
    let (named, other) = (hub(&shown).await, hub(&shown).await);
    let cases = [
        (vec!["--publishers-url", named.url.as_str(), "--docker-hub-url", other.url.as_str()], &named),
        (vec!["--docker-hub-url", other.url.as_str()], &other),
    ];
    for (options, asked) in cases {
        let mut service = owner();
        service.add_member("acme", "olga", "owner");
        service.add_member("acme", "adam", "admin");
        let token = |user: &str| {
            let scopes = ["--scope", "org:read", "--scope", "org:write"];
            service.ok(&[&["token", "create", user, "--name", "x"][..], &scopes].concat()).trim().to_owned()
        };
        let (olga, adam) = (token("olga"), token("adam"));
        service.start(&options).await;
        let before = (named.asked().len(), other.asked().len());
        let path = "/api/v1/publishers/refresh";
        let (status, body) = post(&service, &adam, path).await;
        assert_eq!((status, body["error"]["code"].as_str()), (403, Some("forbidden")), "{body}");
        assert_eq!((named.asked().len(), other.asked().len()), before, "nobody was asked");
        let (status, body) = post(&service, &olga, path).await;
        assert_eq!((status, &body["added"], &body["address"]), (200, &1.into(), &asked.url.as_str().into()), "{body}");
        assert_eq!(listed(&service), [("grafana".to_owned(), "docker-hub".to_owned())]);
    }
}
