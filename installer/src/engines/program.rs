//! Whether root may run a program that was found somewhere.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// That nobody but root could have written it, or put it there.
///
/// # Errors
/// Why not, in words.
pub(super) fn only_roots(program: &Path) -> Result<(), String> {
    let path = fs::canonicalize(program).map_err(|error| error.to_string())?;
    for part in path.ancestors() {
        let metadata = fs::symlink_metadata(part).map_err(|error| error.to_string())?;
        if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
            return Err(format!("`{}` can be changed by others than root", part.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_could_have_put_there_is_not_run() {
        only_roots(Path::new("/usr/bin/env")).unwrap();
        // In a directory for everybody, as a user's own program.
        let place = tempfile::tempdir_in("/tmp").unwrap();
        let program = place.path().join("dockerd");
        fs::copy("/usr/bin/env", &program).unwrap();
        let why = only_roots(&program).unwrap_err();
        assert!(why.contains("others than root"), "{why}");
        only_roots(&place.path().join("nothing")).unwrap_err();
    }
}
