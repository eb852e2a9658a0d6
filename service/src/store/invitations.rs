//! Invitations.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as},
};
use crate::model::{Role, from_word, word};

/// Who is to become a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// ULID.
    pub id: String,
    /// Of what.
    pub organization: String,
    /// Name of an account, which may be there or not.
    pub invitee: String,
    /// As what.
    pub role: Role,
    /// In which teams.
    pub teams: Vec<String>,
    /// Who invites.
    pub inviter: String,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
}

type Row = (String, String, String, String, String, String, i64, i64);

fn invitation(row: Row) -> Result<Invitation, StoreError> {
    let (id, organization, invitee, role, teams, inviter, created_at, expires_at) = row;
    let role = from_word(&role).map_err(StoreError::unknown("role"))?;
    let teams = teams.split(',').filter(|team| !team.is_empty()).map(str::to_owned).collect();
    Ok(Invitation { id, organization, invitee, role, teams, inviter, created_at, expires_at })
}

/// All columns of a [`Row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, o.name, i.invitee, i.role, i.teams, i.inviter, i.created_at, i.expires_at ",
            "FROM invitations i JOIN organizations o ON o.id = i.organization_id ",
            $rest
        )
    };
}

impl Reading {
    /// The organization's, by id.
    pub(crate) async fn invitations(&mut self, organization: i64) -> Result<Vec<Invitation>, StoreError> {
        let sql = select!("WHERE i.organization_id = $1 ORDER BY i.id");
        let rows: Vec<Row> = query_as(sql).bind(organization).fetch_all(&mut self.0).await?;
        rows.into_iter().map(invitation).collect()
    }

    /// Those to this name, by id.
    pub(crate) async fn invitations_to(&mut self, invitee: &str) -> Result<Vec<Invitation>, StoreError> {
        let sql = select!("WHERE i.invitee = $1 ORDER BY i.id");
        let rows: Vec<Row> = query_as(sql).bind(invitee).fetch_all(&mut self.0).await?;
        rows.into_iter().map(invitation).collect()
    }

    /// One of them.
    pub(crate) async fn invitation(&mut self, id: &str) -> Result<Option<Invitation>, StoreError> {
        let row: Option<Row> = query_as(select!("WHERE i.id = $1")).bind(id).fetch_optional(&mut self.0).await?;
        row.map(invitation).transpose()
    }

    /// The one whose link has this secret.
    pub(crate) async fn invitation_by_secret(&mut self, sha256: &[u8]) -> Result<Option<Invitation>, StoreError> {
        let sql = select!("WHERE i.secret_sha256 = $1");
        let row: Option<Row> = query_as(sql).bind(sha256).fetch_optional(&mut self.0).await?;
        row.map(invitation).transpose()
    }
}

impl Writing {
    /// Adds an invitation, or replaces the one to the same name.
    pub(crate) async fn put_invitation(
        &mut self,
        organization: i64,
        new: &Invitation,
        secret_sha256: Option<[u8; 32]>,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM invitations WHERE organization_id = $1 AND invitee = $2";
        query(sql).bind(organization).bind(&new.invitee).execute(&mut self.0.0).await?;
        let sql = "INSERT INTO invitations (id, organization_id, invitee, role, teams, inviter, created_at, \
                   expires_at, secret_sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        query(sql)
            .bind(&new.id)
            .bind(organization)
            .bind(&new.invitee)
            .bind(word(new.role))
            .bind(new.teams.join(","))
            .bind(&new.inviter)
            .bind(new.created_at)
            .bind(new.expires_at)
            .bind(secret_sha256.map(|digest| digest.to_vec()))
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }

    /// Ends an invitation: accepted, declined or taken back.
    pub(crate) async fn remove_invitation(&mut self, id: &str) -> Result<(), StoreError> {
        query("DELETE FROM invitations WHERE id = $1").bind(id).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Forgets those that nobody answered in time. Returns how many.
    pub(crate) async fn forget_invitations(&mut self, now: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM invitations WHERE expires_at <= $1";
        query(sql).bind(now).execute(&mut self.0.0).await
    }
}
