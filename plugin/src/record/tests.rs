//! What is told of late, and to whom.

use std::time::Duration;

use policy::{ImageRef, Membership, Role, Session, Timestamp, Validity, decide};

use super::*;

fn pull(image: &str) -> Action {
    Action::pull(ImageRef::parse(image).unwrap().or_latest())
}

fn record(at_ms: i64, image: &str, user: Option<&str>) -> Record {
    let validity = Validity { issued_at: Timestamp(0), refresh_after: Timestamp(900), expires_at: Timestamp(1_000) };
    let session = |user: &str| Session {
        user: user.into(),
        uid: 1,
        organizations: vec![Membership { organization: "acme".into(), role: Role::Member, teams: Vec::new() }],
        validity,
    };
    let enforced = Enforced { sessions: user.into_iter().map(session).collect(), ..Enforced::default() };
    let action = pull(image);
    Record::of(Ulid::nil(), at_ms, &enforced, &action, &decide(&enforced, &action, Timestamp(at_ms / 1000)))
}

async fn all(records: &Records, reader: &Reader, wanted: Wanted) -> (Vec<u64>, Page) {
    let mut numbers = Vec::new();
    let mut after = wanted.after;
    loop {
        let page = records.lately(reader, Wanted { after, ..wanted }).await;
        numbers.extend(page.records.iter().map(|(number, _)| *number));
        after = page.last;
        if !page.more {
            return (numbers, page);
        }
    }
}

#[tokio::test]
async fn what_an_agent_has_safely_is_still_told() {
    let (recorder, records) = channel();
    for at_ms in 1..=3 {
        recorder.record(record(at_ms, "a/b", None));
    }
    let batch = records.fetch(&Reader::Everything, 0, Duration::ZERO, &CancellationToken::new()).await;
    assert!(
        records
            .fetch(&Reader::Everything, batch.last, Duration::ZERO, &CancellationToken::new())
            .await
            .records
            .is_empty()
    );
    let (numbers, page) = all(&records, &Reader::Everything, Wanted::default()).await;
    assert_eq!((numbers, page.forgotten), (vec![1, 2, 3], 0));
}

#[tokio::test]
async fn telling_takes_nothing_from_an_agent() {
    let (recorder, records) = channel();
    recorder.record(record(1, "a/b", None));
    assert_eq!(all(&records, &Reader::Everything, Wanted::default()).await.0, [1]);
    assert_eq!(records.fetch(&Reader::Everything, 0, Duration::ZERO, &CancellationToken::new()).await.records.len(), 1);
}

#[tokio::test]
async fn only_the_newest_are_kept_and_come_in_pages() {
    let (recorder, records) = channel();
    let made = LATELY + 5;
    for at_ms in 0..made {
        recorder.record(record(at_ms.try_into().unwrap(), "a/b", None));
    }
    let first = records.lately(&Reader::Everything, Wanted::default()).await;
    assert_eq!((first.records.len(), first.more, first.forgotten), (PAGE, true, 5));
    let (numbers, _) = all(&records, &Reader::Everything, Wanted::default()).await;
    assert_eq!(numbers, (6..=made as u64).collect::<Vec<_>>());
    assert_eq!(records.dropped(), 0, "nothing was lost for agents");
}

#[tokio::test]
async fn what_is_not_wanted_is_not_told() {
    let (recorder, records) = channel();
    for (at_ms, image) in [(10, "a/b"), (20, "exam_ple.com/app"), (30, "a/b"), (40, "exam_ple.com/app")] {
        recorder.record(record(at_ms, image, None));
    }
    let reader = Reader::Everything;
    assert_eq!(all(&records, &reader, Wanted { since_ms: 20, ..Wanted::default() }).await.0, [2, 3, 4]);
    assert_eq!(all(&records, &reader, Wanted { refused: true, ..Wanted::default() }).await.0, [2, 4]);
    assert_eq!(all(&records, &reader, Wanted { after: 2, refused: true, ..Wanted::default() }).await.0, [4]);
}

#[tokio::test]
async fn a_user_is_told_of_themselves_and_of_nobody() {
    let (recorder, records) = channel();
    for user in [Some("dana"), Some("eve"), None] {
        recorder.record(record(1, "a/b", user));
    }
    assert_eq!(all(&records, &Reader::Of("dana".into()), Wanted::default()).await.0, [1, 3]);
    assert_eq!(all(&records, &Reader::Everything, Wanted::default()).await.0, [1, 2, 3]);
}
