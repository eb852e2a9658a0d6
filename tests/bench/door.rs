//! The real registry door over real sockets, beside the straight way.
//!
//! Client and registry are threads of this process, each in a network of its own; the door is a process, and its
//! processor time is what the kernel says of it. Between the networks is a cable of a certain rate: over 1 Gbit/s
//! the figures are those of a registry that is somewhere else. Without a limit, and on loopback, client, door
//! and registry want the same processors, and a share of the straight way's throughput is what is left when
//! three have to share what two had.

use std::time::Instant;

use tests::engines::Rate;

use crate::Report;

mod registry;
mod site;
mod ways;

use site::Site;
use ways::Way;

const ROUNDS: usize = 5;
const GIB: f64 = 1_073_741_824.0;
const MIB: f64 = 1_048_576.0;

/// What is measured over one kind of network.
struct Course {
    name: &'static str,
    rate: Option<Rate>,
    loopback: bool,
    /// One body, in MiB.
    body: u64,
    /// Least share of the straight way's throughput.
    least: Option<f64>,
}

/// A cable is made slower, never faster again.
const COURSES: [Course; 4] = [
    Course { name: "loopback", rate: None, loopback: true, body: 512, least: None },
    Course { name: "cable without limit", rate: None, loopback: false, body: 512, least: None },
    Course { name: "2.5 Gbit/s", rate: Some(Rate::mbit(2_500)), loopback: false, body: 256, least: None },
    Course { name: "1 Gbit/s", rate: Some(Rate::GIGABIT), loopback: false, body: 256, least: Some(0.9) },
];

pub fn measure(report: &mut Report) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let site = runtime.block_on(Site::start());
    for course in &COURSES {
        if let Some(rate) = course.rate {
            runtime.block_on(site.limit(rate));
        }
        throughput(report, &site, course);
    }
    println!("# a manifest through the registry door, beside the straight way, loopback");
    let ways = site.ways(true);
    let [straight, through] = [Way::Tls, Way::TlsThroughDoor].map(|way| ways.manifests(way));
    report.note("a manifest by the straight way, median", straight / 1e6, "ms");
    report.limit("a manifest through the door adds, median", (through - straight) / 1e6, "ms", 2.0);
}

#[allow(clippy::cast_precision_loss)]
fn throughput(report: &mut Report, site: &Site, course: &Course) {
    println!("# the registry door beside the straight way, {}, {} MiB a body", course.name, course.body);
    let bytes = course.body << 20;
    let mut fastest = Way::ALL.map(|_| 0.0_f64);
    let mut used: [Vec<f64>; Way::ALL.len()] = Way::ALL.map(|_| Vec::new());
    // In turn, so that a machine that changes its speed changes all.
    for _ in 0..ROUNDS {
        for (way, (fastest, used)) in Way::ALL.into_iter().zip(fastest.iter_mut().zip(&mut used)) {
            let before = site.processor_time();
            let begun = Instant::now();
            site.ways(course.loopback).fetch(way, bytes);
            *fastest = fastest.max(bytes as f64 / begun.elapsed().as_secs_f64());
            used.push((site.processor_time() - before).as_secs_f64() * GIB / bytes as f64);
        }
    }
    let of = |wanted: Way| {
        let place = Way::ALL.into_iter().position(|way| way == wanted).expect("one of all");
        (fastest[place], &used[place])
    };
    for (way, straight) in
        [(Way::Tunnel, Way::Plain), (Way::PlainThroughDoor, Way::Plain), (Way::TlsThroughDoor, Way::Tls)]
    {
        if way != Way::PlainThroughDoor {
            report.note(straight.name(), of(straight).0 / MIB, "MiB/s");
        }
        let share = of(way).0 / of(straight).0;
        let name = format!("{}, of the straight way's throughput", way.name());
        match course.least {
            Some(least) => report.least(&name, share, "times", least),
            None => report.note(&name, share, "times"),
        }
        report.note(&format!("{}, the door's processor time", way.name()), median(of(way).1.clone()), "s/GiB");
    }
    // Of each round, whose two were measured one after the other.
    let above = of(Way::PlainThroughDoor).1.iter().zip(of(Way::Tunnel).1).map(|(opened, tunnel)| opened - tunnel);
    report.limit("plain above a tunnel, the door's processor time", median(above.collect()), "s/GiB", 0.1);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
