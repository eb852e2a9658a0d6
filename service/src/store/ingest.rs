//! Records of one report: each is counted once, and kept as the organization that it concerns keeps it.
//!
//! INVARIANT: what is counted, what is kept and what is known of a record become so in one transaction, so that a
//! record that is sent again, however often, changes nothing.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use super::{
    Reading, RecordRow, StoreError, Writing,
    counts::{Counts, day},
    daily::Daily,
    sql::{made, placeholders, query, query_as},
};
use crate::{
    id,
    model::{AllowedPulls, from_word},
};

#[cfg(test)]
mod tests;

/// How far a machine's clock may be ahead, in milliseconds.
pub(crate) const MAX_AHEAD_MS: i64 = 5 * 60 * 1000;

/// Rows of one statement.
const BATCH: usize = 1000;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stored {
    /// That were not known, and were counted or kept.
    pub new: u64,
    /// Of which nothing is kept, as their organization wants it.
    pub unkept: u64,
}

/// An organization of the account that reports.
struct Concerned {
    name: String,
    allowed_pulls: AllowedPulls,
    /// Now, and not only once.
    is_member: bool,
}

/// What is kept of a record.
#[derive(Default)]
struct Fate<'a> {
    /// As a row of this organization; empty: of none.
    row: Option<&'a str>,
    /// For these organizations.
    counted: Vec<&'a str>,
}

impl Fate<'_> {
    fn is_nothing(&self) -> bool {
        self.row.is_none() && self.counted.is_empty()
    }
}

/// Says what is kept of a record.
fn fate<'a>(record: &'a RecordRow, organizations: &'a [Concerned]) -> Fate<'a> {
    if !record.act.is_empty() {
        return Fate { row: Some(&record.organization), counted: Vec::new() };
    }
    let own = organizations.iter().find(|concerned| concerned.name == record.organization);
    if !record.allowed || record.would_deny {
        return Fate {
            row: Some(&record.organization),
            counted: own.map(|own| own.name.as_str()).into_iter().collect(),
        };
    }
    // Where no policy was on, what was pulled concerns the organizations of whoever reported it: it is what a
    // policy that is to be switched on is held against.
    let all = |concerned: &&Concerned| match record.organization.is_empty() {
        true => concerned.is_member,
        false => concerned.name == record.organization,
    };
    let (mut row, mut counted) = (None, Vec::new());
    for concerned in organizations.iter().filter(all) {
        // There is one row of a record. It is of who wants it: of none, it would be nobody's to forget.
        if row.is_none() && concerned.allowed_pulls == AllowedPulls::All {
            row = Some(concerned.name.as_str());
        }
        if concerned.allowed_pulls != AllowedPulls::None {
            counted.push(concerned.name.as_str());
        }
    }
    Fate { row, counted }
}

/// What a record is known by once nothing else of it is there. The id has a fixed length, so no two have the same text.
fn digest(record: &RecordRow) -> Vec<u8> {
    Sha256::new().chain_update(&record.machine_id).chain_update(&record.id).finalize()[..16].to_vec()
}

impl Reading {
    async fn concerned(&mut self, account: i64) -> Result<Vec<Concerned>, StoreError> {
        let sql = "SELECT o.name, o.allowed_pulls, m.account_id IS NOT NULL FROM affiliations f \
                   JOIN organizations o ON o.id = f.organization_id LEFT JOIN memberships m \
                   ON m.account_id = f.account_id AND m.organization_id = f.organization_id WHERE f.account_id = $1 ORDER BY o.name";
        let rows: Vec<(String, String, bool)> = query_as(sql).bind(account).fetch_all(&mut self.0).await?;
        let concerned = |(name, allowed_pulls, is_member): (String, String, bool)| {
            let allowed_pulls = from_word(&allowed_pulls).map_err(StoreError::unknown("allowed_pulls"))?;
            Ok(Concerned { name, allowed_pulls, is_member })
        };
        rows.into_iter().map(concerned).collect()
    }
}

