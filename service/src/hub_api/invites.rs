//! Invitations.
//!
//! What makes a new account of one, its secret, is not in these answers: Docker Hub's have none, so scripts log them.
//! Who has an account, or gets one by signing in with Docker Hub or the identity provider, answers there; for
//! everybody else an owner makes the link over `/api/v1`.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Organization, Thing},
    moments::moment,
    refused::{Answer, Refused},
    roles,
};
use crate::{
    acts::{
        ActError, invitations,
        members::{self, Joins},
    },
    clock,
    names::Name,
    plain::plain,
    store::Invitation,
};

/// Most in one call: each is a change of its own.
const MOST: usize = 100;
/// Docker's word for an invitee that is none.
const INVALID: &str = "invalid_email_or_docker_id";

/// `POST /v2/invites/bulk`.
#[derive(Deserialize)]
pub(super) struct Invites {
    org: String,
    #[serde(default)]
    team: String,
    invitees: Vec<String>,
    role: String,
    #[serde(default)]
    dry_run: bool,
}

fn invite(invitation: &Invitation) -> Value {
    json!({
        "id": invitation.id, "inviter_username": invitation.inviter, "invitee": invitation.invitee,
        "org": invitation.organization, "team": invitation.teams.first().cloned().unwrap_or_default(),
        "role": roles::sent(invitation.role), "created_at": moment(invitation.created_at),
    })
}

/// `GET /v2/orgs/{organization}/invites`.
pub(super) async fn list(State(hub): State<HubApi>, caller: Caller, At(at): At<Organization>) -> Answer {
    let all = invitations::list(&hub.api.store, &caller.actor, &at.organization, clock::now()).await?;
    Ok(answers::ok(&json!({ "data": all.iter().map(invite).collect::<Vec<_>>() })))
}

/// `POST /v2/invites/bulk`.
pub(super) async fn bulk(State(hub): State<HubApi>, caller: Caller, Body(asked): Body<Invites>) -> Answer {
    let organization: Name = asked.org.parse().map_err(|_| Refused::not_found())?;
    if asked.invitees.len() > MOST {
        return Err(Refused::invalid(format!("these are more than {MOST} invitees; send them in parts")));
    }
    let role = roles::become_of(None, &asked.role)?;
    let teams = match asked.team.as_str() {
        "" => Vec::new(),
        team => vec![team.parse::<Name>().map_err(|error| Refused::invalid(error.to_string()))?],
    };
    let (store, actor, now) = (&hub.api.store, &caller.actor, clock::now());
    let there = members::before_inviting(store, actor, &organization, role, &teams).await?;
    let mut rows = Vec::with_capacity(asked.invitees.len());
    for invitee in &asked.invitees {
        let Ok(user) = invitee.parse::<Name>() else {
            rows.push(json!({ "invitee": invitee, "status": INVALID }));
            continue;
        };
        let is_member = there.iter().any(|member| member.user == user.as_str());
        if asked.dry_run || is_member {
            let status = if is_member { "existing_org_member" } else { "invited" };
            rows.push(json!({ "invitee": invitee, "status": status }));
            continue;
        }
        let joins = Joins { user, role, teams: teams.clone() };
        rows.push(match invitations::create(store, actor, &organization, &joins, now).await {
            Ok(made) => json!({ "invitee": invitee, "status": "invited", "invite": invite(&made.invitation) }),
            // Since a moment ago.
            Err(ActError::MemberAlready { .. }) => json!({ "invitee": invitee, "status": "existing_org_member" }),
            Err(error) => return Err(error.into()),
        });
    }
    // Docker's Terraform provider does not look at the status, and would wait for an invitation that is none.
    if let (Some(first), false) = (asked.invitees.first(), asked.dry_run)
        && rows.iter().all(|row| row["status"] == INVALID)
    {
        let name = plain(first.chars().take(64).collect());
        return Err(Refused::invalid(format!(
            "`{name}` is no name of an account, and addresses of mail are not invited here; send the name of their account"
        )));
    }
    Ok(answers::with(StatusCode::ACCEPTED, &json!({ "invitees": rows })))
}

/// `DELETE /v2/invites/{id}`.
pub(super) async fn take_back(State(hub): State<HubApi>, caller: Caller, At(Thing { id }): At<Thing>) -> Answer {
    invitations::remove_any(&hub.api.store, &caller.actor, &id).await?;
    Ok(answers::done())
}
