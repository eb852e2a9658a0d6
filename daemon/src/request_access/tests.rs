//! Texts. The rest of the command is tested as a process, in `tests/agent/access.rs`.

use proto::sync::AccessState;

use super::{say::*, *};

fn request(state: AccessState) -> AccessRequest {
    AccessRequest {
        id: "01J9".to_owned(),
        organization: "acme".to_owned(),
        image: "docker.io/evil/miner".to_owned(),
        reason: "the demo needs it".to_owned(),
        state: state.into(),
        created_at: 1_000,
        ..AccessRequest::default()
    }
}

#[test]
fn whoever_asked_reads_whom_and_how_to_see_the_answer() {
    let new = AccessRequest { is_new: true, ..request(AccessState::Pending) };
    let again = AccessRequest { organization: "beta".to_owned(), ..request(AccessState::Pending) };
    let asked = RequestAccessResponse { image: new.image.clone(), requests: vec![new, again] };
    assert_eq!(
        asked_text(&asked),
        "asked acme for `docker.io/evil/miner` (request 01J9)\n\
         beta was asked for `docker.io/evil/miner` before (request 01J9); it now reads your new reason\n\
         the answer: `pullgate request-access --list`; once it is allowed, just pull again"
    );
    let allowed = RequestAccessResponse { image: "docker.io/library/alpine".to_owned(), requests: vec![] };
    assert!(
        asked_text(&allowed).starts_with("nobody has to be asked: the policy allows you `docker.io/library/alpine`\n")
    );
}

#[test]
fn each_state_has_its_words() {
    let says = |request: AccessRequest, part: &str| {
        let text = listed_text(&request, 5_000);
        assert!(text.contains(part) && text.starts_with("01J9  `docker.io/evil/miner`  "), "{text}");
        assert!(text.ends_with("  (asked 66 min ago: the demo needs it)"), "{text}");
    };
    says(request(AccessState::Pending), "waits for acme");
    says(request(AccessState::Approved), "allowed by acme  (");
    says(AccessRequest { expires_at: 5_000 + 30 * 86_400, ..request(AccessState::Approved) }, "for 30 days more");
    says(AccessRequest { expires_at: 4_990, ..request(AccessState::Approved) }, "until 10 s ago");
    says(
        AccessRequest { answer: "use ours".to_owned(), ..request(AccessState::Denied) },
        "not allowed by acme: use ours",
    );
    says(request(AccessState::Withdrawn), "taken back");
    says(AccessRequest { state: 99, ..request(AccessState::Pending) }, "update pullgate");
}

#[test]
fn an_answer_moves_no_cursor() {
    let answer = "\u{1b}[2Jno\r\u{9b}".to_owned();
    let text = listed_text(&AccessRequest { answer, ..request(AccessState::Denied) }, 5_000);
    assert!(!text.chars().any(char::is_control), "{text:?}");
}
