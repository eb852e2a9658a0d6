//! One answer at the top: is it enforced, and if not, what is the root of that. Pure.
//!
//! Causes are looked for in the order in which one hides the others: a plugin that is not there has no sessions, and
//! nobody needs to read that twice.

#[cfg_attr(not(unix), path = "health/plugin/nowhere.rs")]
mod plugin;

use policy::Mode;
use proto::{control::StatusResponse, local::CANNOT_START};

use super::{
    coverage::{Answers, Configured, Proof, State, Way},
    disabled,
    seen::{Agent, Seen},
};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that can be covered here is.
    Enforced,
    /// What people pull is covered, and not every way in is.
    Partly,
    /// It is not.
    NotEnforced,
    /// This user, or this look, cannot tell.
    Unknown,
}

impl Verdict {
    /// The stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Partly => "partly_enforced",
            Self::NotEnforced => "not_enforced",
            Self::Unknown => "unknown",
        }
    }

    /// What `status` exits with.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Enforced | Self::Partly => 0,
            Self::NotEnforced => 1,
            Self::Unknown => 2,
        }
    }
}

/// What is wrong, or what somebody may be surprised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Stable word.
    pub code: &'static str,
    /// In a sentence.
    pub what: String,
    /// What to do; empty: nothing.
    pub next: String,
}

/// What `status` says at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The answer.
    pub verdict: Verdict,
    /// The root of it; none: all is well.
    pub root: Option<Cause>,
    /// What else somebody may want to know.
    pub also: Vec<Cause>,
}

impl Health {
    /// One line.
    pub fn line(&self) -> String {
        let Some(root) = &self.root else { return "enforced".to_owned() };
        let next = if root.next.is_empty() { String::new() } else { format!(" -> {}", root.next) };
        let word = match self.verdict {
            Verdict::Enforced => "enforced",
            Verdict::Partly => "enforced in part",
            Verdict::NotEnforced => "not enforced",
            Verdict::Unknown => "cannot tell",
        };
        format!("{word}: {}{next}", root.what)
    }
}

/// Judges.
pub fn judge(seen: &Seen, ways: &[Way]) -> Health {
    let others = seen.engines.causes();
    let notices = seen.plugin.as_ref().map(notices).unwrap_or_default();
    let also: Vec<Cause> = others.iter().cloned().chain(notices).collect();
    let is = |verdict, root: Cause| Health { verdict, root: Some(root), also: also.clone() };
    if let Some(cause) = switched_off(seen).or_else(|| no_plugin(seen)).or_else(|| not_asked(seen)) {
        return is(Verdict::NotEnforced, cause);
    }
    let Ok(status) = &seen.plugin else { return is(Verdict::Unknown, cause("plugin_down", "", "")) };
    let (blocked, missing) = signed_in(seen, status);
    if let Some(cause) = missing.or_else(|| policies(status)) {
        return is(Verdict::NotEnforced, cause);
    }
    if let Some(cause) = cannot_tell(seen) {
        return is(Verdict::Unknown, cause);
    }
    // Nobody may bring anything in: that this is how it is meant, is not said.
    if let Some(cause) = blocked {
        return is(Verdict::Enforced, cause);
    }
    match (open_ways(seen, ways), others.first()) {
        (Some(cause), _) => is(Verdict::Partly, cause),
        (None, Some(other)) => {
            Health { verdict: Verdict::Partly, root: Some(other.clone()), also: also.into_iter().skip(1).collect() }
        }
        (None, None) => Health { verdict: Verdict::Enforced, root: None, also },
    }
}

pub(super) fn cause(code: &'static str, what: impl Into<String>, next: impl Into<String>) -> Cause {
    Cause { code, what: what.into(), next: next.into() }
}

