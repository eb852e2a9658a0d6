//! Links, FIFOs, and helpers that are shell scripts.

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    time::Instant,
};

use super::*;

#[tokio::test]
async fn unusual_files_have_a_defined_state_and_never_block() {
    let directory = tempfile::tempdir().expect("directory");
    let at = |name: &str| directory.path().join(name);
    let alice = format!(r#"{{"auths":{{"{KEY}":{{"auth":"{AUTH}"}}}}}}"#);
    fs::write(at("alice"), &alice).expect("write");
    fs::create_dir(at("directory")).expect("directory");
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(at("fifo")).status();
    assert!(made.expect("mkfifo").success());
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

pub(super) fn install(directory: &Path, name: &str, script: &str) {
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
