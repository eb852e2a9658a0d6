//! The machine itself, judged.

use std::time::Duration;

use super::{Facts, Finding, State, finding};
use crate::{
    doctor::look::{docker_group::Users, plugin_socket::PluginSocket},
    status::{disabled, seen::Agent},
};

/// An engine waits for each answer, twice a call.
const SLOW: Duration = Duration::from_millis(50);

pub fn disabled(facts: &Facts) -> Option<Finding> {
    let disabled::Seen::Yes(disabled) = &facts.disabled else { return None };
    let what = format!("pullgate is {}; until then the engine does not ask it", disabled.in_words());
    Some(finding("disabled", State::Wrong, what, "`pullgate enable` as root ends it now"))
}

pub fn socket(facts: &Facts) -> Finding {
    match &facts.socket {
        PluginSocket::Answers(took) if *took < SLOW => {
            finding("socket", State::Good, format!("the plugin answers as engines ask, in {}", told(*took)), "")
        }
        PluginSocket::Answers(took) => finding(
            "socket",
            State::Notice,
            format!(
                "the plugin answers as engines ask, and takes {}; each call of Docker waits for that twice",
                told(*took)
            ),
            "see what keeps this machine busy: `journalctl -u pullgate-plugin`",
        ),
        PluginSocket::Silent(why) => finding(
            "socket",
            State::Wrong,
            format!("the plugin does not answer where engines ask it: {why}"),
            "start it: `systemctl start pullgate-plugin.socket pullgate-plugin`; an engine that asks refuses everything until \
             then, and `pullgate disable --for 1h` gets Docker back",
        ),
        PluginSocket::NotThisUser => {
            finding("socket", State::Notice, "only root may ask the plugin as engines do", "run this as root")
        }
    }
}

fn told(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

pub fn agent(facts: &Facts) -> Option<Finding> {
    facts.files.enrollment.as_ref().ok()?;
    Some(match facts.agent {
        Agent::Runs(process) => finding("agent", State::Good, format!("yours runs (process {process})"), ""),
        Agent::Missing => finding(
            "agent",
            State::Wrong,
            "none runs for you: a sign-in does not arrive, and policies are not renewed",
            "`systemctl --user start pullgated`; `journalctl --user -u pullgated` says why it does not run",
        ),
        Agent::NotExpected => return None,
        Agent::NotTold => finding("agent", State::Notice, "whether yours runs cannot be told on this system", ""),
    })
}

/// Who may take all of this away.
pub fn users(facts: &Facts) -> Option<Finding> {
    let socket = facts.engine_socket.display();
    Some(match &facts.users {
        Users::NoSocket => return None,
        Users::Nobody => finding("docker-group", State::Good, format!("nobody but root may use `{socket}`"), ""),
        Users::Everybody => finding(
            "docker-group",
            State::Wrong,
            format!("everybody may use `{socket}`, and with it be root on this machine"),
            "take the right to write from others: `chmod o-w` on it, and see what set it",
        ),
        Users::Group(group, members) => {
            let members = if members.is_empty() { "nobody by name".to_owned() } else { members.join(", ") };
            finding(
                "docker-group",
                State::Notice,
                format!("the group `{group}` may use `{socket}`, and with it be root and remove pullgate: {members}"),
                "nothing, where that is meant; the policy's `protect` refuses the known ways",
            )
        }
    })
}
