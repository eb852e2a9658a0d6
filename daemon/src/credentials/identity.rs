//! Which entry of the credentials is the sign-in to the policy service, and whose it is.
//!
//! As the Docker CLI matches keys (docker/cli `cli/config/credentials`): a `credHelpers`
//! entry of exactly this key, else `credsStore`, else `auths` by exact key, else by the
//! host in the key.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{
    Account, Class, Realm, Source, Unreadable,
    account::TOKEN_USER,
    config_file::{ConfigFile, Entry},
    helper::Answer,
    keys, printable,
};

/// Where the sign-in is.
#[derive(Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Nobody is signed in.
    Nowhere,
    /// In the file.
    Entry {
        /// The entry's key as written.
        key: &'a str,
        /// The entry.
        entry: &'a Entry,
    },
    /// A helper has to be asked.
    Ask {
        /// For this key.
        key: String,
        /// Which one.
        source: Source,
    },
}

/// Finds the sign-in for one of `keys`. `default_store` is asked only when the file says
/// nothing about credentials at all, as the CLI does.
pub fn find<'a>(config: &'a ConfigFile, keys: &[String], default_store: impl FnOnce() -> Option<String>) -> Place<'a> {
    let Some(first) = keys.first() else {
        return Place::Nowhere;
    };
    if !config.contains_auth() {
        return match default_store() {
            Some(name) => Place::Ask { key: first.clone(), source: Source::Store(name) },
            None => Place::Nowhere,
        };
    }
    for key in keys {
        // An empty helper name means the file, even where a store is set.
        if let Some(name) = config.cred_helpers.get(key) {
            return match name.as_str() {
                "" => find_in_file(config, keys),
                name => Place::Ask { key: key.clone(), source: Source::Helper(name.to_owned()) },
            };
        }
    }
    if !config.creds_store.is_empty() {
        // With a store, `auths` still lists which keys it holds: ask for the one that is there.
        let key = keys.iter().find(|key| config.auths.iter().any(|(known, _)| known == *key)).unwrap_or(first);
        return Place::Ask { key: key.clone(), source: Source::Store(config.creds_store.clone()) };
    }
    find_in_file(config, keys)
}

fn find_in_file<'a>(config: &'a ConfigFile, keys: &[String]) -> Place<'a> {
    let exact = || keys.iter().find_map(|key| config.auths.iter().find(|(known, _)| known == key));
    let by_host = || {
        keys.iter()
            .find_map(|key| config.auths.iter().find(|(known, _)| keys::hostname(known).eq_ignore_ascii_case(key)))
    };
    match exact().or_else(by_host) {
        Some((key, entry)) => Place::Entry { key, entry },
        None => Place::Nowhere,
    }
}

/// The account in an entry of the file; none when the entry is empty.
///
/// # Errors
/// [`Class::BadAuth`], [`Class::TokenNoUsername`].
pub fn from_entry(realm: Realm, key: &str, entry: &Entry) -> Result<Option<Account>, Unreadable> {
    let (user, secret) = match &entry.auth {
        Some(auth) => decode_auth(key, auth)?,
        None => (entry.username.clone(), entry.password.clone().unwrap_or_else(|| Secret::new(String::new()))),
    };
    let token = entry.identity_token.clone();
    if user.is_empty() {
        return match token {
            Some(_) => Err(token_without_user(key)),
            None => Ok(None),
        };
    }
    let secret = token.unwrap_or(secret);
    account(realm, key.to_owned(), Source::File, user, secret, Class::BadAuth).map(Some)
}

/// The account in a helper's answer; none when it names nobody.
///
/// # Errors
/// [`Class::TokenNoUsername`], [`Class::HelperBadOutput`].
pub fn from_helper(realm: Realm, key: String, source: Source, answer: Answer) -> Result<Option<Account>, Unreadable> {
    match answer.username.as_str() {
        "" => Ok(None),
        TOKEN_USER => Err(token_without_user(&key)),
        _ => account(realm, key, source, answer.username, answer.secret, Class::HelperBadOutput).map(Some),
    }
}

fn account(
    realm: Realm,
    key: String,
    source: Source,
    user: String,
    secret: Secret,
    class: Class,
) -> Result<Account, Unreadable> {
    if user.chars().any(char::is_control) {
        return Err(Unreadable::new(
            class,
            format!("the user name stored for `{}` holds control characters", printable(&key)),
        ));
    }
    if secret.is_empty() {
        return Err(Unreadable::new(
            class,
            format!("the entry for `{}` has a user name but no secret", printable(&key)),
        ));
    }
    Ok(Account { realm, user, secret, key, source })
}

fn token_without_user(key: &str) -> Unreadable {
    Unreadable::new(
        Class::TokenNoUsername,
        format!("the entry for `{}` holds a token that names no user; sign in with a user name", printable(key)),
    )
}

/// Base64 as Go's `StdEncoding`: padded, no stray bits check, line breaks ignored.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

fn decode_auth(key: &str, auth: &Secret) -> Result<(String, Secret), Unreadable> {
    let bad =
        |why: &str| Unreadable::new(Class::BadAuth, format!("`auth` of the entry for `{}` {why}", printable(key)));
    let text = Zeroizing::new(auth.expose().chars().filter(|c| !matches!(c, '\r' | '\n')).collect::<String>());
    let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).map_err(|_| bad("is not base64"))?);
    let pair = std::str::from_utf8(&bytes).map_err(|_| bad("is not UTF-8 inside"))?;
    match pair.split_once(':') {
        Some((user, secret)) if !user.is_empty() => {
            Ok((user.to_owned(), Secret::new(secret.trim_matches('\0').to_owned())))
        }
        _ => Err(bad("is not `user:secret` inside")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(config: &str, keys: &[&str]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let config = ConfigFile::parse(config, &keys).expect("parses");
        match find(&config, &keys, || None) {
            Place::Nowhere => "nowhere".to_owned(),
            Place::Entry { key, .. } => format!("entry {key}"),
            Place::Ask { key, source } => format!("ask {source} for {key}"),
        }
    }

    #[test]
    fn an_exact_key_wins_over_a_host_in_a_url() {
        let both = r#"{"auths":{"https://g:8443/v2/":{},"g:8443":{}}}"#;
        assert_eq!(place(both, &["g:8443"]), "entry g:8443");
        assert_eq!(place(r#"{"auths":{"https://G:8443/v2/":{}}}"#, &["g:8443"]), "entry https://G:8443/v2/");
        assert_eq!(place(r#"{"auths":{"g:8444":{},"x.g:8443":{}}}"#, &["g:8443"]), "nowhere");
    }

    #[test]
    fn helpers_beat_the_store_and_the_store_beats_the_file() {
        let all = r#"{"auths":{"g:1":{"auth":"YTpi"}},"credsStore":"s","credHelpers":{"g:1":"h"}}"#;
        assert_eq!(place(all, &["g:1"]), "ask helper:h for g:1");
        assert_eq!(
            place(r#"{"auths":{"g:1":{}},"credsStore":"s","credHelpers":{"x":"h"}}"#, &["g:1"]),
            "ask store:s for g:1"
        );
        assert_eq!(place(r#"{"auths":{"g:1":{}},"credsStore":"s","credHelpers":{"g:1":""}}"#, &["g:1"]), "entry g:1");
        assert_eq!(place(r#"{"auths":{"g:443":{}},"credsStore":"s"}"#, &["g", "g:443"]), "ask store:s for g:443");
    }
}
