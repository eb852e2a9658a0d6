//! Real files and real helper programs in a temporary directory.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    time::{Duration, Instant},
};

use super::{Credential, helper::Helpers, load};

mod realms;

const KEY: &str = "gate.example:8443";

fn helpers(directory: &Path, deadline: Duration) -> Helpers {
    let mut path = OsString::from(directory);
    path.push(":/bin:/usr/bin:relative:.");
    Helpers::new(&path, std::env::vars_os(), deadline)
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
async fn unusual_files_have_a_defined_state_and_never_block() {
    let directory = tempfile::tempdir().expect("directory");
    let at = |name: &str| directory.path().join(name);
    let alice = format!(r#"{{"auths":{{"{KEY}":{{"auth":"{AUTH}"}}}}}}"#);
    fs::write(at("alice"), &alice).expect("write");
    fs::create_dir(at("directory")).expect("directory");
    rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("fifo");
    symlink("/dev/null", at("null")).expect("link");
    symlink("nowhere", at("dangling")).expect("link");
    symlink("loop", at("loop")).expect("link");
    symlink("alice", at("link")).expect("link");
    let large = fs::File::create(at("large")).expect("file");
    large.set_len((64 << 20) + 1).expect("size");
    let cases = [
        ("missing", "none"),
        ("alice", ALICE),
        ("link", ALICE),
        ("null", "none"),
        ("dangling", "none"),
        ("loop", "error:unreadable"),
        ("directory", "error:unreadable"),
        ("fifo", "error:unreadable"),
        ("large", "error:unreadable"),
        ("alice/config.json", "error:unreadable"),
    ];
    for (name, expected) in cases {
        let before = Instant::now();
        let credential = load(&at(name), &[KEY.to_owned()], &helpers(directory.path(), Duration::from_secs(5))).await;
        assert_eq!(told(&credential), expected, "{name}");
        assert!(before.elapsed() < Duration::from_secs(1), "{name} took {:?}", before.elapsed());
    }
}

fn install(directory: &Path, name: &str, script: &str) {
    let path = directory.join(name);
    // Written and closed elsewhere first: a file that is open for writing cannot be run.
    let mut temporary = tempfile::NamedTempFile::new_in(directory).expect("file");
    std::io::Write::write_all(&mut temporary, script.as_bytes()).expect("write");
    temporary.into_temp_path().persist(&path).expect("rename");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mode");
}

async fn ask(script: &str, deadline: Duration) -> String {
    let directory = tempfile::tempdir().expect("directory");
    install(directory.path(), "docker-credential-fx", script);
    let path = directory.path().join("config.json");
    fs::write(&path, r#"{"credsStore":"fx"}"#).expect("write");
    told(&load(&path, &[KEY.to_owned()], &helpers(directory.path(), deadline)).await)
}

#[tokio::test]
async fn a_helper_is_asked_and_each_failure_has_a_class() {
    let good = r#"printf '{\n "ServerURL":"x", "Username":"alice", "Secret":"s3cret"}\n'"#;
    let second = Duration::from_secs(5);
    let cases: &[(&str, String, &str)] = &[
        ("good", format!("#!/bin/sh\ncat >/dev/null\n{good}\n"), "user alice s3cret store:fx"),
        (
            "gets the key and the word get",
            format!("#!/bin/sh\n[ \"$1\" = get ] && [ \"$(cat)\" = {KEY} ] && {good}\n"),
            "user alice s3cret store:fx",
        ),
        ("noise on stderr", format!("#!/bin/sh\necho noise >&2\n{good}\n"), "user alice s3cret store:fx"),
        ("noise on stdout", format!("#!/bin/sh\necho noise\n{good}\n"), "error:helper-bad-output"),
        ("nothing", "#!/bin/sh\nexit 0\n".to_owned(), "error:helper-bad-output"),
        ("not found", "#!/bin/sh\necho credentials not found in native keychain\nexit 1\n".to_owned(), "none"),
        ("fails", format!("#!/bin/sh\n{good}\nexit 1\n"), "error:helper-failed"),
        ("no user", "#!/bin/sh\necho '{\"Username\":\"\",\"Secret\":\"x\"}'\n".to_owned(), "none"),
        (
            "token",
            "#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"x\"}'\n".to_owned(),
            "error:token-no-username",
        ),
        ("endless", "#!/bin/sh\nexec cat /dev/zero\n".to_owned(), "error:helper-bad-output"),
        ("64 KiB and one more", "#!/bin/sh\nhead -c 65537 /dev/zero\n".to_owned(), "error:helper-bad-output"),
        (
            "64 KiB of which most is white space",
            format!("#!/bin/sh\n{good}\nhead -c 65400 /dev/zero | tr '\\0' ' '\n"),
            "user alice s3cret store:fx",
        ),
        ("no program", "not a program".to_owned(), "error:helper-failed"),
        ("fails without a word", "#!/bin/sh\nexit 3\n".to_owned(), "error:helper-failed"),
        ("killed midway", "#!/bin/sh\nprintf '{\"Username\":\"al'\nkill -9 $$\n".to_owned(), "error:helper-failed"),
        ("killed after its answer", format!("#!/bin/sh\n{good}\nkill -9 $$\n"), "error:helper-failed"),
        ("only just in time", format!("#!/bin/sh\nsleep 4\n{good}\n"), "user alice s3cret store:fx"),
        ("reads nothing", format!("#!/bin/sh\nexec <&-\n{good}\n"), "user alice s3cret store:fx"),
        (
            "sees a clean environment",
            format!("#!/bin/sh\n[ -z \"$CARGO_MANIFEST_DIR\" ] && {good}\n"),
            "user alice s3cret store:fx",
        ),
        ("leaves a child that holds the pipe", format!("#!/bin/sh\nsleep 2 &\n{good}\n"), "user alice s3cret store:fx"),
    ];
    for (name, script, expected) in cases {
        assert_eq!(ask(script, second).await, *expected, "{name}");
    }
}

/// A helper whose child writes its id to the returned file, does `then`, and what became of asking it.
async fn with_a_child(then: &str, deadline: Duration) -> (String, i32) {
    let directory = tempfile::tempdir().expect("directory");
    let pid_file = directory.path().join("pid");
    let script = format!("#!/bin/sh\nsleep 600 &\necho $! > {}\n{then}\n", pid_file.display());
    let told = ask(&script, deadline).await;
    (told, fs::read_to_string(&pid_file).expect("pid").trim().parse().expect("number"))
}

#[tokio::test]
async fn no_process_of_a_helper_is_left() {
    let good = r#"echo '{"Username":"alice","Secret":"s3cret"}'"#;
    for (then, expected) in [
        ("wait", "error:helper-timeout"),
        ("cat /dev/zero", "error:helper-bad-output"),
        ("exit 1", "error:helper-failed"),
        (good, "user alice s3cret store:fx"),
    ] {
        let (told, pid) = with_a_child(then, Duration::from_secs(2)).await;
        assert_eq!(told, expected, "{then}");
        let gone = || match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        let end = Instant::now() + Duration::from_secs(10);
        while !gone() {
            assert!(Instant::now() < end, "{then}: the helper's child {pid} still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_store_is_detected_only_when_the_file_says_nothing() {
    let directory = tempfile::tempdir().expect("directory");
    install(
        directory.path(),
        "docker-credential-secretservice",
        "#!/bin/sh\necho '{\"Username\":\"carol\",\"Secret\":\"x\"}'\n",
    );
    let only_here = Helpers::new(directory.path().as_os_str(), std::iter::empty(), Duration::from_secs(5));
    let path = directory.path().join("config.json");
    let keys = [KEY.to_owned()];
    assert_eq!(told(&load(&path, &keys, &only_here).await), "user carol x store:secretservice");
    fs::write(&path, r#"{"auths":{}}"#).expect("write");
    assert_eq!(told(&load(&path, &keys, &only_here).await), "user carol x store:secretservice");
    fs::write(&path, r#"{"auths":{"other.example":{}}}"#).expect("write");
    assert_eq!(told(&load(&path, &keys, &only_here).await), "none");
}

#[tokio::test]
async fn a_helper_is_never_found_through_a_relative_path_entry() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("config.json");
    fs::write(&path, r#"{"credsStore":"fx"}"#).expect("write");
    let relative = Helpers::new(std::ffi::OsStr::new(".:bin:"), std::iter::empty(), Duration::from_secs(5));
    assert_eq!(told(&load(&path, &[KEY.to_owned()], &relative).await), "error:helper-missing");
}
