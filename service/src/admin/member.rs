//! `member`.

use serde_json::json;

use super::{Admin, input};
use crate::{
    acts::{
        Condition,
        members::{self, Joins, NewAccount},
    },
    cli::MemberCommand,
    clock,
    identity::Hasher,
    model::{Source, word},
    names::Name,
    store::Member,
};

pub(super) async fn run(admin: &Admin, command: MemberCommand) -> anyhow::Result<()> {
    match command {
        MemberCommand::Add { org, user, role, team, password_stdin, oidc } => {
            let new = match (password_stdin, oidc) {
                // Read and hashed before the change begins: nobody waits for a person at a keyboard.
                (true, _) => NewAccount::Password(Hasher::new()?.hash(input::password(&user)?).await?),
                (_, true) => NewAccount::Oidc,
                _ => NewAccount::No,
            };
            add(admin, &org, Joins { user, role, teams: team }, new).await
        }
        MemberCommand::Remove { org, user } => remove(admin, &org, &user).await,
        MemberCommand::List { org } => {
            let members = admin.said(members::list(&admin.store, &admin.actor, &org).await).await?;
            admin.out.lines(&members, &format!("`{org}` has no members"), |member: &Member| {
                // What is as usual needs no words.
                let by = match member.source {
                    Source::Admin => String::new(),
                    source => format!("  by {}", word(source)),
                };
                format!("{:<24} {:<8} {}{by}", member.user, word(member.role), member.teams.join(", "))
            });
            Ok(())
        }
    }
}

async fn add(admin: &Admin, org: &Name, joins: Joins, how: NewAccount) -> anyhow::Result<()> {
    let new = members::put(&admin.store, &admin.actor, org, &joins, how, &Condition::Any, clock::now()).await;
    let new = admin.said(new).await?.new_account;
    let Joins { user, role, teams } = joins;
    let text = format!("`{user}` is {} of `{org}`{}", word(role), if new { "; the account is new" } else { "" });
    let teams: Vec<&str> = teams.iter().map(Name::as_str).collect();
    let value = json!({
        "organization": org.as_str(), "user": user.as_str(), "role": role, "teams": teams, "new_account": new,
    });
    admin.out.line(text, &value);
    Ok(())
}

async fn remove(admin: &Admin, org: &Name, user: &Name) -> anyhow::Result<()> {
    let removed = admin.said(members::remove(&admin.store, &admin.actor, org, user, &Condition::Any).await).await?;
    let value = json!({ "organization": org.as_str(), "user": user.as_str(), "removed": true });
    admin.out.line(format!("`{user}` is no longer a member of `{org}`; the account stays"), &value);
    if let Some(by) = removed.source.elsewhere() {
        admin
            .out
            .note(format_args!("{by} made them one, and does so again at their next sign-in unless it ends there"));
    }
    Ok(())
}
