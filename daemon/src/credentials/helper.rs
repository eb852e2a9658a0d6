//! Docker credential helpers: `docker-credential-NAME get`, the key on stdin, an answer on stdout; and `store`
//! (docker/docker-credential-helpers, protocol of `credentials.go`).
//!
//! A helper is somebody else's program: it gets a deadline, an output limit, a clean
//! environment and its own process group. INVARIANT: what it writes is never logged, since
//! it may hold the secret even when it fails.

#[cfg_attr(not(unix), path = "helper/environment/windows.rs")]
mod environment;

use std::{
    collections::BTreeMap,
    env::consts::EXE_SUFFIX,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};
use zeroize::Zeroizing;

use super::{Class, Unreadable, printable};
use crate::os::programs::{self, Group};

/// How long a helper may take. One that wants a person to unlock something takes longer, and is asked again later.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Largest answer, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 64 << 10;
/// How long output is awaited once the helper itself has ended: a child that it left behind may hold the pipe open.
const AFTER_EXIT: Duration = Duration::from_millis(500);
/// The helper's way to say that there is no such sign-in.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";

/// The helper whose store says "not found" when it is locked (measured with 0.6.4).
const SECRET_SERVICE: &str = "secretservice";

/// What a helper said.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// `Username`.
    pub username: String,
    /// `Secret`.
    pub secret: Secret,
}

/// Where helpers are looked for and how they are run.
#[derive(Debug, Clone)]
pub struct Helpers {
    directories: Vec<PathBuf>,
    environment: BTreeMap<OsString, OsString>,
    deadline: Duration,
}

impl Helpers {
    /// With the `PATH` and the environment of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        let path = std::env::var_os("PATH").filter(|path| !path.is_empty());
        Self::new(path.as_deref().unwrap_or(OsStr::new(programs::DEFAULT_PATH)), std::env::vars_os(), DEADLINE)
    }

    /// With this `PATH`, of which relative entries are ignored, and what is harmless of this environment.
    #[must_use]
    pub fn new(path: &OsStr, environment: impl Iterator<Item = (OsString, OsString)>, deadline: Duration) -> Self {
        let directories: Vec<PathBuf> =
            std::env::split_paths(path).filter(|directory| directory.is_absolute()).collect();
        let mut environment = environment::of(environment);
        if let Ok(path) = std::env::join_paths(&directories) {
            environment.insert("PATH".into(), path);
        }
        Self { directories, environment, deadline }
    }

    /// The store that the CLI uses by itself when the file names none, and only if its helper is there.
    #[must_use]
    pub fn default_store(&self) -> Option<String> {
        let name = programs::default_store(|program| self.find(program).is_some());
        self.find(&format!("docker-credential-{name}")).map(|_| name.to_owned())
    }

    /// With another deadline: where a person waits, one may be asked to unlock something.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Whether the helper `name` is there.
    ///
    /// # Errors
    /// [`Class::HelperMissing`].
    pub fn find_helper(&self, name: &str) -> Result<(), Unreadable> {
        self.program(name).map(|_| ())
    }

    /// Has the helper `name` keep a sign-in. The secret goes over its standard input.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn store(&self, name: &str, key: &str, user: &str, secret: &Secret) -> Result<(), Unreadable> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            #[serde(rename = "ServerURL")]
            server_url: &'a str,
            username: &'a str,
            secret: &'a str,
        }
        let program = self.program(name)?;
        let wire = Wire { server_url: key, username: user, secret: secret.expose() };
        let failed = |why: String| Unreadable::new(Class::HelperFailed, why);
        let input = Zeroizing::new(serde_json::to_string(&wire).map_err(|error| failed(error.to_string()))?);
        match self.run(&program, "store", &input).await? {
            (true, _) => Ok(()),
            (false, _) => Err(failed(format!(
                "`{}` did not store the sign-in; run `docker login {}` to see what it says",
                program.display(),
                printable(key)
            ))),
        }
    }

    /// Asks the helper `name` for `key`; none when it knows no such sign-in.
    ///
    /// # Errors
    /// [`Class::HelperMissing`], [`Class::HelperFailed`], [`Class::HelperTimeout`], [`Class::HelperBadOutput`].
    pub async fn get(&self, name: &str, key: &str) -> Result<Option<Answer>, Unreadable> {
        let program = self.program(name)?;
        let (success, output) = self.run(&program, "get", key).await?;
        if success {
            return read_answer(&program, &output).map(Some);
        }
        let ask = format!("`echo {} | docker-credential-{name} get`", printable(key));
        if output.trim_ascii() == NOT_FOUND {
            return match name == SECRET_SERVICE && self.holds_something_locked(&program).await {
                true => Err(Unreadable::new(
                    Class::HelperFailed,
                    format!("`{}` holds sign-ins and gives none; its key ring is locked, unlock it", program.display()),
                )),
                false => Ok(None),
            };
        }
        let hint = format!("run {ask} to see what it says, and unlock its key ring or key if it is locked");
        Err(Unreadable::new(Class::HelperFailed, format!("`{}` ended with an error; {hint}", program.display())))
    }

    /// A locked item is listed without its server.
    async fn holds_something_locked(&self, program: &Path) -> bool {
        let listed = self.run(program, "list", "").await;
        listed.is_ok_and(|(success, output)| {
            let known = serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(&output);
            success && known.is_ok_and(|known| known.contains_key(""))
        })
    }

    /// Whether it succeeded, and what it wrote.
    async fn run(&self, program: &Path, verb: &str, input: &str) -> Result<(bool, Zeroizing<Vec<u8>>), Unreadable> {
        let mut child = self.start(program, verb)?;
        let _group = Group::of(&child);
        let result = tokio::time::timeout(self.deadline, talk(&mut child, input)).await;
        result.unwrap_or_else(|_| {
            let seconds = self.deadline.as_secs_f32();
            Err(Unreadable::new(
                Class::HelperTimeout,
                format!("`{}` did not answer within {seconds} s; is its key ring locked?", program.display()),
            ))
        })
    }

    fn program(&self, name: &str) -> Result<PathBuf, Unreadable> {
        let missing =
            |why: &str| Unreadable::new(Class::HelperMissing, format!("`docker-credential-{}` {why}", printable(name)));
        if name.is_empty() || name.contains(programs::NOT_IN_NAMES) {
            return Err(missing("is no helper's name"));
        }
        self.find(&format!("docker-credential-{name}"))
            .ok_or_else(|| missing("is not on the `PATH` of the agent; install it, or take its name out of the file"))
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        let file = format!("{program}{EXE_SUFFIX}");
        self.directories.iter().map(|directory| directory.join(&file)).find(|path| programs::is_executable(path))
    }

    fn start(&self, program: &Path, verb: &str) -> Result<Child, Unreadable> {
        programs::alone(&mut Command::new(program))
            .arg(verb)
            .env_clear()
            .envs(&self.environment)
            .current_dir(programs::DIRECTORY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Unreadable::new(Class::HelperFailed, format!("`{}` cannot be started: {error}", program.display()))
            })
    }
}

