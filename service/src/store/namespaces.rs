//! Docker Hub namespaces of organizations.

use super::{StoreError, Writing, sql::query};

impl Writing {
    /// Takes a namespace away from the organization. False: it did not own it.
    pub(crate) async fn remove_namespace(&mut self, organization: i64, namespace: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM namespaces WHERE namespace = $1 AND organization_id = $2";
        let gone = query(sql).bind(namespace).bind(organization).execute(&mut self.0.0).await? > 0;
        if gone {
            self.touch_organization(organization).await?;
        }
        Ok(gone)
    }
}
