//! Proves on the running engine that what it fetches goes through the registry door.
//!
//! Each probe has the engine fetch a name that nobody has, in a way in which images come in, and reads
//! how it fails: in the door's words, with this probe's nonce, or otherwise. Seen with 20.10, 26.1,
//! 28.5 and 28.5 with the containerd store: an answer takes some 10 ms, with and without a door, and
//! the engine keeps nothing: no image, no container, nothing in the build cache.

use std::{path::Path, time::Duration};

use policy::probe::{self, NOTHING, Probe};
use proto::probe_key;

use self::{
    buildkit::{Solved, Transport},
    http::{Answer, Body},
};

pub(crate) mod buildkit;
pub mod http;
#[cfg_attr(unix, path = "probe/way/unix.rs")]
#[cfg_attr(not(unix), path = "probe/way/windows.rs")]
pub(super) mod way;

/// For each probe. An engine whose plugin is gone tries for 15 s; a resolver that does not answer
/// can take longer.
const DEADLINE: Duration = Duration::from_secs(18);
/// Most characters of an engine's words.
const WORDS: usize = 300;
/// How the engine says that a plugin refused (moby `pkg/authorization/response.go`).
pub const REFUSAL: &str = "authorization denied by plugin pullgate: ";

/// Where a fetch went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Went {
    /// To the registry door, which answered it.
    Door,
    /// Nowhere: the plugin refused what would have led to it, in these words.
    Refused(String),
    /// Not to the door; the engine's words.
    Past(String),
    /// It could not be tried; why.
    Untried(String),
}

/// Where each kind of fetch went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetches {
    /// `docker pull`.
    pub pull: Went,
    /// `docker plugin install`.
    pub plugin: Went,
    /// A build by BuildKit, as the docker command asks for one.
    pub build: Went,
    /// A build by the engine's own builder.
    pub classic_build: Went,
    /// A build by BuildKit, asked for past the plugins; none: this engine does not take it.
    pub native: Option<Went>,
    /// `docker pull` from a loopback address.
    pub loopback_pull: Went,
    /// A build from a loopback address, past the plugins where the engine takes that.
    pub loopback_build: Went,
}

impl Fetches {
    /// Nothing could be tried.
    pub fn untried(why: &str) -> Self {
        let untried = || Went::Untried(why.to_owned());
        Self {
            pull: untried(),
            plugin: untried(),
            build: untried(),
            classic_build: untried(),
            native: None,
            loopback_pull: untried(),
            loopback_build: untried(),
        }
    }
}

impl Fetches {
    /// What they prove of an engine with these proxies. Where it has none, it has asked whoever answers for
    /// the name, who got the door's words by asking the door. Loopback addresses are never asked by a proxy.
    pub fn by(self, proxies: &[String; 2]) -> Self {
        if !proxies.iter().any(String::is_empty) {
            return self;
        }
        let past = |went| match went {
            Went::Door => Went::Past("the door's words came by somebody else: the engine has no proxy".to_owned()),
            went => went,
        };
        Self {
            pull: past(self.pull),
            plugin: past(self.plugin),
            build: past(self.build),
            classic_build: past(self.classic_build),
            native: self.native.map(past),
            ..self
        }
    }
}

/// Whom to ask, and whose answers to believe.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The engine.
    pub socket: &'a Path,
    /// Keys of the doors that follow the plugin, as the plugin tells them.
    pub keys: &'a [Vec<u8>],
}

/// Tries all of them, side by side. `native`: whether this engine may take BuildKit past its plugins.
pub async fn fetches(asker: &Asker<'_>, nonce: &str, native: bool) -> Fetches {
    let door = |kind: &str| probe::door_probe(&format!("{nonce}-{kind}"));
    // BuildKit takes no two builds of one name at a time, and they are named by these.
    let loopback = |kind: &str| probe::loopback_probe(&format!("{nonce}-loopback-{kind}"));
    let loopback_transport = if native { Transport::Native } else { Transport::Upgrade };
    let (pull, plugin, build, classic_build, native, loopback_pull, loopback_build) = tokio::join!(
        bounded(asker.pull(door("pull"))),
        bounded(asker.plugin(door("plugin"))),
        bounded(asker.build(Transport::Upgrade, door("build"))),
        bounded(asker.classic_build(door("classic"))),
        async {
            match native {
                true => Some(bounded(asker.build(Transport::Native, door("native"))).await),
                false => None,
            }
        },
        bounded(asker.pull(loopback("pull"))),
        bounded(asker.build(loopback_transport, loopback("build"))),
    );
    Fetches { pull, plugin, build, classic_build, native, loopback_pull, loopback_build }
}