/// Success and what was written.
async fn talk(child: &mut Child, input: &str) -> Result<(bool, Zeroizing<Vec<u8>>), Unreadable> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT_BYTES + 1));
    let write = async {
        if let Some(mut stdin) = stdin {
            // A helper that does not read its input is its own business.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let status = {
        let read = read_limited(stdout, &mut output);
        tokio::pin!(read);
        let exit = async {
            write.await;
            child.wait().await
        };
        tokio::pin!(exit);
        tokio::select! {
            biased;
            full = &mut read => {
                if full {
                    return Err(Unreadable::new(Class::HelperBadOutput, "the credential helper wrote more than 64 KiB"));
                }
                exit.await
            }
            status = &mut exit => {
                let _ = tokio::time::timeout(AFTER_EXIT, &mut read).await;
                status
            }
        }
    };
    let status = status
        .map_err(|error| Unreadable::new(Class::HelperFailed, format!("the credential helper was lost: {error}")))?;
    if output.len() > MAX_OUTPUT_BYTES {
        return Err(Unreadable::new(Class::HelperBadOutput, "the credential helper wrote more than 64 KiB"));
    }
    Ok((status.success(), output))
}

/// True when there was more than the limit.
async fn read_limited(stdout: Option<impl AsyncRead + Unpin>, output: &mut Vec<u8>) -> bool {
    if let Some(stdout) = stdout {
        let _ = stdout.take(MAX_OUTPUT_BYTES as u64 + 1).read_to_end(output).await;
    }
    output.len() > MAX_OUTPUT_BYTES
}

fn read_answer(program: &Path, output: &[u8]) -> Result<Answer, Unreadable> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wire {
        #[serde(default)]
        username: String,
        #[serde(default)]
        secret: String,
    }
    let wire: Wire = serde_json::from_slice(output).map_err(|_| {
        Unreadable::new(Class::HelperBadOutput, format!("what `{}` answered is no credential", program.display()))
    })?;
    Ok(Answer { username: wire.username, secret: Secret::new(wire.secret) })
}
