//! What an installation consists of, and where it comes from: a package, or the programs beside the running one.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use super::obstacle::Obstacle;

/// The plugin's units, in the order in which they start.
pub const PLUGIN_UNITS: [&str; 3] = ["pullgate-plugin.socket", "pullgate-control.socket", "pullgate-plugin.service"];
/// The registry door's.
pub const DOOR_UNITS: [&str; 2] = ["pullgate-proxy.socket", "pullgate-proxy.service"];
/// What answers where the plugin's or the door's program cannot be run.
pub const STAND_INS: [&str; 2] = ["pullgate-plugin-stand-in.service", "pullgate-proxy-stand-in.service"];
/// What keeps the egress rules.
pub const EGRESS_UNIT: &str = "pullgate-egress.service";
/// The agent, in each user's own manager.
pub const AGENT_UNIT: &str = "pullgated.service";
/// The registry door's user.
pub const DOOR_USER: &str = "pullgate-proxy";

/// Programs, and whether they belong to administrators.
const PROGRAMS: [(&str, bool); 4] =
    [("pullgate", false), ("pullgated", false), ("pullgate-plugin", true), ("pullgate-proxy", true)];

/// Unit files, and whether they are for the managers of users.
const UNITS: [(&str, &str, bool); 10] = [
    ("pullgate-plugin.socket", include_str!("../../assets/units/pullgate-plugin.socket"), false),
    ("pullgate-control.socket", include_str!("../../assets/units/pullgate-control.socket"), false),
    ("pullgate-plugin.service", include_str!("../../assets/units/pullgate-plugin.service"), false),
    (STAND_INS[0], include_str!("../../assets/units/pullgate-plugin-stand-in.service"), false),
    ("pullgate-proxy.socket", include_str!("../../assets/units/pullgate-proxy.socket"), false),
    ("pullgate-proxy.service", include_str!("../../assets/units/pullgate-proxy.service"), false),
    (STAND_INS[1], include_str!("../../assets/units/pullgate-proxy-stand-in.service"), false),
    (EGRESS_UNIT, include_str!("../../assets/units/pullgate-egress.service"), false),
    (AGENT_UNIT, include_str!("../../assets/units/pullgated.service"), true),
    ("pullgated@.service", include_str!("../../assets/units/pullgated@.service"), false),
];

/// Where the programs and units of this machine come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A package put them where they belong.
    Package,
    /// They are copied from here; below `/usr/local` and `/etc`, which no package touches.
    Copied(PathBuf),
}

impl Source {
    /// As it is for the running program.
    ///
    /// # Errors
    /// When it cannot be told where the running program is.
    pub fn of(root: &Path) -> io::Result<Self> {
        let this = env::current_exe()?;
        let packaged = this.parent() == Some(&root.join("usr/bin"));
        if packaged && unit_dirs().iter().any(|dir| root.join(dir).join(PLUGIN_UNITS[0]).exists()) {
            return Ok(Self::Package);
        }
        Ok(Self::Copied(this.parent().unwrap_or(Path::new("/")).to_owned()))
    }

    /// Where `pullgate` itself is once everything is in place.
    #[must_use]
    pub const fn command(&self) -> &'static str {
        match self {
            Self::Package => "/usr/bin/pullgate",
            Self::Copied(_) => "/usr/local/bin/pullgate",
        }
    }

    /// Where the plugin's program is then.
    #[must_use]
    pub const fn plugin(&self) -> &'static str {
        match self {
            Self::Package => "/usr/sbin/pullgate-plugin",
            Self::Copied(_) => "/usr/local/sbin/pullgate-plugin",
        }
    }

    /// Where the registry door's program is then.
    #[must_use]
    pub const fn door(&self) -> &'static str {
        match self {
            Self::Package => "/usr/sbin/pullgate-proxy",
            Self::Copied(_) => "/usr/local/sbin/pullgate-proxy",
        }
    }

    /// Programs to copy: from where, to where.
    #[must_use]
    pub fn programs(&self) -> Vec<(PathBuf, PathBuf)> {
        let Self::Copied(from) = self else { return Vec::new() };
        // The copies themselves are what runs.
        if from == Path::new("/usr/local/bin") {
            return Vec::new();
        }
        PROGRAMS.iter().map(|(name, _)| from.join(name)).zip(local_programs()).collect()
    }

    /// Unit files to write, and their text.
    #[must_use]
    pub fn units(&self) -> Vec<(PathBuf, String)> {
        if *self == Self::Package {
            return Vec::new();
        }
        // Behind whatever a line says of how it is run.
        let local = |text: &str| {
            text.replace("/usr/bin/pullgate", "/usr/local/bin/pullgate")
                .replace("/usr/sbin/pullgate", "/usr/local/sbin/pullgate")
        };
        UNITS.iter().zip(local_units()).map(|((_, text, _), path)| (path, local(text))).collect()
    }
}

