//! Whether what was put in place is still there, and still means the engine that runs.

use std::{path::Path, time::Duration};

use proto::{chain, egress};

use super::{
    EgressError, apply,
    cgroup::{self, Cgroup},
    listing,
    nft::Nft,
    record,
    rules::{CONTAINERS, ENGINE},
};

/// Rules that are being replaced look wrong for some milliseconds.
const SECOND_LOOK: Duration = Duration::from_millis(200);

/// What a look showed.
#[derive(Debug, Default)]
pub struct Look {
    /// What the file for the plugin says; none: there is no such file, or it is damaged.
    pub state: Option<egress::Rules>,
    /// What is wrong, in words with the next step; empty: nothing.
    pub wrong: Vec<String>,
}

/// Looks at the file for the plugin, the rules, and whom they mean.
///
/// # Errors
/// When it cannot be told.
pub async fn look(state: &Path) -> Result<Look, EgressError> {
    let nft = Nft::new();
    let first = once(&nft, state).await?;
    if first.wrong.is_empty() {
        return Ok(first);
    }
    tokio::time::sleep(SECOND_LOOK).await;
    once(&nft, state).await
}

async fn once(nft: &Nft, file: &Path) -> Result<Look, EgressError> {
    const AGAIN: &str = "put them in place again with `pullgate egress apply`";
    let mut wrong = Vec::new();
    let state = match egress::read(file) {
        Ok(state) => {
            wrong.extend(state.check().err().map(|error| chain(&error)));
            Some(state)
        }
        Err(error) => {
            wrong.push(chain(&error));
            None
        }
    };
    let now = nft.rules().await?;
    let Some(loaded) = record::loaded(file) else {
        if now.is_some() {
            wrong.push(format!("there are rules, but nothing says which were loaded; {AGAIN}"));
        }
        return Ok(Look { state, wrong });
    };
    wrong.extend(listing::difference(&loaded.rules, now.as_deref()).map(|what| format!("{what}; {AGAIN}")));
    // What another control group means for the rules is told already, of the file.
    let engine = state.as_ref().filter(|state| state.check().is_ok()).map(|state| (ENGINE, &state.cgroup));
    let containers = loaded.container_cgroup.as_ref().map(|dir| (CONTAINERS, dir));
    if now.is_some() {
        for (set, dir) in engine.into_iter().chain(containers) {
            wrong.extend(holds(nft, set, dir).await?.map(|what| format!("{what}; {AGAIN}")));
        }
    }
    Ok(Look { state, wrong })
}

async fn holds(nft: &Nft, set: &str, dir: &Path) -> Result<Option<String>, EgressError> {
    match apply::holds(nft, set, &Cgroup::new(&cgroup::tree()?, dir)?).await {
        Ok(()) => Ok(None),
        Err(EgressError::OtherHeld { held, dir, id }) => {
            Ok(Some(format!("the set `{set}` holds {held}, and `{}` is {id}", dir.display())))
        }
        Err(EgressError::NoCgroup { dir }) => Ok(Some(format!("there is no control group `{}`", dir.display()))),
        Err(error) => Err(error),
    }
}
