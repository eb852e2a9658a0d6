//! One agent's stream: the complete desired state, once at the start and at each change.

use std::{collections::HashMap, sync::Arc, time::Duration};

use proto::chain;
use proto::sync::{Held, Kind, WatchResponse};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Streams, session_status};
use crate::{
    clock,
    identity::Agent,
    publish::{Ahead, DIRECTORY_SUBJECT, Member, Published, Snapshot, Snapshots, ahead::believed},
    sessions::{Holder, SessionError, Sessions, session_due_at},
    store::{self, SealedSession},
    validity,
};

/// Most documents that an agent may say it holds: its organizations, and some it left.
const MAX_HELD: usize = 4096;
/// Envelopes of one message, in bytes: below the message limit with room for the rest. One
/// policy and one directory at their limits fit; only members of several huge organizations
/// get more than one message, each with the same `desired`.
const MAX_ENVELOPES_BYTES: usize = 13 << 20;
/// Pause before the database is asked again for a session.
const RETRY: Duration = Duration::from_secs(2);

/// Longest wait at the start for the publisher.
const CATCH_UP: Duration = Duration::from_secs(1);

type Key = (i32, String);
type Digest32 = [u8; 32];
/// How many sign-ins there were, in this process and of all on the database; and with which keys all is sealed.
type Moved = (u64, i64, Arc<str>);

/// What the agent says it holds.
#[derive(Default)]
pub(super) struct Holdings {
    digests: HashMap<Key, Digest32>,
    generations: HashMap<Key, u64>,
}

/// Reads what the agent says it holds.
pub(super) fn held(held: Vec<Held>) -> Result<Holdings, Status> {
    if held.len() > MAX_HELD {
        return Err(Status::invalid_argument(format!("`held` names more than {MAX_HELD} documents")));
    }
    let generations = held.iter().map(|h| ((h.kind, h.subject.clone()), h.generation)).collect();
    // What is not a digest is not held.
    let digests = held.into_iter().filter_map(|h| Some(((h.kind, h.subject), h.sha256.try_into().ok()?))).collect();
    Ok(Holdings { digests, generations })
}

/// The stream's state.
pub(super) struct Desired {
    agent: Agent,
    version: String,
    sessions: Sessions,
    snapshots: Snapshots,
    /// What the agent has, as far as it was told or sent.
    held: HashMap<Key, Digest32>,
    /// Generations that it said it has, until they were compared.
    claimed: HashMap<Key, u64>,
    ahead: Ahead,
}

/// One document that should be in force.
struct Wanted<'a> {
    kind: Kind,
    subject: &'a str,
    generation: i64,
    sha256: Digest32,
    envelope: &'a [u8],
}

impl Desired {
    pub(super) fn new(
        agent: Agent,
        version: String,
        held: Holdings,
        sessions: Sessions,
        snapshots: Snapshots,
        ahead: Ahead,
    ) -> Self {
        let Holdings { digests, generations } = held;
        Self { agent, version, sessions, snapshots, held: digests, claimed: generations, ahead }
    }