impl Source {
    /// What of another installation would count before this one, or after it in silence. Units that an administrator wrote
    /// for the package's programs are none.
    #[must_use]
    pub fn other(&self, root: &Path) -> Option<Obstacle> {
        let below = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        match self {
            Self::Package => {
                let copied = |path: &PathBuf| {
                    fs::read_to_string(below(path)).is_ok_and(|text| {
                        text.lines().any(|line| {
                            line.starts_with("Exec") && line.contains("/usr/local/") && line.contains("bin/pullgate")
                        })
                    })
                };
                local_units().into_iter().find(copied).map(Obstacle::CopiesThere)
            }
            Self::Copied(_) => {
                let units = unit_dirs().into_iter().map(|dir| Path::new("/").join(dir).join(PLUGIN_UNITS[2]));
                units.into_iter().find(|unit| below(unit).is_file()).map(Obstacle::PackageThere)
            }
        }
    }
}

/// Where [`Source::Copied`] puts programs.
#[must_use]
pub fn local_programs() -> Vec<PathBuf> {
    let dir = |admin| if admin { "/usr/local/sbin" } else { "/usr/local/bin" };
    PROGRAMS.iter().map(|&(name, admin)| Path::new(dir(admin)).join(name)).collect()
}

/// Where it puts units.
#[must_use]
pub fn local_units() -> Vec<PathBuf> {
    let dir = |user| if user { "/etc/systemd/user" } else { "/etc/systemd/system" };
    UNITS.iter().map(|&(name, _, user)| Path::new(dir(user)).join(name)).collect()
}

const fn unit_dirs() -> [&'static str; 2] {
    ["usr/lib/systemd/system", "lib/systemd/system"]
}

/// The number of a group of `/etc/group`.
#[must_use]
pub fn group(root: &Path, name: &str) -> Option<u32> {
    let groups = fs::read_to_string(root.join("etc/group")).unwrap_or_default();
    groups.lines().map(|line| line.split(':').collect::<Vec<_>>()).find_map(|fields| match fields[..] {
        [found, _, id, ..] if found == name => id.parse().ok(),
        _ => None,
    })
}

/// Whether a user is in `/etc/passwd`.
#[must_use]
pub fn is_user(root: &Path, name: &str) -> bool {
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
    users.lines().any(|line| line.split(':').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_copied_programs_run_the_copies() {
        let units = Source::Copied("/opt/pullgate".into()).units();
        assert_eq!(units.len(), UNITS.len());
        for (path, text) in units {
            for line in text.lines().filter(|line| line.starts_with("Exec") && line.contains("bin/pullgate")) {
                assert!(line.contains("/usr/local/"), "{}: {line}", path.display());
            }
        }
    }

    #[test]
    fn a_package_and_copies_do_not_shadow_each_other_in_silence() {
        let machine = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = machine.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let copied = Source::Copied("/opt/pullgate".into());
        assert_eq!((Source::Package.other(machine.path()), copied.other(machine.path())), (None, None));
        // An administrator's own form of a unit runs the package's program.
        write("etc/systemd/system/pullgate-plugin.service", "[Service]\nExecStart=/usr/sbin/pullgate-plugin\n");
        assert_eq!(Source::Package.other(machine.path()), None);
        for (path, text) in copied.units() {
            write(&path.display().to_string()[1..], &text);
        }
        assert!(matches!(Source::Package.other(machine.path()), Some(Obstacle::CopiesThere(_))));
        assert_eq!(copied.other(machine.path()), None, "its own");
        write("usr/lib/systemd/system/pullgate-plugin.service", "[Service]\n");
        assert!(matches!(copied.other(machine.path()), Some(Obstacle::PackageThere(_))));
    }
}
