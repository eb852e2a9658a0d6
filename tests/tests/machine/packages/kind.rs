//! .deb and .rpm: built once, and what one types for each.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// Which packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Deb,
    Rpm,
}

impl Kind {
    pub fn install(self, revision: u32) -> String {
        match self {
            Self::Deb => {
                format!("apt-get install -y --no-install-recommends /opt/packages/pullgate_*-{revision}_*.deb")
            }
            // What it requires is there, but not as packages of rpm.
            Self::Rpm => format!("rpm -U --nodeps /opt/packages/pullgate-[0-9]*-{revision}.*.rpm"),
        }
    }

    pub fn remove(self) -> &'static str {
        match self {
            Self::Deb => "apt-get remove -y pullgate",
            Self::Rpm => "rpm -e --nodeps pullgate",
        }
    }

    pub fn is_installed(self) -> &'static str {
        match self {
            Self::Deb => "dpkg -s pullgate | grep -qx 'Status: install ok installed'",
            Self::Rpm => "rpm -q pullgate",
        }
    }
}

/// Packages of the programs as they were built, by `installer/package`, with two revisions; gives their files.
pub fn packages() -> Vec<PathBuf> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let dir = BUILT.get_or_init(|| {
        let programs = tests::own_program("pullgate");
        let target = programs.ancestors().nth(2).unwrap();
        let out = target.join("packages-of-tests");
        let _ = std::fs::remove_dir_all(&out);
        for revision in ["1", "2"] {
            let mut command = Command::new(tests::repository().join("installer/package"));
            command.args(["--profile", "dev", "--no-build", "--revision", revision, "--out"]).arg(&out);
            // One is looked at; the other differs by its number.
            command.args((revision == "2").then_some("--no-lint")).env("CARGO_TARGET_DIR", target);
            let built = command.output().expect("`installer/package` runs");
            assert!(
                built.status.success(),
                "{}{}",
                String::from_utf8_lossy(&built.stdout),
                String::from_utf8_lossy(&built.stderr)
            );
        }
        out
    });
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}
