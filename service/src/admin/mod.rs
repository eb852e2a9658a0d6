//! The administration commands: words and printing. What they do is in [`crate::acts`].
//! They work on the database directly; a running `serve` sees the change and publishes it.

mod account;
mod backup;
mod enrollment;
mod input;
mod key;
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
mod words;

use std::path::{Path, PathBuf};

use self::output::Output;
use crate::{
    acts::Actor,
    cli::{AdminCommand, OrganizationCommand, PublisherCommand},
    data_dir::DataDir,
    model::Effect,
    store::{Missing, Place, PostgresUrl, Store},
};

/// What every command needs.
struct Admin {
    data_dir: PathBuf,
    store: Store,
    /// Whoever runs the command.
    actor: Actor,
    out: Output,
}

/// Runs one command of the user `caller`.
///
/// # Errors
/// What was wrong, with the next step. Nothing was changed then.
pub async fn run(
    data_dir: &Path,
    postgres: Option<PostgresUrl>,
    json: bool,
    caller: u32,
    command: AdminCommand,
) -> anyhow::Result<()> {
    // A mistyped `--data-dir` must not become an empty database under every command.
    let creates = matches!(
        command,
        AdminCommand::Organization(OrganizationCommand::Add { .. })
            | AdminCommand::Publisher(PublisherCommand::Set { .. })
            | AdminCommand::Enrollment(_)
            | AdminCommand::Restore { .. }
    );
    let place = match postgres {
        Some(url) => Place::Postgres(url),
        None => Place::Directory(DataDir::open(data_dir, creates)?.path().to_owned()),
    };
    let actor = Actor::Local { uid: caller };
    if let AdminCommand::Restore { file } = &command {
        let out = Output::new(json);
        return backup::restore(&place, data_dir, file, &actor, &out).await.and_then(|()| out.finish());
    }
    let store = Store::open(&place, if creates { Missing::Create } else { Missing::Refuse }).await?;
    let admin = Admin { data_dir: data_dir.to_owned(), store, actor, out: Output::new(json) };
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
        AdminCommand::Key(command) => key::run(&admin, command).await,
        AdminCommand::Records(limit) => trail::records(&admin, limit.limit).await,
        AdminCommand::Audit(limit) => trail::audit(&admin, limit.limit).await,
        AdminCommand::SignIns(limit) => trail::sign_ins(&admin, limit.limit).await,
        AdminCommand::Backup(options) => backup::write(&admin, &options).await,
        // It was done above: there is no database yet.
        AdminCommand::Restore { .. } => Ok(()),
    };
    admin.store.close().await;
    done.and_then(|()| admin.out.finish())
}
