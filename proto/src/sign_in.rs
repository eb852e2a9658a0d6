//! Whether this machine demands a sign-in: the files that may say so, and which of them counts.
//!
//! 1. The enrollment file, if it is there and cannot be used: nobody is good enough.
//! 2. The enrollment file, if it has `allowedOrgs`, even an empty list: it alone decides.
//! 3. Docker's `registry.json`, if it cannot be used: nobody is good enough.
//! 4. `registry.json`, if it names organizations: one of these. Without an enrollment file nobody can
//!    sign in to them, and nobody is good enough.
//! 5. Otherwise sign-in is optional.

use std::path::{Path, PathBuf};

use crate::{
    chain,
    control::SignInFile,
    enrollment::{self, Enrollment, EnrollmentError},
    registry_json::{self, RegistryJsonError},
};

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// pullgate's own.
    pub enrollment: PathBuf,
    /// Docker's `registry.json`.
    pub registry_json: PathBuf,
}

/// What the files say, at one moment.
#[derive(Debug)]
pub struct SignInFiles {
    paths: Paths,
    /// pullgate's own.
    pub enrollment: Result<Enrollment, EnrollmentError>,
    /// Docker's `registry.json`; none: there is none.
    pub registry_json: Result<Option<Vec<String>>, RegistryJsonError>,
}

/// What is demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// Nobody has to be signed in.
    Optional,
    /// Somebody has to be, to one of these organizations (lower case).
    Required(Vec<String>),
    /// Somebody has to be, and nobody can. Says why.
    Nobody(String),
}

impl SignInFiles {
    /// Reads both.
    #[must_use]
    pub fn read(paths: &Paths) -> Self {
        Self {
            enrollment: enrollment::read(&paths.enrollment),
            registry_json: registry_json::read(&paths.registry_json),
            paths: paths.clone(),
        }
    }

    /// What they demand together.
    #[must_use]
    pub fn demand(&self) -> Demand {
        match (&self.enrollment, &self.registry_json) {
            (Err(error), _) if !error.is_missing() => Demand::Nobody(chain(error)),
            (Ok(enrollment), _) if enrollment.decides_sign_in => required(&enrollment.allowed_orgs),
            (_, Err(error)) => Demand::Nobody(chain(error)),
            (Ok(_), Ok(organizations)) => required(organizations.as_deref().unwrap_or_default()),
            (Err(_), Ok(organizations)) => match required(organizations.as_deref().unwrap_or_default()) {
                Demand::Required(organizations) => Demand::Nobody(format!(
                    "`{}` demands a sign-in to {}, and this machine is not enrolled with a policy service (there is no `{}`)",
                    self.paths.registry_json.display(),
                    organizations.join(", "),
                    self.paths.enrollment.display(),
                )),
                other => other,
            },
        }
    }

    /// For `status`: each file, what it says, and which of them counts.
    #[must_use]
    pub fn report(&self) -> Vec<SignInFile> {
        let path = |path: &Path| path.display().to_string();
        let usable = |error: &EnrollmentError| error.is_missing();
        let first_decides = match &self.enrollment {
            Ok(enrollment) => enrollment.decides_sign_in,
            Err(error) => !usable(error),
        };
        let error = self.enrollment.as_ref().err().filter(|error| !usable(error));
        let first = SignInFile {
            path: path(&self.paths.enrollment),
            present: error.is_some() || self.enrollment.is_ok(),
            in_force: first_decides,
            organizations: self.enrollment.as_ref().map(|e| e.allowed_orgs.clone()).unwrap_or_default(),
            error: error.map(|error| chain(error)).unwrap_or_default(),
        };
        let present = !matches!(self.registry_json, Ok(None));
        let second = SignInFile {
            path: path(&self.paths.registry_json),
            present,
            in_force: present && !first_decides,
            organizations: self.registry_json.as_ref().ok().cloned().flatten().unwrap_or_default(),
            error: self.registry_json.as_ref().err().map(|error| chain(error)).unwrap_or_default(),
        };
        vec![first, second]
    }

    /// Whether a file is not there that was there `before`.
    #[must_use]
    pub fn lack_one_of(&self, before: &Self) -> bool {
        let enrollment = |files: &Self| !matches!(&files.enrollment, Err(error) if error.is_missing());
        let registry_json = |files: &Self| !matches!(files.registry_json, Ok(None));
        enrollment(before) && !enrollment(self) || registry_json(before) && !registry_json(self)
    }

    /// Whether the enrollment says the same, word for word in its errors too.
    #[must_use]
    pub fn same_enrollment(&self, other: &Self) -> bool {
        match (&self.enrollment, &other.enrollment) {
            (Ok(one), Ok(other)) => one == other,
            (Err(one), Err(other)) => chain(one) == chain(other),
            _ => false,
        }
    }
}

fn required(organizations: &[String]) -> Demand {
    if organizations.is_empty() { Demand::Optional } else { Demand::Required(organizations.to_vec()) }
}

#[cfg(test)]
mod tests;
