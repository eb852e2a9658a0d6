//! *Image access*: what the organization's policy says.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::{Explained as _, Fault, Problem},
    fields::{Fields, lines},
    flash::Flash,
    view::{
        Here, Tab,
        image_access::{self as view, Entered, ImageAccess},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{
        ActError, Condition,
        policy::{self, PolicyChange, PolicyView, Terms},
        preview::{self, Preview},
    },
    clock,
    model::Effect,
    rest::Api,
    roles::Deed,
    validity::{parse_seconds, span},
};

/// Shows it.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let stored = policy::show(&api.store, &visitor.actor(), &name).await?;
    show(&visitor, &organization, &stored, &Entered::of(&stored), &Shown::default())
}

/// Says what it would do, and changes nothing.
pub(super) async fn preview(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let (actor, entered) = (visitor.actor(), Entered::read(&fields)?);
    let shown = match entered.change() {
        Ok(change) => {
            match preview::of_policy(&api.store, &actor, &name, &change, &seen(&fields), clock::now()).await {
                Ok(preview) => Shown { preview: Some(preview), ..Shown::default() },
                Err(ActError::Changed) => Shown { status: StatusCode::CONFLICT, ..Shown::default() },
                Err(error) => Shown::problem(error.explained()?),
            }
        }
        Err(problem) => Shown::problem(problem),
    };
    let stored = policy::show(&api.store, &actor, &name).await?;
    show(&visitor, &organization, &stored, &entered, &shown)
}

/// Changes it, if nobody else did meanwhile, and nothing is taken from many people by accident.
pub(super) async fn save(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let (actor, entered) = (visitor.actor(), Entered::read(&fields)?);
    let shown = match (entered.change(), fields.confirmation()) {
        (Ok(change), Ok(confirmation)) => {
            let terms = Terms { condition: seen(&fields), confirmation };
            match policy::set(&api.store, &actor, &name, &change, &terms, clock::now()).await {
                Ok(now) => {
                    let same = now.tag().as_str() == fields.text("seen");
                    let flash = if same { Flash::PolicySame } else { Flash::PolicySaved };
                    return Ok(visitor::see_other_and_say(&format!("/orgs/{name}/image-access"), flash));
                }
                Err(ActError::Changed) => Shown { status: StatusCode::CONFLICT, ..Shown::default() },
                Err(error @ ActError::Unconfirmed { .. }) => {
                    // What is to be confirmed is shown whole.
                    let now = clock::now();
                    let preview = preview::of_policy(&api.store, &actor, &name, &change, &Condition::Any, now).await?;
                    let (status, problem) = (StatusCode::PRECONDITION_REQUIRED, Some(error.explained()?));
                    Shown { status, problem, preview: Some(preview) }
                }
                Err(error) => Shown::problem(error.explained()?),
            }
        }
        (Err(problem), _) | (_, Err(problem)) => Shown::problem(problem),
    };
    let stored = policy::show(&api.store, &actor, &name).await?;
    show(&visitor, &organization, &stored, &entered, &shown)
}

/// The policy is still what the form was made from.
fn seen(fields: &Fields) -> Condition {
    Condition::One(vec![fields.text("seen").to_owned()])
}

/// What is said of what stands in the form.
#[derive(Debug, Default)]
struct Shown {
    status: StatusCode,
    problem: Option<Problem>,
    preview: Option<Preview>,
}

impl Shown {
    fn problem(problem: Problem) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, problem: Some(problem), preview: None }
    }
}

fn show(
    visitor: &Visitor,
    organization: &str,
    stored: &PolicyView,
    entered: &Entered,
    shown: &Shown,
) -> Result<Response, Fault> {
    let (membership, _) = visitor.member_of(organization)?;
    // Somebody else's change: what is stored now, beside what stands in the form.
    let other = (shown.status == StatusCode::CONFLICT).then(|| Entered::of(stored));
    let (seen, csrf) = (stored.tag(), visitor.cookie.csrf());
    let page = ImageAccess {
        organization,
        editable: visitor.may(membership, Deed::ChangePolicy),
        csrf: &csrf,
        seen: seen.as_str(),
        entered,
        stored: other.as_ref(),
        problem: shown.problem.as_ref(),
        preview: shown.preview.as_ref(),
        published: stored.published,
        namespaces: &stored.state.namespaces,
        rules: [stored.count(Effect::Allow), stored.count(Effect::Deny)],
    };
    let content = view::content(&page);
    Ok(visitor.page(shown.status, Here::Of(membership, Tab::ImageAccess), "Image access", &content))
}

