//! What an installation would change, from what was seen of the machine. Pure.

use std::path::{Path, PathBuf};

use proto::paths;

use super::{
    engine::{self, EnginePlan},
    facts::Facts,
    files::Owned,
    journal::{EngineName, Saved, Then},
    layout,
    lists::Lists,
    obstacle::Obstacle,
    upstream::Upstream,
};

/// Whom `pullgate egress` is about unless it is told otherwise.
const EGRESS_OF: &str = "docker.service";

/// What somebody asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only this engine: its unit, its `daemon.json` or its socket.
    pub engine: Option<String>,
    /// With the registry door, or without; none: with it, where that can be.
    pub door: Option<bool>,
    /// An engine that would have to restart is left to restart by itself.
    pub restart_later: bool,
    /// The enrollment file's new bytes.
    pub enrollment: Option<Vec<u8>>,
}

/// A file that is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// Where it is.
    pub path: PathBuf,
    /// What is there now.
    pub before: Option<Vec<u8>>,
    /// What is to be there; none: nothing.
    pub after: Option<Vec<u8>>,
    /// Whose it is.
    pub whose: Whose,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The administrator's: mode and owner stay, a symbolic link stays one, and a new one is for everybody to read.
    Theirs,
    /// Pullgate's own.
    Ours(Owned),
    /// Pullgate's own, which the registry door reads and nobody else but root: it holds a password.
    Doors,
}

impl Whose {
    const fn mode(self) -> u32 {
        match self {
            Self::Theirs => 0o644,
            Self::Ours(owned) => owned.mode,
            Self::Doors => 0o640,
        }
    }
}

