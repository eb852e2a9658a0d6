//! The policy service of a lab, and its administration.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{Command, Lab, LabError, Output, Process, error::file, process, programs};

const PROGRAM: &str = "pullgate-service";

/// A running policy service, with TLS and a certificate of its own making.
pub struct Service {
    name: &'static str,
    process: Process,
    program: PathBuf,
    data: PathBuf,
    address: SocketAddr,
    args: Vec<String>,
}

impl Service {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(lab: &Lab) -> Result<Self, LabError> {
        Self::start_with(lab, &[]).await
    }

    /// The same, with more arguments for `serve`.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start_with(lab: &Lab, args: &[&str]) -> Result<Self, LabError> {
        Self::start_named(lab, "service", args).await
    }

    /// The same beside another one: `name` is for its directory and its log.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start_named(lab: &Lab, name: &'static str, args: &[&str]) -> Result<Self, LabError> {
        let program = programs::own(PROGRAM)?;
        let data = lab.make_dir(name)?;
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (process, address) = serve(lab, name, &program, &data, "127.0.0.1:0", &args).await?;
        Ok(Self { name, process, program, data, address, args })
    }

    /// Stops it, and starts it again at the same address with other arguments.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn restart_with(&mut self, lab: &Lab, args: &[&str]) -> Result<(), LabError> {
        self.process.stop();
        self.args = args.iter().map(|&arg| arg.to_owned()).collect();
        self.restart(lab).await
    }

    /// Starts it again after [`Process::stop`] or [`Process::kill`], at the same address and with
    /// the same arguments.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn restart(&mut self, lab: &Lab) -> Result<(), LabError> {
        let listen = self.address.to_string();
        (self.process, self.address) = serve(lab, self.name, &self.program, &self.data, &listen, &self.args).await?;
        Ok(())
    }

    /// `host:port`: what `docker login` takes.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// For the enrollment file.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> &std::path::Path {
        &self.data
    }

    /// Its program, which is also its administration command.
    #[must_use]
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Enrolls the lab's machine here. Sign-in is enforced if there are `allowed_orgs`.
    ///
    /// # Errors
    /// When the service does not print the enrollment file, or it cannot be written.
    pub async fn enroll(&self, lab: &Lab, allowed_orgs: &[&str]) -> Result<(), LabError> {
        let url = self.url();
        // The laboratory's machine reads it where it is; a real one gets a copy.
        let ca = self.data.join("ca.pem").display().to_string();
        let mut args = vec!["enrollment", "--url", &url, "--ca-file", &ca];
        for organization in allowed_orgs {
            args.extend(["--allowed-org", organization]);
        }
        let enrollment = self.administer(&args).await?.stdout;
        lab.write("enrollment.json", enrollment).map(|_| ())
    }

    /// An administration command, for example `["policy", "show", "acme"]`.
    #[must_use]
    pub fn admin(&self, args: &[&str]) -> Command {
        let command = Command::new(&self.program, PROGRAM).env("PULLGATE_SERVICE_DATA_DIR", &self.data);
        command.args(args)
    }

    /// Runs an administration command that must work.
    ///
    /// # Errors
    /// With what it printed, when it does not.
    pub async fn administer(&self, args: &[&str]) -> Result<Output, LabError> {
        self.admin(args).run().await?.success()
    }
}

async fn serve(
    lab: &Lab,
    name: &'static str,
    program: &std::path::Path,
    data: &std::path::Path,
    listen: &str,
    args: &[String],
) -> Result<(Process, SocketAddr), LabError> {
    // The service writes it once it listens: an old one would be believed.
    let address_file = data.join("address");
    match std::fs::remove_file(&address_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).map_err(file("remove", &address_file))?
        }
        _ => {}
    }
    let mut command = process::clean(program);
    command.args(["serve", "--listen", listen]).args(args).env("PULLGATE_SERVICE_DATA_DIR", data);
    let mut process = Process::start(lab, name, command)?;
    let read = || {
        let text = std::fs::read_to_string(&address_file).map_err(|_| "it does not listen yet".to_owned())?;
        text.trim().parse::<SocketAddr>().map_err(|error| format!("its address file says `{}`: {error}", text.trim()))
    };
    process
        .ready(Duration::from_secs(20), || {
            let address = read();
            async { tokio::net::TcpStream::connect(address?).await.map(|_| ()).map_err(|error| error.to_string()) }
        })
        .await?;
    let address = read().map_err(|why| LabError::Http { request: "the service's address".to_owned(), why })?;
    Ok((process, address))
}