fn switched_off(seen: &Seen) -> Option<Cause> {
    match &seen.disabled {
        disabled::Seen::Yes(disabled) => {
            Some(cause("disabled", disabled.in_words(), "`pullgate enable` as root ends it now"))
        }
        disabled::Seen::No | disabled::Seen::NotVisible => None,
    }
}

fn no_plugin(seen: &Seen) -> Option<Cause> {
    seen.plugin.as_ref().err().map(|why| {
        if why.starts_with(CANNOT_START) {
            let next =
                "mend that, and it starts by itself; `pullgate disable --for 1h` as root gets Docker back meanwhile";
            return cause("plugin_cannot_start", why.as_str(), next);
        }
        let meanwhile = match &seen.engine.asks {
            Proof::Untried(_) if seen.engine.names_the_plugin() == Configured::Yes => {
                ", and the engine refuses everything until it does"
            }
            _ => "",
        };
        cause("plugin_down", format!("the plugin does not answer ({why}){meanwhile}"), plugin::START)
    })
}

/// Whether the engine goes past the plugin, as far as it could be asked.
fn not_asked(seen: &Seen) -> Option<Cause> {
    let next = "`pullgate install` as root puts it there; `pullgate doctor` says more";
    match &seen.engine.asks {
        Proof::Refuted(words) => {
            Some(cause("engine_does_not_ask", format!("the engine does not ask the plugin; it says: {words}"), next))
        }
        Proof::Untried(_) if seen.engine.is_not_configured() => {
            Some(cause("engine_does_not_ask", "the engine's configuration does not name the plugin", next))
        }
        Proof::Untried(_) | Proof::Proved => None,
    }
}

/// Who may bring images in: nobody, though the machine asks for it; or nobody is asked for.
fn signed_in(seen: &Seen, status: &StatusResponse) -> (Option<Cause>, Option<Cause>) {
    let login = match seen.login_host.as_str() {
        "" => "`docker login`".to_owned(),
        host => format!("`docker login {host}` or `pullgate login`"),
    };
    let file_error = status.sign_in_files.iter().find(|file| file.in_force).map_or("", |file| file.error.as_str());
    if status.sign_in_enforced && (!file_error.is_empty() || status.allowed_organizations.is_empty()) {
        let why = if file_error.is_empty() { "this machine is not enrolled" } else { file_error };
        let what = format!("nobody can bring images in: {why}");
        return (Some(cause("sign_in_unusable", what, "correct the file as root; it counts at once")), None);
    }
    let counts = |organization: &String| {
        !status.sign_in_enforced || status.allowed_organizations.iter().any(|allowed| allowed == organization)
    };
    let valid = || status.sessions.iter().filter(|session| !session.expired);
    if valid().any(|session| session.organizations.iter().any(counts)) {
        return (None, None);
    }
    let (code, what, next) = if let Some(session) = status.sessions.iter().find(|session| session.expired) {
        let what = format!("the sign-in of {} has ended: it was not renewed in time", session.user);
        ("session_expired", what, "connect to the policy service, and see that the agent runs".to_owned())
    } else if let Some(session) = valid().next() {
        let what = format!("{} is signed in, and not to {}", session.user, status.allowed_organizations.join(" or "));
        ("sign_in_required", what, login)
    } else if !status.enrollment_error.is_empty() {
        let next = "as root put the output of `pullgate-service enrollment` there";
        ("not_enrolled", status.enrollment_error.clone(), next.to_owned())
    } else if seen.agent == Agent::Missing {
        let next = format!("`systemctl --user start pullgated`, then {login}");
        ("agent_missing", "nobody is signed in, and your agent does not run".to_owned(), next)
    } else {
        ("nobody_signed_in", "nobody is signed in".to_owned(), login)
    };
    match status.sign_in_enforced {
        true => (Some(cause(code, format!("nobody brings images in: {what}"), next)), None),
        false => (None, Some(cause(code, what, next))),
    }
}

