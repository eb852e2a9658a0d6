//! Asks this machine's engine what it is, whether it asks pullgate, and where it fetches.
//!
//! Two probes are for the plugin: a pull and an install of an engine plugin from `pullgate.invalid`,
//! where nothing ever is. The plugin refuses them whatever the policy says and leaves no record. An
//! engine without the plugin fails to find the host; nothing comes in either way. Those for the
//! registry door are in [`super::probe`].

use std::{path::Path, time::Duration};

use policy::{PROBE_HOST, engine::EngineVersion};
use serde_json::Value;

use super::{
    coverage::{Answers, Facts, Proof},
    probe::{
        self, Asker, REFUSAL,
        http::{Answer, Body, call},
        way,
    },
};

/// For all questions together. An engine whose plugin is gone tries for 15 seconds.
const DEADLINE: Duration = Duration::from_secs(20);

/// What can be told of the engine at this socket. `keys`: those of the doors that follow the plugin.
pub async fn facts(socket: &Path, keys: &[Vec<u8>]) -> Facts {
    let asked = async {
        let cannot = |why: &str| format!("cannot ask the engine on `{}`: {why}", socket.display());
        if let Err(error) = way::connect(socket).await
            && error.kind() == std::io::ErrorKind::PermissionDenied
        {
            return Facts::not_visible(&cannot("permission denied; root and members of its group may"));
        }
        let version_text = match call(socket, "GET", "/version", Body::Empty).await {
            Ok(answer) => answer.json()["Version"].as_str().unwrap_or_default().to_owned(),
            Err(why) => return Facts::unknown(&cannot(&why)),
        };
        let version = EngineVersion::parse(&version_text);
        let info = call(socket, "GET", "/info", Body::Empty).await.map(|answer| answer.json()).unwrap_or_default();
        let listed = info["Plugins"]["Authorization"].as_array().map(|plugins| plugins.contains(&"pullgate".into()));
        let nonce = nonce();
        let pull = format!("/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={nonce}");
        let install = format!("/plugins/pull?remote={PROBE_HOST}%2Fprobe%3A{nonce}&name=");
        let asker = Asker { socket, keys };
        let (pull, install, fetches) = tokio::join!(
            call(socket, "POST", &pull, Body::Empty),
            call(socket, "POST", &install, Body::Json("[]")),
            probe::fetches(&asker, &nonce, version.is_none_or(EngineVersion::takes_http2)),
        );
        let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
        let proxies = [text("HttpProxy"), text("HttpsProxy")];
        Facts {
            answers: Answers::Yes,
            version,
            version_text,
            mirrors: mirrors(&info),
            insecure: insecure(&info),
            listed,
            named: None,
            asks: proof(pull, &nonce),
            shows_bodies: proof(install, &nonce),
            fetches: fetches.by(&proxies),
            proxies,
            no_proxy: text("NoProxy"),
        }
    };
    tokio::time::timeout(DEADLINE, asked)
        .await
        .unwrap_or_else(|_| Facts::unknown(&format!("the engine did not answer within {} seconds", DEADLINE.as_secs())))
}

/// Mirrors of Docker Hub.
fn mirrors(info: &Value) -> Vec<String> {
    let mirrors = info["RegistryConfig"]["Mirrors"].as_array();
    mirrors.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Registries whose certificates the engine does not verify. It never verifies those of loopback addresses, which it
/// lists among the networks.
fn insecure(info: &Value) -> Vec<String> {
    let configs = info["RegistryConfig"]["IndexConfigs"].as_object();
    let insecure = configs.into_iter().flatten().filter(|(_, config)| config["Secure"] == false);
    insecure.map(|(name, _)| name.clone()).collect()
}

/// Different each time, so that an old answer proves nothing; in the letters of a repository.
fn nonce() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}

fn proof(answer: Result<Answer, String>, nonce: &str) -> Proof {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return Proof::Untried(format!("the probe failed: {why}")),
    };
    let words = answer.failure().unwrap_or_else(|| "it let the request through".to_owned());
    match answer.status {
        403 if words.starts_with(REFUSAL) && words.contains(nonce) => Proof::Proved,
        status => Proof::Refuted(format!("{status} {}", words.lines().next().unwrap_or_default())),
    }
}
