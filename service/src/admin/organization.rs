//! `organization`.

use serde_json::json;

use super::{Admin, organization_token};
use crate::{
    acts::{
        Condition,
        keeping::{self, KeepingChange},
        namespaces,
        organizations::{self, Organization},
    },
    cli::{NamespaceCommand, OrganizationCommand},
    clock,
    model::AllowedPulls,
    names::Name,
    validity::span,
};

pub(super) async fn run(admin: &Admin, command: OrganizationCommand) -> anyhow::Result<()> {
    match command {
        OrganizationCommand::Add { org, namespace } => add(admin, &org, &namespace).await,
        OrganizationCommand::List => list(admin).await,
        OrganizationCommand::Link { org, oidc_groups, no_oidc_groups, .. } if oidc_groups || no_oidc_groups => {
            link_groups(admin, &org, oidc_groups).await
        }
        OrganizationCommand::Link { org, docker_hub, .. } => link(admin, &org, docker_hub.as_ref()).await,
        OrganizationCommand::Keep { org, allowed_pulls, records, records_default } => {
            let keep_records = if records_default { Some(None) } else { records.map(Some) };
            keep(admin, &org, KeepingChange { allowed_pulls, keep_records }).await
        }
        OrganizationCommand::Namespace(NamespaceCommand::Add { org, namespace }) => {
            add_namespace(admin, &org, &namespace).await
        }
        OrganizationCommand::Token(command) => organization_token::run(admin, command).await,
    }
}

async fn list(admin: &Admin) -> anyhow::Result<()> {
    let organizations = admin.said(organizations::list(&admin.store, &admin.actor).await).await?;
    admin.out.lines(&organizations, "there is no organization yet", |row: &Organization| {
        let name = &row.organization;
        let hub = row.hub_organization.as_ref().map(|hub| format!("members of `{hub}` at Docker Hub"));
        let groups = row.oidc_groups.then(|| "groups of the identity provider".to_owned());
        let others: Vec<String> = hub.into_iter().chain(groups).collect();
        if others.is_empty() { name.clone() } else { format!("{name:<24} {}", others.join(", ")) }
    });
    Ok(())
}

async fn keep(admin: &Admin, org: &Name, change: KeepingChange) -> anyhow::Result<()> {
    let kept = admin.said(keeping::set(&admin.store, &admin.actor, org, change, &Condition::Any).await).await?;
    let allowed = match kept.allowed_pulls {
        AllowedPulls::None => "nothing of what was allowed",
        AllowedPulls::Counts => "of what was allowed how often, by day, person and image",
        AllowedPulls::All => "each that was allowed too",
    };
    let time = kept.keep_records.map_or_else(|| "as long as the service is set".to_owned(), span);
    let text =
        format!("`{org}` keeps refusals, and {allowed}, for {time}; what is kept beyond that goes within the hour");
    let value = json!({
        "organization": org.as_str(), "allowed_pulls": kept.allowed_pulls, "keep_records": kept.keep_records,
    });
    admin.out.line(text, &value);
    Ok(())
}

async fn link(admin: &Admin, org: &Name, hub_organization: Option<&Name>) -> anyhow::Result<()> {
    let linked = organizations::link_docker_hub(&admin.store, &admin.actor, org, hub_organization).await;
    let ended = admin.said(linked).await?.ended.len();
    let wanted = hub_organization.map(Name::as_str);
    let text = match wanted {
        Some(hub) => format!("members of `{hub}` at Docker Hub are members of `{org}` from their next sign-in on"),
        None => format!("`{org}` is linked to no organization of Docker Hub any more; {ended} memberships ended"),
    };
    let value = json!({ "organization": org.as_str(), "hub_organization": wanted, "memberships_ended": ended });
    admin.out.line(text, &value);
    Ok(())
}

async fn link_groups(admin: &Admin, org: &Name, on: bool) -> anyhow::Result<()> {
    let linked = organizations::link_groups(&admin.store, &admin.actor, org, on).await;
    let ended = admin.said(linked).await?.ended.len();
    let text = match on {
        true => format!(
            "whoever is in the group `{org}` of the identity provider is a member of `{org}` from their next \
             `pullgate login` on, and in the group `{org}:TEAM` of its team"
        ),
        false => {
            format!("groups of the identity provider make no members of `{org}` any more; {ended} memberships ended")
        }
    };
    admin.out.line(text, &json!({ "organization": org.as_str(), "oidc_groups": on, "memberships_ended": ended }));
    Ok(())
}

async fn add(admin: &Admin, org: &Name, namespaces: &[Name]) -> anyhow::Result<()> {
    let added = organizations::add(&admin.store, &admin.actor, org, namespaces, clock::now()).await;
    admin.said(added).await?;
    let names: Vec<&str> = namespaces.iter().map(Name::as_str).collect();
    let text =
        format!("organization `{org}` added; its policy is off: switch it on with `policy set {org} --enabled true`");
    admin.out.line(text, &json!({ "organization": org.as_str(), "namespaces": names }));
    if names.is_empty() {
        admin
            .out
            .note("it owns no Docker Hub namespace, so no image counts as its own; see `organization namespace add`");
    }
    Ok(())
}

async fn add_namespace(admin: &Admin, org: &Name, namespace: &Name) -> anyhow::Result<()> {
    let new = admin.said(namespaces::add(&admin.store, &admin.actor, org, namespace).await).await?;
    let already = if new { "" } else { " already" };
    let text =
        format!("`{org}` owns the namespace `{namespace}`{already}: images of `docker.io/{namespace}/*` are its own");
    admin.out.line(text, &json!({ "organization": org.as_str(), "namespace": namespace.as_str(), "new": new }));
    Ok(())
}
