//! argon2id, a bounded number at once, off the async threads.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use proto::secret::Secret;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Hashes at once. One takes 19 MiB and about 20 ms of a core (argon2's defaults, which are
/// OWASP's first recommendation), so four bound the memory at 76 MiB.
const MOST_AT_ONCE: usize = 4;
/// Sign-ins that wait for a hash: at most about two seconds of work on one core.
const MOST_WAITING: usize = 64;

/// Why nothing was hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// The queue is full.
    #[error("too many sign-ins at once")]
    Busy,
    /// A damaged hash, or no random salt.
    #[error("argon2 failed: {0}")]
    Hash(String),
}

/// Hashes and compares secrets; clones share the bounds.
#[derive(Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What an unknown user's secret is compared with: it takes as long.
    nobody: Arc<str>,
}

impl Hasher {
    /// With as many at once as there are cores, at most four.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self, HasherError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            running: Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE))),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            nobody: hash("nobody")?.into(),
        })
    }

    /// The PHC string to store.
    ///
    /// # Errors
    /// [`HasherError`].
    pub async fn hash(&self, secret: Secret) -> Result<String, HasherError> {
        self.run(move || hash(secret.expose())).await
    }

    /// Whether the secret fits the hash; false for no hash, after the same work.
    ///
    /// # Errors
    /// [`HasherError`].
    pub async fn verify(&self, secret: Secret, stored: Option<String>) -> Result<bool, HasherError> {
        let nobody = Arc::clone(&self.nobody);
        self.run(move || {
            let known = stored.is_some();
            let fits = fits(secret.expose(), stored.as_deref().unwrap_or(&nobody))?;
            Ok(fits && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HasherError> + Send + 'static,
    ) -> Result<T, HasherError> {
        let _place: SemaphorePermit<'_> = self.waiting.try_acquire().map_err(|_| HasherError::Busy)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| HasherError::Busy)?;
        // The permit goes with the work: a caller that leaves does not make room before the work has ended.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        done.await.map_err(|error| HasherError::Hash(error.to_string()))?
    }
}

fn hash(secret: &str) -> Result<String, HasherError> {
    let hash: PasswordHash = Argon2::default().hash_password(secret.as_bytes()).map_err(failed)?;
    Ok(hash.to_string())
}

fn fits(secret: &str, stored: &str) -> Result<bool, HasherError> {
    let stored = PasswordHash::new(stored).map_err(|error| HasherError::Hash(error.to_string()))?;
    match Argon2::default().verify_password(secret.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: argon2::password_hash::Error) -> HasherError {
    HasherError::Hash(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_secret_fits() {
        let hasher = Hasher::new().unwrap();
        let stored = hasher.hash(secret("right")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.verify(secret("right"), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify(secret("wrong"), Some(stored)).await.unwrap());
        assert!(!hasher.verify(secret("nobody"), None).await.unwrap(), "the stand-in opens nothing");
        assert!(hasher.verify(secret("x"), Some("damaged".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_is_refused_at_once() {
        let hasher = Hasher::new().unwrap();
        let running = hasher.running.acquire_many(hasher.running.available_permits() as u32).await.unwrap();
        let waiting: Vec<_> = (0..MOST_WAITING)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.verify(secret("x"), None).await })
            })
            .collect();
        while hasher.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.verify(secret("x"), None).await, Err(HasherError::Busy)));
        drop(running);
        for task in waiting {
            assert!(!task.await.unwrap().unwrap());
        }
    }
}
