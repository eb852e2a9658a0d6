//! Answering. Each is one transaction, with its line in the trail.

use policy::{ImageRef, Pattern};
use serde_json::json;

use super::{AccessError, Case, MAX_NOTE_CHARS, MAX_REASON_CHARS, Refusal, known, line};
use crate::{
    acts::{ActError, Actor, check_end, rules},
    id,
    model::{AccessRequest, AccessState, Account, ActKind, Effect, Rule, Scope, word},
    names::Name,
    publish::compile,
    roles::Deed,
    store::{AccessFilter, Act, Answer, Store, Writing},
};

/// Most requests for the same image that one approval answers.
const MOST_AT_ONCE: u32 = 100;

/// How a request is approved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// Whom the rule concerns; none: the person who asked.
    pub scope: Option<Scope>,
    /// Which images; none: what was asked for.
    pub pattern: Option<String>,
    /// When it ends, seconds since the Unix epoch; none: never.
    pub expires_at: Option<i64>,
    /// For the person who asked; part of the rule's reason too.
    pub note: String,
}

/// What an approval did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The request.
    pub request: AccessRequest,
    /// The rule that is in the allowlist now.
    pub rule: Rule,
    /// Other people's requests for the same image that it answers too.
    pub also: Vec<AccessRequest>,
}

/// Allows what was asked for: a rule in the allowlist, which machines have within a second. `within`: only when the
/// request is to this organization.
///
/// # Errors
/// [`AccessError`]; among others when the image would still be refused.
pub async fn approve(
    store: &Store,
    actor: &Actor,
    (within, id): (Option<&Name>, &str),
    approval: Approval,
    now: i64,
) -> Result<Approved, AccessError> {
    let mut change = store.write().await?;
    let request = pending(&mut change, actor, within, id).await?;
    let note = line(&approval.note, MAX_NOTE_CHARS)?;
    check_end(approval.expires_at, now)?;
    let (organization, account) = parties(&mut change, &request).await?;
    let scope = approval.scope.unwrap_or_else(|| Scope::User(request.user.clone()));
    if let Scope::Team(team) = &scope {
        in_team(&mut change, &request, &account, team).await?;
    }
    let pattern = pattern(&request, approval.pattern.as_deref())?;
    let reason = if note.is_empty() { format!("request {id}") } else { format!("request {id}: {note}") };
    let mut rule = Rule {
        id: id::new().map_err(|error| AccessError::System(error.to_string()))?,
        effect: Effect::Allow,
        pattern,
        scope,
        expires_at: approval.expires_at,
        reason,
    };
    let state = change.policy(organization, &request.organization).await?;
    let same =
        |other: &&Rule| other.effect == rule.effect && other.pattern == rule.pattern && other.scope == rule.scope;
    let before = state.rules.iter().find(same).cloned();
    // An approval gives: what is allowed for longer stays so.
    if let Some(before) = before.as_ref().filter(|before| rules::ends_later(before, rule.expires_at, now)) {
        rule.expires_at = before.expires_at;
    }
    let new = rule.id.clone();
    rule = change.put_rule(organization, &rule, now).await?;
    if rule.id == new {
        change.rule_is_by(&new, &actor.name()).await?;
    }
    compile::check_policy(change.policy(organization, &request.organization).await?)
        .map_err(|source| AccessError::Policy { organization: request.organization.clone(), source })?;
    let image = image(&request)?;
    let case = Case::read(&mut change, &account, now).await?.only(std::slice::from_ref(&request.organization));
    if let Some(refusal) = case.refusals(&image)?.pop() {
        return Err(still_refused(request, &refusal, &state.rules));
    }
    let by = actor.name();
    let answer = Answer {
        state: AccessState::Approved,
        by: &by,
        at: now,
        text: &note,
        rule_id: &rule.id,
        expires_at: rule.expires_at,
    };
    change.answer_access_request(id, &answer).await?;
    let also = match rule.scope {
        Scope::User(_) => Vec::new(),
        Scope::Organization | Scope::Team(_) => answer_others(&mut change, &request, &image, case, &answer).await?,
    };
    let detail = json!({
        "image": request.image, "user": request.user, "rule": rule, "before": before,
        "also": also.iter().map(|other| &other.id).collect::<Vec<_>>(),
    });
    let act = Act { act: ActKind::RequestApprove, organization: &request.organization, target: id, detail };
    change.write_down(&actor.author(), &act).await?;
    let request = change.access_request(id).await?.ok_or_else(|| AccessError::NoSuch(id.to_owned()))?;
    change.commit().await?;
    Ok(Approved { request, rule, also })
}

/// Says no. `within`: only when the request is to this organization.
///
/// # Errors
/// [`AccessError`].
pub async fn deny(
    store: &Store,
    actor: &Actor,
    (within, id): (Option<&Name>, &str),
    reason: &str,
    now: i64,
) -> Result<AccessRequest, AccessError> {
    let mut change = store.write().await?;
    let request = pending(&mut change, actor, within, id).await?;
    let reason = line(reason, MAX_REASON_CHARS)?;
    if reason.is_empty() {
        return Err(AccessError::NoReason);
    }
    let by = actor.name();
    let answer = Answer { state: AccessState::Denied, by: &by, at: now, text: &reason, rule_id: "", expires_at: None };
    change.answer_access_request(id, &answer).await?;
    let detail = json!({ "image": request.image, "user": request.user, "reason": reason });
    let act = Act { act: ActKind::RequestDeny, organization: &request.organization, target: id, detail };
    change.write_down(&actor.author(), &act).await?;
    let request = change.access_request(id).await?.ok_or_else(|| AccessError::NoSuch(id.to_owned()))?;
    change.commit().await?;
    Ok(request)
}

