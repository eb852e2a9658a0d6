//! Real directories and helper programs.

use std::{
    fs::Permissions,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    time::Duration,
};

use super::*;

const KEY: &str = "gate.example:8443";

struct World {
    root: tempfile::TempDir,
}

/// Keeps what it is given in a file beside it, as the real ones do in a key ring.
const HELPER: &str = r#"#!/bin/sh
here=${0%/*}
case $1 in
store) cat > "$here/kept" ;;
get) read -r key; [ -e "$here/kept" ] || { echo credentials not found in native keychain; exit 1; }; cat "$here/kept" ;;
esac
"#;

impl World {
    fn new() -> Self {
        let world = Self { root: tempfile::tempdir().expect("directory") };
        fs::create_dir(world.at("bin")).expect("directory");
        // With more on the `PATH`, the machine's own stores would be found.
        symlink("/bin/cat", world.at("bin/cat")).expect("link");
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn install(&self, name: &str, script: &str) {
        // Written and closed elsewhere first: a file that is open for writing cannot be run.
        let mut temporary = tempfile::NamedTempFile::new_in(self.at("bin")).expect("file");
        temporary.write_all(script.as_bytes()).expect("write");
        let path = self.at("bin").join(name);
        temporary.into_temp_path().persist(&path).expect("rename");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("mode");
    }

    fn helpers(&self) -> Helpers {
        Helpers::new(self.at("bin").as_os_str(), std::iter::empty(), Duration::from_secs(10))
    }

    fn config(&self) -> PathBuf {
        self.at(".docker/config.json")
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.at(".docker")).expect("directory");
        fs::write(self.config(), text).expect("write");
    }

    async fn store(&self) -> Result<String, StoreError> {
        let secret = Secret::new("pg_pat_1_s3cret".to_owned());
        let stored = store(&self.config(), &[KEY.to_owned()], "alice", &secret, &self.helpers()).await;
        stored.map(|destination| destination.source.to_string())
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).expect("read")
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.at(name)).expect("metadata").mode() & 0o7777
    }
}

#[tokio::test]
async fn without_anything_a_private_file_is_made() {
    let world = World::new();
    assert_eq!(world.store().await.expect("stored"), "file");
    assert_eq!((world.mode(".docker"), world.mode(".docker/config.json")), (0o700, 0o600));
    let auth = STANDARD.encode("alice:pg_pat_1_s3cret");
    assert_eq!(
        world.text(),
        format!("{{\n\t\"auths\": {{\n\t\t\"{KEY}\": {{\n\t\t\t\"auth\": \"{auth}\"\n\t\t}}\n\t}}\n}}")
    );
    assert_eq!(fs::read_dir(world.at(".docker")).expect("list").count(), 1, "no temporary file is left");
}

#[tokio::test]
async fn helpers_and_stores_get_the_secret_and_the_file_does_not() {
    let texts = [
        (r#"{"credsStore":"fx"}"#.to_owned(), "store:fx"),
        (format!(r#"{{"credHelpers":{{"{KEY}":"fx"}},"credsStore":"nope"}}"#), "helper:fx"),
        (format!(r#"{{"credHelpers":{{"{KEY}":""}},"credsStore":"nope"}}"#), "file"),
        (r#"{"credHelpers":{"other":"nope"}}"#.to_owned(), "file"),
    ];
    for (text, expected) in texts {
        let world = World::new();
        world.install("docker-credential-fx", HELPER);
        world.write(&text);
        assert_eq!(world.store().await.expect(expected), expected);
        let kept = fs::read_to_string(world.at("bin/kept")).unwrap_or_default();
        let in_helper = kept == format!(r#"{{"ServerURL":"{KEY}","Username":"alice","Secret":"pg_pat_1_s3cret"}}"#);
        assert_eq!(in_helper, expected != "file", "{kept}");
        assert!(world.text().contains(&format!("\"{KEY}\": {{")), "{}", world.text());
        assert_eq!(world.text().contains("\"auth\""), expected == "file", "{}", world.text());
    }
}

#[tokio::test]
async fn a_store_that_the_docker_command_finds_by_itself_is_used_and_named() {
    let world = World::new();
    world.install("pass", "#!/bin/sh\n");
    world.install("docker-credential-pass", HELPER);
    assert_eq!(world.store().await.expect("stored"), "store:pass");
    let expected = format!("{{\n\t\"auths\": {{\n\t\t\"{KEY}\": {{}}\n\t}},\n\t\"credsStore\": \"pass\"\n}}");
    assert_eq!(world.text(), expected);
}

#[tokio::test]
async fn links_are_followed_and_modes_stay() {
    let world = World::new();
    fs::create_dir(world.at("dotfiles")).expect("directory");
    fs::create_dir(world.at(".docker")).expect("directory");
    symlink("../dotfiles/link", world.config()).expect("link");
    symlink("docker.json", world.at("dotfiles/link")).expect("link");
    // It leads to nothing yet.
    assert_eq!(world.store().await.expect("stored"), "file");
    assert!(world.config().is_symlink() && world.at("dotfiles/link").is_symlink());
    assert_eq!(world.mode("dotfiles/docker.json"), 0o600);
    fs::write(world.at("dotfiles/docker.json"), r#"{"psFormat":"x"}"#).expect("write");
    fs::set_permissions(world.at("dotfiles/docker.json"), Permissions::from_mode(0o640)).expect("mode");
    assert_eq!(world.store().await.expect("stored"), "file");
    assert_eq!(world.mode("dotfiles/docker.json"), 0o640);
    assert!(world.text().starts_with(r#"{"psFormat":"x","#), "{}", world.text());
    assert_eq!(fs::read_dir(world.at(".docker")).expect("list").count(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_or_written_is_left_alone_and_said_before_anything_is_done() {
    let plan = |world: &World| plan(&world.config(), &[KEY.to_owned()], &world.helpers()).expect_err("no").code();
    for (text, expected) in [
        ("{", "parse"),
        ("\u{feff}{}", "encoding"),
        (r#"{"auths":[]}"#, "parse"),
        (r#"{"credsStore":"nope"}"#, "helper-missing"),
    ] {
        let world = World::new();
        world.write(text);
        assert_eq!(plan(&world), expected, "{text}");
        world.store().await.expect_err(text);
        assert_eq!(world.text(), text);
    }
    let world = World::new();
    world.write(r#"{"credsStore":"nope"}"#);
    let why = super::plan(&world.config(), &[KEY.to_owned()], &world.helpers()).expect_err("no helper").to_string();
    assert!(why.contains("docker-credential-nope") && why.ends_with("take its name out of the file"), "{why}");
    let world = World::new();
    fs::create_dir(world.at(".docker")).expect("directory");
    symlink("/dev/null", world.config()).expect("link");
    assert_eq!(plan(&world), "unwritable");
    let world = World::new();
    symlink("/proc/nowhere/config", world.at(".docker")).expect("link");
    assert_eq!(plan(&world), "unwritable");
}

/// Before a person opens a browser, since renaming onto it fails.
#[test]
fn a_file_that_is_mounted_by_itself_is_told_before_anything_is_done() {
    assert!(rustix::process::geteuid().is_root(), "this test mounts a file: run it as root");
    let world = World::new();
    world.write("{}");
    let mount =
        |arguments: &[&std::ffi::OsStr]| std::process::Command::new(arguments[0]).args(&arguments[1..]).status();
    let config = world.config();
    let mounted = mount(&["mount".as_ref(), "--bind".as_ref(), config.as_os_str(), config.as_os_str()]);
    assert!(mounted.expect("mount").success());
    let planned = plan(&config, &[KEY.to_owned()], &world.helpers());
    assert!(mount(&["umount".as_ref(), config.as_os_str()]).expect("umount").success());
    let why = planned.expect_err("it cannot be replaced");
    assert!(why.code() == "unwritable" && why.to_string().contains("mount its directory"), "{why}");
    plan(&config, &[KEY.to_owned()], &world.helpers()).expect("any more");
}

#[tokio::test]
async fn a_helper_that_fails_or_lies_is_said_and_shows_no_secret() {
    let cases = [
        ("#!/bin/sh\ncat\nexit 1\n", "helper-failed"),
        (
            "#!/bin/sh\ncat >/dev/null\n[ $1 = store ] && exit 0\necho credentials not found in native keychain\nexit 1\n",
            "not-kept",
        ),
        ("#!/bin/sh\ncat >/dev/null\necho '{\"Username\":\"mallory\",\"Secret\":\"pg_pat_1_s3cret\"}'\n", "not-kept"),
    ];
    for (script, expected) in cases {
        let world = World::new();
        world.install("docker-credential-fx", script);
        world.write(r#"{"credsStore":"fx"}"#);
        let error = world.store().await.expect_err(script);
        assert_eq!(error.code(), expected);
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
