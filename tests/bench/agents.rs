//! Many agents at one policy service, over TLS: how soon a published policy is with all of them, and how they come
//! back after a restart.
//!
//! An agent here is the agent's own state machine and client (`daemon::sync`, `daemon::service`) with a plugin that
//! takes everything at once and looks at nothing: what is measured is the service and the way to it. All agents are
//! one process, which shares this machine's processors with the service.

mod agent;
mod fleet;
mod load;

use std::time::{Duration, Instant};

use installer::lab::{Lab, Service};

use self::{
    fleet::Fleet,
    load::{Load, processor_time},
};
use crate::Report;

const AGENTS: usize = 500;
/// Machines of one member: the service bounds how many streams a person has.
const MACHINES: usize = 20;
const CHANGES: usize = 20;
const ORGANIZATION: &str = "acme";
/// How long the steady load is looked at.
const STEADY: Duration = Duration::from_secs(20);

pub fn measure(report: &mut Report) {
    println!("# {AGENTS} agents of {} members at one policy service, over TLS", AGENTS / MACHINES);
    // The one place that chooses the cryptography of TLS; an error only says that it is chosen.
    drop(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let lab = Lab::new().expect("a laboratory");
        let mut service = Service::start(&lab).await.expect("a policy service");
        let start = Instant::now();
        let mut fleet = Fleet::sign_in(&service, AGENTS, MACHINES).await;
        report.note("all of them signed in and connected", start.elapsed().as_secs_f64(), "s");
        publish(report, &service, &mut fleet).await;
        let steady = steady(report, &mut service).await;
        restart(report, &lab, &mut service, &mut fleet, steady, Stop::Asked).await;
        restart(report, &lab, &mut service, &mut fleet, steady, Stop::Killed).await;
    });
}

async fn publish(report: &mut Report, service: &Service, fleet: &mut Fleet) {
    let (mut in_force, mut acknowledged) = (Vec::with_capacity(AGENTS * CHANGES), Vec::with_capacity(AGENTS * CHANGES));
    for change in 0..CHANGES {
        // A text: nobody loses anything by it, so nobody has to confirm a number.
        let message = change.to_string();
        let start = Instant::now();
        let before = fleet.generation();
        service.administer(&["policy", "set", ORGANIZATION, "--message", &message]).await.expect("a change");
        in_force.extend(fleet.in_force_after(before).await.into_iter().map(|at| at.duration_since(start)));
        acknowledged.extend(fleet.acknowledged_after(before).await.into_iter().map(|at| at.duration_since(start)));
    }
    for (until, mut all) in [
        ("an agent has it in force", in_force),
        ("the service has it in its database that the agent has", acknowledged),
    ] {
        all.sort_unstable();
        let milliseconds = |share: f64| quantile(&all, share).as_secs_f64() * 1e3;
        println!("  {CHANGES} policies, each from the start of the service's command until {until}");
        report.note("median", milliseconds(0.5), "ms");
        report.limit("99 of 100", milliseconds(0.99), "ms", 1000.0);
        report.note("last of all", milliseconds(1.0), "ms");
    }
}

/// What the service takes while nothing happens but that all agents report: processor time a second.
async fn steady(report: &Report, service: &mut Service) -> f64 {
    let process = service.process().id();
    let load = Load::watch(process, (Instant::now(), processor_time(process)));
    tokio::time::sleep(STEADY).await;
    let (steady, busiest) = load.end();
    println!("  steady load: each agent reports a record every {} s", agent::REPORT_EVERY.as_secs());
    report.note("processor time of the service a second", steady * 1e3, "ms");
    report.note("in the busiest second", busiest * 1e3, "ms");
    steady
}

#[derive(Clone, Copy)]
enum Stop {
    /// SIGTERM: the service sends each agent away with a moment of its own to come back.
    Asked,
    /// SIGKILL: agents see their connections break, and back off as chance has it.
    Killed,
}

async fn restart(report: &mut Report, lab: &Lab, service: &mut Service, fleet: &mut Fleet, steady: f64, stop: Stop) {
    fleet.forget();
    match stop {
        Stop::Asked => service.process().stop(),
        Stop::Killed => service.process().kill(),
    }
    let started = Instant::now();
    service.restart(lab).await.expect("the service comes back");
    let load = Load::watch(service.process().id(), (started, Duration::ZERO));
    let listening = Instant::now();
    let back = fleet.back().await;
    let (_, busiest_load) = load.end();
    let mut after: Vec<Duration> = back.into_iter().map(|at| at.saturating_duration_since(listening)).collect();
    after.sort_unstable();
    let last = after.last().copied().unwrap_or_default();
    println!("  after a restart ({})", if matches!(stop, Stop::Asked) { "SIGTERM" } else { "SIGKILL" });
    report.note("half of the agents back", quantile(&after, 0.5).as_secs_f64(), "s");
    report.limit("all of them back", last.as_secs_f64(), "s", 20.0);
    report.note("agents that came back in the busiest second", busiest(&after) as f64, "");
    report.note("processor time of the service in the busiest second", busiest_load * 1e3, "ms");
    let name = "the same as a multiple of the steady load";
    match stop {
        Stop::Asked => report.limit(name, busiest_load / steady, "x", 3.0),
        Stop::Killed => report.note(name, busiest_load / steady, "x"),
    }
}

/// Most arrivals within any one second; `sorted` are moments.
fn busiest(sorted: &[Duration]) -> usize {
    let within = |(first, &from): (usize, &Duration)| {
        sorted.partition_point(|&at| at < from + Duration::from_secs(1)).saturating_sub(first)
    };
    sorted.iter().enumerate().map(within).max().unwrap_or(0)
}

fn quantile(sorted: &[Duration], share: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let place = (sorted.len().saturating_sub(1) as f64 * share).ceil() as usize;
    sorted.get(place).copied().unwrap_or_default()
}
