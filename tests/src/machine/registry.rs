//! Images in a machine that reaches no registry but its own.

use installer::lab::LabError;

use super::Machine;

/// Where the machine's registry is, for its engine.
pub const REGISTRY: &str = "127.0.0.1:5000";

impl Machine {
    /// Starts the distribution's registry in the machine and puts these repositories into it, each with the tag
    /// `latest`: busybox, and a file `/marker` with the name. The engine brings them there, so before it is told to ask
    /// anybody; it keeps none of them.
    ///
    /// With `"registry-mirrors": ["http://127.0.0.1:5000"]` they are what Docker Hub has.
    ///
    /// # Errors
    /// With what was printed, when something fails.
    pub async fn registry(&self, repositories: &[&str]) -> Result<(), LabError> {
        // Debian's asks for a password.
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: /var/lib/docker-registry}}}}\nhttp: {{addr: \"{REGISTRY}\"}}\n"
        );
        self.write("/etc/docker/registry/config.yml", config, 0o644)?;
        let names = repositories.join(" ");
        let script = format!("set -- {REGISTRY} {names}\n{}", include_str!("registry.sh"));
        self.done(&script).await.map(drop)
    }
}
