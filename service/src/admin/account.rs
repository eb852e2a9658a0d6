//! `account`.

use serde_json::json;

use super::{Admin, input};
use crate::{acts::accounts, cli::AccountCommand, clock, identity::Hasher, model::Source, names::Name};

pub(super) async fn run(admin: &Admin, command: AccountCommand) -> anyhow::Result<()> {
    match command {
        AccountCommand::Password { user, .. } => password(admin, &user).await,
        AccountCommand::Remove { user } => remove(admin, &user).await,
    }
}

async fn password(admin: &Admin, user: &Name) -> anyhow::Result<()> {
    // Before the password is asked for.
    admin.said(accounts::has_password(&admin.store, &admin.actor, user).await).await?;
    let hash = Hasher::new()?.hash(input::password(user)?).await?;
    let changed = accounts::password(&admin.store, &admin.actor, user, &hash, clock::now()).await;
    admin.said(changed).await?;
    let text = format!("the password of `{user}` was changed; where they are signed in, they have to sign in again");
    admin.out.line(text, &json!({ "user": user.as_str(), "changed": true }));
    Ok(())
}

async fn remove(admin: &Admin, user: &Name) -> anyhow::Result<()> {
    let sources = admin.said(accounts::remove(&admin.store, &admin.actor, user, clock::now()).await).await?;
    let text = format!("the account `{user}` was removed, with its tokens, memberships and exceptions");
    admin.out.line(text, &json!({ "user": user.as_str(), "removed": true }));
    if let Some(by) = sources.into_iter().find_map(Source::elsewhere) {
        admin.out.note(format_args!(
            "{by} made them a member, and at their next sign-in makes the account again unless that ends there"
        ));
    }
    Ok(())
}
