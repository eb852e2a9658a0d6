//! Real files in a temporary directory.

use std::{fs, path::Path, time::Duration};

use super::{Credential, helper::Helpers, load};

#[cfg(unix)]
mod realms;
#[cfg(unix)]
mod unix;

const KEY: &str = "gate.example:8443";

fn helpers(directory: &Path, deadline: Duration) -> Helpers {
    let path =
        std::env::join_paths([directory, "/bin".as_ref(), "/usr/bin".as_ref(), "relative".as_ref(), ".".as_ref()]);
    Helpers::new(&path.expect("path"), std::env::vars_os(), deadline)
}

/// `user NAME` with its secret and source, `none`, or `error:CLASS`.
fn told(credential: &Credential) -> String {
    match credential {
        Credential::SignedIn(a) => format!("user {} {} {}", a.user, a.secret.expose(), a.source),
        Credential::SignedOut => "none".to_owned(),
        Credential::Unreadable(why) => format!("error:{}", why.class),
    }
}

async fn load_text(text: impl AsRef<[u8]>) -> String {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("config.json");
    fs::write(&path, text).expect("write");
    told(&load(&path, &[KEY.to_owned()], &helpers(directory.path(), Duration::from_secs(5))).await)
}

/// `alice:s3cret`.
const AUTH: &str = "YWxpY2U6czNjcmV0";
const ALICE: &str = "user alice s3cret file";

#[tokio::test]
async fn a_file_is_read_as_the_docker_command_reads_it() {
    let entry = |auth: &str| format!(r#"{{"auths":{{"{KEY}":{{"auth":"{auth}"}}}}}}"#);
    let cases: &[(&str, String, &str)] = &[
        ("plain", entry(AUTH), ALICE),
        ("zero bytes", String::new(), "none"),
        ("white space", " \n\t".to_owned(), "none"),
        ("empty object", "{}".to_owned(), "none"),
        ("null", "null".to_owned(), "none"),
        ("array", "[]".to_owned(), "error:parse"),
        ("string", r#""{}""#.to_owned(), "error:parse"),
        ("cut", r#"{"auths":{"#.to_owned(), "error:parse"),
        ("comment", format!("// mine\n{}", entry(AUTH)), "error:parse"),
        ("trailing comma", r#"{"auths":{},}"#.to_owned(), "error:parse"),
        ("byte order mark", format!("\u{feff}{}", entry(AUTH)), "error:encoding"),
        ("auths null", r#"{"auths":null}"#.to_owned(), "none"),
        ("auths array", r#"{"auths":[]}"#.to_owned(), "error:parse"),
        ("entry null", format!(r#"{{"auths":{{"{KEY}":null}}}}"#), "none"),
        ("entry empty", format!(r#"{{"auths":{{"{KEY}":{{}}}}}}"#), "none"),
        ("other host", format!(r#"{{"auths":{{"other.example":{{"auth":"{AUTH}"}}}}}}"#), "none"),
        ("url key", format!(r#"{{"auths":{{"https://{KEY}/v2/":{{"auth":"{AUTH}"}}}}}}"#), ALICE),
        ("escaped slashes", format!(r#"{{"auths":{{"https:\/\/{KEY}\/":{{"auth":"{AUTH}"}}}}}}"#), ALICE),
        ("keys in any case", format!(r#"{{"AUTHS":{{"{KEY}":{{"Auth":"{AUTH}"}}}}}}"#), ALICE),
        (
            "two auths objects are one",
            format!(r#"{{"auths":{{"{KEY}":{{"auth":"{AUTH}"}}}},"auths":{{"x":{{}}}}}}"#),
            ALICE,
        ),
        ("second value ignored", format!("{}\n{{\"credsStore\":\"fx\"}}", entry(AUTH)), ALICE),
        ("half a surrogate elsewhere", entry(AUTH).replacen('{', r#"{"psFormat":"\ud83d","#, 1), ALICE),
        ("huge number elsewhere", entry(AUTH).replacen('{', r#"{"x":1e999,"#, 1), ALICE),
        ("wrong type elsewhere", entry(AUTH).replacen('{', r#"{"features":{"hooks":true},"#, 1), "error:parse"),
        ("no base64", entry("!!!!"), "error:bad-auth"),
        ("no padding", entry("YWxpY2U6czNjcmV0MQ"), "error:bad-auth"),
        ("no colon", entry("YWxpY2U="), "error:bad-auth"),
        ("no user", entry("OnNlY3JldA=="), "error:bad-auth"),
        ("no secret", entry("YWxpY2U6"), "error:bad-auth"),
        ("wrapped base64", entry(r"YWxpY2U6\nczNjcmV0\r\n"), ALICE),
        ("NUL behind the secret", entry("YWxpY2U6czNjcmV0AAAA"), ALICE),
        ("line break in the user name", entry("YWxpDQpjZTpw"), "error:bad-auth"),
        (
            "username and password",
            format!(r#"{{"auths":{{"{KEY}":{{"username":"alice","password":"s3cret","email":5}}}}}}"#),
            ALICE,
        ),
        (
            "auth wins over username",
            format!(r#"{{"auths":{{"{KEY}":{{"username":"bob","password":"x","auth":"{AUTH}"}}}}}}"#),
            ALICE,
        ),
        (
            "identity token of a user",
            format!(r#"{{"auths":{{"{KEY}":{{"username":"alice","identitytoken":"s3cret"}}}}}}"#),
            ALICE,
        ),
        (
            "identity token of nobody",
            format!(r#"{{"auths":{{"{KEY}":{{"identitytoken":"s3cret"}}}}}}"#),
            "error:token-no-username",
        ),
        (
            "broken entry of another host",
            format!(r#"{{"auths":{{"other.example":{{"auth":"!"}},"{KEY}":{{"auth":"{AUTH}"}}}}}}"#),
            ALICE,
        ),
        ("empty store is the file", entry(AUTH).replacen('{', r#"{"credsStore":"","#, 1), ALICE),
        ("store that is not installed", r#"{"credsStore":"desktop"}"#.to_owned(), "error:helper-missing"),
        ("store with a path", r#"{"credsStore":"../../bin/sh"}"#.to_owned(), "error:helper-missing"),
        (
            "helper of another host is not asked",
            entry(AUTH).replacen('{', r#"{"credHelpers":{"other.example":"nope"},"#, 1),
            ALICE,
        ),
        (
            "deep nesting elsewhere",
            entry(AUTH).replacen('{', &format!("{{\"x\":{}{},", "[".repeat(5000), "]".repeat(5000)), 1),
            ALICE,
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(load_text(text).await, *expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_text_is_an_encoding_error() {
    assert_eq!(load_text(b"\x7fELF\x02\x01\xff\xfe").await, "error:encoding");
    assert_eq!(load_text(b"\xff\xfe{\0}\0").await, "error:encoding");
}

#[tokio::test]
async fn a_helper_is_never_found_through_a_relative_path_entry() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("config.json");
    fs::write(&path, r#"{"credsStore":"fx"}"#).expect("write");
    let path_of_helpers = std::env::join_paths([".", "bin", ""]).expect("path");
    let relative = Helpers::new(&path_of_helpers, std::iter::empty(), Duration::from_secs(5));
    assert_eq!(told(&load(&path, &[KEY.to_owned()], &relative).await), "error:helper-missing");
}
