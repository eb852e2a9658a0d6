//! Whether this machine demands a sign-in: the files that may say so, and which of them counts.
//!
//! 1. The enrollment file, if it is there and cannot be used: nobody is good enough.
//! 2. The enrollment file, if it has `allowedOrgs`, even an empty list: it alone decides.
//! 3. Docker's `registry.json`, if it cannot be used: nobody is good enough.
//! 4. `registry.json`, if it names organizations: one of these. Without an enrollment file nobody can
//!    sign in to them, and nobody is good enough.
//! 5. Otherwise sign-in is optional.

use std::path::{Path, PathBuf};

use policy::{Contact, Enforced, SignIn};

use crate::{
    chain,
    control::SignInFile,
    enrollment::{self, Enrollment, EnrollmentError},
    registry_json::{self, RegistryJsonError},
};

mod watched;

pub use watched::{Changed, LOOK, Watched};

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

    /// What is enforced on this machine by these files alone: no document, and none missing.
    #[must_use]
    pub fn enforced(&self) -> Enforced {
        let enrollment = self.enrollment.as_ref();
        Enforced {
            sign_in: match self.demand() {
                Demand::Optional => SignIn::Optional,
                Demand::Required(organizations) => SignIn::Required(organizations),
                Demand::Nobody(why) => SignIn::Unusable(why),
            },
            admin: enrollment.map(admin).unwrap_or_default(),
            docker_hub_login: enrollment.is_ok_and(|enrollment| enrollment.docker_hub_credentials),
            login_host: enrollment.map(|enrollment| enrollment.login_host().to_owned()).unwrap_or_default(),
            ..Enforced::default()
        }
    }
}

fn admin(enrollment: &Enrollment) -> Contact {
    let admin = &enrollment.admin;
    Contact { message: admin.name.clone(), request_url: admin.url.clone(), email: admin.email.clone() }
}

fn required(organizations: &[String]) -> Demand {
    if organizations.is_empty() { Demand::Optional } else { Demand::Required(organizations.to_vec()) }
}

#[cfg(test)]
mod tests;
