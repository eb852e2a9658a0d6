//! What was found, judged. Pure.

use proto::{chain, sign_in::Demand};

mod door;
mod engine;
mod machine;
mod service;
mod skew;

use super::facts::Facts;
use crate::status::{coverage::Proof, seen::Agent};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// It works, and somebody may be surprised.
    Notice,
    /// It does not work.
    Wrong,
}

impl State {
    /// The stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable word.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// In a sentence.
    pub what: String,
    /// What to do; empty: nothing.
    pub next: String,
}

/// In the order in which a sign-in travels: what is wrong first is the cause of what follows.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = files(facts);
    findings.extend(machine::disabled(facts));
    findings.push(plugin(facts));
    findings.push(machine::socket(facts));
    findings.push(engine(facts));
    findings.extend(engine::files(facts));
    findings.extend(engine::version(facts));
    findings.extend(door::findings(facts));
    findings.extend(facts.plugin.as_ref().ok().and_then(skew::findings));
    findings.extend(service::findings(facts));
    findings.push(credentials(facts));
    findings.extend(machine::agent(facts));
    findings.extend(session(facts));
    findings.extend(machine::users(facts));
    findings
}

fn finding(check: &'static str, state: State, what: impl Into<String>, next: &str) -> Finding {
    Finding { check, state, what: what.into(), next: next.to_owned() }
}

fn files(facts: &Facts) -> Vec<Finding> {
    let enrollment = match &facts.files.enrollment {
        Ok(enrollment) => finding("enrollment", State::Good, format!("policy service {}", enrollment.service), ""),
        Err(error) if error.is_missing() => finding(
            "enrollment",
            State::Notice,
            chain(error),
            "put the output of `pullgate-service enrollment` there, if this machine should have a policy",
        ),
        Err(error) => finding(
            "enrollment",
            State::Wrong,
            chain(error),
            "correct it as root; until it is right, nobody brings images in",
        ),
    };
    let report = facts.files.report();
    let counts = report.iter().find(|file| file.in_force);
    let by = counts.map(|file| format!(" (`{}` says so)", file.path)).unwrap_or_default();
    let rolled_out_first =
        facts.files.enrollment.as_ref().is_err_and(|error| error.is_missing()) && facts.files.registry_json.is_ok();
    let demand = match facts.files.demand() {
        Demand::Optional => finding("sign-in", State::Good, format!("optional{by}"), ""),
        Demand::Required(organizations) => {
            finding("sign-in", State::Good, format!("enforced: {}{by}", organizations.join(", ")), "")
        }
        Demand::Nobody(why) => finding(
            "sign-in",
            State::Wrong,
            format!("enforced, and nobody is good enough: {why}"),
            if rolled_out_first {
                "enroll this machine as root: put the output of `pullgate-service enrollment` there, or take Docker's file \
                 away; it takes effect at once"
            } else {
                "correct the file as root; it takes effect at once"
            },
        ),
    };
    let ignored = report.iter().filter(|file| file.present && !file.in_force && !file.error.is_empty()).map(|file| {
        let why = if facts.files.enrollment.is_ok() { "has `allowedOrgs`" } else { "has to be right first" };
        let what = format!("{}; it does not count here, since the enrollment file {why}", file.error);
        finding("sign-in", State::Notice, what, "correct it or remove it")
    });
    [enrollment, demand].into_iter().chain(ignored).collect()
}

fn plugin(facts: &Facts) -> Finding {
    match &facts.plugin {
        Err(why) => finding(
            "plugin",
            State::Wrong,
            why.clone(),
            "start it: `systemctl start pullgate-plugin`; where nothing is installed, `pullgate install`",
        ),
        Ok(status) => {
            let differs = status
                .sign_in_files
                .iter()
                .map(|file| (&file.path, &file.error, &file.organizations))
                .ne(facts.files.report().iter().map(|file| (&file.path, &file.error, &file.organizations)));
            let what = format!("version {} on machine {}", status.version, status.machine_id);
            match differs && !status.sign_in_files.is_empty() {
                false => finding("plugin", State::Good, what, ""),
                true => {
                    let files: Vec<_> = status
                        .sign_in_files
                        .iter()
                        .map(|file| match file.error.as_str() {
                            "" => format!("`{}`", file.path),
                            error => error.to_owned(),
                        })
                        .collect();
                    let what = format!(
                        "{what}; it reads the administrator's files otherwise than you do: {}",
                        files.join("; ")
                    );
                    finding(
                        "plugin",
                        State::Notice,
                        what,
                        "what the plugin reads counts; run this as root, or give its --enrollment",
                    )
                }
            }
        }
    }
}

