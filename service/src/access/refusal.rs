//! Which organizations refuse an image to a person: the machines' own function on the policies as they are now.

use std::sync::Arc;

use policy::{Action, Category, Directory, Enforced, ImageRef, Policy, Reason, Session, Timestamp, decide};
use proto::{
    chain,
    convert::{self, ConvertError},
    document::Header,
};

use super::AccessError;
use crate::{
    model::{Account, Membership, PolicyState},
    publish::{CompileError, compile},
    store::Reading,
};

/// Longer than any judgement takes.
const VALID_SECONDS: i64 = 3600;

/// An organization that refuses an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub organization: String,
    /// Why.
    pub reason: Reason,
    /// The rule that refuses; none: no single one does.
    pub rule: Option<String>,
    /// The kind of image, where the policy looked at it.
    pub category: Option<Category>,
    /// Not yet: the organization only watches.
    pub watched: bool,
}

/// A person and the policies that hold for them, as the database has them.
pub struct Case {
    organizations: Vec<(i64, String)>,
    session: Session,
    policies: Vec<Policy>,
    now: i64,
}

impl Case {
    /// Reads it. Takes what is not published yet as if it were: that is a matter of milliseconds.
    ///
    /// # Errors
    /// [`AccessError::Store`], [`AccessError::Policy`].
    pub async fn read(view: &mut Reading, account: &Account, now: i64) -> Result<Self, AccessError> {
        let memberships = view.memberships(account.id).await?;
        let directory = compile::directory(view.publishers().await?);
        let directory = Arc::new(convert::directory(&directory).map_err(unusable("publishers"))?);
        let (mut organizations, mut policies) = (Vec::new(), Vec::new());
        for membership in &memberships {
            let name = &membership.organization;
            let Some(id) = view.organization_id(name).await? else { continue };
            policies.push(policy(view.policy(id, name).await?, &directory, now)?);
            organizations.push((id, name.clone()));
        }
        let session = session(account, &memberships, now)?;
        Ok(Self { organizations, session, policies, now })
    }

    /// The same policies, and another person.
    ///
    /// # Errors
    /// [`AccessError::Store`], [`AccessError::Policy`].
    pub async fn of(self, view: &mut Reading, account: &Account) -> Result<Self, AccessError> {
        let mut memberships = view.memberships(account.id).await?;
        memberships.retain(|membership| self.organizations.iter().any(|(_, name)| *name == membership.organization));
        Ok(Self { session: session(account, &memberships, self.now)?, ..self })
    }

    /// Leaves only these organizations, as a machine does that demands a sign-in to one of them.
    #[must_use]
    pub fn only(mut self, organizations: &[String]) -> Self {
        if !organizations.is_empty() {
            let named = |name: &str| organizations.iter().any(|only| only.eq_ignore_ascii_case(name));
            self.organizations.retain(|(_, name)| named(name));
            self.session.organizations.retain(|membership| named(&membership.organization));
        }
        self
    }

    /// Whether any organization is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.organizations.is_empty()
    }

    /// Who refuses a pull of it, now or once monitoring ends.
    ///
    /// # Errors
    /// [`AccessError::Nowhere`].
    pub fn refusals(&self, image: &ImageRef) -> Result<Vec<Refusal>, AccessError> {
        let action = Action::pull(image.clone().or_latest());
        let mut refusals = Vec::new();
        for (id, organization) in &self.organizations {
            let enforced = self.with_only(organization);
            let decision = decide(&enforced, &action, Timestamp(self.now));
            let denied = decision.effect == policy::Effect::Deny;
            if denied && decision.organization.is_none() {
                return Err(AccessError::Nowhere(image.to_string()));
            }
            if denied || decision.would_deny {
                refusals.push(Refusal {
                    id: *id,
                    organization: organization.clone(),
                    reason: decision.reason,
                    rule: decision.rule.map(|rule| rule.id.clone()),
                    category: decision.category,
                    watched: !denied,
                });
            }
        }
        Ok(refusals)
    }

    /// The others' namespaces count as everywhere, and nothing else of them.
    fn with_only(&self, organization: &str) -> Enforced {
        let switched = |policy: &Policy| {
            let mut policy = policy.clone();
            policy.enabled &= policy.organization.eq_ignore_ascii_case(organization);
            Arc::new(policy)
        };
        let policies = self.policies.iter().map(switched).collect();
        Enforced { sessions: vec![self.session.clone()], policies, ..Enforced::default() }
    }
}

fn session(account: &Account, memberships: &[Membership], now: i64) -> Result<Session, AccessError> {
    let mut document = compile::session("", 0, memberships);
    document.header = Some(header(&account.name, now));
    convert::session(&document).map_err(unusable(&account.name))
}

fn policy(state: PolicyState, directory: &Arc<Directory>, now: i64) -> Result<Policy, AccessError> {
    let organization = state.organization.clone();
    let mut document = compile::policy(state, [0; 32]);
    document.header = Some(header(&organization, now));
    convert::policy(&document, Arc::clone(directory)).map_err(unusable(&organization))
}

fn header(subject: &str, now: i64) -> Header {
    Header {
        subject: subject.to_owned(),
        audience: String::new(),
        generation: 1,
        issued_at: now,
        refresh_after: now.saturating_add(VALID_SECONDS),
        expires_at: now.saturating_add(VALID_SECONDS),
    }
}

fn unusable(of: &str) -> impl FnOnce(ConvertError) -> AccessError {
    let organization = of.to_owned();
    move |error| AccessError::Policy { organization, source: CompileError::Refused(chain(&error)) }
}