    pub(super) async fn run(
        mut self,
        sender: mpsc::Sender<Result<WatchResponse, Status>>,
        stop: CancellationToken,
        streams: &Streams,
    ) {
        let end = tokio::select! {
            end = self.serve(&sender, streams) => end,
            () = sender.closed() => None,
            () = stop.cancelled() => Some(streams.goodbye()),
        };
        if let Some(status) = end {
            tracing::debug!(user = %self.agent.user, machine = %self.agent.machine_id, %status, "stream ended");
            // Waits for a slow reader only as long as the connection lives, or the service does.
            tokio::select! {
                _ = sender.send(Err(status)) => {}
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// Sends until the stream has to end, and says why. Safe to drop at any await.
    async fn serve(
        &mut self,
        sender: &mpsc::Sender<Result<WatchResponse, Status>>,
        streams: &Streams,
    ) -> Option<Status> {
        self.catch_up().await;
        let mut sent: Option<Vec<Held>> = None;
        // The session and the membership it was sealed for: asked for again only when either moved.
        let mut sealed: Option<(SealedSession, Option<Arc<Member>>, Moved)> = None;
        loop {
            let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
            let now = clock::now();
            if self.agent.credential_expires_at.is_some_and(|at| now >= at) {
                return Some(session_status(&SessionError::Expired));
            }
            if now >= self.agent.expires_at {
                return Some(Status::unauthenticated("the agent token expired; sign in again"));
            }
            let member = snapshot.members.get(&self.agent.user);
            if member.is_some_and(|member| ended(member, &self.agent)) {
                return Some(session_status(&SessionError::Ended));
            }
            // Of this process, and of all of them when the snapshot was made.
            let moved = (self.sessions.sign_ins(), snapshot.session_generation, Arc::clone(&snapshot.keys));
            let session = match sealed.take() {
                Some((session, sealed_for, then))
                    if then == moved && self.is_current(&session, sealed_for.as_ref(), member, now) =>
                {
                    Ok(session)
                }
                _ => self.session(now).await,
            };
            let pause = match session {
                Ok(session) => {
                    let wanted = wanted(&snapshot, member.map(Arc::as_ref), &self.agent.user, &session);
                    compare(&mut self.claimed, &wanted, &self.ahead);
                    let desired: Vec<Held> = wanted.iter().map(Wanted::held).collect();
                    if sent.as_ref() != Some(&desired) {
                        let head = Head { now, tell_within: streams.tell_within() };
                        for response in responses(&mut self.held, &wanted, &desired, head) {
                            sender.send(Ok(response)).await.ok()?;
                        }
                        sent = Some(desired);
                    }
                    let due = session_due_at(&session, self.agent.credential_expires_at).unwrap_or(i64::MAX);
                    let due = due.min(self.agent.expires_at);
                    sealed = Some((session, member.cloned(), moved));
                    until(due)
                }
                Err(error @ SessionError::Store(_)) => {
                    tracing::error!(user = %self.agent.user, error = %chain(&error), "a session cannot be had; trying again");
                    RETRY
                }
                Err(error) => return Some(session_status(&error)),
            };
            tokio::select! {
                changed = self.snapshots.changed() => if changed.is_err() {
                    return Some(streams.goodbye());
                },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Whoever was added a moment before signing in gets the policies in the first message: the
    /// publisher is at most some milliseconds behind the store. When it cannot publish, what it has is sent.
    async fn catch_up(&mut self) {
        if let Ok(revision) = self.sessions.revision().await {
            let published = self.snapshots.wait_for(|snapshot| snapshot.revision >= revision);
            drop(tokio::time::timeout(CATCH_UP, published).await);
        }
    }

    fn is_current(
        &self,
        session: &SealedSession,
        sealed_for: Option<&Arc<Member>>,
        member: Option<&Arc<Member>>,
        now: i64,
    ) -> bool {
        let same = match (sealed_for, member) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (None, None) => true,
            _ => false,
        };
        let due = session_due_at(session, self.agent.credential_expires_at).is_some_and(|at| now >= at);
        same && !due && !validity::is_from_the_future(session.issued_at, now)
    }

    async fn session(&mut self, now: i64) -> Result<SealedSession, SessionError> {
        let holder = Holder {
            user: self.agent.user.clone(),
            machine_id: self.agent.machine_id.clone(),
            uid: self.agent.uid,
            credential_epoch: self.agent.credential_epoch,
            credential_expires_at: self.agent.credential_expires_at,
        };
        let session = self.sessions.current(&holder, &self.version, now).await?;
        let key = (Kind::Session.into(), self.agent.user.clone());
        let claimed = self.claimed.get(&key).and_then(|claimed| believed(*claimed, clock::now_ms()));
        let Some(claimed) = claimed.filter(|claimed| *claimed > session.generation) else { return Ok(session) };
        tracing::error!(
            user = %self.agent.user,
            machine = %self.agent.machine_id,
            held = claimed,
            own = session.generation,
            "a machine holds a newer session than this service sealed: was a backup restored, or does another \
             service sign with the same key? sealing above it"
        );
        let renewed = self.sessions.renew(&holder, &self.version, now, claimed).await?;
        self.claimed.remove(&key);
        Ok(renewed)
    }
}

/// Tells the publisher once which published documents the agent holds a later generation of.
fn compare(claimed: &mut HashMap<Key, u64>, wanted: &[Wanted<'_>], ahead: &Ahead) {
    let now_ms = clock::now_ms();
    for document in wanted {
        let kind = match document.kind {
            Kind::Policy => store::Kind::Policy,
            Kind::Directory => store::Kind::Directory,
            Kind::Session | Kind::Unspecified => continue,
        };
        if let Some(claimed) = claimed.remove(&(document.kind.into(), document.subject.to_owned())) {
            ahead.tell(kind, document.subject, claimed, document.generation, now_ms);
        }
    }
}

/// What each message says.
#[derive(Clone, Copy)]
struct Head {
    now: i64,
    tell_within: Duration,
}

/// At least one message; envelopes that the agent does not hold, in as few messages as the limit allows.
fn responses(
    held: &mut HashMap<Key, Digest32>,
    wanted: &[Wanted<'_>],
    desired: &[Held],
    head: Head,
) -> Vec<WatchResponse> {
    let message = || WatchResponse {
        desired: desired.to_vec(),
        envelopes: Vec::new(),
        server_time: head.now,
        service_version: env!("CARGO_PKG_VERSION").to_owned(),
        tell_within_ms: u32::try_from(head.tell_within.as_millis()).unwrap_or(u32::MAX),
    };
    let mut responses = vec![];
    let (mut response, mut size) = (message(), 0);
    for document in wanted {
        let key = (i32::from(document.kind), document.subject.to_owned());
        if held.get(&key) == Some(&document.sha256) {
            continue;
        }
        if size > 0 && size + document.envelope.len() > MAX_ENVELOPES_BYTES {
            responses.push(std::mem::replace(&mut response, message()));
            size = 0;
        }
        size += document.envelope.len();
        response.envelopes.push(document.envelope.to_vec());
        held.insert(key, document.sha256);
    }
    responses.push(response);
    held.retain(|(kind, subject), _| desired.iter().any(|one| one.kind == *kind && one.subject == *subject));
    responses
}

/// Exactly to that second; what is overdue is asked again in one.
fn until(due: i64) -> Duration {
    let left = due.saturating_mul(1000).saturating_sub(clock::now_ms());
    u64::try_from(left).ok().filter(|left| *left > 0).map_or(Duration::from_secs(1), Duration::from_millis)
}

/// A snapshot older than the token shows an older epoch: that is no reason to end.
fn ended(member: &Member, agent: &Agent) -> bool {
    let account = &member.account;
    account.credential_epoch > agent.credential_epoch
        || (account.removed && account.credential_epoch == agent.credential_epoch)
}

/// The directory first, the session last: whatever part of it is applied is coherent.
fn wanted<'a>(
    snapshot: &'a Snapshot,
    member: Option<&'a Member>,
    user: &'a str,
    session: &'a SealedSession,
) -> Vec<Wanted<'a>> {
    let memberships = member.map(|member| member.memberships.as_slice()).unwrap_or_default();
    let mut wanted = Vec::with_capacity(memberships.len() + 2);
    let policies = memberships.iter().filter_map(|m| Some((&m.organization, snapshot.policies.get(&m.organization)?)));
    wanted.extend(policies.map(|(organization, policy)| published(Kind::Policy, organization, policy)));
    if !wanted.is_empty() {
        wanted.insert(0, published(Kind::Directory, DIRECTORY_SUBJECT, &snapshot.directory));
    }
    wanted.push(Wanted {
        kind: Kind::Session,
        subject: user,
        generation: session.generation,
        sha256: Sha256::digest(&session.envelope).into(),
        envelope: &session.envelope,
    });
    wanted
}

fn published<'a>(kind: Kind, subject: &'a str, published: &'a Published) -> Wanted<'a> {
    Wanted { kind, subject, generation: published.generation, sha256: published.sha256, envelope: &published.envelope }
}

impl Wanted<'_> {
    fn held(&self) -> Held {
        Held {
            kind: self.kind.into(),
            subject: self.subject.to_owned(),
            generation: u64::try_from(self.generation).unwrap_or_default(),
            sha256: self.sha256.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { now: 1, tell_within: Duration::from_millis(500) };

    fn document<'a>(subject: &'a str, envelope: &'a [u8]) -> Wanted<'a> {
        Wanted { kind: Kind::Policy, subject, generation: 1, sha256: Sha256::digest(envelope).into(), envelope }
    }

    #[test]
    fn huge_documents_come_in_several_messages_that_all_name_the_whole_state() {
        let huge = vec![7; 8 << 20];
        let names = ["a", "b", "c"];
        let wanted: Vec<_> = names.iter().map(|name| document(name, &huge)).collect();
        let desired: Vec<Held> = wanted.iter().map(Wanted::held).collect();
        let mut held = HashMap::new();
        let sent = responses(&mut held, &wanted, &desired, HEAD);
        assert_eq!(sent.iter().map(|response| response.envelopes.len()).collect::<Vec<_>>(), [1, 1, 1]);
        assert!(sent.iter().all(|response| response.desired == desired && response.tell_within_ms == 500));
        let again = responses(&mut held, &wanted, &desired, HEAD);
        assert_eq!((again.len(), again[0].envelopes.len()), (1, 0), "what was sent is held");
    }

    #[test]
    fn what_is_no_longer_desired_is_not_held_any_more() {
        let (a, b) = (document("a", b"a"), document("b", b"b"));
        let mut held = HashMap::new();
        responses(&mut held, &[a], &[document("a", b"a").held()], HEAD);
        responses(&mut held, &[b], &[document("b", b"b").held()], HEAD);
        let back = responses(&mut held, &[document("a", b"a")], &[document("a", b"a").held()], HEAD);
        assert_eq!(back[0].envelopes, [b"a"]);
    }

    #[test]
    fn an_older_snapshot_does_not_end_a_newer_sign_in() {
        let agent = |credential_epoch| Agent {
            user: "alice".to_owned(),
            machine_id: "m".to_owned(),
            uid: 1,
            credential_epoch,
            credential_expires_at: None,
            expires_at: 0,
        };
        let member = |credential_epoch, removed| Member {
            account: crate::model::Account {
                id: 1,
                name: "alice".to_owned(),
                origin: crate::model::Origin::Own,
                credential_epoch,
                removed,
            },
            memberships: vec![],
        };
        assert!(!ended(&member(1, false), &agent(2)));
        assert!(!ended(&member(2, false), &agent(2)));
        assert!(ended(&member(3, false), &agent(2)));
        assert!(ended(&member(2, true), &agent(2)));
        assert!(!ended(&member(1, true), &agent(2)), "the account came back");
    }
}
