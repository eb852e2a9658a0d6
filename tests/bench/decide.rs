//! Reading a reference and deciding, with many rules.

use std::{hint::black_box, sync::Arc, time::Instant};

use policy::{
    Action, Badge, Categories, Enforced, ImageRef, Membership, Pattern, Policy, Role, Rule, RuleSet, Scope, Session,
    Timestamp, Validity, decide,
};

use crate::{Report, quantile};

const NOW: Timestamp = Timestamp(1_000);
const BATCH: u32 = 64;
const SAMPLES: usize = 20_000;

pub fn measure(report: &mut Report) {
    println!("# decide(), reading the reference included; 2,000 publishers");
    let small = median(&enforced(100));
    let large = median(&enforced(10_000));
    report.limit("10,000 rules, median", large, "ns", 1000.0);
    report.note("100 rules, median", small, "ns");
    report.limit("10,000 rules against 100 rules", large / small, "times", 3.0);
}

/// Nanoseconds for one image, median over samples of 64 different images each.
fn median(enforced: &Enforced) -> f64 {
    let images: Vec<String> = (0..BATCH)
        .map(|n| match n % 4 {
            0 => format!("docker.io/library/alpine:3.{n}"),
            1 => format!("evil{n}/miner:latest"),
            2 => format!("team{n}/app-{n}:1.{n}"),
            _ => format!("ghcr.io/acme/tool{n}@sha256:{:064x}", n),
        })
        .collect();
    let mut samples: Vec<u64> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            for text in &images {
                let image = ImageRef::parse(black_box(text)).expect("a reference");
                black_box(decide(enforced, &Action::pull(image), NOW));
            }
            u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    samples.sort_unstable();
    quantile(&samples, 0.5) / f64::from(BATCH)
}

/// Rules of every kind: repositories, namespaces, parts of names, tags, digests, other registries.
fn enforced(rules: usize) -> Enforced {
    let rules = (0..rules).map(|n| {
        let pattern = match n % 6 {
            0 => format!("vendor{n}/product"),
            1 => format!("vendor{n}/*"),
            2 => format!("team{n}/app-*"),
            3 => format!("library/tool{n}:1.*"),
            4 => format!("pinned/base@sha256:{n:064x}"),
            _ => format!("registry{n}.example/acme/*"),
        };
        Rule {
            id: format!("rule-{n}"),
            pattern: Pattern::parse(&pattern).expect("a pattern"),
            scope: if n % 10 == 0 { Scope::Team("platform".into()) } else { Scope::Organization },
            expires_at: None,
            reason: String::new(),
        }
    });
    let (allow, deny): (Vec<Rule>, Vec<Rule>) = rules.partition(|rule| !rule.id.ends_with('7'));
    let validity =
        Validity { issued_at: Timestamp(1), refresh_after: Timestamp(10_000), expires_at: Timestamp(100_000) };
    let policy = Policy {
        organization: "acme".into(),
        generation: 1,
        enabled: true,
        categories: Categories { official: true, verified_publisher: true, community: false },
        allow: allow.into_iter().collect::<RuleSet>(),
        deny: deny.into_iter().collect::<RuleSet>(),
        directory: Arc::new((0..2_000).map(|n| (format!("publisher{n}"), Badge::VerifiedPublisher)).collect()),
        validity,
        ..Policy::default()
    };
    let membership = Membership { organization: "acme".into(), role: Role::Member, teams: vec!["platform".into()] };
    let session = Session { user: "dana".into(), uid: 1000, organizations: vec![membership], validity };
    Enforced { sessions: vec![session], policies: vec![Arc::new(policy)], ..Enforced::default() }
}
