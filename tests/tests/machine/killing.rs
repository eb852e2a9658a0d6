//! Commands that are killed as soon as something of theirs can be seen.

use std::time::Duration;

use installer::lab::wait_until;

use crate::site::Site;

/// Longer than a restart of an engine takes.
const LIMIT: Duration = Duration::from_secs(200);

/// Starts `pullgate ARGS` and kills it when `seen` says so. False: it came to its end before.
pub async fn killed(site: &Site, args: &str, seen: impl Fn(&Site) -> bool) -> bool {
    let begin = format!("/opt/pullgate/pullgate {args} >/run/out 2>&1 & echo $! >/run/pid");
    site.machine.done(&begin).await.unwrap();
    let pid = String::from_utf8(site.machine.read("/run/pid").unwrap()).unwrap();
    let running = site.machine.path(format!("/proc/{}/exe", pid.trim()));
    let now = || async {
        match (seen(site), std::fs::read_link(&running)) {
            (true, _) => Ok(true),
            (false, Err(_)) => Ok(false),
            (false, Ok(_)) => Err("it runs".to_owned()),
        }
    };
    let is_seen = match wait_until(&format!("a moment of `{args}`"), LIMIT, now).await {
        Ok(is_seen) => is_seen,
        Err(error) => panic!("{error}: {}", site.machine.run("cat /run/out").await.unwrap().stdout),
    };
    is_seen && site.machine.run(&format!("kill -9 {pid}")).await.unwrap().code() == 0
}