fn engine(facts: &Facts) -> Finding {
    match &facts.engine.asks {
        Proof::Proved => finding("engine", State::Good, "asks pullgate before it acts", ""),
        Proof::Refuted(words) => finding(
            "engine",
            State::Wrong,
            format!("does not ask pullgate: {words}"),
            "`pullgate install` as root adds it to the engine's configuration and proves that it is asked",
        ),
        Proof::Untried(why) => finding(
            "engine",
            State::Notice,
            format!("not proved: {why}"),
            "run this as a user who may use docker, while the engine runs",
        ),
    }
}

fn credentials(facts: &Facts) -> Finding {
    let login = match &facts.files.enrollment {
        Ok(enrollment) => format!("sign in with `docker login {}` or `pullgate login`", enrollment.login_host()),
        Err(_) => "sign in with `docker login`".to_owned(),
    };
    match &facts.credentials {
        Err(why) => {
            finding("credentials", State::Wrong, format!("cannot be read: {why}"), "install the agent, `pullgated`")
        }
        Ok(answer) => match (answer["user"].as_str(), answer["error"].as_str()) {
            (Some(user), _) => {
                let key = answer["key"].as_str().unwrap_or_default();
                finding("credentials", State::Good, format!("{user} (`{key}`)"), "")
            }
            (None, Some(class)) => {
                let detail = answer["detail"].as_str().unwrap_or_default();
                let what = format!("cannot be used, so nobody counts as signed in: {detail} ({class})");
                let next = "correct that; `pullgate credentials` shows it again";
                finding("credentials", if_needed(facts), what, next)
            }
            (None, None) if facts.files.demand() == Demand::Optional => {
                finding("credentials", State::Notice, "nobody is signed in", &login)
            }
            (None, None) => match (somebody(facts), &facts.agent) {
                (Some(user), _) => {
                    let what = format!("nobody is signed in as this user; the session of {user} counts");
                    finding("credentials", State::Notice, what, "")
                }
                (None, Agent::NotExpected) => {
                    let what = "nobody is signed in as this user, and nobody has to: people are, each as themselves";
                    finding("credentials", State::Notice, what, "run this as somebody who uses docker")
                }
                (None, _) => finding("credentials", State::Wrong, "nobody is signed in", &login),
            },
        },
    }
}

/// Whose session is good enough for this machine, of whomever.
fn somebody(facts: &Facts) -> Option<&str> {
    let counts = |organizations: &[String]| match facts.files.demand() {
        Demand::Required(allowed) => organizations.iter().any(|name| allowed.contains(name)),
        Demand::Optional => true,
        Demand::Nobody(_) => false,
    };
    let sessions = &facts.plugin.as_ref().ok()?.sessions;
    let valid = sessions.iter().find(|session| !session.expired && counts(&session.organizations))?;
    Some(&valid.user)
}

/// Wrong only where this user's sign-in is what is missing: not where nobody expects one, or somebody else's counts.
fn if_needed(facts: &Facts) -> State {
    match facts.agent == Agent::NotExpected || somebody(facts).is_some() {
        true => State::Notice,
        false => State::Wrong,
    }
}

/// Whether the sign-in arrived: only told where there is a plugin and a service.
fn session(facts: &Facts) -> Option<Finding> {
    let status = facts.plugin.as_ref().ok()?;
    facts.files.enrollment.as_ref().ok()?;
    let named = facts.credentials.as_ref().ok().and_then(|answer| answer["user"].as_str());
    let session = status.sessions.iter().find(|session| session.uid == facts.uid);
    Some(match (session, named) {
        (Some(session), _) if session.expired => finding(
            "session",
            State::Wrong,
            format!("the session of {} has expired: it was not renewed in time", session.user),
            "connect to the policy service, and see that the agent runs: `systemctl --user status pullgated`",
        ),
        (Some(session), _) => {
            let organizations = session.organizations.join(", ");
            let what = format!("{} of {organizations} is in force", session.user);
            match facts.files.demand() {
                Demand::Required(allowed) if !session.organizations.iter().any(|name| allowed.contains(name)) => {
                    finding(
                        "session",
                        State::Wrong,
                        format!("{what}, and this machine asks for {}", allowed.join(" or ")),
                        "sign in with an account of one of them, or ask to be added",
                    )
                }
                _ => finding("session", State::Good, what, ""),
            }
        }
        (None, Some(user)) => finding(
            "session",
            if_needed(facts),
            format!("{user} is in the credentials, and no session of this user is in force"),
            "see what the agent says: `systemctl --user status pullgated`, `journalctl --user -u pullgated`",
        ),
        (None, None) => match somebody(facts) {
            Some(user) => finding("session", State::Good, format!("{user} is in force"), ""),
            None => finding("session", State::Notice, "none of this user is in force", ""),
        },
    })
}

#[cfg(test)]
mod tests;
