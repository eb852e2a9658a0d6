//! The clock is the test's. The rest of the command is tested as a process, in `tests/agent/login.rs`.

use std::cell::RefCell;

use tokio::time::Instant;

use super::*;

type Answer = Result<FinishLoginResponse, LoginCallError>;

fn pending(interval: u32) -> Answer {
    Ok(FinishLoginResponse { interval, ..FinishLoginResponse::default() })
}

fn done() -> Answer {
    Ok(FinishLoginResponse { username: "alice".to_owned(), token: "t".to_owned(), ..FinishLoginResponse::default() })
}

fn unavailable() -> Answer {
    Err(LoginCallError::Unavailable("away".to_owned()))
}

fn too_soon(seconds: Option<u64>) -> Answer {
    Err(LoginCallError::TooSoon { why: String::new(), retry_after: seconds.map(Duration::from_secs) })
}

/// When it asked, in seconds, and how it ended; asks beyond the given answers are pending.
async fn asks(expires_in: u32, interval: u32, answers: Vec<Answer>) -> (Vec<u64>, String) {
    let begun = BeginLoginResponse { expires_in, interval, ..BeginLoginResponse::default() };
    let (start, mut at, mut answers) = (Instant::now(), vec![], answers.into_iter());
    let told = RefCell::new(0);
    let ask = async || {
        at.push(start.elapsed().as_secs());
        answers.next().unwrap_or_else(|| pending(0))
    };
    let end = match poll::until_done(&begun, ask, |_| *told.borrow_mut() += 1).await {
        Ok(done) => done.username,
        Err(error) => error.code().to_owned(),
    };
    (at, format!("{end}, told {}", told.borrow()))
}

#[tokio::test(start_paused = true)]
async fn it_asks_as_often_as_it_was_told_and_until_the_code_is_old() {
    assert_eq!(asks(600, 3, vec![pending(0), done()]).await, (vec![3, 6], "alice, told 0".to_owned()));
    assert_eq!(asks(600, 0, vec![done()]).await.0, [5], "as the standard says");
    assert_eq!(asks(600, 1, vec![pending(10), pending(2), done()]).await.0, [1, 11, 13]);
    assert_eq!(asks(600, 1, vec![too_soon(None), too_soon(Some(20)), done()]).await.0, [1, 7, 27]);
    assert_eq!(asks(20, 6, vec![]).await, (vec![6, 12, 18], "too-late, told 0".to_owned()));
    assert_eq!(asks(0, 60, vec![]).await.0.len(), 9, "ten minutes where nothing is said");
    assert_eq!(asks(u32::MAX, u32::MAX, vec![]).await.0.len(), 59, "an hour at most, once a minute at least");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for_and_told_once() {
    let away = vec![unavailable(), unavailable(), unavailable(), done()];
    assert_eq!(asks(600, 1, away).await, (vec![1, 3, 7, 15], "alice, told 1".to_owned()));
    let refused = vec![pending(0), Err(LoginCallError::Refused("no".to_owned()))];
    assert_eq!(asks(600, 1, refused).await.1, "refused, told 0");
    assert_eq!(asks(600, 1, vec![Err(LoginCallError::TooLate("old".to_owned()))]).await.1, "too-late, told 0");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_does_not_outlast_the_code() {
    let begun = BeginLoginResponse { expires_in: 30, interval: 5, ..BeginLoginResponse::default() };
    let start = Instant::now();
    let result = poll::until_done(&begun, async || std::future::pending().await, |_| {}).await;
    assert_eq!((result.expect_err("too late").code(), start.elapsed().as_secs()), ("too-late", 30));
}

#[test]
fn what_a_terminal_or_the_file_could_not_take_is_refused() {
    let begun = |uri: &str, complete: &str, code: &str| {
        let (verification_uri, verification_uri_complete) = (uri.to_owned(), complete.to_owned());
        let user_code = code.to_owned();
        let begun = BeginLoginResponse { verification_uri, verification_uri_complete, user_code, ..Default::default() };
        check_begun(&begun).is_ok()
    };
    assert!(begun("https://idp.example/device", "", "WDJB-MJHT"));
    assert!(begun("http://127.0.0.1:1/device", "http://127.0.0.1:1/device?user_code=WDJB-MJHT", "WDJB-MJHT"));
    assert!(!begun("https://idp.example/\u{1b}]52;c;x\u{7}", "", "WDJB-MJHT"));
    assert!(!begun("https://idp.example/", "javascript:alert(1)", "WDJB-MJHT"));
    assert!(!begun("file:///etc/passwd", "", "WDJB-MJHT"));
    assert!(!begun("http://idp.example/device", "", "WDJB-MJHT"), "a password would cross the network in the clear");
    assert!(!begun("https://idp.example/", "http://idp.example/device?user_code=WDJB-MJHT", "WDJB-MJHT"));
    assert!(!begun("https://", "", "WDJB-MJHT") && !begun("http://127.0.0.1.idp.example/", "", "WDJB-MJHT"));
    assert!(!begun("https://idp.example/", "", ""));
    assert!(!begun("https://idp.example/", "", "\u{1b}[2J"));
    let done = |user: &str, token: &str| {
        let done = FinishLoginResponse { username: user.to_owned(), token: token.to_owned(), ..Default::default() };
        check_done(&done).is_ok()
    };
    assert!(done("alice@example.com", "pg_pat_1_x"));
    assert!(done(&"a".repeat(100), "pg_pat_1_x") && !done(&"a".repeat(101), "pg_pat_1_x"));
    assert!(!done("alice", &"x".repeat(4097)));
    assert!(!done("a:b", "pg_pat_1_x") && !done("a\nb", "pg_pat_1_x") && !done("alice", "") && !done("alice", "a b"));
}
