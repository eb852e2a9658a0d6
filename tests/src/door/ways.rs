//! The ways in which an image comes onto a machine through its engine.

use std::time::Duration;

use installer::lab::{Output, wait_until};

use super::{Call, Site};
use crate::engines::{Flavour, Ware};

/// From a service's creation to the end of what its task fetches.
const TASK: Duration = Duration::from_secs(20);
/// What builds start from where the image in question is not their base; it must be allowed.
pub const BASE: &str = "base";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `docker pull NAME`.
    Pull,
    /// `docker pull NAME@DIGEST`.
    PullDigest,
    /// `docker pull --all-tags NAME`.
    PullAll,
    /// `docker run NAME`.
    Run,
    /// `docker create NAME`.
    Create,
    /// `docker compose pull`.
    ComposePull,
    /// `docker compose up`.
    ComposeUp,
    /// A service of a compose file that is built.
    ComposeBuild,
    /// `FROM`, by the builder in the engine.
    LegacyFrom,
    /// `COPY --from`, by the same.
    LegacyCopy,
    /// `FROM`, by BuildKit.
    From,
    /// `FROM NAME@DIGEST`.
    FromDigest,
    /// `COPY --from`.
    Copy,
    /// `RUN --mount=from`.
    Mount,
    /// `# syntax=`: the program that reads the Dockerfile.
    Syntax,
    /// `docker buildx build --build-context`.
    Context,
    /// `docker service create`.
    Service,
    /// `docker plugin install`.
    EnginePlugin,
}

impl Way {
    /// All.
    pub const ALL: [Self; 18] = [
        Self::Pull,
        Self::PullDigest,
        Self::PullAll,
        Self::Run,
        Self::Create,
        Self::ComposePull,
        Self::ComposeUp,
        Self::ComposeBuild,
        Self::LegacyFrom,
        Self::LegacyCopy,
        Self::From,
        Self::FromDigest,
        Self::Copy,
        Self::Mount,
        Self::Syntax,
        Self::Context,
        Self::Service,
        Self::EnginePlugin,
    ];

    /// For a repository that nothing else fetches: what is on the machine already is not asked for.
    #[must_use]
    pub fn word(self) -> String {
        format!("{self:?}").to_ascii_lowercase()
    }

    /// What must be behind the name.
    #[must_use]
    pub fn ware(self) -> Ware {
        match self {
            Self::Run | Self::ComposeUp => Ware::Runnable,
            Self::EnginePlugin => Ware::Plugin,
            _ => Ware::Bare,
        }
    }

    /// Whether the release has it: compose and buildx came as packages after 20.10.
    #[must_use]
    pub fn is_in(self, flavour: Flavour) -> bool {
        let is_newer = matches!(self, Self::ComposePull | Self::ComposeUp | Self::ComposeBuild | Self::Context);
        !flavour.is_old() || !is_newer
    }

    /// Whether BuildKit fetches.
    #[must_use]
    pub fn is_buildkit(self) -> bool {
        use Way::{ComposeBuild, Context, Copy, From, FromDigest, Mount, Syntax};
        matches!(self, ComposeBuild | From | FromDigest | Copy | Mount | Syntax | Context)
    }

