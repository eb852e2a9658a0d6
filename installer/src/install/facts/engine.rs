//! One engine, as its files, its unit and itself say.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{EngineFacts, Health, command_line};
use crate::{
    engines::FoundEngine,
    install::{drop_in, error::ChangeError, files, journal, obstacle::Locked, prove, state::Installed},
    output,
    status::probe::http::{self, Body},
    systemd::{Systemd, SystemdError, Unit},
};

/// For the engine's answer to a question. One whose plugin is gone tries for 15 s.
const ASK: Duration = Duration::from_secs(17);
/// For an engine that is starting, as at a boot.
const STARTS: Duration = Duration::from_secs(30);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks at one, and asks it.
pub(super) fn look(root: &Path, found: FoundEngine, systemd: Option<&Systemd>) -> Result<EngineFacts, ChangeError> {
    if found.ungoverned.is_some() {
        return Ok(EngineFacts::left_alone(found));
    }
    let unit = match (&found.unit, systemd) {
        (Some(name), Some(systemd)) => started(systemd, name, STARTS)?,
        _ => Unit::default(),
    };
    let beside = |name| match &found.drop_in_dir {
        Some(dir) => files::read(&dir.join(name)),
        None => Ok(None),
    };
    let (drop_in, variables) = (beside(drop_in::NAME)?, beside(drop_in::VARIABLES)?);
    let ours = drop_in::door();
    let variable = |name: &str| {
        let said = unit.environment.iter().filter_map(|line| line.split_once('='));
        said.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next_back()
    };
    let cert_dirs = variable("SSL_CERT_DIR").map(|dirs| {
        let door = format!("{}/trust", proto::paths::DOOR_STATE_DIR);
        dirs.split(':').filter(|dir| *dir != door).collect::<Vec<_>>().join(":")
    });
    let running = if unit.is_active() { told(&found.socket) } else { Err(String::new()) };
    let health = match (&running, unit.active.as_str()) {
        (Ok(_), _) => Health::Runs,
        (Err(why), "active" | "reloading") => Health::Broken(why.clone()),
        (Err(_), "failed") => Health::Broken(format!("failed: {}", unit.result)),
        (Err(_), "activating") => {
            Health::Broken(format!("it has been starting for {} s; is this machine still booting?", STARTS.as_secs()))
        }
        (Err(_), _) => Health::Stopped,
    };
    let (version, info) = running.unwrap_or_default();
    let version = version["Version"].as_str().map(str::to_owned).or_else(|| found.version.clone());
    let major = version.and_then(|version| version.split('.').next()?.parse().ok());
    // Asked, not read: what an engine lists of its plugins is what it started with, whatever it reloaded since.
    let asks_plugin = health == Health::Runs && prove::engine_asks(&found.socket).is_ok();
    Ok(EngineFacts {
        file: files::read(&found.config_file)?,
        locked: locked(&found.config_file),
        original: Installed::read(root).unwrap_or_default().original(&found.config_file).map(|original| {
            (original.before.as_deref().and_then(|name| journal::backed_up(root, name)), original.flags.clone())
        }),
        drop_in,
        variables,
        command_line: found.drop_in_dir.as_deref().map(|dir| command_line(root, dir)).unwrap_or_default(),
        cert_dirs: cert_dirs.filter(|dirs| !dirs.is_empty()),
        health,
        major,
        containers: info["ContainersRunning"].as_u64(),
        live_restore: info["LiveRestoreEnabled"] == true,
        asks_plugin,
        has_door: ["HttpProxy", "HttpsProxy"].iter().all(|key| info[*key] == ours.as_str()),
        found,
    })
}

/// A unit once it is no more in the middle of its start, or is so for longer than somebody would wait.
fn started(systemd: &Systemd, name: &str, bound: Duration) -> Result<Unit, SystemdError> {
    let end = Instant::now() + bound;
    let mut unit = systemd.unit(name)?;
    if unit.active == "activating" {
        output::progress(&format!("`{name}` is starting; waiting for it"));
    }
    while unit.active == "activating" && Instant::now() < end {
        std::thread::sleep(PAUSE);
        unit = systemd.unit(name)?;
    }
    Ok(unit)
}

/// `/version` and `/info`.
fn told(socket: &Path) -> Result<(Value, Value), String> {
    let asked = prove::bounded(ASK, async {
        let version = http::call(socket, "GET", "/version", Body::Empty).await?;
        let info = http::call(socket, "GET", "/info", Body::Empty).await?;
        match version.status.max(info.status) {
            200 => Ok((version.json(), info.json())),
            status => Err(format!("it answers {status}: {}", info.failure().or(version.failure()).unwrap_or_default())),
        }
    });
    asked.map_err(|why| format!("`{}`: {why}", socket.display()))
}

/// Whether somebody has said `chattr +i` of it.
#[cfg(target_os = "linux")]
fn is_immutable(path: &Path) -> bool {
    let flags = fs::File::open(path).ok().and_then(|file| rustix::fs::ioctl_getflags(file).ok());
    flags.is_some_and(|flags| flags.contains(rustix::fs::IFlags::IMMUTABLE))
}

#[cfg(not(target_os = "linux"))]
fn is_immutable(_: &Path) -> bool {
    false
}

/// Why a file cannot be replaced.
fn locked(path: &Path) -> Option<Locked> {
    if let (Ok(target), Err(error)) = (fs::read_link(path), fs::metadata(path)) {
        // Written to, it would be a link no more; and what it leads to may be there again tomorrow.
        return Some(Locked::Link { target, why: error.to_string() });
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find(|path| path.exists())?;
    if rustix::fs::statvfs(there).is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY)) {
        return Some(Locked::ReadOnly);
    }
    for path in [Some(path.as_path()), path.parent()].into_iter().flatten() {
        if is_immutable(path) {
            return Some(Locked::Immutable(path.to_owned()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_starting_is_waited_for_and_not_for_ever() {
        let machine = tempfile::tempdir().unwrap();
        let path = |name: &str| machine.path().join(name);
        // It has started when it is asked a third time.
        let script = format!(
            "#!/bin/sh\ncd {}\necho >>asked\nstate=activating\n[ -e never ] || [ $(wc -l <asked) -lt 3 ] || state=active\n\
             echo ActiveState=$state\n",
            machine.path().display()
        );
        let systemd = Systemd::of_script(machine.path(), &script);
        assert_eq!(started(&systemd, "docker.service", STARTS).unwrap().active, "active");
        fs::write(path("never"), "").unwrap();
        assert_eq!(started(&systemd, "docker.service", PAUSE).unwrap().active, "activating");
    }
}
