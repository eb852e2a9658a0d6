//! `publisher`.

use anyhow::{Context as _, bail};
use serde_json::json;

use super::Admin;
use crate::{
    cli::PublisherCommand,
    model::{Badge, word},
    names::Name,
    publish::compile,
    store::Act,
};

pub(super) async fn run(admin: &Admin, command: PublisherCommand) -> anyhow::Result<()> {
    match command {
        PublisherCommand::Set { namespace, badge } => set(admin, &namespace, badge).await,
        PublisherCommand::Remove { namespace } => remove(admin, &namespace).await,
        PublisherCommand::List => {
            let publishers = admin.store.read().await?.publishers().await?;
            let rows: Vec<_> = publishers
                .into_iter()
                .map(|(namespace, badge)| json!({ "namespace": namespace, "badge": badge }))
                .collect();
            admin.out.lines(&rows, "no namespace has a badge", |row| {
                format!(
                    "{:<24} {}",
                    row["namespace"].as_str().unwrap_or_default(),
                    row["badge"].as_str().unwrap_or_default()
                )
            });
            Ok(())
        }
    }
}

async fn set(admin: &Admin, namespace: &Name, badge: Badge) -> anyhow::Result<()> {
    if namespace.as_str() == "library" {
        bail!("`library` holds Docker's official images; it needs no badge");
    }
    let mut change = admin.store.write().await?;
    change.set_publisher(namespace.as_str(), badge).await?;
    compile::check_directory(change.publishers().await?).context("the directory of publishers cannot be changed so")?;
    let detail = json!({ "badge": badge });
    admin.commit(change, Act { act: "publisher.set", organization: "", target: namespace.as_str(), detail }).await?;
    let value = json!({ "namespace": namespace.as_str(), "badge": badge });
    admin.out.line(format!("`{namespace}` is a {}", word(badge)), &value);
    Ok(())
}

async fn remove(admin: &Admin, namespace: &Name) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    if !change.remove_publisher(namespace.as_str()).await? {
        bail!("`{namespace}` has no badge; see `publisher list`");
    }
    let act = Act { act: "publisher.remove", organization: "", target: namespace.as_str(), detail: json!({}) };
    admin.commit(change, act).await?;
    let value = json!({ "namespace": namespace.as_str(), "removed": true });
    admin.out.line(format!("`{namespace}` has no badge any more: its images are community images"), &value);
    Ok(())
}
