//! `requests`.

use super::{Admin, input, rule::scope_text};
use crate::{
    access::{self, AccessError, Approval},
    cli::RequestsCommand,
    clock,
    model::{AccessRequest, AccessState, Scope, word},
    plain::{Field, Sentence},
    store::AccessFilter,
};

pub(super) async fn run(admin: &Admin, command: RequestsCommand) -> anyhow::Result<()> {
    match command {
        RequestsCommand::List { state, org, limit } => {
            let mut view = admin.store.read().await?;
            if let Some(org) = &org {
                admin.organization(&mut view, org.as_str()).await?;
            }
            let filter =
                AccessFilter { state, organization: org.as_ref().map(|org| org.as_str()), ..AccessFilter::default() };
            let requests = view.access_requests(&filter, limit).await?;
            admin.out.lines(&requests, "nobody asked for anything", text);
            Ok(())
        }
        RequestsCommand::Approve { id, lasts, for_everyone, team, pattern, note } => {
            let now = clock::now();
            let scope = match (for_everyone, team) {
                (true, _) => Some(Scope::Organization),
                (false, Some(team)) => Some(Scope::Team(team.as_str().to_owned())),
                (false, None) => None,
            };
            let expires_at = lasts.map(|seconds| now.saturating_add(seconds));
            approve(admin, &id, Approval { scope, pattern, expires_at, note }, now).await
        }
        RequestsCommand::Deny { id, reason } => {
            let denied = access::deny(&admin.store, &admin.actor, (None, &id), &reason, clock::now()).await;
            let request = denied.map_err(explained)?;
            admin.out.line(format!("denied: {}", text(&request)), &request);
            Ok(())
        }
    }
}

async fn approve(admin: &Admin, id: &str, approval: Approval, now: i64) -> anyhow::Result<()> {
    let approved = access::approve(&admin.store, &admin.actor, (None, id), approval, now).await.map_err(explained)?;
    let rule = &approved.rule;
    let until = rule.expires_at.map(|at| format!(" until {}", input::date(at))).unwrap_or_default();
    let whom = scope_text(&rule.scope);
    let said = format!("approved: {} is allowed for {whom}{until} (rule {})", rule.pattern, rule.id);
    let also: Vec<&str> = approved.also.iter().map(|other| other.user.as_str()).collect();
    let value = serde_json::json!({ "request": approved.request, "rule": rule, "also": approved.also });
    admin.out.line(said, &value);
    if !also.is_empty() {
        admin.out.note(format!("this answers also {}", also.join(", ")));
    }
    if rule.expires_at.is_none() {
        admin.out.note("it never ends; `--for 30d` allows it for a time");
    }
    Ok(())
}

/// The errors are everybody's; what to type next is the command line's.
fn explained(error: AccessError) -> anyhow::Error {
    let next = match &error {
        AccessError::NoSuch(_) => "`requests list` prints the ids".to_owned(),
        AccessError::Decided { .. } => "the allowlist can be changed with `allowlist`".to_owned(),
        AccessError::Denied { organization, rule, .. } => {
            format!("`denylist remove {organization} {rule}` takes it away")
        }
        _ => return error.into(),
    };
    anyhow::anyhow!("{error}; {next}")
}

fn text(request: &AccessRequest) -> String {
    let AccessRequest { id, organization, user, image, reason, state, .. } = request;
    let answer = match (state, request.decided_at) {
        (AccessState::Pending, _) | (_, None) => String::new(),
        (_, Some(at)) => {
            let by = if request.decided_by.is_empty() { String::new() } else { format!(" by {}", request.decided_by) };
            let until = request.expires_at.map(|at| format!(", until {}", input::date(at))).unwrap_or_default();
            let words = if request.answer.is_empty() { String::new() } else { format!(": {}", request.answer) };
            format!("  ({}{by}{until}{})", input::date(at), Sentence(&words))
        }
    };
    format!(
        "{id}  {}  {:<9}  {}  {} asks {}{answer}  # {}",
        input::date(request.created_at),
        word(*state),
        Field(image),
        Field(user),
        Field(organization),
        Sentence(reason),
    )
}
