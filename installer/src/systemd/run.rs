//! Programs of the manager, run to their end or to a deadline.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use tokio::process::Command;

/// Why a program of the manager did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum SystemdError {
    /// It could not be run.
    #[error("cannot run `{}`", .0.display())]
    Run(PathBuf, #[source] std::io::Error),
    /// It said no.
    #[error("`{command}` failed: {output}")]
    Failed {
        /// What was asked.
        command: String,
        /// What it printed.
        output: String,
    },
    /// It did not end.
    #[error("`{command}` did not end within {} s{}", .after.as_secs(), waits(command))]
    Late {
        /// What was asked.
        command: String,
        /// The deadline.
        after: Duration,
    },
}

/// What holds a unit up, the manager knows.
fn waits(command: &str) -> &'static str {
    if command.starts_with("systemctl") { "; `systemctl list-jobs` shows what waits for what" } else { "" }
}

/// Runs a program that belongs to the manager, such as `systemd-sysusers`, to its end.
///
/// # Errors
/// [`SystemdError`].
pub fn run(program: &OsStr, args: &[&str], deadline: Duration) -> Result<String, SystemdError> {
    let wrong = |source| SystemdError::Run(PathBuf::from(program), source);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wrong)?;
    let command = [&*program.to_string_lossy(), &args.join(" ")].join(" ").trim_end().to_owned();
    let ended = runtime.block_on(async {
        let mut process = Command::new(program);
        // Not in the terminal's group: who types Ctrl-C means the command, which then undoes what it did.
        process
            .args(args)
            .process_group(0)
            .env("SYSTEMD_COLORS", "0")
            .env("LC_ALL", "C")
            .stdin(std::process::Stdio::null());
        tokio::time::timeout(deadline, process.kill_on_drop(true).output()).await
    });
    let output = ended.map_err(|_| SystemdError::Late { command: command.clone(), after: deadline })?.map_err(wrong)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(SystemdError::Failed { command, output: if said.is_empty() { output.status.to_string() } else { said } })
}
