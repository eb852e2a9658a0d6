//! Real files, as the agent's user and as another's.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

const TOKEN: &str = "pg_oat_7f3k_c2VjcmV0c2VjcmV0c2VjcmV0";

struct World {
    directory: tempfile::TempDir,
}

impl World {
    fn new(content: &[u8], mode: u32) -> Self {
        let world = Self { directory: tempfile::tempdir().expect("directory") };
        fs::write(world.path(), content).expect("write");
        fs::set_permissions(world.path(), fs::Permissions::from_mode(mode)).expect("mode");
        world
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("token")
    }

    fn told(&self) -> String {
        told(&read(&self.path()))
    }
}

fn told(credential: &Credential) -> String {
    match credential {
        Credential::SignedIn(a) => format!("{} {} {} {}", a.realm.code(), a.user, a.secret.expose(), a.source),
        Credential::SignedOut => "none".to_owned(),
        Credential::Unreadable(why) => {
            assert!(!why.detail.contains("c2Vj"), "a secret is shown: {why}");
            format!("error:{}", why.class)
        }
    }
}

#[test]
fn one_line_with_a_token_is_a_sign_in() {
    let good = format!("service <token> {TOKEN} token-file");
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("plain", TOKEN.into(), &good),
        ("line end", format!("{TOKEN}\n").into(), &good),
        ("spaces around it, another system's line end", format!("  {TOKEN} \r\n\n").into(), &good),
        ("a person's", TOKEN.replace("oat", "pat").into(), &good.replace("oat", "pat")),
        ("empty", vec![], "error:token-missing"),
        ("white space", b" \n".to_vec(), "error:token-missing"),
        ("two lines", format!("{TOKEN}\n{TOKEN}\n").into(), "error:token-invalid"),
        ("a name before it", format!("acme:{TOKEN}").into(), "error:token-invalid"),
        ("a variable", format!("TOKEN={TOKEN}").into(), "error:token-invalid"),
        ("a password", b"hunter2c2Vj".to_vec(), "error:token-invalid"),
        ("Docker's own", b"dckr_oat_c2Vj".to_vec(), "error:token-invalid"),
        ("nothing behind the prefix", b"pg_oat_".to_vec(), "error:token-invalid"),
        ("byte order mark", format!("\u{feff}{TOKEN}").into(), "error:token-invalid"),
        ("not text", b"\x7fELF\xff\xfe".to_vec(), "error:token-invalid"),
        ("too large", [TOKEN.as_bytes(), &[b'A'; 5000]].concat(), "error:token-invalid"),
        ("an escape sequence", format!("{TOKEN}\u{1b}[2J").into(), "error:token-invalid"),
    ];
    for (name, content, expected) in cases {
        assert_eq!(World::new(content, 0o600).told(), *expected, "{name}");
    }
}

#[test]
fn what_others_could_read_or_have_made_is_refused() {
    let mode = |mode| World::new(TOKEN.as_bytes(), mode).told();
    for good in [0o600, 0o400, 0o700] {
        assert!(mode(good).starts_with("service"), "{good:o}");
    }
    for bad in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666] {
        assert_eq!(mode(bad), "error:token-untrusted", "{bad:o}");
    }
    let world = World::new(TOKEN.as_bytes(), 0o600);
    let at = |name: &str| world.directory.path().join(name);
    symlink(world.path(), at("link")).expect("link");
    fs::create_dir(at("directory")).expect("directory");
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(at("fifo")).status();
    assert!(made.expect("mkfifo").success());
    for name in ["link", "directory", "fifo"] {
        assert_eq!(told(&read(&at(name))), "error:token-untrusted", "{name}");
    }
    assert_eq!(told(&read(&at("missing"))), "error:token-missing");
    assert_eq!(told(&read(&at("token/below"))), "error:unreadable");
}

/// The file of whoever runs this, seen by an agent of another user: root's is good, anybody else's is not.
#[test]
fn a_file_is_roots_or_the_agents_own() {
    let world = World::new(TOKEN.as_bytes(), 0o600);
    let own = rustix::process::geteuid().as_raw();
    let as_another = read_as(&world.path(), own + 1);
    if own == 0 {
        assert_eq!(as_another.expect("root's").user, "<token>");
        std::os::unix::fs::chown(world.path(), Some(4242), None).expect("root may");
        assert_eq!(read_as(&world.path(), 0).expect_err("somebody's").class, Class::TokenUntrusted);
        read_as(&world.path(), 4242).expect("the agent's own");
    } else {
        let why = as_another.expect_err("somebody's");
        assert_eq!(why.class, Class::TokenUntrusted);
        assert!(why.detail.contains(&format!("belongs to user id {own}")), "{why}");
    }
}
