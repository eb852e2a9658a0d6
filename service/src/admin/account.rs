//! `account`.

use anyhow::bail;
use serde_json::json;

use super::{Admin, account, input};
use crate::{
    cli::AccountCommand,
    clock,
    identity::Hasher,
    model::{Account, Origin, Source},
    names::Name,
    store::Act,
};

pub(super) async fn run(admin: &Admin, command: AccountCommand) -> anyhow::Result<()> {
    match command {
        AccountCommand::Password { user, .. } => password(admin, &user).await,
        AccountCommand::Remove { user } => remove(admin, &user).await,
    }
}

async fn password(admin: &Admin, user: &Name) -> anyhow::Result<()> {
    // Before the password is asked for.
    own(account(&mut admin.store.read().await?, user).await?)?;
    let hash = Hasher::new()?.hash(input::password()?).await?;
    let mut change = admin.store.write().await?;
    let account = own(account(&mut change, user).await?)?;
    change.set_password(account.id, user.as_str(), &hash, clock::now()).await?;
    let act = Act { act: "account.password", organization: "", target: user.as_str(), detail: json!({}) };
    admin.commit(change, act).await?;
    let text = format!("the password of `{user}` was changed; where they are signed in, they have to sign in again");
    admin.out.line(text, &json!({ "user": user.as_str(), "changed": true }));
    Ok(())
}

/// A password of this service is to open an account of this service only.
fn own(account: Account) -> anyhow::Result<Account> {
    if account.origin != Origin::Own {
        bail!("`{}` is an account of {}, and has no password here", account.name, account.origin);
    }
    Ok(account)
}

async fn remove(admin: &Admin, user: &Name) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let account = account(&mut change, user).await?;
    let by = change.sources(account.id).await?.into_iter().find_map(Source::elsewhere);
    change.remove_account(account.id, clock::now()).await?;
    let act = Act { act: "account.remove", organization: "", target: user.as_str(), detail: json!({}) };
    admin.commit(change, act).await?;
    let text = format!("the account `{user}` was removed, with its tokens and memberships");
    admin.out.line(text, &json!({ "user": user.as_str(), "removed": true }));
    if let Some(by) = by {
        admin.out.note(format_args!(
            "{by} made them a member, and at their next sign-in makes the account again unless that ends there"
        ));
    }
    Ok(())
}
