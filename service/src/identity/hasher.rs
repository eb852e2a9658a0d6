//! argon2id, a bounded number at once, off the async threads.

mod queue;

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use proto::secret::Secret;
use tokio::sync::Semaphore;

pub use self::queue::Asker;
use self::queue::Queue;

/// Hashes at once. One takes 19 MiB and about 20 ms of a core (argon2's defaults, which are
/// OWASP's first recommendation), so four bound the memory at 76 MiB.
const MOST_AT_ONCE: usize = 4;

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
    queue: Queue,
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
            queue: Queue::default(),
            nobody: hash("nobody")?.into(),
        })
    }

    /// The PHC string to store.
    ///
    /// # Errors
    /// [`HasherError`].
    pub async fn hash(&self, secret: Secret) -> Result<String, HasherError> {
        self.run(None, move || hash(secret.expose())).await
    }

    /// Whether the secret fits the hash; false for no hash, after the same work.
    ///
    /// # Errors
    /// [`HasherError`].
    pub async fn verify(&self, asker: Asker, secret: Secret, stored: Option<String>) -> Result<bool, HasherError> {
        let nobody = Arc::clone(&self.nobody);
        self.run(Some(asker), move || {
            let known = stored.is_some();
            let fits = fits(secret.expose(), stored.as_deref().unwrap_or(&nobody))?;
            Ok(fits && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        asker: Option<Asker>,
        work: impl FnOnce() -> Result<T, HasherError> + Send + 'static,
    ) -> Result<T, HasherError> {
        let _place = self.queue.enter(asker).ok_or(HasherError::Busy)?;
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

    const SOMEBODY: Asker = Asker { pair: 1, known: false };

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_secret_fits() {
        let hasher = Hasher::new().unwrap();
        let stored = hasher.hash(secret("right")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.verify(SOMEBODY, secret("right"), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify(SOMEBODY, secret("wrong"), Some(stored)).await.unwrap());
        assert!(!hasher.verify(SOMEBODY, secret("nobody"), None).await.unwrap(), "the stand-in opens nothing");
        assert!(hasher.verify(SOMEBODY, secret("x"), Some("damaged".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_is_refused_at_once_and_not_who_got_in_before() {
        let hasher = Hasher::new().unwrap();
        let running = hasher.running.acquire_many(hasher.running.available_permits() as u32).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        let mut ask = |asker| {
            let hasher = hasher.clone();
            waiting.spawn(async move { hasher.verify(asker, secret("x"), None).await });
        };
        (0..48).for_each(|pair| ask(Asker { pair, known: false }));
        let stranger = Asker { pair: 100, known: false };
        while hasher.queue.enter(Some(stranger)).is_some() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.verify(stranger, secret("x"), None).await, Err(HasherError::Busy)));
        ask(Asker { pair: 100, known: true });
        drop(running);
        for fits in waiting.join_all().await {
            assert!(!fits.unwrap());
        }
    }
}
