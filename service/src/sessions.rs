//! Sessions: what a signed-in user of one machine belongs to, sealed for that machine.
//!
//! INVARIANT: a session generation is used once, over all accounts and machines, and always
//! rises: a plugin keeps one floor for each local user, whoever signs in there, and takes
//! nothing at or below a session that it ended or replaced. So each sign-in seals a new one.
//! The bytes of the newest one of each machine are stored.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use prost::Message as _;
use proto::document;
use sha2::{Digest as _, Sha256};

use crate::{
    clock,
    key_ring::Keys,
    model::Membership,
    publish::{CompileError, compile},
    store::{AgentKey, Reading, SealedSession, Store, StoreError, Writing},
    validity::{self, SessionTimes, Validity},
};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Removed account, or a credential ended since the sign-in.
    #[error("the account's credentials changed since it signed in here; sign in again")]
    Ended,
    /// The access token of the sign-in is past its end.
    #[error("the access token that signed in here expired; sign in with a new one")]
    Expired,
    /// Too many memberships for one document.
    #[error("the session cannot be sealed")]
    Compile(#[from] CompileError),
    /// The database.
    #[error("the session cannot be stored")]
    Store(#[from] StoreError),
}

/// Whose session on which machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// User name.
    pub user: String,
    /// The machine's own id.
    pub machine_id: String,
    /// Local user there.
    pub uid: u32,
    /// The account's epoch at sign-in.
    pub credential_epoch: i64,
    /// When the credential ends that was shown then, seconds since the Unix epoch: no session lasts longer.
    pub credential_expires_at: Option<i64>,
}

/// Seals and keeps sessions.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    keys: Keys,
    validity: Validity,
    sign_ins: Arc<AtomicU64>,
}

impl Sessions {
    /// In this store, with these keys.
    #[must_use]
    pub fn new(store: Store, keys: Keys, validity: Validity) -> Self {
        Self { store, keys, validity, sign_ins: Arc::default() }
    }

    /// The session as it should be now: the stored one while it says the truth and is fresh, else a new one.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn current(&self, holder: &Holder, agent_version: &str, now: i64) -> Result<SealedSession, SessionError> {
        let mut view = self.store.read().await?;
        let wanted = self.wanted(&mut view, holder, now).await?;
        if let Some(stored) = self.stored(&mut view, &wanted, now).await? {
            return Ok(stored);
        }
        drop(view);
        let mut change = self.store.write().await?;
        let wanted = self.wanted(&mut change, holder, now).await?;
        // Another stream of the same agent may have been quicker.
        if let Some(stored) = self.stored(&mut change, &wanted, now).await? {
            return Ok(stored);
        }
        self.seal(change, wanted, holder, agent_version, now, 0).await
    }

    /// A new session, for a sign-in, or above a generation that the machine has already seen.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn renew(
        &self,
        holder: &Holder,
        agent_version: &str,
        now: i64,
        above: i64,
    ) -> Result<SealedSession, SessionError> {
        let mut change = self.store.write().await?;
        let wanted = self.wanted(&mut change, holder, now).await?;
        let session = self.seal(change, wanted, holder, agent_version, now, above).await?;
        self.sign_ins.fetch_add(1, Ordering::Release);
        Ok(session)
    }

    /// Moves when a session was renewed: streams that keep one ask for the current one again.
    #[must_use]
    pub fn sign_ins(&self) -> u64 {
        self.sign_ins.load(Ordering::Acquire)
    }

    async fn seal(
        &self,
        mut change: Writing,
        wanted: Wanted,
        holder: &Holder,
        agent_version: &str,
        now: i64,
        above: i64,
    ) -> Result<SealedSession, SessionError> {
        compile::check_session(&wanted.memberships)?;
        let generation = change.next_session_generation(clock::now_ms().max(above.saturating_add(1))).await?;
        let audience = format!("machine:{}", holder.machine_id);
        let header = wanted.validity.header(&holder.user, audience, generation, now, holder.credential_expires_at);
        let (refresh_after, expires_at) = (header.refresh_after, header.expires_at);
        let ring = self.keys.now();
        let session = SealedSession {
            generation,
            content_sha256: wanted.content_sha256,
            envelope: ring.seal(&document::Session { header: Some(header), ..wanted.document }),
            keyid: ring.stamp().to_owned(),
            issued_at: now,
            refresh_after,
            expires_at,
        };
        change.put_session(&wanted.key, &session, agent_version).await?;
        change.commit().await?;
        Ok(session)
    }

    /// The store's sequence now: a snapshot of this revision shows what a session read before says.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        self.store.read().await?.revision().await
    }

    async fn wanted(&self, view: &mut Reading, holder: &Holder, now: i64) -> Result<Wanted, SessionError> {
        if holder.credential_expires_at.is_some_and(|at| at <= now) {
            return Err(SessionError::Expired);
        }
        let account = view.account(&holder.user).await?.ok_or(SessionError::Ended)?;
        if account.removed || account.credential_epoch != holder.credential_epoch {
            return Err(SessionError::Ended);
        }
        let memberships = view.memberships(account.id).await?;
        let chosen = view.session_times_of(account.id).await?;
        let validity = self.validity.shortest(&chosen);
        let document = compile::session(&holder.machine_id, holder.uid, &memberships);
        let mut content = document.encode_to_vec();
        if chosen.iter().any(|times| *times != SessionTimes::default()) {
            // So that another choice is another session.
            content.extend(validity.refresh_after.to_be_bytes());
            content.extend(validity.expires.to_be_bytes());
        }
        let key = AgentKey { account: account.id, machine_id: holder.machine_id.clone(), uid: holder.uid };
        let content_sha256 = Sha256::digest(content).into();
        let until = holder.credential_expires_at;
        Ok(Wanted { key, memberships, content_sha256, document, validity, until })
    }

    async fn stored(&self, view: &mut Reading, wanted: &Wanted, now: i64) -> Result<Option<SealedSession>, StoreError> {
        let stored = view.session(&wanted.key).await?;
        let ring = self.keys.now();
        Ok(stored.filter(|stored| {
            stored.content_sha256 == wanted.content_sha256
                && stored.keyid == ring.stamp()
                && !wanted.is_due(stored, now)
                && wanted.until.is_none_or(|until| stored.expires_at <= until)
        }))
    }
}

