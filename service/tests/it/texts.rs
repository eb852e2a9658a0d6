//! Texts of agents that hold what a database may not take: each has a defined answer, whichever database there is, and
//! loses nothing of what came with it.

use proto::sync::{
    Act, FinishLoginRequest, Held, Record, ReportRequest, RequestAccessRequest, SignInRequest, WatchRequest,
    WithdrawAccessRequest,
};
use tonic::{Code, Status};

use crate::{
    report::record,
    support::{Client, PASSWORD, Service, bearer},
};

const NUL: &str = "a\0b";

/// A refusal that tells the agent what it did: `UNAVAILABLE` and the like would make it try again, without end.
fn defined<T>(what: &str, answer: Result<T, Status>) {
    use Code::{FailedPrecondition, InvalidArgument, NotFound, Unauthenticated, Unimplemented};
    if let Err(status) = answer {
        let code = status.code();
        assert!(
            matches!(code, FailedPrecondition | InvalidArgument | NotFound | Unauthenticated | Unimplemented),
            "{what}: {status}"
        );
    }
}

async fn sign_in(client: &mut Client, spoil: fn(&mut SignInRequest)) -> Result<(), Status> {
    let mut request = SignInRequest {
        username: "alice".to_owned(),
        secret: PASSWORD.to_owned(),
        machine_id: "machine-1".to_owned(),
        agent_version: "1".to_owned(),
        ..SignInRequest::default()
    };
    spoil(&mut request);
    client.0.sign_in(request).await.map(drop)
}

#[tokio::test]
async fn a_nul_in_a_text_of_an_agent_has_a_defined_answer() {
    let service = Service::acme().await;
    service.ok(&["policy", "set", "acme", "--enabled", "true", "--community", "false"]);
    let mut client = service.client().await;
    let spoil: [fn(&mut SignInRequest); 4] = [
        |request| request.username = NUL.to_owned(),
        |request| request.secret = NUL.to_owned(),
        |request| request.machine_id = NUL.to_owned(),
        |request| request.agent_version = NUL.to_owned(),
    ];
    for (n, spoil) in spoil.into_iter().enumerate() {
        let answer = sign_in(&mut client, spoil).await;
        assert!(answer.is_err(), "{n}");
        defined("SignIn", answer);
    }
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let held = Held { kind: 1, subject: NUL.to_owned(), generation: 1, sha256: vec![0; 32] };
    let watch = WatchRequest { held: vec![held], agent_version: NUL.to_owned() };
    let mut stream = client.0.watch(bearer(watch, &token)).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some(), "what it holds is compared, and not looked for");
    let asked = RequestAccessRequest {
        image: "evil/miner".to_owned(),
        reason: "demo".to_owned(),
        ..RequestAccessRequest::default()
    };
    let spoil: [fn(&mut RequestAccessRequest); 4] = [
        |request| request.image = NUL.to_owned(),
        |request| request.reason = NUL.to_owned(),
        |request| request.decision = NUL.to_owned(),
        |request| request.organizations = vec![NUL.to_owned()],
    ];
    for spoil in spoil {
        let mut request = asked.clone();
        spoil(&mut request);
        defined("RequestAccess", client.0.request_access(bearer(request, &token)).await);
    }
    let withdraw = WithdrawAccessRequest { id: NUL.to_owned() };
    let status = client.0.withdraw_access(bearer(withdraw, &token)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status}");
    defined("FinishLogin", client.0.finish_login(FinishLoginRequest { login: NUL.to_owned() }).await);
    let log = service.log();
    assert!(!log.contains(" ERROR "), "{log}");
}

#[tokio::test]
async fn a_record_with_a_nul_or_an_extreme_number_loses_no_other_one_and_is_not_sent_for_ever() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let long = || "x".repeat(4096);
    let spoil: [fn(&mut Record); 17] = [
        |r| r.id = format!("{NUL}{}", &r.id[3..]),
        |r| r.machine_id = NUL.to_owned(),
        |r| r.action = NUL.to_owned(),
        |r| r.image = NUL.to_owned(),
        |r| r.reason = NUL.to_owned(),
        |r| r.category = NUL.to_owned(),
        |r| r.organization = NUL.to_owned(),
        |r| r.rule = NUL.to_owned(),
        |r| r.users = vec![NUL.to_owned()],
        |r| r.evidence = NUL.to_owned(),
        |r| r.coverage = NUL.to_owned(),
        |r| r.act = Some(Act { reason: NUL.to_owned(), user: NUL.to_owned(), ..Act::default() }),
        |r| (r.at_ms, r.run, r.generation, r.sequence) = (i64::MAX, i64::MAX, u64::MAX, u64::MAX),
        |r| (r.at_ms, r.run) = (i64::MIN, i64::MIN),
        |r| r.act = Some(Act { until_ms: i64::MAX, uid: u32::MAX, ..Act::default() }),
        |r| (r.action, r.reason, r.category) = ("a".repeat(64), "b".repeat(64), "c".repeat(64)),
        |r| r.rule = "\u{10ffff}".repeat(63),
    ];
    for (n, spoil) in (0..).zip(spoil) {
        let (mut bad, good) = (Record { image: long(), ..record(2 * n) }, record(2 * n + 1));
        spoil(&mut bad);
        let report = ReportRequest { records: vec![bad.clone(), good], ..ReportRequest::default() };
        let accepted = client.report(&token, report.clone()).await.unwrap_or_else(|e| panic!("{bad:?}: {e}"));
        assert!(accepted >= 1, "{bad:?}");
        assert_eq!(client.report(&token, report).await.unwrap(), 0, "{bad:?}");
    }
    let log = service.log();
    assert!(!log.contains(" ERROR "), "{log}");
}
