//! The administration commands. Each is one transaction: check, change, write the act down.
//! They work on the database directly; a running `serve` sees the change and publishes it.

mod account;
mod enrollment;
mod input;
mod member;
mod organization;
mod organization_token;
mod output;
mod policy;
mod publisher;
mod requests;
mod rule;
mod token;
mod trail;

use std::path::Path;

use anyhow::{Context as _, bail};

use self::output::Output;
use crate::{
    cli::{AdminCommand, OrganizationCommand, PublisherCommand},
    data_dir::DataDir,
    model::{Account, Effect},
    names::Name,
    publish::compile,
    store::{Act, Missing, Reading, Store, Writing},
};

/// What every command needs.
struct Admin {
    dir: DataDir,
    store: Store,
    /// Who acts, for the trail.
    actor: String,
    out: Output,
}

/// Runs one command.
///
/// # Errors
/// What was wrong, with the next step. Nothing was changed then.
pub async fn run(data_dir: &Path, json: bool, command: AdminCommand) -> anyhow::Result<()> {
    // A mistyped `--data-dir` must not become an empty database under every command.
    let creates = matches!(
        command,
        AdminCommand::Organization(OrganizationCommand::Add { .. })
            | AdminCommand::Publisher(PublisherCommand::Set { .. })
            | AdminCommand::Enrollment(_)
    );
    let dir = DataDir::open(data_dir, creates)?;
    let store = Store::open(dir.path(), if creates { Missing::Create } else { Missing::Refuse }).await?;
    let actor = format!("local:{}", rustix::process::getuid().as_raw());
    let admin = Admin { dir, store, actor, out: Output::new(json) };
    let done = match command {
        AdminCommand::Enrollment(options) => enrollment::print(&admin, options).await,
        AdminCommand::Organization(command) => organization::run(&admin, command).await,
        AdminCommand::Member(command) => member::run(&admin, command).await,
        AdminCommand::Account(command) => account::run(&admin, command).await,
        AdminCommand::Token(command) => token::run(&admin, command).await,
        AdminCommand::Policy(command) => policy::run(&admin, command).await,
        AdminCommand::Allowlist(command) => rule::run(&admin, Effect::Allow, command).await,
        AdminCommand::Denylist(command) => rule::run(&admin, Effect::Deny, command).await,
        AdminCommand::Requests(command) => requests::run(&admin, command).await,
        AdminCommand::Publisher(command) => publisher::run(&admin, command).await,
        AdminCommand::Records(limit) => trail::records(&admin, limit.limit).await,
        AdminCommand::Audit(limit) => trail::audit(&admin, limit.limit).await,
        AdminCommand::SignIns(limit) => trail::sign_ins(&admin, limit.limit).await,
    };
    admin.store.close().await;
    done.and_then(|()| admin.out.finish())
}

impl Admin {
    /// Writes the act down and makes the change durable, in one.
    async fn commit(&self, mut change: Writing, act: Act<'_>) -> anyhow::Result<()> {
        change.audit(&self.actor, &act).await?;
        Ok(change.commit().await?)
    }
}

/// The organization's row, or an error that says which there are.
async fn organization_id(view: &mut Reading, name: &Name) -> anyhow::Result<i64> {
    if let Some(id) = view.organization_id(name.as_str()).await? {
        return Ok(id);
    }
    let known = view.organization_names().await?;
    match known.as_slice() {
        [] => bail!("there is no organization `{name}`, and no other; add one with `organization add {name}`"),
        known => bail!("there is no organization `{name}`; there are {}", list(known)),
    }
}

/// The account, or an error that says how to make it.
async fn account(view: &mut Reading, user: &Name) -> anyhow::Result<Account> {
    let account = view.account(user.as_str()).await?.filter(|account| !account.removed);
    account.with_context(|| {
        format!("there is no account `{user}`; make it with `member add ORG {user} --role member --password-stdin`")
    })
}

/// Refuses a change after which the policy could not be published.
async fn check_policy(change: &mut Writing, id: i64, organization: &Name) -> anyhow::Result<()> {
    let state = change.policy(id, organization.as_str()).await?;
    compile::check_policy(state).with_context(|| format!("the policy of `{organization}` cannot be changed so"))
}

/// Up to ten names for an error text.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
