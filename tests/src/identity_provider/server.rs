//! The provider's process: its database, its configuration, its port.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use installer::lab::{Command, Lab, LabError, Process, clean, http};

/// Longest start; a tenth of a second is usual.
const START: Duration = Duration::from_secs(20);
/// Between the choice of a free port and its use somebody else may take it.
const PORTS: usize = 3;
/// The plugin of the provider that speaks OpenID Connect; part of its URLs.
pub(super) const OIDC: &str = "oidc";

/// Where it is and what it was started with.
pub(super) struct Server {
    address: String,
    config: PathBuf,
    database: PathBuf,
}

impl Server {
    /// Makes an empty database and starts it.
    pub(super) async fn start(lab: &Lab) -> Result<(Self, Process), LabError> {
        lab.make_dir("identity-provider")?;
        let database = lab.path("identity-provider/db");
        let tables = launcher()?.with_file_name("usr/share/dbconfig-common/data/glewlwyd/install/sqlite3");
        let tables = std::fs::read_to_string(&tables).map_err(file("read", &tables))?;
        let sqlite = Command::new(&launcher()?, "sqlite3").args(["sqlite3", &database.display().to_string()]);
        sqlite.stdin(&format!("BEGIN;\n{tables}\nCOMMIT;\n")).run().await?.success()?;
        let mut failed = None;
        for _ in 0..PORTS {
            let address = free_port()?;
            let config = lab.write("identity-provider/glewlwyd.conf", config(&address, &database)?)?;
            let server = Self { address, config, database: database.clone() };
            match server.run(lab).await {
                Ok(process) => return Ok((server, process)),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| unreachable!("it was tried")))
    }

    /// Starts the process and waits until it answers.
    pub(super) async fn run(&self, lab: &Lab) -> Result<Process, LabError> {
        let mut command = clean(launcher()?);
        command.arg("glewlwyd").arg("--config-file").arg(&self.config);
        let mut process = Process::start(lab, "identity-provider", command)?;
        let ready = process.ready(START, || async {
            let answer = http::tcp(&self.address, "GET", "/config/", &[], bytes::Bytes::new()).await;
            answer.map(|_| ()).map_err(|error| error.to_string())
        });
        ready.await?;
        Ok(process)
    }

    /// `host:port`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://{}/api/{OIDC}", self.address)
    }

    pub(super) fn database(&self) -> &Path {
        &self.database
    }
}

/// `tests/identity-provider` puts it into the directory that Cargo builds in.
pub(super) fn launcher() -> Result<PathBuf, LabError> {
    let test = std::env::current_exe().unwrap_or_default();
    // target/debug/deps/NAME
    let path = test.ancestors().nth(3).unwrap_or(Path::new("/")).join("identity-provider/run");
    if path.exists() {
        return Ok(path);
    }
    let source = std::io::Error::other("there is none; `tests/identity-provider` makes it");
    Err(LabError::File { action: "use the identity provider", path, source })
}

fn free_port() -> Result<String, LabError> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.map(|address| address.to_string()).map_err(file("bind", Path::new("127.0.0.1:0")))
}

fn config(address: &str, database: &Path) -> Result<String, LabError> {
    let usr = launcher()?.with_file_name("usr");
    let (host, port) = address.split_once(':').unwrap_or((address, "0"));
    let (usr, database) = (usr.display(), database.display());
    Ok(format!(
        r#"
        bind_address = "{host}"
        port = {port}
        external_url = "http://{address}"
        api_prefix = "api"
        login_url = "login.html"
        cookie_domain = "{host}"
        cookie_secure = 0
        session_key = "SESSION"
        session_expiration = 3600
        admin_scope = "g_admin"
        profile_scope = "g_profile"
        hash_algorithm = "SHA512"
        log_mode = "console"
        log_level = "INFO"
        static_files_path = "{usr}/share/glewlwyd/webapp/"
        static_files_mime_types = (
            {{ extension = ".html"; mime_type = "text/html" }},
            {{ extension = ".js"; mime_type = "application/javascript" }},
            {{ extension = ".css"; mime_type = "text/css" }},
            {{ extension = ".json"; mime_type = "application/json" }}
        );
        user_module_path = "{usr}/lib/glewlwyd/user"
        user_middleware_module_path = "{usr}/lib/glewlwyd/user_middleware"
        client_module_path = "{usr}/lib/glewlwyd/client"
        user_auth_scheme_module_path = "{usr}/lib/glewlwyd/scheme"
        plugin_module_path = "{usr}/lib/glewlwyd/plugin"
        database = {{ type = "sqlite3"; path = "{database}"; }};
        "#
    ))
}

fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LabError {
    let path = path.to_owned();
    move |source| LabError::File { action, path, source }
}
