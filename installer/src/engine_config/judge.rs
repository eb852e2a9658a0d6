//! Whether an engine would start with a file and its flags.
//!
//! From release 23.0 on its program says so itself (`dockerd --validate`), without starting anything. An older one,
//! or none, is answered for by what is known of the releases.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    document::Document,
    edit, flags,
    outcome::{Class, Refusal, Warning},
    settings::{self, Engine},
};

/// It takes some 50 milliseconds.
const BOUND: Duration = Duration::from_secs(10);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(5);
/// What is read of its answer.
const MAX_ANSWER: u64 = 1 << 16;
/// `sudo` and `su` often leave these out of `PATH`.
const DIRS: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin"];

/// Who answered, and what should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judge {
    /// The engine's program, if it could tell.
    pub engine: Option<PathBuf>,
    /// What should be known.
    pub warnings: Vec<Warning>,
}

/// The engine's program on `PATH`, and where it usually is.
#[must_use]
pub fn dockerd_on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    let mut programs = dirs.chain(DIRS.map(PathBuf::from)).map(|dir| dir.join("dockerd"));
    programs.find(|program| program.is_file())
}

/// Asks an engine's program, or goes by what is known, whether an engine would start with this file and these flags.
///
/// # Errors
/// When it would not.
pub fn judge(file: &[u8], unit_flags: &[String], dockerd: Option<&Path>) -> Result<Judge, Refusal> {
    let by_tables = |engine: Engine, warnings: Vec<Warning>| {
        settings::check(&Document::read(file)?, unit_flags, engine)?;
        Ok(Judge { engine: None, warnings })
    };
    let Some(dockerd) = dockerd else { return by_tables(Engine::Unknown, Vec::new()) };
    match ask(dockerd, file, unit_flags) {
        Ok(Answer::Fine) => Ok(Judge { engine: Some(dockerd.to_owned()), warnings: Vec::new() }),
        Ok(Answer::No(said)) => match refusal(file, &said) {
            Ok(refusal) => Err(refusal),
            Err(warning) => {
                let judge = by_tables(Engine::Current, vec![warning])?;
                Ok(Judge { engine: Some(dockerd.to_owned()), ..judge })
            }
        },
        Ok(Answer::CannotTell) => by_tables(Engine::Before23, Vec::new()),
        Err(error) => {
            let text = format!(
                "`{}` could not be asked ({error}), so it is not known whether this engine starts with the file",
                dockerd.display()
            );
            by_tables(Engine::Unknown, vec![Warning { code: "engine-not-asked", text, at: None }])
        }
    }
}

/// What an engine's program said.
enum Answer {
    Fine,
    No(String),
    /// It knows no `--validate`.
    CannotTell,
}

/// The same for an engine's start, without what `--validate` would do instead of look at: `userns-remap` makes the
/// user `dockremap` (moby `daemon/daemon_unix.go`, `setupRemappedRoot`). Nothing in the file moves.
fn harmless<'a>(file: &'a [u8], unit_flags: &[String]) -> (Cow<'a, [u8]>, Vec<String>) {
    const REMAP: &str = "userns-remap";
    let asked = flags::without(unit_flags, "config-file");
    let Ok(document) = Document::read(file) else { return (Cow::Borrowed(file), asked) };
    let Some(member) = document.member(REMAP) else {
        return (Cow::Borrowed(file), flags::without(&asked, REMAP));
    };
    // Beside a flag the key must stay: the engine refuses both together, before it acts on either.
    match (member.value.text(), member.value.span.len().checked_sub(2)) {
        (Some(_), Some(rest)) => {
            let empty = format!("\"\"{}", " ".repeat(rest));
            (Cow::Owned(edit::replace(document.text, &member.value.span, &empty).into_bytes()), asked)
        }
        _ => (Cow::Borrowed(file), asked),
    }
}

fn ask(dockerd: &Path, file: &[u8], unit_flags: &[String]) -> io::Result<Answer> {
    let (file, unit_flags) = harmless(file, unit_flags);
    // A file that has no name, and that no other user can write to.
    let mut input = tempfile::tempfile()?;
    input.write_all(&file)?;
    input.rewind()?;
    let mut output = tempfile::tempfile()?;
    let mut child = Command::new(dockerd)
        // Before all others: behind a `--` nothing is a flag.
        .arg("--validate")
        .args(unit_flags)
        .args(["--validate=true", "--config-file", "/dev/stdin"])
        .env_clear()
        .env("PATH", std::env::join_paths(DIRS).unwrap_or_default())
        .env("LC_ALL", "C")
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(output.try_clone()?))
        .stderr(Stdio::from(output.try_clone()?))
        .spawn()?;
    let ended = wait(&mut child)?;
    let said = read(&mut output)?;
    if ended.success() {
        return Ok(Answer::Fine);
    }
    if said.contains("unknown flag: --validate") {
        return Ok(Answer::CannotTell);
    }
    // The Go runtime and the dynamic linker print more, last.
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if line.is_empty() || ended.code().is_none_or(|code| code > 1) {
        return Err(io::Error::other(format!("{ended}: {line}")));
    }
    Ok(Answer::No(said.trim().to_owned()))
}

fn wait(child: &mut std::process::Child) -> io::Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(ended) = child.try_wait()? {
            return Ok(ended);
        }
        if start.elapsed() > BOUND {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("no answer within {} seconds", BOUND.as_secs())));
        }
        thread::sleep(STEP);
    }
}

fn read(output: &mut File) -> io::Result<String> {
    let mut said = Vec::new();
    output.rewind()?;
    output.take(MAX_ANSWER).read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// An engine's words as a refusal, or as a warning where they are about other files than this one.
fn refusal(file: &[u8], said: &str) -> Result<Refusal, Warning> {
    let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(said).trim();
    let said = said.strip_prefix("unable to configure the Docker daemon with file /dev/stdin: ").unwrap_or(said);
    let around = ["no such file or directory", "permission denied", "Could not load X509", "executable file not found"];
    if around.iter().any(|words| said.contains(words)) {
        return Err(Warning {
            code: "engine-lacks-files",
            text: format!("the engine would not start with this file here, for something outside of it: {said}"),
            at: None,
        });
    }
    let (class, next) = if said.contains("are specified both as a flag and in the configuration file") {
        (Class::FlagConflict, "say it in one of the two places; `systemctl cat docker` shows the unit's flags")
    } else {
        (Class::EngineInvalid, "correct it first; the engine could not be started again")
    };
    // The place is where it is said, if the name of a setting is.
    let at = Document::read(file).ok().and_then(|document| settings::place_of(&document, said));
    Ok(Refusal { class, what: format!("the engine refuses the file: {said}"), at, next: next.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_an_engine_makes_no_user() {
        let given = ["--userns-remap=default".to_owned(), "-D".to_owned()];
        for (file, asked, flags) in [
            (r#"{"userns-remap": "default", "a": 1}"#, r#"{"userns-remap": ""       , "a": 1}"#, &given[..]),
            (r#"{"a": 1}"#, r#"{"a": 1}"#, &given[1..]),
            (r#"{"userns-remap": 1}"#, r#"{"userns-remap": 1}"#, &given[..]),
            ("{", "{", &given[..]),
        ] {
            let (text, left) = harmless(file.as_bytes(), &given);
            assert_eq!((String::from_utf8_lossy(&text).as_ref(), left.as_slice()), (asked, flags), "{file}");
        }
    }
}
