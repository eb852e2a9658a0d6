//! `key`.

use super::Admin;
use crate::{
    cli::KeyCommand,
    clock,
    data_dir::DataDir,
    key_rotation::{self, Listed, Rotated, State},
};

pub(super) async fn run(admin: &Admin, command: KeyCommand) -> anyhow::Result<()> {
    let Admin { store, actor, out, .. } = admin;
    let dir = DataDir::open(&admin.data_dir, false)?;
    match command {
        KeyCommand::List => {
            let keys = key_rotation::list(store, &dir).await?;
            out.lines(&keys, "there is no signing key yet: the first start makes one", line);
        }
        KeyCommand::Rotate { prepare } => {
            let rotated = key_rotation::rotate(store, &dir, &actor.author(), prepare, clock::now()).await?;
            say(admin, &dir, &rotated);
        }
        KeyCommand::Retire => {
            let retired = key_rotation::retire(store, &dir, &actor.author(), clock::now()).await?;
            let text = match retired.ended.as_slice() {
                [] => "what was left of earlier keys is removed".to_owned(),
                ended => format!("{} ended: machines that hear of it believe it no more", ended.join(", ")),
            };
            out.line(text, &retired);
            if store.directory().is_none() && !retired.ended.is_empty() {
                out.note(
                    "remove the file of this key from the data directories of the other services, and from old backups",
                );
            }
        }
    }
    Ok(())
}

fn say(admin: &Admin, dir: &DataDir, rotated: &Rotated) {
    let Rotated { from, to, file, signs } = rotated;
    let path = dir.path().join(file);
    if *signs {
        admin.out.line(format!("{to} signs, and {from} beside it"), rotated);
        admin.out.note(format!("keep a copy of {} with your backups", path.display()));
        admin.out.note("`pullgate-service key retire` ends the old key; machines before this version follow no key: update them first");
    } else {
        admin.out.line(format!("{to} is announced; {from} signs"), rotated);
        admin.out.next_step(format!(
            "copy {} into the data directory of each other service on this database, mode 0600; then \
             `pullgate-service key rotate` lets it sign",
            path.display()
        ));
    }
}

fn line(key: &Listed) -> String {
    let state = match key.state {
        State::Announced => "announced",
        State::Signs => "signs",
        State::Trusted => "trusted until `key retire`",
        State::Ended => "ended",
        State::Unknown => "not announced",
    };
    format!("{}  {:<26}  {}", key.id, state, key.file.as_deref().unwrap_or("(not in this data directory)"))
}