async fn bounded(went: impl Future<Output = Result<Went, String>>) -> Went {
    match tokio::time::timeout(DEADLINE, went).await {
        Ok(Ok(went)) => went,
        Ok(Err(why)) => Went::Untried(why),
        Err(_) => Went::Untried(format!("the engine did not answer within {} s", DEADLINE.as_secs())),
    }
}

impl Asker<'_> {
    async fn pull(&self, repository: String) -> Result<Went, String> {
        let name = repository.replace(':', "%3A").replace('/', "%2F");
        let target = format!("/images/create?fromImage={name}&tag={NOTHING}");
        Ok(self.judge_answer(&repository, &http::call(self.socket, "POST", &target, Body::Empty).await?))
    }

    async fn plugin(&self, repository: String) -> Result<Went, String> {
        let target = format!("/plugins/pull?remote={}%40{NOTHING}&name=", repository.replace('/', "%2F"));
        Ok(self.judge_answer(&repository, &http::call(self.socket, "POST", &target, Body::Json("[]")).await?))
    }

    async fn classic_build(&self, repository: String) -> Result<Went, String> {
        let file = format!("FROM {repository}@{NOTHING}\n");
        let mut header = tar::Header::new_ustar();
        header.set_size(file.len() as u64);
        header.set_mode(0o644);
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut header, "Dockerfile", file.as_bytes()).map_err(|error| error.to_string())?;
        let archive = archive.into_inner().map_err(|error| error.to_string())?;
        Ok(self.judge_answer(
            &repository,
            &http::call(self.socket, "POST", "/build?version=1&rm=1", Body::Tar(archive)).await?,
        ))
    }

    async fn build(&self, transport: Transport, repository: String) -> Result<Went, String> {
        let reference = format!("pullgate-{}", repository.rsplit('/').next().unwrap_or_default());
        let solved = buildkit::resolve(self.socket, transport, &reference, &format!("{repository}@{NOTHING}")).await?;
        Ok(match solved {
            Solved::Failed(words) => self.judge(&repository, Some(words)),
            Solved::Refused(answer) => self.judge_answer(&repository, &answer),
            Solved::Done => self.judge(&repository, None),
        })
    }

    /// What an engine's answer to a probe proves. That the plugin refused it stands where the engine itself
    /// begins to speak: behind that are the words of whoever answers for a registry.
    fn judge_answer(&self, repository: &str, answer: &Answer) -> Went {
        let failure = answer.failure();
        match failure.as_deref().and_then(|words| words.strip_prefix(REFUSAL)).filter(|_| answer.status == 403) {
            Some(told) => Went::Refused(line(told)),
            None => self.judge(repository, failure),
        }
    }

    /// What an engine's words about a probe prove, where no plugin can have been asked.
    fn judge(&self, repository: &str, failure: Option<String>) -> Went {
        let Some(words) = failure else {
            return Went::Past("it says that it fetched what nobody has".to_owned());
        };
        // Neither the name nor the answer proves anything: engines quote the one, and whoever is asked can
        // say the other.
        let answer = policy::ImageRef::parse(repository).ok().and_then(|image| Probe::of(&image).map(Probe::answer));
        if answer.is_some_and(|answer| probe_key::holds(&words, &answer, self.keys)) {
            return Went::Door;
        }
        Went::Past(line(&words))
    }
}