impl Writing {
    /// Takes what an account reported of one machine.
    pub(crate) async fn take_records(&mut self, account: i64, records: &[RecordRow]) -> Result<Stored, StoreError> {
        let Some(first) = records.first() else { return Ok(Stored::default()) };
        let machine_id = first.machine_id.as_str();
        let organizations = self.concerned(account).await?;
        self.hear_of(machine_id, records).await?;
        let mut stored = Stored::default();
        let mut candidates: HashMap<Vec<u8>, (&RecordRow, Fate<'_>)> = HashMap::new();
        for record in records {
            let fate = fate(record, &organizations);
            match fate.is_nothing() {
                true => stored.unkept += 1,
                false => drop(candidates.entry(digest(record)).or_insert((record, fate))),
            }
        }
        let unknown = self.remember(candidates.keys(), day(first.received_at_ms)).await?;
        candidates.retain(|digest, _| unknown.contains(digest));
        self.leave_out_kept(machine_id, &mut candidates).await?;

        stored.new = candidates.len() as u64;
        let (mut counts, mut daily) = (Counts::default(), Daily::default());
        let mut rows = Vec::new();
        for (record, fate) in candidates.values() {
            for organization in &fate.counted {
                counts.add(organization, record);
                daily.add(organization, record);
            }
            rows.extend(fate.row.map(|of| RecordRow { organization: of.to_owned(), ..(*record).clone() }));
        }
        self.add_counts(&counts).await?;
        self.add_daily(&daily).await?;
        self.add_records(&rows).await?;
        Ok(stored)
    }

    /// Which of them were never seen; from now on they are.
    async fn remember(
        &mut self,
        digests: impl Iterator<Item = &Vec<u8>>,
        day: i64,
    ) -> Result<HashSet<Vec<u8>>, StoreError> {
        let digests: Vec<_> = digests.collect();
        let mut unknown = HashSet::with_capacity(digests.len());
        for batch in digests.chunks(BATCH) {
            let mut statement = made(format!(
                "INSERT INTO record_ids (digest, day) VALUES {} ON CONFLICT (digest) DO NOTHING RETURNING digest",
                placeholders(batch.len(), 2)
            ));
            for digest in batch {
                statement = statement.bind(*digest).bind(day);
            }
            let rows: Vec<(Vec<u8>,)> = statement.rows().fetch_all(&mut self.0.0).await?;
            unknown.extend(rows.into_iter().map(|(digest,)| digest));
        }
        Ok(unknown)
    }

    /// Of what came before digests were kept, the rows tell that it is known.
    async fn leave_out_kept(
        &mut self,
        machine_id: &str,
        candidates: &mut HashMap<Vec<u8>, (&RecordRow, Fate<'_>)>,
    ) -> Result<(), StoreError> {
        let ids: Vec<&str> = candidates.values().map(|(record, _)| record.id.as_str()).collect();
        for batch in ids.chunks(BATCH) {
            let marks: Vec<String> = (2..batch.len() + 2).map(|number| format!("${number}")).collect();
            let sql = format!("SELECT id FROM records WHERE machine_id = $1 AND id IN ({})", marks.join(", "));
            let mut statement = made(sql).bind(machine_id);
            for id in batch {
                statement = statement.bind(*id);
            }
            let kept: Vec<(String,)> = statement.rows().fetch_all(&mut self.0.0).await?;
            let kept: HashSet<String> = kept.into_iter().map(|(id,)| id).collect();
            candidates.retain(|_, (record, _)| !kept.contains(&record.id));
        }
        Ok(())
    }

    /// Remembers the newest decision of each organization's policy on the machine. Ids are the machine's word: one that is
    /// ahead of what its clock may be is the newest while nothing else comes, and keeps nothing out that comes later.
    async fn hear_of(&mut self, machine_id: &str, records: &[RecordRow]) -> Result<(), StoreError> {
        let Some(received_at_ms) = records.first().map(|record| record.received_at_ms) else { return Ok(()) };
        let last = id::last_of(received_at_ms.saturating_add(MAX_AHEAD_MS));
        let believed = |record: &RecordRow| record.id <= last;
        let mut newest: HashMap<&str, &RecordRow> = HashMap::new();
        for record in records.iter().filter(|record| record.act.is_empty()) {
            let known = newest.entry(&record.organization).or_insert(record);
            if (believed(record), &record.id) > (believed(known), &known.id) {
                *known = record;
            }
        }
        for record in newest.values() {
            let sql = "INSERT INTO machine_generations (machine_id, organization, generation, received_at_ms, \
                       record_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (machine_id, organization) DO UPDATE SET \
                       generation = excluded.generation, received_at_ms = excluded.received_at_ms, \
                       record_id = excluded.record_id WHERE machine_generations.record_id < excluded.record_id \
                       OR machine_generations.record_id > $6";
            query(sql)
                .bind(machine_id)
                .bind(&record.organization)
                .bind(record.generation)
                .bind(record.received_at_ms)
                .bind(&record.id)
                .bind(&last)
                .execute(&mut self.0.0)
                .await?;
        }
        Ok(())
    }
}
