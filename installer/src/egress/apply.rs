//! Puts rules in place, and believes it only when it has read them back.

use std::{fs, path::Path};

use proto::egress;

use super::{
    EgressError,
    cgroup::{self, Cgroup},
    names::Registries,
    nft::Nft,
    options::Options,
    record::{Loaded, Record},
    rules::{CONTAINERS, Containers, ENGINE, Rules, render},
};

/// How often the engine may be restarted while its rules are loaded, which takes some milliseconds.
const TRIES: usize = 3;
/// There wherever systemd runs (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";

/// What is in place.
#[derive(Debug, Clone)]
pub struct Applied {
    /// As it was loaded.
    pub script: String,
    /// As it was read back.
    pub loaded: Loaded,
    /// For the plugin.
    pub state: egress::Rules,
}

/// The rules for these options on this machine, as it is now.
///
/// # Errors
/// When its control groups cannot be found.
pub fn rules(options: &Options, registries: &Registries) -> Result<Rules, EgressError> {
    let tree = cgroup::tree()?;
    let confined = !options.containers_not_to.is_empty();
    let containers = confined.then(|| Cgroup::new(&tree, &options.container_cgroup)).transpose()?;
    Ok(Rules {
        engine: Cgroup::new(&tree, &options.cgroup)?,
        loopback_port: options.loopback_port,
        listeners: options.listeners(),
        direct: options.direct(),
        exceptions: options.except.iter().copied().collect(),
        registry_ports: options.registry_ports.iter().copied().collect(),
        bridges: options.bridges.clone(),
        containers: containers.map(|cgroup| Containers { cgroup, registries: registries.addresses() }),
    })
}

/// What works, but perhaps not as it is meant.
pub fn warnings(options: &Options, unknown: &[String]) -> Vec<String> {
    let mut warnings: Vec<String> = unknown
        .iter()
        .map(|host| {
            format!(
                "`{host}` has no address now, so containers are not kept from it; `pullgate egress watch` asks again"
            )
        })
        .collect();
    let is_default = options.container_cgroup == Path::new("docker");
    let is_systemd =
        cgroup::tree().is_ok_and(|tree| tree == Path::new("/sys/fs/cgroup")) && Path::new(SYSTEMD).exists();
    if !options.containers_not_to.is_empty() && is_default && is_systemd {
        warnings.push(
            "unless the engine uses the cgroupfs driver, containers with the host's network are not in `docker`, and \
             nothing keeps them from registries; set `cgroup-parent` in daemon.json to a slice and name it with \
             `--container-cgroup`"
                .to_owned(),
        );
    }
    warnings
}

/// Loads the rules, reads them back, and writes what is in place.
///
/// # Errors
/// [`EgressError`]. What was in place before is still, unless reading back failed.
pub async fn put_in_place(nft: &Nft, rules: &Rules, record: &Record) -> Result<Applied, EgressError> {
    let script = render(rules);
    let dir = &rules.engine.dir;
    let container_cgroup = rules.containers.as_ref().map(|containers| &containers.cgroup);
    for _ in 0..TRIES {
        let id = rules.engine.id()?.ok_or_else(|| EgressError::NoCgroup { dir: dir.clone() })?;
        if let Some(containers) = container_cgroup {
            make(containers)?;
        }
        let load = nft.load(&script).await;
        // The name is looked up while the rules are loaded: only if nothing changed is it known who is meant.
        if rules.engine.id()? != Some(id) {
            continue;
        }
        load?;
        let read_back = async {
            holds(nft, ENGINE, &rules.engine).await?;
            if let Some(containers) = container_cgroup {
                holds(nft, CONTAINERS, containers).await?;
            }
            let missing = || EgressError::Listing { why: "the table is not there after it was loaded".to_owned() };
            nft.rules().await?.ok_or_else(missing)
        };
        let listing = match read_back.await {
            Ok(listing) => listing,
            Err(error) => {
                record.withdraw()?;
                return Err(error);
            }
        };
        let loaded = Loaded { rules: listing, container_cgroup: container_cgroup.map(|cgroup| cgroup.dir.clone()) };
        let containers = container_cgroup.is_some();
        let exceptions = rules.exceptions.iter().copied().collect();
        let state = egress::Rules { cgroup: dir.clone(), cgroup_id: id, containers, exceptions, beat: egress::beat() };
        record.write(&state, &loaded)?;
        return Ok(Applied { script, loaded, state });
    }
    Err(EgressError::Restless { dir: dir.clone() })
}

/// That a set holds this group and no other.
///
/// # Errors
/// [`EgressError::OtherHeld`], or that it cannot be listed.
pub async fn holds(nft: &Nft, set: &str, cgroup: &Cgroup) -> Result<(), EgressError> {
    let id = cgroup.id()?.ok_or_else(|| EgressError::NoCgroup { dir: cgroup.dir.clone() })?;
    let held = nft.cgroups(set).await?.unwrap_or_default();
    match held.as_slice() {
        [one] if one.is(id) => Ok(()),
        _ => {
            let held: Vec<String> = held.iter().map(ToString::to_string).collect();
            let held = if held.is_empty() { "none".to_owned() } else { held.join(", ") };
            Err(EgressError::OtherHeld { held, dir: cgroup.dir.clone(), id })
        }
    }
}

/// The engine makes the parent of its containers with the first of them, and takes it as it finds it.
/// A slice is systemd's to make.
fn make(cgroup: &Cgroup) -> Result<(), EgressError> {
    if cgroup.id()?.is_some() {
        return Ok(());
    }
    if cgroup.dir.extension().is_some_and(|extension| extension == "slice") {
        return Err(EgressError::NoContainerCgroup { dir: cgroup.dir.clone() });
    }
    fs::create_dir_all(&cgroup.dir).map_err(|source| EgressError::Write { path: cgroup.dir.clone(), source })
}
