//! When the credentials are looked at again, and when a failure of a helper is believed.

use std::time::Duration;

use super::Credential;

/// Waits after a failure of a helper that had answered before. With the helper's own deadline it
/// is about a minute until the failure is believed: a key ring may be busy, a laptop may just have woken up.
const RETRIES: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(20)];
/// A file that did not change is looked at again only after this: a helper may ask a person each time.
const UNCHANGED: Duration = Duration::from_secs(300);
/// The same where a helper could not say: its key ring may have been unlocked, of which no file tells.
const FAILED: Duration = Duration::from_secs(60);
/// Part of it that chance adds or takes: not all machines of a company ask their key rings at once.
const JITTER: f64 = 0.2;

/// What is to be done with what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is so.
    Believe,
    /// Ask again after this, and keep what is known until then.
    AskAgain(Duration),
}

/// Remembers failures in a row.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: usize,
}

impl Patience {
    /// `known` is what was believed last, about the same file for the same service.
    pub(super) fn judge(&mut self, known: Option<&Credential>, read: &Credential) -> Verdict {
        let answered_before = matches!(known, Some(Credential::SignedIn(account)) if account.source.helper().is_some());
        if !(answered_before && failed_in_helper(read)) {
            self.failures = 0;
            return Verdict::Believe;
        }
        match RETRIES.get(self.failures) {
            Some(wait) => {
                self.failures += 1;
                Verdict::AskAgain(*wait)
            }
            None => {
                self.failures = 0;
                Verdict::Believe
            }
        }
    }

    /// How long a file that does not change need not be looked at after `read`, with `chance` between 0 and 1.
    pub(super) fn unchanged(read: &Credential, chance: f64) -> Duration {
        let time = if failed_in_helper(read) { FAILED } else { UNCHANGED };
        time.mul_f64(1.0 + JITTER * (2.0 * chance - 1.0))
    }
}

/// True when a helper could not say.
pub(super) fn failed_in_helper(credential: &Credential) -> bool {
    use super::Class::{HelperBadOutput, HelperFailed, HelperMissing, HelperTimeout};
    matches!(credential, Credential::Unreadable(why)
        if matches!(why.class, HelperMissing | HelperFailed | HelperTimeout | HelperBadOutput))
}

#[cfg(test)]
mod tests {
    use proto::secret::Secret;

    use super::*;
    use crate::credentials::{Account, Class, Realm, Source, Unreadable, helper::DEADLINE};

    fn from(source: Source) -> Credential {
        let (user, key) = ("alice".to_owned(), "gate.example".to_owned());
        Credential::SignedIn(Account { realm: Realm::Service, user, secret: Secret::new("pw".to_owned()), key, source })
    }

    fn failed(class: Class) -> Credential {
        Credential::Unreadable(Unreadable::new(class, ""))
    }

    #[test]
    fn a_helper_that_had_answered_is_given_about_a_minute() {
        let known = from(Source::Store("fx".to_owned()));
        for class in [Class::HelperFailed, Class::HelperTimeout, Class::HelperBadOutput, Class::HelperMissing] {
            let (mut patience, mut waited) = (Patience::default(), DEADLINE);
            while let Verdict::AskAgain(wait) = patience.judge(Some(&known), &failed(class)) {
                waited += wait + DEADLINE;
            }
            assert!((Duration::from_secs(55)..=Duration::from_secs(70)).contains(&waited), "{class}: {waited:?}");
        }
    }

    #[test]
    fn an_answer_in_between_starts_anew() {
        let (known, mut patience) = (from(Source::Helper("fx".to_owned())), Patience::default());
        for _ in 0..3 {
            assert_eq!(patience.judge(Some(&known), &failed(Class::HelperTimeout)), Verdict::AskAgain(RETRIES[0]));
            assert_eq!(patience.judge(Some(&known), &known), Verdict::Believe);
        }
    }

    #[test]
    fn everything_else_is_believed_at_once() {
        let known = from(Source::Store("fx".to_owned()));
        let timeout = failed(Class::HelperTimeout);
        let cases = [
            (None, &timeout),
            (Some(&Credential::SignedOut), &timeout),
            (Some(&timeout), &timeout),
            (Some(&known), &Credential::SignedOut),
            (Some(&known), &failed(Class::Parse)),
        ];
        for (known, read) in cases {
            assert_eq!(Patience::default().judge(known, read), Verdict::Believe, "{known:?}, {read:?}");
        }
        assert_eq!(Patience::default().judge(Some(&from(Source::File)), &timeout), Verdict::Believe);
    }

    #[test]
    fn looks_at_an_unchanged_file_are_spread() {
        assert_eq!(Patience::unchanged(&Credential::SignedOut, 0.0), Duration::from_secs(240));
        assert_eq!(Patience::unchanged(&Credential::SignedOut, 1.0), Duration::from_secs(360));
        assert_eq!(Patience::unchanged(&failed(Class::HelperFailed), 1.0), Duration::from_secs(72));
        assert_eq!(Patience::unchanged(&failed(Class::Parse), 1.0), Duration::from_secs(360));
    }
}
