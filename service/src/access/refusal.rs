//! Which organizations refuse an image to a person: the machines' own function on the policies as they are now.

use std::sync::Arc;

use policy::{Action, Category, Enforced, ImageRef, Policy, Reason, Session, Timestamp, decide};

use super::AccessError;
use crate::{
    model::Account,
    publish::{CompileError, in_force},
    store::Reading,
};

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
        let directory = in_force::directory(view.publishers().await?).map_err(unusable("publishers"))?;
        let (mut organizations, mut policies) = (Vec::new(), Vec::new());
        for membership in &memberships {
            let name = &membership.organization;
            let Some(id) = view.organization_id(name).await? else { continue };
            let state = view.policy(id, name).await?;
            policies.push(in_force::policy(state, &directory, now).map_err(unusable(name))?);
            organizations.push((id, name.clone()));
        }
        let session = in_force::session(&account.name, &memberships, now).map_err(unusable(&account.name))?;
        Ok(Self { organizations, session, policies, now })
    }

    /// The same policies, and another person.
    ///
    /// # Errors
    /// [`AccessError::Store`], [`AccessError::Policy`].
    pub async fn of(self, view: &mut Reading, account: &Account) -> Result<Self, AccessError> {
        let mut memberships = view.memberships(account.id).await?;
        memberships.retain(|membership| self.organizations.iter().any(|(_, name)| *name == membership.organization));
        let session = in_force::session(&account.name, &memberships, self.now).map_err(unusable(&account.name))?;
        Ok(Self { session, ..self })
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

fn unusable(of: &str) -> impl FnOnce(CompileError) -> AccessError {
    let organization = of.to_owned();
    move |source| AccessError::Policy { organization, source }
}
