//! Does what a plan says, one step after the other, each one announced in the journal before it is done.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use proto::paths;

use super::{
    certificate,
    error::ChangeError,
    files::{self, Owned},
    interrupt::Interrupt,
    journal::{self, Change, Entry, Journal, Saved, Then, UnitWas},
    layout,
    plan::{FileEdit, Plan, Step, Whose},
    prove, show,
    state::{Disabled, Installed},
    undo::below,
};
use crate::{
    disable,
    systemd::{self, Systemd},
};

/// For what is small.
const SMALL: Duration = Duration::from_secs(20);

/// Where and with what it is done.
pub struct Apply<'a> {
    /// The machine's root directory.
    pub root: &'a Path,
    /// Its service manager.
    pub systemd: &'a Systemd,
    /// Its journal.
    pub journal: &'a Journal,
    /// Whether somebody wants it to end.
    pub interrupt: &'a Interrupt,
    /// Told each step as it begins.
    pub say: &'a dyn Fn(&str),
}

/// What was announced, and why it did not come to its end.
pub struct Stopped {
    /// In the order in which it was done.
    pub changes: Vec<Change>,
    /// Which step, and why.
    pub error: anyhow::Error,
}

impl Apply<'_> {
    /// Does it all.
    ///
    /// # Errors
    /// [`Stopped`] at the first step that fails; what was changed is to be taken back then.
    pub fn run(&self, plan: &Plan) -> Result<(), Stopped> {
        let mut changes = Vec::new();
        let done = plan.steps.iter().try_for_each(|step| {
            (self.say)(&show::title(step));
            self.step(step, &mut changes).with_context(|| show::title(step))
        });
        match done.and_then(|()| self.remember(plan)) {
            Ok(()) => Ok(()),
            Err(error) => Err(Stopped { changes, error }),
        }
    }

    fn step(&self, step: &Step, changes: &mut Vec<Change>) -> anyhow::Result<()> {
        if self.interrupt.came() {
            return Err(anyhow!("interrupted"));
        }
        let number = changes.len();
        for change in self.changes(step)? {
            self.journal.write(&Entry::Intent { step: number, change: change.clone() })?;
            changes.push(change);
        }
        self.act(step)?;
        if changes.len() > number {
            self.journal.write(&Entry::Done { step: number })?;
        }
        Ok(())
    }

    /// What a step changes, with everything that it takes to change it back.
    fn changes(&self, step: &Step) -> anyhow::Result<Vec<Change>> {
        Ok(match step {
            Step::Programs(copies) => {
                let saved = |(from, to): &(PathBuf, PathBuf)| -> anyhow::Result<Saved> {
                    let to_now = below(self.root, to);
                    // A second name keeps them; their bytes need no other copy.
                    files::keep(&to_now);
                    let before = files::read(&to_now)?.map(|bytes| files::sha256(&bytes));
                    let after = files::read(from)?.map(|bytes| files::sha256(&bytes));
                    Ok(Saved { path: to.clone(), before, mode: 0o755, after })
                };
                vec![Change::Files { files: copies.iter().map(saved).collect::<Result<_, _>>()? }]
            }
            Step::Files(files) => vec![Change::Files { files: self.save(files)? }],
            Step::DoorSettings(file) => vec![Change::Files { files: self.save(std::slice::from_ref(file))? }],
            Step::Users(names) => vec![Change::Users { names: names.iter().map(|&name| name.to_owned()).collect() }],
            Step::Start(units) => {
                let mut changes = Vec::new();
                for (unit, dir) in
                    [(layout::PLUGIN_UNITS[2], paths::STATE_DIR), (layout::DOOR_UNITS[1], paths::DOOR_STATE_DIR)]
                {
                    if units.contains(&unit) && !below(self.root, Path::new(dir)).exists() {
                        changes.push(Change::Directory { path: PathBuf::from(dir) });
                    }
                }
                let was = |name: &&str| -> anyhow::Result<UnitWas> {
                    let unit = self.systemd.unit(name)?;
                    Ok(UnitWas { name: (*name).to_owned(), enabled: unit.is_enabled(), active: unit.is_active() })
                };
                changes.push(Change::Units { units: units.iter().map(was).collect::<Result<_, _>>()? });
                changes
            }
            Step::Agent => vec![Change::Agent],
            Step::Engine { engine, files, then, door, .. } => {
                vec![Change::Engine { engine: engine.clone(), files: self.save(files)?, then: *then, door: *door }]
            }
            Step::Restart(_) | Step::ProvePlugin | Step::ProveDoor | Step::ProveEngine { .. } => Vec::new(),
        })
    }

    /// Keeps what is there now, twice: as bytes, and under a second name.
    fn save(&self, edits: &[FileEdit]) -> anyhow::Result<Vec<Saved>> {
        let save = |edit: &FileEdit| -> anyhow::Result<Saved> {
            if let Some(before) = &edit.before {
                self.journal.back_up(before)?;
                files::keep(&below(self.root, &edit.path));
            }
            Ok(edit.saved())
        };
        edits.iter().map(save).collect()
    }

    fn act(&self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Programs(copies) => {
                for (from, to) in copies {
                    let to = below(self.root, to);
                    let bytes = fs::read(from).with_context(|| format!("cannot read `{}`", from.display()))?;
                    files::replace_own(&to, files::read(&to)?.as_deref(), &bytes, Owned::root(0o755))?;
                }
                Ok(())
            }
            Step::Files(edits) => {
                self.write(edits)?;
                Ok(self.systemd.daemon_reload()?)
            }
            Step::Users(_) => {
                let lines = include_str!("../../assets/sysusers/pullgate.conf").lines();
                for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
                    systemd::run("systemd-sysusers".as_ref(), &["--inline", line], SMALL)?;
                }
                Ok(())
            }
            Step::DoorSettings(file) => self.write(std::slice::from_ref(file)),
            Step::Start(units) => {
                // A package brings units that the manager may not have read yet.
                self.systemd.daemon_reload()?;
                units.iter().try_for_each(|unit| self.systemd.enable_now(unit)).map_err(Into::into)
            }
            Step::Restart(units) => {
                units.iter().try_for_each(|unit| self.systemd.try_restart(unit)).map_err(Into::into)
            }
            Step::Agent => {
                self.systemd.for_all_users(layout::AGENT_UNIT, true)?;
                self.systemd.in_running_managers(self.root, layout::AGENT_UNIT, true);
                Ok(())
            }
            Step::ProvePlugin => Ok(prove::plugin(self.root)?),
            Step::ProveDoor => Ok(prove::door()?),
            Step::Engine { engine, files, then, .. } => {
                // After a power cut no file system may have the engine's settings without what they need.
                for dir in ["/etc", "/usr/local", journal::DIR] {
                    if let Ok(dir) = fs::File::open(below(self.root, Path::new(dir))) {
                        sync_file_system(&dir).context("cannot write what is on its way to the disk")?;
                    }
                }
                self.write(files)?;
                self.systemd.daemon_reload()?;
                match then {
                    Then::Nothing => Ok(()),
                    Then::Reload => Ok(self.systemd.hang_up(&engine.unit)?),
                    Then::Restart => Ok(self.systemd.restart(&engine.unit, systemd::ENGINE)?),
                }
            }
            Step::ProveEngine { engine, door } => {
                let socket = below(self.root, &engine.socket);
                let fetches = || prove::engine_fetches_by_the_door(self.root, &socket);
                let asks = prove::engine_comes_to_ask(&socket);
                let proved = asks.and_then(|()| if *door { fetches() } else { Ok(()) });
                Ok(proved.map_err(ChangeError::engine(&engine.unit))?)
            }
        }
    }

    fn write(&self, edits: &[FileEdit]) -> anyhow::Result<()> {
        for edit in edits {
            let path = below(self.root, &edit.path);
            match &edit.after {
                Some(after) => match edit.whose {
                    Whose::Theirs => files::replace(&path, edit.before.as_deref(), after, 0o644)?,
                    Whose::Ours(owned) => files::replace_own(&path, edit.before.as_deref(), after, owned)?,
                    Whose::Doors => {
                        let group = layout::group(self.root, layout::DOOR_USER);
                        let group = group.with_context(|| format!("there is no group `{}`", layout::DOOR_USER))?;
                        files::replace_own(&path, edit.before.as_deref(), after, Owned { group, mode: 0o640 })?;
                    }
                },
                None => files::remove(&path, edit.before.as_deref())?,
            }
        }
        Ok(())
    }

    /// It is good: what was kept for taking it back is let go of, and what uninstall needs is written down.
    fn remember(&self, plan: &Plan) -> anyhow::Result<()> {
        let mut installed = Installed::read(self.root).unwrap_or_default();
        installed.version = env!("CARGO_PKG_VERSION").to_owned();
        for step in &plan.steps {
            let files = match step {
                Step::Engine { files, .. } | Step::Files(files) => files.as_slice(),
                Step::DoorSettings(file) => std::slice::from_ref(file),
                _ => continue,
            };
            for edit in files {
                let Some(after) = &edit.after else { continue };
                let (path, before) = (&edit.path, edit.before.as_deref());
                match step {
                    Step::Engine { engine, proxies, flags, .. } if engine.config_file == *path => {
                        installed.note(path, before, after, *proxies, flags);
                    }
                    Step::DoorSettings(_) => {
                        // Under its second name it is as it was.
                        let was = fs::metadata(files::kept(&below(self.root, path))).ok();
                        let was = was.map(|was| (was.uid(), was.gid(), was.mode() & 0o7777));
                        installed.note_written(path, before, was, after);
                    }
                    _ if certificate::is_one(path) => installed.note_written(path, before, None, after),
                    _ => {}
                }
            }
        }
        installed.write(self.root)?;
        Disabled::forget(self.root)?;
        disable::forget_timer(self.root, self.systemd)?;
        self.journal.write(&Entry::End { how: "installed".to_owned() })?;
        for step in &plan.steps {
            match step {
                Step::Engine { files: edits, .. } | Step::Files(edits) => {
                    edits.iter().for_each(|edit| files::let_go(&below(self.root, &edit.path)));
                }
                Step::DoorSettings(edit) => files::let_go(&below(self.root, &edit.path)),
                Step::Programs(copies) => copies.iter().for_each(|(_, to)| files::let_go(&below(self.root, to))),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is on its way to the file system of this directory is there afterwards.
fn sync_file_system(dir: &fs::File) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(dir)?;
    #[cfg(not(target_os = "linux"))]
    dir.sync_all()?;
    Ok(())
}
