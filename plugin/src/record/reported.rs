//! A record that was not made here: a decision of the registry door, what root did, what was kept from the
//! process before. Nothing of it is taken as it is.

use proto::sync;
use ulid::Ulid;

use super::entry::MAX_IMAGE_BYTES;

/// Longest code and longest word, in bytes.
const MAX_WORD_BYTES: usize = 40;
/// Longest name of a user, an organization or a rule, in bytes (`proto::convert::MAX_NAME_BYTES`).
const MAX_NAME_BYTES: usize = proto::convert::MAX_NAME_BYTES;
/// Longest reason of an act, in bytes.
const MAX_REASON_BYTES: usize = 500;
/// Most users of one record: the plugin has no more sessions in force.
const MAX_USERS: usize = 256;
/// A record may have waited this long for a plugin, in milliseconds: 30 days.
const MAX_WAIT_MS: i64 = 30 * 24 * 3600 * 1000;

/// What root does to an installation. Only root may say so.
const ACTS: [&str; 2] = ["disable", "enable"];
/// Why there is a record of it.
const BY_ROOT: &str = "administrator";

/// Where a record comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The registry door: decisions.
    Door,
    /// Root: acts.
    Root,
    /// This plugin's own state directory.
    Disk,
}

/// A record within bounds.
#[derive(Debug, Clone)]
pub(super) struct Reported(Box<sync::Record>);

/// Why something is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotARecord {
    /// Its id is no ULID.
    #[error("the id of the record is no ULID")]
    Id,
    /// A word that is none.
    #[error("`{0}` of the record is no word")]
    Word(&'static str),
    /// It says that root did something, or that root decided something, and whoever says so may not.
    #[error("a record of `{0}` is not for this caller to make")]
    Act(String),
}

impl Reported {
    /// Takes what a record may say: words are words, text is short and fit for a line, times are not of
    /// tomorrow. What is the plugin's to say is left out.
    pub(super) fn read(record: sync::Record, origin: Origin, now_ms: i64) -> Result<Self, NotARecord> {
        let is_act = ACTS.contains(&record.action.as_str());
        if (origin == Origin::Door && (is_act || record.act.is_some())) || (origin == Origin::Root && !is_act) {
            return Err(NotARecord::Act(text(&record.action, MAX_WORD_BYTES)));
        }
        let record = if origin == Origin::Root { of_root(record) } else { record };
        let id = Ulid::from_string(&record.id).map_err(|_| NotARecord::Id)?;
        let waited = now_ms.saturating_sub(record.at_ms);
        Ok(Self(Box::new(sync::Record {
            id: id.to_string(),
            at_ms: if (0..=MAX_WAIT_MS).contains(&waited) { record.at_ms } else { now_ms },
            machine_id: String::new(),
            action: word("action", record.action)?,
            image: text(&record.image, MAX_IMAGE_BYTES),
            allowed: record.allowed,
            reason: word("reason", record.reason)?,
            category: optional("category", record.category)?,
            organization: text(&record.organization, MAX_NAME_BYTES),
            generation: record.generation,
            rule: text(&record.rule, MAX_NAME_BYTES),
            would_deny: record.would_deny,
            users: record.users.iter().take(MAX_USERS).map(|user| text(user, MAX_NAME_BYTES)).collect(),
            sequence: 0,
            run: 0,
            evidence: optional("evidence", record.evidence)?,
            coverage: optional("coverage", record.coverage)?,
            act: record.act.map(act),
        })))
    }

    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn at_ms(&self) -> i64 {
        self.0.at_ms
    }

    pub(super) fn is_refused(&self) -> bool {
        !self.0.allowed || self.0.would_deny
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        self.0.users.iter().map(String::as_str)
    }

    pub(super) fn to_message(&self, machine_id: &str, run: i64, sequence: u64) -> sync::Record {
        sync::Record { machine_id: machine_id.to_owned(), run, sequence, ..self.0.as_ref().clone() }
    }
}

/// Of an act counts what was done, when, and by whom. It is about nobody, so that every agent may carry it.
fn of_root(record: sync::Record) -> sync::Record {
    let sync::Record { id, at_ms, action, act, .. } = record;
    let act = Some(act.unwrap_or_default());
    sync::Record { id, at_ms, action, act, allowed: true, reason: BY_ROOT.to_owned(), ..sync::Record::default() }
}

fn act(act: sync::Act) -> sync::Act {
    let sync::Act { reason, until_ms, uid, user } = act;
    sync::Act {
        reason: text(&reason, MAX_REASON_BYTES),
        until_ms: until_ms.max(0),
        uid,
        user: text(&user, MAX_NAME_BYTES),
    }
}

fn word(name: &'static str, text: String) -> Result<String, NotARecord> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_word = !text.is_empty() && text.len() <= MAX_WORD_BYTES && text.bytes().all(good);
    if is_word { Ok(text) } else { Err(NotARecord::Word(name)) }
}

