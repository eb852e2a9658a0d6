//! Asking for access, from the agent's call to the owner's answer.

use proto::sync::{
    AccessRequest, AccessState, ListAccessRequest, RequestAccessRequest, RequestAccessResponse, WithdrawAccessRequest,
};
use tonic::{Code, Status};

use crate::support::{Client, PASSWORD, Service, bearer};

async fn ask(client: &mut Client, token: &str, image: &str) -> Result<RequestAccessResponse, Status> {
    let (image, reason) = (image.to_owned(), "the demo".to_owned());
    let request = RequestAccessRequest { image, reason, ..RequestAccessRequest::default() };
    Ok(client.0.request_access(bearer(request, token)).await?.into_inner())
}

async fn list(client: &mut Client, token: &str) -> Vec<AccessRequest> {
    client.0.list_access(bearer(ListAccessRequest {}, token)).await.unwrap().into_inner().requests
}

async fn withdraw(client: &mut Client, token: &str, id: &str) -> Result<AccessState, Status> {
    let request = bearer(WithdrawAccessRequest { id: id.to_owned() }, token);
    Ok(client.0.withdraw_access(request).await?.into_inner().request.unwrap().state())
}

async fn governed() -> (Service, Client, String) {
    let service = Service::acme().await;
    service.ok(&["policy", "set", "acme", "--enabled", "true", "--community", "false"]);
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    (service, client, token)
}

#[tokio::test]
async fn an_owner_answers_on_the_command_line_and_the_one_who_asked_sees_it() {
    let (service, mut client, token) = governed().await;
    assert!(service.run(&["requests", "list"], "").stdout.is_empty());
    let allowed = ask(&mut client, &token, "alpine").await.unwrap();
    assert_eq!((allowed.image.as_str(), allowed.requests.len()), ("docker.io/library/alpine", 0));
    let first = ask(&mut client, &token, "evil/miner").await.unwrap().requests.remove(0);
    assert_eq!((first.state(), first.is_new), (AccessState::Pending, true));
    let again = ask(&mut client, &token, "evil/miner").await.unwrap().requests.remove(0);
    assert_eq!((again.id.as_str(), again.is_new), (first.id.as_str(), false));
    let second = ask(&mut client, &token, "ghcr.io/evil/x").await.unwrap();
    assert_eq!(second.requests, [], "other registries are not controlled");
    let second = ask(&mut client, &token, "evil/other").await.unwrap().requests.remove(0).id;

    let lines = service.ok(&["requests", "list", "--state", "pending", "--org", "acme"]);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("docker.io/evil/miner  alice asks acme  # the demo"), "{lines}");
    service.ok(&["denylist", "add", "acme", "evil/*"]);
    let refused = service.fails(&["requests", "approve", &first.id], "");
    let remove = refused.split('`').find(|part| part.starts_with("denylist remove acme ")).expect(&refused);
    service.ok(&remove.split(' ').collect::<Vec<_>>());
    let approved = service.ok(&["requests", "approve", &first.id, "--for", "30d", "--note", "for now"]);
    assert!(approved.starts_with("approved: docker.io/evil/miner is allowed for user `alice` until 20"), "{approved}");
    assert!(service.fails(&["requests", "approve", &first.id], "").contains("is approved already; the allowlist"));
    assert!(
        service.fails(&["requests", "deny", "01J9", "--reason", "x"], "").contains("`requests list` prints the ids")
    );
    service.ok(&["requests", "deny", &second, "--reason", "we have our own"]);
    assert!(service.ok(&["allowlist", "list", "acme"]).contains(&format!("# request {}: for now", first.id)));
    let acts = service.ok(&["audit", "--limit", "2"]);
    assert!(acts.contains("request.deny") && acts.contains("request.approve"), "{acts}");

    let listed = list(&mut client, &token).await;
    let seen = |id: &str| listed.iter().find(|request| request.id == id).unwrap();
    let (approved, denied) = (seen(&first.id), seen(&second));
    assert_eq!((approved.state(), approved.answer.as_str()), (AccessState::Approved, "for now"));
    assert!(approved.expires_at > approved.decided_at && approved.decided_by.starts_with("local:"));
    assert_eq!((denied.state(), denied.answer.as_str()), (AccessState::Denied, "we have our own"));
}

#[tokio::test]
async fn nobody_sees_or_ends_what_others_asked_for() {
    let (service, mut client, alice) = governed().await;
    service.add_member("acme", "bob", "member");
    let bob = client.sign_in("bob", PASSWORD).await.unwrap().agent_token;
    let id = ask(&mut client, &alice, "evil/miner").await.unwrap().requests.remove(0).id;
    assert_eq!(list(&mut client, &bob).await, []);
    assert_eq!(withdraw(&mut client, &bob, &id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(withdraw(&mut client, &alice, &id).await.unwrap(), AccessState::Withdrawn);
    assert_eq!(withdraw(&mut client, &alice, &id).await.unwrap_err().code(), Code::FailedPrecondition);
    // An ended token asks for nothing.
    service.ok_with(&["account", "password", "alice", "--password-stdin"], "another long password");
    assert_eq!(ask(&mut client, &alice, "evil/miner").await.unwrap_err().code(), Code::Unauthenticated);
    let wrong = ask(&mut client, &bob, "Evil/Miner").await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    assert!(wrong.message().contains("must be lowercase"), "{wrong}");
}
