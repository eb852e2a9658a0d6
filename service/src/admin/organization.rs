//! `organization`.

use anyhow::bail;
use serde_json::json;

use super::{Admin, organization_id, organization_token};
use crate::{
    cli::OrganizationCommand,
    clock,
    names::Name,
    store::{Act, Writing},
};

pub(super) async fn run(admin: &Admin, command: OrganizationCommand) -> anyhow::Result<()> {
    match command {
        OrganizationCommand::Add { org, namespace } => add(admin, &org, &namespace).await,
        OrganizationCommand::List => list(admin).await,
        OrganizationCommand::Link { org, oidc_groups, no_oidc_groups, .. } if oidc_groups || no_oidc_groups => {
            link_groups(admin, &org, oidc_groups).await
        }
        OrganizationCommand::Link { org, docker_hub, .. } => link(admin, &org, docker_hub.as_ref()).await,
        OrganizationCommand::Token(command) => organization_token::run(admin, command).await,
    }
}

async fn list(admin: &Admin) -> anyhow::Result<()> {
    let mut view = admin.store.read().await?;
    let links = view.hub_links().await?;
    let hub = |name: &str| links.iter().find(|link| link.name == name).map(|link| link.hub_organization.as_str());
    let grouped = view.oidc_links().await?;
    let groups = |name: &str| grouped.iter().any(|(_, grouped)| grouped == name);
    let names = view.organization_names().await?;
    let row =
        |name: &String| json!({ "organization": name, "hub_organization": hub(name), "oidc_groups": groups(name) });
    let rows: Vec<_> = names.iter().map(row).collect();
    admin.out.lines(&rows, "there is no organization yet", |row| {
        let name = row["organization"].as_str().unwrap_or_default();
        let hub = row["hub_organization"].as_str().map(|hub| format!("members of `{hub}` at Docker Hub"));
        let groups = row["oidc_groups"].as_bool().unwrap_or_default();
        let groups = groups.then(|| "groups of the identity provider".to_owned());
        let others: Vec<String> = hub.into_iter().chain(groups).collect();
        if others.is_empty() { name.to_owned() } else { format!("{name:<24} {}", others.join(", ")) }
    });
    Ok(())
}

async fn link(admin: &Admin, org: &Name, hub_organization: Option<&Name>) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let id = organization_id(&mut change, org).await?;
    let wanted = hub_organization.map(Name::as_str);
    let links = change.hub_links().await?;
    let before = links.iter().find(|link| link.organization == id).map(|link| link.hub_organization.as_str());
    if before == wanted {
        match wanted {
            Some(hub) => bail!("`{org}` is linked to `{hub}` already"),
            None => bail!("`{org}` is linked to no organization of Docker Hub"),
        }
    }
    if let Some(other) = links.iter().find(|link| Some(link.hub_organization.as_str()) == wanted) {
        bail!(
            "`{}` of Docker Hub is linked to the organization `{}`; end that first with \
             `organization link {} --no-docker-hub`",
            other.hub_organization,
            other.name,
            other.name
        );
    }
    let ended = change.set_hub_organization(id, wanted).await?;
    let ended = write_down(admin, &mut change, org, &ended).await?;
    let detail = json!({ "hub_organization": { "from": before, "to": wanted }, "memberships_ended": ended });
    let act = Act { act: "organization.link", organization: org.as_str(), target: org.as_str(), detail };
    admin.commit(change, act).await?;
    let text = match wanted {
        Some(hub) => format!("members of `{hub}` at Docker Hub are members of `{org}` from their next sign-in on"),
        None => format!("`{org}` is linked to no organization of Docker Hub any more; {ended} memberships ended"),
    };
    let value = json!({ "organization": org.as_str(), "hub_organization": wanted, "memberships_ended": ended });
    admin.out.line(text, &value);
    Ok(())
}

async fn link_groups(admin: &Admin, org: &Name, on: bool) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let id = organization_id(&mut change, org).await?;
    if change.oidc_links().await?.iter().any(|(linked, _)| *linked == id) == on {
        match on {
            true => bail!("groups of the identity provider make members of `{org}` already"),
            false => bail!("groups of the identity provider make no members of `{org}`"),
        }
    }
    let ended = change.set_oidc_groups(id, on).await?;
    let ended = write_down(admin, &mut change, org, &ended).await?;
    let detail = json!({ "oidc_groups": on, "memberships_ended": ended });
    let act = Act { act: "organization.link", organization: org.as_str(), target: org.as_str(), detail };
    admin.commit(change, act).await?;
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

/// Each membership that ended with a link has its own line. Returns how many.
async fn write_down(admin: &Admin, change: &mut Writing, org: &Name, ended: &[String]) -> anyhow::Result<usize> {
    for user in ended {
        let act = Act { act: "member.remove", organization: org.as_str(), target: user, detail: json!({}) };
        change.audit(&admin.actor, &act).await?;
    }
    Ok(ended.len())
}

async fn add(admin: &Admin, org: &Name, namespaces: &[Name]) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    if change.organization_id(org.as_str()).await?.is_some() {
        bail!("there is an organization `{org}` already; see `policy show {org}`");
    }
    let id = change.add_organization(org.as_str(), clock::now()).await?;
    for namespace in namespaces {
        if namespace.as_str() == "library" {
            bail!("`library` holds Docker's official images; no organization owns it");
        }
        match change.namespace_owner(namespace.as_str()).await? {
            Some(owner) if owner == org.as_str() => {}
            Some(owner) => bail!("the namespace `{namespace}` belongs to the organization `{owner}`"),
            None => change.add_namespace(id, namespace.as_str()).await?,
        }
    }
    super::check_policy(&mut change, id, org).await?;
    let names: Vec<&str> = namespaces.iter().map(Name::as_str).collect();
    let detail = json!({ "namespaces": names });
    admin
        .commit(change, Act { act: "organization.add", organization: org.as_str(), target: org.as_str(), detail })
        .await?;
    let text =
        format!("organization `{org}` added; its policy is off: switch it on with `policy set {org} --enabled true`");
    admin.out.line(text, &json!({ "organization": org.as_str(), "namespaces": names }));
    if names.is_empty() {
        admin.out.note("it owns no Docker Hub namespace, so no image counts as its own; see `--namespace`");
    }
    Ok(())
}
