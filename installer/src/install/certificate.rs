//! Where engines look for the policy service's certificate authority, so that `docker login` at it works: the engine is
//! who signs in, and it trusts the system's authorities and `certs.d`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proto::{enrollment::Enrollment, trusted_file};

use super::{
    files::{self, FileError, Owned},
    plan::{FileEdit, Whose},
    state::Installed,
    undo::below,
};

/// Where engines look (moby `registry/config.go`), and the registry door with them.
const DIR: &str = "/etc/docker/certs.d";
/// Its name there, for one host.
const NAME: &str = "ca.crt";

/// What engines know of the service's authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The service, as `docker login` names it.
    pub host: String,
    /// Where machines have it.
    pub source: PathBuf,
    /// What is in there; else why not.
    pub authority: Result<Vec<u8>, String>,
    /// Where engines look for it.
    pub path: PathBuf,
    /// What is there.
    pub there: Option<Vec<u8>>,
    /// Whether an install wrote that.
    pub is_ours: bool,
}

impl Certificate {
    /// As it is on this machine; none: the service's certificate is of an authority that machines know.
    ///
    /// # Errors
    /// When what is there cannot be read.
    pub fn look(root: &Path, enrollment: &Enrollment) -> Result<Option<Self>, FileError> {
        let Some(source) = enrollment.ca_file.clone().filter(|_| enrollment.service.starts_with("https://")) else {
            return Ok(None);
        };
        let host = enrollment.login_host().to_owned();
        let path = Path::new(DIR).join(&host).join(NAME);
        let there = files::read(&below(root, &path))?;
        let written = Installed::read(root).unwrap_or_default().written(&path).map(|it| it.after.clone());
        Ok(Some(Self {
            authority: trusted_file::read(&below(root, &source)).map_err(|error| proto::chain(&error)),
            is_ours: written.is_some() && written == there.as_deref().map(files::sha256),
            host,
            source,
            path,
            there,
        }))
    }

    /// What is to be written, or what should be known.
    ///
    /// # Errors
    /// Why nothing is written, in words; none: nothing is to be.
    pub fn edit(&self) -> Result<FileEdit, Option<String>> {
        let (path, host) = (self.path.display(), &self.host);
        let authority = match &self.authority {
            Ok(authority) => authority,
            Err(why) => {
                let source = self.source.display();
                return Err(Some(format!(
                    "{why}; `docker login {host}` and the agent need it: copy the service's `ca.pem` to `{source}`, mode 0644, and run \
                     this again"
                )));
            }
        };
        match &self.there {
            Some(there) if there == authority => Err(None),
            Some(_) if !self.is_ours => Err(Some(format!(
                "`{path}` is another authority than `{}`, and stays as it is; where it is not that of `{host}`, `docker login` fails",
                self.source.display()
            ))),
            there => Ok(FileEdit {
                path: self.path.clone(),
                before: there.clone(),
                after: Some(authority.clone()),
                whose: Whose::Ours(Owned::root(0o644)),
            }),
        }
    }
}

/// Whether a file is one of those; its directories are made with it, and go with it.
#[must_use]
pub fn is_one(path: &Path) -> bool {
    path.starts_with(DIR)
}

/// Takes the directories away that one of those was made in, where nothing else is in them.
pub fn remove_empty(root: &Path, path: &Path) {
    let dirs = path.ancestors().skip(1).take_while(|dir| is_one(path) && dir.starts_with(DIR));
    for dir in dirs {
        if fs::remove_dir(below(root, dir)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_written_where_nobody_else_wrote_one() {
        let base = Certificate {
            host: "gate.example:8443".to_owned(),
            source: "/etc/pullgate/ca.pem".into(),
            authority: Ok(b"new".to_vec()),
            path: "/etc/docker/certs.d/gate.example:8443/ca.crt".into(),
            there: None,
            is_ours: false,
        };
        let before = |it: Certificate| it.edit().map(|edit| edit.before);
        assert_eq!(before(base.clone()), Ok(None));
        let there = |text: &str, is_ours| Certificate { there: Some(text.into()), is_ours, ..base.clone() };
        assert_eq!(before(there("new", false)), Err(None));
        assert_eq!(before(there("old", true)), Ok(Some(b"old".to_vec())));
        let said = before(there("theirs", false)).unwrap_err().unwrap();
        assert!(said.contains("stays as it is"), "{said}");
        let missing = Certificate { authority: Err("there is no `/etc/pullgate/ca.pem`".to_owned()), ..base };
        let said = before(missing).unwrap_err().unwrap();
        assert!(said.contains("copy the service's `ca.pem`"), "{said}");
    }
}