/// Whoever asked takes it back. Nobody else's request is there for them.
///
/// # Errors
/// [`AccessError`].
pub async fn withdraw(store: &Store, account: &Account, id: &str, now: i64) -> Result<AccessRequest, AccessError> {
    let mut change = store.write().await?;
    match change.access_request(known(id)?).await? {
        Some(request) if request.user == account.name => {}
        _ => return Err(AccessError::NoSuch(crate::plain::plain(id.chars().take(40).collect()))),
    }
    waits(&mut change, id).await?;
    let answer = Answer { state: AccessState::Withdrawn, by: "", at: now, text: "", rule_id: "", expires_at: None };
    change.answer_access_request(id, &answer).await?;
    let request = change.access_request(id).await?.ok_or_else(|| AccessError::NoSuch(id.to_owned()))?;
    change.commit().await?;
    Ok(request)
}

/// A request that waits for an answer which this actor may give. Of others nobody learns that they are there.
async fn pending(
    change: &mut Writing,
    actor: &Actor,
    within: Option<&Name>,
    id: &str,
) -> Result<AccessRequest, AccessError> {
    let no_such = || AccessError::NoSuch(crate::plain::plain(id.chars().take(40).collect()));
    if let Some(within) = within {
        actor.in_organization(change, within.as_str(), Deed::AnswerRequests).await?;
    }
    let found = change.access_request(known(id)?).await?;
    let here = |request: &AccessRequest| within.is_none_or(|within| request.organization == within.as_str());
    let request = found.filter(here).ok_or_else(no_such)?;
    match actor.in_organization(change, &request.organization, Deed::AnswerRequests).await {
        Ok(_) => waits(change, id).await,
        Err(ActError::NoOrganization(_)) => Err(no_such()),
        Err(error) => Err(error.into()),
    }
}

async fn waits(change: &mut Writing, id: &str) -> Result<AccessRequest, AccessError> {
    let request = change.access_request(id).await?.ok_or_else(|| AccessError::NoSuch(id.to_owned()))?;
    match request.state {
        AccessState::Pending => Ok(request),
        state => Err(AccessError::Decided { id: id.to_owned(), state: word(state) }),
    }
}

/// Row of the organization, and who asked; they may have left meanwhile.
async fn parties(change: &mut Writing, request: &AccessRequest) -> Result<(i64, Account), AccessError> {
    let left = || AccessError::NotAMember { user: request.user.clone(), organization: request.organization.clone() };
    let organization = change.organization_id(&request.organization).await?.ok_or_else(left)?;
    let account = change.account(&request.user).await?.filter(|account| !account.removed).ok_or_else(left)?;
    let memberships = change.memberships(account.id).await?;
    match memberships.iter().any(|membership| membership.organization == request.organization) {
        true => Ok((organization, account)),
        false => Err(left()),
    }
}

async fn in_team(
    change: &mut Writing,
    request: &AccessRequest,
    account: &Account,
    team: &str,
) -> Result<(), AccessError> {
    let memberships = change.memberships(account.id).await?;
    let here = memberships.iter().find(|membership| membership.organization == request.organization);
    match here.is_some_and(|membership| membership.teams.iter().any(|own| own == team)) {
        true => Ok(()),
        false => Err(AccessError::NotInTeam { user: request.user.clone(), team: team.to_owned() }),
    }
}

/// As rules have it.
fn pattern(request: &AccessRequest, given: Option<&str>) -> Result<String, AccessError> {
    let text = given.unwrap_or(&request.image);
    match Pattern::parse(text) {
        Ok(pattern) => Ok(pattern.as_str().to_owned()),
        Err(source) => Err(AccessError::Pattern { pattern: text.to_owned(), source }),
    }
}

fn image(request: &AccessRequest) -> Result<ImageRef, AccessError> {
    ImageRef::parse(&request.image).map_err(|source| AccessError::Image { image: request.image.clone(), source })
}

/// What refuses it in spite of the new rule; `rules` are those of the organization.
fn still_refused(request: AccessRequest, refusal: &Refusal, rules: &[Rule]) -> AccessError {
    let AccessRequest { image, organization, .. } = request;
    match rules.iter().find(|rule| refusal.rule.as_ref() == Some(&rule.id)) {
        Some(Rule { id, pattern, .. }) => {
            AccessError::Denied { image, organization, rule: id.clone(), pattern: pattern.clone() }
        }
        None => AccessError::StillRefused { image, reason: refusal.reason.code() },
    }
}

/// Answers whoever waits for the same in the same organization and has it now.
async fn answer_others(
    change: &mut Writing,
    request: &AccessRequest,
    image: &ImageRef,
    mut case: Case,
    answer: &Answer<'_>,
) -> Result<Vec<AccessRequest>, AccessError> {
    let same = AccessFilter {
        state: Some(AccessState::Pending),
        organization: Some(&request.organization),
        image: Some(&request.image),
        ..AccessFilter::default()
    };
    let mut answered = Vec::new();
    for other in change.access_requests(&same, MOST_AT_ONCE).await? {
        let Ok((_, account)) = parties(change, &other).await else { continue };
        case = case.of(change, &account).await?;
        if case.refusals(image)?.is_empty() && change.answer_access_request(&other.id, answer).await? {
            answered.push(other);
        }
    }
    Ok(answered)
}