/// Whether some policy that is in force refuses something.
fn policies(status: &StatusResponse) -> Option<Cause> {
    let governs = |organization: &String| {
        status.sessions.iter().any(|session| !session.expired && session.organizations.contains(organization))
    };
    let governing = || status.policies.iter().filter(|policy| governs(&policy.organization));
    let names = |of: &dyn Fn(&str) -> bool| -> Vec<String> {
        governing().filter(|policy| of(&policy.mode)).map(|policy| policy.organization.clone()).collect()
    };
    if status.sessions.iter().all(|session| session.expired) {
        return None;
    }
    if governing().any(|policy| policy.enabled && policy.mode == Mode::Enforce.code()) {
        return None;
    }
    let watching: Vec<_> = governing().filter(|policy| policy.enabled).map(|p| p.organization.clone()).collect();
    if !watching.is_empty() {
        let what = format!("the policy of {} only records what it would refuse (mode monitor)", watching.join(", "));
        return Some(cause("monitor", what, "an owner sets its mode to enforce"));
    }
    let off = names(&|_| true);
    if off.is_empty() {
        // Where sign-in is enforced, a policy that has not come is a refusal.
        let what = "no policy has reached this machine";
        let next = "`pullgate sync`, and see that the agent runs and reaches the policy service";
        return (!status.sign_in_enforced).then(|| cause("policy_missing", what, next));
    }
    Some(cause("policy_off", format!("the policy of {} is switched off", off.join(", ")), "an owner switches it on"))
}

fn cannot_tell(seen: &Seen) -> Option<Cause> {
    match (&seen.engine.answers, &seen.engine.asks) {
        (Answers::NotThisUser(why), _) => {
            let what = format!("whether the engine asks the plugin is not visible to you: {why}");
            Some(cause("not_visible", what, "run this as root"))
        }
        (Answers::No(why), _) => {
            let next = "while the engine runs, `pullgate status` proves it";
            Some(cause("engine_down", format!("whether the engine asks the plugin is not proved: {why}"), next))
        }
        (Answers::Yes, Proof::Untried(why)) => {
            let what = format!("whether the engine asks the plugin is not proved: {why}");
            Some(cause("not_proved", what, "`pullgate doctor` says more"))
        }
        (Answers::Yes, _) => None,
    }
}

/// Ways in that nothing covers. What programs in containers fetch is told in the table alone: it is open on every
/// machine that does not ask for more.
fn open_ways(seen: &Seen, ways: &[Way]) -> Option<Cause> {
    let uncovered = |way: &&Way| way.state != State::Enforced && way.way != "containers";
    let names: Vec<&str> = ways.iter().filter(uncovered).map(|way| way.what).collect();
    let first = ways.iter().find(uncovered)?;
    let next = match (seen.door.is_there(), first.way) {
        (false, _) => "`pullgate install` can set one up",
        (true, "loopback") => "`pullgate egress apply` as root",
        (true, _) => "`pullgate doctor` says what to do",
    };
    Some(cause("open_ways", format!("not {}: {}", names.join(", "), first.why), next))
}

/// What does not change the answer.
fn notices(status: &StatusResponse) -> Vec<Cause> {
    let old = status.policies.iter().filter(|policy| policy.enabled && policy.age != "fresh");
    let old = old.map(|policy| {
        let what = format!("the policy of {} is {}: nobody renewed it", policy.organization, policy.age);
        cause("policy_old", what, "connect to the policy service; `pullgate sync` asks at once")
    });
    let lost = (status.records_dropped > 0).then(|| {
        let what = format!("{} records of decisions are lost: no agent fetched them in time", status.records_dropped);
        cause("records_lost", what, "see that an agent runs")
    });
    let forgotten = status.names_lost.then(|| {
        let what = "the memory of image names is lost or full: names that are not in it are of unknown origin";
        cause("names_lost", what, "")
    });
    old.chain(lost).chain(forgotten).collect()
}

#[cfg(test)]
mod tests;