    /// Goes this way for `repository`, whose tag `latest` has `digest`.
    ///
    /// # Panics
    /// When the command line cannot be run, or does not end.
    pub async fn go(self, site: &Site, repository: &str, digest: &str) -> Output {
        let by_digest = format!("{repository}@{digest}");
        match self {
            Self::Pull => site.docker(&["pull", repository]).await,
            Self::PullDigest => site.docker(&["pull", &by_digest]).await,
            Self::PullAll => site.docker(&["pull", "--all-tags", repository]).await,
            Self::Run => site.docker(&["run", "--rm", "--network", "none", repository]).await,
            Self::Create => site.docker(&["create", "--network", "none", repository]).await,
            Self::ComposePull => compose(site, &format!("image: {repository}"), "pull", "").await,
            Self::ComposeUp => compose(site, &format!("image: {repository}"), "up", "").await,
            Self::ComposeBuild => compose(site, "build: .", "build", &format!("FROM {repository}\n")).await,
            Self::LegacyFrom => build(site, "0", &format!("FROM {repository}\n")).await,
            Self::LegacyCopy => build(site, "0", &copy(repository)).await,
            Self::From => build(site, "1", &format!("FROM {repository}\n")).await,
            Self::FromDigest => build(site, "1", &format!("FROM {by_digest}\n")).await,
            Self::Copy => build(site, "1", &copy(repository)).await,
            Self::Mount => {
                let mount = format!(
                    "RUN --mount=from={repository},target=/other [\"/bin/busybox\", \"cat\", \"/other/marker\"]"
                );
                build(site, "1", &format!("FROM {BASE}\n{mount}\n")).await
            }
            Self::Syntax => build(site, "1", &format!("# syntax={repository}\nFROM {BASE}\n")).await,
            Self::Context => {
                let context = format!("other=docker-image://{repository}");
                let files = [("Dockerfile", "FROM other\n")];
                let args = ["buildx", "build", "--build-context", &context, "."];
                site.call(&Call { args: &args, files: &files, ..Call::default() }).await
            }
            Self::Service => service(site, repository).await,
            Self::EnginePlugin => {
                site.docker(&["plugin", "install", "--disable", "--grant-all-permissions", repository]).await
            }
        }
    }
}

fn copy(repository: &str) -> String {
    format!("FROM {BASE}\nCOPY --from={repository} /marker /other\n")
}

/// Nothing of a build needs a network of its own, and the engine has none to give.
async fn build(site: &Site, buildkit: &str, dockerfile: &str) -> Output {
    let call = Call {
        args: &["build", "--network", "none", "."],
        env: &[("DOCKER_BUILDKIT", buildkit)],
        files: &[("Dockerfile", dockerfile)],
    };
    site.call(&call).await
}

async fn compose(site: &Site, service: &str, command: &str, dockerfile: &str) -> Output {
    let file = format!("services:\n  one:\n    {service}\n    network_mode: none\n");
    let call = Call {
        args: &["compose", "--project-name", command, command],
        files: &[("compose.yaml", &file), ("Dockerfile", dockerfile)],
        ..Call::default()
    };
    site.call(&call).await
}

/// Gives what `docker service ps` says of the task.
async fn service(site: &Site, repository: &str) -> Output {
    let info = site.docker(&["info", "--format", "{{.Swarm.LocalNodeState}}"]).await;
    if info.stdout.trim() != "active" {
        // Not on loopback: what an engine asks of loopback addresses goes through the door.
        let address = super::BROKEN.to_string();
        let listen = format!("{address}:2377");
        let init = ["swarm", "init", "--advertise-addr", &address, "--listen-addr", &listen];
        site.docker(&init).await.success().unwrap();
    }
    let name = repository.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let create = ["service", "create", "--detach", "--restart-condition", "none", "--name", &name, repository];
    let created = site.docker(&create).await;
    if created.code() != 0 {
        return created;
    }
    let format = ["service", "ps", "--no-trunc", "--format", "{{.CurrentState}}: {{.Error}}", &name];
    let tasks = wait_until("the end of a task's fetch", TASK, || async {
        let tasks = site.docker(&format).await;
        if is_past(&tasks.stdout) { Ok(tasks) } else { Err(tasks.text()) }
    });
    let tasks = tasks.await.unwrap();
    site.docker(&["service", "rm", &name]).await.success().unwrap();
    tasks
}

/// Whether the task has its image, or has failed to get it.
fn is_past(state: &str) -> bool {
    let before = ["New", "Allocated", "Pending", "Assigned", "Accepted", "Preparing"];
    !state.trim().is_empty() && !before.iter().any(|word| state.trim_start().starts_with(word))
}
