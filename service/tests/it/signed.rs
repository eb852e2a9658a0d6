//! One key signs all that the service gives away: nothing of it stands for anything else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::sync::ReportRequest;
use tonic::Code;

use crate::{
    hub_api, oidc,
    support::{PASSWORD, Service},
};

/// Which of the doors a text opens: finish a login, Docker Hub's API, watch, report, sign in.
async fn opens(service: &Service, text: &str) -> [bool; 5] {
    let mut client = service.client().await;
    let finished = oidc::finish(service, text).await;
    let listed = hub_api::organizations(service, text).await.0;
    let watched = client.watch(text, vec![]).await;
    let reported = client.report(text, ReportRequest::default()).await;
    let signed_in = client.sign_in("bob", text).await;
    for refused in [watched.as_ref().err(), reported.as_ref().err(), signed_in.as_ref().err()].into_iter().flatten() {
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    }
    [finished.is_ok(), listed == 200, watched.is_ok(), reported.is_ok(), signed_in.is_ok()]
}

#[tokio::test]
async fn what_one_key_signed_for_one_use_opens_no_other_door() {
    let provider = oidc::Provider::start().await;
    let service = oidc::acme(&provider).await;
    service.add_member("acme", "bob", "owner");
    let login = oidc::begin(&service).await.unwrap().login;
    let hub = hub_api::token(&service, "bob", PASSWORD).await;
    let mut client = service.client().await;
    let signed_in = client.sign_in("bob", PASSWORD).await.unwrap();
    let mut stream = client.watch(&signed_in.agent_token, vec![]).await.unwrap();
    let state = stream.next().await;
    assert!(state.envelopes.len() >= 3, "a directory, a policy, a session");
    let documents = state.envelopes.iter().chain([&signed_in.session]);
    let mut cases: Vec<(String, [bool; 5])> =
        documents.map(|document| (URL_SAFE_NO_PAD.encode(document), [false; 5])).collect();
    // In the clear inside of it is the head that the other one's reader compares.
    let halves: Vec<&str> = login.splitn(2, '.').collect();
    let head = hub.split('.').next().unwrap();
    cases.push((format!("{head}.{}", halves[1]), [false; 5]));
    cases.push((hub.clone(), [false, true, false, false, false]));
    cases.push((signed_in.agent_token.clone(), [false, false, true, true, false]));
    cases.push((login, [true, false, false, false, false]));
    for (text, expected) in cases {
        assert_eq!(opens(&service, &text).await, expected, "{text:.60}");
    }
}
