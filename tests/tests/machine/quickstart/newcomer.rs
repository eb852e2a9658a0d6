//! Somebody at a terminal of a machine: types commands as they stand on a page, and what they ask for.

use std::time::Duration;

use installer::lab::Output;
use tests::Machine;

/// For an install with a restart of the engine, and packages.
const PATIENCE: Duration = Duration::from_secs(280);

/// Who types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever builds, on the machine that the test runs on.
    Builder,
    /// Root, in root's home.
    Root,
    /// A developer, logged in to the machine.
    Dan,
}

/// Types one command on a terminal, and answers what it asks.
pub async fn types(machine: &Machine, who: Who, command: &str, answers: &str) -> Output {
    machine.write("/opt/typed", format!("{command}\n"), 0o644).unwrap();
    let terminal = "script --quiet --return --command 'sh /opt/typed' /dev/null";
    let typed = match who {
        Who::Root => format!("cd && umask 022 && {terminal}"),
        Who::Dan => format!("su - dan -c \"{terminal}\""),
        Who::Builder => unreachable!("{command}: not on the machine"),
    };
    machine.command(&typed).env("TERM", "dumb").stdin(answers).deadline(PATIENCE).run().await.unwrap()
}
