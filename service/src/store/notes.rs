//! What automation for Docker Hub says and this service has no field for.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_scalar},
};

impl Reading {
    /// Of the organization's registries; empty: nothing.
    pub(crate) async fn registry_notes(&mut self, organization: i64) -> Result<String, StoreError> {
        let sql = "SELECT registry_notes FROM organizations WHERE id = $1";
        query_scalar(sql).bind(organization).fetch_one(&mut self.0).await
    }

    /// Of an access token; empty: nothing.
    pub(crate) async fn token_note(&mut self, id: &str) -> Result<String, StoreError> {
        let sql = "SELECT note FROM credentials WHERE kind = 'token' AND id = $1";
        Ok(query_scalar(sql).bind(id).fetch_optional(&mut self.0).await?.unwrap_or_default())
    }
}

impl Writing {
    /// Of the organization's registries.
    pub(crate) async fn set_registry_notes(&mut self, organization: i64, notes: &str) -> Result<(), StoreError> {
        let sql = "UPDATE organizations SET registry_notes = $2 WHERE id = $1";
        query(sql).bind(organization).bind(notes).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Of an access token, with the owner's word for it; what it opens stays.
    pub(crate) async fn describe_token(&mut self, id: &str, name: &str, note: &str) -> Result<(), StoreError> {
        let sql = "UPDATE credentials SET name = $2, note = $3 WHERE kind = 'token' AND id = $1";
        query(sql).bind(id).bind(name).bind(note).execute(&mut self.0.0).await?;
        Ok(())
    }
}