fn optional(name: &'static str, text: String) -> Result<String, NotARecord> {
    if text.is_empty() { Ok(text) } else { word(name, text) }
}

fn text(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn record() -> sync::Record {
        sync::Record {
            id: Ulid::from_parts(1, 2).to_string(),
            at_ms: NOW - 5,
            action: "fetch".into(),
            image: "docker.io/library/alpine:latest".into(),
            allowed: true,
            reason: "category".into(),
            category: "official".into(),
            organization: "acme".into(),
            generation: 7,
            users: vec!["dana".into()],
            coverage: "enforced".into(),
            ..sync::Record::default()
        }
    }

    #[test]
    fn a_record_is_kept_as_it_is_and_numbered_here() {
        let claims = sync::Record { machine_id: "another".into(), run: 1, sequence: 9_999, ..record() };
        let kept = Reported::read(claims, Origin::Door, NOW).expect("a record");
        assert_eq!(kept.users().collect::<Vec<_>>(), ["dana"]);
        let message = kept.to_message("m", 5, 6);
        assert_eq!(message, sync::Record { machine_id: "m".into(), run: 5, sequence: 6, ..record() });
    }

    #[test]
    fn what_is_no_record_is_none() {
        let read = |change: fn(&mut sync::Record)| {
            let mut record = record();
            change(&mut record);
            Reported::read(record, Origin::Door, NOW).map(|_| ()).unwrap_err()
        };
        assert_eq!(read(|record| record.id.clear()), NotARecord::Id);
        assert_eq!(read(|record| record.id.push('0')), NotARecord::Id);
        assert_eq!(read(|record| record.action.clear()), NotARecord::Word("action"));
        assert_eq!(read(|record| record.reason = "a b".into()), NotARecord::Word("reason"));
        assert_eq!(read(|record| record.reason = "a".repeat(41)), NotARecord::Word("reason"));
        assert_eq!(read(|record| record.category = "\n".into()), NotARecord::Word("category"));
        assert_eq!(read(|record| record.coverage = "Open".into()), NotARecord::Word("coverage"));
        assert_eq!(read(|record| record.evidence = "é".into()), NotARecord::Word("evidence"));
    }

    #[test]
    fn only_root_says_what_root_did_and_says_nothing_else() {
        let act = sync::Act { reason: "docker\nhangs".into(), until_ms: -1, uid: 1000, user: "dana".into() };
        let done = sync::Record { action: "disable".into(), act: Some(act), ..record() };
        let read = |record: &sync::Record, origin| Reported::read(record.clone(), origin, NOW);
        let kept = read(&done, Origin::Root).expect("an act").to_message("m", 5, 6);
        assert_eq!((kept.action.as_str(), kept.reason.as_str(), kept.allowed), ("disable", "administrator", true));
        assert!(kept.image.is_empty() && kept.users.is_empty() && kept.organization.is_empty(), "{kept:?}");
        let act = kept.act.clone().expect("an act");
        assert_eq!((act.reason.as_str(), act.until_ms, act.user.as_str()), ("docker?hangs", 0, "dana"));
        assert_eq!(read(&kept, Origin::Disk).expect("kept").to_message("m", 5, 6), kept);
        let refused = Err(NotARecord::Act("disable".into()));
        assert_eq!(read(&done, Origin::Door).map(|_| ()), refused);
        assert_eq!(read(&sync::Record { act: None, ..done.clone() }, Origin::Door).map(|_| ()), refused);
        assert!(read(&sync::Record { action: "fetch".into(), ..done }, Origin::Door).is_err());
        assert!(read(&record(), Origin::Root).is_err(), "a decision is the plugin's and the door's");
    }

    #[test]
    fn text_and_times_are_brought_within_bounds() {
        let read = |record| Reported::read(record, Origin::Door, NOW).expect("a record").to_message("m", 1, 1);
        let long = read(sync::Record {
            image: format!("{}é", "x".repeat(511)),
            rule: "é".repeat(1000),
            organization: "ac\x1b[2Jme\n".into(),
            users: vec!["u".into(); 1000],
            ..record()
        });
        assert_eq!(long.image, "x".repeat(511));
        assert_eq!(long.rule, "é".repeat(50));
        assert_eq!(long.organization, "ac?[2Jme?");
        assert_eq!(long.users.len(), MAX_USERS);
        for (at_ms, kept) in [
            (NOW, NOW),
            (NOW + 1, NOW),
            (0, NOW),
            (-1, NOW),
            (i64::MIN, NOW),
            (i64::MAX, NOW),
            (NOW - 86_400_000, NOW - 86_400_000),
        ] {
            assert_eq!(read(sync::Record { at_ms, ..record() }).at_ms, kept, "{at_ms}");
        }
    }
}
