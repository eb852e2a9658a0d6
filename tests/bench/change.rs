//! From a policy command of the service to the decision on the machine, with the real processes.

use std::time::Instant;

use installer::lab::{Options, Workstation};

use crate::Report;

const CHANGES: usize = 21;

pub fn measure(report: &mut Report) {
    println!("# A changed policy, from the service's command to the plugin of the same machine; {CHANGES} changes");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (mut from_start, mut from_end) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let station = Workstation::start(&Options::default()).await.expect("a workstation (needs root and dockerd)");
        station.service.administer(&["policy", "set", "acme", "--enabled", "true"]).await.expect("a policy");
        station.sign_in(&station.member).await.expect("a sign-in");
        for change in 0..CHANGES {
            let official = if change % 2 == 0 { "false" } else { "true" };
            let start = Instant::now();
            let changed = station.change_policy(&["policy", "set", "acme", "--official", official]).await;
            let (_, after_end) = changed.expect("a change in force");
            from_start.push(start.elapsed().as_secs_f64() * 1e3);
            from_end.push(after_end.as_secs_f64() * 1e3);
        }
    });
    from_start.sort_by(f64::total_cmp);
    from_end.sort_by(f64::total_cmp);
    report.limit("start of the command to in force, median", from_start[CHANGES / 2], "ms", 250.0);
    report.note("slowest", from_start[CHANGES - 1], "ms");
    report.note("end of the command to in force, median", from_end[CHANGES / 2], "ms");
}
