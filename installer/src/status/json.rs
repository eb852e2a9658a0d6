//! What programs read of it.

use serde_json::{Value, json};

use super::{
    coverage::{Answers, Way},
    disabled,
    health::{Cause, Health, Verdict},
    seen::{Agent, Seen},
};

/// One object. Keys are only added.
pub fn object(seen: &Seen, health: &Health, ways: &[Way]) -> Value {
    let status = seen.plugin.clone().unwrap_or_default();
    let cause = |cause: &Cause| json!({ "code": cause.code, "what": cause.what, "next": cause.next });
    json!({
        "health": {
            "verdict": health.verdict.code(),
            "enforced": match health.verdict {
                Verdict::Enforced | Verdict::Partly => Some(true),
                Verdict::NotEnforced => Some(false),
                Verdict::Unknown => None,
            },
            "line": health.line(),
            "cause": health.root.as_ref().map(cause),
            "also": health.also.iter().map(cause).collect::<Vec<_>>(),
        },
        "version": status.version,
        "machine_id": status.machine_id,
        "plugin_error": seen.plugin.as_ref().err(),
        "disabled": match &seen.disabled {
            disabled::Seen::No => json!({ "disabled": false }),
            disabled::Seen::NotVisible => json!({ "disabled": null }),
            disabled::Seen::Yes(is) => {
                json!({ "disabled": true, "until_ms": is.until_ms, "reason": is.reason, "by": is.by })
            }
        },
        "agent": match seen.agent {
            Agent::Runs(process) => json!({ "runs": true, "process": process }),
            Agent::Missing => json!({ "runs": false }),
            Agent::NotExpected | Agent::NotTold => json!({ "runs": null }),
        },
        "sign_in": {
            "enforced": status.sign_in_enforced,
            "organizations": status.allowed_organizations,
            "enrollment_error": status.enrollment_error,
            "files": status.sign_in_files.iter().map(|file| json!({
                "path": file.path, "present": file.present, "in_force": file.in_force,
                "organizations": file.organizations, "error": file.error,
            })).collect::<Vec<_>>(),
        },
        "sessions": status.sessions.iter().map(|s| json!({
            "user": s.user, "uid": s.uid, "organizations": s.organizations, "expired": s.expired,
        })).collect::<Vec<_>>(),
        "policies": status.policies.iter().map(|p| json!({
            "organization": p.organization, "generation": p.generation, "enabled": p.enabled, "mode": p.mode, "age": p.age,
        })).collect::<Vec<_>>(),
        "engine": {
            "socket": seen.engines.socket,
            "requests": status.requests,
            "denials": status.denials,
            "last_request_at_ms": status.last_request_at_ms,
            "version": status.engine_version,
            "version_told": seen.engine.version_text,
            "lists_the_plugin": seen.engine.listed,
            "names_the_plugin": seen.engine.named,
            "error": match &seen.engine.answers {
                Answers::Yes => None,
                Answers::No(why) | Answers::NotThisUser(why) => Some(why),
            },
        },
        "started_at_ms": status.started_at_ms,
        "records_dropped": status.records_dropped,
        "names": { "remembered": status.names_remembered, "lost": status.names_lost },
        "door": seen.door.to_json(),
        "coverage": ways.iter().map(|way| json!({
            "way": way.way, "what": way.what, "configured": way.configured.code(), "state": way.state.code(), "why": way.why,
        })).collect::<Vec<_>>(),
    })
}