struct Wanted {
    key: AgentKey,
    memberships: Vec<Membership>,
    document: document::Session,
    /// Of the document, and of how long organizations want it to last.
    content_sha256: [u8; 32],
    validity: Validity,
    /// Nothing may last longer.
    until: Option<i64>,
}

impl Wanted {
    fn is_due(&self, stored: &SealedSession, now: i64) -> bool {
        session_due_at(stored, self.until).is_some_and(|at| now >= at)
            || validity::is_from_the_future(stored.issued_at, now)
    }
}

/// When the next session has to be sealed; none: it is fresh to the end of its credential, and
/// another one would end with it.
#[must_use]
pub fn session_due_at(session: &SealedSession, credential_expires_at: Option<i64>) -> Option<i64> {
    let last = credential_expires_at.is_some_and(|until| session.refresh_after >= until);
    (!last).then(|| validity::due_at(session.issued_at, session.refresh_after))
}

#[cfg(test)]
mod tests {
    use proto::keys::SigningKey;

    use super::*;
    use crate::{
        model::Role,
        store::testing::{Fixture, on_each_database},
        validity::Validities,
    };

    async fn world(fixture: &Fixture) -> (Store, Sessions, Holder) {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        let organization = change.add_organization("acme", 1).await.unwrap();
        let account = change.add_account("alice", "$argon2id$x", 1).await.unwrap();
        change.set_member(organization, account, Role::Member, &[]).await.unwrap();
        change.commit().await.unwrap();
        let key = SigningKey::from_seed(&[1; 32]);
        let sessions = Sessions::new(store.clone(), key.into(), Validities::default().session);
        let holder = Holder {
            user: "alice".to_owned(),
            machine_id: "m1".to_owned(),
            uid: 1000,
            credential_epoch: 1,
            credential_expires_at: None,
        };
        (store, sessions, holder)
    }

    async fn an_unchanged_session_keeps_its_bytes_and_a_due_one_is_sealed_anew(fixture: Fixture) {
        let (_store, sessions, holder) = world(&fixture).await;
        let first = sessions.current(&holder, "1", 1_000_000).await.unwrap();
        assert_eq!(sessions.current(&holder, "1", 1_000_100).await.unwrap(), first);
        let later = sessions.current(&holder, "1", 1_000_000 + 13 * 3600).await.unwrap();
        assert!(later.generation > first.generation);
        assert_ne!(later.envelope, first.envelope);
    }

    async fn each_sign_in_seals_a_new_session_above_every_other_of_the_service(fixture: Fixture) {
        let (store, sessions, alice) = world(&fixture).await;
        let mut change = store.write().await.unwrap();
        change.add_account("bob", "$argon2id$x", 1).await.unwrap();
        change.commit().await.unwrap();
        let bob = Holder { user: "bob".to_owned(), ..alice.clone() };
        let begin = clock::now_ms();
        let mut last = 0;
        for holder in [&alice, &bob, &alice, &alice, &bob] {
            let before = sessions.sign_ins();
            let renewed = sessions.renew(holder, "1", 1_000_000, 0).await.unwrap();
            assert!(renewed.generation > last && renewed.generation >= begin, "{}", renewed.generation);
            assert!(sessions.sign_ins() > before);
            assert_eq!(sessions.current(holder, "1", 1_000_000).await.unwrap(), renewed, "what a stream sends now");
            last = renewed.generation;
        }
        let ahead = last + 86_400_000;
        assert!(sessions.renew(&bob, "1", 1_000_000, ahead).await.unwrap().generation > ahead);
        assert!(sessions.renew(&alice, "1", 1_000_000, 0).await.unwrap().generation > ahead, "over all accounts");
    }