/// One line, fit for a terminal. Engines wrap the cause in what they were doing, with the name and the
/// address of it, so that the end of a long line is what tells.
fn line(words: &str) -> String {
    let line = words.lines().next().unwrap_or_default().trim().replace(NOTHING, "sha256:0");
    let line: Vec<char> = line.chars().filter(|c| !c.is_control()).collect();
    match line.len().checked_sub(WORDS) {
        None | Some(0) => line.into_iter().collect(),
        Some(cut) => "... ".chars().chain(line.into_iter().skip(cut)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proto::probe_key::ProbeKey;

    use super::*;

    fn key() -> ProbeKey {
        ProbeKey::from_seed(&[7; 32])
    }

    #[track_caller]
    fn check(words: Option<&str>, expected: Went) {
        let asker = Asker { socket: Path::new("/nonexistent"), keys: &[key().public()] };
        assert_eq!(asker.judge(&probe::door_probe("7-build"), words.map(str::to_owned)), expected);
    }

    #[test]
    fn only_the_doors_own_words_for_this_probe_prove_anything() {
        let past = |words: &str| Went::Past(words.to_owned());
        let said = |nonce: &str| Probe::Door(nonce).answer();
        check(Some(&format!("denied: {}", key().sign(&said("7-build")))), Went::Door);
        check(Some(&format!("403 Forbidden by x: {}.", key().sign(&said("7-build")))), Went::Door);
        check(Some("saw probe 6"), past("saw probe 6"));
        for forged in [
            key().sign(&said("6-build")),
            // Who is asked knows the nonce, and no key.
            said("7-build"),
            ProbeKey::from_seed(&[8; 32]).sign(&said("7-build")),
            "failed to resolve source metadata for door.pullgate.invalid/probe/7-build: no such host".to_owned(),
        ] {
            check(Some(&forged), past(&forged));
        }
        check(None, past("it says that it fetched what nobody has"));
        let long = format!("{} for x@{NOTHING}: connection refused", "failed to do it ".repeat(30));
        let told = nobody().judge(&probe::door_probe("7"), Some(long));
        assert!(
            matches!(&told, Went::Past(words) if words.starts_with("... ") && words.ends_with(" for x@sha256:0: connection refused")),
            "{told:?}"
        );
    }

    #[test]
    fn an_engine_without_a_proxy_did_not_ask_the_door_itself() {
        let door = || Fetches {
            pull: Went::Door,
            plugin: Went::Door,
            build: Went::Door,
            classic_build: Went::Refused("no".to_owned()),
            native: Some(Went::Door),
            loopback_pull: Went::Door,
            loopback_build: Went::Door,
        };
        let by = |http: &str, https: &str| door().by(&[http.to_owned(), https.to_owned()]);
        assert_eq!(by("http://127.0.0.1:857", "http://127.0.0.1:857"), door());
        for fetches in [by("", ""), by("http://127.0.0.1:857", ""), by("", "http://127.0.0.1:857")] {
            let past = |went: &Went| matches!(went, Went::Past(_));
            assert!([&fetches.pull, &fetches.plugin, &fetches.build].into_iter().all(past), "{fetches:?}");
            assert!(fetches.native.as_ref().is_some_and(past));
            assert_eq!(fetches.classic_build, Went::Refused("no".to_owned()));
            assert_eq!([fetches.loopback_pull, fetches.loopback_build], [Went::Door, Went::Door]);
        }
    }

    fn nobody() -> Asker<'static> {
        Asker { socket: Path::new("/nonexistent"), keys: &[] }
    }

    #[test]
    fn no_registry_can_speak_for_the_plugin() {
        let judged = |status, message: &str| {
            let body = serde_json::json!({ "message": message }).to_string().into();
            nobody().judge_answer(&probe::door_probe("7"), &Answer { status, body })
        };
        let refused = "authorization denied by plugin pullgate: builds are not allowed by acme.\nAsk";
        assert_eq!(judged(403, refused), Went::Refused("builds are not allowed by acme.".to_owned()));
        let registrys = format!("pull access denied for x: denied: {refused}");
        for (status, words) in [(403, registrys.as_str()), (404, registrys.as_str()), (500, refused)] {
            assert!(matches!(judged(status, words), Went::Past(_)), "{status} {words}");
        }
        // Of what BuildKit was asked, no plugin says anything any more.
        assert!(matches!(nobody().judge("a.example/b", Some(refused.to_owned())), Went::Past(_)));
    }
}
