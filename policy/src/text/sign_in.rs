//! What a developer reads who would have to be signed in.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::{administrator, list};
use crate::{
    enforced::{Enforced, SignIn},
    session::Session,
    time::Timestamp,
};

/// Most names in one sentence.
const MOST_NAMES: usize = 8;

/// Names the organizations, who is signed in instead, the way to sign in, and the contact.
pub(super) fn explain(enforced: &Enforced, now: Timestamp, id: &str) -> String {
    let admin = administrator(&enforced.admin);
    match &enforced.sign_in {
        SignIn::Optional => String::new(),
        SignIn::Unusable(why) => format!(
            "This machine brings images in only for people who are signed in, and nobody can be: {why}.\n\
             Tell {admin}; `pullgate doctor` shows the files (decision {id})"
        ),
        SignIn::Required(organizations) => {
            let organizations = some(organizations.iter().map(String::as_str), "or");
            let who = |sessions: &[&Session]| some(sessions.iter().map(|session| session.user.as_str()), "and");
            let (valid, ended): (Vec<&Session>, Vec<&Session>) =
                enforced.sessions.iter().partition(|session| session.is_valid(now));
            let (what, renew) = match (valid.as_slice(), ended.as_slice()) {
                ([], []) => (format!("people who are signed in to {organizations}, and nobody is"), ""),
                ([], ended) => (
                    format!(
                        "people who are signed in to {organizations}, and the sign-in of {} has ended: \
                         it was not renewed in time",
                        who(ended)
                    ),
                    "Connect to the policy service and it is renewed (`pullgate status`), or s",
                ),
                (valid, _) => {
                    let are = if valid.len() == 1 { "is" } else { "are" };
                    (format!("members of {organizations}, which {} {are} not", who(valid)), "")
                }
            };
            let renew = if renew.is_empty() { "S" } else { renew };
            format!(
                "This machine brings images in only for {what}.\n\
                 {renew}ign in with {}; {admin} can help (decision {id})",
                commands(enforced),
            )
        }
    }
}

/// Every way: who has no password at the service signs in with the organization's identity provider.
fn commands(enforced: &Enforced) -> String {
    let hub = if enforced.docker_hub_login { "`docker login` to Docker Hub, " } else { "" };
    match enforced.login_host.as_str() {
        "" => "`docker login`".to_string(),
        host => format!("{hub}`docker login {host}` or `pullgate login`"),
    }
}

/// All of a few names, and how many more.
fn some<'a>(names: impl Iterator<Item = &'a str>, joint: &str) -> String {
    let names: Vec<&str> = names.collect();
    match names.get(MOST_NAMES..).filter(|more| !more.is_empty()) {
        None => list(names.into_iter(), joint),
        Some(more) => {
            let more = format!("{} others", more.len());
            list(names.iter().take(MOST_NAMES).copied().chain([more.as_str()]), joint)
        }
    }
}
