//! The program `nft`: loads, lists and deletes our own table, and nothing else.

use std::{io, path::PathBuf, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt as _, process::Command};

use super::{EgressError, listing, rules::TABLE};

/// It takes some milliseconds. The engine's start waits for it, without a limit of its own.
const BOUND: Duration = Duration::from_secs(10);
/// `sudo` and `su` often leave these out of `PATH`.
const DIRS: &str = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";

/// Kinds of rule that a kernel may lack, each with its module: asked for one by one when it refuses all.
const FEATURES: [(&str, &str, &str); 4] = [
    (
        "recognising a process by its control group",
        "nft_socket",
        "type filter hook output priority 0;\nsocket cgroupv2 level 1 @none",
    ),
    ("leading connections elsewhere", "nft_redir", "type nat hook output priority 0;\nmeta l4proto tcp redirect to :9"),
    (
        "refusing connections",
        "nft_reject_inet",
        "type filter hook output priority 0;\nmeta l4proto tcp reject with tcp reset",
    ),
    ("following connections", "nft_ct", "type filter hook output priority 0;\nct direction reply return"),
];

/// Whether this machine has the program.
#[must_use]
pub fn is_there(root: &std::path::Path) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut dirs = DIRS.split(':').chain(path.split(':')).filter(|dir| dir.starts_with('/'));
    dirs.any(|dir| root.join(dir.trim_start_matches('/')).join("nft").is_file())
}

/// The program.
#[derive(Debug, Clone)]
pub struct Nft {
    program: PathBuf,
}

/// What a run gave.
struct Said {
    ok: bool,
    stdout: String,
    stderr: String,
}

impl Nft {
    /// The one that this machine has.
    #[must_use]
    pub fn new() -> Self {
        Self::at("nft")
    }

    fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Loads a script as one transaction: all of it, or nothing changes.
    ///
    /// # Errors
    /// [`EgressError`] that says which part this machine cannot do.
    pub async fn load(&self, script: &str) -> Result<(), EgressError> {
        let said = self.run(&["-f", "-"], script).await?;
        if said.ok {
            return Ok(());
        }
        let said = first_line(&said.stderr);
        if !said.contains("cgroupv2 path fails") {
            self.find_what_is_missing().await?;
        }
        Err(EgressError::Refused { said })
    }

    /// Chains, rules and sets of our table without their elements; none: there is no such table.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub async fn rules(&self) -> Result<Option<String>, EgressError> {
        self.list(&["-s", "-t", "list", "table", "inet", TABLE]).await
    }

    /// The control groups in a set of our table; none: there is no such set.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub async fn cgroups(&self, set: &str) -> Result<Option<Vec<listing::Held>>, EgressError> {
        let text = self.list(&["-j", "list", "set", "inet", TABLE, set]).await?;
        text.map(|text| listing::held(&text)).transpose()
    }

    /// Deletes our table, if it is there.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub async fn delete(&self) -> Result<(), EgressError> {
        self.load(&format!("add table inet {TABLE}\ndelete table inet {TABLE}\n")).await
    }

    async fn list(&self, args: &[&str]) -> Result<Option<String>, EgressError> {
        let said = self.run(args, "").await?;
        match said.ok {
            true => Ok(Some(said.stdout)),
            false if said.stderr.contains("No such file or directory") => Ok(None),
            false => Err(EgressError::Listing { why: first_line(&said.stderr) }),
        }
    }

    /// Names the first kind of rule that cannot be had at all. Changes nothing (`--check`).
    async fn find_what_is_missing(&self) -> Result<(), EgressError> {
        for (feature, module, rule) in FEATURES {
            let script = format!(
                "table inet pullgate-check {{\nset none {{ type cgroupsv2; }}\nchain none {{\n{rule}\n}}\n}}\n"
            );
            let said = self.run(&["--check", "-f", "-"], &script).await?;
            if !said.ok {
                return Err(EgressError::Unsupported { feature, module, said: first_line(&said.stderr) });
            }
        }
        Ok(())
    }

    async fn run(&self, args: &[&str], input: &str) -> Result<Said, EgressError> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new(&self.program)
            .args(args)
            .env_clear()
            .env("PATH", format!("{DIRS}:{path}"))
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                    EgressError::NoNft { program: self.program.clone() }
                }
                _ => EgressError::Run { source },
            })?;
        let whole = async {
            if let Some(mut pipe) = child.stdin.take() {
                // A program that does not read what it is given says why itself.
                let _ = pipe.write_all(input.as_bytes()).await;
            }
            child.wait_with_output().await
        };
        let output = tokio::time::timeout(BOUND, whole).await.map_err(|_| EgressError::Hung { bound: BOUND })?;
        let output = output.map_err(|source| EgressError::Run { source })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { ok: output.status.success(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }
}

impl Default for Nft {
    fn default() -> Self {
        Self::new()
    }
}

/// What is wrong stands in the first line, the place in the others.
fn first_line(stderr: &str) -> String {
    stderr.lines().next().unwrap_or("it did not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_is_missing_or_silent_is_told() {
        let missing = Nft::at("/nonexistent/nft").load("").await.unwrap_err().to_string();
        assert!(
            missing.contains("`/nonexistent/nft` is not installed") && missing.contains("package `nftables`"),
            "{missing}"
        );
        let silent = Nft::at("/bin/false").rules().await.unwrap_err().to_string();
        assert!(silent.contains("it did not say why"), "{silent}");
        let other = Nft::at("/bin/true").cgroups("engine").await.unwrap_err().to_string();
        assert!(other.contains("is not understood"), "{other}");
    }
    /// In the place of one whose kernel does not know `missing`, and that dislikes everything it has to load.
    fn without(dir: &tempfile::TempDir, missing: &str) -> Nft {
        use std::os::unix::fs::PermissionsExt as _;
        let program = dir.path().join("nft");
        let script = format!(
            "#!/bin/sh\nscript=$(cat)\ncase \"$1$script\" in *{missing}*|-f*) ;; *) exit 0 ;; esac\n\
             echo 'Error: Could not process rule: Operation not supported' >&2\nexit 1\n"
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Nft::at(program)
    }

    #[tokio::test]
    async fn a_kernel_without_a_kind_of_rule_is_told_by_its_module() {
        let dir = tempfile::tempdir().unwrap();
        for (missing, part) in [
            ("cgroupv2", "`modprobe nft_socket`"),
            ("redirect", "`modprobe nft_redir`"),
            ("reset", "`modprobe nft_reject_inet`"),
            ("direction", "`modprobe nft_ct`"),
            ("nothing-that-is-asked-for", "refused the rules: Error: Could not process"),
        ] {
            let error = without(&dir, missing).load("table inet x").await.unwrap_err().to_string();
            assert!(error.contains(part), "{missing}: {error}");
        }
    }
}
