//! Reading a request: a pull, the largest body that engines show, and bodies made to be slow.

use std::{hint::black_box, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::engine::{self, Request};
use proto::authz::AuthzRequest;

use crate::{Report, memory, quantile};

/// The largest body that an engine shows.
pub const BODY_BYTES: usize = 4 << 20;
const TARGET: &str = "/v1.47/images/create?fromImage=docker.io%2Flibrary%2Falpine&tag=3.20";
const SAMPLES: usize = 2_000;
const BATCH: u32 = 64;

pub fn measure(report: &mut Report) {
    println!("# Reading a request, without deciding; the plugin is shown bodies up to 4 MiB");
    // First, while the process is small: what is freed later may stay with the allocator.
    let create = message(&create());
    let (_, peak) = memory::peak(std::process::id(), || told(&create, "not_governed"));
    report.limit("a create of 4 MiB, memory beside the message", peak / 1024.0, "MiB", 16.0);
    report.limit("a create of 4 MiB, median", milliseconds(|| told(&create, "not_governed")), "ms", 30.0);

    let pull = Request { method: "POST", target: TARGET, content_length: Some("0"), ..Request::default() };
    report.limit(
        "a pull, path and query, median",
        nanoseconds(|| engine::read(black_box(&pull)).word()) / 1e3,
        "µs",
        3.0,
    );
    let message = message_of(TARGET, None);
    let read = || AuthzRequest::from_json(black_box(&message)).expect("a message").action().word();
    report.limit("a pull, from the engine's message on, median", nanoseconds(read) / 1e3, "µs", 3.0);
    for (what, message, verdict) in hostile() {
        let name = format!("{what}, median");
        report.limit(&name, milliseconds(|| told(&message, verdict)), "ms", 30.0);
    }
}

/// Nanoseconds of one call, median over batches.
fn nanoseconds<T>(call: impl Fn() -> T) -> f64 {
    let mut samples: Vec<u64> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                black_box(call());
            }
            u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    samples.sort_unstable();
    quantile(&samples, 0.5) / f64::from(BATCH)
}

/// Milliseconds of one call, median of a few.
fn milliseconds(call: impl Fn()) -> f64 {
    let mut samples: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Reads a message, which must come to this.
fn told(message: &[u8], verdict: &str) {
    let action = AuthzRequest::from_json(black_box(message)).expect("a message").action();
    assert_eq!(action.verdict(), verdict, "{} bytes: {}", message.len(), action.word());
}

/// The message for a create with this body.
pub fn message(body: &str) -> Vec<u8> {
    message_of("/v1.47/containers/create?name=app", Some(body))
}

fn message_of(target: &str, body: Option<&str>) -> Vec<u8> {
    let (body, kind) = match body {
        Some(body) => (
            format!(r#""RequestBody":"{}","#, STANDARD.encode(body)),
            format!(r#""Content-Length":"{}","Content-Type":"application/json""#, body.len()),
        ),
        None => (String::new(), r#""Content-Length":"0""#.to_owned()),
    };
    format!(
        r#"{{"RequestMethod":"POST","RequestUri":"{target}",{body}"RequestHeaders":{{{kind},"User-Agent":"Docker-Client/28.5.2 (linux)"}}}}"#
    )
    .into_bytes()
}

/// A container as Compose makes one, with so much environment and so many labels that the body is 4 MiB.
pub fn create() -> String {
    let mut body = String::from(r#"{"Hostname":"","User":"","Tty":false,"Env":["A=1""#);
    let mut count = 0;
    while body.len() < BODY_BYTES / 2 {
        count += 1;
        body += &format!(r#","SETTING_{count}=https://service-{count}.example.com/path?token=\u0026{:080}""#, count);
    }
    body += r#"],"Cmd":["run"],"Image":"docker.io/library/alpine:3.20","Labels":{"com.docker.compose.project":"app""#;
    let rest = r#"},"HostConfig":{"Binds":["data:/data:rw"],"NetworkMode":"app_default","Mounts":null},"NetworkingConfig":{}}"#;
    loop {
        count += 1;
        let label = format!(r#","com.example.team.setting-{count}":"{{\"a\":\"{:0100}\"}}""#, count);
        if body.len() + label.len() + rest.len() > BODY_BYTES {
            break;
        }
        body += &label;
    }
    body + rest
}

/// Bodies of 4 MiB that are made to be slow, what each is, and the verdict.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let filled = |before: &str, piece: &str, after: &str| {
        let room = BODY_BYTES - before.len() - after.len();
        message(&format!("{before}{}{after}", piece.repeat(room / piece.len())))
    };
    let many = |count: usize, member: &dyn Fn(usize) -> String| {
        message(&format!(r#"{{"Image":"a",{}}}"#, (0..count).map(member).collect::<Vec<_>>().join(",")))
    };
    vec![
        ("4 MiB of `[`", filled(r#"{"x":"#, "[", ""), "unverifiable"),
        ("4 MiB of objects in objects", filled("", r#"{"HostConfig":"#, ""), "unverifiable"),
        ("800,000 keys", filled(r#"{"Image":"a""#, r#","":0"#, "}"), "unverifiable"),
        ("99,000 keys", many(99_000, &|n| format!(r#""some-long-key-number-{n:08}":{n}"#)), "not_governed"),
        ("340,000 times `Image`", filled(r#"{"x":0"#, r#","Image":"a""#, "}"), "unverifiable"),
        ("99,000 times `Image`", many(99_000, &|n| format!(r#""ima\u0067e":"name-{n:08}/app:1""#)), "not_governed"),
        ("4 MiB of escapes in the name", filled(r#"{"Image":""#, r"\u0061", r#""}"#), "unverifiable"),
        ("4 MiB of short escapes", filled(r#"{"Image":"a","x":""#, r"\n", r#""}"#), "not_governed"),
        ("4 MiB of half surrogates", filled(r#"{"Image":"a","x":""#, r"\ud800", r#""}"#), "not_governed"),
        ("4 MiB of escapes in a key", filled(r#"{"Image":"a",""#, r"\u017f", r#"":0}"#), "not_governed"),
        ("4 MiB of white space", filled("", " ", r#"{"Image":"a"}"#), "not_governed"),
        ("4 MiB behind the document", filled(r#"{"Image":"a"}"#, "[", ""), "not_governed"),
        ("a target of 1 MiB", message_of(&format!("/{}", "%41?&=a".repeat(150_000)), None), "unverifiable"),
    ]
}
