//! Sealed policies and directories, byte for byte.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};

/// Older generations that are kept for looking back; the newest is always there.
const KEPT_GENERATIONS: i64 = 10;

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An organization's policy.
    Policy,
    /// The publishers directory.
    Directory,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Directory => "directory",
        }
    }
}

/// One generation of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Rising; about the milliseconds since the Unix epoch at which it was sealed.
    pub generation: i64,
    /// SHA-256 of the document without its header.
    pub content_sha256: [u8; 32],
    /// SHA-256 of the sealed payload.
    pub payload_sha256: [u8; 32],
    /// The exact bytes of the envelope.
    pub envelope: Vec<u8>,
    /// Key that signed it.
    pub keyid: String,
    /// Seconds since the Unix epoch.
    pub issued_at: i64,
    /// Seconds since the Unix epoch.
    pub refresh_after: i64,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
}

type Row = (i64, Vec<u8>, Vec<u8>, Vec<u8>, String, i64, i64, i64);

pub(super) fn sha256(what: &'static str, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|bytes: Vec<u8>| StoreError::unknown(what)(format!("{} bytes", bytes.len())))
}

impl Reading {
    /// The newest generation, if there is any.
    pub(crate) async fn publication(&mut self, kind: Kind, subject: &str) -> Result<Option<Publication>, StoreError> {
        let sql = "SELECT generation, content_sha256, payload_sha256, envelope, keyid, issued_at, refresh_after, \
                   expires_at FROM publications WHERE kind = $1 AND subject = $2 ORDER BY generation DESC LIMIT 1";
        let row: Option<Row> = query_as(sql).bind(kind.word()).bind(subject).fetch_optional(&mut self.0).await?;
        let Some((generation, content, payload, envelope, keyid, issued_at, refresh_after, expires_at)) = row else {
            return Ok(None);
        };
        Ok(Some(Publication {
            generation,
            content_sha256: sha256("content_sha256", content)?,
            payload_sha256: sha256("payload_sha256", payload)?,
            envelope,
            keyid,
            issued_at,
            refresh_after,
            expires_at,
        }))
    }
}

impl Reading {
    /// True once anything was sealed for machines: they trust the key that sealed it.
    pub(crate) async fn has_sealed(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM publications) OR EXISTS (SELECT 1 FROM agents) \
                   OR (SELECT session_generation FROM sequence) > 0";
        query_scalar(sql).fetch_one(&mut self.0).await
    }
}

impl Writing {
    /// Stores the next generation.
    ///
    /// INVARIANT: a generation is stored once; the key of the table refuses a second one.
    pub(crate) async fn add_publication(
        &mut self,
        kind: Kind,
        subject: &str,
        publication: &Publication,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO publications (kind, subject, generation, content_sha256, payload_sha256, envelope, \
                   keyid, issued_at, refresh_after, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        query(sql)
            .bind(kind.word())
            .bind(subject)
            .bind(publication.generation)
            .bind(publication.content_sha256.as_slice())
            .bind(publication.payload_sha256.as_slice())
            .bind(&publication.envelope)
            .bind(&publication.keyid)
            .bind(publication.issued_at)
            .bind(publication.refresh_after)
            .bind(publication.expires_at)
            .execute(&mut self.0.0)
            .await?;
        let sql = "DELETE FROM publications WHERE kind = $1 AND subject = $2 AND generation <= (SELECT generation \
                   FROM publications WHERE kind = $1 AND subject = $2 ORDER BY generation DESC LIMIT 1 OFFSET $3)";
        query(sql).bind(kind.word()).bind(subject).bind(KEPT_GENERATIONS).execute(&mut self.0.0).await?;
        Ok(())
    }
}