    async fn every_machine_has_a_generation_of_its_own(fixture: Fixture) {
        let (_store, sessions, holder) = world(&fixture).await;
        let other = Holder { machine_id: "m2".to_owned(), ..holder.clone() };
        let uid = Holder { uid: 1001, ..holder.clone() };
        let mut generations = Vec::new();
        for holder in [&holder, &other, &uid, &holder] {
            generations.push(sessions.current(holder, "1", 1_000_000).await.unwrap().generation);
        }
        assert!(generations[..3].is_sorted_by(|a, b| a < b), "{generations:?}");
        assert_eq!(generations[3], generations[0]);
    }

    async fn no_session_outlives_the_credential_whatever_is_stored(fixture: Fixture) {
        let (_store, sessions, password) = world(&fixture).await;
        let now = 1_000_000;
        let token = Holder { credential_expires_at: Some(now + 100), ..password.clone() };
        let long = sessions.renew(&password, "1", now, 0).await.unwrap();
        assert_eq!(long.expires_at, now + 7 * 86_400);
        let short = sessions.current(&token, "1", now).await.unwrap();
        assert_eq!((short.refresh_after, short.expires_at), (now + 100, now + 100));
        assert!(short.generation > long.generation);
        assert_eq!(sessions.current(&token, "1", now + 99).await.unwrap(), short, "a new one would end with it");
        for ended in [sessions.current(&token, "1", now + 100).await, sessions.renew(&token, "1", now + 100, 0).await] {
            assert!(matches!(ended, Err(SessionError::Expired)), "{ended:?}");
        }
        assert_eq!(sessions.current(&password, "1", now + 100).await.unwrap().expires_at, now + 100 + 7 * 86_400);
        let later = Holder { credential_expires_at: Some(now + 3 * 86_400), ..password };
        let first = sessions.renew(&later, "1", now, 0).await.unwrap();
        assert_eq!((first.refresh_after, first.expires_at), (now + 86_400, now + 3 * 86_400));
        let second = sessions.current(&later, "1", now + 86_400 / 2).await.unwrap();
        assert!(second.generation > first.generation, "it can still be fresh for longer");
    }

    async fn another_choice_of_an_organization_seals_anew_and_the_shortest_wins(fixture: Fixture) {
        let (store, sessions, holder) = world(&fixture).await;
        let choose = async |organization: i64, fresh, valid| {
            let mut change = store.write().await.unwrap();
            let before = change.revision().await.unwrap();
            change.set_session_times(organization, SessionTimes { fresh, valid }).await.unwrap();
            let moved = change.accounts_since(before).await.unwrap();
            assert_eq!(moved.len(), 1, "streams of members look again");
            change.commit().await.unwrap();
        };
        let mut change = store.write().await.unwrap();
        let acme = change.organization_id("acme").await.unwrap().unwrap();
        let beta = change.add_organization("beta", 1).await.unwrap();
        let alice = change.account("alice").await.unwrap().unwrap().id;
        change.set_member(beta, alice, Role::Member, &[]).await.unwrap();
        change.commit().await.unwrap();
        let mut last = 0;
        let mut lasts = async |expected: (i64, i64)| {
            let session = sessions.current(&holder, "1", 1_000_000).await.unwrap();
            assert_eq!((session.refresh_after - 1_000_000, session.expires_at - 1_000_000), expected);
            assert!(session.generation > last);
            last = session.generation;
            assert_eq!(sessions.current(&holder, "1", 1_000_000).await.unwrap(), session);
        };
        lasts((86_400, 7 * 86_400)).await;
        choose(acme, Some(3600), Some(7200)).await;
        lasts((3600, 7200)).await;
        choose(beta, None, Some(600)).await;
        lasts((600, 600)).await;
        choose(beta, None, None).await;
        lasts((3600, 7200)).await;
        choose(acme, None, None).await;
        lasts((86_400, 7 * 86_400)).await;
    }

    async fn a_changed_membership_is_sealed_and_an_ended_credential_refused(fixture: Fixture) {
        let (store, sessions, holder) = world(&fixture).await;
        let first = sessions.current(&holder, "1", 1_000_000).await.unwrap();
        let mut change = store.write().await.unwrap();
        let organization = change.organization_id("acme").await.unwrap().unwrap();
        let account = change.account("alice").await.unwrap().unwrap().id;
        change.set_member(organization, account, Role::Owner, &["ops".to_owned()]).await.unwrap();
        change.commit().await.unwrap();
        let second = sessions.current(&holder, "1", 1_000_000).await.unwrap();
        assert!(second.generation > first.generation);

        let mut change = store.write().await.unwrap();
        change.set_password(account, "alice", "$argon2id$y", 2).await.unwrap();
        change.commit().await.unwrap();
        assert!(matches!(sessions.current(&holder, "1", 1_000_000).await, Err(SessionError::Ended)));
    }

    on_each_database! {
        an_unchanged_session_keeps_its_bytes_and_a_due_one_is_sealed_anew,
        each_sign_in_seals_a_new_session_above_every_other_of_the_service,
        every_machine_has_a_generation_of_its_own,
        no_session_outlives_the_credential_whatever_is_stored,
        another_choice_of_an_organization_seals_anew_and_the_shortest_wins,
        a_changed_membership_is_sealed_and_an_ended_credential_refused,
    }
}
