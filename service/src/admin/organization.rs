//! `organization`.

use anyhow::bail;
use serde_json::json;

use super::Admin;
use crate::{cli::OrganizationCommand, clock, names::Name, store::Act};

pub(super) async fn run(admin: &Admin, command: OrganizationCommand) -> anyhow::Result<()> {
    match command {
        OrganizationCommand::Add { org, namespace } => add(admin, &org, &namespace).await,
        OrganizationCommand::List => {
            let names = admin.store.read().await?.organization_names().await?;
            let rows: Vec<_> = names.into_iter().map(|name| json!({ "organization": name })).collect();
            let text = |row: &serde_json::Value| row["organization"].as_str().unwrap_or_default().to_owned();
            admin.out.lines(&rows, "there is no organization yet", text);
            Ok(())
        }
    }
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