impl FileEdit {
    /// For the journal; the bytes are backed up by whoever writes it.
    #[must_use]
    pub fn saved(&self) -> Saved {
        let digest = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(super::files::sha256);
        Saved {
            path: self.path.clone(),
            before: digest(&self.before),
            mode: self.whose.mode(),
            after: digest(&self.after),
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Programs are copied to where they belong: from, to.
    Programs(Vec<(PathBuf, PathBuf)>),
    /// Files of pullgate's own are written, and units read again.
    Files(Vec<FileEdit>),
    /// Users are made.
    Users(Vec<&'static str>),
    /// The registry door's settings are written, with the engine's own proxy in them.
    DoorSettings(FileEdit),
    /// Units of pullgate's own start, now and with the machine.
    Start(Vec<&'static str>),
    /// Units of pullgate's own restart, for their programs are new.
    Restart(Vec<&'static str>),
    /// The agent starts for every user who signs in to the machine.
    Agent,
    /// The plugin answers as the engine would ask.
    ProvePlugin,
    /// The registry door answers as the engine would ask.
    ProveDoor,
    /// An engine's settings change, and it comes to know them.
    Engine {
        /// Which.
        engine: EngineName,
        /// Its files.
        files: Vec<FileEdit>,
        /// How it comes to know.
        then: Then,
        /// Whether the registry door is new to it.
        door: bool,
        /// Whether the door stands in its file.
        proxies: bool,
        /// Its flags, as they are before.
        flags: Vec<String>,
    },
    /// The running engine asks the plugin, and fetches by the door.
    ProveEngine {
        /// Which.
        engine: EngineName,
        /// Whether by the door.
        door: bool,
    },
}

/// The steps in their order, and what should be known before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is done.
    pub steps: Vec<Step>,
    /// What is interrupted by it.
    pub interrupts: Vec<String>,
    /// What should be known.
    pub notes: Vec<String>,
    /// Why nothing is done. Not empty: nothing is.
    pub refusals: Vec<Obstacle>,
}

impl Plan {
    /// Nothing is done, and why.
    pub fn refuse(&mut self, why: Vec<Obstacle>) {
        self.refusals.extend(why);
        self.steps.clear();
        self.interrupts.clear();
    }

    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let proves = |step: &Step| matches!(step, Step::ProvePlugin | Step::ProveDoor | Step::ProveEngine { .. });
        self.refusals.is_empty() && self.steps.iter().all(proves)
    }
}

/// What would be done on this machine.
#[must_use]
pub fn plan(facts: &Facts, wanted: &Wanted) -> Plan {
    let mut plan = Plan::default();
    plan.notes
        .extend(facts.disabled.as_ref().map(|disabled| format!("pullgate is disabled {disabled}; this ends that")));
    plan.refusals.extend(unfit(facts));
    let chosen = engine::chosen(facts, wanted.engine.as_deref());
    let engines = match chosen {
        Ok((engines, left_out)) => {
            plan.notes.extend(left_out);
            engines
        }
        Err(why) => {
            plan.refusals.push(why);
            Vec::new()
        }
    };
    let door = door(facts, wanted, &mut plan);
    let beside = engines.iter().filter(|engine| engine.found.unit.as_deref() != Some(EGRESS_OF));
    plan.notes.extend(beside.filter(|_| door).map(|engine| {
        format!(
            "the egress rules are about `{EGRESS_OF}`: what {} fetches from loopback addresses is not led to the registry door (`--cgroup` \
             in `/etc/default/pullgate-egress` names another engine)",
            engine.label()
        )
    }));
    let parts: Vec<EnginePlan> = engines.iter().map(|engine| engine::plan(facts, engine, door, wanted)).collect();
    for part in &parts {
        plan.refusals.extend(part.refusals.clone());
        plan.notes.extend(part.notes.clone());
        plan.interrupts.extend(part.interrupts.clone());
    }
    enrollment(facts, wanted, door, &mut plan);
    let settings = if door { door_settings(facts, &parts, &mut plan) } else { None };
    plan.notes.extend(facts.certificate.as_ref().and_then(|certificate| certificate.edit().err().flatten()));
    if plan.refusals.is_empty() {
        plan.steps = steps(facts, wanted, door, settings, parts);
    } else {
        plan.interrupts.clear();
    }
    plan
}

/// What stands against any change.
fn unfit(facts: &Facts) -> Vec<Obstacle> {
    let mut why = Vec::new();
    why.extend((!facts.is_root).then_some(Obstacle::NotRoot));
    why.extend((!facts.systemd).then_some(Obstacle::NoSystemd));
    why.extend(facts.other_install.clone());
    why.extend(facts.missing_programs.iter().cloned().map(Obstacle::NoProgram));
    why
}

/// Whether there is to be a registry door.
fn door(facts: &Facts, wanted: &Wanted, plan: &mut Plan) -> bool {
    match (wanted.door, &facts.no_door) {
        (Some(false), _) => {
            plan.notes.push(
                "without the registry door builds are not judged: `FROM` fetches what the policy forbids".to_owned(),
            );
            false
        }
        (Some(true), Some(why)) => {
            plan.refusals.push(Obstacle::NoDoor(why.clone()));
            false
        }
        (None, Some(why)) => {
            plan.notes.push(format!("there is no registry door, so builds are not judged: {why}"));
            false
        }
        (_, None) if !facts.nft => {
            plan.refusals.push(Obstacle::NoNft);
            false
        }
        (_, None) => true,
    }
}

fn enrollment(facts: &Facts, wanted: &Wanted, door: bool, plan: &mut Plan) {
    if let (None, Some(why)) = (&wanted.enrollment, &facts.enrollment_wrong) {
        // The plugin would refuse everything.
        plan.refusals.push(Obstacle::Enrollment(why.clone()));
    }
    let enrollment = wanted.enrollment.as_deref().or(facts.enrollment.as_deref());
    match enrollment {
        None => plan.notes.push(
            "this machine is not enrolled, so nothing is restricted until there is a `/etc/pullgate/enrollment.json` (`--enrollment FILE`)"
                .to_owned(),
        ),
        Some(bytes) if door => {
            let says = serde_json::from_slice::<serde_json::Value>(bytes).unwrap_or_default();
            if says["registryDoor"] != true {
                plan.notes.push(
                    "`/etc/pullgate/enrollment.json` does not say `\"registryDoor\": true`: images of registries on loopback addresses pass \
                     when the egress rules are missing"
                        .to_owned(),
                );
            }
        }
        Some(_) => {}
    }
}

/// What the registry door has to be told: the proxy that it takes the place of.
fn door_settings(facts: &Facts, parts: &[EnginePlan], plan: &mut Plan) -> Option<FileEdit> {
    let told = facts.door_settings.upstream();
    let mut moved: Option<&Upstream> = None;
    for part in parts {
        let unit = &part.engine.unit;
        let upstream = match (&part.upstream, &told) {
            (Ok(None), _) => continue,
            (upstream, Some(told)) => {
                if !matches!(upstream, Ok(Some(upstream)) if upstream.proxy.as_ref().is_none_or(|proxy| proxy == told))
                {
                    plan.notes.push(format!(
                        "`{unit}` has another proxy of its own than `upstreamProxy` in `{}`; the registry door goes through the latter",
                        paths::DOOR_SETTINGS
                    ));
                }
                continue;
            }
            (Err(why), None) => {
                plan.refusals.push(Obstacle::Proxy { unit: unit.clone(), why: why.clone() });
                continue;
            }
            (Ok(Some(upstream)), None) => upstream,
        };
        match moved {
            Some(other) if other.proxy != upstream.proxy => {
                plan.refusals.push(Obstacle::TwoProxies { unit: unit.clone() });
            }
            _ => {
                plan.notes.extend(upstream.notes.clone());
                moved = Some(upstream);
            }
        }
    }
    let lists: Vec<&Lists> = parts.iter().map(|part| &part.lists).collect();
    plan.notes.extend(lists.iter().flat_map(|lists| lists.notes.clone()));
    match facts.door_settings.edit(moved, &lists) {
        Ok(edit) => edit,
        Err(why) => {
            plan.refusals.push(why);
            None
        }
    }
}

fn steps(facts: &Facts, wanted: &Wanted, door: bool, settings: Option<FileEdit>, parts: Vec<EnginePlan>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |is_needed: bool, step: Step| {
        if is_needed {
            steps.push(step);
        }
    };
    let programs = facts.programs_to_copy.clone();
    let files = own_files(facts, wanted);
    let user = door && !facts.door_user;
    let renewed = !programs.is_empty() || files.iter().any(|file| is_unit(&file.path) && file.before.is_some());
    step(!programs.is_empty(), Step::Programs(programs));
    step(!files.is_empty(), Step::Files(files));
    step(user, Step::Users(vec![layout::DOOR_USER]));
    let told = settings.is_some();
    if let Some(settings) = settings {
        step(true, Step::DoorSettings(settings));
    }
    let mut units = layout::PLUGIN_UNITS.to_vec();
    if door {
        units.extend(layout::DOOR_UNITS);
    }
    let running = |unit: &&str| facts.running_units.iter().any(|running| running == unit);
    // The door reads its settings at its start.
    let is_new = |unit: &str| renewed || (told && unit == layout::DOOR_UNITS[1]);
    let services: Vec<_> =
        units.iter().copied().filter(|unit| unit.ends_with(".service") && is_new(unit) && running(unit)).collect();
    let start: Vec<_> = units.into_iter().filter(|unit| !running(unit)).collect();
    step(!start.is_empty(), Step::Start(start));
    step(!services.is_empty(), Step::Restart(services));
    step(!facts.agent_for_all, Step::Agent);
    step(true, Step::ProvePlugin);
    step(door, Step::ProveDoor);
    let egress = parts.iter().any(|part| part.door_now);
    let mut proofs = Vec::new();
    for part in parts {
        step(
            part.is_needed,
            Step::Engine {
                engine: part.engine.clone(),
                files: part.files,
                then: part.then,
                door: part.new_door,
                proxies: part.proxies,
                flags: part.flags,
            },
        );
        if part.runs {
            proofs.push(Step::ProveEngine { engine: part.engine, door: part.door_now });
        }
    }
    step(egress && !running(&layout::EGRESS_UNIT), Step::Start(vec![layout::EGRESS_UNIT]));
    steps.extend(proofs);
    steps
}

/// Units, the enrollment file, and the policy service's authority for engines.
fn own_files(facts: &Facts, wanted: &Wanted) -> Vec<FileEdit> {
    let units = facts.units.iter().cloned();
    let enrollment = wanted.enrollment.clone().map(|after| FileEdit {
        path: PathBuf::from(proto::paths::ENROLLMENT),
        before: facts.enrollment.clone(),
        after: Some(after),
        whose: Whose::Ours(Owned::root(0o644)),
    });
    let certificate = facts.certificate.as_ref().and_then(|certificate| certificate.edit().ok());
    // One that nobody trusts is written anew, though it says the same: a link, or another's.
    let distrusted = |file: &FileEdit| facts.enrollment_wrong.is_some() && file.path == Path::new(paths::ENROLLMENT);
    let is_needed = |file: &FileEdit| file.before != file.after || distrusted(file);
    units.chain(enrollment).chain(certificate).filter(is_needed).collect()
}

fn is_unit(path: &Path) -> bool {
    path.starts_with("/etc/systemd")
}

#[cfg(test)]
mod tests;
