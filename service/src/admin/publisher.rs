//! `publisher`.

mod refresh;

use serde_json::json;

use super::Admin;
use crate::{
    acts::{Condition, publishers},
    cli::PublisherCommand,
    model::{Publisher, word},
};

pub(super) async fn run(admin: &Admin, command: PublisherCommand) -> anyhow::Result<()> {
    let Admin { store, actor, out, .. } = admin;
    match command {
        PublisherCommand::Set { namespace, badge } => {
            admin.said(publishers::set(store, actor, &namespace, badge, &Condition::Any).await).await?;
            let value = json!({ "namespace": namespace.as_str(), "badge": badge });
            out.line(format!("`{namespace}` is a {}", word(badge)), &value);
        }
        PublisherCommand::Remove { namespace } => {
            admin.said(publishers::remove(store, actor, &namespace, &Condition::Any).await).await?;
            let value = json!({ "namespace": namespace.as_str(), "removed": true });
            out.line(format!("`{namespace}` has no badge any more: its images are community images"), &value);
        }
        PublisherCommand::List => {
            let publishers = admin.said(publishers::list(store, actor).await).await?;
            let row = |row: Publisher| json!({ "namespace": row.namespace, "badge": row.badge, "source": row.source });
            let rows: Vec<_> = publishers.into_iter().map(row).collect();
            out.lines(&rows, "no namespace has a badge", |row| {
                let text = |key: &str| row[key].as_str().unwrap_or_default();
                format!("{:<24} {:<22} {}", text("namespace"), text("badge"), text("source"))
            });
        }
        PublisherCommand::Refresh(options) => refresh::run(admin, options).await?,
    }
    Ok(())
}
