//! What became of a form, said once on the next page. A cookie carries a word of this list, so nobody else's text.

use http::{HeaderMap, HeaderValue, header};

const COOKIE: &str = "__Host-pullgate-said";

/// The sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flash {
    SignedOut,
    Ended,
    PolicySaved,
    PolicySame,
    Approved,
    Denied,
    Asked,
    NotRefused,
    Withdrawn,
}

impl Flash {
    const ALL: [Self; 9] = [
        Self::SignedOut,
        Self::Ended,
        Self::PolicySaved,
        Self::PolicySame,
        Self::Approved,
        Self::Denied,
        Self::Asked,
        Self::NotRefused,
        Self::Withdrawn,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Ended => "ended",
            Self::PolicySaved => "policy-saved",
            Self::PolicySame => "policy-same",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Asked => "asked",
            Self::NotRefused => "not-refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// For the person.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out.",
            Self::Ended => "Your sign-in ended, and nothing was changed. Sign in and do it again.",
            Self::PolicySaved => "Saved. Machines that are online have it within a second.",
            Self::PolicySame => "Nothing was changed: the policy was like that already.",
            Self::Approved => "Approved. The next pull works within a second on machines that are online.",
            Self::Denied => "Denied. Whoever asked reads your reason.",
            Self::Asked => "Asked. You see the answer here.",
            Self::NotRefused => "Nobody refuses this image to you: pull it.",
            Self::Withdrawn => "Taken back.",
        }
    }

    /// Not something that went well.
    pub(super) fn is_warning(self) -> bool {
        self == Self::Ended
    }

    /// What an earlier answer said.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';'));
        let word = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        Self::ALL.into_iter().find(|flash| flash.word() == word)
    }

    /// The `Set-Cookie` header that says it on the next page.
    pub(super) fn set(self) -> HeaderValue {
        let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60", self.word());
        HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The `Set-Cookie` header that forgets it.
    pub(super) fn clear() -> HeaderValue {
        HeaderValue::from_static("__Host-pullgate-said=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_comes_back_and_nothing_else_does() {
        for flash in Flash::ALL {
            let set = flash.set();
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let headers = |value: &str| HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())]);
            assert_eq!(Flash::read(&headers(&format!("a=b; {pair}"))), Some(flash));
            assert_eq!(Flash::read(&headers(&format!("{pair}x"))), None);
        }
        assert!(Flash::clear().to_str().unwrap().starts_with(&format!("{COOKIE}=;")));
        assert_eq!(Flash::read(&HeaderMap::new()), None);
    }
}
