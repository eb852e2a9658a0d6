//! `member`.

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{Admin, account, input, list, organization_id};
use crate::{
    cli::MemberCommand,
    clock,
    identity::Hasher,
    model::{Origin, Role, Source, word},
    names::Name,
    publish::compile,
    store::{Act, Member},
};

pub(super) async fn run(admin: &Admin, command: MemberCommand) -> anyhow::Result<()> {
    match command {
        MemberCommand::Add { org, user, role, team, password_stdin, oidc } => {
            let new = match (password_stdin, oidc) {
                // Read and hashed before the change begins: nobody waits for a person at a keyboard.
                (true, _) => New::Password(Hasher::new()?.hash(input::password()?).await?),
                (_, true) => New::Oidc,
                _ => New::None,
            };
            add(admin, &org, &user, role, &team, new).await
        }
        MemberCommand::Remove { org, user } => remove(admin, &org, &user).await,
        MemberCommand::List { org } => {
            let mut view = admin.store.read().await?;
            let id = organization_id(&mut view, &org).await?;
            let members = view.members(id).await?;
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

/// How a new account signs in.
enum New {
    /// The account is to be there.
    None,
    /// With a password, of which this is the hash.
    Password(String),
    /// With the identity provider.
    Oidc,
}

async fn add(admin: &Admin, org: &Name, user: &Name, role: Role, teams: &[Name], how: New) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let organization = organization_id(&mut change, org).await?;
    let existing = change.account(user.as_str()).await?.filter(|account| !account.removed);
    let (id, new) = match (existing, how) {
        (Some(account), New::None) => (account.id, false),
        (Some(account), New::Oidc) if account.origin == Origin::Oidc => (account.id, false),
        (None, New::Password(hash)) => (change.add_account(user.as_str(), &hash, clock::now()).await?, true),
        (None, New::Oidc) => (change.new_account(user.as_str(), Origin::Oidc, None, clock::now()).await?, true),
        (None, New::None) => bail!(
            "the account `{user}` is new; give its password with `--password-stdin`, or say `--oidc` when its owner \
             signs in with the identity provider"
        ),
        (Some(account), New::Oidc) => bail!(
            "`{user}` is an account of {}; to let its owner sign in with the identity provider instead, first end it \
             with `account remove {user}`",
            account.origin
        ),
        (Some(account), New::Password(_)) if account.origin != Origin::Own => {
            bail!("`{user}` is an account of {}, and has no password here", account.origin)
        }
        (Some(_), New::Password(_)) => {
            bail!(
                "there is an account `{user}` already; change its password with `account password {user} --password-stdin`"
            )
        }
    };
    let teams: Vec<String> = teams.iter().map(|team| team.as_str().to_owned()).collect();
    change.set_member(organization, id, role, &teams).await?;
    compile::check_session(&change.memberships(id).await?)
        .with_context(|| format!("`{user}` cannot belong to more organizations and teams"))?;
    let detail = json!({ "role": role, "teams": teams, "new_account": new });
    admin.commit(change, Act { act: "member.add", organization: org.as_str(), target: user.as_str(), detail }).await?;
    let text = format!("`{user}` is {} of `{org}`{}", word(role), if new { "; the account is new" } else { "" });
    let value = json!({
        "organization": org.as_str(), "user": user.as_str(), "role": role, "teams": teams, "new_account": new,
    });
    admin.out.line(text, &value);
    Ok(())
}

async fn remove(admin: &Admin, org: &Name, user: &Name) -> anyhow::Result<()> {
    let mut change = admin.store.write().await?;
    let organization = organization_id(&mut change, org).await?;
    let account = account(&mut change, user).await?;
    let members = change.members(organization).await?;
    let source = members.iter().find(|member| member.user == account.name).map(|member| member.source);
    if !change.remove_member(organization, account.id).await? {
        let members: Vec<String> = members.into_iter().map(|member| member.user).collect();
        match members.as_slice() {
            [] => bail!("`{user}` is not a member of `{org}`, which has none"),
            members => bail!("`{user}` is not a member of `{org}`; its members are {}", list(members)),
        }
    }
    let act = Act { act: "member.remove", organization: org.as_str(), target: user.as_str(), detail: json!({}) };
    admin.commit(change, act).await?;
    let value = json!({ "organization": org.as_str(), "user": user.as_str(), "removed": true });
    admin.out.line(format!("`{user}` is no longer a member of `{org}`; the account stays"), &value);
    if let Some(by) = source.and_then(Source::elsewhere) {
        admin
            .out
            .note(format_args!("{by} made them one, and does so again at their next sign-in unless it ends there"));
    }
    Ok(())
}
