//! What became of a form, said once on the next page. A cookie carries a word of this list, so nobody else's text.

use http::{HeaderMap, HeaderValue};

use crate::http::cookies;

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
    RuleAdded,
    RuleOfNobody,
    RuleRemoved,
    MemberSaved,
    MemberRemoved,
    Uninvited,
    TeamSaved,
    TeamRemoved,
    Joined,
    Declined,
    TokenEnded,
    PasswordChanged,
    BrowserEnded,
    BadgesSaved,
    BadgeTaken,
    NamespaceAdded,
    NamespaceRemoved,
}

/// Each with the word in the cookie, and what the person reads.
const ALL: [(Flash, &str, &str); 26] = [
    (Flash::SignedOut, "signed-out", "You are signed out."),
    (Flash::Ended, "ended", "Your sign-in ended, and nothing was changed. Sign in and do it again."),
    (Flash::PolicySaved, "policy-saved", "Saved. Machines that are online have it within a second."),
    (Flash::PolicySame, "policy-same", "Nothing was changed: the policy was like that already."),
    (Flash::Approved, "approved", "Approved. The next pull works within a second on machines that are online."),
    (Flash::Denied, "denied", "Denied. Whoever asked reads your reason."),
    (Flash::Asked, "asked", "Asked. You see the answer here."),
    (Flash::NotRefused, "not-refused", "Nobody refuses this image to you: pull it."),
    (Flash::Withdrawn, "withdrawn", "Taken back."),
    (Flash::RuleAdded, "rule-added", "Saved. Machines that are online have it within a second."),
    (
        Flash::RuleOfNobody,
        "rule-of-nobody",
        "Saved, and it concerns nobody now: no member has that name, or is in that team.",
    ),
    (Flash::RuleRemoved, "rule-removed", "Removed. Machines that are online know within a second."),
    (Flash::MemberSaved, "member-saved", "Saved. Their machines know within a second."),
    (Flash::MemberRemoved, "member-removed", "Removed. Their machines know within a second; the account stays."),
    (Flash::Uninvited, "uninvited", "Taken back: the invitation works no more."),
    (Flash::TeamSaved, "team-saved", "Saved."),
    (Flash::TeamRemoved, "team-removed", "Removed, with the entries of the lists that held for this team."),
    (
        Flash::Joined,
        "joined",
        "You belong to it now, and its policy holds for you on machines where you are signed in.",
    ),
    (Flash::Declined, "declined", "Declined."),
    (Flash::TokenEnded, "token-ended", "Ended: machines that signed in with it are signed out."),
    (
        Flash::PasswordChanged,
        "password-changed",
        "Changed. Everything else that was signed in with this account signs in again.",
    ),
    (Flash::BrowserEnded, "browser-ended", "That browser is signed out."),
    (Flash::BadgesSaved, "badges-saved", "Saved. Machines that are online have the directory within a second."),
    (Flash::BadgeTaken, "badge-taken", "Taken away: the namespace's images are community images now."),
    (Flash::NamespaceAdded, "namespace-added", "Saved: its images are the organization's own, and allowed."),
    (Flash::NamespaceRemoved, "namespace-removed", "Removed: its images are judged as anybody's."),
];

impl Flash {
    fn row(self) -> (&'static str, &'static str) {
        // A test holds that each has its row.
        ALL.iter().find(|(flash, ..)| *flash == self).map_or(("", ""), |(_, word, text)| (word, text))
    }

    fn word(self) -> &'static str {
        self.row().0
    }

    /// For the person.
    pub(super) fn text(self) -> &'static str {
        self.row().1
    }

    /// Not something that went well.
    pub(super) fn is_warning(self) -> bool {
        matches!(self, Self::Ended | Self::RuleOfNobody)
    }

    /// What an earlier answer said.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let word = cookies::named(headers, COOKIE).next()?;
        ALL.into_iter().find(|(_, own, _)| *own == word).map(|(flash, ..)| flash)
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
    use http::header;

    use super::*;

    #[test]
    fn a_sentence_comes_back_and_nothing_else_does() {
        for (flash, ..) in ALL {
            assert!(!flash.text().is_empty());
            let set = flash.set();
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let headers = |value: &str| HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())]);
            assert_eq!(Flash::read(&headers(&format!("a=b; {pair}"))), Some(flash));
            assert_eq!(Flash::read(&headers(&format!("{pair}x"))), None);
        }
        // The last one has its row, so nobody was left out.
        assert_eq!(ALL.len(), Flash::NamespaceRemoved as usize + 1);
        assert!(Flash::clear().to_str().unwrap().starts_with(&format!("{COOKIE}=;")));
        assert_eq!(Flash::read(&HeaderMap::new()), None);
    }
}
