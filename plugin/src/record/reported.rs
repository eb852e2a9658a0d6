//! One decision of the registry door: another process, so that nothing of it is taken as it is.

use proto::sync;
use ulid::Ulid;

use super::entry::MAX_IMAGE_BYTES;

/// Longest code and longest word, in bytes.
const MAX_WORD_BYTES: usize = 40;
/// Longest name of a user, an organization or a rule, in bytes (`proto::convert::MAX_NAME_BYTES`).
const MAX_NAME_BYTES: usize = proto::convert::MAX_NAME_BYTES;
/// Most users of one record: the plugin has no more sessions in force.
const MAX_USERS: usize = 256;
/// A record may have waited this long for a plugin, in milliseconds: 30 days.
const MAX_WAIT_MS: i64 = 30 * 24 * 3600 * 1000;

/// A record of the registry door within bounds.
#[derive(Debug, Clone)]
pub(super) struct Reported(Box<sync::Record>);

/// Why something is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARecord {
    /// Its id is no ULID.
    #[error("the id of the record is no ULID")]
    Id,
    /// A word that is none.
    #[error("`{0}` of the record is no word")]
    Word(&'static str),
}

impl Reported {
    /// Takes what a record may say: words are words, text is short and fit for a line, times are not of
    /// tomorrow. What is the plugin's to say is left out.
    pub(super) fn read(record: sync::Record, now_ms: i64) -> Result<Self, NotARecord> {
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
        })))
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
        let kept = Reported::read(claims, NOW).expect("a record");
        assert_eq!(kept.users().collect::<Vec<_>>(), ["dana"]);
        let message = kept.to_message("m", 5, 6);
        assert_eq!(message, sync::Record { machine_id: "m".into(), run: 5, sequence: 6, ..record() });
    }

    #[test]
    fn what_is_no_record_is_none() {
        let read = |change: fn(&mut sync::Record)| {
            let mut record = record();
            change(&mut record);
            Reported::read(record, NOW).map(|_| ()).unwrap_err()
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
    fn text_and_times_are_brought_within_bounds() {
        let read = |record| Reported::read(record, NOW).expect("a record").to_message("m", 1, 1);
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
