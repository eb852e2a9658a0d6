//! What starts browsers: `chromedriver`, alone with them in a process-id namespace.
//!
//! A browser is a dozen processes, some of them in groups and sessions of their own. When the first process of the
//! namespace ends, the kernel ends all others, and whoever waits for it waits for all.

use std::{path::PathBuf, time::Duration};

use installer::lab::{Lab, LabError, Process, clean, installed, wait_until};

use super::window::{Scripting, Window};

/// Longest start of the driver.
const START: Duration = Duration::from_secs(20);
/// The first process: SIGTERM ends it, and with it everything. The driver itself would not hear it.
const FIRST: &str = "trap 'exit 0' TERM\n\"$@\" &\nwait";

/// Starts browsers. They end when it is dropped.
pub struct Driver {
    // For its end.
    _process: Process,
    url: String,
    downloads: PathBuf,
}

impl Driver {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(lab: &Lab) -> Result<Self, LabError> {
        let program = installed("chromedriver", "chromium-driver")?;
        let unshare = installed("unshare", "util-linux")?;
        let home = lab.make_dir("browser")?;
        let downloads = lab.make_dir("browser/downloads")?;
        let mut command = clean(unshare);
        command
            .args(["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", FIRST, "pullgate-lab-browsers"])
            .arg(program)
            .arg("--port=0")
            // Profiles of browsers go with the lab.
            .envs([("HOME", &home), ("TMPDIR", &home)]);
        let mut process = Process::start(lab, "browsers", command)?;
        let log = process.log_path().to_owned();
        let read = || port(&std::fs::read_to_string(&log).unwrap_or_default());
        process
            .ready(START, || async { read().map(|_| ()).ok_or_else(|| "it does not listen yet".to_owned()) })
            .await?;
        process.adopt_inner();
        let url = format!("http://127.0.0.1:{}", read().unwrap_or_default());
        Ok(Self { _process: process, url, downloads })
    }

    /// A file that a browser downloaded, once it is whole.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn downloaded(&self, name: &str) -> String {
        let path = self.downloads.join(name);
        // Until it is whole it has another name, and an empty file holds the place of this one. Nothing that pullgate
        // exports is empty.
        let read = || async {
            match std::fs::read_to_string(&path) {
                Ok(text) if text.is_empty() => Err("it is empty".to_owned()),
                read => read.map_err(|error| error.to_string()),
            }
        };
        wait_until(&format!("a download `{name}`"), START, read).await.unwrap()
    }

    /// Opens a browser with a profile of its own, for the pages of `site` (`https://host:port`).
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn window(&self, site: &str, scripting: Scripting) -> Window {
        let browser = installed("chromium", "chromium").unwrap();
        Window::open_at(&self.url, &browser, site, scripting, &self.downloads).await
    }
}

/// `ChromeDriver was started successfully on port 40123.`
fn port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("started successfully on port ")?;
    rest.split_once('.')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_one_that_it_found() {
        let log = "Starting ChromeDriver 1.2 on port 0\nOnly local connections are allowed.\n";
        assert_eq!(port(log), None);
        assert_eq!(port(&format!("{log}ChromeDriver was started successfully on port 40123.\n")), Some(40123));
    }
}
