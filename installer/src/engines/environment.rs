//! The variables that lead an engine to a proxy, or past one.

use std::{collections::BTreeMap, fmt};

/// `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and their lower-case forms, where they are set. Prints no values: they hold
/// passwords.
///
/// The engine's `proxies` replace the first two (from 23.0 on), but a `NO_PROXY` stays in force beside them unless there
/// is a `no-proxy` (moby `configureProxyEnv`): what it names is asked past the registry door.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyEnvironment(BTreeMap<String, String>);

impl ProxyEnvironment {
    /// What a variable holds; the names in capitals stand for both forms, and then the first of them counts that is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).or_else(|| self.0.get(&name.to_lowercase()));
        value.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names that are set, as they are written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.as_str())
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for ProxyEnvironment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
        let ours = variables.into_iter().filter(|(name, _)| proxies.contains(&name.as_ref()));
        Self(ours.map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())).collect())
    }
}

impl fmt::Debug for ProxyEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
