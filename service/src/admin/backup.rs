//! `backup` and `restore`.

use std::path::Path;

use serde_json::json;

use super::{Admin, Output};
use crate::{
    acts::Actor,
    backup,
    cli::BackupOptions,
    data_dir::DataDir,
    model::ActKind,
    signing_key,
    store::{Act, Place},
};

pub(super) async fn write(admin: &Admin, options: &BackupOptions) -> anyhow::Result<()> {
    let keys_of = options.with_keys.then_some(admin.data_dir.as_path());
    let written = backup::write(&admin.store, keys_of, &options.file).await?;
    let mut change = admin.store.write().await?;
    let detail = json!({ "rows": written.rows, "keys": written.keys });
    let act = Act { act: ActKind::DatabaseBackup, organization: "", target: "", detail };
    change.write_down(&admin.actor.author(), &act).await?;
    change.commit().await?;
    if options.file != Path::new("-") {
        admin.out.line(format_args!("{} rows in {}", written.rows, options.file.display()), &written);
    }
    if options.with_keys {
        admin.out.next_step(format_args!("it holds {}: who reads it can sign policies", written.keys.join(", ")));
    } else {
        let dir = admin.data_dir.display();
        admin.out.next_step(format_args!(
            "it holds no keys: keep a copy of {dir}/signing*.key elsewhere, without which machines believe nothing that \
             is restored (or take it in with `--with-keys`)"
        ));
    }
    Ok(())
}

pub(super) async fn restore(
    place: &Place,
    data_dir: &Path,
    file: &Path,
    actor: &Actor,
    out: &Output,
) -> anyhow::Result<()> {
    let dir = DataDir::open(data_dir, true)?;
    let restored = backup::restore(place, &dir, file, &actor.author()).await?;
    out.line(format_args!("{} rows restored", restored.rows), &restored);
    if !restored.keys.iter().any(|key| signing_key::is_file(key)) {
        out.next_step(format_args!(
            "the backup holds no keys: put signing*.key of the service that was into {}, mode 0600, before you start this one",
            dir.path().display()
        ));
    }
    Ok(())
}
