//! Machines that report as much as they may, and whoever looks at a page meanwhile.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use daemon::{
    credentials::{Account, Realm, Source},
    service::Service as Agent,
};
use installer::lab::Service;
use proto::{
    enrollment::Enrollment,
    secret::Secret,
    sync::{Record, ReportRequest},
};

use super::{PASSWORD, client::Client, filling::ORGANIZATION};
use crate::Report;

/// Accounts that report at once.
const REPORTERS: usize = 8;
/// Reports of each, of as many records as one takes: what an account may report in an hour.
const REPORTS: usize = 19;
const RECORDS: usize = 1000;

pub async fn measure(report: &mut Report, service: &Service, browser: &mut Client, path: &str) {
    let mut agents = Vec::new();
    for number in 0..REPORTERS {
        agents.push(sign_in(service, number).await);
    }
    let start = Instant::now();
    let reporting: Vec<_> = agents.into_iter().enumerate().map(|(n, agent)| tokio::spawn(send(agent, n))).collect();
    let ended = AtomicBool::new(false);
    let mut looks = Vec::new();
    let took = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut looks: Vec<Duration> = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                looks.push(browser.get(path).first);
            }
            looks
        });
        let took = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for one in reporting {
                    one.await.expect("reports that are taken");
                }
                start.elapsed()
            })
        });
        ended.store(true, Ordering::Relaxed);
        looks = looking.join().expect("pages that are shown");
        took
    });
    looks.sort_unstable();
    println!("  {REPORTERS} accounts report {REPORTS} times {RECORDS} records each");
    report.note("records taken", (REPORTERS * REPORTS * RECORDS) as f64 / took.as_secs_f64(), "/s");
    let milliseconds = |at: usize| looks.get(at).map_or(f64::NAN, |look| look.as_secs_f64() * 1e3);
    report.limit("`Activity` meanwhile, median", milliseconds(looks.len() / 2), "ms", super::LIMIT_MS);
    report.note("slowest", milliseconds(looks.len().saturating_sub(1)), "ms");
}

async fn sign_in(service: &Service, number: usize) -> (Agent, Secret, String) {
    let (user, machine_id) = (format!("reporter{number}"), format!("reporting-{number}"));
    let args = ["member", "add", ORGANIZATION, &user, "--role", "member", "--password-stdin"];
    let added = service.admin(&args).stdin(PASSWORD).run().await;
    added.and_then(installer::lab::Output::success).expect("a member");
    let enrollment =
        Enrollment { service: format!("http://{}", service.address()), ca_file: None, ..Enrollment::default() };
    let mut agent = Agent::new(&enrollment).expect("a usable service");
    let account = Account {
        realm: Realm::Service,
        secret: Secret::new(PASSWORD.to_owned()),
        key: service.address(),
        source: Source::File,
        user,
    };
    let signed_in = agent.sign_in(&account, machine_id.clone(), 1000).await.expect("a sign-in");
    (agent, Secret::new(signed_in.agent_token), machine_id)
}

async fn send((mut agent, token, machine_id): (Agent, Secret, String), number: usize) {
    for report in 0..REPORTS {
        let records = (0..RECORDS).map(|record| {
            let n = (number * REPORTS + report) * RECORDS + record;
            Record {
                id: format!("01J9ZZ{n:020}"),
                machine_id: machine_id.clone(),
                action: "pull".to_owned(),
                image: format!("docker.io/evil/miner:{}", n % 500),
                reason: "category".to_owned(),
                category: "community".to_owned(),
                organization: ORGANIZATION.to_owned(),
                ..Record::default()
            }
        });
        let taken = agent
            .report(&token, ReportRequest { records: records.collect(), ..ReportRequest::default() })
            .await
            .expect("a report that is taken");
        assert_eq!(usize::try_from(taken), Ok(RECORDS));
    }
}