impl Entered {
    /// As the form shows what is stored.
    fn of(view: &PolicyView) -> Self {
        let (settings, beyond) = (&view.state.settings, &view.state.settings.beyond);
        let time = |seconds: Option<i64>| seconds.map(span).unwrap_or_default();
        Self {
            enabled: settings.enabled,
            mode: settings.mode,
            official: settings.official,
            verified_publisher: settings.verified_publisher,
            community: settings.community,
            registry_control: settings.registry_control,
            registries: view.state.registries.join("\n"),
            when_expired: settings.when_expired,
            message: settings.message.clone(),
            request_url: settings.request_url.clone(),
            email: settings.email.clone(),
            session_fresh: time(view.times.fresh),
            session_valid: time(view.times.valid),
            local_content: beyond.local_content,
            run_unapproved: beyond.run_unapproved,
            engine_plugins: beyond.engine_plugins,
            swarm: beyond.swarm,
            builds: beyond.builds,
            container_builders: beyond.container_builders,
            unknown_requests: beyond.unknown_requests,
            push_limited: beyond.push.is_some(),
            push: beyond.push.as_deref().unwrap_or_default().join("\n"),
            protect: beyond.protect,
            protect_allow: beyond.protect_allow.join("\n"),
        }
    }

    /// As the form was sent.
    fn read(fields: &Fields) -> Result<Self, Fault> {
        Ok(Self {
            enabled: fields.is("enabled"),
            mode: fields.word("mode")?,
            official: fields.is("official"),
            verified_publisher: fields.is("verified_publisher"),
            community: fields.is("community"),
            registry_control: fields.is("registry_control"),
            registries: fields.text("registries").to_owned(),
            when_expired: fields.word("when_expired")?,
            message: fields.text("message").to_owned(),
            request_url: fields.text("request_url").to_owned(),
            email: fields.text("email").to_owned(),
            session_fresh: fields.text("session_fresh").to_owned(),
            session_valid: fields.text("session_valid").to_owned(),
            local_content: fields.word("local_content")?,
            run_unapproved: fields.word("run_unapproved")?,
            engine_plugins: fields.word("engine_plugins")?,
            swarm: fields.word("swarm")?,
            builds: fields.word("builds")?,
            container_builders: fields.word("container_builders")?,
            unknown_requests: fields.word("unknown_requests")?,
            push_limited: fields.is("push_limited"),
            push: fields.text("push").to_owned(),
            protect: fields.is("protect"),
            protect_allow: fields.text("protect_allow").to_owned(),
        })
    }

    /// All of it: a form shows everything that it changes.
    fn change(&self) -> Result<PolicyChange, Problem> {
        let time = |field: &'static str, text: &str| match text {
            "" => Ok(None),
            text => parse_seconds(text).map(Some).map_err(|text| Problem { text, field: Some(field) }),
        };
        Ok(PolicyChange {
            enabled: Some(self.enabled),
            mode: Some(self.mode),
            official: Some(self.official),
            verified_publisher: Some(self.verified_publisher),
            community: Some(self.community),
            registry_control: Some(self.registry_control),
            registries: Some(lines(&self.registries)),
            when_expired: Some(self.when_expired),
            message: Some(self.message.clone()),
            request_url: Some(self.request_url.clone()),
            email: Some(self.email.clone()),
            session_fresh: Some(time("session_fresh", &self.session_fresh)?),
            session_valid: Some(time("session_valid", &self.session_valid)?),
            local_content: Some(self.local_content),
            run_unapproved: Some(self.run_unapproved),
            engine_plugins: Some(self.engine_plugins),
            swarm: Some(self.swarm),
            builds: Some(self.builds),
            container_builders: Some(self.container_builders),
            unknown_requests: Some(self.unknown_requests),
            push: Some(self.push_limited.then(|| lines(&self.push))),
            protect: Some(self.protect),
            protect_allow: Some(lines(&self.protect_allow)),
        })
    }
}
