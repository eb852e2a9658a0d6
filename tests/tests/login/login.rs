//! `pullgated login` as a person at a terminal sees it: what it prints while it waits, how it ends.

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use installer::lab::{Lab, clean, own, wait_until};
use tests::SETTLE;

/// A running command. Ends when dropped.
pub struct Login {
    child: Child,
    printed: PathBuf,
}

impl Login {
    /// Starts it with the lab's enrollment and Docker configuration.
    pub fn begin(lab: &Lab) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let printed = lab.path(&format!("log/login-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let output = File::create(&printed).unwrap();
        let child = clean(own("pullgated").unwrap())
            .arg("--config-dir")
            .arg(lab.docker_config())
            .arg("--enrollment")
            .arg(lab.enrollment())
            .arg("login")
            .env("HOME", lab.dir())
            .env("PATH", lab.search_path())
            .current_dir(lab.dir())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { child, printed }
    }

    /// All that it printed so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.printed).unwrap()).into_owned()
    }

    /// The page with the code in it, once it is printed.
    pub async fn page(&mut self) -> String {
        self.try_page().await.unwrap_or_else(|text| panic!("it ended without a page: {text}"))
    }

    /// The same; what it printed if it ends without a page.
    pub async fn try_page(&mut self) -> Result<String, String> {
        let child = &mut self.child;
        let printed = &self.printed;
        let page = wait_until("a page to open", SETTLE, || {
            let text = std::fs::read_to_string(printed).unwrap_or_default();
            let ended = child.try_wait().unwrap();
            async move {
                let page = text.split_whitespace().find(|word| word.starts_with("http://") && word.contains("code="));
                match (page, ended) {
                    (Some(page), _) => Ok(Ok(page.to_owned())),
                    (None, Some(_)) => Ok(Err(text)),
                    (None, None) => Err(text),
                }
            }
        });
        page.await.unwrap()
    }

    /// It must end well. What it printed.
    pub async fn succeeds(self) -> String {
        let (code, text) = self.ended().await;
        assert_eq!(code, Some(0), "{text}");
        text
    }

    /// It must end badly. What it printed.
    pub async fn fails(self) -> String {
        let (code, text) = self.ended().await;
        assert!(code.is_some_and(|code| code != 0), "{code:?}: {text}");
        text
    }

    async fn ended(mut self) -> (Option<i32>, String) {
        let child = &mut self.child;
        let ended = wait_until("the end of `pullgated login`", SETTLE, || {
            let ended = child.try_wait().unwrap();
            async move { ended.ok_or_else(|| "it still runs".to_owned()) }
        });
        let status = ended.await.unwrap_or_else(|error| panic!("{error}: {}", self.text()));
        // For whoever wants to read it as a person does: `--nocapture`.
        println!("{}({status})", self.text());
        (status.code(), self.text())
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
