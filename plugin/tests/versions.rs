//! Peers of another release: what they do not say is not needed, what they say more is not heard, and a value that
//! is not known here never means "allowed".

mod support;

use proto::{
    control::{ApplyRequest, ApplyResponse, RecordsRequest, StatusRequest, StatusResponse, WatchRequest},
    document::Policy,
};
use support::{Machine, policy, uid};
use tonic::{Code, Request, Status, codegen::http::uri::PathAndQuery};
use tonic_prost::ProstCodec;

/// `ApplyRequest` of a release to come.
#[derive(Clone, PartialEq, prost::Message)]
struct LaterApply {
    #[prost(bytes = "vec", repeated, tag = "1")]
    envelopes: Vec<Vec<u8>>,
    #[prost(string, tag = "900")]
    later: String,
    #[prost(message, optional, tag = "901")]
    much_later: Option<StatusRequest>,
}

async fn call<Q, A>(machine: &Machine, path: &'static str, request: Q) -> Result<A, Status>
where
    Q: prost::Message + Send + Sync + Default + 'static,
    A: prost::Message + Send + Sync + Default + 'static,
{
    let channel = proto::local::connect_lazy(&machine.path("control.sock"));
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.expect("a connection");
    let codec: ProstCodec<Q, A> = ProstCodec::default();
    let answer = grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_newer_peer_is_served_as_far_as_it_is_understood() {
    let machine = Machine::start();
    let later = call::<_, StatusResponse>(&machine, "/pullgate.local.v1.Control/Later", StatusRequest {}).await;
    assert_eq!(later.expect_err("not known here").code(), Code::Unimplemented);

    let session = machine.session(1).await;
    let envelopes = vec![machine.seal(&policy(1)), machine.seal(&session)];
    let request = LaterApply { envelopes, later: "more".into(), much_later: Some(StatusRequest {}) };
    let applied: ApplyResponse = call(&machine, "/pullgate.local.v1.Control/Apply", request).await.expect("applied");
    assert_eq!(applied.in_force.len(), 2);
    machine.pull("evil/miner").is_denied("is a community image");
}

#[tokio::test]
async fn an_older_agent_and_an_older_door_are_served_without_saying_who_they_are() {
    let machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    machine.pull("evil/miner").is_denied("is a community image");
    let request = RecordsRequest { wait_ms: 2_000, ..RecordsRequest::default() };
    let records = machine.control().records(request.clone()).await.expect("records").into_inner();
    assert_eq!(records.records.len(), 1);
    assert_eq!(machine.status().await.agents, [], "nobody said so");
    let newer = RecordsRequest { agent_version: "0.2.0".into(), service_version: "0.3.0".into(), ..request };
    machine.control().records(newer).await.expect("records");
    let agents = machine.status().await.agents;
    let [agent] = agents.as_slice() else { panic!("{agents:?}") };
    assert_eq!((agent.uid, agent.version.as_str(), agent.service_version.as_str()), (uid(), "0.2.0", "0.3.0"));
    if uid() == 0 {
        let mut stream = machine.control().watch(WatchRequest::default()).await.expect("a stream").into_inner();
        assert_eq!(stream.message().await.expect("a state").expect("a state").in_force.len(), 2);
    }
}

#[tokio::test]
async fn a_value_that_only_a_newer_release_knows_refuses_the_document_and_the_last_good_one_stays() {
    let mut machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    for change in [
        |policy: &mut Policy| policy.mode = 77,
        |policy: &mut Policy| policy.when_expired = 77,
        |policy: &mut Policy| {
            let settings = proto::document::Settings { builds: 77, ..proto::document::Settings::default() };
            policy.settings = Some(settings);
        },
    ] {
        let mut later = policy(2);
        // It would allow more.
        later.categories =
            Some(proto::document::Categories { community: true, ..later.categories.unwrap_or_default() });
        change(&mut later);
        let refused = machine.apply(vec![machine.seal(&later)]).await.expect_err("not understood");
        assert!(refused.message().contains("which this version does not know"), "{}", refused.message());
        machine.pull("evil/miner").is_denied("is a community image");
    }
    machine.restart();
    machine.pull("evil/miner").is_denied("is a community image");
    let request = ApplyRequest { envelopes: vec![machine.seal(&policy(3))], end_session: false };
    machine.control().apply(request).await.expect("one that is understood is taken");
}

#[tokio::test]
async fn only_root_notes_what_root_did() {
    let machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    let act = proto::sync::Act { reason: "docker hangs".into(), uid: 1000, ..proto::sync::Act::default() };
    let done = proto::sync::Record {
        id: "01J9ZK3V3N0000000000000001".into(),
        action: "disable".into(),
        act: Some(act.clone()),
        ..proto::sync::Record::default()
    };
    let note = |acts| proto::control::NoteActsRequest { acts };
    let noted = machine.control().note_acts(note(vec![done.clone()])).await;
    if uid() != 0 {
        assert_eq!(noted.expect_err("not root").code(), Code::PermissionDenied);
        return;
    }
    noted.expect("noted");
    let other = proto::sync::Record { action: "pull".into(), ..done.clone() };
    let refused = machine.control().note_acts(note(vec![other])).await.expect_err("no act");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let report = proto::control::ReportRequest { records: vec![done], dropped: 0 };
    machine.control().report(report).await.expect("taken, without what is not a door's to say");
    let request = RecordsRequest { wait_ms: 2_000, ..RecordsRequest::default() };
    let records = machine.control().records(request).await.expect("records").into_inner();
    let [record] = records.records.as_slice() else { panic!("{records:?}") };
    assert_eq!(
        (record.action.as_str(), record.reason.as_str(), record.act.as_ref()),
        ("disable", "administrator", Some(&act))
    );
    assert_eq!(records.dropped, 1, "what a door may not say is lost, and counted");
}

#[tokio::test]
async fn records_that_nobody_fetched_are_there_after_an_upgrade() {
    let mut machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    machine.pull("evil/miner").is_denied("is a community image");
    assert!(machine.terminate().success());
    machine.run();
    let request = RecordsRequest { wait_ms: 2_000, ..RecordsRequest::default() };
    let records = machine.control().records(request).await.expect("records").into_inner();
    let [record] = records.records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.image.as_str(), record.run), ("docker.io/evil/miner:latest", records.run));
    let acknowledge = RecordsRequest { acknowledge: records.last, run: records.run, ..RecordsRequest::default() };
    assert_eq!(machine.control().records(acknowledge).await.expect("records").into_inner().records, []);
    assert!(machine.terminate().success());
    machine.run();
    let none = machine.control().records(RecordsRequest::default()).await.expect("records").into_inner();
    assert_eq!(none.records, [], "once");
}
